// Lets hooks have their say in a verification: subscription_validation before the callback is
// asked, subscription_intent_verified once it has confirmed, and the same for unsubscriptions.
#pragma once

#include <functional>

#include "hub/clock.h"
#include "hub/hooks/hooks.h"
#include "hub/intent/verifier.h"

namespace websub::hub {

// For Verifier::judge; null where the hooks want to know of none of it. The hooks and the clock
// outlive it.
std::function<void(IntentStage, const Intent&, std::function<void(Judgement)>)> JudgeByHooks(
    Hooks& hooks, const Clock& clock);

}  // namespace websub::hub
