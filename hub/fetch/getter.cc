#include "hub/fetch/getter.h"

#include <utility>

#include "core/request_head.h"
#include "hub/delivery/outcome.h"

namespace websub::hub {

namespace {

// A redirect may not bring credentials of its own: they would be the topic's word for whom to be.
bool BringsCredentials(const Url& from, const Url& to) {
  return !to.userinfo().empty() &&
         (to.Origin() != from.Origin() || to.userinfo() != from.userinfo());
}

}  // namespace

Getter::Getter(Transport& transport, Recorder& recorder, const Clock& clock, Turns& turns,
               GetOptions options)
    : transport_(transport),
      recorder_(recorder),
      clock_(clock),
      turns_(turns),
      options_(std::move(options)) {}

void Getter::Get(GetRequest request, std::function<void(Got)> done) {
  auto walk = std::make_shared<Walk>();
  walk->request = std::move(request);
  walk->done = std::move(done);
  Hop(walk, walk->request.url);
}

// One that the hub hosts itself. A path that may lead elsewhere, once somebody has normalised it,
// is none.
bool Getter::IsOwn(const Url& url) const {
  const std::string prefix = options_.own_base + "/topics/";
  return url.text().starts_with(prefix) &&
         url.text().find_first_of("/\\%", prefix.size()) == std::string::npos &&
         !url.text().substr(prefix.size()).starts_with('.');
}

Exchange Getter::NewExchange(const Walk& walk, const Url& url) const {
  Exchange exchange;
  exchange.at = clock_.Now();
  exchange.kind = ExchangeKind::kFetch;
  exchange.topic = walk.request.topic;
  exchange.identity = walk.request.identity;
  exchange.url = url.text();
  exchange.attempt = walk.request.attempt;
  return exchange;
}

void Getter::Hop(const WalkPtr& walk, const Url& url) {
  Exchange exchange = NewExchange(*walk, url);
  if (options_.addresses && !IsOwn(url)) {
    if (const auto allowed = options_.addresses->CheckUrl(url); !allowed) {
      OutgoingResult result;
      result.fault = Fault::kForbiddenAddress;
      return walk->done({.how = Got::How::kFinal,
                         .reason = allowed.error().message,
                         .result = std::move(result),
                         .exchange = std::move(exchange),
                         .hops = std::move(walk->hops)});
    }
  }
  FieldList fields = {{"Accept", "*/*"}};
  if (walk->hops.empty()) {
    for (auto& field : walk->request.validators) fields.push_back(std::move(field));
  }
  OutgoingRequest request;
  request.url = url;
  request.head = RequestHead("GET", url, fields);
  request.max_body = options_.max_body;
  request.timeout = options_.timeout;
  if (!IsOwn(url)) request.addresses = options_.addresses;
  exchange.request_head = MaskHead(request.head);
  transport_.Send(std::move(request),
                  [this, walk, url, exchange = std::move(exchange)](OutgoingResult result) mutable {
                    turns_.Learn(walk->request.ticket, result);
                    Answered(walk, url, std::move(exchange), std::move(result));
                  });
}

void Getter::Answered(const WalkPtr& walk, const Url& url, Exchange exchange,
                      OutgoingResult result) {
  const FieldList fields = HeadFields(result.head);
  walk->hops.push_back({.url = url.text(),
                        .status = result.status,
                        .location = FirstField(fields, "Location"),
                        .link_headers = AllFields(fields, "Link")});
  if (IsRedirect(result.status) && result.fault != Fault::kCancelled) {
    return Redirected(walk, url, std::move(exchange), std::move(result));
  }
  Got got;
  if (result.fault == Fault::kCancelled) {
    got.how = Got::How::kStopped;
  } else if (result.status == 304) {
    got.how = Got::How::kAnswered;
  } else if (result.fault == Fault::kForbiddenAddress) {  // stays forbidden
    got.how = Got::How::kFinal;
    got.reason = DescribeFailure(result);
  } else if (result.fault != Fault::kNone || result.status == 429 || result.status >= 500) {
    got.how = Got::How::kMayPass;
    got.reason = DescribeFailure(result);
  } else if (!result.Ok2xx() || result.body_cut) {
    got.how = Got::How::kFinal;
    got.reason = result.Ok2xx()
                     ? "the content is larger than " + std::to_string(options_.max_body) + " bytes"
                     : DescribeFailure(result);
  }
  got.result = std::move(result);
  got.exchange = std::move(exchange);
  got.hops = std::move(walk->hops);
  walk->done(std::move(got));
}

void Getter::Redirected(const WalkPtr& walk, const Url& url, Exchange exchange,
                        OutgoingResult result) {
  const std::string& location = walk->hops.back().location;
  const auto text = ResolveReference(url.text(), location);
  const auto next = text ? Url::Parse(*text) : tl::unexpected(text.error());
  std::string reason;
  if (location.empty() || !next) {
    reason = "redirected to no URL that can be fetched";
  } else if (static_cast<int>(walk->hops.size()) > options_.max_redirects) {
    reason = "more than " + std::to_string(options_.max_redirects) + " redirects";
  } else if (BringsCredentials(url, *next)) {
    reason = "redirected to a URL with a user name or password";
  }
  if (!reason.empty()) {
    return walk->done({.how = Got::How::kFinal,
                       .reason = std::move(reason),
                       .result = std::move(result),
                       .exchange = std::move(exchange),
                       .hops = std::move(walk->hops)});
  }
  FillFromResult(exchange, std::move(result));
  exchange.outcome = "redirected to " + next->text();
  if (url.scheme() == Scheme::kHttps && next->scheme() == Scheme::kHttp) {
    exchange.outcome += ", from https to http";
  }
  recorder_.Add(std::move(exchange));
  Hop(walk, *next);
}

}  // namespace websub::hub
