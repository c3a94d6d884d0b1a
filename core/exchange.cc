#include "core/exchange.h"

#include <algorithm>
#include <array>

#include "core/mask_urls.h"
#include "core/text.h"

namespace websub {
namespace {

constexpr std::array kKinds = {ExchangeKind::kSubscribe,  ExchangeKind::kUnsubscribe,
                               ExchangeKind::kPublish,    ExchangeKind::kRegister,
                               ExchangeKind::kDeregister, ExchangeKind::kVerify,
                               ExchangeKind::kDeny,       ExchangeKind::kFetch,
                               ExchangeKind::kDeliver,    ExchangeKind::kHook};
constexpr std::array kFaults = {
    Fault::kNone,        Fault::kBadUrl,      Fault::kForbiddenAddress, Fault::kDns,
    Fault::kRefused,     Fault::kUnreachable, Fault::kConnectTimeout,   Fault::kTls,
    Fault::kTlsTimeout,  Fault::kReset,       Fault::kWriteTimeout,     Fault::kResponseTimeout,
    Fault::kBadResponse, Fault::kCancelled};

constexpr std::string_view kMask = "***";

// A token (RFC 9110 section 5.6.2).
bool IsFieldName(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [kMarks](char c) {
    return IsAlpha(c) || IsDigit(c) || kMarks.find(c) != kMarks.npos;
  });
}

// Whether the name, once decoded, says hub.secret or hub.verify_token, mangled or not. Decoding
// three times is more than any reader does.
bool NamesSecret(std::string_view raw) {
  std::string name(raw);
  for (int i = 0; i < 3 && name.find('%') != name.npos; ++i) name = PercentDecode(name);
  std::string letters;
  for (const char c : name) {
    if (IsAlpha(c) || IsDigit(c)) letters += ToLower(c);
  }
  return letters == "hubsecret" || letters == "hubverifytoken";
}

// One "name=value", possibly with more of them inside: readers disagree about ';', and a URL in a
// value brings a query of its own. Once a secret begins, everything to the end of the field belongs
// to it.
std::string MaskField(std::string_view field) {
  constexpr std::string_view kInnerSeparators = ";?#";
  std::size_t begin = 0;
  while (begin < field.size()) {
    const auto end = std::min(field.find_first_of(kInnerSeparators, begin), field.size());
    const std::string_view part = field.substr(begin, end - begin);
    const auto equals = part.find('=');
    if (equals != part.npos && NamesSecret(part.substr(0, equals))) {
      const auto value_at = begin + equals + 1;
      if (value_at == field.size()) break;
      return std::string(field.substr(0, value_at)).append(kMask);
    }
    begin = end + 1;
  }
  return std::string(field);
}

bool IsSecretField(std::string_view name) {
  for (const auto secret : {"authorization", "proxy-authorization", "cookie", "set-cookie"}) {
    if (EqualIgnoringCase(name, secret)) return true;
  }
  return false;
}

// Takes the next line off the head, without its LF or CRLF.
std::string_view TakeLine(std::string_view& head) {
  std::string_view line = head.substr(0, head.find('\n'));
  head.remove_prefix(std::min(line.size() + 1, head.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The version at the end of a request line (" HTTP/1.1"), or nothing.
std::string_view VersionOf(std::string_view line) {
  constexpr std::size_t kSize = 9;
  if (line.size() < kSize || !line.substr(line.size() - kSize).starts_with(" HTTP/")) return "";
  return line.substr(line.size() - kSize);
}

}  // namespace

std::string_view Name(Direction direction) {
  return direction == Direction::kIn ? "in" : "out";
}

std::string_view Name(ExchangeKind kind) {
  switch (kind) {
    case ExchangeKind::kSubscribe:
      return "subscribe";
    case ExchangeKind::kUnsubscribe:
      return "unsubscribe";
    case ExchangeKind::kPublish:
      return "publish";
    case ExchangeKind::kRegister:
      return "register";
    case ExchangeKind::kDeregister:
      return "deregister";
    case ExchangeKind::kVerify:
      return "verify";
    case ExchangeKind::kDeny:
      return "deny";
    case ExchangeKind::kFetch:
      return "fetch";
    case ExchangeKind::kDeliver:
      return "deliver";
    case ExchangeKind::kHook:
      return "hook";
  }
  return "";
}

std::string_view Name(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return "none";
    case Fault::kBadUrl:
      return "bad-url";
    case Fault::kForbiddenAddress:
      return "forbidden-address";
    case Fault::kDns:
      return "dns";
    case Fault::kRefused:
      return "refused";
    case Fault::kUnreachable:
      return "unreachable";
    case Fault::kConnectTimeout:
      return "connect-timeout";
    case Fault::kTls:
      return "tls";
    case Fault::kTlsTimeout:
      return "tls-timeout";
    case Fault::kReset:
      return "reset";
    case Fault::kWriteTimeout:
      return "write-timeout";
    case Fault::kResponseTimeout:
      return "response-timeout";
    case Fault::kBadResponse:
      return "bad-response";
    case Fault::kCancelled:
      return "cancelled";
  }
  return "";
}

std::optional<ExchangeKind> ParseExchangeKind(std::string_view name) {
  for (const ExchangeKind kind : kKinds) {
    if (Name(kind) == name) return kind;
  }
  return std::nullopt;
}

std::optional<Fault> ParseFault(std::string_view name) {
  for (const Fault fault : kFaults) {
    if (Name(fault) == name) return fault;
  }
  return std::nullopt;
}

FieldList HeadFields(std::string_view head) {
  FieldList fields;
  while (!head.empty()) {
    const std::string_view line = TakeLine(head);
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon == line.npos || !IsFieldName(line.substr(0, colon))) continue;
    fields.emplace_back(line.substr(0, colon), Trim(line.substr(colon + 1)));
  }
  return fields;
}

std::string FirstField(const FieldList& fields, std::string_view name) {
  for (const auto& [field, value] : fields) {
    if (EqualIgnoringCase(field, name)) return value;
  }
  return {};
}

std::vector<std::string> AllFields(const FieldList& fields, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [field, value] : fields) {
    if (EqualIgnoringCase(field, name)) values.push_back(value);
  }
  return values;
}

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string MaskForm(std::string_view form) {
  std::string masked;
  masked.reserve(form.size());
  for (bool more = true; more;) {
    const std::string_view field = form.substr(0, form.find('&'));
    more = field.size() < form.size();
    masked.append(MaskUrls(MaskField(field))).append(more ? "&" : "");
    form.remove_prefix(field.size() + (more ? 1 : 0));
  }
  return masked;
}

std::string MaskBody(std::string_view body) {
  const std::string_view text = Trim(body);
  const bool is_form = text.find_first_of("{[<\"") != 0 && !text.starts_with("--");
  if (is_form) return MaskForm(body);
  const bool names_secret = ToLower(text).find("secret") != std::string::npos;
  return names_secret ? std::string(kMask) : MaskUrls(body);
}

std::string MaskHead(std::string_view head) {
  std::string masked;
  masked.reserve(head.size());
  bool in_secret = false;
  while (!head.empty()) {
    const std::string_view before = head;
    const std::string_view line = TakeLine(head);
    const std::string_view line_end =
        before.substr(line.size(), before.size() - head.size() - line.size());
    const bool is_folded = line.starts_with(' ') || line.starts_with('\t');
    const auto colon = line.find(':');
    // A line that continues a secret field is part of the secret, and is left out.
    if (is_folded && in_secret) continue;
    in_secret = colon != line.npos && IsSecretField(Trim(line.substr(0, colon)));
    if (!in_secret) {
      const auto version = VersionOf(line);
      masked += MaskForm(line.substr(0, line.size() - version.size()));
      masked += version;
    } else if (Trim(line.substr(colon + 1)).empty()) {
      masked += line;
    } else {
      masked.append(line.substr(0, colon)).append(": ").append(kMask);
    }
    masked += line_end;
  }
  return masked;
}

}  // namespace websub
