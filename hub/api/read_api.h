// The part of /api/v1 that only looks: a path and a query in, a status and JSON out. The hub
// answers GET requests with it; `websub inspect --db` calls it on a file. So both show the same.
//
//   topics  subscriptions  messages  exchanges  dead-letters    {"items": […], "next": "m123" or
//   null} {topics,subscriptions,messages,exchanges,dead-letters}/ID   one, whole
//   subscriptions/ID/timeline                                   hub/api/timeline.h
//   events                                                      hub/api/events.h: a page of what is
//   there status                                                      version, url, uptime, counts,
//   write fault
//
// Every list takes `limit` (1 to 1000, default 100), `after` (an id: the page behind it), `order`
// (newest, the default, or oldest), `topic`, `since` and `until` (RFC 3339, or a duration back from
// now), and what fits its kind: `callback`, `state` (default pending and active; `all`), `kind`,
// `status` (0: no answer), `subscription` (of messages: those that it still waits for), `message`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"
#include "hub/api/views.h"
#include "hub/store/store.h"

namespace websub::hub {

struct ReadContext {
  Time now;
  std::optional<Time> started;  // nothing where no hub runs
  std::string hub_url;          // the hub's endpoint; empty where no hub runs
  std::string version;
};

struct ReadAnswer {
  int status = 200;  // 400, 404, 503: the body is {"error": a sentence}
  Json body;
};

// `path` as in the request line ("/api/v1/topics"), `query` what follows '?', not decoded.
ReadAnswer ReadApi(const Store& store, const ReadContext& context, std::string_view path,
                   std::string_view query);

}  // namespace websub::hub
