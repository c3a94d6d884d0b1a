// Absolute http and https URLs, kept byte for byte as they came, with the parts a request needs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

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

  const std::string& text() const { return text_; }
  Scheme scheme() const { return scheme_; }
  const std::string& host() const {
    return host_;
  }  // lower case, without the brackets of an IPv6 literal
  std::uint16_t port() const { return port_; }  // the scheme's default where none is written
  const std::string& target() const {
    return target_;
  }  // path and query for a request line; starts with /
  const std::string& userinfo() const {
    return userinfo_;
  }  // as written, "user:password", or empty
  bool has_fragment() const { return has_fragment_; }

  // "http://example.com:80": what connections and limits are keyed by. The port is always written.
  std::string Origin() const;
  // The value of a Host header: host (brackets for IPv6), and the port where it is not the default.
  std::string HostHeader() const;

  bool operator==(const Url& other) const { return text_ == other.text_; }

 private:
  std::string text_;
  Scheme scheme_ = Scheme::kHttp;
  std::string host_;
  std::uint16_t port_ = 0;
  std::string target_;
  std::string userinfo_;
  bool has_fragment_ = false;
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
