// The publish message of EchoStream, `echo.websub`: JSON that names a topic, and its new content or
// where that lies.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace websub::hub {

struct EchoMessage {
  std::string topic;
  std::string content_url;             // an http or https URL; empty: not sent
  std::optional<std::string> content;  // what contentBase64 stands for
  std::string content_type;            // empty: not sent
};

inline constexpr std::size_t kMaxEchoMessages = 1000;  // in one request
inline constexpr std::size_t kMaxContentUrl = 8192;    // bytes

// One object, an array of them, or (`content_type` is application/x-ndjson or application/ndjson)
// one on each line. Each has at least one of content_url and content. Members that are not known
// are passed over; null is the same as no member.
//
// kInvalid, with a sentence that names the member, and which message where there are several.
// kTooLarge: too many.
Result<std::vector<EchoMessage>> ParseEchoMessages(std::string_view content_type,
                                                   std::string_view body);

}  // namespace websub::hub
