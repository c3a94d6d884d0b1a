#include "core/finding_words.h"

#include <utility>

#include "core/mask_urls.h"
#include "core/text.h"

namespace websub {

std::string ShownInSentence(std::string_view url) {
  constexpr std::size_t kLongest = 200;
  std::string text = MaskUrls(url);  // whole: a password may be longer than what is shown
  if (text.size() > kLongest) text.replace(kLongest, std::string::npos, "...");
  return text;
}

Finding MakeFinding(FindingCode code, std::string what) {
  return Finding{code, std::move(what), std::nullopt};
}

Finding MakeFinding(FindingCode code, std::string what, const Exchange& exchange) {
  Finding finding = MakeFinding(code, std::move(what));
  if (exchange.id != 0) finding.exchange_id = exchange.id;
  return finding;
}

std::string_view QueryOf(std::string_view url) {
  url = url.substr(0, url.find('#'));
  const auto mark = url.find('?');
  return mark == std::string_view::npos ? std::string_view() : url.substr(mark + 1);
}

bool Mentions(std::string_view text, std::string_view part) {
  return ToLower(text).find(ToLower(part)) != std::string::npos;
}

}  // namespace websub
