// `websub serve --feed-diff` as a user runs it.
#include <doctest/doctest.h>
#include <signal.h>

#include "tests/support/feeds.h"
#include "tests/support/hub_process.h"

namespace websub::tests {
namespace {

using Json = nlohmann::json;

std::vector<Json> Notifications(const std::string& out) {
  std::vector<Json> events;
  std::size_t begin = 0;
  for (auto end = out.find('\n'); end != std::string::npos; end = out.find('\n', begin)) {
    Json event = Json::parse(out.substr(begin, end - begin));
    if (event["type"] == "notification") events.push_back(std::move(event));
    begin = end + 1;
  }
  return events;
}

TEST_CASE("a subscriber gets the new entries of a feed and a signature of just that (HUB-DIS-10)") {
  HubProcess hub({"--feed-diff"});
  const std::string type = "application/atom+xml; charset=utf-8";
  REQUIRE(hub.Put("feed", AtomFeed({"1"}), type).status == 201);
  Process subscriber({.args = {"subscribe", hub.Topic("feed"), "--count", "3", "--json"},
                      .environment = {},
                      .directory = {}});
  REQUIRE(subscriber.WaitForOut("\"verified\""));
  CHECK(hub.Put("feed", AtomFeed({"2", "1"}), type).status == 204);
  CHECK(RunWebsub(
            {"publish", hub.Topic("feed"), "--hub", hub.Hub(), "--content", "-", "--type", type},
            AtomFeed({"3", "2", "1"}, "other"))
            .status == 0);
  CHECK(hub.Put("feed", "no feed", "text/plain").status == 204);
  const Finished ended = subscriber.Wait();
  CAPTURE(ended.err);
  CHECK(ended.status == 0);
  const auto got = Notifications(ended.out);
  REQUIRE(got.size() == 3);
  CHECK(got[0]["body"] == AtomFeed({"2"}));
  CHECK(got[1]["body"] == AtomFeed({"3"}, "other"));
  CHECK(got[2]["body"] == "no feed");
  for (const Json& event : got) CHECK(event["signature"] == "valid");
  CHECK(got[0]["content_type"] == type);
  // The topic itself is whole.
  REQUIRE(hub.Put("feed", AtomFeed({"3", "2", "1"}), type).status == 204);
  CHECK(Ask("GET", hub.Topic("feed")).body == AtomFeed({"3", "2", "1"}));
}

TEST_CASE("what is new is known over a restart and for feeds that are fetched (HUB-DIS-10)") {
  HubProcess hub({"--feed-diff"});
  HttpPeer web;
  PlaySubscriber(web, "/cb");
  const auto publish = [&](const std::vector<std::string>& entries) {
    web.On("GET", "/feed",
           {.status = 200,
            .fields = {{"Content-Type", "application/atom+xml"}},
            .body = AtomFeed(entries)});
    CHECK(hub.Post({{"hub.mode", "publish"}, {"hub.topic", web.Url("/feed")}}).status == 204);
  };
  const auto delivered = [&] {
    std::vector<std::string> bodies;
    for (const auto& request : web.Requests()) {
      if (request.method == "POST") bodies.push_back(request.body);
    }
    return bodies;
  };
  REQUIRE(hub.SubscribeVerified(web.Url("/feed"), web.Url("/cb")));
  publish({"1"});
  REQUIRE(Eventually([&] { return delivered().size() == 1; }));
  hub.Restart(SIGTERM);
  publish({"2", "1"});
  REQUIRE(Eventually([&] { return delivered().size() == 2; }));
  CHECK(delivered() == std::vector{AtomFeed({"1"}), AtomFeed({"2"})});
  REQUIRE(Eventually([&] { return hub.Get("/exchanges?kind=deliver")["items"].size() == 2; }));
  const auto newest = hub.Get("/exchanges?kind=deliver&limit=1")["items"][0];
  CHECK(newest["outcome"] == "delivered, 1 of 2 entries");
  const auto whole = hub.Get("/exchanges/" + newest["id"].get<std::string>());
  CHECK(whole["request_body"] == AtomFeed({"2"}));
  CHECK(whole["request_body_note"] == "of the message's entries, 1 of 2, since m1");
}

}  // namespace
}  // namespace websub::tests
