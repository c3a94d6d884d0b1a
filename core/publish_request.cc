#include "core/publish_request.h"

#include <unordered_set>

#include "core/url.h"

namespace websub {

Result<PublishRequest> ParsePublishRequest(const Form& form) {
  PublishRequest request;
  std::unordered_set<std::string_view> seen;
  for (const FormField& field : form) {
    if (field.name != "hub.url" && field.name != "hub.topic") continue;
    if (const auto url = Url::Parse(field.value); !url) {
      return Fail(ErrorCode::kInvalid, field.name + ": " + url.error().message);
    }
    if (seen.insert(field.value).second) request.topics.push_back(field.value);
  }
  if (request.topics.empty()) {
    return Fail(ErrorCode::kInvalid, "hub.url: missing; name the topic that changed");
  }
  return request;
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
