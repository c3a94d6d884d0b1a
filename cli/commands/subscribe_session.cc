#include "cli/commands/subscribe_session.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "cli/system.h"
#include "cli/text.h"
#include "core/text.h"

namespace websub::cli {
namespace {

constexpr Duration kLeaveWithin = std::chrono::seconds(5);
// Hubs use few connections; each may hold a whole body in memory.
constexpr std::size_t kMaxConnections = 256;
constexpr Duration kDrainWithin = std::chrono::seconds(1);

std::string PathOf(const Url& url) {
  return PercentDecode(std::string_view(url.target()).substr(0, url.target().find('?')));
}

// The callback that a hub is told where --callback-url is shared by several topics: a path of its
// own below that URL, before its query.
std::string Below(const std::string& url, const std::string& path) {
  const auto end = std::min(url.find_first_of("?#"), url.size());
  std::string base = url.substr(0, end);
  if (base.ends_with('/')) base.pop_back();
  return base + path + url.substr(end);
}

}  // namespace

SubscribeSession::SubscribeSession(Environment& environment, const SubscribeOptions& options,
                                   std::vector<Expectation> expectations, SubscribeReport& report,
                                   hub::http::Loop& loop, hub::Transport& transport, Time started)
    : environment_(environment),
      options_(options),
      expectations_(std::move(expectations)),
      discarded_count_(std::ranges::any_of(
          expectations_, [](const Expectation& e) { return e.IsAboutSignature(); })),
      report_(report),
      loop_(loop),
      transport_(transport),
      started_(started),
      wanted_(options.once ? std::optional<std::size_t>(1) : options.count),
      run_timer_(loop),
      idle_timer_(loop),
      leave_timer_(loop) {}

SubscribeSession::~SubscribeSession() = default;

Result<void> SubscribeSession::Listen() {
  hub::http::ServerOptions server;
  server.address = options_.listen.address;
  server.port = options_.listen.port;
  server.max_body = options_.max_body;
  server.max_connections = kMaxConnections;
  server.max_connections_per_address = kMaxConnections;  // most come from one hub
  const auto tls = ListenTls(options_.listen_tls);
  if (!tls) return tl::unexpected(tls.error());
  server.tls = *tls;
  server.on_notice = [this](const std::string& sentence, const std::string& peer) {
    report_.Note("the listener: " + sentence + (peer.empty() ? "" : " (" + peer + ")"));
  };
  server_ = std::make_unique<hub::http::Server>(
      loop_, std::move(server), [this](hub::http::Request request, hub::http::Respond respond) {
        OnRequest(std::move(request), respond);
      });
  return server_->Listen();
}

Result<void> SubscribeSession::AddRoute(const SubscribeTarget& target, const std::string& secret,
                                        bool alone) {
  const std::string path = "/" + environment_.random.Hex(32);  // SUB-REQ-05
  std::string text =
      LocalUrl({options_.listen.address, server_->port()},
               options_.listen_tls.certificate.empty() ? Scheme::kHttp : Scheme::kHttps) +
      path;
  if (!options_.callback_url.empty()) {
    text = alone ? options_.callback_url : Below(options_.callback_url, path);
  }
  auto callback = Url::Parse(text);
  if (!callback) return tl::unexpected(callback.error());
  Route route;
  route.paths = {path, PathOf(*callback)};
  SubscriptionPlan plan;
  plan.topic = target.topic;
  plan.hubs = target.hubs;
  plan.callback = *std::move(callback);
  if (!options_.no_secret) plan.secret = secret.empty() ? environment_.random.Hex(32) : secret;
  if (options_.lease) plan.lease = std::chrono::ceil<std::chrono::seconds>(*options_.lease);
  plan.verify_timeout = options_.verify_timeout;
  plan.extras = options_.extras;
  const std::size_t index = routes_.size();
  route.subscription = std::make_unique<Subscription>(
      Subscription::Surroundings{environment_.clock, environment_.random, loop_, transport_,
                                 report_},
      std::move(plan),
      Subscription::Events{
          .on_change = [this] { OnChange(); },
          .on_over = [this,
                      index](ExitStatus status) { OnOver(*routes_[index].subscription, status); }});
  routes_.push_back(std::move(route));
  return {};
}

Result<ExitStatus> SubscribeSession::Run(const std::vector<SubscribeTarget>& targets,
                                         const std::string& secret) {
  for (const SubscribeTarget& target : targets) {
    if (auto added = AddRoute(target, secret, targets.size() == 1); !added) {
      return tl::unexpected(added.error());
    }
  }
  std::atomic<int> signals = 0;
  const auto watch = environment_.signals.OnSignal([this, &signals](int signal) {
    if (signals++ > 0) std::_Exit(static_cast<int>(StatusOfSignal(signal)));  // at once
    loop_.Post([this, signal] { OnSignal(signal); });
  });
  if (!options_.listen_tls.certificate.empty()) {
    loop_.OnSignals({SIGHUP}, [this](int signal) {
      if (TerminalIsGone(environment_.terminal)) return OnSignal(signal);
      const auto loaded = server_->ReloadTls();
      report_.Note(loaded ? "read the TLS certificate again"
                          : loaded.error().message + "; the one before stays in use");
    });
  }
  loop_.Post([this] {
    if (options_.timeout) {
      run_timer_.Set(*options_.timeout - (environment_.clock.Now() - started_),
                     [this] { OutOfTime("--timeout", *options_.timeout); });
    }
    for (Route& route : routes_) {
      if (!leaving_) route.subscription->Start();
    }
  });
  loop_.Run();
  return status_;
}

Subscription* SubscribeSession::Find(std::string_view path) {
  const std::string decoded = PercentDecode(path);
  for (Route& route : routes_) {
    if (std::ranges::find(route.paths, decoded) != route.paths.end()) {
      return route.subscription.get();
    }
  }
  return nullptr;
}

void SubscribeSession::OnRequest(hub::http::Request request, const hub::http::Respond& respond) {
  if (Subscription* const subscription = Find(request.Path())) {
    return Answer(*subscription, std::move(request), respond);
  }
  report_.Detail(request.method + " " + Quote(request.Path()) + " from " + request.peer +
                 " is for no callback of ours");
  respond(hub::http::Response::Text(404, "no callback lives here"));
}

void SubscribeSession::Answer(Subscription& subscription, hub::http::Request request,
                              const hub::http::Respond& respond) {
  if (request.method == "POST" && options_.keep && (leaving_ || Full())) {
    // Not 410: the subscription stays, and the hub can try again when somebody listens.
    return respond(hub::http::Response::Text(503, "not listening any more"));
  }
  if (request.method == "POST" && Full()) {
    subscription.OnGone();
    return respond(hub::http::Response::Text(410, "the subscription is gone"));  // SUB-DIS-06
  }
  CallbackDecision decision = subscription.OnRequest({
      .method = request.method,
      .query = request.Query(),
      .content_type = request.Field("Content-Type"),
      .signature = request.Field("X-Hub-Signature"),
      .signature_256 = request.Field("X-Hub-Signature-256"),
      .message_id = request.Field("Websub-Message-Id"),
      .attempt = request.Field("Websub-Attempt"),
      .body = std::move(request.body),
  });
  const auto* delivery = std::get_if<Delivery>(&decision.meaning);
  if (delivery && Counts(*delivery)) ++taken_;
  hub::http::Response response;
  response.status = decision.status;
  if (!decision.body.empty()) response.fields.emplace_back("Content-Type", "text/plain");
  if (decision.status == 405) response.fields.emplace_back("Allow", "GET, POST");
  response.body = std::move(decision.body);
  PlayBad(decision.meaning, response);
  // The hub gets its answer first, then we look at what came (SUB-DIS-01).
  response.on_sent = [this, &subscription, body = std::move(request.body),
                      meaning = std::move(decision.meaning)](std::string_view, bool written) {
    if (finished_) return;
    if (const auto* came = std::get_if<Delivery>(&meaning)) {
      return OnDelivered(subscription, *came, body);
    }
    if (std::holds_alternative<Verified>(meaning) && options_.reply_challenge) {
      return report_.Detail("a verification was answered with what --reply-challenge says");
    }
    subscription.OnAnswered(meaning, written);
  };
  RespondLater(std::move(response), respond);
}

void SubscribeSession::PlayBad(const CallbackMeaning& meaning,
                               hub::http::Response& response) const {
  if (std::holds_alternative<Delivery>(meaning) && options_.reply_status) {
    response.status = *options_.reply_status;
  }
  if (std::holds_alternative<Verified>(meaning) && options_.reply_challenge) {
    response.body = *options_.reply_challenge;
  }
}

void SubscribeSession::RespondLater(hub::http::Response response,
                                    const hub::http::Respond& respond) {
  if (options_.reply_delay <= Duration::zero()) return respond(std::move(response));
  const auto delay = delays_.emplace(delays_.end(), loop_);
  delay->Set(options_.reply_delay, [this, delay, respond, response = std::move(response)] {
    respond(response);
    loop_.Post([this, delay] { delays_.erase(delay); });  // not while it runs
  });
}

bool SubscribeSession::Counts(const Delivery& delivery) const {
  return delivery.seen == Seen::kFirst && (discarded_count_ || !delivery.Discarded());
}

void SubscribeSession::OnDelivered(Subscription& subscription, const Delivery& delivery,
                                   std::string_view body) {
  report_.Notification(subscription.facts(), delivery, body);
  for (const Expectation& expectation : expectations_) {
    if (const auto why = expectation.Check(delivery, body)) {
      report_.Failure(subscription.facts(), *why);
      return Leave(ExitStatus::kCheckFailed);
    }
  }
  if (Counts(delivery)) ++got_;
  if (!report_.open() || (wanted_ && got_ >= *wanted_)) return Leave(ExitStatus::kDone);
  SetIdleTimer();
}

void SubscribeSession::OnChange() {
  const auto all = [this](auto&& holds) {
    return std::ranges::all_of(
        routes_, [&](const Route& route) { return std::invoke(holds, *route.subscription); });
  };
  if (leaving_) {
    if (all(&Subscription::Left)) Finish();
    return;
  }
  if (!report_.open()) return Leave(ExitStatus::kDone);  // nobody reads on
  if (was_set_up_ || !all(&Subscription::SetUp)) return;
  was_set_up_ = true;
  if (options_.exit_on_verified) return Leave(ExitStatus::kDone);
  SetIdleTimer();
}

void SubscribeSession::OnOver(Subscription&, ExitStatus status) {
  if (leaving_) return OnChange();
  const bool all_over =
      std::ranges::all_of(routes_, [](const Route& route) { return route.subscription->Over(); });
  // A set of topics that cannot be had as a whole is a failure; one that is lost later is not the
  // end of the others.
  if (!was_set_up_ || all_over) Leave(status);
}

void SubscribeSession::SetIdleTimer() {
  if (!options_.idle || leaving_ || !was_set_up_) return;
  idle_timer_.Set(*options_.idle, [this] { OutOfTime("--idle", *options_.idle); });
}

void SubscribeSession::OutOfTime(std::string_view which, Duration limit) {
  if (leaving_) return;
  std::string sentence = std::string(which) + " ran out: got ";
  if (wanted_) {
    sentence += std::to_string(got_) + " of " + Plural(*wanted_, "notification");
  } else {
    sentence += Plural(got_, "notification");
  }
  sentence +=
      " in " + FormatDuration(which == "--idle" ? std::chrono::round<std::chrono::milliseconds>(
                                                      environment_.clock.Now() - started_)
                                                : limit);
  if (!was_set_up_) {
    sentence += ", and the subscription was not verified";
  } else if (which == "--idle") {
    sentence += ", none in the last " + FormatDuration(limit);
  }
  report_.Diagnose(sentence);
  Leave(ExitStatus::kTimeout);
}

void SubscribeSession::OnSignal(int signal) {
  Leave(StatusOfSignal(signal));
}

void SubscribeSession::Leave(ExitStatus status) {
  if (std::exchange(leaving_, true)) return;
  status_ = status;
  run_timer_.Cancel();
  idle_timer_.Cancel();
  if (options_.keep) return Finish();
  for (Route& route : routes_) route.subscription->Leave();
  leave_timer_.Set(kLeaveWithin, [this] {
    for (const Route& route : routes_) {
      if (route.subscription->Left()) continue;
      report_.Problem(route.subscription->facts(),
                      "the hub did not finish the unsubscription within " +
                          FormatDuration(kLeaveWithin) + ": it ends with its lease");
    }
    Finish();
  });
  OnChange();
}

void SubscribeSession::Finish() {
  if (std::exchange(finished_, true)) return;
  // What is being answered gets its answer.
  leave_timer_.Set(kDrainWithin, [this] { loop_.Stop(); });
  server_->Drain([this] { loop_.Stop(); });
}

}  // namespace websub::cli
