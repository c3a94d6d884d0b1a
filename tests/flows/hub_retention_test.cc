// A hub keeps only so much of what happened, and says so.
#include <doctest/doctest.h>

#include "core/form.h"
#include "tests/support/hub_process.h"

namespace websub::tests {

TEST_CASE("a hub keeps the newest exchanges and tells which are gone") {
  HubProcess hub({"--keep-exchanges", "5"});
  for (int i = 0; i < 20; ++i) {
    const auto answer =
        Ask("POST",
            hub.Hub() + "?hub.mode=publish&hub.topic=" + PercentEncode("https://example.org/feed"),
            "text/plain", std::to_string(i));
    REQUIRE(answer.status == 200);
  }
  CHECK(Eventually([&] { return hub.Get("/exchanges")["items"].size() == 5; }));
  const auto newest = hub.Get("/exchanges")["items"].front()["id"].get<std::string>();
  CHECK(newest == "x20");
  const auto gone = Ask("GET", hub.base() + "/api/v1/exchanges/x1");
  CHECK(gone.status == 404);
  CHECK(gone.body.find("is gone") != std::string::npos);
  const auto never = Ask("GET", hub.base() + "/api/v1/exchanges/x21");
  CHECK(never.status == 404);
  CHECK(never.body.find("there is no exchange") != std::string::npos);
}

}  // namespace websub::tests
