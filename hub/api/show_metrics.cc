// GET /metrics: what hub/api/metrics.h counts, and how things stand. It is asked for every few
// seconds, so it looks at no more than what is counted already, as /api/v1/status does.
#include <utility>

#include "hub/api/api.h"
#include "hub/api/respond.h"

namespace websub::hub {

// Who may read /api/v1 may read this, and nobody else.
void Api::ShowMetrics(const http::Request& request, const http::Respond& respond) {
  if (const auto allowed = CheckApi(request, options_.guard); !allowed) {
    return respond(Refuse(allowed.error()));
  }
  Gauges now;
  now.counts = store_.CountAll();
  now.size = store_.Size();
  now.last_message = store_.EndsOfLogs().message;
  now.takes_writes = !store_.WriteFault();
  now.exchanges_waiting = recorder_.waiting();
  now.deliveries_due = deliverer_.lanes();
  now.in_flight = {.deliveries = deliverer_.in_flight(),
                   .resends = resender_.in_flight(),
                   .verifications = verifier_.in_flight(),
                   .fetches = fetcher_.in_flight() + inbox_.in_flight()};
  now.connections = server_.connections();
  now.followers = events_.followers();
  http::Response response;
  response.fields = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                     {"Cache-Control", "no-store"}};
  response.body = metrics_.Text(now);
  respond(std::move(response));
}

}  // namespace websub::hub
