// What a publisher tells a hub (section 6 leaves it open; this is what publishers send).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/form.h"
#include "core/result.h"

namespace websub {

// The ping: hub.mode=publish with any number of hub.url and hub.topic.
struct PublishRequest {
  // One that cannot be fetched.
  struct BadTopic {
    std::string topic;
    std::string sentence;  // "hub.url: …"
    bool operator==(const BadTopic&) const = default;
  };

  std::vector<std::string> topics;  // absolute http(s) URLs, in order, without repeats
  std::vector<BadTopic> bad = {};   // in order
};

enum class PublishParameter { kUrl, kTopic, kBoth };

// Every topic counts on its own. kInvalid names the parameter where there is none that can be
// fetched: no hub.url and no hub.topic, or none that is an absolute http(s) URL.
Result<PublishRequest> ParsePublishRequest(const Form& form);

// Publishers of Ballerina and WSO2 write T in "hub.mode=MODE&hub.topic=T" as it is. Where that can
// be seen ("://" stands in it), all the rest of the text is the topic, with nothing decoded; else
// nothing.
std::optional<std::string> PlainTopic(std::string_view text, std::string_view mode);

// The topic of content that comes with the query "hub.mode=publish&hub.topic=T", written as it is
// (see PlainTopic) or encoded; nothing where the query does not say that.
std::optional<std::string> ContentTopic(std::string_view query);

// Names the topics.
Form ToForm(const PublishRequest& request, PublishParameter parameter);

}  // namespace websub
