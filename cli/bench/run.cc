#include "cli/bench/run.h"

#include <algorithm>

#include "cli/bench/places.h"
#include "cli/bench/waiter.h"
#include "cli/bench/wire.h"
#include "cli/http_call.h"
#include "cli/text.h"
#include "core/exchange.h"
#include "core/form.h"
#include "core/request_head.h"

namespace websub::cli::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kMostOrigins = 64;
constexpr Duration kCallTimeout = std::chrono::seconds(30);
constexpr Duration kUnsubscribeIdle = std::chrono::seconds(5);

std::optional<double> Rate(std::uint64_t count, Clock::duration took) {
  if (count == 0 || took <= Clock::duration::zero()) return std::nullopt;
  return static_cast<double>(count) / std::chrono::duration<double>(took).count();
}

std::string Count(std::uint64_t part, std::uint64_t whole) {
  return std::to_string(part) + " of " + std::to_string(whole);
}

// What all of a run's parts hang on, in the order in which they depend on each other.
class Bench {
 public:
  Bench(Environment& environment, const RunSettings& settings, const Progress& progress)
      : environment_(environment),
        settings_(settings),
        waiter_(environment.signals, settings.timeout, [this, &progress] { progress(stage_()); }) {}
  ~Bench() {
    // Calls end first: they call back into the other parts. Then the sink.
    wire_.reset();
    sink_.reset();
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  RunResult Run();

 private:
  Result<void> SetUp();
  Result<void> Listen();
  Result<void> Connect();
  bool Subscribe();
  bool Publish();
  void Unsubscribe();
  void Collect();

  hub::OutgoingRequest SubscriptionCall(Mode mode, std::uint32_t subscriber);
  WaitEnd WaitForCalls(const ParallelCalls& calls);
  bool Probe();
  void SettleDown(Duration wait);
  bool AwaitDeliveries();
  void Fail(ExitStatus status, const std::string& sentence);
  void FailBy(const Trouble& trouble, const std::string& what);
  bool Stopped(WaitEnd end);

  Environment& environment_;
  const RunSettings& settings_;
  std::function<std::string()> stage_ = [] { return std::string(); };
  Waiter waiter_;
  LedgerShape shape_;
  std::unique_ptr<Ledger> ledger_;
  std::optional<Places> places_;
  std::unique_ptr<Swarm> swarm_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<Wire> wire_;
  std::unique_ptr<ParallelCalls> subscribing_;
  std::unique_ptr<ParallelCalls> unsubscribing_;
  std::unique_ptr<Publisher> publisher_;
  RunNumbers numbers_;
  bool measured_ = false;
  RunResult result_;
};

void Bench::Fail(ExitStatus status, const std::string& sentence) {
  if (result_.status == ExitStatus::kDone) result_.status = status;
  result_.sentences.push_back(sentence);
}

void Bench::FailBy(const Trouble& trouble, const std::string& what) {
  Call call;
  call.url = settings_.hub;
  if (!trouble.refused()) {
    CallResult called;
    called.answer = trouble.answer;
    return Fail(ExitStatus::kNetwork, what + ": " + Explain(call, called));
  }
  const FieldList fields = HeadFields(trouble.answer.head);
  const std::string said = HubSentence(FirstField(fields, "Content-Type"), trouble.answer.body);
  const std::string to = FirstField(fields, "Location");
  std::string sentence =
      what + ": the hub " + settings_.hub + " answered " + std::to_string(trouble.answer.status);
  if (!said.empty()) sentence += ": " + said;
  if (!to.empty()) sentence += "; it redirects to " + to + ": bench that URL";
  Fail(ExitStatus::kHubRefused, sentence);
}

// Tells whether the run is over, and remembers why.
bool Bench::Stopped(WaitEnd end) {
  if (end == WaitEnd::kSignal) {
    result_.ended = Ended::kSignal;
    result_.status = StatusOfSignal(waiter_.signal());
    result_.sentences.insert(result_.sentences.begin(),
                             "interrupted: these are the numbers so far");
    return true;
  }
  if (end != WaitEnd::kTimeout) return false;
  result_.ended = Ended::kTimeout;
  Fail(ExitStatus::kTimeout, "--timeout " + FormatDuration(settings_.timeout) + " ran out");
  return true;
}

Result<void> Bench::SetUp() {
  shape_.run = std::strtoull(environment_.random.Hex(16).c_str(), nullptr, 16);
  shape_.subscribers = settings_.subscribers;
  shape_.stalled = settings_.stalled;
  shape_.topics = settings_.topics;
  shape_.messages = settings_.messages;
  shape_.size = settings_.size;
  if (const auto checked = Ledger::Check(shape_); !checked) return checked;
  ledger_ = std::make_unique<Ledger>(shape_);
  if (const auto listening = Listen(); !listening) return listening;
  return Connect();
}

// The ports, and the URLs on them.
Result<void> Bench::Listen() {
  const std::uint32_t answering = settings_.subscribers - settings_.stalled;
  PlacesShape shape;
  shape.run = shape_.run;
  shape.subscribers = settings_.subscribers;
  shape.stalled = settings_.stalled;
  shape.topics = settings_.topics;
  shape.origins = settings_.origins != 0 ? settings_.origins
                                         : std::clamp<std::uint32_t>(answering, 1, kMostOrigins);
  shape.stalled_origins = settings_.mix_stalled ? 0 : std::min(settings_.stalled, shape.origins);
  SinkOptions options;
  options.address = settings_.listen.address;
  options.limits.max_body = std::max(options.limits.max_body, 2 * settings_.size);
  options.ports.assign(shape.origins + shape.stalled_origins, 0);
  if (settings_.listen.port + options.ports.size() > 65536) {
    return websub::Fail(ErrorCode::kInvalid, "--listen: there are not that many ports behind " +
                                                 std::to_string(settings_.listen.port));
  }
  if (settings_.listen.port != 0) {
    for (std::size_t at = 0; at < options.ports.size(); ++at) {
      options.ports[at] = static_cast<std::uint16_t>(settings_.listen.port + at);
    }
  }
  auto sink = Sink::Listen(std::move(options));
  if (!sink) return tl::unexpected(sink.error());
  sink_ = *std::move(sink);
  std::string base = settings_.callback_url;
  if (base.empty()) {
    base = LocalUrl({settings_.listen.address, 1});
    base.erase(base.rfind(':'));
  }
  auto places = Places::Make(shape, base, sink_->ports());
  if (!places) {
    return websub::Fail(ErrorCode::kInvalid, "--callback-url: " + places.error().message);
  }
  places_ = *std::move(places);
  return {};
}

// Who answers at the ports, and who calls the hub.
Result<void> Bench::Connect() {
  SwarmOptions swarm;
  swarm.run = shape_.run;
  swarm.subscribers = settings_.subscribers;
  swarm.topics = settings_.topics;
  swarm.size = settings_.size;
  swarm.secret = environment_.random.Hex(24);
  swarm.hub = settings_.hub;
  swarm.signatures = !settings_.secret             ? SignatureChecks::kNone
                     : settings_.verify_signatures ? SignatureChecks::kAll
                                                   : SignatureChecks::kSample;
  swarm_ = std::make_unique<Swarm>(std::move(swarm), *places_, *ledger_);
  sink_->Start(*swarm_);
  hub::http::ClientOptions client = settings_.client;
  client.max_idle_per_origin = settings_.connections;
  client.max_idle = settings_.connections;
  auto wire = Wire::Make(std::move(client));
  if (!wire) return tl::unexpected(wire.error());
  wire_ = *std::move(wire);
  return {};
}

hub::OutgoingRequest Bench::SubscriptionCall(Mode mode, std::uint32_t subscriber) {
  Form form{{"hub.mode", mode == Mode::kSubscribe ? "subscribe" : "unsubscribe"},
            {"hub.topic", places_->Topic(ledger_->TopicOf(subscriber))},
            {"hub.callback", places_->Callback(subscriber)}};
  if (mode == Mode::kSubscribe) {
    form.push_back({"hub.lease_seconds", std::to_string(settings_.lease.count())});
    if (settings_.secret) form.push_back({"hub.secret", swarm_->Secret(subscriber)});
  }
  hub::OutgoingRequest request;
  request.url = Url::Parse(settings_.hub).value_or(Url());
  request.body = std::make_shared<const std::string>(EncodeForm(form));
  request.head = RequestHead("POST", request.url,
                             Merged({{"Content-Type", "application/x-www-form-urlencoded"},
                                     {"Content-Length", std::to_string(request.body->size())}},
                                    settings_.headers));
  request.timeout = kCallTimeout;
  return request;
}

WaitEnd Bench::WaitForCalls(const ParallelCalls& calls) {
  return waiter_.For([&] { return calls.finished(); }, [&] { return calls.answered(); },
                     2 * kCallTimeout);
}

// The first request goes alone: where the hub cannot be reached, or wants none of it, ten thousand
// more would say the same.
bool Bench::Probe() {
  ParallelCalls first(*wire_, 1, 1, [this](std::uint32_t subscriber) {
    swarm_->WantSubscribed(subscriber);
    return SubscriptionCall(Mode::kSubscribe, subscriber);
  });
  stage_ = [] { return std::string("asking the hub"); };
  first.Start();
  const WaitEnd end = WaitForCalls(first);
  if (end != WaitEnd::kDone) wire_.reset();
  if (Stopped(end)) return false;
  if (const auto& trouble = first.trouble()) {
    FailBy(*trouble, "subscribe");
    return false;
  }
  return true;
}

bool Bench::Subscribe() {
  if (settings_.subscribers == 0) return true;
  const auto began = Clock::now();
  if (!Probe()) return false;
  const std::uint32_t all = settings_.subscribers;
  subscribing_ = std::make_unique<ParallelCalls>(
      *wire_, all - 1, settings_.connections, [this](std::uint32_t number) {
        swarm_->WantSubscribed(number + 1);
        return SubscriptionCall(Mode::kSubscribe, number + 1);
      });
  stage_ = [this, all] {
    return "subscribing " + Count(subscribing_->answered() + 1, all) + ", " +
           std::to_string(swarm_->verified()) + " verified";
  };
  subscribing_->Start();
  const WaitEnd asked = WaitForCalls(*subscribing_);
  const auto answered_at = Clock::now();
  subscribing_->Stop();
  const std::uint32_t accepted = subscribing_->accepted() + 1;
  numbers_.subscribe_requests = subscribing_->answered() + 1;
  numbers_.subscribe_accepted = accepted;
  numbers_.subscribe_refused = subscribing_->refused();
  numbers_.subscribe_failed = subscribing_->failed();
  numbers_.subscribes_per_second = Rate(numbers_.subscribe_requests, answered_at - began);
  measured_ = true;
  if (Stopped(asked)) return false;
  if (const auto& trouble = subscribing_->trouble()) {
    FailBy(*trouble, std::to_string(all - accepted) + " of " + std::to_string(all) + " subscribes");
  }
  const auto verified = [this] { return swarm_->verified() + swarm_->denied(); };
  const WaitEnd end = waiter_.For([&] { return verified() >= accepted; }, verified, settings_.idle);
  const auto idle = end == WaitEnd::kIdle ? settings_.idle : Duration::zero();
  numbers_.verifications_per_second = Rate(swarm_->verified(), Clock::now() - began - idle);
  if (Stopped(end)) return false;
  if (swarm_->denied() > 0) {
    Fail(ExitStatus::kDenied, "the hub denied " + std::to_string(swarm_->denied()) +
                                  " subscriptions: " + swarm_->FirstDenial());
  }
  if (end == WaitEnd::kIdle) {
    Fail(ExitStatus::kNotVerified, "only " + Count(swarm_->verified(), accepted) +
                                       " subscriptions were verified; no more came in " +
                                       FormatDuration(settings_.idle));
  }
  for (std::uint32_t each = 0; each < all; ++each) {
    if (swarm_->IsVerified(each)) ledger_->Owe(each);
  }
  return swarm_->verified() > 0;
}

// A hub keeps a subscription some moments after its challenge was echoed. What is published in
// between need not be delivered.
void Bench::SettleDown(Duration wait) {
  stage_ = [] { return std::string("letting the hub settle"); };
  waiter_.For([] { return false; }, [] { return std::uint64_t{0}; }, wait);
}

bool Bench::Publish() {
  measured_ = true;
  if (settings_.subscribers > 0) SettleDown(settings_.settle);
  PublisherOptions options;
  options.hub = settings_.hub;
  options.headers = settings_.headers;
  options.run = shape_.run;
  options.topics = settings_.topics;
  options.messages = settings_.messages;
  options.connections = settings_.connections;
  options.size = settings_.size;
  options.kind = settings_.publish;
  options.wait = settings_.wait;
  options.timeout = kCallTimeout;
  publisher_ = std::make_unique<Publisher>(std::move(options), *wire_, *places_, *swarm_, *ledger_);
  ledger_->OnComplete([this](std::uint32_t topic, std::uint32_t sequence) {
    publisher_->Complete(topic, sequence);
  });
  const std::uint64_t messages = std::uint64_t{settings_.topics} * settings_.messages;
  stage_ = [this, messages] {
    return "published " + Count(publisher_->answered(), messages) + ", " +
           std::to_string(ledger_->Delivered()) + " delivered";
  };
  publisher_->Start();
  const auto activity = [this] { return publisher_->answered() + ledger_->Arrivals(); };
  WaitEnd end = WaitEnd::kIdle;
  while (end == WaitEnd::kIdle) {
    end = waiter_.For([this] { return publisher_->finished(); }, activity, settings_.idle);
    // A message that some never get is not worth the whole time: on to the next.
    if (end == WaitEnd::kIdle) publisher_->GiveUpWaiting();
  }
  publisher_->Stop();
  if (Stopped(end)) return false;
  if (const auto& trouble = publisher_->trouble()) FailBy(*trouble, "publish");
  return AwaitDeliveries();
}

bool Bench::AwaitDeliveries() {
  const auto arrivals = [this] { return ledger_->Arrivals(); };
  const WaitEnd end =
      waiter_.For([this] { return ledger_->AllDelivered(); }, arrivals, settings_.idle);
  if (Stopped(end)) return false;
  if (end == WaitEnd::kIdle) {
    result_.ended = Ended::kIdle;
    Fail(ExitStatus::kTimeout, "deliveries are missing, and none came in " +
                                   FormatDuration(settings_.idle) + " (--idle)");
  }
  // Duplicates may follow.
  stage_ = [] { return std::string("waiting for more than was asked for"); };
  const auto until = Clock::now() + std::max(settings_.idle, settings_.linger);
  if (settings_.subscribers > 0) {
    waiter_.For([&] { return Clock::now() > until; }, arrivals, settings_.linger);
  }
  return waiter_.signal() == 0 || !Stopped(WaitEnd::kSignal);
}

void Bench::Unsubscribe() {
  const std::uint32_t leaving = swarm_->verified();
  if (leaving == 0) return;
  std::vector<std::uint32_t> who;
  for (std::uint32_t each = 0; each < settings_.subscribers; ++each) {
    if (swarm_->IsVerified(each)) who.push_back(each);
  }
  unsubscribing_ = std::make_unique<ParallelCalls>(
      *wire_, leaving, settings_.connections, [this, who = std::move(who)](std::uint32_t number) {
        swarm_->WantUnsubscribed(who[number]);
        return SubscriptionCall(Mode::kUnsubscribe, who[number]);
      });
  stage_ = [this, leaving] { return "unsubscribing " + Count(swarm_->left(), leaving); };
  unsubscribing_->Start();
  const auto left = [this] { return swarm_->left(); };
  waiter_.For(
      [&] {
        return unsubscribing_->finished() &&
               left() >= std::min(leaving, unsubscribing_->accepted());
      },
      [&] { return std::uint64_t{left()} + unsubscribing_->answered(); }, kUnsubscribeIdle);
}

void Bench::Collect() {
  numbers_.verified = swarm_->verified();
  numbers_.denied = swarm_->denied();
  numbers_.left_behind = swarm_->verified() - swarm_->left();
  numbers_.origins = sink_->ports().size();
  numbers_.sink = sink_->Counts();
  // Nobody writes into the books any more.
  wire_.reset();
  sink_.reset();
  numbers_.ledger = ledger_->Numbers();
  numbers_.signatures = swarm_->Signatures();
  if (publisher_) {
    numbers_.publish = publisher_->kind();
    numbers_.waited = publisher_->waits();
  }
  if (numbers_.waited) numbers_.ledger.accepts_per_second.reset();
  if (numbers_.signatures.wrong > 0) {
    Fail(ExitStatus::kCheckFailed,
         std::to_string(numbers_.signatures.wrong) +
             " deliveries were not signed as they should be: " + numbers_.signatures.first_fault);
  }
  result_.numbers = std::move(numbers_);
}

RunResult Bench::Run() {
  if (const auto ready = SetUp(); !ready) {
    Fail(StatusOf(ready.error()), ready.error().message);
    return std::move(result_);
  }
  if (Subscribe()) Publish();
  if (!settings_.keep && wire_ && result_.ended != Ended::kSignal) Unsubscribe();
  if (measured_) Collect();
  return std::move(result_);
}

}  // namespace

RunResult RunBench(Environment& environment, const RunSettings& settings,
                   const Progress& progress) {
  return Bench(environment, settings, progress).Run();
}

}  // namespace websub::cli::bench
