// Who may do what, at the real hub with --auth: every mode, asked by everybody, and what a refusal
// looks like.
#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <atomic>
#include <csignal>
#include <ctime>

#include "core/base64.h"
#include "core/form.h"
#include "tests/support/hub_process.h"
#include "tests/support/jwt_maker.h"

namespace websub::tests {
namespace {

using nlohmann::json;

constexpr const char* kFormType = "application/x-www-form-urlencoded";
constexpr const char* kIssuer = "https://idp.example";
const std::vector<std::string> kModes = {"subscribe", "unsubscribe", "publish", "register",
                                         "deregister"};

std::string Sha256(const std::string& text) {
  unsigned char digest[32];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  std::string hex = "sha256:";
  for (const unsigned char byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

// The scope that says what a mode says (docs/hub.md).
std::string ScopeOf(const std::string& mode) {
  if (mode == "publish") return "update_content";
  if (mode == "register" || mode == "deregister") return mode + "_topic";
  return mode;
}

// ----- Who asks

// Somebody may do all but one mode ("" : all), on topics of the expression.
struct Person {
  std::string name;
  std::string lacks;
  std::string topics;  // empty: all
};

std::vector<Person> People() {
  std::vector<Person> people = {{"right", "", ""}, {"elsewhere", "", "https://other\\.example/.*"}};
  for (const std::string& mode : kModes) people.push_back({"no-" + mode, mode, ""});
  return people;
}

json ModesOf(const Person& person) {
  json modes = json::array();
  for (const std::string& mode : kModes) {
    if (mode != person.lacks) modes.push_back(mode);
  }
  return modes;
}

// One way to say who one is.
class Scheme {
 public:
  virtual ~Scheme() = default;
  virtual json Policy() const = 0;
  virtual std::string Authorization(const Person& person) const = 0;
  virtual std::string Wrong() const = 0;
};

class Tokens : public Scheme {
 public:
  json Policy() const override {
    json holders = json::array();
    for (const Person& person : People()) {
      json holder = {{"hash", Sha256("token-of-" + person.name)},
                     {"identity", person.name},
                     {"modes", ModesOf(person)}};
      if (!person.topics.empty()) holder["topics"] = {person.topics};
      holders.push_back(std::move(holder));
    }
    return {{"tokens", holders}};
  }
  std::string Authorization(const Person& person) const override {
    return "Bearer token-of-" + person.name;
  }
  std::string Wrong() const override { return "Bearer token-of-nobody"; }
};

class Passwords : public Scheme {
 public:
  json Policy() const override {
    json users = json::array();
    for (const Person& person : People()) {
      json user = {{"user", person.name},
                   {"hash", Sha256("password of " + person.name)},
                   {"modes", ModesOf(person)}};
      if (!person.topics.empty()) user["topics"] = {person.topics};
      users.push_back(std::move(user));
    }
    return {{"basic", users}};
  }
  std::string Authorization(const Person& person) const override {
    return "Basic " + EncodeBase64(person.name + ":password of " + person.name);
  }
  std::string Wrong() const override { return "Basic " + EncodeBase64("right:password"); }
};

// Keys from a file, or from a peer that serves them.
class Jwts : public Scheme {
 public:
  enum class From { kFile, kUrl };

  explicit Jwts(From from) {
    maker.MakeKey("first");
    WriteFile(folder_, "jwks.json", maker.Jwks());
    issuer.On("GET", "/keys", [this](const PeerRequest&) {
      return PeerAnswer{.status = 200, .fields = {}, .body = maker.Jwks()};
    });
    jwks_ = from == From::kFile ? folder_.File("jwks.json") : issuer.Url("/keys");
  }
  json Policy() const override {
    return {{"jwt",
             {{{"issuer", kIssuer},
               {"audience", "websub"},
               {"jwks", jwks_},
               {"algorithms", {"EdDSA"}},
               {"topics_claim", "topics"}}}}};
  }
  std::string Authorization(const Person& person) const override {
    return "Bearer " + maker.Token("first", Claims(person));
  }
  std::string Wrong() const override {
    JwtMaker forger;
    forger.MakeKey("first");
    return "Bearer " + forger.Token("first", Claims(People()[0]));
  }
  static json Claims(const Person& person) {
    std::string scope;
    for (const std::string& mode : kModes) {
      // To subscribe is also to unsubscribe.
      const bool lacks =
          person.lacks == mode || (person.lacks == "unsubscribe" && mode == "subscribe");
      if (!lacks) scope += ScopeOf(mode) + " ";
    }
    return {{"iss", kIssuer},     {"aud", "websub"},
            {"sub", person.name}, {"exp", std::time(nullptr) + 600},
            {"scope", scope},     {"topics", person.topics.empty() ? ".*" : person.topics}};
  }

  JwtMaker maker;
  HttpPeer issuer;

 private:
  TempDir folder_;
  std::string jwks_;
};

// ----- What is asked for

struct Place {
  HubProcess& hub;
  HttpPeer& peer;
  PeerFields fields;  // Authorization, or none
};

enum class Speech { kSentence, kForm };

struct Operation {
  std::string name;
  const char* mode;
  int done;  // the status where it may
  Speech speech;
  std::function<PeerAnswer(const Place&)> ask;
};

PeerAnswer Send(const Place& place, const std::vector<std::pair<std::string, std::string>>& form,
                PeerFields more = {}) {
  more.insert(more.end(), place.fields.begin(), place.fields.end());
  return Ask("POST", place.hub.Hub(), kFormType, FormBody(form), more);
}

PeerAnswer Request(const Place& place, const std::string& mode) {
  return Send(place, {{"hub.mode", mode},
                      {"hub.topic", place.peer.Url("/topic")},
                      {"hub.callback", place.peer.Url("/cb")}});
}

// In an order in which each can be done.
std::vector<Operation> Operations() {
  return {
      {"register", "register", 200, Speech::kForm,
       [](const Place& place) {
         return Send(place, {{"hub.mode", "register"}, {"hub.topic", "orders"}});
       }},
      {"subscribe", "subscribe", 202, Speech::kSentence,
       [](const Place& place) { return Request(place, "subscribe"); }},
      {"a ping", "publish", 204, Speech::kSentence,
       [](const Place& place) {
         return Send(place, {{"hub.mode", "publish"}, {"hub.url", place.peer.Url("/topic")}});
       }},
      {"a ping of Ballerina", "publish", 200, Speech::kForm,
       [](const Place& place) {
         return Send(place, {{"hub.mode", "publish"}, {"hub.topic", place.peer.Url("/topic")}},
                     {{"x-ballerina-publisher", "event"}});
       }},
      {"content", "publish", 200, Speech::kForm,
       [](const Place& place) {
         return Ask("POST",
                    place.hub.Hub() +
                        "?hub.mode=publish&hub.topic=" + PercentEncode(place.peer.Url("/topic")),
                    "text/plain", "news", place.fields);
       }},
      {"PUT", "publish", 201, Speech::kSentence,
       [](const Place& place) {
         return Ask("PUT", place.hub.Topic("hosted"), "text/plain", "page", place.fields);
       }},
      {"unsubscribe", "unsubscribe", 202, Speech::kSentence,
       [](const Place& place) { return Request(place, "unsubscribe"); }},
      {"deregister", "deregister", 200, Speech::kForm,
       [](const Place& place) {
         return Send(place, {{"hub.mode", "deregister"}, {"hub.topic", "orders"}});
       }},
  };
}

void PlayTopic(HttpPeer& peer) {
  PlaySubscriber(peer, "/cb");
  peer.On("GET", "/topic",
          {.status = 200, .fields = {{"Content-Type", "text/plain"}}, .body = "t"});
}

void CheckRefusal(const PeerAnswer& answer, const Operation& operation, int status) {
  CHECK(answer.status == status);
  const bool form = answer.body.starts_with("hub.mode=denied&hub.reason=");
  CHECK(form == (operation.speech == Speech::kForm));
  CHECK(FieldOf(answer, "Content-Type").value_or("").starts_with(form ? kFormType : "text/plain"));
  CHECK(answer.body != "hub.mode=denied&hub.reason=");
  CHECK_FALSE(answer.body.empty());
}

// Nothing came of anything: what was refused left no trace but the record of the request.
void CheckUntouched(HubProcess& hub, const HttpPeer& peer) {
  CHECK(hub.Get("/subscriptions?state=all")["items"].empty());
  CHECK(hub.Get("/topics")["items"].empty());
  CHECK(hub.Get("/messages")["items"].empty());
  for (const PeerRequest& request : peer.Requests()) CHECK(request.path == "/hook");
}

void CheckTable(const Scheme& scheme, const std::string& challenge) {
  TempDir folder;
  HubProcess hub({"--auth", WriteFile(folder, "auth.json", scheme.Policy().dump())});
  HttpPeer peer;
  PlayTopic(peer);
  const auto as = [&](const std::string& authorization) {
    return Place{hub, peer, {{"Authorization", authorization}}};
  };
  for (const Operation& operation : Operations()) {
    CAPTURE(operation.name);
    for (const Place& place : {Place{hub, peer, {}}, as(scheme.Wrong()), as("Digest x")}) {
      const auto answer = operation.ask(place);
      CheckRefusal(answer, operation, 401);
      CHECK(FieldOf(answer, "WWW-Authenticate").value_or("").starts_with(challenge));
    }
    for (const Person& person : People()) {
      CAPTURE(person.name);
      if (person.lacks != operation.mode && person.topics.empty()) continue;
      const auto answer = operation.ask(as(scheme.Authorization(person)));
      CheckRefusal(answer, operation, 403);
      CHECK(FieldOf(answer, "WWW-Authenticate").has_value() == challenge.starts_with("Bearer"));
    }
  }
  CheckUntouched(hub, peer);
  for (const Operation& operation : Operations()) {
    CAPTURE(operation.name);
    if (operation.name == "unsubscribe") {
      CHECK(hub.WaitForState(peer.Url("/cb"), "active"));
      CHECK(hub.Get("/subscriptions?state=all")["items"][0]["identity"] == "right");
    }
    const auto answer = operation.ask(as(scheme.Authorization(People()[0])));
    CHECK(answer.status == operation.done);
    if (operation.speech == Speech::kForm) CHECK(answer.body == "hub.mode=accepted");
  }
  CHECK(hub.WaitForState(peer.Url("/cb"), "unsubscribed"));
  CHECK(Eventually([&] {
    return hub.Get("/exchanges?kind=deregister&limit=1&order=newest")["items"][0]["identity"] ==
           "right";
  }));
  // Who was refused for a lack is named too; who was not known is nobody.
  const std::string refused = hub.Get("/exchanges?kind=subscribe&limit=100").dump();
  CHECK(refused.find("\"identity\":\"no-subscribe\"") != std::string::npos);
  CHECK(refused.find("\"identity\":null") != std::string::npos);
}

TEST_CASE("each mode is asked for by everybody with tokens") {
  CheckTable(Tokens(), "Bearer realm=");
}

TEST_CASE("each mode is asked for by everybody with passwords") {
  CheckTable(Passwords(), "Basic realm=");
}

TEST_CASE("each mode is asked for by everybody with JWTs and a file of keys") {
  CheckTable(Jwts(Jwts::From::kFile), "Bearer realm=");
}

TEST_CASE("each mode is asked for by everybody with JWTs and a URL of keys") {
  CheckTable(Jwts(Jwts::From::kUrl), "Bearer realm=");
}

TEST_CASE("a key that the issuer has changed is taken at once and the old one no longer") {
  Jwts jwts(Jwts::From::kUrl);
  TempDir folder;
  HubProcess hub({"--auth", WriteFile(folder, "auth.json", jwts.Policy().dump())});
  const auto register_with = [&](const std::string& key, const std::string& topic) {
    const std::string token = jwts.maker.Token(key, Jwts::Claims(People()[0]));
    return Ask("POST", hub.Hub(), kFormType,
               FormBody({{"hub.mode", "register"}, {"hub.topic", topic}}),
               {{"Authorization", "Bearer " + token}})
        .status;
  };
  CHECK(register_with("first", "a") == 200);
  CHECK(jwts.issuer.Requests().size() == 1);
  jwts.maker.MakeKey("second");
  jwts.maker.DropKey("first");
  CHECK(register_with("second", "b") == 200);
  CHECK(register_with("first", "c") == 401);
  CHECK(jwts.issuer.Requests().size() == 2);
  // Keys that nobody has do not make the hub ask the issuer again and again.
  jwts.maker.MakeKey("third");
  jwts.maker.DropKey("third");
  for (int i = 0; i < 20; ++i) CHECK(register_with("third", "d") == 401);
  CHECK(jwts.issuer.Requests().size() == 2);
}

TEST_CASE("SIGHUP reads who may do what again and a bad file changes nothing") {
  TempDir folder;
  const auto policy_of = [](const std::string& token) {
    return json{{"tokens", {{{"hash", Sha256(token)}, {"identity", "somebody"}}}}}.dump();
  };
  HubProcess hub({"--auth", WriteFile(folder, "auth.json", policy_of("old"))});
  const auto status = [&](const std::string& token) {
    return Ask("PUT", hub.Topic("a"), "text/plain", "x", {{"Authorization", "Bearer " + token}})
        .status;
  };
  CHECK(status("old") == 201);
  CHECK(status("new") == 401);
  WriteFile(folder, "auth.json", policy_of("new"));
  CHECK(status("new") == 401);
  hub.process().Signal(SIGHUP);
  CHECK(Eventually([&] { return status("new") == 204; }));
  CHECK(status("old") == 401);
  WriteFile(folder, "auth.json", "{");
  hub.process().Signal(SIGHUP);
  CHECK(hub.process().WaitForErr("stays in force"));
  CHECK(status("new") == 204);
  CHECK(status("old") == 401);
}

// ----- Hooks

struct HookCase {
  std::string name;
  PeerAnswer answer;
  int status;
};

std::vector<HookCase> HookCases() {
  using std::chrono::seconds;
  const PeerFields to_other = {{"Location", "https://hub.example/other"}};
  return {
      {"denies", {.status = 403, .fields = {}, .body = R"({"reason":"never"})"}, 403},
      {"denies with a status of its own",
       {.status = 200, .fields = {}, .body = R"({"decision":"deny","status":451,"reason":"no"})"},
       451},
      {"sends elsewhere", {.status = 307, .fields = to_other, .body = ""}, 307},
      {"does not answer", {.status = 200, .fields = {}, .body = "{}", .delay = seconds(20)}, 500},
      {"says what is no JSON", {.status = 200, .fields = {}, .body = "garbage"}, 500},
      {"says what is no answer", {.status = 200, .fields = {}, .body = R"({"decision":7})"}, 500},
      {"answers 500", {.status = 500, .fields = {}, .body = "oops"}, 500},
      {"answers 503", {.status = 503, .fields = {}, .body = ""}, 500},
  };
}

TEST_CASE("what a hook says decides every mode and a hook that fails changes nothing") {
  HttpPeer peer;
  PlayTopic(peer);
  HubProcess hub({"--hook", peer.Url("/hook"), "--hook-timeout", "1s"});
  const Place place{hub, peer, {}};
  for (const HookCase& given : HookCases()) {
    CAPTURE(given.name);
    peer.On("POST", "/hook", given.answer);
    for (const Operation& operation : Operations()) {
      CAPTURE(operation.name);
      const auto answer = operation.ask(place);
      if (given.status == 307) {
        CHECK(answer.status == 307);
        CHECK(FieldOf(answer, "Location") == "https://hub.example/other");
        CHECK(FieldOf(answer, "Link").value_or("").find("https://hub.example/other") !=
              std::string::npos);
      } else {
        CheckRefusal(answer, operation, given.status);
      }
      // What went wrong with the hook is for its operator.
      if (given.status == 500) CHECK(answer.body.find("oops") == std::string::npos);
    }
  }
  CheckUntouched(hub, peer);
  peer.On("POST", "/hook", {.status = 200, .fields = {}, .body = R"({"identity":"carol"})"});
  for (const Operation& operation : Operations()) {
    CAPTURE(operation.name);
    if (operation.name == "unsubscribe") {
      CHECK(hub.WaitForState(peer.Url("/cb"), "active"));
      CHECK(hub.Get("/subscriptions?state=all")["items"][0]["identity"] == "carol");
    }
    CHECK(operation.ask(place).status == operation.done);
  }
  CHECK(hub.WaitForState(peer.Url("/cb"), "unsubscribed"));
}

}  // namespace
}  // namespace websub::tests
