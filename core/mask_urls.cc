#include "core/mask_urls.h"

#include <algorithm>

#include "core/text.h"

namespace websub {
namespace {

constexpr std::string_view kMask = "***";

// Walks over text of which every character may be percent-encoded.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool ended() const { return at_ >= text_.size(); }
  std::size_t at() const { return at_; }
  bool is_escaped() const { return IsPercentEscape(text_, at_); }
  char Peek() const {
    if (!is_escaped()) return text_[at_];
    return static_cast<char>(HexValue(text_[at_ + 1]) * 16 + HexValue(text_[at_ + 2]));
  }
  void Next() { at_ += is_escaped() ? 3 : 1; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool EndsAuthority(char c) {
  return IsSpace(c) || std::string_view("/?#\\\"<>").find(c) != std::string_view::npos;
}

struct Userinfo {
  bool found = false;
  std::size_t secret = 0;  // where what is to be masked begins
  std::size_t end = 0;     // the '@'
};

// Reads an authority to its end. A raw '&' ends it where the text has had a query already: it is
// the next parameter then.
Userinfo ReadAuthority(Reader& reader, bool in_query) {
  Userinfo userinfo{.found = false, .secret = reader.at(), .end = 0};
  bool colon = false;
  for (; !reader.ended(); reader.Next()) {
    const char c = reader.Peek();
    if (EndsAuthority(c) || (c == '&' && in_query && !reader.is_escaped())) break;
    if (c == ':' && !colon && !userinfo.found) {
      colon = true;
      userinfo.secret = reader.at() + (reader.is_escaped() ? 3 : 1);
    }
    if (c == '@') {
      userinfo.found = true;
      userinfo.end = reader.at();
    }
  }
  return userinfo;
}

}  // namespace

std::string MaskUrls(std::string_view text) {
  if (text.find('@') == text.npos && text.find("%40") == text.npos) return std::string(text);
  std::string masked;
  std::size_t copied = 0;
  Reader reader(text);
  int slashes = 0;
  bool in_query = false;
  while (!reader.ended()) {
    const char c = reader.Peek();
    in_query = in_query || (c == '?' && !reader.is_escaped());
    slashes = c == '/' || c == '\\' ? slashes + 1 : 0;
    reader.Next();
    if (slashes < 2) continue;
    slashes = 0;
    const Userinfo userinfo = ReadAuthority(reader, in_query);
    if (!userinfo.found || userinfo.secret == userinfo.end) continue;
    masked.append(text.substr(copied, userinfo.secret - copied)).append(kMask);
    copied = userinfo.end;
  }
  return masked.append(text.substr(copied));
}

}  // namespace websub
