#include "core/publish_request.h"

#include <doctest/doctest.h>

#include "tests/support/cases.h"

namespace websub {
namespace {

TEST_CASE("reads every topic of a ping once and in order") {
  for (const auto& row : tests::ReadCases("core/publish_request.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const auto form = ParseForm(row["body"].get<std::string>());
    REQUIRE(form.has_value());
    const auto request = ParsePublishRequest(*form);
    if (row.contains("error")) {
      REQUIRE_FALSE(request.has_value());
      CHECK(request.error().code == ErrorCode::kInvalid);
      CHECK_MESSAGE(request.error().message.find(row["error"].get<std::string>()) == 0,
                    request.error().message);
      continue;
    }
    REQUIRE_MESSAGE(request.has_value(), request.error().message);
    const auto topics = row["topics"].get<std::vector<std::string>>();
    CHECK(request->topics == topics);
    const auto bad = row.value("bad", nlohmann::json::array());
    REQUIRE(request->bad.size() == bad.size());
    for (std::size_t i = 0; i < bad.size(); ++i) {
      CHECK(request->bad[i].topic == bad[i][0].get<std::string>());
      CHECK_MESSAGE(request->bad[i].sentence.find(bad[i][1].get<std::string>()) == 0,
                    request->bad[i].sentence);
    }
    for (const auto parameter :
         {PublishParameter::kUrl, PublishParameter::kTopic, PublishParameter::kBoth}) {
      const auto again = ParsePublishRequest(ToForm(*request, parameter));
      REQUIRE(again.has_value());
      CHECK(again->topics == topics);
    }
  }
}

TEST_CASE("writes a ping with the parameter that was chosen") {
  const PublishRequest request{{"http://a/1", "http://a/2"}};
  CHECK(EncodeForm(ToForm(request, PublishParameter::kUrl)) ==
        "hub.mode=publish&hub.url=http%3A%2F%2Fa%2F1&hub.url=http%3A%2F%2Fa%2F2");
  CHECK(EncodeForm(ToForm(request, PublishParameter::kTopic)) ==
        "hub.mode=publish&hub.topic=http%3A%2F%2Fa%2F1&hub.topic=http%3A%2F%2Fa%2F2");
  CHECK(EncodeForm(ToForm({{"http://a/1"}}, PublishParameter::kBoth)) ==
        "hub.mode=publish&hub.url=http%3A%2F%2Fa%2F1&hub.topic=http%3A%2F%2Fa%2F1");
}

TEST_CASE("a topic that was written as it is goes to the end and is not decoded") {
  for (const auto& row : tests::ReadCases("core/plain_topic.json")) {
    CAPTURE(row["name"].get<std::string>());
    const auto text = row["text"].get<std::string>();
    const auto mode = row["mode"].get<std::string>();
    const auto topic = PlainTopic(text, mode);
    CHECK(topic.has_value() == row.contains("topic"));
    CHECK(topic.value_or("") == row.value("topic", ""));
    if (mode == "publish" && topic) CHECK(ContentTopic(text) == topic);
  }
  CHECK(ContentTopic("hub.mode=publish&hub.topic=http%3A%2F%2Fa%2F1") == "http://a/1");
  CHECK(ContentTopic("hub.topic=orders&hub.mode=publish") == "orders");
  CHECK_FALSE(ContentTopic("hub.mode=register&hub.topic=orders").has_value());
}

}  // namespace
}  // namespace websub
