// Topics that tick, so that there is something to subscribe to at once: the same news as Atom, RSS,
// JSON Feed, HTML and text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/time.h"

namespace websub::hub {

struct DemoDocument {
  std::string name;  // of the hosted topic: "demo.atom"
  std::string content_type;
  std::string body;
};

inline constexpr Duration kDemoInterval = std::chrono::seconds(10);

// What the topics hold at the tick that `now` falls into: the latest ten ticks, with links to the
// hub and to themselves.
std::vector<DemoDocument> MakeDemo(Time now, const std::string& base_url,
                                   const std::string& hub_url);

// When the tick after the one that `now` falls into begins.
Time NextDemoTick(Time now);

}  // namespace websub::hub
