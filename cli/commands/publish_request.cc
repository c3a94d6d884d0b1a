#include "cli/commands/publish_request.h"

#include <algorithm>

#include "cli/output.h"
#include "cli/text.h"
#include "core/base64.h"
#include "core/form.h"
#include "core/publish_request.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::cli {
namespace {

constexpr char kForm[] = "application/x-www-form-urlencoded";

bool IsForm(std::string_view type) {
  return EqualIgnoringCase(Trim(type.substr(0, type.find(';'))), kForm);
}

// Where EchoStream takes messages: at the hub's own origin, unless the URL names another place.
std::string MessagesUrl(const std::string& hub) {
  const auto url = Url::Parse(hub);
  if (!url) return hub;
  const std::string_view target = url->target();
  const std::string_view path = target.substr(0, target.find('?'));
  return path == "/hub" || path == "/" ? url->Origin() + "/api/v1/messages" : hub;
}

PublishCall EchoStreamCall(const std::string& hub, const std::string& topic, const Json& message) {
  return {.url = MessagesUrl(hub),
          .fields = {{"Content-Type", "application/json"}},
          .body = message.dump(-1, ' ', false, Json::error_handler_t::replace),
          .topics = {topic},
          .expected = Expected::k202};
}

// The form of an answer; nothing where it is none.
std::optional<Form> FormOf(std::string_view body) {
  auto form = ParseForm(Trim(body));
  if (!form || !FindField(*form, "hub.mode")) return std::nullopt;
  return *std::move(form);
}

}  // namespace

std::string_view Name(PublishAct act) {
  switch (act) {
    case PublishAct::kRegister:
      return "register";
    case PublishAct::kDeregister:
      return "deregister";
    case PublishAct::kPublish:
      break;
  }
  return "publish";
}

std::vector<PublishCall> PingCalls(BodyStyle style, const std::string& hub,
                                   const std::vector<std::string>& topics,
                                   std::string_view parameter) {
  if (style == BodyStyle::kPing) {
    const auto named = parameter == "hub.url"     ? PublishParameter::kUrl
                       : parameter == "hub.topic" ? PublishParameter::kTopic
                                                  : PublishParameter::kBoth;
    return {{.url = hub,
             .fields = {{"Content-Type", kForm}},
             .body = EncodeForm(ToForm(PublishRequest{topics}, named)),
             .topics = topics}};
  }
  std::vector<PublishCall> calls;
  for (const std::string& topic : topics) {
    if (style == BodyStyle::kEchoStream) {
      calls.push_back(EchoStreamCall(hub, topic, {{"topic", topic}, {"contentUrl", topic}}));
      continue;
    }
    calls.push_back({.url = hub,
                     .fields = {{"Content-Type", kForm}, {"x-ballerina-publisher", "event"}},
                     .body = EncodeForm({{"hub.mode", "publish"}, {"hub.topic", topic}}),
                     .topics = {topic},
                     .expected = Expected::kFormAccepted});
  }
  return calls;
}

PublishCall ContentCall(BodyStyle style, const std::string& hub, const std::string& topic,
                        const std::string& content, const std::string& type) {
  if (style == BodyStyle::kEchoStream) {
    return EchoStreamCall(
        hub, topic,
        {{"topic", topic}, {"contentBase64", EncodeBase64(content)}, {"contentType", type}});
  }
  PublishCall call{
      .url = AppendQuery(hub, EncodeForm({{"hub.mode", "publish"}, {"hub.topic", topic}})),
      .fields = {{"Content-Type", type}},
      .body = content,
      .topics = {topic},
      .expected = style == BodyStyle::kBallerina ? Expected::kFormAccepted : Expected::k2xx};
  // Without it a form would pass for a ping.
  if (IsForm(type)) call.fields.emplace_back("x-ballerina-publisher", "publish");
  return call;
}

PublishCall RegisterCall(PublishAct act, const std::string& hub, const std::string& topic) {
  return {.url = hub,
          .fields = {{"Content-Type", kForm}},
          .body = EncodeForm({{"hub.mode", std::string(Name(act))}, {"hub.topic", topic}}),
          .topics = {topic},
          .expected = Expected::kFormAccepted};
}

PublishVerdict Judge(Expected expected, int status, std::string_view content_type,
                     std::string_view body) {
  const bool ok = status >= 200 && status < 300;
  const auto form = FormOf(body);
  PublishVerdict verdict{.taken = ok, .sentence = HubSentence(content_type, body)};
  const auto mode = form ? FindField(*form, "hub.mode") : std::nullopt;
  if (mode == "denied") {
    const std::string_view reason = FindField(*form, "hub.reason").value_or("");
    verdict.sentence = reason.empty() ? "denied, without a reason" : HubSentence("", reason);
  }
  if (expected == Expected::k2xx || !ok) return verdict;
  if (expected == Expected::k202) {
    verdict.taken = status == 202;
    if (!verdict.taken) {
      verdict.sentence =
          "202 was expected" + (verdict.sentence.empty() ? "" : "; it said: " + verdict.sentence);
    }
    return verdict;
  }
  verdict.taken = status == 200 && mode == "accepted";
  if (verdict.taken || mode == "denied") return verdict;
  verdict.sentence = "200 with hub.mode=accepted was expected" +
                     (verdict.sentence.empty() ? "" : "; it said: " + verdict.sentence);
  return verdict;
}

Result<void> CheckMediaType(std::string_view text) {
  const std::string_view essence = Trim(text.substr(0, text.find(';')));
  const auto slash = essence.find('/');
  const auto token = [](std::string_view word) {
    return !word.empty() && std::ranges::all_of(word, [](char c) {
      return IsAlpha(c) || IsDigit(c) ||
             std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
    });
  };
  const bool control = std::ranges::any_of(text, [](char c) { return IsControl(c); });
  if (control || slash == std::string_view::npos || !token(essence.substr(0, slash)) ||
      !token(essence.substr(slash + 1))) {
    return Fail(ErrorCode::kInvalid, Quote(text) + " is no media type, such as application/json");
  }
  return {};
}

}  // namespace websub::cli
