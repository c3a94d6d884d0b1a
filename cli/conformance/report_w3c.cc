#include <algorithm>
#include <functional>
#include <set>

#include "cli/conformance/report.h"
#include "cli/conformance/report_escape.h"
#include "cli/conformance/report_text.h"
#include "cli/text.h"
#include "core/discovery.h"
#include "core/form.h"
#include "core/text.h"

namespace websub::cli::conformance {
namespace {

// What is known about a row of the template.
struct Answered {
  bool yes = false;
  std::string remark;  // behind the row; says why where it is not known
};

std::string Row(const std::string& text, const Answered& answered, const std::string& indent = "") {
  return indent + (answered.yes ? "* [x] " : "* [ ] ") + text +
         (answered.remark.empty() ? "" : " (" + answered.remark + ")") + "\n";
}

Answered Seen(bool seen) {
  return {seen, seen ? "" : "not seen"};
}

// By the cases of these requirements, or of one with this text in their names; holds where one
// passed and none failed.
Answered ByCases(const Report& report, const std::vector<std::string_view>& ids,
                 std::string_view part = "") {
  std::vector<std::string> failed;
  std::string unknown;
  std::size_t passed = 0;
  for (const CaseResult& one : report.cases) {
    if (std::find(ids.begin(), ids.end(), one.requirement->id) == ids.end()) continue;
    if (one.name.find(part) == std::string::npos) continue;
    switch (one.outcome.verdict) {
      case Verdict::kPassed:
        ++passed;
        break;
      case Verdict::kFailed:
        failed.push_back(one.name);
        break;
      case Verdict::kSkipped:
      case Verdict::kUnobservable:
        if (unknown.empty()) {
          const bool skipped = one.outcome.verdict == Verdict::kSkipped;
          unknown = (skipped ? "could not be tried: " : "could not be seen: ") +
                    EscapeMarkdown(one.outcome.message);
        }
        break;
    }
  }
  if (!failed.empty()) {
    std::string names;
    for (const std::string& name : failed) names += (names.empty() ? "" : ", ") + name;
    return {false, "failed: " + EscapeMarkdown(names)};
  }
  if (passed > 0) return {true, ""};
  return {false, unknown.empty() ? "not tested" : unknown};
}

void ForEach(const Report& report, const std::function<void(const Evidence&)>& look) {
  for (const CaseResult& one : report.cases) {
    for (const Evidence& evidence : one.evidence) look(evidence);
  }
}

// Whether what is tested sent a form that names this parameter, with this value if one is given.
bool Sent(const Report& report, std::string_view name, std::string_view value = "") {
  bool sent = false;
  ForEach(report, [&](const Evidence& evidence) {
    if (sent || evidence.from != report.role) return;
    const auto form = ParseForm(evidence.exchange.request_body);
    if (!form) return;
    sent = std::any_of(form->begin(), form->end(), [&](const FormField& field) {
      return field.name == name && (value.empty() ? !field.value.empty() : field.value == value);
    });
  });
  return sent;
}

std::string Head(const Report& report) {
  return "# " + EscapeMarkdown(report.target) + " (replace this by the implementation's name)\n\n" +
         "Implementation Home Page URL:\n\nSource code repo URL(s) (optional):\n"
         "* [ ] 100% open source implementation\n\n"
         "Programming Language(s):\n\nDeveloper(s):\n\nAnswers are:\n"
         "* [ ] Confirmed via websub.rocks (for applicable results)\n"
         "* [x] All results are self-reported: measured by `websub conformance " +
         report.role + "`, version " + EscapeMarkdown(report.version) + ", on " +
         FormatRfc3339(report.started_at).substr(0, 10) + ", " +
         Plural(report.cases.size(), "case") + "\n\n";
}

std::string Hub(const Report& report) {
  const auto by = [&](std::string_view id) { return ByCases(report, {id}); };
  std::string out = "## Subscription\n\n";
  out += Row("100: Supports subscriptions with `hub.mode`, `hub.topic` and `hub.callback`",
             ByCases(report, {"HUB-REQ-01", "HUB-VER-01"}));
  out +=
      Row("101: Supports subscriptions with `hub.mode`, `hub.topic`, `hub.callback` and "
          "`hub.secret`",
          by("HUB-REQ-02"));
  out += Row("102: Ignores unrecognized parameters in the subscription request", by("HUB-REQ-04"));
  out += Row("103: Allows subscribers to re-request active subscriptions before they expire",
             by("HUB-REQ-05"));
  out += Row("104: Supports unsubscription requests", by("HUB-REQ-08"));
  out += Row("Allows subscribers to request a specific lease duration", by("HUB-VER-05"));
  for (const CaseResult& one : report.cases) {
    if (one.requirement->id == "HUB-VER-05" && !one.outcome.message.empty()) {
      out += "  * " + EscapeMarkdown(one.outcome.message) + "\n";
    }
  }
  out += "\n## Distribution\n\n";
  out += Row("100: Sends a notification with a matching content-type of the topic URL",
             by("HUB-DIS-02"));
  out += Row("100: Sends a notification with the full contents of the topic", by("HUB-DIS-01"));
  out += Row("101: Sends a notification with a valid signature", by("HUB-SIG-01"));
  std::set<std::string> methods;
  ForEach(report, [&](const Evidence& evidence) {
    if (evidence.from != report.role) return;
    const std::string value =
        FirstField(HeadFields(evidence.exchange.request_head), "X-Hub-Signature");
    methods.insert(ToLower(value.substr(0, value.find('='))));
  });
  out += "  * Signature methods that the hub was seen to use\n";
  for (const char* method : {"sha1", "sha256", "sha384", "sha512"}) {
    out += Row(method, Seen(methods.contains(method)), "    ");
  }
  Answered diff = by("HUB-DIS-10");
  for (const CaseResult& one : report.cases) {
    // A MAY: that it holds does not tell that it was made use of.
    if (one.requirement->id == "HUB-DIS-10" && diff.yes) {
      diff = {false,
              one.outcome.message.empty() ? "not seen" : EscapeMarkdown(one.outcome.message)};
    }
  }
  return out + Row("Sends only a diff of the topic URL for Atom or RSS feeds", diff);
}

std::string Subscriber(const Report& report) {
  const auto by = [&](std::string_view id, std::string_view part = "") {
    return ByCases(report, {id}, part);
  };
  std::string out = "## Discovery\n\n";
  out += Row("100: HTTP header discovery", by("SUB-DISC-01"));
  out += Row("101: HTML tag discovery", by("SUB-DISC-02"));
  out += Row("102: Atom feed discovery", by("SUB-DISC-03"));
  out += Row("103: RSS feed discovery", by("SUB-DISC-04"));
  out += Row("104: Discovery priority", by("SUB-DISC-05"));
  out += "\n## Subscription\n\n";
  out += Row("1xx: Successfully creates a subscription",
             ByCases(report, {"SUB-REQ-04", "SUB-VER-01"}));
  out += Row("200: Subscribing to a URL that reports a different rel=self", by("SUB-REQ-01"));
  out += Row("201: Subscribing to a topic URL that sends an HTTP 302 temporary redirect",
             by("SUB-REQ-02", "302"));
  out += Row("202: Subscribing to a topic URL that sends an HTTP 301 permanent redirect",
             by("SUB-REQ-02", "301"));
  out += Row("203: Subscribing to a hub that sends a temporary redirect: 307",
             by("SUB-REQ-03", "307"));
  out += Row("204: Subscribing to a hub that sends a permanent redirect: 308",
             by("SUB-REQ-03", "308"));
  out += Row("205: Rejects a verification request with an invalid topic URL", by("SUB-VER-02"));
  out += Row("1xx: Requests a subscription using a secret (optional)",
             Seen(Sent(report, "hub.secret")));
  out += Row("1xx: Requests a subscription with a specific `lease_seconds` (optional)",
             Seen(Sent(report, "hub.lease_seconds")));
  out += Row("Callback URL is unique per subscription (should)", by("SUB-REQ-05"));
  out += Row("Callback URL is an unguessable URL (should)", by("SUB-REQ-05"));
  out += Row("1xx: Sends an unsubscription request", Seen(Sent(report, "hub.mode", "unsubscribe")));
  out += "\n## Distribution\n\n";
  out += Row("300: Returns HTTP 2xx when the notification payload is delivered", by("SUB-DIS-01"));
  out += Row("1xx: Verifies a valid signature for authenticated distribution", by("SUB-DIS-04"));
  out += Row("301: Rejects a distribution request with an invalid signature", by("SUB-DIS-02"));
  return out + Row("302: Rejects a distribution request with no signature when the subscription "
                   "was made with a secret",
                   by("SUB-DIS-03"));
}

// Where a topic was seen to name its hub and its self.
struct Advertised {
  std::set<DocumentKind> kinds;         // of documents
  std::set<std::string> other_types;    // content types of none of them
  std::set<DocumentKind> in_documents;  // that carry both links where they count
  bool in_header = false;
  bool in_html_body = false;
};

void Look(const Exchange& exchange, Advertised& seen) {
  const FieldList fields = HeadFields(exchange.response_head);
  const std::string type = FirstField(fields, "Content-Type");
  DiscoveryHop hop;
  hop.url = exchange.url.str();
  hop.status = exchange.status;
  hop.link_headers = AllFields(fields, "Link");
  const Discovery found = Discover({{hop}, type, exchange.response_body});
  const bool json = ToLower(type).find("json") != std::string::npos;
  seen.kinds.insert(json ? DocumentKind::kJsonFeed : found.document);
  if (found.document == DocumentKind::kOther && !json && !type.empty()) {
    seen.other_types.insert(type);
  }
  const auto has = [&](std::string_view rel, const std::function<bool(const Candidate&)>& where) {
    return std::any_of(found.candidates.begin(), found.candidates.end(), [&](const Candidate& one) {
      return one.rel == rel && !one.url.empty() && where(one);
    });
  };
  const auto in_header = [](const Candidate& one) { return one.source == LinkSource::kHeader; };
  const auto in_body = [](const Candidate& one) {
    return one.source == LinkSource::kDocument && one.where.starts_with("<body>");
  };
  const auto in_document = [&](const Candidate& one) {
    return one.source != LinkSource::kHeader && !in_body(one);
  };
  seen.in_header |= has("hub", in_header) && has("self", in_header);
  seen.in_html_body |= has("hub", in_body) || has("self", in_body);
  if (has("hub", in_document) && has("self", in_document)) seen.in_documents.insert(found.document);
}

std::string Publisher(const Report& report) {
  Advertised seen;
  ForEach(report, [&](const Evidence& evidence) {
    const Exchange& exchange = evidence.exchange;
    const bool topic = evidence.to == report.role && MethodOf(exchange) == "GET";
    if (topic && exchange.status >= 200 && exchange.status < 300) Look(exchange, seen);
  });
  const auto kind = [&](const std::string& name, DocumentKind of) {
    return Row(name, Seen(seen.kinds.contains(of)), "  ");
  };
  std::string out = "## Discovery\n\n";
  out += "* The publisher produces URLs with the following content types (of the topic tested):\n";
  out += kind("HTML", DocumentKind::kHtml) + kind("Atom", DocumentKind::kAtom) +
         kind("RSS", DocumentKind::kRss) + kind("JSON", DocumentKind::kJsonFeed);
  std::string others;
  for (const std::string& type : seen.other_types) {
    others += (others.empty() ? "" : ", ") + EscapeMarkdown(type);
  }
  out += "  * Other: " + (others.empty() ? "none seen" : others) + "\n";
  out +=
      Row("The publisher advertises the hub and self URLs in HTTP headers", Seen(seen.in_header));
  const auto document = [&](const std::string& name, DocumentKind of) {
    return Row(name, Seen(seen.in_documents.contains(of)), "  ");
  };
  out +=
      "* The publisher advertises the hub and self URLs in the body of the document for the "
      "following content types:\n";
  out += document("HTML in `<link>` tags in the HTML `<head>`", DocumentKind::kHtml);
  out += Row("HTML in `<link>` tags in the body", Seen(seen.in_html_body), "  ");
  out += document("Atom in `<link>` elements", DocumentKind::kAtom);
  out += document("RSS in `<atom:link>` elements", DocumentKind::kRss);
  out += Row("The publisher advertises the hub URL using the `.host-meta` well-known URI",
             {false, "not looked at: the Recommendation has dropped it"});
  out += "\n## Distribution\n\n";
  out += Row("The publisher notifies the hub when a topic has been updated",
             ByCases(report, {"PUB-NOT-01"}));
  out += "\nHow the publisher notifies the hub of new content:\n\n";
  const Answered between{false, "passes between publisher and hub, out of sight"};
  out += Row("The publisher sends a POST request to the hub with `hub.mode=publish&hub.topic=`",
             between);
  return out + Row("Other:", {false, ""});
}

}  // namespace

std::string ReportW3c(const Report& report) {
  return Head(report) + (report.role == "hub"          ? Hub(report)
                         : report.role == "subscriber" ? Subscriber(report)
                                                       : Publisher(report));
}

}  // namespace websub::cli::conformance
