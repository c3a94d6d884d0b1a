#include "cli/bench/publisher.h"

#include <numeric>

#include "core/form.h"
#include "core/publish_request.h"
#include "core/request_head.h"

namespace websub::cli::bench {

Publisher::Publisher(PublisherOptions options, Wire& wire, const Places& places, Swarm& swarm,
                     Ledger& ledger)
    : options_(std::move(options)),
      wire_(wire),
      places_(places),
      swarm_(swarm),
      ledger_(ledger),
      kind_(options_.kind),
      topics_(options_.topics),
      waits_(options_.wait || options_.kind == PublishKind::kPing) {}

void Publisher::Start() {
  wire_.Post([this] {
    Prepare();
    Fill();
  });
}

// What does not change from message to message. The hub's URL was read before: with a topic
// appended it is one still.
void Publisher::Prepare() {
  hub_ = Url::Parse(options_.hub).value_or(Url());
  for (std::uint32_t topic = 0; topic < options_.topics; ++topic) {
    const std::string query =
        EncodeForm({{"hub.mode", "publish"}, {"hub.topic", places_.Topic(topic)}});
    topics_[topic].url = Url::Parse(AppendQuery(options_.hub, query)).value_or(hub_);
    topics_[topic].head = RequestHead(
        "POST", topics_[topic].url,
        Merged({{"Content-Type", "text/plain"}, {"Content-Length", std::to_string(options_.size)}},
               options_.headers));
  }
  if (options_.messages == 0) return;
  ready_.resize(options_.topics);
  std::iota(ready_.begin(), ready_.end(), 0);
}

void Publisher::Fill() {
  const std::uint32_t most = probing_ ? 1 : options_.connections;
  while (!stopped_ && flying_ < most && !ready_.empty()) {
    const std::uint32_t topic = ready_.front();
    ready_.pop_front();
    Send(topic);
  }
  if (flying_ == 0 && (stopped_ || (ready_.empty() && waiting_ == 0))) {
    finished_.store(true, std::memory_order_release);
  }
}

hub::OutgoingRequest Publisher::MakeRequest(std::uint32_t topic, std::uint32_t sequence) const {
  hub::OutgoingRequest request;
  request.timeout = options_.timeout;
  if (kind_ != PublishKind::kPing) {
    request.url = topics_[topic].url;
    request.head = topics_[topic].head;
    request.body = std::make_shared<const std::string>(
        MakeContent({options_.run, topic, sequence}, options_.size));
    return request;
  }
  const PublishRequest ping{{places_.Topic(topic)}};
  request.url = hub_;
  request.body =
      std::make_shared<const std::string>(EncodeForm(ToForm(ping, PublishParameter::kBoth)));
  request.head = RequestHead("POST", hub_,
                             Merged({{"Content-Type", "application/x-www-form-urlencoded"},
                                     {"Content-Length", std::to_string(request.body->size())}},
                                    options_.headers));
  return request;
}

void Publisher::Send(std::uint32_t topic) {
  const std::uint32_t sequence = topics_[topic].next;
  topics_[topic].complete = ledger_.OwedOf(topic) == 0;
  ++flying_;
  swarm_.SetNewest(topic, sequence);
  hub::OutgoingRequest request = MakeRequest(topic, sequence);
  ledger_.Sent(topic, sequence, std::chrono::steady_clock::now());
  wire_.client().Send(std::move(request), [this, topic](hub::OutgoingResult answer) {
    OnAnswer(topic, std::move(answer));
  });
}

bool Publisher::FallBackToPing(std::uint32_t topic, const hub::OutgoingResult& answer) {
  if (kind_ != PublishKind::kAuto) return false;
  const bool refused = answer.fault == Fault::kNone && answer.status >= 400 && answer.status < 500;
  kind_ = refused ? PublishKind::kPing : PublishKind::kContent;
  if (!refused) return false;
  waits_ = true;
  Send(topic);
  return true;
}

void Publisher::OnAnswer(std::uint32_t topic, hub::OutgoingResult answer) {
  const SteadyTime now = std::chrono::steady_clock::now();
  --flying_;
  if (FallBackToPing(topic, answer)) return;
  ++answered_;
  const bool accepted = answer.fault == Fault::kNone && answer.Ok2xx();
  const PublishState state = accepted                       ? PublishState::kAccepted
                             : answer.fault == Fault::kNone ? PublishState::kRefused
                                                            : PublishState::kUnknown;
  Topic& state_of = topics_[topic];
  ledger_.Answered(topic, state_of.next++, now, state);
  if (!accepted) {
    if (!trouble_) trouble_ = std::make_unique<Trouble>(Trouble{std::move(answer)});
    if (probing_) stopped_ = true;
  }
  probing_ = false;
  if (accepted && waits_ && !state_of.complete) {
    state_of.waiting = true;
    ++waiting_;
  } else if (state_of.next < options_.messages) {
    ready_.push_back(topic);
  }
  Fill();
}

void Publisher::GoOn(std::uint32_t topic) {
  if (!std::exchange(topics_[topic].waiting, false)) return;
  --waiting_;
  if (topics_[topic].next < options_.messages) ready_.push_back(topic);
}

void Publisher::Complete(std::uint32_t topic, std::uint32_t sequence) {
  if (!waits_) return;
  wire_.Post([this, topic, sequence] {
    Topic& state = topics_[topic];
    // The last delivery may come ahead of the answer to the publish.
    const std::uint32_t current = state.waiting ? state.next - 1 : state.next;
    if (sequence != current) return;
    state.complete = true;
    GoOn(topic);
    Fill();
  });
}

void Publisher::GiveUpWaiting() {
  wire_.Post([this] {
    for (std::uint32_t topic = 0; topic < options_.topics; ++topic) GoOn(topic);
    Fill();
  });
}

}  // namespace websub::cli::bench
