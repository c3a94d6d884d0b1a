// What a hub is told in confidence goes nowhere: no byte of a secret, token or password is found in
// what it sends, keeps, prints or shows. The only thing that is made of a secret is the HMAC.
#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <set>

#include "core/base64.h"
#include "core/form.h"
#include "core/text.h"
#include "tests/support/hub_process.h"

namespace websub::tests {
namespace {

using Form = std::vector<std::pair<std::string, std::string>>;

// Each has characters that encodings change, and some that none changes.
const std::string kToken = "TOKEN+of/alice~0123456789abcdef";
const std::string kStranger = "TOKEN.of.nobody-0123456789abcdef";
const std::string kPassword = "PASSWORD of b\xc3\xb6 & 0123456789";
const std::string kWrongPassword = "WRONG=PASSWORD;0123456789";
const std::string kApiToken = "APITOKEN-0123456789/abcdef";
const std::string kWrongApiToken = "APITOKEN-of-nobody-abcdef";
const std::string kHookKey = "HOOKKEY-0123456789-abcdef";
const std::string kVerifyToken = "VERIFYTOKEN 0123456789 abcdef";
const std::string kCallbackPassword = "CALLBACKPASSWORD0123456789";

std::string SecretOf(const std::string& path) {
  return "SECRET+of \"" + path.substr(1) + "\" <&> 0123456789";
}

std::string Hex(const std::string& text, const char* digits) {
  std::string hex;
  for (const unsigned char c : text) {
    hex += digits[c >> 4];
    hex += digits[c & 15];
  }
  return hex;
}

// As it stands in the base64 of something longer that it begins `shift` bytes into.
std::string InBase64(const std::string& text, std::size_t shift) {
  const std::string encoded = EncodeBase64(std::string(shift, 'x') + text);
  const std::size_t first = shift == 0 ? 0 : 4;
  const std::size_t whole = (shift + text.size()) / 3 * 4;
  return encoded.substr(first, whole - first);
}

std::string Replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// The ways in which a text may be hidden in others.
std::set<std::string> Disguises(const std::string& text) {
  std::string escaped;
  for (const char c : text) escaped += "%" + Hex(std::string(1, c), "0123456789ABCDEF");
  std::set<std::string> all = {
      text,
      PercentEncode(text),
      ToLower(PercentEncode(text)),
      Replaced(PercentEncode(text), "%20", "+"),
      escaped,
      PercentEncode(PercentEncode(text)),
      Hex(text, "0123456789abcdef"),
      Hex(text, "0123456789ABCDEF"),
      nlohmann::json(text).dump().substr(1, nlohmann::json(text).dump().size() - 2)};
  for (std::size_t shift = 0; shift < 3; ++shift) {
    const std::string encoded = InBase64(text, shift);
    all.insert(encoded);
    all.insert(Replaced(Replaced(encoded, "+", "-"), "/", "_"));
  }
  return all;
}

std::string Whole(const PeerRequest& request) {
  std::string text = request.method + " " + request.target + "\n";
  for (const auto& [name, value] : request.fields) text += name + ": " + value + "\n";
  return text + "\n" + request.body + "\n";
}

std::string Whole(const PeerAnswer& answer) {
  std::string text = std::to_string(answer.status) + "\n";
  for (const auto& [name, value] : answer.fields) text += name + ": " + value + "\n";
  return text + "\n" + answer.body + "\n";
}

std::string Sha256(const std::string& text) {
  unsigned char digest[32];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  return Hex({reinterpret_cast<char*>(digest), size}, "0123456789abcdef");
}

std::string Hmac(const std::string& secret, const std::string& body) {
  unsigned char digest[32];
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest, &size);
  return Hex({reinterpret_cast<char*>(digest), size}, "0123456789abcdef");
}

std::string Bytes(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

const PeerFields kAlice = {{"Authorization", "Bearer " + kToken}};
const PeerFields kBob = {{"Authorization", "Basic " + EncodeBase64("bob:" + kPassword)}};
const PeerFields kAdmin = {{"Authorization", "Bearer " + kApiToken}};

// A hub in which all happens that may happen, and what could be seen of it.
class LeakingRun {
 public:
  enum class Seals { kYes, kNo };

  LeakingRun(Seals seals, const std::string& talk) {
    WriteFile(folder_, "auth.json",
              R"({"tokens": [{"hash": "sha256:)" + Sha256(kToken) +
                  R"(", "identity": "alice"}], "basic": [{"user": "bob", "hash": "sha256:)" +
                  Sha256(kPassword) + R"("}]})");
    WriteFile(folder_, "key", std::string(64, '7') + "\n");
    std::vector<std::string> flags = {"--auth",
                                      folder_.File("auth.json"),
                                      "--hook",
                                      peer_.Url("/hook?key=" + kHookKey),
                                      "--api-token",
                                      kApiToken,
                                      "--allow-credentials-in-urls",
                                      "--retry-base",
                                      "50ms",
                                      "--delivery-retries",
                                      "1",
                                      talk};
    if (seals == Seals::kYes) {
      flags.insert(flags.end(), {"--secret-key-file", folder_.File("key")});
    }
    PlayPeers();
    hub_ = std::make_unique<HubProcess>(std::move(flags));
  }

  // Everything; then the hub has ended.
  void Run() {
    Subscribe();
    Refuse();
    Publish();
    Look();
    database_ = Bytes(hub_->File()) + Bytes(hub_->File() + "-wal") + Bytes(hub_->File() + "-shm");
    const auto ended = hub_->End(SIGTERM);
    printed_ = ended.out + ended.err;
    database_ += Bytes(hub_->File()) + Bytes(hub_->File() + "-wal");
    for (const PeerRequest& request : peer_.Requests()) {
      (request.path == "/hook" ? asked_ : sent_) += Whole(request);
    }
  }

  const std::string& sent() const { return sent_; }          // to callbacks, topics
  const std::string& asked() const { return asked_; }        // the hook
  const std::string& answered() const { return answered_; }  // publishers, subscribers, the API
  const std::string& shown() const { return shown_; }        // by the API
  const std::string& database() const { return database_; }
  const std::string& printed() const { return printed_; }
  const HttpPeer& peer() const { return peer_; }

 private:
  void PlayPeers() {
    for (const char* path : {"/good", "/basic", "/kept", "/moved"}) PlaySubscriber(peer_, path);
    PlaySubscriber(peer_, "/failing", 500);
    PlaySubscriber(peer_, "/gone", 410);
    peer_.On("GET", "/refusing", {.status = 404, .fields = {}, .body = "no"});
    peer_.On("GET", "/topic",
             {.status = 200, .fields = {{"Content-Type", "text/plain"}}, .body = "t"});
    peer_.On("GET", "/broken", {.status = 500, .fields = {}, .body = ""});
    peer_.On("POST", "/hook", [this](const PeerRequest& request) {
      PeerAnswer answer;
      const bool subscribes = request.body.find("\"subscription\"") != std::string::npos;
      if (request.body.find("/denied") != std::string::npos) {
        if (!subscribes) answer.body = R"({"decision": "deny", "reason": "not this one"})";
      } else if (request.body.find("/elsewhere") != std::string::npos) {
        answer = {.status = 307, .fields = {{"Location", "http://hub.example/hub"}}, .body = ""};
      } else if (request.body.find("/faulty") != std::string::npos) {
        answer.status = 502;
      }
      return answer;
    });
  }

  PeerAnswer Send(const std::string& method, const std::string& url, const std::string& type,
                  const std::string& body, const PeerFields& fields) {
    PeerAnswer answer = Ask(method, url, type, body, fields);
    answered_ += Whole(answer);
    return answer;
  }
  int SendForm(const Form& form, const PeerFields& fields) {
    return Send("POST", hub_->Hub(), "application/x-www-form-urlencoded", FormBody(form), fields)
        .status;
  }
  std::string Callback(const std::string& path) const { return peer_.Url(path + "?id=1"); }
  int Subscribe(const std::string& path, const PeerFields& fields, const std::string& callback = "",
                const std::string& mode = "subscribe") {
    return SendForm({{"hub.mode", mode},
                     {"hub.topic", hub_->Topic("news")},
                     {"hub.callback", callback.empty() ? Callback(path) : callback},
                     {"hub.verify_token", kVerifyToken},
                     {"hub.secret", SecretOf(path)}},
                    fields);
  }
  std::string Api(const std::string& path) {
    const auto answer = Send("GET", hub_->base() + "/api/v1" + path, "", "", kAdmin);
    shown_ += Whole(answer);
    return answer.body;
  }
  bool HasState(const std::string& path, const std::string& state) {
    return Eventually([&] {
      const auto found = nlohmann::json::parse(
          Ask("GET", hub_->base() + "/api/v1/subscriptions?limit=100&state=all", "", "", kAdmin)
              .body)["items"];
      return std::any_of(found.begin(), found.end(), [&](const auto& each) {
        return each["callback"].template get<std::string>().find(path) != std::string::npos &&
               each["state"] == state;
      });
    });
  }

  void Subscribe() {
    for (const char* path : {"/good", "/kept", "/failing", "/gone"}) {
      REQUIRE(Subscribe(path, kAlice) == 202);
      REQUIRE(HasState(path, "active"));
    }
    const std::string with_password =
        Replaced(Callback("/basic"), "http://", "http://carol:" + kCallbackPassword + "@");
    CHECK(Subscribe("/basic", kBob, with_password) == 202);
    CHECK(HasState("/basic", "active"));
    CHECK(Subscribe("/good", kBob) == 202);  // a renewal
    CHECK(Subscribe("/refusing", kAlice) == 202);
    CHECK(HasState("/refusing", "unverified"));
    CHECK(Subscribe("/denied", kAlice) == 202);
    CHECK(HasState("/denied", "denied"));
    CHECK(Subscribe("/moved", kAlice) == 202);
    CHECK(HasState("/moved", "active"));
    CHECK(Subscribe("/moved", kAlice, "", "unsubscribe") == 202);
    CHECK(HasState("/moved", "unsubscribed"));
  }

  void Refuse() {
    CHECK(Subscribe("/elsewhere", kAlice) == 307);
    CHECK(Subscribe("/faulty", kAlice) == 500);
    CHECK(Subscribe("/good", {}) == 401);
    CHECK(Subscribe("/good", {{"Authorization", "Bearer " + kStranger}}) == 401);
    const std::string wrong = EncodeBase64("bob:" + kWrongPassword);
    CHECK(Subscribe("/good", {{"Authorization", "Basic " + wrong}}) == 401);
    CHECK(Subscribe("/good", {{"Authorization", "Digest " + kStranger}}) == 401);
    CHECK(Subscribe("/good", kAlice, "no URL") == 400);
    const std::string query = "hub.mode=subscribe&hub.secret=" + PercentEncode(SecretOf("/query"));
    CHECK(Send("POST", hub_->Hub() + "?" + query, "text/plain", query, kAlice).status == 415);
    CHECK(Send("POST", hub_->Hub(), "application/json",
               nlohmann::json({{"hub.secret", SecretOf("/json")}}).dump(), kAlice)
              .status == 415);
    const std::string api = hub_->base() + "/api/v1/status";
    CHECK(Send("GET", api, "", "", {{"Authorization", "Bearer " + kWrongApiToken}}).status == 403);
    CHECK(Send("GET", api, "", "", kAlice).status == 403);
    CHECK(Send("GET", hub_->base() + "/nowhere", "", "", kAlice).status == 404);
  }

  void Publish() {
    CHECK(Send("PUT", hub_->Topic("news"), "text/plain", "the news", kAlice).status == 201);
    const std::string content = hub_->Hub() + "?hub.mode=publish&hub.topic=";
    CHECK(Send("POST", content + PercentEncode(peer_.Url("/t2")), "text/plain", "more", kBob)
              .status == 200);
    for (const char* path : {"/topic", "/broken"}) {
      CHECK(SendForm({{"hub.mode", "publish"}, {"hub.url", peer_.Url(path)}}, kBob) == 204);
      CHECK(Eventually([&] { return !peer_.Requests("GET", path).empty(); }));
    }
    CHECK(SendForm({{"hub.mode", "register"}, {"hub.topic", "orders"}}, kAlice) == 200);
    CHECK(SendForm({{"hub.mode", "deregister"}, {"hub.topic", "orders"}}, kAlice) == 200);
    CHECK(HasState("/gone", "gone"));
    for (const char* path : {"/good", "/kept", "/basic"}) {
      CHECK(Eventually([&] { return peer_.Requests("POST", path).size() == 1; }));
    }
    CHECK(Eventually([&] {
      return Ask("GET", hub_->base() + "/api/v1/dead-letters", "", "", kAdmin)
                 .body.find("/failing") != std::string::npos;
    }));
  }

  // Every view, and every thing in it by itself.
  void Look() {
    Api("/status");
    for (const std::string name :
         {"topics", "subscriptions", "messages", "exchanges", "dead-letters"}) {
      const std::string query = name == "subscriptions" ? "&state=all" : "";
      const auto page = nlohmann::json::parse(Api("/" + name + "?limit=200" + query));
      REQUIRE_MESSAGE(!page["items"].empty(), name);
      for (const auto& item : page["items"]) {
        const std::string id = item["id"];
        nlohmann::json one = nlohmann::json::parse(Api("/" + name + "/" + id));
        CHECK(one.is_object());
        if (name == "subscriptions") Api("/subscriptions/" + id + "/timeline");
        // What is not text is shown in base64.
        for (const auto& [key, value] : one.items()) {
          if (key.ends_with("base64") && value.is_string()) {
            shown_ += DecodeBase64(value.get<std::string>()).value_or("");
          }
        }
      }
    }
  }

  TempDir folder_;
  HttpPeer peer_;
  std::unique_ptr<HubProcess> hub_;
  std::string sent_, asked_, answered_, shown_, database_, printed_;
};

bool IsIn(const std::string& text, const std::string& secret) {
  const auto disguises = Disguises(secret);
  return std::any_of(disguises.begin(), disguises.end(), [&](const std::string& disguise) {
    return text.find(disguise) != std::string::npos;
  });
}

std::vector<std::string> SubscriptionSecrets() {
  std::vector<std::string> secrets;
  for (const char* path : {"/good", "/kept", "/failing", "/gone", "/basic", "/refusing", "/denied",
                           "/moved", "/elsewhere", "/faulty", "/query", "/json"}) {
    secrets.push_back(SecretOf(path));
  }
  return secrets;
}

TEST_CASE("no secret and no token and no password leaves the hub or lies in its file") {
  for (const char* talk : {"-v", "--json"}) {
    CAPTURE(talk);
    LeakingRun run(LeakingRun::Seals::kYes, talk);
    run.Run();
    REQUIRE(run.database().size() > 10000);
    REQUIRE(run.printed().find("deliver") != std::string::npos);
    std::vector<std::string> never = SubscriptionSecrets();
    never.insert(never.end(), {kToken, kStranger, kPassword, kWrongPassword, "bob:" + kPassword,
                               kApiToken, kWrongApiToken});
    for (const std::string& secret : never) {
      CAPTURE(secret);
      CHECK_FALSE(IsIn(run.sent(), secret));
      CHECK_FALSE(IsIn(run.asked(), secret));
      CHECK_FALSE(IsIn(run.answered(), secret));
      CHECK_FALSE(IsIn(run.shown(), secret));
      CHECK_FALSE(IsIn(run.database(), secret));
      CHECK_FALSE(IsIn(run.printed(), secret));
    }
    // These go where they are for, and nowhere else.
    CHECK(IsIn(run.asked(), kHookKey));
    CHECK(IsIn(run.sent(), kVerifyToken));
    CHECK(IsIn(run.sent(), kCallbackPassword));
    for (const std::string& told : {kHookKey, kVerifyToken, kCallbackPassword}) {
      CAPTURE(told);
      CHECK_FALSE(IsIn(run.answered(), told));
      CHECK_FALSE(IsIn(run.shown(), told));
      CHECK_FALSE(IsIn(run.printed(), told));
    }
    CHECK_FALSE(IsIn(run.sent(), kHookKey));
    CHECK_FALSE(IsIn(run.asked(), kVerifyToken));
    CHECK_FALSE(IsIn(run.asked(), kCallbackPassword));
    CHECK_FALSE(IsIn(run.database(), kHookKey));
    CHECK_FALSE(IsIn(run.database(), kVerifyToken));
    for (const char* path : {"/good", "/kept", "/basic"}) {
      const auto delivered = run.peer().Requests("POST", path);
      REQUIRE(delivered.size() == 1);
      CHECK(delivered[0].Field("X-Hub-Signature") ==
            "sha256=" + Hmac(SecretOf(path), delivered[0].body));
    }
  }
}

// So that the case above means something: without a key the secrets in force are found.
TEST_CASE("the search for secrets finds those in a file that is not sealed") {
  LeakingRun run(LeakingRun::Seals::kNo, "-v");
  run.Run();
  CHECK(IsIn(run.database(), SecretOf("/good")));
  CHECK(IsIn(run.database(), SecretOf("/kept")));
  CHECK_FALSE(IsIn(run.shown(), SecretOf("/good")));
  CHECK_FALSE(IsIn(run.printed(), SecretOf("/good")));
  for (const std::string& text : {EncodeBase64("a" + kToken), EncodeBase64("ab" + kToken + "c"),
                                  "x" + PercentEncode(kToken), Hex(kToken, "0123456789ABCDEF")}) {
    CAPTURE(text);
    CHECK(IsIn(text, kToken));
  }
}

}  // namespace
}  // namespace websub::tests
