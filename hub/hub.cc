#include "hub/hub.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "core/address.h"
#include "core/url.h"
#include "hub/access/control.h"
#include "hub/api/event_feed.h"
#include "hub/demo.h"
#include "hub/intent/hook_judge.h"
#include "hub/retention.h"

namespace websub::hub {

namespace {

// How often to look whether what was in flight has ended, while stopping.
constexpr Duration kStopPoll = std::chrono::milliseconds(10);
// The timer never waits longer, so that a step of the wall clock is noticed.
constexpr Duration kLongestWait = std::chrono::seconds(60);
constexpr Duration kStoreWait = std::chrono::seconds(5);

std::string BaseUrl(const HubOptions& options, std::uint16_t port) {
  if (!options.public_url.empty()) {
    std::string url = options.public_url;
    while (url.ends_with('/')) url.pop_back();
    return url;
  }
  std::string host = options.listen_address;
  if (ClassifyAddress(host) == AddressClass::kUnspecified) host = "localhost";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return (options.server.tls ? "https://" : "http://") + host + ":" + std::to_string(port);
}

// How many the process may open. The server takes at most half of them (hub/http/server.h).
std::size_t FilesAllowed() {
  rlimit files{};
  return getrlimit(RLIMIT_NOFILE, &files) == 0 ? std::max<std::size_t>(files.rlim_cur, 64) : 1024;
}

std::shared_ptr<const AddressPolicy> PolicyFor(const HubOptions& options, std::string flag,
                                               const std::vector<AllowedHost>& allowed) {
  const bool on_loopback = ClassifyAddress(options.listen_address) == AddressClass::kLoopback ||
                           options.listen_address == "localhost";
  AddressRules rules;
  rules.allow_private = options.allow_private == AllowPrivate::kAlways ||
                        (options.allow_private == AllowPrivate::kAuto && on_loopback);
  rules.allowed = allowed;
  rules.ports = options.allow_ports;
  rules.guard_ports = !on_loopback;
  rules.allow_credentials = options.allow_credentials;
  rules.flag = std::move(flag);
  return std::make_shared<const AddressPolicy>(std::move(rules));
}

}  // namespace

struct Hub::Impl {
  Impl(http::Loop& the_loop, const Clock& the_clock, Random& the_random, HubOptions the_options)
      : loop(the_loop),
        clock(the_clock),
        random(the_random),
        options(std::move(the_options)),
        timer(loop),
        stop_timer(loop) {}

  Result<void> Open(Hub& hub);
  Result<void> OpenHooks(Hub& hub);
  Result<void> OpenAccess(Hub& hub);
  Result<void> Listen(Hub& hub);
  void MakeParts(Hub& hub);
  void Wake();
  void Run();
  Time RunLeases(Time now);
  Time RunDemo(Time now);
  void PutDemo(Time now, std::function<void()> done);
  void PollStop(Time deadline, std::function<void()> done);

  http::Loop& loop;
  const Clock& clock;
  Random& random;
  const HubOptions options;
  std::string base_url;

  std::unique_ptr<Store> store;
  std::unique_ptr<http::Client> client;
  Metrics metrics{clock.Now()};
  std::unique_ptr<Recorder> recorder;
  std::unique_ptr<Hooks> hooks;           // null: nobody is asked
  std::unique_ptr<http::Client> issuers;  // null: `client` verifies TLS too
  std::optional<RateLimiter> identities;
  std::unique_ptr<AccessControl> access;
  std::unique_ptr<Deliverer> deliverer;
  std::unique_ptr<Resender> resender;
  std::unique_ptr<Verifier> verifier;
  std::unique_ptr<Fetcher> fetcher;
  std::unique_ptr<Inbox> inbox;
  std::unique_ptr<Retention> retention;
  std::shared_ptr<EventFeed> events;
  const std::shared_ptr<std::weak_ptr<EventFeed>> feed =
      std::make_shared<std::weak_ptr<EventFeed>>();  // `events`, for tasks of the store
  std::unique_ptr<Api> api;
  std::unique_ptr<Gate> gate;
  std::unique_ptr<http::Server> server;
  http::Timer timer;
  http::Timer stop_timer;
  bool stopping = false;
  bool run_posted = false;
  bool drained = false;
  bool expiring = false;
  Time lease_due = Time::min();  // min: ask the store
  Time demo_due = Time::min();
};

// The port comes first: where it is taken, no file is made. Nothing is accepted before the loop
// runs.
Result<void> Hub::Impl::Open(Hub& hub) {
  if (const auto listening = Listen(hub); !listening) return listening;
  StoreOptions file;
  file.path = options.db;
  file.secret_key = options.secret_key;
  file.old_secret_key = options.old_secret_key;
  file.on_notice = [this, &hub](const std::string& sentence) {
    loop.Post([&hub, sentence] {
      if (hub.on_notice) hub.on_notice(sentence, "");
    });
  };
  // What comes back from the writer says that something was committed; it may come after our end.
  auto opened = Store::Open(file, [&loop = loop, feed = feed](std::function<void()> task) {
    loop.Post([feed, task = std::move(task)] {
      task();
      if (const auto followed = feed->lock()) followed->Changed();
    });
  });
  if (!opened) return tl::unexpected(opened.error());
  store = std::move(*opened);

  http::ClientOptions calls = options.client;
  calls.max_idle = std::min(calls.max_idle, FilesAllowed() / 8);
  auto made = http::Client::Make(loop, std::move(calls));
  if (!made) return tl::unexpected(made.error());
  client = std::move(*made);
  if (const auto opened_hooks = OpenHooks(hub); !opened_hooks) return opened_hooks;
  if (const auto opened_access = OpenAccess(hub); !opened_access) return opened_access;
  MakeParts(hub);
  return {};
}

Result<void> Hub::Impl::Listen(Hub& hub) {
  const auto notice = [&hub](std::string sentence, std::string peer) {
    if (hub.on_notice) hub.on_notice(std::move(sentence), std::move(peer));
  };
  gate = std::make_unique<Gate>(options.gate, clock, notice);
  http::ServerOptions listen = options.server;
  listen.address = options.listen_address;
  listen.port = options.listen_port;
  listen.max_body = options.max_body;
  listen.shared_addresses = options.gate.trusted_proxies;
  listen.on_notice = notice;
  server = std::make_unique<http::Server>(loop, std::move(listen),
                                          [this](http::Request request, http::Respond respond) {
                                            if (auto refused = gate->Refuse(request)) {
                                              metrics.CountTurnedAway();
                                              return respond(*std::move(refused));
                                            }
                                            api->Handle(std::move(request), std::move(respond));
                                          });
  if (const auto listening = server->Listen(); !listening) return listening;
  base_url = BaseUrl(options, server->port());
  return {};
}

Result<void> Hub::Impl::OpenHooks(Hub& hub) {
  HookOutlets outlets;
  outlets.on_exchange = [this](Exchange exchange) { recorder->Add(std::move(exchange)); };
  outlets.on_notice = [&hub](std::string sentence) {
    if (hub.on_notice) hub.on_notice(std::move(sentence), "hook");
  };
  outlets.post = [this](std::function<void()> task) { loop.Post(std::move(task)); };
  auto made = MakeHooks(options.hooks, *client, clock, std::move(outlets));
  if (!made) return tl::unexpected(made.error());
  hooks = std::move(*made);
  return {};
}

Result<void> Hub::Impl::OpenAccess(Hub& hub) {
  // --insecure, of all hosts or of one, is for subscribers and publishers: whoever stands between
  // the hub and an issuer could let in anybody.
  if (options.client.tls_peer == http::TlsPeer::kAcceptAny ||
      !options.client.insecure_hosts.empty()) {
    http::ClientOptions calls = options.client;
    calls.tls_peer = http::TlsPeer::kVerify;
    calls.insecure_hosts.clear();
    calls.max_idle = 16;
    calls.lookup_threads = 2;
    auto made = http::Client::Make(loop, std::move(calls));
    if (!made) return tl::unexpected(made.error());
    issuers = std::move(*made);
  }
  AccessParts parts{.issuers = issuers ? *issuers : *client,
                    .clock = clock,
                    .hooks = hooks.get(),
                    .count = nullptr,
                    .on_notice = [&hub](std::string sentence) {
                      if (hub.on_notice) hub.on_notice(std::move(sentence), "access");
                    }};
  if (options.requests_per_identity) {
    identities.emplace(*options.requests_per_identity);
    parts.count = [this](const std::string& identity, Time now) {
      return identities->Take(identity, now);
    };
  }
  access = std::make_unique<AccessControl>(options.access, std::move(parts));
  return {};
}

void Hub::Impl::MakeParts(Hub& hub) {
  const auto wake = [this] { Wake(); };
  const auto callbacks = PolicyFor(options, "--allow-callback", options.allow_callback);
  const auto topics = PolicyFor(options, "--allow-topic", options.allow_topic);
  recorder = std::make_unique<Recorder>(*store, clock, RecorderOptions{}, wake);
  recorder->on_exchange = [this, &hub](const Exchange& exchange) {
    metrics.Count(exchange);
    if (hub.on_exchange) hub.on_exchange(exchange);
  };

  DeliveryOptions delivery;
  const std::size_t files = FilesAllowed();
  delivery.max_in_flight = std::min(delivery.max_in_flight, files / 4);
  delivery.max_in_flight_unproven = delivery.max_in_flight * 3 / 4;
  delivery.max_in_flight_failing = delivery.max_in_flight / 4;
  delivery.retry = options.retry;
  delivery.algorithm = options.signature_algorithm;
  delivery.rules = options.callback_rules;
  delivery.timeout = options.delivery_timeout;
  delivery.feed_diff = options.feed_diff;
  delivery.addresses = callbacks;
  deliverer =
      std::make_unique<Deliverer>(*store, *client, *recorder, clock, random, delivery, wake);
  recorder->on_kept = [this](const std::vector<DeliveryOutcome>& kept) { deliverer->Kept(kept); };

  deliverer->on_outcome = [this](const DeliveryOutcome& outcome, const Message& message) {
    metrics.Count(outcome, outcome.now - message.created_at);
  };

  resender = std::make_unique<Resender>(*store, *client, *recorder, clock, delivery);

  VerifierOptions verification;
  verification.addresses = callbacks;
  verifier =
      std::make_unique<Verifier>(*store, *client, *recorder, clock, random, verification, wake);
  if (hooks) verifier->judge = JudgeByHooks(*hooks, clock);
  verifier->on_confirmed = [this](const Subscription& subscription) {
    if (subscription.state != SubscriptionState::kActive) return deliverer->Ended(subscription.id);
    deliverer->Renewed(subscription);
    if (subscription.expires_at) lease_due = std::min(lease_due, *subscription.expires_at);
    Wake();
  };

  GetOptions get;
  get.addresses = topics;
  get.max_body = options.max_body;
  get.own_base = base_url;
  const auto appended = [this](const Message& message) {
    deliverer->Wake(message.topic_id, message.id);
  };

  ContentOptions fetch{get};
  fetch.hub_url = hub.hub_url();
  fetch.feed_diff = options.feed_diff;
  fetcher = std::make_unique<Fetcher>(*store, *client, *recorder, clock, random, fetch, wake);
  fetcher->on_message = appended;

  const InboxOptions push{fetch};
  inbox = std::make_unique<Inbox>(*store, *client, *recorder, clock, random, push, wake);
  inbox->on_message = appended;

  retention = std::make_unique<Retention>(*store, clock, options.retention, wake);

  events = std::make_shared<EventFeed>(*store, clock, EventFeedOptions{}, wake);
  *feed = events;

  ApiOptions answers;
  answers.lease = options.lease;
  answers.security = options.security;
  answers.callbacks = callbacks;
  answers.topics = topics;
  answers.require_registration = options.require_registration;
  answers.force_deregister = options.force_deregister;
  answers.most_on_host = options.most_on_host;
  answers.guard = {options.listen_address, server->port(), base_url, options.api_token};
  answers.hub_url = hub.hub_url();
  answers.feed_diff = options.feed_diff;
  api = std::make_unique<Api>(ApiParts{*store, *recorder, *verifier, *fetcher, *inbox, *deliverer,
                                       clock, *access, *events, *resender, metrics, *server},
                              std::move(answers));
}

// Whatever changed, everything is looked at once more, soon: the parts tell cheaply that nothing is
// due.
void Hub::Impl::Wake() {
  if (std::exchange(run_posted, true)) return;
  loop.Post([this] {
    run_posted = false;
    Run();
  });
}

void Hub::Impl::Run() {
  const Time now = clock.Now();
  const Time next = std::min({recorder->Run(now), verifier->Run(now), fetcher->Run(now),
                              inbox->Run(now), deliverer->Run(now), RunLeases(now), RunDemo(now),
                              retention->Run(now), events->Run(now)});
  const Duration wait = next == Time::max() ? kLongestWait : std::min(next - now, kLongestWait);
  timer.Set(std::max(wait, Duration::zero()), [this] { Run(); });
}

// HUB-VER-04: leases end.
Time Hub::Impl::RunLeases(Time now) {
  if (expiring) return Time::max();
  if (lease_due == Time::min()) lease_due = store->NextLeaseEnd().value_or(Time::max());
  if (now < lease_due) return lease_due;
  expiring = true;
  store->ExpireLeases(now, [this](Result<std::vector<SubscriptionId>> ended) {
    expiring = false;
    lease_due = ended ? Time::min() : clock.Now() + kStoreWait;
    if (ended) {
      for (const auto id : *ended) deliverer->Ended(id);
    }
    Wake();
  });
  return Time::max();
}

Time Hub::Impl::RunDemo(Time now) {
  if (options.demo == Demo::kOff || stopping) return Time::max();
  if (now >= demo_due) PutDemo(now, [] {});
  return demo_due;
}

// Calls `done` once each document is kept or refused: the next tick comes whether this one was kept
// or not.
void Hub::Impl::PutDemo(Time now, std::function<void()> done) {
  demo_due = NextDemoTick(now);
  auto documents = MakeDemo(now, base_url, base_url + "/hub");
  const auto left = std::make_shared<std::size_t>(documents.size());
  for (auto& document : documents) {
    api->PutHosted(document.name, std::move(document.content_type), std::move(document.body),
                   [left, done](const Result<Message>&) {
                     if (--*left == 0) done();
                   });
  }
}

void Hub::Impl::PollStop(Time deadline, std::function<void()> done) {
  const bool idle = drained && deliverer->in_flight() + verifier->in_flight() +
                                       fetcher->in_flight() + inbox->in_flight() +
                                       resender->in_flight() ==
                                   0;
  if (!idle && clock.Now() < deadline) {
    return stop_timer.Set(kStopPoll, [this, deadline, done = std::move(done)]() mutable {
      PollStop(deadline, std::move(done));
    });
  }
  client->CancelAll();
  if (issuers) issuers->CancelAll();
  // What was cancelled is reported by callbacks; they come before this.
  loop.Post([this, done = std::move(done)]() mutable { recorder->Flush(std::move(done)); });
}

Hub::Hub(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Hub::~Hub() = default;

Result<std::unique_ptr<Hub>> Hub::Start(http::Loop& loop, const Clock& clock, Random& random,
                                        HubOptions options) {
  std::unique_ptr<Hub> hub(
      new Hub(std::make_unique<Impl>(loop, clock, random, std::move(options))));
  if (const auto opened = hub->impl_->Open(*hub); !opened) return tl::unexpected(opened.error());
  Impl& impl = *hub->impl_;
  impl.deliverer->Start();
  impl.Wake();
  const auto ready = [hub = hub.get()] {
    if (hub->on_ready && !hub->impl_->stopping) hub->on_ready();
  };
  if (impl.options.demo == Demo::kOn) {
    impl.PutDemo(clock.Now(), ready);
  } else {
    loop.Post(ready);
  }
  return hub;
}

const std::string& Hub::base_url() const {
  return impl_->base_url;
}

std::string Hub::hub_url() const {
  return impl_->base_url + "/hub";
}

void Hub::ReplaceAccess(Policy policy) {
  impl_->access->Replace(std::move(policy));
}

Result<void> Hub::ReloadTls() {
  return impl_->server->ReloadTls();
}

void Hub::Stop(Duration grace, std::function<void()> done) {
  impl_->stopping = true;
  impl_->api->BeginStop();
  impl_->deliverer->Stop();
  impl_->verifier->Stop();
  impl_->fetcher->Stop();
  impl_->inbox->Stop();
  impl_->server->Drain([impl = impl_.get()] { impl->drained = true; });
  impl_->PollStop(impl_->clock.Now() + grace, std::move(done));
}

}  // namespace websub::hub
