// How a Link field value is read: one pass from left to right, link by link, parameter by
// parameter, as in RFC 8288 appendix B.2. Where the text leaves the grammar, the reader asks what
// the sender most likely meant, says so in a warning, and goes on. It looks ahead at most to the
// end of the value that it is reading, and at most once, so the cost is linear whatever the peer
// sends.
#include "core/link_header.h"

#include <algorithm>
#include <utility>

#include "core/text.h"

namespace websub {
namespace {

constexpr std::string_view kBlanks = " \t";

bool IsBlank(char c) {
  return c == ' ' || c == '\t';
}

// A tab is white space.
bool IsForbidden(char c) {
  return IsControl(c) && c != '\t';
}

bool IsTokenChar(char c) {
  if (IsAlpha(c) || IsDigit(c)) return true;
  return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar);
}

void AddRels(std::string_view text, std::vector<std::string>* rels) {
  std::size_t at = 0;
  while ((at = text.find_first_not_of(kBlanks, at)) != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    rels->push_back(ToLower(text.substr(at, end - at)));
    at = end;
  }
}

class Reader {
 public:
  explicit Reader(std::string_view value) : text_(value) {}

  LinkHeader Read() {
    ReplaceControls();
    ReadSeparators();
    while (!AtEnd()) {
      if (result_.links.size() == kMaxLinks) {
        // Always said, also where there are too many warnings already.
        result_.warnings.push_back(
            {"link-too-many", "only the first 1000 links of the Link header were read", at_ + 1});
        break;
      }
      ReadElement();
      ReadSeparators();
    }
    return std::move(result_);
  }

 private:
  bool AtEnd() const { return at_ >= text_.size(); }
  // The character at the cursor; at the end a comma, which ends everything that is being read.
  char Peek() const { return AtEnd() ? ',' : text_[at_]; }
  std::string_view Text() const { return text_; }

  void SkipBlanks() {
    while (!AtEnd() && IsBlank(text_[at_])) ++at_;
  }

  // Moves over everything up to one of `stops`, and returns it.
  std::string_view TakeUntil(std::string_view stops) {
    const std::size_t start = at_;
    at_ = std::min(Text().find_first_of(stops, at_), text_.size());
    return Text().substr(start, at_ - start);
  }

  void Warn(std::size_t at, const char* code, const char* message) {
    if (result_.warnings.size() < kMaxLinkWarnings) {
      result_.warnings.push_back({code, message, at + 1});
    }
  }

  // RFC 9110 section 5.5: such characters are read as spaces. The columns stay what they are.
  void ReplaceControls() {
    const auto first = std::find_if(text_.begin(), text_.end(), IsForbidden);
    if (first == text_.end()) return;
    Warn(static_cast<std::size_t>(first - text_.begin()), "link-control-character",
         "the Link header holds a control character; it was read as a space");
    std::replace_if(first, text_.end(), IsForbidden, ' ');
  }

  // One comma stands between two links. Empty list elements are ignored (RFC 9110 section 5.6.1),
  // but nobody means them.
  void ReadSeparators() {
    const bool first = at_ == 0;
    std::size_t commas = 0;
    std::size_t stray = 0;
    for (SkipBlanks(); !AtEnd() && text_[at_] == ','; SkipBlanks()) {
      ++commas;
      if (commas == 1 || (commas == 2 && !first)) stray = at_;
      ++at_;
    }
    if (first ? commas > 0 : (commas > 1 || (commas == 1 && AtEnd()))) {
      Warn(stray, "link-stray-comma", "there is a comma with no link before or after it");
    } else if (!first && commas == 0 && !AtEnd()) {
      Warn(at_, "link-without-comma", "there is no comma between two links; it was assumed here");
    }
  }

  void ReadElement() {
    if (Peek() != '<' && ReadStrayRel()) return;
    Link link;
    const std::size_t start = at_;
    link.column = start + 1;
    rel_seen_ = false;
    const bool bare = Peek() != '<';
    if (bare) {
      link.target = ReadBareTarget();
    } else {
      ReadTarget(&link);
    }
    ReadParameters(&link);
    if (bare && (!rel_seen_ || link.target.empty())) {
      Warn(start, "link-unreadable", "this is no link: it has no <URL>; it was left out");
      return;
    }
    if (bare) {
      Warn(start, "link-without-angle-brackets",
           "the URL of a link must stand between < and >; they were assumed");
    }
    if (!rel_seen_ && !StrayRelFollows()) {
      Warn(start, "link-without-rel", "the link has no rel parameter, so it says nothing");
    }
    result_.links.push_back(std::move(link));
    last_has_rel_ = rel_seen_;
  }

  // At the comma of `<URL>, rel="hub"`.
  bool StrayRelFollows() const {
    const std::size_t word = Text().find_first_not_of(" \t,", at_);
    if (word == std::string_view::npos) return false;
    return RelStandsAt(word);
  }

  bool RelStandsAt(std::size_t at) const {
    if (ToLower(Text().substr(at, 3)) != "rel") return false;
    const std::size_t after = Text().find_first_not_of(kBlanks, at + 3);
    return after != std::string_view::npos && text_[after] == '=';
  }

  // `<URL>, rel="hub"`: a comma where a semicolon was meant. True where parameters of the link
  // before were read.
  bool ReadStrayRel() {
    if (result_.links.empty() || last_has_rel_ || !RelStandsAt(at_)) return false;
    Warn(at_, "link-without-semicolon",
         "a parameter follows a semicolon, not a comma; it was taken for the link before");
    rel_seen_ = false;
    ReadParameter(&result_.links.back());
    ReadParameters(&result_.links.back());
    last_has_rel_ = true;
    return true;
  }

  void ReadTarget(Link* link) {
    const std::size_t start = ++at_;
    const std::size_t end = Text().find_first_of("<>", at_);
    std::string_view target;
    if (end != std::string_view::npos && text_[end] == '>') {
      target = Text().substr(start, end - start);
      at_ = end + 1;
    } else {
      Warn(start - 1, "link-unclosed-angle-bracket",
           "the URL of a link must end in >; it was assumed before the first blank, comma or "
           "semicolon");
      SkipBlanks();
      target = TakeUntil("<;, \t\"");
    }
    const std::size_t first = target.find_first_not_of(kBlanks);
    const std::size_t last = target.find_last_not_of(kBlanks);
    const std::string_view trimmed =
        first == std::string_view::npos ? "" : target.substr(first, last - first + 1);
    if (trimmed.size() != target.size()) {
      Warn(start, "link-target-whitespace",
           "there is white space next to the angle brackets; it was left out");
    }
    link->target = trimmed;
  }

  // A URL without angle brackets, bare or in double quotes. A comma ends it only where a link could
  // end: URLs hold commas too.
  std::string ReadBareTarget() {
    if (Peek() == '"') {
      ++at_;
      std::string target(TakeUntil("\"<> \t"));
      if (Peek() == '"') ++at_;
      return target;
    }
    const std::size_t start = at_;
    for (; !AtEnd(); ++at_) {
      const char c = text_[at_];
      if (c == ';' || c == '<' || c == '>' || IsBlank(c)) break;
      if (c == ',' && (at_ + 1 == text_.size() || text_[at_ + 1] == '<' || text_[at_ + 1] == ',' ||
                       IsBlank(text_[at_ + 1]))) {
        break;
      }
    }
    std::string target(Text().substr(start, at_ - start));
    if (Peek() == '>') ++at_;
    return target;
  }

  // Up to the comma, the end, or the < of a link that no comma announces.
  void ReadParameters(Link* link) {
    bool warned = false;
    while (true) {
      SkipBlanks();
      bool separated = false;
      while (Peek() == ';') {  // empty parameters are within the grammar
        separated = true;
        ++at_;
        SkipBlanks();
      }
      if (Peek() == ',' || Peek() == '<') return;
      if (!separated && !warned) {
        Warn(at_, "link-without-semicolon",
             "a parameter must follow a semicolon; it was assumed here");
        warned = true;
      }
      ReadParameter(link);
    }
  }

  void ReadParameter(Link* link) {
    const std::size_t start = at_;
    const std::string name = ToLower(TakeUntil("=;,<\" \t"));
    if (name.empty()) {
      Warn(start, "link-unreadable", "a parameter has no name; it was left out");
      TakeUntil(";,<");
      return;
    }
    const bool is_rel = name == "rel";
    const bool first_rel = is_rel && !rel_seen_;
    std::string value;
    std::vector<std::string> rels;
    SkipBlanks();
    if (Peek() == '=') {
      ++at_;
      SkipBlanks();
      value = is_rel ? ReadRelValue(&rels) : ReadValue();
    }
    if (first_rel) {
      rel_seen_ = true;
      link->rels = std::move(rels);
    } else if (is_rel) {
      // RFC 8288 section 3.3: occurrences after the first are ignored.
      Warn(start, "link-several-rels",
           "the link has more than one rel parameter; only the first counts: write rel=\"a b\"");
    } else if (!IsToken(name)) {
      Warn(start, "link-unreadable", "the name of a parameter holds a forbidden character");
    } else if (link->parameters.size() == kMaxLinkParameters) {
      Warn(start, "link-too-many-parameters", "only the first 100 parameters of a link were read");
      TakeUntil(",<");
    } else {
      link->parameters.push_back({name, std::move(value)});
    }
  }

  std::string ReadRelValue(std::vector<std::string>* rels) {
    if (Peek() == '"') {
      AddRels(ReadQuoted(Quoted::kRel), rels);
      return {};
    }
    if (Peek() == '\'') {
      const std::size_t end = Text().find_first_of("';,<\"", at_ + 1);
      if (end != std::string_view::npos && text_[end] == '\'') {
        Warn(at_, "link-single-quotes",
             "single quotes do not quote in a Link header; they were read as double quotes");
        AddRels(Text().substr(at_ + 1, end - at_ - 1), rels);
        at_ = end + 1;
        return {};
      }
    }
    AddRels(ReadValue(), rels);
    ReadMoreRels(rels);
    return {};
  }

  // rel=hub self: words that follow an unquoted rel and are no parameters are relations too.
  void ReadMoreRels(std::vector<std::string>* rels) {
    bool warned = false;
    while (true) {
      SkipBlanks();
      const std::size_t start = at_;
      const std::string_view word = TakeUntil("=;,<\" \t");
      SkipBlanks();
      if (!IsToken(word) || Peek() == '=') {
        at_ = start;
        return;
      }
      if (!warned) {
        Warn(start, "link-unquoted-rels",
             "several relations in one rel must stand in quotes; they were assumed");
        warned = true;
      }
      AddRels(word, rels);
    }
  }

  std::string ReadValue() {
    if (Peek() == '"') return ReadQuoted(Quoted::kText);
    const std::size_t start = at_;
    std::string value(TakeUntil(";,< \t"));
    if (value.empty()) {
      Warn(start, "link-empty-value", "there is nothing after the = of a parameter");
    } else if (!IsToken(value)) {
      Warn(start, "link-unquoted-value",
           "a value with characters other than those of a token must stand in quotes");
      std::erase(value, '"');
    }
    return value;
  }

  enum class Quoted { kRel, kText };

  // A quoted string whose end is missing ends where a parameter would. A relation holds no '<':
  // where one is quoted, the quote that seems to close it opens the next value.
  std::string ReadQuoted(Quoted kind) {
    const std::size_t start = at_++;
    std::string value;
    bool suspect = false;
    std::size_t i = quotes_over_ ? text_.size() : at_;
    for (; i < text_.size(); ++i) {
      char c = text_[i];
      if (c == '"' && suspect) break;
      if (c == '"') {
        at_ = i + 1;
        return value;
      }
      if (c == '\\' && i + 1 < text_.size()) c = text_[++i];
      if (kind == Quoted::kRel && c == '<') suspect = true;
      value.push_back(c);
    }
    if (i >= text_.size()) quotes_over_ = true;  // found by reading to the end, which happens once
    Warn(start, "link-unclosed-quote",
         "a quoted value does not end; it was read up to the next comma or semicolon");
    std::string_view rest = TakeUntil(";,<");
    while (!rest.empty() && IsBlank(rest.back())) rest.remove_suffix(1);
    value.assign(rest);
    std::erase(value, '"');
    return value;
  }

  std::string text_;
  std::size_t at_ = 0;
  LinkHeader result_;
  bool rel_seen_ = false;      // in the link that is being read
  bool last_has_rel_ = false;  // the last link of the result
  bool quotes_over_ = false;   // no quoted string closes from here on
};

// Percent-encodes those of `forbidden`, which would end the place that the text stands in.
std::string Encode(std::string_view text, std::string_view forbidden) {
  std::string out;
  for (const char c : text) {
    if (IsForbidden(c)) continue;
    if (forbidden.find(c) == std::string_view::npos) {
      out.push_back(c);
    } else {
      AppendPercentEncoded(out, c);
    }
  }
  return out;
}

std::string QuotedString(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (IsForbidden(c)) continue;
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + '"';
}

}  // namespace

bool Link::HasRel(std::string_view rel) const {
  return std::find(rels.begin(), rels.end(), rel) != rels.end();
}

LinkHeader ParseLinkHeader(std::string_view value) {
  return Reader(value).Read();
}

std::string FormatLinkHeader(const std::vector<Link>& links) {
  std::string out;
  for (const Link& link : links) {
    if (!out.empty()) out += ", ";
    out += '<' + Encode(link.target, "<>") + '>';
    std::string rels;
    for (const std::string& rel : link.rels) rels += (rels.empty() ? "" : " ") + Encode(rel, "<");
    if (!rels.empty()) out += "; rel=" + QuotedString(rels);
    for (const LinkParameter& parameter : link.parameters) {
      if (!IsToken(parameter.name) || ToLower(parameter.name) == "rel") continue;
      out += "; " + parameter.name + "=" + QuotedString(parameter.value);
    }
  }
  return out;
}

}  // namespace websub
