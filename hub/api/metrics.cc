#include "hub/api/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>
#include <utility>
#include <vector>

#include "core/version.h"

namespace websub::hub {

namespace {

using prometheus::ClientMetric;
using prometheus::Counter;
using prometheus::Histogram;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::size_t kKinds = static_cast<std::size_t>(ExchangeKind::kHook) + 1;
constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::kCancelled) + 1;
constexpr std::size_t kOutcomes = static_cast<std::size_t>(DeliveryOutcome::Kind::kGone) + 1;

// Status classes: what the hub answers is one of the first four.
constexpr std::array<const char*, 6> kClasses = {"2xx", "3xx", "4xx", "5xx", "other", "none"};
constexpr std::size_t kAnswered = 4;
constexpr std::size_t kOther = 4;
constexpr std::size_t kNone = 5;

constexpr std::array<const char*, kOutcomes> kOutcomeNames = {"delivered", "retry", "dead_letter",
                                                              "gone"};

// Seconds. Of one attempt: from a peer on the same machine to the longest --delivery-timeout that
// is usual. From the message to its delivery: also across retries, which may take days.
const Histogram::BucketBoundaries kAttemptBuckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                     0.25,  0.5,    1,     2.5,  5,     10,   30};
const Histogram::BucketBoundaries kLagBuckets = {
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 21600, 86400};

std::size_t ClassOf(int status) {
  if (status == 0) return kNone;
  return status >= 200 && status < 600 ? static_cast<std::size_t>(status / 100 - 2) : kOther;
}

bool IsRequest(ExchangeKind kind) {  // of a peer; the others are calls of the hub
  return kind <= ExchangeKind::kDeregister;
}

// Else its time says nothing of the peer.
bool WasTried(Fault fault) {
  return fault != Fault::kBadUrl && fault != Fault::kForbiddenAddress && fault != Fault::kCancelled;
}

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double Number(auto value) {
  return static_cast<double>(value);
}

struct Sample {
  std::vector<ClientMetric::Label> labels;
  double value = 0;
};

MetricFamily Family(MetricType type, std::string name, std::string help,
                    const std::vector<Sample>& samples) {
  MetricFamily family{std::move(name), std::move(help), type, {}};
  for (const Sample& sample : samples) {
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = sample.labels;
    (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = sample.value;
  }
  return family;
}

MetricFamily GaugeOf(std::string name, std::string help, const std::vector<Sample>& samples) {
  return Family(MetricType::Gauge, std::move(name), std::move(help), samples);
}

MetricFamily GaugeOf(std::string name, std::string help, double value) {
  return GaugeOf(std::move(name), std::move(help), {Sample{{}, value}});
}

// 0 where the system does not tell.
double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  long long all = 0;
  long long resident = 0;
  file >> all >> resident;
  return file ? Number(resident * sysconf(_SC_PAGESIZE)) : 0;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return Number(time.tv_sec) + Number(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void AddStore(const Gauges& now, std::vector<MetricFamily>& out) {
  const Counts& counts = now.counts;
  out.push_back(GaugeOf("websub_topics", "Topics.", Number(counts.topics)));
  const std::pair<SubscriptionState, std::int64_t> states[] = {
      {SubscriptionState::kPending, counts.pending},
      {SubscriptionState::kActive, counts.active},
      {SubscriptionState::kUnverified, counts.unverified},
      {SubscriptionState::kDenied, counts.denied},
      {SubscriptionState::kUnsubscribed, counts.unsubscribed},
      {SubscriptionState::kExpired, counts.expired},
      {SubscriptionState::kGone, counts.gone}};
  std::vector<Sample> samples;
  for (const auto& [state, count] : states) {
    samples.push_back({{{"state", std::string(Name(state))}}, Number(count)});
  }
  out.push_back(GaugeOf("websub_subscriptions",
                        "Subscriptions by state; those that have ended while they are kept.",
                        samples));
  out.push_back(GaugeOf("websub_subscriptions_retrying",
                        "Active subscriptions that wait for the next attempt of a message.",
                        Number(counts.retrying)));
  out.push_back(GaugeOf("websub_messages", "Messages that are kept.", Number(counts.messages)));
  out.push_back(Family(MetricType::Counter, "websub_messages_accepted_total",
                       "Messages that were accepted since the database was made.",
                       {Sample{{}, Number(now.last_message)}}));
  out.push_back(GaugeOf("websub_exchanges", "Exchanges that are kept.", Number(counts.exchanges)));
  out.push_back(GaugeOf("websub_dead_letters", "Messages that were given up for a subscription.",
                        Number(counts.dead_letters)));
  out.push_back(GaugeOf("websub_fetches_waiting", "Topics that were pinged and not fetched yet.",
                        Number(counts.waiting_fetches)));
  out.push_back(GaugeOf("websub_inbox_messages",
                        "Messages that wait for their content, or behind such a one.",
                        Number(counts.inbox)));
  out.push_back(GaugeOf("websub_database_bytes", "The database on the disk, and its log.",
                        {Sample{{{"part", "file"}}, Number(now.size.file)},
                         Sample{{{"part", "log"}}, Number(now.size.log)}}));
  out.push_back(GaugeOf("websub_database_writable", "1, or 0 while the disk takes no writes.",
                        now.takes_writes ? 1 : 0));
}

void AddWork(const Gauges& now, std::vector<MetricFamily>& out) {
  out.push_back(GaugeOf("websub_deliveries_due",
                        "Subscriptions that have something to get now and are being served.",
                        Number(now.deliveries_due)));
  const auto& flying = now.in_flight;
  out.push_back(GaugeOf("websub_calls_in_flight", "Calls that wait for their answer.",
                        {Sample{{{"kind", "deliver"}}, Number(flying.deliveries)},
                         Sample{{{"kind", "resend"}}, Number(flying.resends)},
                         Sample{{{"kind", "verify"}}, Number(flying.verifications)},
                         Sample{{{"kind", "fetch"}}, Number(flying.fetches)}}));
  out.push_back(GaugeOf("websub_exchanges_waiting",
                        "Exchanges that happened and are not written down yet.",
                        Number(now.exchanges_waiting)));
  out.push_back(GaugeOf("websub_connections", "Connections of peers to the listener.",
                        Number(now.connections)));
  out.push_back(
      GaugeOf("websub_event_followers", "Streams and waits for events.", Number(now.followers)));
}

void AddProcess(Time started, std::vector<MetricFamily>& out) {
  out.push_back(
      GaugeOf("websub_build_info", "1, for the version.", {Sample{{{"version", kVersion}}, 1}}));
  out.push_back(GaugeOf("process_start_time_seconds", "When the hub started, since 1970.",
                        Seconds(started.time_since_epoch())));
  out.push_back(GaugeOf("process_resident_memory_bytes", "Memory in use.", ResidentBytes()));
  out.push_back(Family(MetricType::Counter, "process_cpu_seconds_total",
                       "Processor time, of the user and the system.", {Sample{{}, CpuSeconds()}}));
}

}  // namespace

struct Metrics::Impl {
  explicit Impl(Time start) : started(start) {
    auto& request_family = prometheus::BuildCounter()
                               .Name("websub_requests_total")
                               .Help(
                                   "Requests of peers by kind and status of the answer, as they "
                                   "are recorded: one that names several topics counts for each.")
                               .Register(registry);
    auto& call_family =
        prometheus::BuildCounter()
            .Name("websub_calls_total")
            .Help("Calls of the hub by kind and status of the answer; none: there was no answer.")
            .Register(registry);
    auto& fault_family = prometheus::BuildCounter()
                             .Name("websub_call_faults_total")
                             .Help("Calls of the hub that brought no whole answer, by what failed.")
                             .Register(registry);
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      const auto which = static_cast<ExchangeKind>(kind);
      const std::string name(Name(which));
      const bool request = IsRequest(which);
      for (std::size_t i = 0; i < (request ? kAnswered : kClasses.size()); ++i) {
        answers[kind][i] = &(request ? request_family : call_family)
                                .Add({{"kind", name}, {"status", kClasses[i]}});
      }
      for (std::size_t i = 1; i < kFaults && !request; ++i) {
        const std::string fault(Name(static_cast<Fault>(i)));
        faults[kind][i] = &fault_family.Add({{"kind", name}, {"fault", fault}});
      }
    }
    auto& outcome_family =
        prometheus::BuildCounter()
            .Name("websub_deliveries_total")
            .Help(
                "Attempts to deliver by what became of them: delivered, to be tried again, given "
                "up as a dead letter, or the end of the subscription (410).")
            .Register(registry);
    for (std::size_t i = 0; i < kOutcomes; ++i) {
      outcomes[i] = &outcome_family.Add({{"outcome", kOutcomeNames[i]}});
    }
  }

  const Time started;
  prometheus::Registry registry;
  std::array<std::array<Counter*, kClasses.size()>, kKinds> answers{};  // null: cannot be
  std::array<std::array<Counter*, kFaults>, kKinds> faults{};
  std::array<Counter*, kOutcomes> outcomes{};
  Counter& turned_away = prometheus::BuildCounter()
                             .Name("websub_requests_turned_away_total")
                             .Help("Requests that were answered 429 at the door, and not recorded.")
                             .Register(registry)
                             .Add({});
  Histogram& attempt = prometheus::BuildHistogram()
                           .Name("websub_delivery_duration_seconds")
                           .Help("How long an attempt to deliver took.")
                           .Register(registry)
                           .Add({}, kAttemptBuckets);
  Histogram& lag = prometheus::BuildHistogram()
                       .Name("websub_delivery_lag_seconds")
                       .Help("How long after a message was accepted a subscriber had it.")
                       .Register(registry)
                       .Add({}, kLagBuckets);
};

Metrics::Metrics(Time started) : impl_(std::make_unique<Impl>(started)) {}

Metrics::~Metrics() = default;

void Metrics::Count(const Exchange& exchange) {
  const auto kind = static_cast<std::size_t>(exchange.kind);
  if (Counter* const counter = impl_->answers[kind][ClassOf(exchange.status)]) counter->Increment();
  if (Counter* const counter = impl_->faults[kind][static_cast<std::size_t>(exchange.fault)]) {
    counter->Increment();
  }
  if (exchange.kind == ExchangeKind::kDeliver && WasTried(exchange.fault)) {
    impl_->attempt.Observe(Seconds(exchange.timings.total));
  }
}

void Metrics::Count(const DeliveryOutcome& outcome, Duration since_message) {
  impl_->outcomes[static_cast<std::size_t>(outcome.kind)]->Increment();
  if (outcome.kind != DeliveryOutcome::Kind::kDelivered) return;
  // The wall clock may have been set back.
  impl_->lag.Observe(Seconds(std::max(since_message, Duration::zero())));
}

void Metrics::CountTurnedAway() {
  impl_->turned_away.Increment();
}

std::string Metrics::Text(const Gauges& gauges) const {
  std::vector<MetricFamily> families = impl_->registry.Collect();
  for (MetricFamily& family : families) {  // for people, who compare two pages
    std::sort(family.metric.begin(), family.metric.end(),
              [](const ClientMetric& a, const ClientMetric& b) { return a.label < b.label; });
  }
  AddStore(gauges, families);
  AddWork(gauges, families);
  AddProcess(impl_->started, families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace websub::hub
