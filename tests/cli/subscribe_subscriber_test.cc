#include <doctest/doctest.h>

#include "cli/commands/subscriber.h"
#include "core/form.h"

namespace websub::cli {
namespace {

constexpr char kTopic[] = "https://example.com/feed?a=1&b=c%2Fd";
constexpr char kSecret[] = "s3cret";
// openssl dgst -ALGORITHM -hmac s3cret of "hello"
constexpr char kSha1[] = "sha1=f875ad165d97aba6b68e2c2f7ea314aeb2a0082f";
constexpr char kSha256[] =
    "sha256=e5a01537481fa0b2c697f787c7aff885412cf0760d08e08502259b39d2d6ae68";
constexpr char kSha384[] =
    "sha384=4e54e8d2fa73a522418b3694e640f59d4b7046b6682e18c61d9e63797d3326b125bf09a7b89ae4486179d71"
    "088ad85a6";
constexpr char kSha512[] =
    "sha512=19be28bc1a54a07419829bba0df0daa580fbde5ddb89cece850074c504f31a6ef53a80a865448982fca5ae9"
    "9dffccc99e7115275c721eaefe1c13506b29a7286";

const Time kNow = ParseRfc3339("2026-11-21T20:00:00Z").value();

std::string Query(const std::string& mode, const std::string& topic, const std::string& more) {
  return "hub.mode=" + mode + "&hub.topic=" + PercentEncode(topic) + more;
}

CallbackDecision Get(Subscriber& subscriber, const std::string& query) {
  CallbackRequest request;
  request.method = "GET";
  request.query = query;
  return subscriber.OnRequest(request);
}

CallbackDecision Post(Subscriber& subscriber, std::string_view body,
                      std::optional<std::string_view> signature,
                      std::optional<std::string_view> message_id = std::nullopt) {
  CallbackRequest request;
  request.method = "POST";
  request.content_type = "text/plain";
  request.signature = signature;
  request.message_id = message_id;
  request.body = body;
  return subscriber.OnRequest(request);
}

const Delivery& DeliveryOf(const CallbackDecision& decision) {
  REQUIRE(std::holds_alternative<Delivery>(decision.meaning));
  return std::get<Delivery>(decision.meaning);
}

Subscriber Subscribed(const std::string& secret = kSecret) {
  Subscriber subscriber(kTopic, secret);
  subscriber.Ask();
  subscriber.Confirm({Mode::kSubscribe, std::chrono::seconds(90)}, kNow);
  return subscriber;
}

TEST_CASE("with a token only a verification that brings it is answered") {
  Subscriber subscriber(kTopic, kSecret, "t");
  subscriber.Ask();
  for (const char* more : {"&hub.challenge=c", "&hub.challenge=c&hub.verify_token=",
                           "&hub.challenge=c&hub.verify_token=T"}) {
    CHECK(Get(subscriber, Query("subscribe", kTopic, more)).status == 404);
  }
  const auto right =
      Get(subscriber, Query("subscribe", kTopic, "&hub.challenge=c&hub.verify_token=t"));
  CHECK(right.status == 200);
  CHECK(right.body == "c");
}

TEST_CASE("a wanted verification is answered with the challenge alone (SUB-VER-01)") {
  Subscriber subscriber(kTopic, kSecret);
  subscriber.Ask();
  const auto decision =
      Get(subscriber, Query("subscribe", kTopic, "&hub.challenge=a%2Bb+c&hub.lease_seconds=90"));
  CHECK(decision.status == 200);
  CHECK(decision.body == "a+b c");
  REQUIRE(std::holds_alternative<Verified>(decision.meaning));
  CHECK(!subscriber.active());  // until the answer is written
  const auto& verified = std::get<Verified>(decision.meaning);
  CHECK(subscriber.Confirm(verified, kNow) == Confirmation::kSubscribed);
  CHECK(subscriber.active());
  CHECK(subscriber.lease() == std::chrono::seconds(90));
}

TEST_CASE("parameters of the callback itself may stand beside those of the hub") {
  Subscriber subscriber(kTopic, kSecret);
  subscriber.Ask();
  CHECK(Get(subscriber, "a=1&" + Query("subscribe", kTopic, "&hub.challenge=x")).status == 200);
}

TEST_CASE("a verification of anything that was not asked for gets 404 (SUB-VER-02)") {
  Subscriber subscriber(kTopic, kSecret);
  const std::string wanted = Query("subscribe", kTopic, "&hub.challenge=x");
  CHECK(Get(subscriber, wanted).status == 404);  // before anything was asked for
  subscriber.Ask();
  const std::string other_topic = std::string(kTopic) + "/";
  for (const std::string& query :
       {Query("subscribe", other_topic, "&hub.challenge=x"),
        Query("unsubscribe", kTopic, "&hub.challenge=x"), Query("subscribe", kTopic, ""),
        Query("subscribe", kTopic, "&hub.challenge="), Query("publish", kTopic, ""),
        Query("denied", other_topic, ""), std::string("hub.challenge=x"), std::string(),
        std::string("%%%=&&&=%zz&hub.mode=%"), std::string(20000, '&')}) {
    CAPTURE(query.substr(0, 200));
    const auto decision = Get(subscriber, query);
    CHECK(decision.status == 404);
    CHECK(decision.body != "x");
    CHECK(std::holds_alternative<Unwanted>(decision.meaning));
  }
  CHECK(Get(subscriber, wanted).status == 200);
}

TEST_CASE("an unwanted verification says what was asked and what was expected (SUB-VER-02)") {
  Subscriber subscriber("https://example.com/feed", kSecret);
  subscriber.Ask();
  const auto decision =
      Get(subscriber, Query("subscribe", "https://example.com/feed/", "&hub.challenge=x"));
  const auto& sentence = std::get<Unwanted>(decision.meaning).sentence;
  CAPTURE(sentence);
  CHECK(sentence.find("\"https://example.com/feed/\"") != std::string::npos);
  CHECK(sentence.find("trailing slash") != std::string::npos);
  CHECK(sentence.find("expected was subscribe for \"https://example.com/feed\"") !=
        std::string::npos);
}

TEST_CASE("a denial ends the subscription (SUB-VER-03)") {
  Subscriber subscriber = Subscribed();
  const auto decision = Get(subscriber, Query("denied", kTopic, "&hub.reason=not+today"));
  CHECK(decision.status == 200);
  REQUIRE(std::holds_alternative<Denied>(decision.meaning));
  CHECK(std::get<Denied>(decision.meaning).reason == "not today");
  CHECK(!subscriber.active());
  CHECK(Post(subscriber, "hello", kSha256).status == 410);
  CHECK(Get(subscriber, Query("subscribe", kTopic, "&hub.challenge=x")).status == 404);
  CHECK(Get(subscriber, Query("unsubscribe", kTopic, "&hub.challenge=x")).status == 404);
}

TEST_CASE("the renewal is due before the lease has passed (SUB-VER-04)") {
  Subscriber subscriber = Subscribed();
  CHECK(subscriber.renewal_at() == kNow + std::chrono::seconds(60));
  CHECK(subscriber.lease_end() == kNow + std::chrono::seconds(90));
  subscriber.Ask();
  const Time later = kNow + std::chrono::seconds(61);
  const auto decision =
      Get(subscriber, Query("subscribe", kTopic, "&hub.challenge=x&hub.lease_seconds=300"));
  CHECK(subscriber.Confirm(std::get<Verified>(decision.meaning), later) == Confirmation::kRenewed);
  CHECK(subscriber.renewal_at() == later + std::chrono::seconds(200));
}

TEST_CASE("without a lease in the verification there is nothing to renew") {
  Subscriber subscriber(kTopic, kSecret);
  subscriber.Ask();
  const auto decision = Get(subscriber, Query("subscribe", kTopic, "&hub.challenge=x"));
  subscriber.Confirm(std::get<Verified>(decision.meaning), kNow);
  CHECK(subscriber.active());
  CHECK(!subscriber.lease());
  CHECK(!subscriber.renewal_at());
  CHECK(!subscriber.lease_end());
}

TEST_CASE("a delivery is acknowledged with 2xx (SUB-DIS-01)") {
  Subscriber subscriber = Subscribed();
  const auto decision = Post(subscriber, "hello", kSha256, "m1");
  CHECK(decision.status == 204);
  CHECK(DeliveryOf(decision).check.verdict == SignatureVerdict::kValid);
  CHECK(!DeliveryOf(decision).Discarded());
  CHECK(DeliveryOf(decision).content_type == "text/plain");
}

TEST_CASE("content with a wrong signature is discarded (SUB-DIS-02)") {
  Subscriber subscriber = Subscribed();
  for (const char* signature : {kSha1 + 1, "sha256=00", "", "sha256=", "md5=00", "sha256"}) {
    CAPTURE(signature);
    const auto decision = Post(subscriber, "hello", signature, "m1");
    CHECK(decision.status == 204);
    CHECK(DeliveryOf(decision).Discarded());
    CHECK(!DeliveryOf(decision).check.sentence.empty());
  }
  CHECK(DeliveryOf(Post(subscriber, "hello!", kSha256)).Discarded());
  // What was thrown away does not make the true message look like a repeat.
  CHECK(DeliveryOf(Post(subscriber, "hello", kSha256, "m1")).seen == Seen::kFirst);
}

TEST_CASE("unsigned content is discarded where a secret was given (SUB-DIS-03)") {
  Subscriber subscriber = Subscribed();
  const auto decision = Post(subscriber, "hello", std::nullopt);
  CHECK(DeliveryOf(decision).check.verdict == SignatureVerdict::kMissing);
  CHECK(DeliveryOf(decision).Discarded());
  Subscriber open = Subscribed("");
  CHECK(!DeliveryOf(Post(open, "hello", std::nullopt)).Discarded());
}

TEST_CASE("the method named in the header is the one that is used (SUB-DIS-04)") {
  Subscriber subscriber = Subscribed();
  for (const char* signature : {kSha1, kSha256, kSha384, kSha512}) {
    CAPTURE(signature);
    CHECK(DeliveryOf(Post(subscriber, "hello", signature)).check.verdict ==
          SignatureVerdict::kValid);
  }
}

TEST_CASE("once left a delivery gets 410 (SUB-DIS-06)") {
  Subscriber subscriber = Subscribed();
  subscriber.Leave();
  CHECK(Post(subscriber, "hello", kSha256).status == 410);
  CHECK(Get(subscriber, Query("subscribe", kTopic, "&hub.challenge=x")).status == 404);
  const auto decision = Get(subscriber, Query("unsubscribe", kTopic, "&hub.challenge=x"));
  CHECK(decision.status == 200);
  CHECK(subscriber.Confirm(std::get<Verified>(decision.meaning), kNow) ==
        Confirmation::kUnsubscribed);
  CHECK(!subscriber.active());
  CHECK(Post(subscriber, "hello", kSha256).status == 410);
}

TEST_CASE("a message id that came before is a duplicate") {
  Subscriber subscriber = Subscribed();
  CHECK(DeliveryOf(Post(subscriber, "hello", kSha256, "m1")).seen == Seen::kFirst);
  CHECK(DeliveryOf(Post(subscriber, "hello", kSha256, "m1")).seen == Seen::kBefore);
  CHECK(DeliveryOf(Post(subscriber, "hello", kSha256, "m2")).seen == Seen::kFirst);
  CHECK(DeliveryOf(Post(subscriber, "hello", kSha256)).seen == Seen::kFirst);
  CHECK(DeliveryOf(Post(subscriber, "hello", kSha256)).seen == Seen::kFirst);
}

TEST_CASE("the memory of message ids is bounded") {
  Subscriber subscriber = Subscribed("");
  for (std::size_t i = 0; i <= Subscriber::kMaxSeen; ++i) {
    Post(subscriber, "", std::nullopt, std::to_string(i));
  }
  CHECK(DeliveryOf(Post(subscriber, "", std::nullopt, "1")).seen == Seen::kBefore);
  CHECK(DeliveryOf(Post(subscriber, "", std::nullopt, "0")).seen == Seen::kFirst);
  const std::string long_id(Subscriber::kMaxMessageId + 1, 'm');
  Post(subscriber, "", std::nullopt, long_id);
  CHECK(DeliveryOf(Post(subscriber, "", std::nullopt, long_id)).seen == Seen::kFirst);
}

TEST_CASE("other methods on the callback get 405") {
  Subscriber subscriber = Subscribed();
  for (const char* method : {"HEAD", "PUT", "DELETE", "get", ""}) {
    CallbackRequest request;
    request.method = method;
    CHECK(subscriber.OnRequest(request).status == 405);
  }
}

TEST_CASE("an attempt that is no number is left out") {
  Subscriber subscriber = Subscribed("");
  CallbackRequest request;
  request.method = "POST";
  for (const auto& [text, attempt] : {std::pair<const char*, int>{"3", 3},
                                      {"0", 0},
                                      {"-1", 0},
                                      {"2x", 0},
                                      {"", 0},
                                      {"99999999999999", 0}}) {
    request.attempt = text;
    CAPTURE(text);
    CHECK(DeliveryOf(subscriber.OnRequest(request)).attempt.value_or(0) == attempt);
  }
}

TEST_CASE("a delivery that was answered with a failure is no repeat when it comes again") {
  Subscriber subscriber = Subscribed();
  CHECK(DeliveryOf(Post(subscriber, "hello", kSha256, "m1")).seen == Seen::kFirst);
  subscriber.Forget("m1");
  subscriber.Forget("m2");
  CHECK(DeliveryOf(Post(subscriber, "hello", kSha256, "m1")).seen == Seen::kFirst);
  CHECK(DeliveryOf(Post(subscriber, "hello", kSha256, "m1")).seen == Seen::kBefore);
}

TEST_CASE("what was found of a body that is not in memory counts (SUB-DIS-02)") {
  Subscriber subscriber = Subscribed();
  CallbackRequest request;
  request.method = "POST";
  request.signature = kSha256;
  request.check = SignatureCheck{SignatureVerdict::kInvalid, SignatureAlgorithm::kSha256, "no"};
  request.body_size = 1000;
  const auto decision = subscriber.OnRequest(request);
  const Delivery& discarded = DeliveryOf(decision);
  CHECK(discarded.Discarded());
  REQUIRE(discarded.finding);  // not that the body is empty: it is not there
  CHECK(discarded.finding->slug() == "signature-mismatch");
  request.check = SignatureCheck{SignatureVerdict::kValid, SignatureAlgorithm::kSha256, ""};
  CHECK_FALSE(DeliveryOf(subscriber.OnRequest(request)).Discarded());
}

}  // namespace
}  // namespace websub::cli
