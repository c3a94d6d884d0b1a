#include "core/saved_requests.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "core/text.h"

namespace websub {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kExample = "POST /callback HTTP/1.1";

bool IsToken(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";  // RFC 9110, section 5.6.2
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return IsAlpha(c) || IsDigit(c) || kMarks.find(c) != kMarks.npos;
  });
}

bool IsTarget(std::string_view text) {
  return !text.empty() &&
         std::ranges::none_of(text, [](char c) { return c == ' ' || IsControl(c); });
}

// "HTTP/1.1"; tools that show a request of HTTP/2 as text write "HTTP/2".
bool IsVersion(std::string_view text) {
  if (!text.starts_with("HTTP/")) return false;
  text.remove_prefix(5);
  if (text.empty() || !IsDigit(text[0])) return false;
  return text.size() == 1 || (text.size() == 3 && text[1] == '.' && IsDigit(text[2]));
}

bool HasNoBody(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS";
}

std::string Bytes(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " byte" : " bytes");
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {
    if (bytes_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  }

  Result<std::vector<SavedRequest>> ReadAll();

 private:
  struct Line {
    std::string_view text;  // without its end
    bool ended = false;     // false for what the file ends in
  };

  tl::unexpected<Error> FailHere(const std::string& sentence,
                                 ErrorCode code = ErrorCode::kInvalid) const {
    return Fail(code, "line " + std::to_string(line_) + " (byte " + std::to_string(at_ + 1) +
                          "): " + sentence);
  }

  Line PeekLine(std::size_t limit) const;
  void Advance(std::size_t count);
  void Pass(const Line& line);
  std::size_t PassLineEnds();

  Result<SavedRequest> ReadOne();
  Result<void> ReadRequestLine(SavedRequest& request);
  Result<void> ReadFields(SavedRequest& request);
  Result<std::optional<std::size_t>> ReadLength(std::string_view value,
                                                std::optional<std::size_t> before) const;
  Result<void> ReadBody(SavedRequest& request);
  bool IsAtAnswer() const;
  Result<void> PassAnswer(std::string_view method);
  Result<void> ReadChunks(std::string& body);
  Result<std::size_t> ReadChunkSize();

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t head_end_ = 0;           // a head may not go on beyond it
  std::optional<std::size_t> length_;  // Content-Length of the last head that was read
  bool chunked_ = false;
};

// At most `limit` bytes are looked at, so that one without an end costs no more.
Reader::Line Reader::PeekLine(std::size_t limit) const {
  const std::string_view rest = bytes_.substr(at_, limit);
  const auto end = rest.find('\n');
  if (end == rest.npos) return {rest, false};
  std::string_view text = rest.substr(0, end);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return {text, true};
}

void Reader::Advance(std::size_t count) {
  const std::string_view passed = bytes_.substr(at_, count);
  line_ += static_cast<std::size_t>(std::count(passed.begin(), passed.end(), '\n'));
  at_ += passed.size();
}

void Reader::Pass(const Line& line) {
  Advance(line.text.size());
  if (line.ended) Advance(bytes_[at_] == '\r' ? 2 : 1);
}

std::size_t Reader::PassLineEnds() {
  const std::size_t begin = at_;
  while (at_ < bytes_.size() && (bytes_[at_] == '\n' || bytes_[at_] == '\r')) Advance(1);
  return at_ - begin;
}

Result<void> Reader::ReadRequestLine(SavedRequest& request) {
  const Line line = PeekLine(kMaxSavedHead);
  const auto first = line.text.find(' ');
  const auto last = line.text.rfind(' ');
  if (first == line.text.npos || first == last || !IsToken(line.text.substr(0, first)) ||
      !IsTarget(line.text.substr(first + 1, last - first - 1)) ||
      !IsVersion(line.text.substr(last + 1))) {
    return FailHere(Quote(line.text) + " is no request line, such as \"" + std::string(kExample) +
                    "\"" +
                    (length_ ? "; the body ahead of it ends here by its Content-Length" : ""));
  }
  request.method = line.text.substr(0, first);
  request.target = line.text.substr(first + 1, last - first - 1);
  Pass(line);
  return {};
}

Result<std::optional<std::size_t>> Reader::ReadLength(std::string_view value,
                                                      std::optional<std::size_t> before) const {
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (error != std::errc() || end != value.data() + value.size()) {
    return FailHere("Content-Length " + Quote(value) + " is not a number of bytes");
  }
  if (before && *before != length) {
    return FailHere("there are two Content-Length fields, " + std::to_string(*before) + " and " +
                    std::to_string(length));
  }
  return length;
}

// Up to and with the empty line.
Result<void> Reader::ReadFields(SavedRequest& request) {
  length_.reset();
  chunked_ = false;
  for (;;) {
    const Line line = PeekLine(head_end_ - at_);
    if (!line.ended) {
      if (head_end_ < bytes_.size()) {
        return FailHere("the head of this request is larger than " + Bytes(kMaxSavedHead),
                        ErrorCode::kTooLarge);
      }
      return FailHere("the file ends here: an empty line must stand between head and body");
    }
    if (line.text.empty()) {
      Pass(line);
      return {};
    }
    const auto colon = line.text.find(':');
    const bool goes_on = line.text[0] == ' ' || line.text[0] == '\t';
    if (goes_on && !request.fields.empty()) {  // RFC 9112, section 5.2
      std::string& value = request.fields.back().second;
      value += (value.empty() ? "" : " ") + std::string(Trim(line.text));
      Pass(line);
      continue;
    }
    if (colon == line.text.npos || !IsToken(line.text.substr(0, colon))) {
      return FailHere(Quote(line.text) +
                      " is no field, such as \"Content-Type: text/html\"; an empty line must stand "
                      "between head and body");
    }
    const std::string_view name = line.text.substr(0, colon);
    const std::string_view value = Trim(line.text.substr(colon + 1));
    if (EqualIgnoringCase(name, "Content-Length")) {
      auto length = ReadLength(value, length_);
      if (!length) return tl::unexpected(length.error());
      length_ = *length;
    } else if (EqualIgnoringCase(name, "Transfer-Encoding") &&
               !EqualIgnoringCase(value, "identity")) {
      if (!EqualIgnoringCase(value, "chunked")) {
        return FailHere("a body with Transfer-Encoding " + Quote(value) +
                        " cannot be read: save it decoded, without this field");
      }
      chunked_ = true;
    }
    request.fields.emplace_back(name, value);
    Pass(line);
  }
}

Result<std::size_t> Reader::ReadChunkSize() {
  const Line line = PeekLine(kMaxSavedHead);
  std::string_view digits = line.text;
  digits = Trim(digits.substr(0, digits.find(';')));  // extensions mean nothing here
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (!line.ended || error != std::errc() || end != digits.data() + digits.size()) {
    return FailHere(
        "a chunk must begin here with its size in hex digits; where the body was saved decoded, "
        "remove the field Transfer-Encoding");
  }
  Pass(line);
  if (size > bytes_.size() - at_) {
    return FailHere("the file ends within a chunk: " + std::to_string(bytes_.size() - at_) +
                    " of " + Bytes(size) + " are there");
  }
  return size;
}

Result<void> Reader::ReadChunks(std::string& body) {
  for (;;) {
    const auto size = ReadChunkSize();
    if (!size) return tl::unexpected(size.error());
    if (*size == 0) break;
    body += bytes_.substr(at_, *size);
    Advance(*size);
    const Line line = PeekLine(2);
    if (!line.ended || !line.text.empty()) {
      return FailHere("a chunk must end here with its line: its size says " + Bytes(*size));
    }
    Pass(line);
  }
  const std::size_t end = at_ + std::min(bytes_.size() - at_, kMaxSavedHead);
  for (;;) {  // trailers, which mean nothing here
    const Line line = PeekLine(end - at_);
    if (!line.ended) return FailHere("an empty line must stand behind the last chunk");
    Pass(line);
    if (line.text.empty()) return {};
  }
}

Result<void> Reader::ReadBody(SavedRequest& request) {
  if (chunked_) return ReadChunks(request.body);  // beats a length: RFC 9112, section 6.3
  if (!length_ && HasNoBody(request.method)) return {};
  const std::size_t there = bytes_.size() - at_;
  const std::size_t size = std::min(length_.value_or(there), there);
  request.body = bytes_.substr(at_, size);
  request.missing = length_.value_or(size) - size;
  Advance(size);
  return {};
}

// "HTTP/1.1 404 Not Found": a request's first word is no version.
bool Reader::IsAtAnswer() const {
  const std::string_view line = PeekLine(kMaxSavedHead).text;
  return IsVersion(line.substr(0, line.find(' ')));
}

Result<void> Reader::PassAnswer(std::string_view method) {
  const Line line = PeekLine(kMaxSavedHead);
  const std::string_view status =
      Trim(line.text.substr(std::min(line.text.find(' '), line.text.size())));
  head_end_ = at_ + std::min(bytes_.size() - at_, kMaxSavedHead);
  Pass(line);
  SavedRequest answer;
  if (auto good = ReadFields(answer); !good) return good;
  const bool has_body = method != "HEAD" && !status.starts_with('1') &&
                        !status.starts_with("204") && !status.starts_with("304");
  return has_body ? ReadBody(answer) : Result<void>();
}

Result<SavedRequest> Reader::ReadOne() {
  SavedRequest request;
  request.line = line_;
  head_end_ = at_ + std::min(bytes_.size() - at_, kMaxSavedHead);
  if (auto good = ReadRequestLine(request); !good) return tl::unexpected(good.error());
  if (auto good = ReadFields(request); !good) return tl::unexpected(good.error());
  if (auto good = ReadBody(request); !good) return tl::unexpected(good.error());
  return request;
}

Result<std::vector<SavedRequest>> Reader::ReadAll() {
  std::vector<SavedRequest> requests;
  std::size_t line_ends = PassLineEnds();
  while (at_ < bytes_.size()) {
    if (requests.size() == kMaxSavedRequests) {
      return FailHere("there are more than " + std::to_string(kMaxSavedRequests) + " requests",
                      ErrorCode::kTooLarge);
    }
    auto request = ReadOne();
    if (!request) return tl::unexpected(request.error());
    requests.push_back(*std::move(request));
    line_ends = PassLineEnds();
    while (at_ < bytes_.size() && IsAtAnswer()) {
      if (auto good = PassAnswer(requests.back().method); !good) {
        return tl::unexpected(good.error());
      }
      PassLineEnds();
      line_ends = 0;  // what stands there is the answer's
    }
  }
  if (requests.empty()) return Fail(ErrorCode::kInvalid, "it holds no request");
  requests.back().left_over = line_ends;
  return requests;
}

}  // namespace

Result<std::vector<SavedRequest>> ReadSavedRequests(std::string_view bytes) {
  return Reader(bytes).ReadAll();
}

}  // namespace websub
