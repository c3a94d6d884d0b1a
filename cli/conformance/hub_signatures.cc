// X-Hub-Signature.
#include <algorithm>

#include "cli/conformance/hub_cases.h"
#include "core/signature.h"
#include "core/signature_diagnosis.h"
#include "core/text.h"

namespace websub::cli::conformance {
namespace {

const std::string kSecret = "a-secret-of-some-length";

struct SignedDelivery {
  Visit delivery;
  std::string method;  // in front of '='
  std::string digest;  // behind it
};

// Skips where there is no header, which is a case of its own.
SignedDelivery Receive(HubBench& hub, const std::string& behind, const std::string& type) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic, kSecret);
  Content content = hub.Text(behind);
  if (type == "application/json") content.body = "{ \"mark\": \"" + content.mark + "\"" + behind;
  content.type = type;
  hub.Publish(topic, content);
  Visit delivery = hub.Delivery(callback, content);
  const std::string header = delivery.Field("X-Hub-Signature");
  if (header.empty()) throw CaseOver{Skipped("there is no X-Hub-Signature (HUB-SIG-01/header)")};
  const std::size_t equals = header.find('=');
  if (equals == std::string::npos) return {std::move(delivery), "", header};
  return {std::move(delivery), header.substr(0, equals), header.substr(equals + 1)};
}

Outcome HasHeader(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic, kSecret);
  const Visit delivery = hub.Told(topic, callback);
  if (!delivery.Field("X-Hub-Signature").empty()) return Passed();
  const bool other = !delivery.Field("X-Hub-Signature-256").empty();
  return FailedBy(
      other ? FindingCode::kSignatureField256 : FindingCode::kSignatureMissing,
      std::string("expected X-Hub-Signature on a delivery where a secret was given, there is ") +
          (other ? "X-Hub-Signature-256 alone" : "none"));
}

FindingCode CauseOf(SignatureChange change) {
  switch (change) {
    case SignatureChange::kNewlineAdded:
      return FindingCode::kSignatureNewlineAdded;
    case SignatureChange::kNewlineDropped:
      return FindingCode::kSignatureNewlineDropped;
    case SignatureChange::kTrimmed:
      return FindingCode::kSignatureTrimmed;
    case SignatureChange::kLfToCrlf:
      return FindingCode::kSignatureLfToCrlf;
    case SignatureChange::kCrlfToLf:
      return FindingCode::kSignatureCrlfToLf;
    case SignatureChange::kByteOrderMarkAdded:
      return FindingCode::kSignatureBomAdded;
    case SignatureChange::kByteOrderMarkDropped:
      return FindingCode::kSignatureBomDropped;
    case SignatureChange::kLatin1ToUtf8:
      return FindingCode::kSignatureLatin1ToUtf8;
    case SignatureChange::kUtf8ToLatin1:
      return FindingCode::kSignatureUtf8ToLatin1;
    case SignatureChange::kPercentDecoded:
      return FindingCode::kSignaturePercentDecoded;
    case SignatureChange::kJsonCompact:
      return FindingCode::kSignatureJsonCompact;
    case SignatureChange::kEmptyBody:
      return FindingCode::kSignatureEmptyBody;
    default:
      return FindingCode::kSignatureMismatch;
  }
}

// The digest, under whatever method its length tells: the label has a case of its own.
Outcome SignsBytes(HubBench& hub, const std::string& behind, const std::string& type) {
  const SignedDelivery got = Receive(hub, behind, type);
  const std::string& body = got.delivery.request.body;
  for (const auto algorithm : {SignatureAlgorithm::kSha1, SignatureAlgorithm::kSha256,
                               SignatureAlgorithm::kSha384, SignatureAlgorithm::kSha512}) {
    const std::string header = Signer(algorithm, kSecret).Sign(body);
    if (EqualIgnoringCase(header.substr(header.find('=') + 1), got.digest)) return Passed();
  }
  const std::string header = got.delivery.Field("X-Hub-Signature");
  const std::string what =
      "expected the HMAC of the body as it was sent, got " + Quote(header, 160);
  const bool hex =
      std::all_of(got.digest.begin(), got.digest.end(), [](char c) { return HexValue(c) >= 0; });
  const auto diagnosis = DiagnoseSignature(header, kSecret, body);
  if (!hex) return FailedBy(FindingCode::kSignatureNotHex, what);
  if (diagnosis) return FailedBy(CauseOf(diagnosis->change), what);
  return FailedBy(FindingCode::kSignatureMismatch, what);
}

std::size_t DigitsOf(SignatureAlgorithm algorithm) {
  const std::string header = Signer(algorithm, kSecret).Sign("");
  return header.size() - header.find('=') - 1;
}

Outcome LabelFits(HubBench& hub) {
  const SignedDelivery got = Receive(hub, "", "text/plain");
  const auto algorithm = ParseSignatureAlgorithm(got.method);
  if (!algorithm) return Skipped("the method is none that is known (HUB-SIG-02)");
  const std::size_t digits = DigitsOf(*algorithm);
  if (got.digest.size() == digits) return Passed();
  const std::string what = "expected " + std::to_string(digits) + " hex digits behind " +
                           got.method + "=, got " + std::to_string(got.digest.size());
  for (const auto other : {SignatureAlgorithm::kSha1, SignatureAlgorithm::kSha256,
                           SignatureAlgorithm::kSha384, SignatureAlgorithm::kSha512}) {
    if (got.digest.size() == DigitsOf(other)) {
      return FailedBy(FindingCode::kSignatureOtherAlgorithm, what);
    }
  }
  return FailedBy(
      got.digest.size() < digits ? FindingCode::kSignatureTruncated : FindingCode::kSignaturePadded,
      what);
}

Outcome MethodIsKnown(HubBench& hub) {
  const SignedDelivery got = Receive(hub, "", "text/plain");
  for (const std::string_view name : {"sha1", "sha256", "sha384", "sha512"}) {
    if (got.method == name) return Passed();
  }
  if (got.method.empty()) {
    return FailedBy(FindingCode::kSignatureNoMethod,
                    "expected a signature as method=digits, got " + Quote(got.digest, 160));
  }
  return FailedBy(
      FindingCode::kSignatureUnknownMethod,
      "expected sha1, sha256, sha384 or sha512 as the method, got " + Quote(got.method));
}

Outcome NoSignature(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  const std::string header = hub.Told(topic, callback).Field("X-Hub-Signature");
  if (header.empty()) return Passed();
  return FailedBy(
      FindingCode::kSignatureNotAsked,
      "expected no X-Hub-Signature where no secret was given, got " + Quote(header, 160));
}

Outcome LowerCase(HubBench& hub) {
  const SignedDelivery got = Receive(hub, "", "text/plain");
  if (ToLower(got.digest) == got.digest) return Passed();
  if (std::any_of(got.digest.begin(), got.digest.end(), [](char c) { return HexValue(c) < 0; })) {
    return Skipped("the digest is not hexadecimal (HUB-SIG-01/text)");
  }
  return FailedBy(FindingCode::kSignatureUpperCase,
                  "expected hex digits in lower case, got " + Quote(got.digest, 160));
}

}  // namespace

void AddSignatureCases(CaseList& cases) {
  cases.Add("HUB-SIG-01/header", "a delivery is signed where a secret was given", HasHeader);
  const auto bytes = [&](const std::string& name, const std::string& what,
                         const std::string& behind, const std::string& type) {
    cases.Add("HUB-SIG-01/" + name, "the signature is that of " + what,
              [behind, type](HubBench& hub) { return SignsBytes(hub, behind, type); });
  };
  using std::string_literals::operator""s;
  bytes("text", "the body's bytes", " is what is new here", "text/plain");
  bytes("white-space", "all bytes, white space at the end included", " \t \n\n", "text/plain");
  bytes("line-ends", "the line ends that are sent", "\r\none\ntwo\r\n.", "text/plain");
  bytes("binary", "bytes that are no text", "\0\xFF\xFE\0\x80."s, "application/octet-stream");
  bytes("charset", "the bytes, in whatever charset", " caf\xE9", "text/plain; charset=iso-8859-1");
  bytes("form", "a form as it is sent", "&a=b+c%2Bd%20e", "application/x-www-form-urlencoded");
  bytes("json", "JSON as it is sent", " , \"a\" : [ 1.0 ] }", "application/json");
  cases.Add("HUB-SIG-01/length", "the digest is as long as its method makes it", LabelFits);
  cases.Add("HUB-SIG-02", "the method is sha1, sha256, sha384 or sha512", MethodIsKnown);
  cases.Add("HUB-SIG-03", "a delivery is not signed where no secret was given", NoSignature);
  cases.Add("HUB-DIA-05", "the digits of the signature are in lower case", LowerCase);
}

}  // namespace websub::cli::conformance
