// libxml2 tells elements, but not where they lie (xmlByteConsumed is off by what its buffers hold).
// So a scanner of our own finds the places, and libxml2 says whether the document is well-formed.
// Together they are certain: in a well-formed document without DOCTYPE, '<' begins markup wherever
// it stands outside of markup, and a quote or "-->", "?>", "]]>" ends what it has to end.
//
// What is quadratic in libxml2 (attributes of one tag, namespaces in scope) and what would exhaust
// its stack is bounded by the scanner, which goes first.
#include "core/feed_diff.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "core/digest.h"
#include "core/document_readers.h"
#include "core/text.h"
#include "core/xml_library.h"

namespace websub {
namespace {

constexpr std::string_view kAtomNamespace = "http://www.w3.org/2005/Atom";
constexpr std::string_view kMark = "\xEF\xBB\xBF";
constexpr std::size_t kMaxDepth = 200;       // libxml2's own limit is 256
constexpr std::size_t kMaxAttributes = 100;  // of one tag
constexpr std::size_t kMaxNamespaces = 64;   // declared by the elements that are open
constexpr std::size_t kDigits = 32;          // half of a SHA-256 is enough to tell versions apart

constexpr bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool IsBlank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return IsBlank(c); });
}

// ----- Encoding

enum class Encoding {
  kUtf8,
  kOneByte,  // each byte one character, the lower half as in ASCII
};

std::optional<Encoding> EncodingNamed(std::string_view name) {
  if (name == "utf-8" || name == "utf8" || name == "us-ascii" || name == "ascii") {
    return Encoding::kUtf8;
  }
  constexpr auto kPrefixes = std::to_array<std::string_view>(
      {"iso-8859-", "windows-125", "cp125", "latin1", "koi8-r", "koi8-u"});
  if (std::any_of(kPrefixes.begin(), kPrefixes.end(),
                  [&](std::string_view prefix) { return name.starts_with(prefix); })) {
    return Encoding::kOneByte;
  }
  return std::nullopt;
}

// What the XML declaration names, lower case; empty: none.
std::string DeclaredEncoding(std::string_view body) {
  constexpr std::string_view kKey = "encoding";
  if (!body.starts_with("<?xml")) return "";
  const std::string_view declaration = body.substr(0, body.find("?>"));
  const std::size_t key = declaration.find(kKey);
  if (key == std::string_view::npos) return "";
  const std::size_t quote = declaration.find_first_of("\"'", key);
  if (quote == std::string_view::npos) return "";
  const std::size_t end = declaration.find(declaration[quote], quote + 1);
  return ToLower(Trim(declaration.substr(quote + 1, end - quote - 1)));
}

// The byte order mark goes before the content type, and that before the document's own word
// (RFC 7303). A name that is not known, even where another counts, makes it doubtful.
std::optional<Encoding> EncodingOf(std::string_view content_type, std::string_view body) {
  const bool marked = body.starts_with(kMark);
  std::optional<Encoding> found;
  if (marked) found = Encoding::kUtf8;
  for (const std::string& name :
       {CharsetOf(content_type), DeclaredEncoding(body.substr(marked ? kMark.size() : 0))}) {
    if (name.empty()) continue;
    const auto named = EncodingNamed(name);
    if (!named) return std::nullopt;
    if (!found) found = named;
  }
  return found.value_or(Encoding::kUtf8);
}

bool MayBeXml(std::string_view content_type) {
  const std::string essence = ToLower(Trim(content_type.substr(0, content_type.find(';'))));
  return essence.empty() || essence.ends_with("/xml") || essence.ends_with("+xml");
}

// ----- Places

class FeedScanner {
 public:
  explicit FeedScanner(std::string_view body) : body_(body) {}

  // Nothing where it is no feed, or none that is to be touched. That the document is well-formed is
  // taken for granted.
  std::vector<FeedEntry> Run() {
    at_ = body_.starts_with(kMark) ? kMark.size() : 0;
    while (!over_ && at_ < body_.size()) Next();
    if (!ok_ || !open_.empty()) return {};
    return std::move(entries_);
  }

 private:
  struct Binding {
    std::string_view prefix;
    std::string_view uri;
  };
  struct Element {
    std::size_t namespaces = 0;  // that it declares
    std::size_t bindings = 0;    // in bindings_ before it
  };
  struct Tag {
    std::string_view name;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t attributes = 0;
    std::size_t namespaces = 0;
    bool empty = false;  // "<a/>"
  };
  enum class Kind { kUnknown, kAtom, kRss };

  void Stop() {
    ok_ = false;
    over_ = true;
  }

  // Where the entries are: in feed, or in a channel.
  bool AtFeedLevel() const {
    return kind_ == Kind::kAtom ? open_.size() == 1 : open_.size() == 2 && in_channel_;
  }

  // One piece of text and the markup behind it.
  void Next() {
    const std::size_t tag = std::min(body_.find('<', at_), body_.size());
    if (AtFeedLevel() && !IsBlank(body_.substr(at_, tag - at_))) return Stop();
    at_ = tag;
    const std::string_view rest = body_.substr(at_);
    if (rest.empty()) {
      over_ = true;
    } else if (rest.starts_with("</")) {
      Close();
    } else if (rest.starts_with("<?")) {
      Skip("?>", 2);
    } else if (rest.starts_with("<!--")) {
      Skip("-->", 4);
    } else if (rest.starts_with("<![CDATA[") && !AtFeedLevel()) {
      Skip("]]>", 9);
    } else if (rest.starts_with("<!")) {
      Stop();
    } else {
      Open();
    }
  }

  void Skip(std::string_view end, std::size_t start) {
    const std::size_t found = body_.find(end, at_ + start);
    if (found == std::string_view::npos) return Stop();
    at_ = found + end.size();
  }

  void Open() {
    const std::size_t depth = open_.size();
    const std::size_t bindings = bindings_.size();
    const auto tag = ReadTag();
    if (!tag || depth == kMaxDepth) return Stop();
    namespaces_ += tag->namespaces;
    if (namespaces_ > kMaxNamespaces) return Stop();
    if (depth == 0) {
      ReadRoot(*tag);
    } else if (AtFeedLevel()) {
      const bool is_entry =
          kind_ == Kind::kAtom ? Is(*tag, "entry", kAtomNamespace) : Is(*tag, "item", "");
      if (is_entry) entry_ = tag->begin;
    } else if (depth == 1 && kind_ == Kind::kRss && Is(*tag, "channel", "")) {
      in_channel_ = true;
      SetContext(root_, body_.substr(tag->begin, tag->end - tag->begin));
    }
    if (!ok_) return;
    open_.push_back({tag->namespaces, bindings});
    at_ = tag->end;
    if (tag->empty) Leave();
  }

  void Close() {
    const std::size_t end = body_.find('>', at_);
    if (end == std::string_view::npos || open_.empty()) return Stop();
    at_ = end + 1;
    Leave();
  }

  // at_ is behind the element.
  void Leave() {
    namespaces_ -= open_.back().namespaces;
    bindings_.resize(open_.back().bindings);
    open_.pop_back();
    if (open_.size() == 1) in_channel_ = false;
    if (!AtFeedLevel() || !entry_) return;
    if (entries_.size() == kMaxFeedEntries) return Stop();
    FeedEntry entry{.begin = *std::exchange(entry_, std::nullopt), .end = at_, .digest = {}};
    const std::string_view bytes = body_.substr(entry.begin, entry.end - entry.begin);
    entry.digest = Sha256Hex(std::string(context_).append(bytes)).substr(0, kDigits);
    entries_.push_back(std::move(entry));
  }

  void ReadRoot(const Tag& tag) {
    root_ = body_.substr(tag.begin, tag.end - tag.begin);
    if (Is(tag, "feed", kAtomNamespace)) {
      kind_ = Kind::kAtom;
      SetContext(root_, "");
    } else if (Is(tag, "rss", "")) {
      kind_ = Kind::kRss;
    } else {
      Stop();
    }
  }

  void SetContext(std::string_view outer, std::string_view inner) {
    context_ = Sha256Hex(std::string(outer).append(inner));
  }

  // The start tag at at_. Its declarations count from here on; those of what lies deeper than
  // entries do not matter.
  std::optional<Tag> ReadTag() {
    Tag tag{.name = {}, .begin = at_};
    const std::size_t name_end = body_.find_first_of(" \t\r\n/>", at_ + 1);
    if (name_end == std::string_view::npos) return std::nullopt;
    tag.name = body_.substr(at_ + 1, name_end - at_ - 1);
    std::size_t from = name_end;
    for (std::size_t i = from; i < body_.size(); ++i) {
      const char c = body_[i];
      if (c == '>') {
        tag.end = i + 1;
        tag.empty = body_[i - 1] == '/';
        return tag;
      }
      if (c != '"' && c != '\'') continue;
      const std::size_t close = body_.find(c, i + 1);
      if (close == std::string_view::npos || ++tag.attributes > kMaxAttributes) break;
      ReadAttribute(body_.substr(from, i - from), body_.substr(i + 1, close - i - 1), tag);
      from = close + 1;
      i = close;
    }
    return std::nullopt;
  }

  // `start` is what stands before the quote.
  void ReadAttribute(std::string_view start, std::string_view value, Tag& tag) {
    constexpr std::string_view kDeclaration = "xmlns";
    constexpr std::size_t kDeepest = 2;  // RSS's items
    std::string_view name = Trim(start.substr(0, start.find('=')));
    if (!name.starts_with(kDeclaration)) return;
    name.remove_prefix(kDeclaration.size());
    if (!name.empty() && name.front() != ':') return;
    ++tag.namespaces;
    if (!name.empty()) name.remove_prefix(1);
    if (open_.size() <= kDeepest) bindings_.push_back({name, value});
  }

  // A prefix that is not bound has no namespace that anybody knows.
  bool Is(const Tag& tag, std::string_view local, std::string_view uri) const {
    const std::size_t colon = tag.name.find(':');
    const bool prefixed = colon != std::string_view::npos;
    if (tag.name.substr(prefixed ? colon + 1 : 0) != local) return false;
    const std::string_view prefix = prefixed ? tag.name.substr(0, colon) : std::string_view();
    const auto bound =
        std::find_if(bindings_.rbegin(), bindings_.rend(),
                     [&](const Binding& binding) { return binding.prefix == prefix; });
    return bound == bindings_.rend() ? !prefixed && uri.empty() : bound->uri == uri;
  }

  std::string_view body_;
  std::size_t at_ = 0;
  std::vector<Element> open_;
  std::vector<Binding> bindings_;  // in scope
  std::size_t namespaces_ = 0;     // in scope
  Kind kind_ = Kind::kUnknown;
  std::string_view root_;  // its start tag
  std::string context_;    // digest of the start tags around the entries
  bool in_channel_ = false;
  std::optional<std::size_t> entry_;  // where the one that is open begins
  std::vector<FeedEntry> entries_;
  bool over_ = false;
  bool ok_ = true;
};

// ----- Well-formedness

bool IsWellFormed(std::string_view body, Encoding encoding) {
  if (body.starts_with(kMark)) body.remove_prefix(kMark.size());
  SetUpXmlLibrary();
  const std::unique_ptr<xmlParserCtxt, decltype(&xmlFreeParserCtxt)> context(
      xmlCreateMemoryParserCtxt(body.data(), static_cast<int>(body.size())), xmlFreeParserCtxt);
  if (!context) return false;
  xmlSAXHandler nothing = {};
  nothing.initialized = XML_SAX2_MAGIC;
  *context->sax = nothing;
  xmlCtxtUseOptions(context.get(), XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                       XML_PARSE_IGNORE_ENC);
  xmlSwitchEncoding(context.get(), encoding == Encoding::kUtf8 ? XML_CHAR_ENCODING_UTF8
                                                               : XML_CHAR_ENCODING_8859_1);
  xmlParseDocument(context.get());
  const bool well_formed = context->wellFormed != 0;
  if (context->myDoc != nullptr) xmlFreeDoc(context->myDoc);
  context->myDoc = nullptr;
  return well_formed;
}

}  // namespace

std::vector<FeedEntry> ReadFeed(std::string_view content_type, std::string_view body) {
  if (body.size() > kMaxFeed || !MayBeXml(content_type)) return {};
  const auto encoding = EncodingOf(content_type, body);
  if (!encoding) return {};
  auto entries = FeedScanner(body).Run();
  if (entries.empty() || !IsWellFormed(body, *encoding)) return {};
  return entries;
}

std::vector<std::string> DigestsOf(const std::vector<FeedEntry>& entries) {
  std::vector<std::string> digests;
  digests.reserve(entries.size());
  for (const FeedEntry& entry : entries) digests.push_back(entry.digest);
  std::sort(digests.begin(), digests.end());
  digests.erase(std::unique(digests.begin(), digests.end()), digests.end());
  return digests;
}

std::string WithoutEntries(std::string_view body, const std::vector<FeedEntry>& entries) {
  std::string rest;
  rest.reserve(body.size());
  std::size_t from = 0;
  for (const FeedEntry& entry : entries) {
    std::size_t begin = entry.begin;
    while (begin > from && IsBlank(body[begin - 1])) --begin;
    rest.append(body.substr(from, begin - from));
    from = entry.end;
  }
  return rest.append(body.substr(from));
}

}  // namespace websub
