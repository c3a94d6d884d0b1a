// SUB-SEC: what a subscriber should withstand although the Recommendation does not say so.
#include "cli/conformance/subscriber_bench.h"

namespace websub::cli::conformance {
namespace {

constexpr std::size_t kHuge = 24 * 1024 * 1024;  // bytes
constexpr std::size_t kManyRedirects = 60;
constexpr int kKilled = 128;  // of Program::status: beyond it a signal ended the program

// It may refuse such a delivery, or end the connection; it has to live on.
Outcome HugeNotification(SubscriberBench& bench) {
  const auto asked = bench.Subscribe();
  if (!asked) return asked.error();
  if (!bench.DeliverMarker(*asked, bench.Marker()).Ok2xx()) {
    return Skipped("a delivery was not acknowledged (SUB-DIS-01)");
  }
  const std::string body(kHuge, 'x');
  bench.Deliver(*asked, {.body = body, .signature = bench.Signature(*asked, body), .link = ""});
  const auto result = bench.DeliverMarker(*asked, bench.Marker());
  if (result.Ok2xx()) return Passed();
  return Failed("expected the delivery after one of 24 MiB to be acknowledged; " +
                HowAnswered(result) + bench.HowItEnded());
}

// Whether the program came through: it asked the hub, or gave up by itself.
Outcome Survives(SubscriberBench& bench, const std::string& what) {
  if (auto started = bench.Start(); !started) return started.error();
  if (!bench.AwaitAny(bench.topic())) {
    return Skipped("the topic was not fetched" + bench.HowItEnded() + " (SUB-DISC-01)");
  }
  const bool asked = bench.AwaitAny(bench.hub()).has_value();
  const auto status = bench.program() != nullptr ? bench.program()->status() : std::nullopt;
  if (status && *status > kKilled && *status != 255) {
    return Failed("expected it to survive " + what + ", got its end by signal " +
                  std::to_string(*status - kKilled));
  }
  if (asked || status) return Passed();
  return Unobservable("it neither asked the hub nor ended after " + what);
}

Outcome HugeDocument(SubscriberBench& bench) {
  const std::string body = AtomFeed("<!-- " + std::string(kHuge, 'x') + " -->\n");
  bench.topic().AnswerWith(Always(Page(kAtomType, body, LinkField(bench.announced()))));
  return Survives(bench, "a document of 24 MiB");
}

Outcome ExpandingEntities(SubscriberBench& bench) {
  std::string feed = "<?xml version=\"1.0\"?>\n<!DOCTYPE feed [\n<!ENTITY a0 \"lol\">\n";
  for (int i = 1; i < 12; ++i) {
    const std::string inner = "&a" + std::to_string(i - 1) + ";";
    feed += "<!ENTITY a" + std::to_string(i) + " \"";
    for (int n = 0; n < 10; ++n) feed += inner;
    feed += "\">\n";
  }
  feed += "]>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<title>&a11;</title>\n" +
          LinkElements(bench.announced()) + "</feed>\n";
  bench.topic().AnswerWith(Always(Page(kAtomType, feed)));
  return Survives(bench, "entities that expand without an end");
}

Outcome EndlessRedirects(SubscriberBench& bench) {
  const std::string self = bench.topic().url();
  bench.topic().AnswerWith(Always({.status = 302, .fields = {{"Location", self}}, .body = ""}));
  if (auto started = bench.Start(); !started) return started.error();
  if (!bench.AwaitAny(bench.topic())) {
    return Skipped("the topic was not fetched" + bench.HowItEnded() + " (SUB-REQ-02)");
  }
  const auto many = [](const Visit& visit) { return visit.number >= kManyRedirects; };
  if (!bench.Await(bench.topic(), many, kManyRedirects)) return Passed();
  return Failed(
      "expected it to give up on a topic that redirects to itself, got more than 60 "
      "requests");
}

}  // namespace

std::vector<Told> SubscriberSecurityStories() {
  return {
      {"SUB-SEC-01", "survives a notification of 24 MiB", HugeNotification, true},
      {"SUB-SEC-02", "survives a topic that answers with 24 MiB", HugeDocument, true},
      {"SUB-SEC-03", "gives up on a topic that redirects to itself", EndlessRedirects},
      {"SUB-SEC-04", "survives a feed whose entities expand without an end", ExpandingEntities},
  };
}

}  // namespace websub::cli::conformance
