// A hook that is a program, as git and CI systems run theirs: by /bin/sh -c. What a peer sent
// reaches it by stdin and by the environment, never as a part of the command.
#include <memory>
#include <utility>

#include "core/text.h"
#include "hub/hooks/answer.h"
#include "hub/hooks/asker.h"
#include "hub/hooks/programs.h"

namespace websub::hub {

namespace {

HookAnswer Read(const ProgramResult& result) {
  switch (result.end) {
    case ProgramResult::End::kExited:
      return ReadHookExit(result.status, result.out, result.err);
    case ProgramResult::End::kSignalled:
      return HookFault{"signal " + std::to_string(result.status) + " ended it"};
    case ProgramResult::End::kTimedOut:
      return HookFault{"no answer in time"};
    case ProgramResult::End::kTooMuch:
      return HookFault{"its answer is longer than 64 KiB"};
    case ProgramResult::End::kNotStarted:
      break;
  }
  return HookFault{result.detail};
}

// What its stderr says, unless the answer says so already.
std::string Notice(const HookAnswer& answer, const ProgramResult& result) {
  const std::string line = FirstLine(result.err);
  if (line.empty()) return {};
  const auto* deny = std::get_if<HookDeny>(&answer);
  if (deny && deny->reason == line) return {};
  return "the hook's stderr says: " + line;
}

// What a URL would have answered to say the same: a status is what people look for in the record.
int StatusOf(const HookAnswer& answer) {
  if (std::holds_alternative<HookAccept>(answer)) return 200;
  if (const auto* deny = std::get_if<HookDeny>(&answer)) return deny->status;
  const auto* redirect = std::get_if<HookRedirect>(&answer);
  return redirect ? redirect->status : 0;
}

// The record may be read by others: arguments may hold a key.
std::string ProgramOf(const std::string& command) {
  const auto trimmed = Trim(command);
  return "command:" + std::string(trimmed.substr(0, trimmed.find_first_of(" \t\n;|&<>()'\"=")));
}

class CommandLine : public HookLine {
 public:
  CommandLine(std::string command, Authorization authorization,
              std::function<void(std::function<void()>)> post)
      : command_(std::move(command)), authorization_(authorization), programs_(std::move(post)) {}

  void Ask(const HookQuestion& question, Duration timeout,
           std::function<void(HookOutcome)> answered, std::function<void()> freed) override {
    ProgramJob job;
    job.command = command_;
    job.variables = QuestionVariables(question);
    job.input = QuestionJson(question, authorization_) + "\n";
    job.deadline = std::chrono::steady_clock::now() + timeout;
    job.max_out = kMaxHookAnswer;
    Exchange exchange;
    exchange.url = ProgramOf(command_);
    exchange.request_body = QuestionJson(question, Authorization::kMasked) + "\n";
    programs_.Run(
        std::move(job),
        [exchange = std::move(exchange),
         answered = std::move(answered)](ProgramResult result) mutable {
          HookOutcome outcome{Read(result), std::move(exchange), {}};
          outcome.notice = Notice(outcome.answer, result);
          Exchange& record = outcome.exchange;
          record.status = StatusOf(outcome.answer);
          if (result.end == ProgramResult::End::kTimedOut) {
            record.fault = Fault::kResponseTimeout;
          } else if (std::holds_alternative<HookFault>(outcome.answer)) {
            record.fault = Fault::kBadResponse;
          }
          record.response_body_size = result.out.size();
          record.response_body = std::move(result.out);
          answered(std::move(outcome));
        },
        std::move(freed));
  }

 private:
  const std::string command_;
  const Authorization authorization_;
  Programs programs_;
};

}  // namespace

std::unique_ptr<HookLine> MakeCommandLine(const std::string& command, Authorization authorization,
                                          std::function<void(std::function<void()>)> post) {
  return std::make_unique<CommandLine>(command, authorization, std::move(post));
}

}  // namespace websub::hub
