#include "hub/api/api.h"

#include <utility>

#include "core/form.h"
#include "core/text.h"
#include "core/version.h"
#include "hub/api/dialects.h"
#include "hub/api/openapi.h"
#include "hub/api/read_api.h"
#include "hub/api/respond.h"
#include "hub/api/routes.h"
#include "hub/api/views.h"
#include "hub/dashboard/dashboard.h"

namespace websub::hub {

namespace {

http::Response NotAllowed(const std::string& allow, std::string sentence) {
  auto response = http::Response::Text(405, std::move(sentence));
  response.fields.emplace_back("Allow", allow);
  return response;
}

bool IsRead(const http::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

Api::Api(ApiParts parts, ApiOptions options)
    : store_(parts.store),
      recorder_(parts.recorder),
      verifier_(parts.verifier),
      fetcher_(parts.fetcher),
      inbox_(parts.inbox),
      deliverer_(parts.deliverer),
      access_(parts.access),
      events_(parts.events),
      resender_(parts.resender),
      metrics_(parts.metrics),
      server_(parts.server),
      clock_(parts.clock),
      options_(std::move(options)),
      started_(clock_.Now()) {}

void Api::Handle(http::Request request, http::Respond respond) {
  const std::string path(request.Path());
  if (path == "/hub") return Hub(std::move(request), std::move(respond));
  if (path.starts_with("/topics/")) return Topic(std::move(request), std::move(respond));
  if (path == "/api/v1/messages" && request.method == "POST") {
    return Messages(std::move(request), std::move(respond));
  }
  if (path.starts_with("/api/v1/")) return ApiV1(request, respond);
  if (path == "/metrics" && IsRead(request)) return ShowMetrics(request, respond);
  if (path == "/livez" && IsRead(request)) return respond(http::Response::Text(200, "alive"));
  if (path == "/readyz" && IsRead(request)) return respond(Ready());
  if (path.starts_with("/dashboard/")) return respond(Dashboard(request));
  if (path == "/" && IsRead(request)) {
    return respond(WantsPage(request) ? Dashboard(request) : About());
  }
  respond(http::Response::Text(404, "nothing is here: the hub is at " + options_.hub_url));
}

void Api::Hub(http::Request request, http::Respond respond) {
  if (request.method != "POST") {
    if (const auto form = ParseForm(request.Query())) {
      const auto known = CheckDialect(*form);
      if (!known) return respond(NotAllowed("POST", known.error().message));
    }
    return respond(NotAllowed(
        "POST", "this is a WebSub hub: send hub.mode, hub.topic and hub.callback by POST"));
  }
  // No peer of the protocol is a web page: one that sends this is somebody else's.
  if (const auto own = CheckOrigin(request, options_.guard); !own) {
    return respond(Refuse(own.error()));
  }
  const auto query = ParseForm(request.Query());
  if (const auto topic = ContentTopic(request.Query())) {
    return PublishContent(Record(std::move(request), std::move(respond), ExchangeKind::kPublish),
                          *topic);
  }
  auto form = ParseForm(request.body);
  if (form) form = AsMeant(request, std::move(*form));
  const auto mode = form ? FindField(*form, "hub.mode") : std::nullopt;
  const auto kind = mode == "publish"       ? ExchangeKind::kPublish
                    : mode == "register"    ? ExchangeKind::kRegister
                    : mode == "deregister"  ? ExchangeKind::kDeregister
                    : mode == "unsubscribe" ? ExchangeKind::kUnsubscribe
                                            : ExchangeKind::kSubscribe;
  const auto type = request.Field("Content-Type");
  const CallPtr call = Record(std::move(request), std::move(respond), kind);
  call->exchange.request_body = MaskBody(call->request.body);
  if (type && !EqualIgnoringCase(Trim(type->substr(0, type->find(';'))),
                                 "application/x-www-form-urlencoded")) {
    return Answer(call,
                  http::Response::Text(415,
                                       "Content-Type: send the parameters as "
                                       "application/x-www-form-urlencoded, not " +
                                           Quote(*type)),
                  "refused: not a form");
  }
  if (!form) return Answer(call, form.error());
  if (query && FindField(*query, "hub.mode") && !mode) {
    return Answer(call, Error{ErrorCode::kInvalid,
                              "hub.mode: it came in the URL's query; send the parameters in the "
                              "body of the request"});
  }
  if (mode == "publish") return PublishPing(call, *form);
  if (mode == "register") return Register(call, *form, Act::kRegister);
  if (mode == "deregister") return Register(call, *form, Act::kDeregister);
  if (const auto known = CheckDialect(*form); !known) return Answer(call, known.error());
  Subscribe(call, *form);
}

void Api::ApiV1(const http::Request& request, const http::Respond& respond) {
  if (const auto allowed = CheckApi(request, options_.guard); !allowed) {
    return respond(Refuse(allowed.error()));
  }
  const auto methods = MethodsOf(request.Path());
  if (methods.empty()) {
    const std::string sentence = "there is no path " + Quote(request.Path()) +
                                 "; GET /api/v1/openapi.json describes those that there are";
    return respond(JsonResponse(404, Json{{"error", sentence}}));
  }
  if (!Takes(methods, request.method)) {
    const std::string allow = AllowOf(methods);
    return respond(NotAllowed(allow, std::string(request.Path()) + " takes " + allow));
  }
  if (!IsRead(request)) {
    if (!SendAgain(request, respond)) Control(request, respond);
    return;
  }
  if (request.Path() == kOpenApiPath) return respond(Describe());
  if (request.Path() == "/api/v1/events") return events_.Follow(request, respond);
  if (request.Path() == "/api/v1/events/wait") return events_.Wait(request, respond);
  const ReadContext context{
      .now = clock_.Now(), .started = started_, .hub_url = options_.hub_url, .version = kVersion};
  const auto answer = ReadApi(store_, context, request.Path(), request.Query());
  respond(JsonResponse(answer.status, answer.body));
}

// Whoever reads it elsewhere finds the hub by it.
http::Response Api::Describe() {
  if (!description_) {
    Json description = Json::parse(kOpenApi);
    description["servers"] = Json::array({Json{{"url", options_.guard.base_url}}});
    description_ = std::make_shared<const std::string>(Dump(description) + "\n");
  }
  http::Response response;
  response.fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  response.shared_body = description_;
  return response;
}

void Api::BeginStop() {
  stopping_ = true;
  events_.Stop();
}

// For who looks at the hub without a browser.
http::Response Api::About() const {
  const std::string& base = options_.guard.base_url;
  auto response = http::Response::Text(
      200, std::string("websub ") + kVersion + ", a WebSub hub.\n\n  hub     " + options_.hub_url +
               "\n  topics  " + base + "/topics/NAME\n  API     " + base + "/api/v1/status");
  response.fields.emplace_back("Vary", "Accept");
  return response;
}

http::Response Api::Ready() const {
  if (stopping_) return Refuse({ErrorCode::kUnavailable, "the hub is stopping"});
  if (const auto fault = store_.WriteFault()) {
    return Refuse({ErrorCode::kUnavailable, "the store takes no writes: " + fault->message});
  }
  return http::Response::Text(200, "ready");
}

CallPtr Api::Record(http::Request request, http::Respond respond, ExchangeKind kind) {
  auto call = std::make_shared<Call>();
  call->exchange.at = clock_.Now();
  call->exchange.direction = Direction::kIn;
  call->exchange.kind = kind;
  call->exchange.url = MaskForm(request.target);
  call->exchange.peer = request.peer;
  call->exchange.request_head = MaskHead(request.head);
  call->exchange.timings = request.timings;
  call->request = std::move(request);
  call->respond = std::move(respond);
  return call;
}

void Api::Answer(const CallPtr& call, http::Response response, std::string outcome) {
  Exchange& exchange = call->exchange;
  exchange.status = response.status;
  exchange.outcome = std::move(outcome);
  exchange.response_body = response.body;
  exchange.response_body_size = response.body.size();
  response.on_sent = [this, call](std::string_view head, bool delivered) {
    call->exchange.response_head = MaskHead(head);
    if (!delivered) call->exchange.outcome += " (the peer left before the answer)";
    recorder_.Add(std::move(call->exchange));
  };
  call->respond(std::move(response));
}

void Api::Answer(const CallPtr& call, const Error& error) {
  Answer(call, Refusal(*call, error), "refused: " + error.message);
}

}  // namespace websub::hub
