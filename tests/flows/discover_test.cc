// `websub discover` against servers that are not our own.
#include <doctest/doctest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/support/http_peer.h"
#include "tests/support/process.h"
#include "tests/support/raw_peer.h"

namespace websub::tests {
namespace {

using nlohmann::json;

PeerAnswer Topic(const HttpPeer& peer, const std::string& path) {
  return {.fields = {{"Content-Type", "text/plain"},
                     {"Link", "<" + peer.Url("/hub") + ">; rel=\"hub\""},
                     {"Link", "<" + peer.Url(path) + ">; rel=\"self\""}},
          .body = "content"};
}

json DiscoverJson(std::vector<std::string> args, int status) {
  args.insert(args.begin(), "discover");
  args.emplace_back("--json");
  const Finished run = RunWebsub(args);
  CAPTURE(run.err);
  CHECK(run.status == status);
  return json::parse(run.out);
}

TEST_CASE("discover finds hub and self in Link headers (SUB-DISC-01)") {
  HttpPeer peer;
  peer.On("GET", "/feed", Topic(peer, "/feed"));
  const auto report = DiscoverJson({peer.Url("/feed")}, 0);
  CHECK(report["type"] == "discovery");
  CHECK(report["topic"] == peer.Url("/feed"));
  CHECK(report["hubs"] == json{peer.Url("/hub")});
  CHECK(report["status"] == 200);
  CHECK(report["candidates"].size() == 2);
  CHECK(report["candidates"][0]["source"] == "header");
  CHECK(report["candidates"][0]["taken"] == true);
  CHECK(report["warnings"].empty());
  CHECK(report["head"]["differs"].empty());

  const Finished run = RunWebsub({"discover", peer.Url("/feed")});
  CHECK(run.status == 0);
  CHECK(run.out.find("topic    " + peer.Url("/feed")) == 0);
  CHECK(run.out.find("\nhub      " + peer.Url("/hub")) != std::string::npos);
  CHECK(run.err.empty());
}

TEST_CASE("discover reads the document where no header says it (SUB-DISC-02 SUB-DISC-03)") {
  HttpPeer peer;
  peer.On("GET", "/page",
          {.fields = {{"Content-Type", "text/html"}},
           .body = "<!doctype html><html><head><link rel=hub href=/hub>"
                   "<link rel=self href=/page></head><body></body></html>"});
  peer.On("GET", "/feed",
          {.fields = {{"Content-Type", "application/atom+xml"}},
           .body = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><link rel=\"hub\" href=\"/hub\"/>"
                   "<link rel=\"self\" href=\"/feed\"/></feed>"});
  for (const std::string path : {"/page", "/feed"}) {
    const auto report = DiscoverJson({peer.Url(path)}, 0);
    CHECK(report["topic"] == peer.Url(path));
    CHECK(report["hubs"] == json{peer.Url("/hub")});
  }
}

TEST_CASE(
    "discover tells of a document that contradicts the header and not of one that repeats it") {
  HttpPeer peer;
  const auto feed = [&](const std::string& hub) {
    PeerAnswer answer = Topic(peer, "/feed");
    answer.fields[0].second = "application/atom+xml";
    answer.body = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><link rel=\"hub\" href=\"" + hub +
                  "\"/><link rel=\"self\" href=\"/feed\"/></feed>";
    return answer;
  };
  peer.On("GET", "/feed", feed("/hub"));
  CHECK(RunWebsub({"discover", peer.Url("/feed")}).out.find("ignored") == std::string::npos);
  CHECK(RunWebsub({"discover", "-v", peer.Url("/feed")}).out.find("ignored  hub") !=
        std::string::npos);
  peer.On("GET", "/feed", feed("/elsewhere"));
  CHECK(RunWebsub({"discover", peer.Url("/feed")})
            .out.find("ignored  hub " + peer.Url("/elsewhere")) != std::string::npos);
}

TEST_CASE("discover takes the self of the final URL behind a redirect (SUB-REQ-02)") {
  for (const int status : {301, 302, 307, 308}) {
    CAPTURE(status);
    HttpPeer peer;
    peer.On(
        "GET", "/old",
        {.status = status,
         .fields = {{"Location", "new?x=1"}, {"Link", "<" + peer.Url("/other") + ">; rel=\"hub\""}},
         .body = {}});
    peer.On("GET", "/new", Topic(peer, "/new"));
    const auto report = DiscoverJson({peer.Url("/old")}, 0);
    CHECK(report["topic"] == peer.Url("/new"));
    CHECK(report["hubs"] == json{peer.Url("/hub")});
    CHECK(report["final_url"] == peer.Url("/new?x=1"));
    CHECK(report["hops"].size() == 2);
    CHECK(report["hops"][0]["status"] == status);
    CHECK(report["hops"][0]["location"] == "new?x=1");
  }
}

TEST_CASE("discover ends a circle of redirects and tells the way") {
  HttpPeer peer;
  peer.On("GET", "/a", {.status = 302, .fields = {{"Location", "/b"}}, .body = {}});
  peer.On("GET", "/b", {.status = 302, .fields = {{"Location", "/a"}}, .body = {}});
  const Finished run = RunWebsub({"discover", peer.Url("/a")});
  CHECK(run.status == 8);
  CHECK(run.err == "websub: the redirects turn in a circle at " + peer.Url("/a") + "\n");
  CHECK(run.out.find("302 to /b") != std::string::npos);
  CHECK(peer.Requests().size() == 2);
}

TEST_CASE("discover follows ten redirects and not eleven") {
  HttpPeer peer;
  for (int i = 0; i < 11; ++i) {
    peer.On("GET", "/" + std::to_string(i),
            {.status = 302, .fields = {{"Location", "/" + std::to_string(i + 1)}}, .body = {}});
  }
  peer.On("GET", "/11", Topic(peer, "/11"));
  CHECK(DiscoverJson({peer.Url("/1")}, 0)["hops"].size() == 11);
  CHECK(DiscoverJson({peer.Url("/0")}, 8)["error"] == "more than 10 redirects");
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("what is missing is told in the words of the document") {
  HttpPeer peer;
  const auto error = [&](const std::string& type, const std::string& body) {
    peer.On("GET", "/", {.fields = {{"Content-Type", type}}, .body = body});
    return RunWebsub({"discover", peer.Url("/")}).err;
  };
  CHECK(Has(error("text/html", "<title>x</title>"),
            "put <link rel=\"hub\" href=\"URL\"> and <link rel=\"self\" href=\"URL\"> into "
            "its <head>, or send Link: <URL>; rel=\"hub\" and <URL>; rel=\"self\""));
  CHECK(Has(error("application/rss+xml", "<rss><channel/></rss>"),
            "put <atom:link rel=\"hub\" href=\"URL\"/> and"));
  CHECK(Has(error("application/atom+xml",
                  "<feed xmlns=\"http://www.w3.org/2005/Atom\">"
                  "<link rel=\"self\" href=\"/\"/></feed>"),
            "names no hub link: put <link rel=\"hub\" href=\"URL\"/> into the feed, or"));
  peer.On("GET", "/", {.status = 404, .fields = {{"Content-Type", "text/plain"}}, .body = "later"});
  CHECK(Has(RunWebsub({"discover", peer.Url("/")}).err, " answered 404: later\n"));
}

TEST_CASE("discover without a hub or a self is status 8 and says what to send") {
  HttpPeer peer;
  peer.On("GET", "/plain", {.fields = {{"Content-Type", "text/plain"}}, .body = "x"});
  peer.On("GET", "/no-self",
          {.fields = {{"Link", "<http://hub.example/>; rel=\"hub\""}}, .body = "x"});
  const Finished run = RunWebsub({"discover", peer.Url("/plain")});
  CHECK(run.status == 8);
  CHECK(run.err.find("names neither a hub nor a self link") != std::string::npos);
  const auto report = DiscoverJson({peer.Url("/no-self")}, 8);
  CHECK(report["topic"].is_null());
  CHECK(report["hubs"] == json{"http://hub.example/"});
  CHECK(report["finding"]["slug"] == "no-self");
  CHECK(RunWebsub({"discover", peer.Url("/missing")}).err.find("answered 404") !=
        std::string::npos);
}

TEST_CASE("discover tells where HEAD and GET differ") {
  HttpPeer peer;
  peer.On("GET", "/feed", Topic(peer, "/feed"));
  peer.On("HEAD", "/feed", {.status = 405, .fields = {}, .body = {}});
  const auto report = DiscoverJson({peer.Url("/feed")}, 0);
  CHECK(report["head"]["status"] == 405);
  CHECK(report["head"]["differs"] == json{"status"});
  CHECK(report["warnings"][0]["code"] == "head-status");
  CHECK(report["warnings"][0]["finding"]["slug"] == "representation-varies");
  const Finished run = RunWebsub({"discover", peer.Url("/feed"), "--fail-on", "warning"});
  CHECK(run.status == 4);
  CHECK(run.out.find("HEAD is answered 405, GET 200") != std::string::npos);
}

TEST_CASE("discover asks for what it was told to ask for") {
  HttpPeer peer;
  peer.On("GET", "/feed", Topic(peer, "/feed"));
  RunWebsub({"discover", peer.Url("/feed"), "--accept", "application/atom+xml"}, "",
            {{"WEBSUB_ACCEPT_LANGUAGE", "de"}});
  const auto requests = peer.Requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].method == "GET");
  CHECK(requests[1].method == "HEAD");
  for (const auto& request : requests) {
    CHECK(request.Field("Accept") == "application/atom+xml");
    CHECK(request.Field("Accept-Language") == "de");
    CHECK(request.Field("User-Agent").value().starts_with("websub/"));
  }
}

TEST_CASE("discover never lets a topic drive the terminal") {
  HttpPeer peer;
  peer.On("GET", "/page",
          {.fields = {{"Content-Type", "text/html"}},
           .body = "<head><link rel=self href='/page'><link rel=hub href='/hub'></head>"
                   "<body><link rel=hub href='http://x/\x1b]0;title\x07\xc2\x9b'></body>"});
  const Finished run = RunWebsub({"discover", peer.Url("/page"), "-v"});
  CHECK(run.status == 0);
  CHECK((run.out + run.err).find('\x1b') == std::string::npos);
  CHECK((run.out + run.err).find('\x07') == std::string::npos);
}

TEST_CASE("discover without a connection is status 3 with a next step") {
  const auto port = std::to_string(UnusedPort());
  const Finished run = RunWebsub({"discover", "http://127.0.0.1:" + port + "/feed"});
  CHECK(run.status == 3);
  CHECK(run.out.empty());
  CHECK(run.err.starts_with("websub: connection refused by 127.0.0.1:" + port +
                            ": does the server run, and on this port?\n"));
}

TEST_CASE("discover gives up when its time runs out") {
  HttpPeer peer;
  peer.On("GET", "/slow", {.fields = {}, .body = {}, .delay = std::chrono::seconds(20)});
  const Finished run = RunWebsub({"discover", peer.Url("/slow"), "--timeout", "100ms"});
  CHECK(run.status == 124);
  CHECK(run.err.find("--timeout ran out while waiting for an answer from " + peer.Url("/slow")) !=
        std::string::npos);
}

TEST_CASE("a signal ends a call that hangs") {
  HttpPeer peer;
  peer.On("GET", "/slow", {.fields = {}, .body = {}, .delay = std::chrono::seconds(20)});
  for (const int signal : {SIGINT, SIGTERM}) {
    Process process({.args = {"discover", peer.Url("/slow")}, .environment = {}, .directory = {}});
    peer.WaitForRequests(signal == SIGINT ? 1 : 2);
    process.Signal(signal);
    const Finished run = process.Wait();
    CHECK(run.status == 128 + signal);
    CHECK(run.err.find("interrupted") != std::string::npos);
  }
}

TEST_CASE("discover goes through the proxy of the environment") {
  HttpPeer proxy;
  proxy.On("", "http://topic.invalid:80/feed", Topic(proxy, "/feed"));
  const Finished run =
      RunWebsub({"discover", "http://topic.invalid/feed", "--json"}, "",
                {{"http_proxy", "http://127.0.0.1:" + std::to_string(proxy.port())}});
  CHECK(run.status == 0);
  REQUIRE(!proxy.Requests().empty());
  CHECK(proxy.Requests()[0].target == "http://topic.invalid:80/feed");
  CHECK(proxy.Requests()[0].Field("Host") == "topic.invalid");
}

TEST_CASE("discover refuses what is no URL before it asks anybody") {
  const Finished run = RunWebsub({"discover", "ftp://example.com/"});
  CHECK(run.status == 2);
  CHECK(run.err.find("See `websub discover --help`.") != std::string::npos);
}

TEST_CASE("credentials in a URL stay with its origin") {
  HttpPeer origin, other;
  other.On("GET", "/feed", Topic(other, "/feed"));
  origin.On("GET", "/feed",
            {.status = 302, .fields = {{"Location", other.Url("/feed")}}, .body = {}});
  const std::string url = "http://user:pass@127.0.0.1:" + std::to_string(origin.port()) + "/feed";
  CHECK(RunWebsub({"discover", url}).status == 0);
  CHECK(origin.Requests()[0].Field("Authorization") == "Basic dXNlcjpwYXNz");
  for (const auto& request : other.Requests()) CHECK_FALSE(request.Field("Authorization"));
}

}  // namespace
}  // namespace websub::tests
