// POST hub.mode=publish: a ping in a form body, or the content itself with hub.topic in the query.
#include <utility>

#include "core/address_policy.h"
#include "core/digest.h"
#include "core/feed_diff.h"
#include "core/publish_request.h"
#include "core/subscription_request.h"
#include "core/text.h"
#include "hub/api/api.h"

namespace websub::hub {

namespace {

http::Response Accepted() {
  http::Response response;
  response.status = 200;
  response.fields = {{"Content-Type", "application/x-www-form-urlencoded"}};
  response.body = "hub.mode=accepted";
  return response;
}

}  // namespace

// What can be judged before the topics are fetched. A topic that the hub hosts is its own.
Result<void> Api::CheckTopics(const std::vector<std::string>& topics) const {
  for (const std::string& topic : topics) {
    const auto url = Url::Parse(topic);
    if (!options_.topics || !url || HostedName(topic)) continue;
    const auto allowed = options_.topics->CheckUrl(*url);
    if (!allowed) return Fail(allowed.error().code, "hub.url: " + allowed.error().message);
  }
  return {};
}

void Api::PublishPing(const CallPtr& call, const Form& form) {
  auto request = ParsePublishRequest(form);
  if (!request) return Answer(call, request.error());
  call->exchange.topic = request->topics.front();
  if (const auto allowed = CheckTopics(request->topics); !allowed) {
    return Answer(call, allowed.error());
  }
  const std::size_t count = request->topics.size();
  const Time now = clock_.Now();
  store_.RequestFetches(
      std::move(request->topics), now, [this, call, count, now](Result<void> kept) {
        if (!kept) return Answer(call, kept.error());
        // Ballerina's and WSO2's publishers take exactly this answer for success.
        const bool event = call->request.Field("x-ballerina-publisher") == "event";
        Answer(call,
               event ? Accepted()
                     : http::Response{.status = 204, .fields = {}, .body = {}, .on_sent = {}},
               count == 1 ? "accepted: a fetch of the topic follows"
                          : "accepted: fetches of " + std::to_string(count) + " topics follow");
        fetcher_.Requested(now);
      });
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

void Api::PublishContent(const CallPtr& call, const Form& query) {
  const std::string topic(FindField(query, "hub.topic").value_or(""));
  call->exchange.topic = topic;
  if (topic.empty() || topic.size() > kMaxTopic || !IsUtf8(topic) ||
      std::any_of(topic.begin(), topic.end(), [](char c) { return IsControl(c); })) {
    return Answer(
        call, Error{ErrorCode::kInvalid,
                    "hub.topic: it must be 1 to 8192 bytes of UTF-8 without control characters"});
  }
  if (const auto allowed = CheckTopicCredentials(topic); !allowed) {
    return Answer(call, allowed.error());
  }
  if (call->request.body.empty()) {
    return Answer(call,
                  Error{ErrorCode::kInvalid,
                        "body: it is empty; send the content, or for a ping the parameters in "
                        "a form body"});
  }
  const auto answer = [this, call](const Result<Message>& kept) {
    if (!kept) return Answer(call, kept.error());
    call->exchange.message_id = kept->id;
    auto response = Accepted();
    response.fields.emplace_back("Websub-Message-Id", "m" + std::to_string(kept->id));
    Answer(call, std::move(response), "accepted: message m" + std::to_string(kept->id));
  };
  std::string type(call->request.Field("Content-Type").value_or(""));
  // A topic that the hub hosts shows what was published last, however it came.
  if (const auto name = HostedName(topic); name && store_.FindHosted(*name)) {
    return PutHosted(*name, std::move(type), std::move(call->request.body), answer);
  }
  NewMessage message;
  message.topic = topic;
  message.content_type = std::move(type);
  message.hubs = {options_.hub_url};
  message.self = topic;
  message.body = std::make_shared<const std::string>(std::move(call->request.body));
  message.content_hash = Sha256Hex(*message.body);
  message.now = clock_.Now();
  if (options_.feed_diff == FeedDiff::kOn) {
    message.entries = DigestsOf(ReadFeed(message.content_type, *message.body));
  }
  store_.AppendMessage(std::move(message), [this, answer](const Result<Message>& kept) {
    answer(kept);
    if (kept) deliverer_.Wake(kept->topic_id, kept->id);
  });
}

}  // namespace websub::hub
