// The commands against each other, as a person or a CI job uses them.
#include <doctest/doctest.h>

#include "tests/support/hub_process.h"

namespace websub::tests {
namespace {

TEST_CASE("a subscriber for one notification and a publisher that waits for it find each other") {
  HubProcess hub;
  std::string body(60000, 'x');
  for (std::size_t i = 0; i < body.size(); i += 7) body[i] = static_cast<char>('a' + i % 26);
  REQUIRE(hub.Put("feed", "<feed/>", "application/atom+xml").status == 201);
  Process subscriber({.args = {"subscribe", hub.Topic("feed"), "--count", "1", "--json"},
                      .environment = {},
                      .directory = {}});
  REQUIRE(subscriber.WaitForOut("\"verified\""));
  const Finished published =
      RunWebsub({"publish", hub.Topic("feed"), "--hub", hub.Hub(), "--content", "-", "--type",
                 "application/atom+xml", "--wait-delivered", "1", "--timeout", "20s"},
                body);
  CAPTURE(published.err);
  CHECK(published.status == 0);
  const Finished ended = subscriber.Wait();
  CAPTURE(ended.err);
  CHECK(ended.status == 0);
  std::string got;
  std::size_t at = 0;
  while (at < ended.out.size()) {
    const auto end = ended.out.find('\n', at);
    const auto event = nlohmann::json::parse(ended.out.substr(at, end - at));
    if (event["type"] == "notification") {
      got = event["body"];
      CHECK(event["signature"] == "valid");
      CHECK(event["content_type"] == "application/atom+xml");
    }
    at = end + 1;
  }
  CHECK((got == body));
  CHECK(hub.Get("/subscriptions")["items"].empty());
}

TEST_CASE("a page on another server is discovered subscribed and fetched when it changes") {
  HubProcess hub;
  HttpPeer web;
  const auto page = [&](const std::string& text) {
    return "<!doctype html><html><head><link rel=\"hub\" href=\"" + hub.Hub() +
           "\"><link rel=self href=\"" + web.Url("/page.html") + "\"></head><body>" + text +
           "</body></html>";
  };
  const auto serve = [&](const std::string& text) {
    web.On("GET", "/page.html",
           {.status = 200, .fields = {{"Content-Type", "text/html"}}, .body = page(text)});
  };
  serve("one");
  Process subscriber(
      {.args = {"subscribe", web.Url("/page.html"), "--once"}, .environment = {}, .directory = {}});
  REQUIRE(subscriber.WaitForErr("verified"));
  serve("two");
  CHECK(RunWebsub({"publish", web.Url("/page.html")}).status == 0);
  const Finished ended = subscriber.Wait();
  CAPTURE(ended.err);
  CAPTURE(hub.Get("/exchanges").dump(1));
  CHECK(ended.status == 0);
  CHECK(ended.out.find("signature: valid") != std::string::npos);
  CHECK(ended.out.find(page("two")) != std::string::npos);
}

}  // namespace
}  // namespace websub::tests
