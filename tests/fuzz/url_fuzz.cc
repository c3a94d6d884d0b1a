// Two lines: a base and a reference. A URL that was read can stand in a request line and reads the
// same again; resolving twice is resolving once.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/text.h"
#include "core/url.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

// Everything else in core relies on these of every URL.
void CheckUrl(std::string_view text) {
  const auto url = websub::Url::Parse(text);
  if (!url) {
    Require(!url.error().message.empty());
    return;
  }
  Require(url->text() == text);
  Require(url->target().starts_with('/'));
  for (const char c : url->target()) Require(c > ' ' && c < '\x7f' && c != '#' && c != '"');
  Require(!url->host().empty() && url->port() != 0);
  for (const char c : url->HostHeader()) {
    Require(c > ' ' && c < '\x7f' && c != '@' && c != '/' && c != '\\' && c != '%');
  }
  const auto again = websub::Url::Parse(url->text());
  Require(again && *again == *url && again->target() == url->target());

  // Where to connect follows from the origin alone, and the target is stable once it is encoded.
  const auto plain = websub::Url::Parse(url->Origin() + url->target());
  Require(plain && plain->Origin() == url->Origin() && plain->target() == url->target());
  Require(websub::DescribeDifference(text, text).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view base = input.substr(0, input.find('\n'));
  const std::string_view reference = input.substr(base.size() < size ? base.size() + 1 : size);
  CheckUrl(base);
  CheckUrl(reference);
  websub::DescribeDifference(base, reference);
  const auto resolved = websub::ResolveReference(base, reference);
  if (!resolved) return 0;
  CheckUrl(*resolved);
  Require(websub::ResolveReference(base, *resolved) == *resolved);
  const std::string longer = websub::AppendQuery(*resolved, "a=1");
  Require(longer.size() > resolved->size() + 2);
  Require(longer.size() > websub::Url::kMaxLength || websub::Url::Parse(longer).has_value());
  return 0;
}
