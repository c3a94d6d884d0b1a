// SUB-DIS: what becomes of deliveries. Content that must be thrown away is only known to be thrown
// away when the message sent after it is seen to be taken.
#include <array>

#include "cli/conformance/subscriber_bench.h"
#include "core/finding.h"

namespace websub::cli::conformance {
namespace {

constexpr std::array kAlgorithms = {SignatureAlgorithm::kSha1, SignatureAlgorithm::kSha256,
                                    SignatureAlgorithm::kSha384, SignatureAlgorithm::kSha512};

// ------------------------------------------------------------------------------------ SUB-DIS-01

Outcome JudgeAcknowledged(const hub::OutgoingResult& result) {
  if (result.fault == Fault::kNone && result.Ok2xx()) return Passed();
  FindingCode code = FindingCode::kDeliveryBadStatus;
  if (result.fault == Fault::kResponseTimeout) code = FindingCode::kDeliverySlow;
  if (result.status >= 500) code = FindingCode::kDeliveryServerError;
  if (result.status == 404) code = FindingCode::kDeliveryNotFound;
  return Failed("expected 2xx to a delivery, soon; " + HowAnswered(result),
                result.fault == Fault::kNone || result.fault == Fault::kResponseTimeout
                    ? std::string(EntryOf(code).cause)
                    : "");
}

Outcome Acknowledges(SubscriberBench& bench) {
  const auto asked = bench.Subscribe();
  if (!asked) return asked.error();
  return JudgeAcknowledged(bench.DeliverMarker(*asked, bench.Marker()));
}

// A hub that did not get the answer sends the same once more.
Outcome AcknowledgesAgain(SubscriberBench& bench) {
  const auto asked = bench.Subscribe();
  if (!asked) return asked.error();
  const std::string marker = bench.Marker();
  if (!bench.DeliverMarker(*asked, marker).Ok2xx()) {
    return Skipped("the first delivery was not acknowledged (SUB-DIS-01)");
  }
  return JudgeAcknowledged(bench.DeliverMarker(*asked, marker));
}

Outcome AcknowledgesMany(SubscriberBench& bench) {
  constexpr int kMany = 10;
  const auto asked = bench.Subscribe();
  if (!asked) return asked.error();
  for (int i = 0; i < kMany; ++i) {
    const auto result = bench.DeliverMarker(*asked, bench.Marker());
    if (i == 0 && !result.Ok2xx()) {
      return Skipped("the first delivery was not acknowledged (SUB-DIS-01)");
    }
    const Outcome outcome = JudgeAcknowledged(result);
    if (outcome.verdict != Verdict::kPassed) return outcome;
  }
  return Passed();
}

// ------------------------------------------------------------------------- SUB-DIS-02, SUB-DIS-03

Step<Asked> SubscribeWithSecret(SubscriberBench& bench) {
  if (auto observation = bench.NeedsObservation(); !observation) {
    return tl::unexpected(observation.error());
  }
  auto asked = bench.Subscribe();
  if (asked && asked->secret().empty()) {
    return End(Unobservable("it gave no hub.secret, which it may leave out"));
  }
  return asked;
}

// Makes the value of X-Hub-Signature for the body; empty: no such header.
using Forge = std::function<std::string(SubscriberBench&, const Asked&, const std::string& body)>;

Outcome Discards(SubscriberBench& bench, const std::string& what, const Forge& forge) {
  const auto asked = SubscribeWithSecret(bench);
  if (!asked) return asked.error();
  const std::string bad = bench.Marker();
  const std::string good = bench.Marker();
  const std::string body = AtomFeed("", bad);
  bench.Deliver(*asked, {.body = body, .signature = forge(bench, *asked, body), .link = ""});
  if (!bench.DeliverControl(*asked, good).Ok2xx()) {
    return Skipped("a delivery that is signed right was not acknowledged (SUB-DIS-01)");
  }
  if (!bench.Sees(good)) {
    return Skipped("a delivery that is signed right was not observed (SUB-DIS-04)");
  }
  if (!bench.SeesNow(bad)) return Passed();
  return Failed("expected content " + what + " to be thrown away, got it taken",
                "the signature is not compared, or what the comparison says has no effect");
}

std::string Right(SubscriberBench& bench, const Asked& asked, const std::string& body) {
  return bench.Signature(asked, body);
}

// Another digit at that place.
std::string Flipped(std::string signature, std::size_t at) {
  signature[at] = signature[at] == '0' ? '1' : '0';
  return signature;
}

constexpr std::size_t kFirstDigit = std::string_view("sha256=").size();

struct Forgery {
  const char* name;
  const char* title;
  const char* what;  // "whose signature …"
  Forge forge;
};

std::vector<Forgery> Forgeries() {
  using B = SubscriberBench;
  return {
      {"first-digit", "throws away content whose signature differs in its first digit",
       "whose signature differs in the first digit",
       [](B& b, const Asked& a, const std::string& body) {
         return Flipped(Right(b, a, body), kFirstDigit);
       }},
      {"last-digit", "throws away content whose signature differs in its last digit",
       "whose signature differs in the last digit",
       [](B& b, const Asked& a, const std::string& body) {
         std::string signature = Right(b, a, body);
         const std::size_t last = signature.size() - 1;
         return Flipped(std::move(signature), last);
       }},
      {"extra-digits", "throws away content whose signature has digits too many",
       "whose signature has digits too many",
       [](B& b, const Asked& a, const std::string& body) { return Right(b, a, body) + "00"; }},
      {"truncated", "throws away content whose signature is cut short",
       "whose signature is cut short",
       [](B& b, const Asked& a, const std::string& body) {
         return Right(b, a, body).substr(0, kFirstDigit + 16);
       }},
      {"no-digits", "throws away content whose signature has no digits",
       "whose signature has no digits",
       [](B&, const Asked&, const std::string&) { return std::string("sha256="); }},
      {"wrong-label", "throws away content whose signature is that of another method",
       "whose signature is of another method than its label says",
       [](B& b, const Asked& a, const std::string& body) {
         return "sha512=" + Right(b, a, body).substr(kFirstDigit);
       }},
      {"longer-label", "throws away a SHA-1 signature under the label of SHA-256",
       "whose signature is SHA-1 under the label sha256",
       [](B& b, const Asked& a, const std::string& body) {
         return "sha256=" + b.Signature(a, body, SignatureAlgorithm::kSha1).substr(5);
       }},
      {"no-label", "throws away content whose signature names no method",
       "whose signature names no method",
       [](B& b, const Asked& a, const std::string& body) {
         return Right(b, a, body).substr(kFirstDigit);
       }},
      {"unknown-method", "throws away content whose signature names an unknown method",
       "whose signature names an unknown method",
       [](B&, const Asked&, const std::string&) {
         return std::string("none=d41d8cd98f00b204e9800998ecf8427e");
       }},
      {"other-secret", "throws away content that was signed with another secret",
       "that was signed with another secret",
       [](B&, const Asked& a, const std::string& body) {
         return Signer(SignatureAlgorithm::kSha256, a.secret() + "x").Sign(body);
       }},
      {"empty-secret", "throws away content that was signed with an empty secret",
       "that was signed with an empty secret",
       [](B&, const Asked&, const std::string& body) {
         return Signer(SignatureAlgorithm::kSha256, "").Sign(body);
       }},
      {"other-body", "throws away content that carries the signature of another message",
       "that carries the signature of another message",
       [](B& b, const Asked& a, const std::string&) {
         return Right(b, a, AtomFeed("", "another message"));
       }},
      {"changed-body", "throws away content to which something was added after it was signed",
       "to which something was added after it was signed",
       [](B& b, const Asked& a, const std::string& body) {
         return Right(b, a, body.substr(0, body.size() - 1));
       }},
  };
}

Outcome Unsigned(SubscriberBench& bench) {
  return Discards(bench, "that is not signed although a secret was given",
                  [](SubscriberBench&, const Asked&, const std::string&) { return std::string(); });
}

// ------------------------------------------------------------------------------------ SUB-DIS-04

Outcome TakesSigned(SubscriberBench& bench, SignatureAlgorithm algorithm) {
  const auto asked = SubscribeWithSecret(bench);
  if (!asked) return asked.error();
  const std::string marker = bench.Marker();
  const auto result = bench.DeliverMarker(*asked, marker, algorithm);
  if (result.fault != Fault::kNone) {
    return Skipped("a delivery was not acknowledged (SUB-DIS-01)");
  }
  if (bench.Sees(marker)) return Passed();
  const std::string control = bench.Marker();
  bool acknowledged = result.Ok2xx();
  for (const SignatureAlgorithm other : kAlgorithms) {
    if (other == algorithm) continue;
    acknowledged = bench.DeliverMarker(*asked, control, other).Ok2xx() || acknowledged;
  }
  if (!acknowledged) return Skipped("no delivery was acknowledged (SUB-DIS-01)");
  const std::string expected =
      "expected content with a right " + std::string(Name(algorithm)) + " signature to be taken, ";
  if (!bench.Sees(control)) {
    return Failed(expected + "observed nothing of what was delivered, however it was signed",
                  "signatures are checked with another secret than hub.secret, or what "
                  "--observe-cmd, --observe-url or --observe-output shows is something else");
  }
  return Failed(expected + "got it thrown away; " + HowAnswered(result),
                "one method is fixed in the program, whatever the header names");
}

// ------------------------------------------------------------------------------------ SUB-DIS-05

Outcome TakesWithLinks(SubscriberBench& bench,
                       const std::function<std::string(const Announced&)>& link) {
  const Place other_topic = bench.OpenTopic(PlainTopic(bench.announced()), "/another");
  const Place other_hub = bench.OpenHub("/another-hub");
  const auto asked = bench.Subscribe();
  if (!asked) return asked.error();
  const std::string marker = bench.Marker();
  const auto result =
      bench.DeliverControl(*asked, marker, link({other_hub.url(), other_topic.url()}));
  const std::string control = bench.Marker();
  const auto plain = bench.DeliverControl(*asked, control);
  if (!plain.Ok2xx()) return Skipped("a delivery was not acknowledged (SUB-DIS-01)");
  const std::string expected =
      "expected a delivery to count for its callback's subscription, whatever its Link header "
      "says; ";
  const std::string cause = "the subscription is looked up by the Link header";
  if (!result.Ok2xx()) return Failed(expected + HowAnswered(result), cause);
  if (auto observation = bench.NeedsObservation(); !observation) return observation.error();
  if (!bench.Sees(control)) {
    return Skipped("a delivery that is signed right was not observed (SUB-DIS-04)");
  }
  if (bench.SeesNow(marker)) return Passed();
  return Failed(
      expected + "it answered " + std::to_string(result.status) + " and did not take the content",
      cause);
}

Outcome OtherLinks(SubscriberBench& bench) {
  return TakesWithLinks(bench, [](const Announced& other) { return LinkField(other); });
}

Outcome HubFirst(SubscriberBench& bench) {
  return TakesWithLinks(bench, [&](const Announced& other) {
    return "<" + other.self + ">; rel=\"self\", <" + bench.topic().url() + ">; rel=\"alternate\"";
  });
}

}  // namespace

std::vector<Told> DeliveryStories() {
  std::vector<Told> stories = {
      {"SUB-DIS-01/acknowledged", "acknowledges a delivery with 2xx, promptly", Acknowledges},
      {"SUB-DIS-01/repeated", "acknowledges a delivery that comes a second time",
       AcknowledgesAgain},
      {"SUB-DIS-01/many", "acknowledges ten deliveries in a row", AcknowledgesMany},
  };
  for (const Forgery& forgery : Forgeries()) {
    stories.push_back({std::string("SUB-DIS-02/") + forgery.name, forgery.title,
                       [forgery](SubscriberBench& bench) {
                         return Discards(bench, forgery.what, forgery.forge);
                       }});
  }
  stories.push_back(
      {"SUB-DIS-03", "throws away unsigned content where it gave a secret", Unsigned});
  for (const SignatureAlgorithm algorithm : kAlgorithms) {
    const std::string name(Name(algorithm));
    stories.push_back(
        {"SUB-DIS-04/" + name, "takes content with a right " + name + " signature",
         [algorithm](SubscriberBench& bench) { return TakesSigned(bench, algorithm); }});
  }
  stories.push_back({"SUB-DIS-05/other-links",
                     "takes a delivery whose links name another topic and hub", OtherLinks});
  stories.push_back({"SUB-DIS-05/self-alone",
                     "takes a delivery whose only link of use names another topic", HubFirst});
  return stories;
}

}  // namespace websub::cli::conformance
