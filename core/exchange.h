// One recorded HTTP exchange: what people debug with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/shared_text.h"
#include "core/time.h"

namespace websub {

enum class Direction { kIn, kOut };  // as the hub sees it: kIn is a request that a peer sent

enum class ExchangeKind {
  kSubscribe,    // in
  kUnsubscribe,  // in
  kPublish,      // in
  kRegister,     // in: a publisher names a topic of its own
  kDeregister,   // in
  kVerify,       // out: GET on the callback with a challenge
  kDeny,         // out: GET on the callback with hub.mode=denied
  kFetch,        // out: GET on the topic
  kDeliver,      // out: POST on the callback
  kHook,         // out: the operator's own code is asked
};

// Why an exchange brought no answer; told apart by the phase in which it failed.
enum class Fault {
  kNone,
  kBadUrl,
  kForbiddenAddress,  // the policy forbids the address that the name led to
  kDns,
  kRefused,
  kUnreachable,
  kConnectTimeout,
  kTls,
  kTlsTimeout,
  kReset,            // closed or reset before the answer was whole
  kWriteTimeout,     // the peer did not take the request
  kResponseTimeout,  // no answer, or not to its end, in time
  kBadResponse,      // not HTTP, or a head over the limit
  kCancelled,        // the hub stopped
};

std::string_view Name(Direction direction);  // "in"
std::string_view Name(ExchangeKind kind);    // "verify"
std::string_view Name(Fault fault);          // "refused"
std::optional<ExchangeKind> ParseExchangeKind(std::string_view name);
std::optional<Fault> ParseFault(std::string_view name);

// How long each phase took; nothing for one that did not happen (a connection that was reused).
struct PhaseTimings {
  std::optional<Duration> resolve;
  std::optional<Duration> connect;
  std::optional<Duration> tls;
  std::optional<Duration> first_byte;  // from the request sent to the first byte of the answer
  Duration total{0};                   // from the start to the last byte read
  bool operator==(const PhaseTimings&) const = default;
};

struct Exchange {
  std::int64_t id = 0;  // given by the store
  Time at;              // when it began
  Direction direction = Direction::kOut;
  ExchangeKind kind = ExchangeKind::kDeliver;
  std::optional<std::int64_t> subscription_id;
  std::optional<std::int64_t> message_id;
  SharedText topic;
  SharedText callback;
  SharedText url;        // what was asked for
  std::string peer;      // "127.0.0.1:53211", where known
  std::string identity;  // who asked, where that is known; empty: nobody in particular
  int attempt = 1;
  std::string request_head;            // raw, as sent, the empty line included; secrets masked
  std::string request_body;            // raw; empty for a delivery, whose body is its message's
  std::string response_head;           // raw, as received
  std::string response_body;           // raw, cut at the recorder's limit
  std::size_t response_body_size = 0;  // bytes received, also where it was cut
  int status = 0;                      // 0 where no answer came
  Fault fault = Fault::kNone;
  std::string outcome;  // one short sentence: "verified", "delivered", "retry in 2s: answered 500"
  PhaseTimings timings;
};

// The fields of a raw head, in order, names as sent. Lines that are no fields are left out.
using FieldList = std::vector<std::pair<std::string, std::string>>;
FieldList HeadFields(std::string_view head);

// The first value of that name (any case), or empty.
std::string FirstField(const FieldList& fields, std::string_view name);
// Every value of that name, in order.
std::vector<std::string> AllFields(const FieldList& fields, std::string_view name);

// 301, 302, 303, 307 and 308: another URL is to be asked.
bool IsRedirect(int status);

// What is recorded and shown never holds a secret: these put "***" in its place, and leave every
// other byte as it is. An empty value stays empty, which is worth seeing.
//
// All: passwords in URLs (core/mask_urls.h). MaskForm: the values of hub.secret and
// hub.verify_token in a form or query, however their names are percent-encoded or mangled
// ("hub%2Esecret", "hub_secret"). MaskHead: the whole value of Authorization, Proxy-Authorization,
// Cookie and Set-Cookie, and those two in the request line or in a URL in another field. MaskBody:
// a body that should be a form. JSON, XML and multipart are no forms; where one names a secret,
// "***" stands for all of it.
std::string MaskForm(std::string_view form);
std::string MaskBody(std::string_view body);
std::string MaskHead(std::string_view head);

}  // namespace websub
