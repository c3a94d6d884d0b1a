// Whatever a hook says is read without a crash, and what is made of it can be passed on: a reason
// of one clean line, statuses within their range, hubs that are URLs. An accept is never made of a
// failure.
//
// The first two bytes choose the status, the next the form of the answer; a head ends with an empty
// line.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/text.h"
#include "core/url.h"
#include "hub/hooks/answer.h"

namespace {

using namespace websub::hub;  // NOLINT(google-build-using-namespace)

void Require(bool condition) {
  if (!condition) std::abort();
}

bool IsClean(const std::string& line) {
  return !line.empty() && websub::IsUtf8(line) &&
         std::none_of(line.begin(), line.end(), websub::IsControl);
}

void Check(const HookAnswer& answer) {
  Require(!Describe(answer).empty());
  if (const auto* accept = std::get_if<HookAccept>(&answer)) {
    Require(!accept->identity || IsClean(*accept->identity));
    if (!accept->topics) return;
    for (const auto& topic : *accept->topics) Require(!topic.empty());
  } else if (const auto* deny = std::get_if<HookDeny>(&answer)) {
    Require(deny->status >= 400 && deny->status <= 599);
    Require(IsClean(deny->reason));
  } else if (const auto* redirect = std::get_if<HookRedirect>(&answer)) {
    Require(redirect->status == 307 || redirect->status == 308);
    Require(!redirect->hubs.empty());
    for (const auto& hub : redirect->hubs) Require(websub::Url::Parse(hub).has_value());
  } else {
    Require(!std::get<HookFault>(answer).reason.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const int number = data[0] * 256 + data[1];
  const bool is_program = data[2] % 2 == 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  const auto end = std::min(text.find("\r\n\r\n"), text.size());
  const std::string_view head = text.substr(0, end);
  const std::string_view body = text.substr(std::min(end + 4, text.size()));
  Check(ReadHookJson(text));
  if (is_program) {
    const int status = number % 256;
    const HookAnswer answer = ReadHookExit(status, body, head);
    Check(answer);
    Require(status == 0 || !std::holds_alternative<HookAccept>(answer));
  } else {
    const int status = number % 1000;
    const HookAnswer answer = ReadHookReply(status, websub::HeadFields(head), body);
    Check(answer);
    const bool may_accept = status == 200 || status == 204;
    Require(may_accept || !std::holds_alternative<HookAccept>(answer));
  }
  return 0;
}
