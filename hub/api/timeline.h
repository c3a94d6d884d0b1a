// The story of one subscription: what it asked for, how it was verified, what was published on its
// topic while it lasted, how each delivery went, and how it ended.
#pragma once

#include "core/result.h"
#include "hub/api/filters.h"
#include "hub/api/views.h"
#include "hub/store/store.h"

namespace websub::hub {

// {"steps": […], "truncated": bool}, oldest step first: the newest `filters.limit` steps from
// `filters.since` to `filters.until`; `truncated` where earlier ones were left out.
//
// Every step has `at`, `type`, `kind`, and `gap` (milliseconds since the step before, null for the
// first):
//   type exchange     View(Exchange), and request_line, response_start (the beginning of the
//   answer's body,
//                     where it was no success); a publish or fetch that made a message has
//                     `content`: {message, content_type, size}
//   type message      kind message: one whose publish is recorded no more; `content` as above
//   type dead_letter  kind dead-letter: `message`, `attempts`, `reason`
//   type state        kind verified, unverified, denied, unsubscribed, expired, gone: a change of
//   state that
//                     no step before it shows
Result<Json> Timeline(const Store& store, const Subscription& subscription, const Filters& filters);

}  // namespace websub::hub
