// Four lines: a callback, a topic, a challenge and a lease. The callback, asked with all of it,
// reads the same verification out of its query, whatever its own query holds; and any query at all
// is read or refused.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/lease.h"
#include "core/verification.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

std::string_view QueryOf(std::string_view target) {
  return target.substr(std::min(target.find('?'), target.size() - 1) + 1);
}

void CheckRoundTrip(const websub::Url& callback, const std::string& topic,
                    const std::string& challenge, std::optional<std::chrono::seconds> lease) {
  using websub::Mode;
  for (const Mode mode : {Mode::kSubscribe, Mode::kUnsubscribe}) {
    const websub::Verification verification{mode, topic, challenge,
                                            mode == Mode::kSubscribe ? lease : std::nullopt};
    const auto url = websub::Url::Parse(websub::VerificationUrl(callback, verification));
    if (!url) continue;  // only where it became too long
    const auto query = websub::ParseCallbackQuery(QueryOf(url->target()));
    Require(query && std::get<websub::Verification>(*query) == verification);
    Require(url->Origin() == callback.Origin());
    // HUB-REQ-09: what the callback had stays in front.
    Require(url->target().starts_with(callback.target()));
  }
  const websub::Denial denial{topic, challenge};
  const auto url = websub::Url::Parse(websub::DenialUrl(callback, denial));
  if (!url) return;
  const auto query = websub::ParseCallbackQuery(QueryOf(url->target()));
  Require(query && std::get<websub::Denial>(*query) == denial);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  websub::CheckEcho(200, rest, rest.substr(0, 8));
  if (const auto query = websub::ParseCallbackQuery(rest); !query) {
    Require(query.error().message.starts_with("hub."));
  }
  std::array<std::string, 4> lines;
  for (std::string& line : lines) {
    line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  const auto& [callback_text, topic, challenge, lease_text] = lines;
  const auto callback = websub::Url::Parse(callback_text);
  const auto lease = websub::ParseLeaseSeconds(lease_text);
  // A lease or reason of the callback's own is taken for the hub's where the hub sends none.
  if (!callback || topic.empty() || challenge.empty() || !lease) return 0;
  CheckRoundTrip(*callback, topic, challenge, lease);
  Require(websub::CheckEcho(200, challenge, challenge).verdict == websub::EchoVerdict::kMatches);
  Require(websub::CheckEcho(302, challenge, challenge).verdict == websub::EchoVerdict::kBadStatus);
  return 0;
}
