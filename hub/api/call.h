// A request under way: what is answered and what is recorded of it. Private to hub/api.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/exchange.h"
#include "hub/access/access.h"
#include "hub/http/server.h"

namespace websub::hub {

// How a refusal is said.
enum class Speech {
  kSentence,  // text/plain
  kForm,      // hub.mode=denied&hub.reason=…, as the publishers of Ballerina and WSO2 read it
};

struct Call {
  http::Request request;
  http::Respond respond;
  Exchange exchange;
  Speech speech = Speech::kSentence;
};
using CallPtr = std::shared_ptr<Call>;

// How this refusal is said to that peer.
http::Response Refusal(const Call& call, const Error& error);

// What a decision against the request is answered with, and the outcome that is recorded.
std::pair<http::Response, std::string> Reply(const Call& call, const Decision& decision);
std::string IdentityOf(const Decision& decision);

// What those publishers take for success: exactly this.
http::Response FormAccepted();
http::Response FormDenied(int status, const std::string& reason);

}  // namespace websub::hub
