// A body that is a request is written and read back as the same request, within the limits that the
// hub relies on; a body that is none is refused with the name of a parameter.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/lease.h"
#include "core/publish_request.h"
#include "core/subscription_request.h"
#include "core/text.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckSubscription(const websub::Form& form) {
  const auto request = websub::ParseSubscriptionRequest(form);
  if (!request) {
    Require(request.error().message.starts_with("hub."));
    Require(websub::IsUtf8(request.error().message) || request.error().message.size() < 300);
    return;
  }
  Require(!request->topic.empty() && request->topic.size() <= websub::kMaxTopic);
  Require(websub::IsUtf8(request->topic));
  Require(request->callback.text().size() <= websub::kMaxCallback);
  if (request->secret) {
    Require(!request->secret->empty() && request->secret->size() <= websub::kMaxSecret);
  }
  if (request->lease) {
    Require(request->mode == websub::Mode::kSubscribe);
    Require(request->lease->count() > 0 && *request->lease <= websub::kMaxLease);
  }
  const websub::Form written = websub::ToForm(*request);
  const auto again = websub::ParseSubscriptionRequest(written);
  Require(again && websub::ToForm(*again) == written);
  // HUB-REQ-04: what is unknown changes nothing.
  websub::Form more = written;
  more.push_back({"hub.unknown", "x"});
  const auto same = websub::ParseSubscriptionRequest(more);
  Require(same && websub::ToForm(*same) == written);
}

void CheckPublish(const websub::Form& form) {
  const auto request = websub::ParsePublishRequest(form);
  if (!request) return;
  Require(!request->topics.empty());
  for (const auto parameter : {websub::PublishParameter::kUrl, websub::PublishParameter::kBoth}) {
    const auto again = websub::ParsePublishRequest(websub::ToForm(*request, parameter));
    Require(again && again->topics == request->topics);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto form = websub::ParseForm({reinterpret_cast<const char*>(data), size});
  if (!form) return 0;
  CheckSubscription(*form);
  CheckPublish(*form);
  return 0;
}
