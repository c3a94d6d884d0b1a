// --curl: what `subscribe` would send, as curl commands.
#pragma once

#include "cli/commands/subscribe.h"

namespace websub::cli {

// For each topic: its discovery, unless --hub names the hub, and the request to the hub. Sends
// nothing. "$HUB" and "$TOPIC" stand for what the discovery finds, "$CALLBACK" for a callback where
// --callback-url names none, and "$WEBSUB_SECRET" for the secret.
void PrintSubscribeCurl(const SubscribeOptions& options, Output& output);

}  // namespace websub::cli
