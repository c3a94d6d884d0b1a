// What the sink makes of the requests that have come, and what it answers.
#include <charconv>

#include "cli/bench/sink_worker.h"

namespace websub::cli::bench {

// What a request line asks for.
struct SinkTarget {
  enum class Kind { kNone, kSubscriber, kTopic };
  Kind kind = Kind::kNone;
  std::uint32_t number = 0;
  std::string_view query;
};

namespace {

constexpr std::string_view kNoContent = "HTTP/1.1 204 No Content\r\n\r\n";
constexpr std::string_view kNoContentClose = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
constexpr std::string_view kNotFound = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kBadRequest =
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

SinkTarget ReadTarget(std::string_view target) {
  SinkTarget read;
  const bool subscriber = target.starts_with("/s/");
  if (!subscriber && !target.starts_with("/t/")) return read;
  const char* const end = target.data() + target.size();
  const auto [behind, error] = std::from_chars(target.data() + 3, end, read.number);
  if (error != std::errc() || (behind != end && *behind != '/' && *behind != '?')) return read;
  read.kind = subscriber ? SinkTarget::Kind::kSubscriber : SinkTarget::Kind::kTopic;
  const std::size_t mark = target.find('?', static_cast<std::size_t>(behind - target.data()));
  if (mark != std::string_view::npos) read.query = target.substr(mark + 1);
  return read;
}

}  // namespace

// Reads requests until there is no whole one left, or the answers are many: a peer that does not
// take them may not fill the memory.
void SinkWorker::HandleAll(Connection& connection, char* data, std::size_t size) {
  const SteadyTime at = std::chrono::steady_clock::now();
  answers_.clear();
  while (size > 0 && answers_.size() < kSinkBuffer && !connection.closing && !connection.stalled) {
    const SinkReader::State state = connection.reader.Feed(data, size);
    if (state == SinkReader::State::kMore) break;
    if (state == SinkReader::State::kContinue) {
      answers_ += kContinue;
      continue;
    }
    if (state == SinkReader::State::kBad) {
      Refuse(kBadRequest);
      connection.closing = true;
      break;
    }
    Increment(requests_);
    connection.closing = !connection.reader.request().keep_alive;
    Handle(connection, connection.reader.request(), at);
    const std::size_t used = connection.reader.size();
    connection.reader.Next();
    data += used;
    size -= used;
  }
  Keep(connection, data, size);
}

void SinkWorker::Refuse(std::string_view answer) {
  Increment(refused_);
  answers_ += answer;
}

void SinkWorker::Handle(Connection& connection, const SinkRequest& request, SteadyTime at) {
  const SinkTarget target = ReadTarget(request.target);
  if (request.method == "POST" && target.kind == SinkTarget::Kind::kSubscriber) {
    return Deliver(connection, request, target.number, at);
  }
  Get(connection, request, target);
}

void SinkWorker::Deliver(Connection& connection, const SinkRequest& request,
                         std::uint32_t subscriber, SteadyTime at) {
  const SinkDelivery delivery{connection.origin, subscriber, request.head, request.body, at};
  switch (handler_->OnDelivery(delivery)) {
    case SinkHandler::Answer::k204:
      answers_ += connection.closing ? kNoContentClose : kNoContent;
      break;
    case SinkHandler::Answer::kNever:
      connection.stalled = true;
      break;
    case SinkHandler::Answer::k404:
      Refuse(kNotFound);
      break;
  }
}

void SinkWorker::Get(Connection& connection, const SinkRequest& request, const SinkTarget& target) {
  const bool head = request.method == "HEAD";
  if (target.kind == SinkTarget::Kind::kNone || (!head && request.method != "GET")) {
    return Refuse(kNotFound);
  }
  if (target.kind == SinkTarget::Kind::kTopic) {
    const std::string answer = handler_->OnFetch(target.number);
    if (answer.empty()) return Refuse(kNotFound);
    answers_ += head ? answer.substr(0, answer.find("\r\n\r\n") + 4) : answer;
    return;
  }
  const auto asked = ParseCallbackQuery(target.query);
  if (!asked) return Refuse(kNotFound);
  std::string_view echo;
  if (const auto* verification = std::get_if<Verification>(&*asked)) {
    if (!handler_->OnVerification(connection.origin, target.number, *verification)) {
      return Refuse(kNotFound);
    }
    echo = verification->challenge;
  } else {
    handler_->OnDenial(connection.origin, target.number, std::get<Denial>(*asked));
  }
  answers_ += "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ";
  answers_ += std::to_string(echo.size());
  answers_ += "\r\n\r\n";
  if (!head) answers_ += echo;
}

}  // namespace websub::cli::bench
