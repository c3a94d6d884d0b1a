// POST hub.mode=publish: a ping in a form body, or the content itself with hub.topic in the query.
#include <utility>

#include "core/address_policy.h"
#include "core/subscription_request.h"
#include "hub/api/api.h"

namespace websub::hub {

// What is to become of each topic of a ping.
struct Api::Ping {
  struct Fate {
    std::string topic;
    std::optional<http::Response> refused;  // as it would be answered alone
    std::string outcome;
  };

  CallPtr call;
  std::vector<Fate> fates;  // in the order of the request, without what is no URL
  std::vector<PublishRequest::BadTopic> bad;
  std::size_t undecided = 0;
};

// What can be judged before a topic is fetched. One that the hub hosts is its own.
Result<void> Api::CheckPinged(const std::string& topic) const {
  const auto url = Url::Parse(topic);
  if (options_.topics && url && !HostedName(topic)) {
    const auto allowed = options_.topics->CheckUrl(*url);
    if (!allowed) return Fail(allowed.error().code, "hub.url: " + allowed.error().message);
  }
  return CheckRegistered(topic);
}

void Api::PublishPing(const CallPtr& call, const Form& form) {
  // Ballerina's and WSO2's publishers say so, and take another answer for success than others.
  if (call->request.Field("x-ballerina-publisher") == "event") call->speech = Speech::kForm;
  auto request = ParsePublishRequest(form);
  if (!request) return Answer(call, request.error());
  call->exchange.topic = request->topics.front();
  auto ping = std::make_shared<Ping>();
  ping->call = call;
  ping->bad = std::move(request->bad);
  for (std::string& topic : request->topics) ping->fates.push_back({std::move(topic), {}, {}});
  ping->undecided = ping->fates.size();
  for (std::size_t i = 0; i < ping->fates.size(); ++i) DecidePing(ping, i, form);
}

void Api::DecidePing(const std::shared_ptr<Ping>& ping, std::size_t index, const Form& form) {
  Ping::Fate& fate = ping->fates[index];
  const auto decided = [this, ping](Ping::Fate& its, std::optional<http::Response> refused,
                                    std::string outcome) {
    its.refused = std::move(refused);
    its.outcome = std::move(outcome);
    if (--ping->undecided == 0) FinishPing(ping);
  };
  if (const auto good = CheckPinged(fate.topic); !good) {
    return decided(fate, Refusal(*ping->call, good.error()), "refused: " + good.error().message);
  }
  AccessRequest request = RequestFor(*ping->call, Act::kPublish, form);
  request.topic = fate.topic;
  access_.Ask(std::move(request), [this, ping, index, decided](const Decision& decision) {
    ping->call->exchange.identity = IdentityOf(decision);
    if (std::holds_alternative<Allowed>(decision)) return decided(ping->fates[index], {}, "");
    auto [response, outcome] = Reply(*ping->call, decision);
    decided(ping->fates[index], std::move(response), std::move(outcome));
  });
}

// One answer for all: success when there is anything to fetch. What became of each topic is
// recorded.
void Api::FinishPing(const std::shared_ptr<Ping>& ping) {
  std::vector<std::string> topics;
  for (const Ping::Fate& fate : ping->fates) {
    if (!fate.refused) topics.push_back(fate.topic);
  }
  if (topics.empty()) {
    Ping::Fate& first = ping->fates.front();
    RecordOthers(*ping);
    return Answer(ping->call, std::move(*first.refused), std::move(first.outcome));
  }
  const Time now = clock_.Now();
  store_.RequestFetches(std::move(topics), now, [this, ping, now](const Result<void>& kept) {
    if (!kept) return Answer(ping->call, kept.error());
    for (Ping::Fate& fate : ping->fates) {
      if (!fate.refused) fate.outcome = "accepted: a fetch of the topic follows";
    }
    RecordOthers(*ping);
    http::Response response;
    response.status = 204;
    if (ping->call->speech == Speech::kForm) response = FormAccepted();
    Answer(ping->call, std::move(response), ping->fates.front().outcome);
    fetcher_.Requested(now);
  });
}

// The exchange itself tells of the first topic.
void Api::RecordOthers(const Ping& ping) {
  const auto record = [&](const std::string& topic, int status, std::string outcome) {
    Exchange exchange = ping.call->exchange;
    exchange.topic = topic;
    exchange.status = status;
    exchange.outcome = std::move(outcome);
    recorder_.Add(std::move(exchange));
  };
  for (std::size_t i = 1; i < ping.fates.size(); ++i) {
    const Ping::Fate& fate = ping.fates[i];
    record(fate.topic, fate.refused ? fate.refused->status : 204, fate.outcome);
  }
  for (const auto& bad : ping.bad) record(bad.topic, 400, "refused: " + bad.sentence);
}

// A topic whose content is pushed may be any name; but what is shown to every subscriber is no
// place for a password.
Result<void> Api::CheckTopicCredentials(const std::string& topic) const {
  const auto url = Url::Parse(topic);
  if (!options_.topics || !url) return {};
  const auto allowed = options_.topics->CheckCredentials(*url);
  if (!allowed) return Fail(allowed.error().code, "hub.topic: " + allowed.error().message);
  return {};
}

void Api::PublishContent(const CallPtr& call, const std::string& topic) {
  call->speech = Speech::kForm;
  call->exchange.topic = topic;
  auto good = CheckTopic(topic);
  if (!good) {
    return Answer(call, Error{ErrorCode::kInvalid, "hub.topic: " + good.error().message});
  }
  if (call->request.body.empty()) {
    return Answer(call, Error{ErrorCode::kInvalid,
                              "body: it is empty; send the content, or for a ping the parameters "
                              "in a form body"});
  }
  good = CheckTopicCredentials(topic);
  if (good) good = CheckRegistered(topic);
  if (!good) return Answer(call, good.error());
  const std::string type(call->request.Field("Content-Type").value_or(""));
  IfAllowed(call, Act::kPublish, {{"content_type", type}}, [this, call] { KeepContent(call); });
}

void Api::KeepContent(const CallPtr& call) {
  const std::string topic = call->exchange.topic.str();
  const auto answer = [this, call](const Result<Message>& kept) {
    if (!kept) return Answer(call, kept.error());
    call->exchange.message_id = kept->id;
    auto response = FormAccepted();
    response.fields.emplace_back("Websub-Message-Id", "m" + std::to_string(kept->id));
    Answer(call, std::move(response), "accepted: message m" + std::to_string(kept->id));
  };
  std::string type(call->request.Field("Content-Type").value_or(""));
  // A topic that the hub hosts shows what was published last, however it came.
  if (const auto name = HostedName(topic); name && store_.FindHostedRow(*name)) {
    return PutHosted(*name, std::move(type), std::move(call->request.body), answer);
  }
  auto body = std::make_shared<const std::string>(std::move(call->request.body));
  NewMessage message = PushedMessage({topic, std::move(type), std::move(body)}, options_.hub_url,
                                     options_.feed_diff, clock_.Now());
  store_.AppendMessage(std::move(message), [this, answer](const Result<Message>& kept) {
    answer(kept);
    if (kept) deliverer_.Wake(kept->topic_id, kept->id);
  });
}

}  // namespace websub::hub
