#include "cli/http_call.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "cli/client_options.h"
#include "cli/hub_access.h"
#include "core/request_head.h"
#include "core/text.h"
#include "hub/http/client.h"
#include "hub/http/loop.h"

namespace websub::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

bool HasField(const CallFields& fields, std::string_view name) {
  for (const auto& [field, value] : fields) {
    if (EqualIgnoringCase(field, name)) return true;
  }
  return false;
}

Result<hub::OutgoingRequest> MakeRequest(const Call& call) {
  auto url = Url::Parse(call.url);
  if (!url) return tl::unexpected(url.error());
  hub::OutgoingRequest request;
  if (call.body) request.body = std::make_shared<const std::string>(*call.body);
  request.max_body = call.max_body;
  request.timeout = call.timeout;
  if (call.head) {
    request.head = *call.head;
    request.url = *std::move(url);
    return request;
  }
  CallFields fields = Merged(call.fields, call.hub_fields);
  if (!HasField(fields, "Accept")) fields.emplace_back("Accept", "*/*");
  if (call.body && !HasField(fields, "Content-Length")) {
    fields.emplace_back("Content-Length", std::to_string(call.body->size()));
  }
  request.head = RequestHead(call.method, *url, fields);
  request.url = *std::move(url);
  return request;
}

CallResult BadUrl(const Error& error) {
  CallResult result;
  result.answer.fault = Fault::kBadUrl;
  result.answer.detail = error.message;
  return result;
}

// What came of one call, and who waits for it. Outlives the wait where that ends early.
struct Pending {
  bool done = false;
  hub::OutgoingResult answer;
};

}  // namespace

// The loop runs on a thread of its own; the command waits on `changed`.
struct HttpCaller::Impl {
  hub::http::Loop loop;
  std::unique_ptr<hub::http::Client> client;
  std::optional<SteadyClock::time_point> deadline;
  std::mutex mutex;
  std::condition_variable changed;
  int signal = 0;        // guarded by mutex
  bool stopped = false;  // the same
  bool woken = false;    // the same
  std::thread thread;
  std::unique_ptr<Signals::Watch> watch;  // last: it ends first

  // Waits for `done`, which is asked with the mutex held.
  template <typename Predicate>
  CallEnd WaitFor(std::optional<SteadyClock::time_point> until, Predicate done);
};

template <typename Predicate>
CallEnd HttpCaller::Impl::WaitFor(std::optional<SteadyClock::time_point> until, Predicate done) {
  std::unique_lock lock(mutex);
  const bool run_ends_first = deadline && (!until || *deadline < *until);
  const auto limit = run_ends_first ? deadline : until;
  const auto over = [&] { return signal != 0 || stopped || done(); };
  if (limit) {
    changed.wait_until(lock, *limit, over);
  } else {
    changed.wait(lock, over);
  }
  if (signal != 0 || stopped) return CallEnd::kInterrupted;
  if (done()) return CallEnd::kAnswered;
  return run_ends_first ? CallEnd::kOutOfTime : CallEnd::kAnswered;
}

std::string CallResult::Field(std::string_view name) const {
  return FirstField(HeadFields(answer.head), name);
}

std::vector<std::string> CallResult::Fields(std::string_view name) const {
  return AllFields(HeadFields(answer.head), name);
}

std::string Explain(const Call& call, const CallResult& result) {
  switch (result.end) {
    case CallEnd::kAnswered:
      return "";
    case CallEnd::kInterrupted:
      return "interrupted while waiting for " + call.url;
    case CallEnd::kOutOfTime:
      return "--timeout ran out while waiting for an answer from " + call.url;
    case CallEnd::kFault:
      break;
  }
  const auto url = Url::Parse(call.url);
  const std::string& detail = result.answer.detail;
  switch (result.answer.fault) {
    case Fault::kRefused:
      return detail + (url && url->port() == 4820 ? ": is `websub serve` running?"
                                                  : ": does the server run, and on this port?");
    case Fault::kDns:
      return detail + (detail.ends_with('?') ? "" : "; is the name right?");
    case Fault::kTls:
      if (detail.ends_with("during the TLS handshake")) return detail + ": is it an http:// port?";
      return detail + " (--cacert FILE trusts another authority, --insecure anybody)";
    default:
      return detail.empty() ? "no answer from " + call.url : detail;
  }
}

ExitStatus StatusOf(const CallResult& result) {
  switch (result.end) {
    case CallEnd::kAnswered:
      return ExitStatus::kDone;
    case CallEnd::kOutOfTime:
      return ExitStatus::kTimeout;
    case CallEnd::kInterrupted:
      return StatusOfSignal(result.signal);
    case CallEnd::kFault:
      break;
  }
  return result.answer.fault == Fault::kBadUrl ? ExitStatus::kUsage : ExitStatus::kNetwork;
}

HttpCaller::HttpCaller(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<HttpCaller>> HttpCaller::Make(Environment& environment,
                                                     const TlsOptions& tls,
                                                     std::optional<Duration> time_left) {
  auto impl = std::make_unique<Impl>();
  auto client = hub::http::Client::Make(impl->loop, MakeClientOptions(environment, tls));
  if (!client) return tl::unexpected(client.error());
  impl->client = *std::move(client);
  if (time_left) impl->deadline = SteadyClock::now() + *time_left;
  Impl* const raw = impl.get();
  impl->thread = std::thread([raw] { raw->loop.Run(); });
  impl->watch = environment.signals.OnSignal([raw](int signal) {
    const std::lock_guard lock(raw->mutex);
    if (raw->signal == 0) raw->signal = signal;
    raw->changed.notify_all();
  });
  return std::unique_ptr<HttpCaller>(new HttpCaller(std::move(impl)));
}

HttpCaller::~HttpCaller() {
  impl_->watch.reset();
  // The client belongs to the loop's thread.
  impl_->loop.Post([this] {
    impl_->client.reset();
    impl_->loop.Stop();
  });
  impl_->thread.join();
}

CallResult HttpCaller::Send(const Call& call) {
  auto request = MakeRequest(call);
  if (!request) return BadUrl(request.error());
  const auto pending = std::make_shared<Pending>();
  impl_->loop.Post([this, pending, request = *std::move(request)]() mutable {
    impl_->client->Send(std::move(request), [this, pending](hub::OutgoingResult answer) {
      const std::lock_guard lock(impl_->mutex);
      pending->answer = std::move(answer);
      pending->done = true;
      impl_->changed.notify_all();
    });
  });
  CallResult result;
  result.end = impl_->WaitFor(std::nullopt, [&] { return pending->done; });
  if (result.end == CallEnd::kAnswered) {
    result.answer = std::move(pending->answer);
    if (result.answer.fault != Fault::kNone) result.end = CallEnd::kFault;
  } else {
    result.signal = signal();
    impl_->loop.Post([this] { impl_->client->CancelAll(); });
  }
  return result;
}

CallEnd HttpCaller::Wait(Duration duration) {
  const CallEnd end =
      impl_->WaitFor(SteadyClock::now() + duration, [this] { return impl_->woken; });
  const std::lock_guard lock(impl_->mutex);
  impl_->woken = false;
  return end;
}

void HttpCaller::Wake() {
  const std::lock_guard lock(impl_->mutex);
  impl_->woken = true;
  impl_->changed.notify_all();
}

void HttpCaller::Stop() {
  const std::lock_guard lock(impl_->mutex);
  impl_->stopped = true;
  impl_->changed.notify_all();
}

int HttpCaller::signal() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->signal;
}

}  // namespace websub::cli
