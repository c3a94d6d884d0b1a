// What a publisher sends to a hub, in the ways that hubs know, and what their answers mean.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/http_call.h"
#include "core/result.h"

namespace websub::cli {

enum class BodyStyle {
  kPing,        // a form with hub.url and hub.topic; content with its topic in the query
  kBallerina,   // as Ballerina's and WSO2's publishers, who want hub.mode=accepted
  kEchoStream,  // JSON, in or by the publish message of EchoStream
};

enum class PublishAct { kPublish, kRegister, kDeregister };

std::string_view Name(PublishAct act);  // "register"

// What counts as success.
enum class Expected {
  k2xx,
  kFormAccepted,  // exactly 200 with hub.mode=accepted in a form body
  k202,
};

struct PublishCall {
  std::string method = "POST";
  std::string url;
  CallFields fields;
  std::string body;
  std::vector<std::string> topics;
  Expected expected = Expected::k2xx;
};

// `parameter` names the topic of a ping in the plain style: "hub.url", "hub.topic" or "both". One
// request for all topics where the style has room for them, else one for each.
std::vector<PublishCall> PingCalls(BodyStyle style, const std::string& hub,
                                   const std::vector<std::string>& topics,
                                   std::string_view parameter);
PublishCall ContentCall(BodyStyle style, const std::string& hub, const std::string& topic,
                        const std::string& content, const std::string& type);
PublishCall RegisterCall(PublishAct act, const std::string& hub, const std::string& topic);

// Whether the hub took it, and its own words, as one line: the reason of a denial, or its text.
struct PublishVerdict {
  bool taken = false;
  std::string sentence;
};
PublishVerdict Judge(Expected expected, int status, std::string_view content_type,
                     std::string_view body);

// kInvalid where that is no media type: "type/subtype", with parameters or without.
Result<void> CheckMediaType(std::string_view text);

}  // namespace websub::cli
