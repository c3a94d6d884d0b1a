// `websub publish` against hubs that are not our own.
#include <doctest/doctest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "tests/support/http_peer.h"
#include "tests/support/hub_process.h"
#include "tests/support/process.h"
#include "tests/support/raw_peer.h"

namespace websub::tests {
namespace {

using nlohmann::json;

constexpr char kForm[] = "application/x-www-form-urlencoded";

TEST_CASE("publish pings every hub that the topic names with its self (PUB-NOT-01)") {
  HttpPeer peer;
  peer.On("GET", "/feed",
          {.fields = {{"Link", "<" + peer.Url("/hub1") + ">; rel=\"hub\", <" + peer.Url("/hub2") +
                                   ">; rel=\"hub\", <http://topic.example/real>; rel=\"self\""}},
           .body = "x"});
  peer.On("POST", "/hub1", {.status = 204, .fields = {}, .body = {}});
  peer.On("POST", "/hub2", {.status = 202, .fields = {}, .body = {}});
  const Finished run = RunWebsub({"publish", peer.Url("/feed")});
  CAPTURE(run.err);
  CHECK(run.status == 0);
  for (const std::string hub : {"/hub1", "/hub2"}) {
    const auto pings = peer.Requests("POST", hub);
    REQUIRE(pings.size() == 1);
    CHECK(pings[0].Field("Content-Type") == kForm);
    CHECK(pings[0].body ==
          "hub.mode=publish&hub.url=http%3A%2F%2Ftopic.example%2Freal"
          "&hub.topic=http%3A%2F%2Ftopic.example%2Freal");
    CHECK(run.out.find("pinged  http://topic.example/real  at " + peer.Url(hub) + "  20") !=
          std::string::npos);
  }
}

TEST_CASE("publish sends several topics in one request and does not ask them") {
  HttpPeer peer;
  peer.On("POST", "/hub", {.status = 204, .fields = {}, .body = {}});
  const Finished run = RunWebsub({"publish", "http://a.example/", "plain name", "http://a.example/",
                                  "--hub", peer.Url("/hub"), "--param", "hub.topic", "--json"});
  CHECK(run.status == 0);
  REQUIRE(peer.Requests().size() == 1);
  CHECK(peer.Requests()[0].body ==
        "hub.mode=publish&hub.topic=http%3A%2F%2Fa.example%2F&hub.topic=plain%20name");
  const auto first = json::parse(run.out.substr(0, run.out.find('\n')));
  CHECK(first["type"] == "published");
  CHECK(first["kind"] == "ping");
  CHECK(first["accepted"] == true);
  CHECK(first["status"] == 204);
}

TEST_CASE("publish names the topic by hub.url alone where it is told to") {
  HttpPeer peer;
  peer.On("POST", "/hub", {.status = 204, .fields = {}, .body = {}});
  CHECK(RunWebsub({"publish", "http://a.example/", "--hub", peer.Url("/hub"), "--param=hub.url"})
            .status == 0);
  CHECK(peer.Requests()[0].body == "hub.mode=publish&hub.url=http%3A%2F%2Fa.example%2F");
}

TEST_CASE("publish takes the hub of serve's command from the environment") {
  HttpPeer peer;
  peer.On("POST", "/hub", {.status = 204, .fields = {}, .body = {}});
  peer.On("POST", "/other", {.status = 204, .fields = {}, .body = {}});
  CHECK(RunWebsub({"publish", "http://a.example/"}, "", {{"WEBSUB_HUB_URL", peer.Url("/hub")}})
            .status == 0);
  CHECK(peer.Requests("POST", "/hub").size() == 1);
  CHECK(RunWebsub({"publish", "http://a.example/"}, "",
                  {{"WEBSUB_HUB_URL", peer.Url("/hub")}, {"WEBSUB_HUB", peer.Url("/other")}})
            .status == 0);
  CHECK(peer.Requests("POST", "/hub").size() == 1);
  CHECK(peer.Requests("POST", "/other").size() == 1);
}

TEST_CASE("publish hands over content byte for byte with its type") {
  HttpPeer peer;
  const TempDir folder;
  const std::string content("<feed>\0\xff\r\n</feed>", 18);
  const auto file = WriteFile(folder, "feed.ATOM", content);
  peer.On("POST", "/hub",
          {.fields = {{"Websub-Message-Id", "m7"}, {"Content-Type", kForm}},
           .body = "hub.mode=accepted"});
  const Finished run = RunWebsub(
      {"publish", "http://a.example/?a=b&c", "--hub", peer.Url("/hub?key=1"), "--content", file});
  CAPTURE(run.err);
  CHECK(run.status == 0);
  REQUIRE(peer.Requests().size() == 1);
  const auto request = peer.Requests()[0];
  CHECK(request.query == "key=1&hub.mode=publish&hub.topic=http%3A%2F%2Fa.example%2F%3Fa%3Db%26c");
  CHECK(request.Field("Content-Type") == "application/atom+xml");
  CHECK(request.body == content);
  CHECK(run.out.find("m7") != std::string::npos);
}

TEST_CASE("publish tells phases and the hub's words with -v") {
  HttpPeer peer;
  peer.On("POST", "/hub", {.status = 202, .fields = {}, .body = "will fetch"});
  const Finished run = RunWebsub({"publish", "t", "--hub", peer.Url("/hub"), "-v"});
  CHECK(run.status == 0);
  CHECK(run.out.find("first byte ") != std::string::npos);
  CHECK(run.out.find("  will fetch\n") != std::string::npos);
}

TEST_CASE("publish reads content from its input and marks form content as content") {
  HttpPeer peer;
  peer.On("POST", "/hub", PeerAnswer{});
  CHECK(RunWebsub({"publish", "t", "--hub", peer.Url("/hub"), "--content", "-"}, "bytes").status ==
        0);
  CHECK(RunWebsub({"publish", "t", "--hub", peer.Url("/hub"), "--content", "-", "--type", kForm},
                  "a=b")
            .status == 0);
  const auto requests = peer.Requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].Field("Content-Type") == "application/octet-stream");
  CHECK_FALSE(requests[0].Field("x-ballerina-publisher"));
  CHECK(requests[1].Field("x-ballerina-publisher") == "publish");
  CHECK(requests[1].body == "a=b");
}

TEST_CASE("a hub that refuses is status 5 with its own sentence") {
  HttpPeer peer;
  peer.On("POST", "/hub",
          {.status = 400,
           .fields = {{"Content-Type", "text/html"}},
           .body = "<h1>Bad</h1>\n<p>unknown\x1b[31m topic</p>"});
  const Finished run = RunWebsub({"publish", "http://a.example/", "--hub", peer.Url("/hub")});
  CHECK(run.status == 5);
  CHECK(run.err ==
        "websub: the hub " + peer.Url("/hub") + " refused with 400: Bad unknown\\x1b[31m topic\n");
  const Finished as_json =
      RunWebsub({"publish", "http://a.example/", "--hub", peer.Url("/hub"), "--json"});
  CHECK(as_json.status == 5);
  CHECK(json::parse(as_json.out)["accepted"] == false);
}

std::string OnlyBody(const HttpPeer& peer) {
  const auto requests = peer.Requests();
  REQUIRE(requests.size() == 1);
  return requests[0].body;
}

TEST_CASE("publish registers and deregisters and takes only the answer that says accepted") {
  struct Case {
    int status;
    std::string body;
    int end;
    std::string says;
  };
  const std::vector<Case> cases = {
      {200, "hub.mode=accepted", 0, "registered  http://a.example/x?y=1&z  at "},
      {200, "hub.mode=accepted&more=1\r\n", 0, "registered  "},
      {409, "hub.mode=denied&hub.reason=it%20is%20there%2C+already", 5,
       "refused with 409: it is there, already\n"},
      {200, "hub.mode=denied&hub.reason=no", 5, "answered 200: no\n"},
      {403, "hub.mode=denied", 5, "refused with 403: denied, without a reason\n"},
      {202, "hub.mode=accepted", 5, "answered 202: 200 with hub.mode=accepted was expected"},
      {200, "", 5, "answered 200: 200 with hub.mode=accepted was expected\n"},
      {200, "thanks", 5, "200 with hub.mode=accepted was expected; it said: thanks\n"},
      {500, "out of order", 5, "refused with 500: out of order\n"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.body);
    HttpPeer peer;
    peer.On("POST", "/hub",
            {.status = each.status, .fields = {{"Content-Type", kForm}}, .body = each.body});
    const Finished run =
        RunWebsub({"publish", "http://a.example/x?y=1&z", "--hub", peer.Url("/hub"), "--register"});
    CHECK(run.status == each.end);
    CHECK((run.out + run.err).find(each.says) != std::string::npos);
    CHECK(OnlyBody(peer) == "hub.mode=register&hub.topic=http%3A%2F%2Fa.example%2Fx%3Fy%3D1%26z");
  }
  HttpPeer peer;
  peer.On("POST", "/hub", {.fields = {}, .body = "hub.mode=accepted"});
  const Finished run =
      RunWebsub({"publish", "plain name", "--hub", peer.Url("/hub"), "--deregister", "--json"});
  CHECK(run.status == 0);
  CHECK(OnlyBody(peer) == "hub.mode=deregister&hub.topic=plain%20name");
  const auto event = json::parse(run.out);
  CHECK(event["type"] == "deregistered");
  CHECK(event["accepted"] == true);
}

TEST_CASE("publish speaks as publishers of Ballerina do to the byte") {
  std::string request;
  RawServer server([&](RawConnection& connection, int) {
    request = connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\nhub.mode=accepted");
  });
  const std::string host = "127.0.0.1:" + std::to_string(server.port());
  const auto head = [&](const std::string& target) {
    return "POST " + target + " HTTP/1.1\r\nHost: " + host + "\r\n";
  };
  CHECK(RunWebsub({"publish", "a b", "--hub", server.Url("/hub"), "--body-style", "ballerina"})
            .status == 0);
  CHECK(request.starts_with(head("/hub")));
  CHECK(request.find("\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                     "x-ballerina-publisher: event\r\n") != std::string::npos);
  CHECK(request.ends_with("\r\n\r\nhub.mode=publish&hub.topic=a%20b"));
  for (const std::string type : {"text/plain", kForm}) {
    CHECK(RunWebsub({"publish", "a b", "--hub", server.Url("/hub"), "--body-style=ballerina",
                     "--content=-", "--type", type},
                    "x=1\n")
              .status == 0);
    CHECK(request.starts_with(head("/hub?hub.mode=publish&hub.topic=a%20b")));
    CHECK(request.find("\r\nContent-Type: " + type + "\r\n") != std::string::npos);
    CHECK((request.find("\r\nx-ballerina-publisher: publish\r\n") != std::string::npos) ==
          (type == kForm));
    CHECK(request.ends_with("\r\n\r\nx=1\n"));
  }
}

TEST_CASE("a 204 is no success for a publisher of Ballerina") {
  HttpPeer peer;
  peer.On("POST", "/hub", {.status = 204, .fields = {}, .body = {}});
  const Finished run =
      RunWebsub({"publish", "t", "u", "--hub", peer.Url("/hub"), "--body-style", "ballerina"});
  CHECK(run.status == 5);
  CHECK(peer.Requests().size() == 2);  // a topic each
}

TEST_CASE("publish sends the message of EchoStream") {
  HttpPeer peer;
  peer.On("POST", "/api/v1/messages", {.status = 202, .fields = {}, .body = {}});
  peer.On("POST", "/elsewhere", {.status = 200, .fields = {}, .body = "fine"});
  const auto publish = [&](const std::string& path, std::vector<std::string> more) {
    more.insert(more.begin(), {"publish", "http://a.example/t", "--hub", peer.Url(path),
                               "--body-style", "echostream"});
    return RunWebsub(more, "\xff{}");
  };
  CHECK(publish("/hub", {}).status == 0);
  CHECK(publish("/hub?x=1", {"--content", "-", "--type", "application/json"}).status == 0);
  const auto sent = peer.Requests("POST", "/api/v1/messages");
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].Field("Content-Type") == "application/json");
  CHECK(sent[0].body == R"({"topic":"http://a.example/t","contentUrl":"http://a.example/t"})");
  // printf '\377{}' | base64
  CHECK(
      sent[1].body ==
      R"({"topic":"http://a.example/t","contentBase64":"/3t9","contentType":"application/json"})");
  const Finished other = publish("/elsewhere", {});
  CHECK(other.status == 5);
  CHECK(other.err.find("answered 200: 202 was expected; it said: fine") != std::string::npos);
}

TEST_CASE("a field of --header goes to the hub and nowhere else and is never told") {
  HttpPeer hub;
  HttpPeer third;
  const TempDir folder;
  hub.On("GET", "/feed",
         {.fields = {{"Link", "<" + hub.Url("/moved") + ">; rel=hub, <" + hub.Url("/feed") +
                                  ">; rel=self"}},
          .body = {}});
  hub.On("POST", "/moved", {.status = 307, .fields = {{"Location", "/away"}}, .body = {}});
  hub.On("POST", "/away", {.status = 308, .fields = {{"Location", third.Url("/hub")}}, .body = {}});
  third.On("POST", "/hub", {.status = 204, .fields = {}, .body = {}});
  for (const char* mode : {"--json", "-v", "--color=never"}) {
    const Finished run =
        RunWebsub({"publish", hub.Url("/feed"), "--header", "Authorization: Bearer hunter2",
                   "--header", "X-Way:\t home ", "--header", "user-agent: mine", mode});
    CHECK(run.status == 0);
    CHECK((run.out + run.err).find("hunter2") == std::string::npos);
  }
  for (const std::string path : {"/moved", "/away"}) {
    const auto posts = hub.Requests("POST", path);
    REQUIRE(posts.size() == 3);
    CHECK(posts[0].Field("Authorization") == "Bearer hunter2");
    CHECK(posts[0].Field("X-Way") == "home");
    CHECK(posts[0].Field("User-Agent") == "mine");
  }
  CHECK_FALSE(hub.Requests("GET", "/feed")[0].Field("Authorization"));
  const auto away = third.Requests("POST", "/hub");
  REQUIRE(away.size() == 3);
  CHECK_FALSE(away[0].Field("Authorization"));
  CHECK_FALSE(away[0].Field("X-Way"));
  // A variable holds one on a line.
  CHECK(RunWebsub({"publish", "t", "--hub", third.Url("/hub")}, "",
                  {{"WEBSUB_HEADER", "A: b c\nD: e"}})
            .status == 0);
  CHECK(third.Requests("POST", "/hub").back().Field("A") == "b c");
  CHECK(third.Requests("POST", "/hub").back().Field("D") == "e");
}

TEST_CASE("publish --json without a hub tells why in an object") {
  HttpPeer peer;
  peer.On("GET", "/feed", {.fields = {{"Content-Type", "text/plain"}}, .body = "x"});
  const Finished run = RunWebsub({"publish", peer.Url("/feed"), "--json"});
  CHECK(run.status == 8);
  const auto event = json::parse(run.out);
  CHECK(event["type"] == "error");
  CHECK(event["topic"] == peer.Url("/feed"));
  CHECK(event["message"].get<std::string>().find("neither a hub nor a self") != std::string::npos);
}

TEST_CASE("publish registers with our own hub and speaks every style to it") {
  HubProcess hub({"--require-registration", "--api-token", "open sesame"});
  const auto publish = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"publish", "orders", "--hub", hub.Hub()});
    return RunWebsub(more, "x");
  };
  CHECK(publish({"--content", "-"}).status == 5);
  CHECK(publish({"--register"}).status == 0);
  const Finished again = publish({"--register"});
  CHECK(again.status == 5);
  CHECK(again.err.find("refused with 409: the topic is registered already") != std::string::npos);
  CHECK(publish({"--content", "-"}).status == 0);
  CHECK(publish({"--content", "-", "--body-style", "ballerina"}).status == 0);
  CHECK(publish({"--content", "-", "--body-style", "ballerina", "--type", kForm}).status == 0);
  const Finished echo = publish({"--content", "-", "--body-style", "echostream"});
  CAPTURE(echo.err);
  CHECK(echo.status == 0);
  // The API of that hub wants its token.
  HttpPeer subscriber;
  PlaySubscriber(subscriber, "/cb");
  REQUIRE(hub.Subscribe("orders", subscriber.Url("/cb")).status == 202);
  CHECK(Eventually([&] { return !subscriber.Requests("GET", "/cb").empty(); }));
  const Finished refused = publish({"--content", "-", "--wait-delivered", "1"});
  CHECK(refused.status == 5);
  CHECK(refused.err.find("--api-token") != std::string::npos);
  const TempDir folder;
  const std::string file = WriteFile(folder, "token", "open sesame\n");
  Finished waited;
  for (int i = 0; i < 50 && waited.status != 0; ++i) {
    waited = publish(
        {"--content", "-", "--wait-delivered", "1", "--timeout", "2s", "--api-token-file", file});
  }
  CHECK(waited.status == 0);
  CHECK(publish({"--deregister"}).status == 5);  // it has a subscriber
  CHECK(subscriber.Requests("POST", "/cb").back().Field("Authorization") == std::nullopt);
}

TEST_CASE("publish tries the other hubs where one fails") {
  HttpPeer peer;
  peer.On("POST", "/hub", {.status = 204, .fields = {}, .body = {}});
  const std::string dead = "http://127.0.0.1:" + std::to_string(UnusedPort()) + "/hub";
  const Finished run =
      RunWebsub({"publish", "http://a.example/", "--hub", dead, "--hub", peer.Url("/hub")});
  CHECK(run.status == 3);
  CHECK(peer.Requests().size() == 1);
  CHECK(run.err.find("connection refused by 127.0.0.1:") != std::string::npos);
}

TEST_CASE("publish repeats its request at 307 and 308 and not at 302") {
  HttpPeer peer;
  peer.On("POST", "/moved", {.status = 307, .fields = {{"Location", "/hub"}}, .body = {}});
  peer.On("POST", "/found", {.status = 302, .fields = {{"Location", "/hub"}}, .body = {}});
  peer.On("POST", "/hub", {.status = 204, .fields = {}, .body = {}});
  CHECK(RunWebsub({"publish", "http://a.example/", "--hub", peer.Url("/moved")}).status == 0);
  REQUIRE(peer.Requests("POST", "/hub").size() == 1);
  CHECK(peer.Requests("POST", "/hub")[0].body == peer.Requests("POST", "/moved")[0].body);
  const Finished run = RunWebsub({"publish", "http://a.example/", "--hub", peer.Url("/found")});
  CHECK(run.status == 5);
  CHECK(run.err.find("turns POST into GET") != std::string::npos);
  CHECK(peer.Requests("GET", "/hub").empty());
}

TEST_CASE("publish without hub or topic is status 8") {
  HttpPeer peer;
  peer.On("GET", "/feed", {.fields = {{"Content-Type", "text/plain"}}, .body = "x"});
  CHECK(RunWebsub({"publish", peer.Url("/feed")}).status == 8);
}

// The part of our own hub's API that --wait-delivered asks.
struct FakeHub {
  HttpPeer peer;
  std::atomic<int> newest{3};     // m3 is there before the publish
  std::atomic<int> delivered{0};  // grows with every question about a message

  FakeHub() {
    peer.On("GET", "/api/v1/messages", [this](const PeerRequest&) {
      const json body = {{"items", {{{"id", "m" + std::to_string(newest.load())}}}}};
      return PeerAnswer{.fields = {{"Content-Type", "application/json"}}, .body = body.dump()};
    });
    for (const std::string id : {"m3", "m4"}) {
      peer.On("GET", "/api/v1/messages/" + id, [this, id](const PeerRequest&) {
        const int count = id == "m3" ? 99 : delivered++;  // whoever asks for the old one is wrong
        const json body = {{"id", id}, {"delivered", count}, {"pending", 1}, {"dead", 0}};
        return PeerAnswer{.fields = {{"Content-Type", "application/json"}}, .body = body.dump()};
      });
    }
  }
};

TEST_CASE("publish waits until enough subscribers have the content") {
  FakeHub hub;
  hub.peer.On("POST", "/hub", [&](const PeerRequest&) {
    return PeerAnswer{.fields = {{"Websub-Message-Id", "m4"}}, .body = {}};
  });
  const Finished run = RunWebsub({"publish", "http://a.example/", "--hub", hub.peer.Url("/hub"),
                                  "--content", "-", "--wait-delivered", "2"},
                                 "x");
  CAPTURE(run.err);
  CHECK(run.status == 0);
  CHECK(run.out.find("delivered  http://a.example/  m4  to 2 subscribers") != std::string::npos);
  const auto questions = hub.peer.Requests("GET", "/api/v1/messages");
  REQUIRE(!questions.empty());
  CHECK(questions[0].query == "topic=http%3A%2F%2Fa.example%2F&order=newest&limit=1");
}

TEST_CASE("publish waits for the message that a ping causes and not for an older one") {
  FakeHub hub;
  hub.peer.On("POST", "/hub", {.status = 204, .fields = {}, .body = {}});
  std::atomic<int> asked{0};
  hub.peer.On("GET", "/api/v1/messages", [&](const PeerRequest&) {
    // The fetch ends a while after the ping.
    const std::string id = ++asked < 4 ? "m3" : "m4";
    return PeerAnswer{.fields = {}, .body = json{{"items", {{{"id", id}}}}}.dump()};
  });
  const Finished run = RunWebsub({"publish", "http://a.example/", "--hub", hub.peer.Url("/hub"),
                                  "--wait-delivered", "1", "--json"});
  CAPTURE(run.err);
  CHECK(run.status == 0);
  const auto last = json::parse(run.out.substr(run.out.find('\n') + 1));
  CHECK(last["type"] == "delivered");
  CHECK(last["message_id"] == "m4");
  CHECK(last["delivered"] == 1);
  CHECK(asked >= 4);
}

TEST_CASE("publish warns of a self link that is not the page") {
  HttpPeer peer;
  peer.On("GET", "/page",
          {.fields = {{"Link", "<" + peer.Url("/hub") + ">; rel=\"hub\", <" + peer.Url("/paeg") +
                                   ">; rel=\"self\""}},
           .body = {}});
  peer.On("POST", "/hub", {.status = 204, .fields = {}, .body = {}});
  const Finished run = RunWebsub({"publish", peer.Url("/page")});
  CHECK(run.status == 0);
  CHECK(run.err.find("websub: warning: self is") != std::string::npos);
}

TEST_CASE("publish says what it got and what it wanted when the time runs out") {
  FakeHub hub;
  hub.peer.On("POST", "/hub", [&](const PeerRequest&) {
    return PeerAnswer{.fields = {{"Websub-Message-Id", "m3"}}, .body = {}};
  });
  const Finished run = RunWebsub({"publish", "http://a.example/", "--hub", hub.peer.Url("/hub"),
                                  "--content", "-", "--wait-delivered", "100", "--timeout", "2s"},
                                 "x");
  CHECK(run.status == 124);
  CHECK(run.err.find("m3 of http://a.example/ was delivered to 99 of 100 subscribers (1 pending, "
                     "0 given up)") != std::string::npos);
}

TEST_CASE("publish waits for deliveries of our own hub") {
  Process serve({.args = {"serve", "--listen", "127.0.0.1:0", "--db", ":memory:"},
                 .environment = {},
                 .directory = {}});
  REQUIRE(serve.WaitForOut("Ready http://127.0.0.1:"));
  REQUIRE(serve.WaitForOut("/hub"));
  const std::string out = serve.Out();
  const auto begin = out.find("http://127.0.0.1:");
  const std::string base = out.substr(begin, out.find_first_of("/\n ", begin + 7) - begin);

  HttpPeer subscriber;
  subscriber.On("GET", "/cb", [](const PeerRequest& request) {
    const auto at = request.query.find("hub.challenge=") + 14;
    return PeerAnswer{.fields = {},
                      .body = request.query.substr(at, request.query.find('&', at) - at)};
  });
  subscriber.On("POST", "/cb", {.status = 204, .fields = {}, .body = {}});
  const std::string form = "hub.mode=subscribe&hub.topic=http%3A%2F%2Ft.example%2F&hub.callback=" +
                           subscriber.Url("/cb");
  RawConnection connection(static_cast<std::uint16_t>(std::stoi(base.substr(base.rfind(':') + 1))));
  connection.Write("POST /hub HTTP/1.1\r\nHost: " + base.substr(7) + "\r\nContent-Type: " + kForm +
                   "\r\nContent-Length: " + std::to_string(form.size()) + "\r\n\r\n" + form);
  REQUIRE(connection.ReadMessage().starts_with("HTTP/1.1 202"));
  REQUIRE(subscriber.WaitForRequests(1).size() == 1);

  // The subscription is in force a moment after its verification was answered.
  Finished run;
  for (int i = 0; i < 50 && run.status != 0; ++i) {
    run = RunWebsub({"publish", "http://t.example/", "--hub", base + "/hub", "--content", "-",
                     "--type", "text/plain", "--wait-delivered", "1", "--timeout", "2s"},
                    "news");
  }
  CAPTURE(run.err);
  CHECK(run.status == 0);
  const auto deliveries = subscriber.Requests("POST", "/cb");
  REQUIRE(!deliveries.empty());
  CHECK(deliveries.back().body == "news");
  CHECK(deliveries.back().Field("Content-Type") == "text/plain");
}

TEST_CASE("publish does not wait at a hub that is not ours and does not publish there") {
  HttpPeer peer;
  peer.On("POST", "/hub", {.status = 204, .fields = {}, .body = {}});
  const Finished run = RunWebsub(
      {"publish", "http://a.example/", "--hub", peer.Url("/hub"), "--wait-delivered", "1"});
  CHECK(run.status == 2);
  CHECK(run.err.find("--wait-delivered works with websub's own hub only") != std::string::npos);
  CHECK(peer.Requests("POST", "/hub").empty());
}

}  // namespace
}  // namespace websub::tests
