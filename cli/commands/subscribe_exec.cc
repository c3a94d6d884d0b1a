#include "cli/commands/subscribe_exec.h"

#include <algorithm>
#include <utility>

namespace websub::cli {
namespace {

using Clock = std::chrono::steady_clock;

ProgramEnd EndOf(const hub::ProgramResult& result, Duration took, Duration timeout) {
  using How = hub::ProgramResult::End;
  ProgramEnd end;
  end.out = result.out;
  end.err = result.err;
  end.took = took;
  switch (result.end) {
    case How::kExited:
      end.status = result.status;
      if (result.status != 0) {
        end.problem = "the program ended with status " + std::to_string(result.status);
      }
      break;
    case How::kSignalled:
      end.problem = "the program was ended by signal " + std::to_string(result.status);
      break;
    case How::kTimedOut:
      end.problem = "the program did not end within " + FormatDuration(timeout) +
                    "; --exec-timeout waits longer, 0 without end";
      break;
    case How::kTooMuch:
      end.problem =
          "the program was ended, because it wrote more than 16 MiB to its stdout: let "
          "it write to a file";
      break;
    case How::kNotStarted:
      end.problem = "the program: " + result.detail;
      break;
  }
  return end;
}

}  // namespace

std::vector<std::string> VariablesOf(const std::string& topic, const Arrival& arrival) {
  const Delivery& delivery = arrival.delivery;
  const auto algorithm = delivery.check.algorithm;
  std::vector<std::string> variables = {
      "WEBSUB_TOPIC=" + topic,
      "WEBSUB_CONTENT_TYPE=" + delivery.content_type,
      "WEBSUB_BYTES=" + std::to_string(arrival.bytes),
      "WEBSUB_VERDICT=" + std::string(Name(delivery.check.verdict)),
      "WEBSUB_SIGNATURE=" + std::string(arrival.request.Field("X-Hub-Signature").value_or("")),
      "WEBSUB_SIGNATURE_ALGORITHM=" + (algorithm ? std::string(Name(*algorithm)) : ""),
      "WEBSUB_MESSAGE_ID=" + delivery.message_id,
      "WEBSUB_ATTEMPT=" + (delivery.attempt ? std::to_string(*delivery.attempt) : ""),
      "WEBSUB_DUPLICATE=" + std::string(delivery.seen == Seen::kBefore ? "1" : ""),
      "WEBSUB_FILE=" + arrival.file,
  };
  return variables;
}

Executor::Executor(hub::http::Loop& loop, std::string command, Duration timeout)
    : command_(std::move(command)),
      timeout_(std::min<Duration>(timeout, std::chrono::hours(24 * 365))),
      programs_([&loop](std::function<void()> task) { loop.Post(std::move(task)); }) {}

void Executor::Run(const std::string& topic, std::shared_ptr<const Arrival> arrival,
                   std::function<void(ProgramEnd)> done) {
  waiting_.push_back({topic, std::move(arrival), std::move(done)});
  Next();
}

void Executor::Next() {
  if (busy_ || waiting_.empty()) return;
  busy_ = true;
  Waiting next = std::move(waiting_.front());
  waiting_.pop_front();
  hub::ProgramJob job;
  job.command = command_;
  job.variables = VariablesOf(next.topic, *next.arrival);
  if (next.arrival->body) {
    job.input = *next.arrival->body;
  } else if (!next.arrival->file.empty()) {
    job.command = R"(exec <"$WEBSUB_FILE"; )" + command_;
  }
  const auto began = Clock::now();
  job.deadline = timeout_ > Duration::zero() ? began + timeout_ : Clock::time_point::max();
  job.max_out = kMaxOut;
  job.max_err = kMaxErr;
  programs_.Run(
      std::move(job),
      [this, began, done = std::move(next.done)](const hub::ProgramResult& result) {
        done(EndOf(result, std::chrono::duration_cast<Duration>(Clock::now() - began), timeout_));
      },
      [this] {
        busy_ = false;
        Next();
      });
}

}  // namespace websub::cli
