// What a publisher tells a hub (section 6 leaves it open; this is what publishers send).
#pragma once

#include <string>
#include <vector>

#include "core/form.h"
#include "core/result.h"

namespace websub {

// The ping: hub.mode=publish with any number of hub.url and hub.topic.
struct PublishRequest {
  std::vector<std::string> topics;  // in order, without repeats; at least one
};

enum class PublishParameter { kUrl, kTopic, kBoth };

// kInvalid names the parameter: no hub.url and no hub.topic, or one that is not an absolute http(s)
// URL.
Result<PublishRequest> ParsePublishRequest(const Form& form);

Form ToForm(const PublishRequest& request, PublishParameter parameter);

}  // namespace websub
