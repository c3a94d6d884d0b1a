// POST /api/v1/messages: publish messages of EchoStream. Asked for like any publish, and accepted
// when they are on disk; what becomes of content that is to be fetched first is
// hub/fetch/inbox.h's.
#include <algorithm>
#include <utility>

#include "core/address_policy.h"
#include "core/text.h"
#include "hub/api/api.h"
#include "hub/api/respond.h"
#include "hub/api/views.h"

namespace websub::hub {

namespace {

// What is sent without any type may be JSON.
bool IsJson(std::string_view content_type) {
  const std::string type = ToLower(Trim(content_type.substr(0, content_type.find(';'))));
  return type.empty() || type == "application/json" || type == "application/x-ndjson" ||
         type == "application/ndjson" ||
         (type.starts_with("application/") && type.ends_with("+json"));
}

// The member is called topic here, not hub.topic.
Result<void> NameMember(Result<void> checked) {
  constexpr std::string_view kPrefix = "hub.";
  if (!checked && checked.error().message.starts_with(kPrefix)) {
    checked.error().message.erase(0, kPrefix.size());
  }
  return checked;
}

std::string IdOf(const InboxReceipt& receipt) {
  return receipt.message ? PrintId(kMessageLetter, receipt.message->id)
                         : PrintId(kInboxLetter, receipt.waits_as);
}

std::string OutcomeOf(const InboxReceipt& receipt, const EchoMessage& message) {
  if (receipt.message) return "accepted: message " + IdOf(receipt);
  return "accepted: " + IdOf(receipt) + ", " +
         (message.content_url.empty() ? "behind others of the topic"
                                      : "its content is fetched from " + message.content_url);
}

}  // namespace

// What one request brought: all of it is accepted, or nothing.
struct Api::Handover {
  CallPtr call;
  std::vector<EchoMessage> messages;
  std::vector<std::string> identities;  // who asks, for each of them
  std::size_t undecided = 0;
  std::optional<std::size_t> refused;  // the first that was
  std::pair<http::Response, std::string> refusal;
};

void Api::Messages(http::Request request, http::Respond respond) {
  // As at /hub: no publisher is a web page. Whether it may publish is asked for below, so that it
  // needs no token of the API.
  if (const auto own = CheckOrigin(request, options_.guard); !own) {
    return respond(Refuse(own.error()));
  }
  const CallPtr call = Record(std::move(request), std::move(respond), ExchangeKind::kPublish);
  call->exchange.request_body = MaskBody(call->request.body);
  const std::string type(call->request.Field("Content-Type").value_or(""));
  if (!IsJson(type)) {
    return Answer(call,
                  http::Response::Text(
                      415, "Content-Type: send messages as application/json, not " + Quote(type)),
                  "refused: not JSON");
  }
  auto messages = ParseEchoMessages(type, call->request.body);
  call->request.body.clear();
  if (!messages) return Answer(call, messages.error());
  const bool several = messages->size() > 1;
  for (std::size_t i = 0; i < messages->size(); ++i) {
    const EchoMessage& message = (*messages)[i];
    call->exchange.topic = message.topic;
    auto good = CheckEcho(message);
    if (good) continue;
    if (several) good.error().message.insert(0, "message " + std::to_string(i + 1) + ": ");
    return Answer(call, good.error());
  }
  auto handover = std::make_shared<Handover>();
  handover->call = call;
  handover->undecided = messages->size();
  handover->identities.resize(messages->size());
  handover->messages = std::move(*messages);
  for (std::size_t i = 0; i < handover->messages.size(); ++i) DecideEcho(handover, i);
}

// What can be judged before content is fetched. A topic that the hub hosts is its own.
Result<void> Api::CheckEcho(const EchoMessage& message) const {
  auto good = CheckTopicCredentials(message.topic);
  if (good) good = CheckRegistered(message.topic);
  if (!good) return NameMember(std::move(good));
  const auto url = Url::Parse(message.content_url);
  if (options_.topics && url && !HostedName(message.content_url)) {
    const auto allowed = options_.topics->CheckUrl(*url);
    if (!allowed) return Fail(allowed.error().code, "contentUrl: " + allowed.error().message);
  }
  return {};
}

void Api::DecideEcho(const std::shared_ptr<Handover>& handover, std::size_t index) {
  const EchoMessage& message = handover->messages[index];
  Form details;
  if (!message.content_type.empty()) details.push_back({"content_type", message.content_type});
  if (!message.content_url.empty()) details.push_back({"content_url", message.content_url});
  AccessRequest request = RequestFor(*handover->call, Act::kPublish, details);
  request.topic = message.topic;
  access_.Ask(std::move(request), [this, handover, index](const Decision& decision) {
    handover->identities[index] = IdentityOf(decision);
    if (!std::holds_alternative<Allowed>(decision) &&
        (!handover->refused || index < *handover->refused)) {
      handover->refused = index;
      handover->refusal = Reply(*handover->call, decision);
    }
    if (--handover->undecided == 0) KeepEchoes(handover);
  });
}

void Api::KeepEchoes(const std::shared_ptr<Handover>& handover) {
  const CallPtr& call = handover->call;
  const std::size_t first = handover->refused.value_or(0);
  call->exchange.topic = handover->messages[first].topic;
  call->exchange.identity = handover->identities[first];
  if (handover->refused) {
    return Answer(call, std::move(handover->refusal.first), std::move(handover->refusal.second));
  }
  const Time now = clock_.Now();
  std::vector<NewInboxEntry> entries;
  entries.reserve(handover->messages.size());
  for (std::size_t i = 0; i < handover->messages.size(); ++i) {
    EchoMessage& its = handover->messages[i];
    NewInboxEntry& entry = entries.emplace_back();
    entry.content_url = its.content_url;
    entry.hosted = HostedName(its.topic).value_or("");
    entry.identity = handover->identities[i];
    auto body =
        its.content ? std::make_shared<const std::string>(*std::move(its.content)) : nullptr;
    if (its.content_url.empty()) {
      const std::string type = its.content_type.empty() ? "text/plain" : its.content_type;
      entry.message = PushedMessage({its.topic, type, std::move(body)}, options_.hub_url,
                                    options_.feed_diff, now);
    } else {
      entry.message.topic = its.topic;
      entry.message.content_type = its.content_type;
      entry.message.body = std::move(body);
      entry.message.now = now;
    }
  }
  store_.AddToInbox(std::move(entries),
                    [this, handover, now](const Result<std::vector<InboxReceipt>>& kept) {
                      if (!kept) return Answer(handover->call, kept.error());
                      AnswerEchoes(*handover, *kept);
                      inbox_.Added(now);
                    });
}

// The exchange itself tells of the first message. The others get one each, without the body.
void Api::AnswerEchoes(const Handover& handover, const std::vector<InboxReceipt>& receipts) {
  const CallPtr& call = handover.call;
  Json ids = Json::array();
  std::string body = std::exchange(call->exchange.request_body, {});  // not to be copied for each
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    const InboxReceipt& receipt = receipts[i];
    ids.push_back(IdOf(receipt));
    if (receipt.message) deliverer_.Wake(receipt.message->topic_id, receipt.message->id);
    if (i == 0) {
      if (receipt.message) call->exchange.message_id = receipt.message->id;
      continue;
    }
    Exchange other = call->exchange;
    other.topic = handover.messages[i].topic;
    other.identity = handover.identities[i];
    other.status = 202;
    other.outcome = OutcomeOf(receipt, handover.messages[i]);
    other.message_id = receipt.message ? std::optional(receipt.message->id) : std::nullopt;
    recorder_.Add(std::move(other));
  }
  call->exchange.request_body = std::move(body);
  http::Response response;
  response.status = 202;
  response.fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  response.body = Dump(Json{{"accepted", receipts.size()}, {"ids", std::move(ids)}}) + "\n";
  Answer(call, std::move(response), OutcomeOf(receipts.front(), handover.messages.front()));
}

}  // namespace websub::hub
