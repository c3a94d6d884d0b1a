#include "hub/hooks/question.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/mask_urls.h"
#include "core/text.h"

namespace websub::hub {

namespace {

using Json = nlohmann::ordered_json;

Json OrNull(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

// hub.secret, hub.verify_token, "Authorization" and the like.
bool NamesSecret(std::string_view name) {
  constexpr std::array kWords = {"secret", "token", "authorization", "password", "cookie"};
  const std::string lower = ToLower(name);
  return std::any_of(kWords.begin(), kWords.end(),
                     [&lower](const char* word) { return lower.find(word) != lower.npos; });
}

}  // namespace

std::string QuestionJson(const HookQuestion& question, Authorization authorization) {
  Json json;
  json["event"] = Name(question.event);
  json["ts"] = FormatRfc3339(question.now);
  json["topic"] = OrNull(MaskUrls(question.topic));
  json["callback"] = OrNull(MaskUrls(question.callback));
  json["identity"] = OrNull(question.identity);
  json["peer"] = OrNull(question.peer);
  Json params = Json::object();
  for (const auto& [name, value] : question.details) {
    if (!NamesSecret(name)) params[name] = value;
  }
  json["params"] = std::move(params);
  if (!question.authorization.empty() && authorization != Authorization::kLeftOut) {
    json["authorization"] = authorization == Authorization::kTold ? question.authorization : "***";
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::string> QuestionVariables(const HookQuestion& question) {
  return {"WEBSUB_EVENT=" + std::string(Name(question.event)),
          "WEBSUB_TOPIC=" + MaskUrls(question.topic),
          "WEBSUB_CALLBACK=" + MaskUrls(question.callback), "WEBSUB_IDENTITY=" + question.identity};
}

}  // namespace websub::hub
