#include "cli/completion/hub_words.h"

#include <algorithm>
#include <array>

#include "cli/commands/inspect_source.h"
#include "cli/http_call.h"
#include "cli/hub_access.h"
#include "cli/output.h"
#include "core/text.h"

namespace websub::cli::completion {
namespace {

constexpr std::size_t kMaxAnswer = 4 * 1024 * 1024;  // bytes

// The values of `member` in the lists behind these paths.
template <std::size_t N>
std::vector<std::string> Ask(Environment& environment, const HubPlace& place,
                             const std::array<std::string_view, N>& paths, const char* member) {
  std::vector<std::string> words;
  const auto base = inspect::HubBase(place.url);
  if (!base) return words;
  const auto caller = HttpCaller::Make(environment, {}, kPatience);
  if (!caller) return words;
  for (const std::string_view path : paths) {
    Call call;
    call.url = *base + "/api/v1/" + std::string(path);
    call.hub_fields = BearerFields(place.token);
    call.max_body = kMaxAnswer;
    const CallResult result = (*caller)->Send(call);
    if (!result.Answered() || result.answer.status != 200) return words;
    const Json page = Json::parse(result.answer.body, nullptr, false);
    if (!page.is_object() || !page.contains("items") || !page["items"].is_array()) return words;
    for (const Json& item : page["items"]) {
      if (!item.is_object() || !item.contains(member) || !item[member].is_string()) continue;
      auto word = item[member].get<std::string>();
      if (IsPlainWord(word)) words.push_back(std::move(word));
    }
  }
  return words;
}

}  // namespace

std::vector<std::string> TopicWords(Environment& environment, const HubPlace& place) {
  return Ask(environment, place, std::array<std::string_view, 1>{"topics?limit=500"}, "url");
}

std::vector<std::string> IdWords(Environment& environment, const HubPlace& place) {
  constexpr std::array<std::string_view, 5> kPaths = {"subscriptions?limit=200&state=all",
                                                      "messages?limit=100", "exchanges?limit=100",
                                                      "dead-letters?limit=100", "topics?limit=100"};
  return Ask(environment, place, kPaths, "id");
}

bool IsPlainWord(std::string_view word) {
  constexpr std::string_view kMarks = "-._~:/%+,@=";
  return !word.empty() && word[0] != '-' && word[0] != '~' && word[0] != '=' &&
         std::ranges::all_of(word, [&](char c) {
           return IsAlpha(c) || IsDigit(c) || kMarks.find(c) != kMarks.npos;
         });
}

}  // namespace websub::cli::completion
