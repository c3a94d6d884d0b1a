// Who may do what, as WSO2's hub and EchoStream's authenticators have it: with the bytes that their
// peers send.
#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <memory>

#include "core/base64.h"
#include "core/form.h"
#include "tests/support/raw_dialogue.h"

namespace websub::tests {
namespace {

using nlohmann::json;

const std::string kForm = "content-type: application/x-www-form-urlencoded\n";

std::string Base64Url(const std::string& bytes) {
  std::string text = EncodeBase64(bytes);
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text.substr(0, text.find('='));
}

// Signs tokens with an Ed25519 key of its own (RFC 8037).
class Issuer {
 public:
  std::string Jwks() const {
    std::array<unsigned char, 32> key{};
    std::size_t size = key.size();
    REQUIRE(EVP_PKEY_get_raw_public_key(key_.get(), key.data(), &size) == 1);
    const json jwk = {{"kty", "OKP"},
                      {"crv", "Ed25519"},
                      {"kid", "k1"},
                      {"x", Base64Url(std::string(key.begin(), key.end()))}};
    return json{{"keys", json::array({jwk})}}.dump();
  }

  // The value of Authorization for an hour.
  std::string Bearer(const std::string& who, const std::string& scopes) const {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::system_clock::now().time_since_epoch());
    const json head = {{"alg", "EdDSA"}, {"typ", "at+jwt"}, {"kid", "k1"}};
    const json claims = {{"iss", "https://localhost:9443/oauth2/token"},
                         {"sub", who},
                         {"aud", "websub"},
                         {"iat", now.count()},
                         {"exp", now.count() + 3600},
                         {"scope", scopes}};
    const std::string text = Base64Url(head.dump()) + "." + Base64Url(claims.dump());
    std::string signature(64, '\0');
    std::size_t size = signature.size();
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    REQUIRE(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
    std::vector<unsigned char> out(size);
    const std::vector<unsigned char> in(text.begin(), text.end());
    REQUIRE(EVP_DigestSign(context.get(), out.data(), &size, in.data(), in.size()) == 1);
    signature.assign(out.begin(), out.end());
    return "Bearer " + text + "." + Base64Url(signature);
  }

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_{
      EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free};
};

class Wso2Hub {
 public:
  Wso2Hub() {
    WriteFile(folder_, "jwks.json", issuer.Jwks());
    hub = std::make_unique<HubProcess>(std::vector<std::string>{
        "--auth", WriteFile(folder_, "auth.json",
                            R"({"jwt":[{"issuer":"https://localhost:9443/oauth2/token",
                                "audience":"websub","jwks":"jwks.json","algorithms":["EdDSA"]}]})")});
  }

  RawMessage Send(const std::string& target, const std::string& authorization,
                  const std::string& body, const std::string& lines = kForm) {
    const std::string credentials =
        authorization.empty() ? "" : "authorization: " + authorization + "\n";
    return SendRaw(
        *hub, "POST /hub" + target + " HTTP/1.1\nuser-agent: ballerina\n" + credentials + lines,
        body);
  }

  Issuer issuer;
  std::unique_ptr<HubProcess> hub;

 private:
  TempDir folder_;
};

TEST_CASE("WSO2 scopes open the acts that they name and no others") {
  Wso2Hub wso2;
  RawReceiver receiver([](const RawMessage& request) {
    return RawAnswer("200 OK", request.Parameter("hub.challenge"));
  });
  const std::string topic = "hub.topic=orders";
  const std::string callback = "&hub.callback=" + PercentEncode(receiver.Url("/cb"));
  const auto act = [&](const std::string& name, const std::string& authorization) {
    if (name == "update_content" || name == "content_update") {
      return wso2.Send("?hub.mode=publish&" + topic, authorization, "{}",
                       "content-type: application/json\n");
    }
    const std::string mode = name.substr(0, name.find('_'));  // of register_topic
    return wso2.Send("", authorization, "hub.mode=" + mode + "&" + topic + callback);
  };
  const std::vector<std::string> order = {"register_topic", "subscribe",   "update_content",
                                          "content_update", "unsubscribe", "deregister_topic"};
  for (const std::string& name : order) {
    CAPTURE(name);
    const auto unknown = act(name, "");
    CHECK(unknown.status() == 401);
    CHECK(unknown.Field("WWW-Authenticate").value_or("").starts_with("Bearer "));
    CHECK(act(name, wso2.issuer.Bearer("app", "openid")).status() == 403);
    CHECK(act(name, Issuer().Bearer("app", name)).status() == 401);  // somebody else's key
    const bool publisher = name != "subscribe" && name != "unsubscribe";
    if (publisher) {
      CHECK(unknown.body.starts_with("hub.mode=denied&hub.reason="));
    } else {
      CHECK(unknown.Field("Content-Type").value_or("").starts_with("text/plain"));
    }
    const auto allowed = act(name, wso2.issuer.Bearer("app", "openid " + name));
    CHECK(allowed.status() == (publisher ? 200 : 202));
    if (name == "subscribe") CHECK(wso2.hub->WaitForState(receiver.Url("/cb"), "active"));
    if (name == "unsubscribe") {
      CHECK(wso2.hub->WaitForState(receiver.Url("/cb"), "unsubscribed"));
    }
  }
}

TEST_CASE("a token that a peer sent goes to no subscriber and no topic and is not shown") {
  Wso2Hub wso2;
  RawReceiver receiver([](const RawMessage& request) {
    return RawAnswer("200 OK", request.Parameter("hub.challenge"));
  });
  RawReceiver topic([](const RawMessage&) { return RawAnswer("200 OK", "pinged"); });
  const std::string bearer = wso2.issuer.Bearer("app", "subscribe update_content");
  for (const std::string& each : {topic.Url("/feed"), std::string("orders")}) {
    CHECK(wso2.Send("", bearer,
                    "hub.mode=subscribe&hub.topic=" + PercentEncode(each) +
                        "&hub.callback=" + PercentEncode(receiver.Url("/" + each.substr(0, 1))))
              .status() == 202);
    CHECK(wso2.hub->WaitForState(receiver.Url("/" + each.substr(0, 1)), "active"));
  }
  CHECK(wso2.Send("?hub.mode=publish&hub.topic=orders", bearer, "pushed",
                  "content-type: text/plain\n")
            .status() == 200);
  CHECK(wso2.Send("", bearer, "hub.mode=publish&hub.url=" + PercentEncode(topic.Url("/feed")))
            .status() == 204);
  REQUIRE(receiver.WaitFor("POST", 2));
  const std::string token = bearer.substr(7);
  const std::string start = token.substr(0, token.find('.'));
  std::size_t seen = 0;
  for (const RawReceiver* peer : {&receiver, &topic}) {
    for (const std::string method : {"GET", "POST"}) {
      for (const RawMessage& got : peer->Got(method)) {
        ++seen;
        CHECK_FALSE(got.Field("Authorization").has_value());
        CHECK((got.head + got.body).find(start) == std::string::npos);
      }
    }
  }
  CHECK(seen >= 5);  // two verifications, a fetch, two deliveries
  // Who it was is kept, not how he showed it.
  CHECK(Eventually([&] { return wso2.hub->Get("/exchanges?kind=publish")["items"].size() == 2; }));
  const auto recorded = wso2.hub->Get("/exchanges?limit=100");
  for (const auto& item : recorded["items"]) {
    const auto whole = wso2.hub->Get("/exchanges/" + item["id"].get<std::string>());
    CHECK(whole.dump().find(token.substr(token.rfind('.') + 1)) == std::string::npos);
  }
  CHECK(wso2.hub->Get("/exchanges?kind=publish").dump().find("\"app\"") != std::string::npos);
}

TEST_CASE("an EchoStream authenticator says who subscribes and to which topics") {
  HttpPeer authenticator;
  authenticator.On("POST", "/auth", [](const PeerRequest& request) -> PeerAnswer {
    const auto question = json::parse(request.body);
    const std::string topic = question["topic"];
    PeerAnswer answer{.status = 200, .fields = {{"Content-Type", "application/json"}}, .body = ""};
    if (topic == "nobody") {
      answer.body = "null";
    } else if (topic == "own-error") {
      answer = {.status = 402, .fields = {{"Content-Type", "text/plain"}}, .body = "pay first"};
    } else if (topic == "own-503") {
      answer.body = R"({"decision":"deny","status":503,"reason":"closed on Sundays"})";
    } else if (topic == "garbage") {
      answer.body = "<html>";
    } else if (topic == "fault") {
      answer.status = 500;
    } else {
      answer.body = R"({"identity":"tenant-7","regexes":["echo\\.tenant-7\\..*"]})";
    }
    return answer;
  });
  HubProcess hub({"--hook", authenticator.Url("/auth"), "--hook-events", "subscription"});
  RawReceiver receiver([](const RawMessage& request) {
    return RawAnswer("200 OK", request.Parameter("hub.challenge"));
  });
  const auto subscribe = [&](const std::string& topic) {
    return SendRaw(hub, "POST /hub HTTP/1.1\nuser-agent: axios/1.7.4\naccept: */*\n" + kForm,
                   "hub.mode=subscribe&hub.topic=" + PercentEncode(topic) +
                       "&hub.callback=" + PercentEncode(receiver.Url("/cb")));
  };
  CHECK(subscribe("echo.tenant-7.orders").status() == 202);
  CHECK(hub.WaitForState(receiver.Url("/cb"), "active"));
  CHECK(hub.Get("/subscriptions")["items"][0]["identity"] == "tenant-7");
  CHECK(subscribe("echo.tenant-8.orders").status() == 403);
  CHECK(subscribe("x.echo.tenant-7.orders").status() == 403);
  CHECK(subscribe("nobody").status() == 403);
  const auto own = subscribe("own-error");
  CHECK(own.status() == 402);
  CHECK(own.body.find("pay first") != std::string::npos);
  CHECK(subscribe("own-503").status() == 503);
  CHECK(subscribe("garbage").status() == 500);
  CHECK(subscribe("fault").status() == 500);
  CHECK(receiver.Got("GET").size() == 1);
}

TEST_CASE("a publisher of Ballerina reads a fault of the hub as it reads a refusal") {
  HubProcess hub({"--hook", "http://127.0.0.1:1/ask"});
  const std::string head = "POST /hub HTTP/1.1\nuser-agent: ballerina\n" + kForm;
  for (const std::string& lines : {head, head + "x-ballerina-publisher: event\n"}) {
    const std::string mode = lines == head ? "register" : "publish";
    const auto answer =
        SendRaw(hub, lines, "hub.mode=" + mode + "&hub.topic=http://t.example/?a=1&b=2");
    CHECK(answer.status() == 500);
    CHECK(answer.Field("Content-Type") == "application/x-www-form-urlencoded");
    CHECK(answer.body.starts_with("hub.mode=denied&hub.reason="));
  }
  // The hook was to be asked about the whole topic.
  CHECK(Eventually([&] { return !hub.Get("/exchanges?kind=register")["items"].empty(); }));
  CHECK(hub.Get("/exchanges?kind=register")["items"][0]["topic"] == "http://t.example/?a=1&b=2");
}

TEST_CASE("an authenticator may be a program") {
  TempDir folder;
  const std::string program =
      WriteFile(folder, "auth.sh",
                "case \"$WEBSUB_TOPIC\" in\n"
                "  garbage) echo '{' ;;\n"
                "  nobody) echo null ;;\n"
                "  *) echo '{\"identity\": \"tenant-7\", \"topics\": [\"orders/[0-9]+\"]}' ;;\n"
                "esac\n");
  HubProcess hub({"--hook-command", "sh " + program, "--hook-events", "subscription"});
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  CHECK(hub.SubscribeVerified("orders/7", peer.Url("/cb")));
  CHECK(hub.Get("/subscriptions")["items"][0]["identity"] == "tenant-7");
  CHECK(hub.Subscribe("orders/x", peer.Url("/cb")).status == 403);
  CHECK(hub.Subscribe("nobody", peer.Url("/cb")).status == 403);
  CHECK(hub.Subscribe("garbage", peer.Url("/cb")).status == 500);
}

}  // namespace
}  // namespace websub::tests
