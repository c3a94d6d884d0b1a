// HttpCaller::Follow: redirects, each hop remembered.
#include <algorithm>

#include "cli/http_call.h"
#include "core/text.h"

namespace websub::cli {
namespace {

// What changes with the method: the body is gone, and what described it.
void TurnIntoGet(Call& call) {
  call.method = "GET";
  call.body.reset();
  std::erase_if(call.fields,
                [](const auto& field) { return ToLower(field.first).starts_with("content-"); });
}

// Where the redirect leads, or why it cannot be followed.
Result<std::string> Target(const Call& call, const std::string& location,
                           const std::vector<DiscoveryHop>& hops) {
  if (location.empty()) {
    return Fail(ErrorCode::kInvalid, call.url + " redirects without a Location");
  }
  auto target = ResolveReference(call.url, location);
  if (!target) {
    return Fail(ErrorCode::kInvalid,
                call.url + " redirects to what is no URL: " + target.error().message);
  }
  if (const auto url = Url::Parse(*target); !url) {
    return Fail(ErrorCode::kInvalid,
                call.url + " redirects to " + *target + ": " + url.error().message);
  }
  const bool seen = std::any_of(hops.begin(), hops.end(),
                                [&](const DiscoveryHop& hop) { return hop.url == *target; });
  if (seen) return Fail(ErrorCode::kInvalid, "the redirects turn in a circle at " + *target);
  if (hops.size() > HttpCaller::kMaxRedirects) {
    return Fail(ErrorCode::kInvalid,
                "more than " + std::to_string(HttpCaller::kMaxRedirects) + " redirects");
  }
  return target;
}

}  // namespace

FollowedResult HttpCaller::Follow(Call call) {
  FollowedResult followed;
  while (true) {
    followed.last = Send(call);
    followed.last_call = call;
    if (!followed.last.Answered()) return followed;
    const int status = followed.last.answer.status;
    const bool redirects = IsRedirect(status);
    followed.hops.push_back({call.url, status, redirects ? followed.last.Field("Location") : "",
                             followed.last.Fields("Link")});
    if (!redirects) return followed;
    const auto target = Target(call, followed.hops.back().location, followed.hops);
    if (!target) {
      followed.stopped = target.error().message;
      return followed;
    }
    if (Url::Parse(call.url)->Origin() != Url::Parse(*target)->Origin()) {
      std::erase_if(call.fields, [](const auto& field) {
        return EqualIgnoringCase(field.first, "Authorization") ||
               EqualIgnoringCase(field.first, "Cookie");
      });
      call.hub_fields.clear();
    }
    const bool keeps_method = status == 307 || status == 308;
    if (!keeps_method && call.method != "GET" && call.method != "HEAD") {
      if (call.redirects == Redirects::kSameMethod) {
        followed.stopped = call.url + " redirects with " + std::to_string(status) + " to " +
                           *target + ", which turns " + call.method +
                           " into GET: give that URL instead";
        return followed;
      }
      TurnIntoGet(call);
    }
    call.url = *target;
  }
}

}  // namespace websub::cli
