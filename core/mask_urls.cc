#include "core/mask_urls.h"

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

// Where an authority has its first colon and its last '@': those that stand for themselves, or
// percent-encoded ones too.
struct Marks {
  std::size_t colon = std::string_view::npos;  // what follows it
  std::size_t at = std::string_view::npos;

  void See(char c, std::size_t begin, std::size_t end) {
    if (c == ':' && colon == std::string_view::npos) colon = end;
    if (c == '@') at = begin;
  }
};

// Reads an authority to its end and says where its colon and '@' are. In a URL that is not encoded
// itself an escape is never a delimiter; an escaped '@' still counts where there is no other, since
// some writers encode all but slashes. A raw '&' ends the authority where the text has had a query
// already: it is the next parameter then.
Marks ReadAuthority(Reader& reader, bool is_encoded, bool in_query) {
  Marks raw;
  Marks any;
  while (!reader.ended()) {
    const char c = reader.Peek();
    const bool escaped = reader.is_escaped();
    if (EndsAuthority(c) && (is_encoded || !escaped)) break;
    if (c == '&' && in_query && !escaped) break;
    const std::size_t begin = reader.at();
    reader.Next();
    any.See(c, begin, reader.at());
    if (!escaped) raw.See(c, begin, reader.at());
  }
  return is_encoded || raw.at == std::string_view::npos ? any : raw;
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
    const bool is_encoded = reader.is_escaped();
    in_query = in_query || (c == '?' && !is_encoded);
    slashes = c == '/' || c == '\\' ? slashes + 1 : 0;
    reader.Next();
    if (slashes < 2) continue;
    const std::size_t begin = reader.at();
    const Marks marks = ReadAuthority(reader, is_encoded, in_query);
    if (reader.at() != begin) slashes = 0;
    if (marks.at == text.npos) continue;
    const std::size_t secret = marks.colon <= marks.at ? marks.colon : begin;
    if (secret == marks.at) continue;
    masked.append(text.substr(copied, secret - copied)).append(kMask);
    copied = marks.at;
  }
  return masked.append(text.substr(copied));
}

}  // namespace websub
