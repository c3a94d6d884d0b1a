// `websub inspect explain` over hubs whose subscribers, publishers and topics are broken, each in
// one way: it names the step where it stopped, and the fault.
#include <doctest/doctest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "core/form.h"
#include "tests/support/hub_process.h"
#include "tests/support/raw_peer.h"

namespace websub::tests {
namespace {

using nlohmann::json;

struct Explained {
  int status = -1;
  json object;
  std::string stopped_at() const {
    const auto found = object.find("stopped_at");
    return found == object.end() || found->is_null() ? "" : found->get<std::string>();
  }
  std::string slug() const {
    return object.is_object() && object.contains("finding")
               ? object["finding"]["slug"].get<std::string>()
               : "";
  }
};

Explained Explain(std::vector<std::string> args) {
  args.insert(args.begin(), {"inspect", "explain"});
  args.push_back("--json");
  const Finished run = RunWebsub(std::move(args));
  CAPTURE(run.err);
  // Nothing where the hub does not know it (yet).
  return {run.status, json::parse(run.out, nullptr, false)};
}

std::string ChallengeOf(const PeerRequest& request) {
  const auto query = ParseForm(request.query).value();
  return std::string(FindField(query, "hub.challenge").value_or(""));
}

// A hub that gives up soon, a topic that can change, and a callback at /cb.
class ExplainFlow {
 public:
  explicit ExplainFlow(std::vector<std::string> flags = {"--retry-base", "20ms",
                                                         "--delivery-retries", "1"})
      : hub_(std::move(flags)) {
    SetContent("one");
    PlaySubscriber(peer_, "/cb");
  }

  void SetContent(const std::string& text) {
    peer_.On("GET", "/feed", PeerAnswer{200, {{"Content-Type", "text/plain"}}, text});
  }
  // What the callback answers to verifications: the challenge with this around it.
  void Verify(const std::string& before, const std::string& behind, int status = 200) {
    peer_.On("GET", "/cb", [=](const PeerRequest& request) {
      return PeerAnswer{
          status, {{"Content-Type", "text/plain"}}, before + ChallengeOf(request) + behind};
    });
  }
  void Deliver(PeerAnswer answer) { peer_.On("POST", "/cb", std::move(answer)); }

  std::string topic() const { return peer_.Url("/feed"); }
  std::string callback() const { return peer_.Url("/cb"); }
  HubProcess& hub() { return hub_; }
  HttpPeer& peer() { return peer_; }

  void Subscribe(const std::string& state) {
    CHECK(hub_.Subscribe(topic(), callback()).status == 202);
    REQUIRE(hub_.WaitForState(callback(), state));
  }
  void Publish(const std::string& topic) {
    CHECK(hub_.Post({{"hub.mode", "publish"}, {"hub.url", topic}}).status == 204);
  }
  // Asks until it stops as it should; the last answer.
  Explained Until(const std::string& slug, const std::string& what = "s1") {
    Explained explained;
    Eventually([&] {
      explained = Explain({what, "--hub", hub_.Hub()});
      return explained.slug() == slug;
    });
    return explained;
  }
  // The same from the running hub, from its file, and in the words for people.
  void Expect(const std::string& stopped_at, const std::string& slug,
              const std::string& what = "s1") {
    const Explained explained = Until(slug, what);
    CAPTURE(explained.object.dump());
    CHECK(explained.slug() == slug);
    CHECK(explained.stopped_at() == stopped_at);
    CHECK(explained.status == (stopped_at.empty() ? 0 : 4));
    const Explained from_file = Explain({what, "--db", hub_.File()});
    CHECK(from_file.slug() == slug);
    CHECK(from_file.stopped_at() == stopped_at);
    const Finished text = RunWebsub({"inspect", "explain", what, "--hub", hub_.Hub()});
    const json& finding = explained.object["finding"];
    for (const char* part : {"slug", "cause", "next"}) {
      CHECK(text.out.find(finding[part].get<std::string>()) != std::string::npos);
    }
  }

 private:
  HttpPeer peer_;
  HubProcess hub_;
};

}  // namespace

TEST_CASE_FIXTURE(ExplainFlow, "explain finds nothing wrong where all is well") {
  Subscribe("active");
  Publish(topic());
  REQUIRE(Eventually([&] { return !peer().Requests("POST", "/cb").empty(); }));
  Expect("", "delivered-nothing-seen");
  Expect("", "delivered-nothing-seen", topic());
  Expect("", "delivered-nothing-seen", "t1");
}

TEST_CASE_FIXTURE(ExplainFlow, "explain names what a callback does to the challenge (SUB-VER-01)") {
  std::string slug;
  SUBCASE("in quotes") {
    Verify("\"", "\"");
    slug = "challenge-quoted";
  }
  SUBCASE("with a newline") {
    Verify("", "\n");
    slug = "challenge-newline";
  }
  SUBCASE("in a page") {
    Verify("<html><body>", "</body></html>");
    slug = "challenge-html";
  }
  SUBCASE("404") {
    Verify("", "", 404);
    slug = "verification-not-found";
  }
  SUBCASE("JSON") {
    Verify("{\"challenge\":\"", "\"}");
    slug = "challenge-json";
  }
  Subscribe("unverified");
  Expect("verified", slug);
}

TEST_CASE_FIXTURE(ExplainFlow, "explain names a callback where nobody listens") {
  const std::string callback = "http://127.0.0.1:" + std::to_string(UnusedPort()) + "/cb";
  CHECK(hub().Subscribe(topic(), callback).status == 202);
  Expect("verified", "callback-refused");
}

TEST_CASE_FIXTURE(ExplainFlow, "explain names a callback that redirects its verification") {
  peer().On("GET", "/cb", PeerAnswer{301, {{"Location", "https://127.0.0.1/cb"}}, ""});
  Subscribe("unverified");
  Expect("verified", "verification-redirected");
}

TEST_CASE_FIXTURE(ExplainFlow, "explain says that no publish came") {
  Subscribe("active");
  Expect("published", "publish-never-came");
}

TEST_CASE_FIXTURE(ExplainFlow, "explain finds the publish for a topic spelled otherwise") {
  Subscribe("active");
  std::string slug;
  SUBCASE("with a slash") {
    Publish(topic() + "/");
    slug = "self-differs-slash";
  }
  SUBCASE("by another scheme") {
    Publish("https" + topic().substr(4));
    slug = "self-differs-scheme";
  }
  SUBCASE("by another name of this machine") {
    Publish("http://localhost" + topic().substr(std::string("http://127.0.0.1").size()));
    slug = "self-differs-host";
  }
  SUBCASE("with a query") {
    Publish(topic() + "?v=2");
    slug = "self-differs-query";
  }
  Expect("published", slug);
}

TEST_CASE_FIXTURE(ExplainFlow, "explain finds the subscription for a topic spelled otherwise") {
  Subscribe("active");
  Expect("requested", "self-differs-slash", topic() + "/");
}

TEST_CASE_FIXTURE(ExplainFlow, "explain says that the fetch found the old content") {
  Subscribe("active");
  Publish(topic());
  REQUIRE(Eventually([&] { return !peer().Requests("POST", "/cb").empty(); }));
  REQUIRE(Until("delivered-nothing-seen").slug() == "delivered-nothing-seen");
  Publish(topic());
  Expect("fetched", "fetch-unchanged");
}

TEST_CASE_FIXTURE(ExplainFlow, "explain says that the topic cannot be fetched") {
  Subscribe("active");
  peer().On("GET", "/feed", PeerAnswer{404, {}, ""});
  Publish(topic());
  Expect("fetched", "fetch-not-found");
}

TEST_CASE_FIXTURE(ExplainFlow, "explain names a delivery that was given up") {
  Subscribe("active");
  std::string slug;
  SUBCASE("500") {
    Deliver({500, {}, ""});
    slug = "delivery-server-error";
  }
  SUBCASE("a redirect") {
    Deliver({301, {{"Location", "https://127.0.0.1/cb"}}, ""});
    slug = "delivery-redirected";
  }
  SUBCASE("a login") {
    Deliver({401, {}, ""});
    slug = "delivery-unauthorized";
  }
  Publish(topic());
  Expect("delivered", slug);
  REQUIRE(Eventually([&] { return !hub().Get("/dead-letters")["items"].empty(); }));
  const Explained explained = Explain({"s1", "--hub", hub().Hub()});
  CHECK(explained.slug() == slug);
  CHECK(explained.object["findings"][1]["slug"] == "delivery-given-up");
}

TEST_CASE("explain names a delivery that waits for its retry") {
  ExplainFlow flow({"--retry-base", "1h"});
  flow.Deliver({503, {}, ""});
  flow.Subscribe("active");
  flow.Publish(flow.topic());
  Explained explained;
  REQUIRE(Eventually([&] {
    explained = Explain({"s1", "--hub", flow.hub().Hub()});
    return explained.slug() == "delivery-unavailable";
  }));
  CHECK(explained.status == 4);
  CHECK(explained.stopped_at() == "delivered");
  CHECK(explained.object["findings"][1]["slug"] == "delivery-retrying");
}

TEST_CASE_FIXTURE(ExplainFlow, "explain names a callback that is gone (HUB-DIS-06)") {
  Subscribe("active");
  Deliver({410, {}, ""});
  Publish(topic());
  REQUIRE(hub().WaitForState(callback(), "gone"));
  Expect("active", "delivery-gone");
}

TEST_CASE_FIXTURE(ExplainFlow, "explain names a denial and a lease that ended (HUB-VER-04)") {
  Subscribe("active");
  const auto act = [&](const std::string& what) {
    return Ask("POST", hub().base() + "/api/v1/subscriptions/s1/" + what, "", "").status;
  };
  SUBCASE("denied") {
    CHECK(act("deny?reason=not%20on%20the%20list") == 204);
    REQUIRE(hub().WaitForState(callback(), "denied"));
    Expect("active", "subscription-denied");
    CHECK(Eventually([&] {
      const Explained explained = Until("subscription-denied");
      const auto what = explained.object["finding"]["what"].get<std::string>();
      return what.find("not on the list") != std::string::npos;
    }));
  }
  SUBCASE("expired") {
    CHECK(act("expire") == 204);
    REQUIRE(hub().WaitForState(callback(), "expired"));
    Expect("active", "lease-ended");
  }
}

TEST_CASE_FIXTURE(ExplainFlow, "explain names a request that was refused (SUB-REQ-04)") {
  const auto refused =
      hub().Post({{"hub_mode", "subscribe"}, {"hub.topic", topic()}, {"hub.callback", callback()}});
  CHECK(refused.status == 400);
  Expect("requested", "parameter-underscore", topic());
}

TEST_CASE_FIXTURE(ExplainFlow, "explain says that a message had nobody to go to") {
  Publish(topic());
  REQUIRE(Eventually([&] { return !hub().Get("/messages")["items"].empty(); }));
  Expect("requested", "not-subscribed", topic());
}

TEST_CASE_FIXTURE(ExplainFlow, "explain refuses what the hub does not know") {
  CHECK(RunWebsub({"inspect", "explain", "s7", "--hub", hub().Hub()}).status == 5);
  CHECK(RunWebsub({"inspect", "explain", "http://nobody.example/", "--hub", hub().Hub()}).status ==
        5);
  CHECK(RunWebsub({"inspect", "explain"}).status == 2);
  CHECK(RunWebsub({"inspect", "explain", "s1", "--since", "1m", "--hub", hub().Hub()}).status == 2);
}

}  // namespace websub::tests
