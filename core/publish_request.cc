#include "core/publish_request.h"

#include <unordered_set>

#include "core/url.h"

namespace websub {

Result<PublishRequest> ParsePublishRequest(const Form& form) {
  PublishRequest request;
  std::unordered_set<std::string_view> seen;
  for (const FormField& field : form) {
    if (field.name != "hub.url" && field.name != "hub.topic") continue;
    if (!seen.insert(field.value).second) continue;
    if (const auto url = Url::Parse(field.value)) {
      request.topics.push_back(field.value);
    } else {
      request.bad.push_back({field.value, field.name + ": " + url.error().message});
    }
  }
  if (request.topics.empty()) {
    return Fail(ErrorCode::kInvalid, request.bad.empty()
                                         ? "hub.url: missing; name the topic that changed"
                                         : request.bad.front().sentence +
                                               "; the content of a topic that is no URL is sent "
                                               "with hub.mode and hub.topic in the query");
  }
  return request;
}

std::optional<std::string> PlainTopic(std::string_view text, std::string_view mode) {
  for (const std::string_view part :
       {std::string_view("hub.mode="), mode, std::string_view("&hub.topic=")}) {
    if (!text.starts_with(part)) return std::nullopt;
    text.remove_prefix(part.size());
  }
  const auto scheme_end = text.find("://");
  if (scheme_end == text.npos || scheme_end > text.find('&')) return std::nullopt;
  return std::string(text);
}

std::optional<std::string> ContentTopic(std::string_view query) {
  if (auto plain = PlainTopic(query, "publish")) return plain;
  const auto form = ParseForm(query);
  if (!form || FindField(*form, "hub.mode") != "publish") return std::nullopt;
  const auto topic = FindField(*form, "hub.topic");
  return topic ? std::optional<std::string>(*topic) : std::nullopt;
}

Form ToForm(const PublishRequest& request, PublishParameter parameter) {
  Form form = {{"hub.mode", "publish"}};
  for (const std::string& topic : request.topics) {
    if (parameter != PublishParameter::kTopic) form.push_back({"hub.url", topic});
    if (parameter != PublishParameter::kUrl) form.push_back({"hub.topic", topic});
  }
  return form;
}

}  // namespace websub
