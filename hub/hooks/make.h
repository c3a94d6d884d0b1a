// What `serve` says about hooks, and the Hooks that come of it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/exchange.h"
#include "core/result.h"
#include "core/time.h"
#include "hub/clock.h"
#include "hub/hooks/hooks.h"
#include "hub/hooks/question.h"
#include "hub/transport.h"

namespace websub::hub {

struct HookOptions {
  std::string url;                             // asked by POST; empty: none
  std::string command;                         // run by /bin/sh -c; empty: none. Not both.
  Duration timeout = std::chrono::seconds(5);  // from the question on, waiting included
  std::size_t concurrency = 16;                // questions under way; at least 1
  std::size_t max_waiting = 1024;              // questions that wait; beyond, they fail at once
  std::vector<HookEvent> events;               // empty: all
  Authorization authorization = Authorization::kLeftOut;
};

// Where a hook's doings go. Called on the loop's thread; any may be empty.
struct HookOutlets {
  std::function<void(Exchange)> on_exchange;  // kind kHook, secrets masked
  std::function<void(std::string)> on_notice;
  // For any thread: runs a task on the loop's thread. Never empty.
  std::function<void(std::function<void()>)> post;
};

// Reads "subscription,update_message". kInvalid names the word.
Result<std::vector<HookEvent>> ParseHookEvents(const std::string& list);

// kInvalid where the URL is none, or both are asked for; null where neither is. The transport and
// the clock outlive it. Dropping it ends the programs that run; nothing is called any more.
Result<std::unique_ptr<Hooks>> MakeHooks(const HookOptions& options, Transport& transport,
                                         const Clock& clock, HookOutlets outlets);

}  // namespace websub::hub
