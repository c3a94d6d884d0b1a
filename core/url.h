// Absolute http and https URLs, kept byte for byte as they came, with the parts a request needs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/shared_text.h"

namespace websub {

enum class Scheme { kHttp, kHttps };

// An absolute http or https URL. The text is never normalised: callbacks and topics are compared
// and echoed exactly as the peer wrote them (HUB-REQ-10). Characters that RFC 3986 forbids but that
// peers do send (spaces, quotes, non-ASCII UTF-8, a '%' that begins no escape) are kept in text()
// and percent-encoded only in target(). The host gets no such tolerance: a name in another script
// must come in its punycode form, and %-escapes and backslashes in it are refused.
class Url {
 public:
  // kInvalid, with a sentence that says what to change: not absolute, another scheme, no host, a
  // bad port, a control character, not UTF-8, or longer than kMaxLength.
  static Result<Url> Parse(std::string_view text);

  // Bytes. Holds the longest callback with a verification of the longest topic appended, every byte
  // of it percent-encoded; what peers may send is limited where it is read
  // (subscription_request.h).
  static constexpr std::size_t kMaxLength = 65536;

  const std::string& text() const { return parts_->text; }
  SharedText shared_text() const { return SharedText({parts_, &parts_->text}); }
  Scheme scheme() const { return parts_->scheme; }
  // Lower case, without the brackets of an IPv6 literal.
  const std::string& host() const { return parts_->host; }
  // The scheme's default where none is written.
  std::uint16_t port() const { return parts_->port; }
  // Path and query for a request line; starts with "/".
  const std::string& target() const { return parts_->target; }
  // As written, "user:password", or empty.
  const std::string& userinfo() const { return parts_->userinfo; }
  bool has_fragment() const { return parts_->has_fragment; }

  // "http://example.com:80": what connections and limits are keyed by. The port is always written.
  const std::string& Origin() const { return parts_->origin; }
  // The value of a Host header: host (brackets for IPv6), and the port where it is not the default.
  std::string HostHeader() const;

  bool operator==(const Url& other) const { return text() == other.text(); }

 private:
  struct Parts {
    std::string text;
    Scheme scheme = Scheme::kHttp;
    std::string host;
    std::uint16_t port = 0;
    std::string target;
    std::string userinfo;
    std::string origin;
    bool has_fragment = false;
  };
  static const std::shared_ptr<const Parts>& NoParts();

  std::shared_ptr<const Parts> parts_ = NoParts();  // a copy costs no more than a pointer
};

// What the URL's userinfo, percent-decoded, says in an Authorization field: "Basic dTpw". Empty
// where there is no userinfo.
std::string BasicCredentials(const Url& url);

// Resolves a reference against an absolute base (RFC 3986 section 5.2): "hub", "/hub", "//h/x",
// "?q",
// "../x", an absolute URL, or "" (the base itself without its fragment). Nothing but dot segments
// is normalised: %-escapes and the characters that Url tolerates stay as written. Resolving the
// result against the same base changes nothing. kInvalid where either is not a URL, or the result
// is none that Url::Parse takes (another scheme, "http:g").
Result<std::string> ResolveReference(std::string_view base, std::string_view reference);

// Appends "name=value&..." to the URL's query: after '&' where it has one, after '?' where it has
// none, before a fragment; what is there already stays as it is (HUB-REQ-09). A query that is empty
// or ends with '&' gets no second separator.
std::string AppendQuery(std::string_view url, std::string_view query);

// Says in which ways two URLs on the same host differ, in this order, joined by ", ": "scheme",
// "userinfo", "host case", "port", "trailing slash" or "path", "query", "fragment". Empty where
// they are equal to the byte, "other" where the hosts are different ones or one of the two is no
// URL.
std::string DescribeDifference(std::string_view a, std::string_view b);

// ":3000/x" becomes "http://localhost:3000/x"; anything else stays as it is.
std::string ExpandShorthand(std::string_view text);

}  // namespace websub
