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
// What is for no callback of ours is not read far.
constexpr std::size_t kMaxStrayBody = 64 * 1024;

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
  auto bench = Workbench::Make(options_, environment_.clock, loop_, transport_, report_);
  if (!bench) return tl::unexpected(bench.error());
  bench_ = *std::move(bench);
  hub::http::ServerOptions server;
  server.address = options_.listen.address;
  server.port = options_.listen.port;
  server.max_body = MaxBody(options_);
  server.max_connections = kMaxConnections;
  server.max_connections_per_address = kMaxConnections;  // most come from one hub
  const auto tls = ListenTls(options_.listen_tls);
  if (!tls) return tl::unexpected(tls.error());
  server.tls = *tls;
  server.on_notice = [this](const std::string& sentence, const std::string& peer) {
    OnNotice(sentence, peer);
  };
  server.plan_body = [this](const hub::http::Request& head) { return PlanBody(head); };
  server_ = std::make_unique<hub::http::Server>(
      loop_, std::move(server), [this](hub::http::Request request, hub::http::Respond respond) {
        OnRequest(std::move(request), respond);
      });
  if (auto listening = server_->Listen(); !listening) return listening;
  const ListenAddress at{options_.listen.address, server_->port()};
  strays_.listener = LocalUrl(at).substr(std::string_view("http://").size());
  return {};
}

// One that was chosen stays the same over several runs; where there are several subscriptions each
// has its own below it. By default nobody can guess it.
std::string SubscribeSession::CallbackPath(std::size_t routes) const {
  if (options_.callback_path.empty()) return "/" + environment_.random.Hex(32);  // SUB-REQ-05
  if (routes == 1) return options_.callback_path;
  const std::string base = options_.callback_path == "/" ? "" : options_.callback_path;
  return base + "/" + std::to_string(routes_.size() + 1);
}

Result<void> SubscribeSession::AddRoute(const SubscribeTarget& target, const std::string& secret,
                                        std::size_t routes) {
  const std::string path = CallbackPath(routes);
  std::string text =
      LocalUrl({options_.listen.address, server_->port()},
               options_.listen_tls.certificate.empty() ? Scheme::kHttp : Scheme::kHttps) +
      path;
  if (!options_.callback_url.empty()) {
    const bool as_given = routes == 1 && options_.callback_path.empty();
    text = as_given ? options_.callback_url : Below(options_.callback_url, path);
  }
  auto callback = Url::Parse(text);
  if (!callback) return tl::unexpected(callback.error());
  Route route;
  route.paths = {PercentDecode(path), PathOf(*callback)};
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
                                 report_, strays_},
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
    if (auto added = AddRoute(target, secret, targets.size()); !added) {
      return tl::unexpected(added.error());
    }
  }
  if (!options_.forward_to.empty()) {
    report_.Note("notifications go on to " + ShownUrl(options_.forward_to));
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
  strays_.request = request.method + " " + Quote(request.Path()) + " from " + request.peer;
  report_.Detail(strays_.request + " is for no callback of ours");
  respond(hub::http::Response::Text(404, "no callback lives here"));
}

void SubscribeSession::OnNotice(const std::string& sentence, const std::string& peer) {
  strays_.broken = sentence + (peer.empty() ? "" : " (" + peer + ")");
  const bool too_large = sentence.starts_with("the body of the request is larger");
  report_.Note("the listener: " + strays_.broken + (too_large ? "; --max-body allows more" : ""));
}

hub::http::BodyPlan SubscribeSession::PlanBody(const hub::http::Request& head) {
  const Subscription* const subscription = Find(head.Path());
  if (subscription != nullptr && head.method == "POST") {
    return bench_->Plan(head, subscription->secret());
  }
  return {nullptr, std::min(kMaxStrayBody, MaxBody(options_))};
}

// Deliveries that come when the count is full.
bool SubscribeSession::TurnsAway(Subscription& subscription, const hub::http::Respond& respond) {
  if (options_.keep && (leaving_ || Full())) {
    // Not 410: the subscription stays, and the hub can try again when somebody listens.
    respond(hub::http::Response::Text(503, "not listening any more"));
    return true;
  }
  if (!Full()) return false;
  if (pending_ > 0) {  // the last one is not taken yet, and may fail
    respond(hub::http::Response::Text(503, "busy with another notification"));
    return true;
  }
  subscription.OnGone();
  respond(hub::http::Response::Text(410, "the subscription is gone"));  // SUB-DIS-06
  return true;
}

void SubscribeSession::Answer(Subscription& subscription, hub::http::Request request,
                              const hub::http::Respond& respond) {
  if (request.method == "POST" && TurnsAway(subscription, respond)) return;
  CallbackRequest seen{
      .method = request.method,
      .query = request.Query(),
      .content_type = request.Field("Content-Type"),
      .signature = request.Field("X-Hub-Signature"),
      .signature_256 = request.Field("X-Hub-Signature-256"),
      .message_id = request.Field("Websub-Message-Id"),
      .attempt = request.Field("Websub-Attempt"),
      .body = request.body,
      .body_size = request.body_size,
  };
  std::string read_back;
  Workbench::Describe(request, seen, read_back);
  CallbackDecision decision = subscription.OnRequest(seen, request.peer);
  if (auto* const delivery = std::get_if<Delivery>(&decision.meaning)) {
    auto arrival = std::make_shared<Arrival>();
    arrival->delivery = std::move(*delivery);
    arrival->bytes = request.body_size;
    if (!request.sink) {
      arrival->body = std::make_shared<const std::string>(std::move(request.body));
    }
    arrival->request = std::move(request);
    return Deliver(subscription, std::move(arrival), respond);
  }
  hub::http::Response response;
  response.status = decision.status;
  if (!decision.body.empty()) response.fields.emplace_back("Content-Type", "text/plain");
  if (decision.status == 405) response.fields.emplace_back("Allow", "GET, POST");
  const bool bad =
      std::holds_alternative<Verified>(decision.meaning) && options_.reply_challenge.has_value();
  response.body = bad ? *options_.reply_challenge : std::move(decision.body);
  response.on_sent = [this, &subscription, bad, meaning = std::move(decision.meaning)](
                         std::string_view, bool written) {
    if (finished_) return;
    if (bad) return subscription.OnAnsweredBadly();
    subscription.OnAnswered(meaning, written);
  };
  RespondLater(std::move(response), respond);
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
  if (!options_.idle || leaving_ || !was_set_up_ || pending_ > 0) return;
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
  if (not_taken_ > 0) {
    sentence += ", and " + std::to_string(not_taken_) + " that the " +
                (options_.exec.empty() ? "application" : "program") + " did not take";
  }
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
