#include "cli/delivered_wait.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "cli/hub_access.h"
#include "cli/text.h"
#include "core/form.h"

namespace websub::cli {
namespace {

constexpr std::size_t kMaxAnswer = 8 * 1024 * 1024;  // a message comes with its body

tl::unexpected<QueryFailure> NotOurs(const std::string& hub, const std::string& why) {
  return tl::unexpected(QueryFailure{
      ExitStatus::kUsage, "--wait-delivered works with websub's own hub only: " + hub + " " + why});
}

Query<nlohmann::json> Ask(const HubApi& api, const std::string& hub, const std::string& target) {
  const auto url = Url::Parse(hub);
  if (!url) return tl::unexpected(QueryFailure{ExitStatus::kUsage, url.error().message});
  const Call call{.url = url->Origin() + target,
                  .fields = BearerFields(api.token),
                  .body = {},
                  .max_body = kMaxAnswer};
  const CallResult result = api.caller.Send(call);
  if (!result.Answered()) {
    return tl::unexpected(QueryFailure{StatusOf(result), Explain(call, result)});
  }
  if (result.answer.status == 401 || result.answer.status == 403) {
    return tl::unexpected(
        QueryFailure{ExitStatus::kHubRefused,
                     "the API of " + hub + " refused with " + std::to_string(result.answer.status) +
                         ": " + HubSentence(result.Field("Content-Type"), result.answer.body)});
  }
  if (result.answer.status != 200) {
    return NotOurs(hub, "answers " + std::to_string(result.answer.status) + " at /api/v1/messages");
  }
  auto json = nlohmann::json::parse(result.answer.body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return NotOurs(hub, "answers no JSON at /api/v1/messages");
  return json;
}

long long Count(const nlohmann::json& message, const char* name) {
  const auto found = message.find(name);
  return found != message.end() && found->is_number_integer() ? found->get<long long>() : 0;
}

}  // namespace

std::optional<std::int64_t> MessageNumber(std::string_view id) {
  if (!id.starts_with('m')) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(id.data() + 1, id.data() + id.size(), number);
  if (error != std::errc() || end != id.data() + id.size() || number < 0) return std::nullopt;
  return number;
}

Query<std::string> NewestMessage(const HubApi& api, const std::string& hub,
                                 const std::string& topic) {
  const auto json =
      Ask(api, hub, "/api/v1/messages?topic=" + PercentEncode(topic) + "&order=newest&limit=1");
  if (!json) return tl::unexpected(json.error());
  const auto items = json->find("items");
  if (items == json->end() || !items->is_array()) return NotOurs(hub, "lists no messages");
  if (items->empty()) return std::string();
  const nlohmann::json& newest = items->front();
  const auto id = newest.is_object() ? newest.value("id", nlohmann::json()) : nlohmann::json();
  if (!id.is_string() || !MessageNumber(id.get<std::string>())) {
    return NotOurs(hub, "numbers its messages differently");
  }
  return id.get<std::string>();
}

Query<DeliveryProgress> AskProgress(const HubApi& api, const std::string& hub,
                                    const std::string& message) {
  const auto json = Ask(api, hub, "/api/v1/messages/" + PercentEncode(message));
  if (!json) return tl::unexpected(json.error());
  return DeliveryProgress{message, Count(*json, "delivered"), Count(*json, "pending"),
                          Count(*json, "dead")};
}

}  // namespace websub::cli
