#include "cli/commands/inspect_show.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands/inspect_format.h"
#include "cli/table.h"
#include "cli/text.h"
#include "core/text.h"

namespace websub::cli::inspect {
namespace {

// Without the line end; the text moves on to the next line.
std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// A raw head, each line behind `mark`; the empty line that ends it is shown too, as curl does.
void PrintHead(Output& output, std::string_view head, const std::string& mark) {
  bool first = true;
  while (!head.empty()) {
    std::string_view line = TakeLine(head);
    if (line.ends_with('\r')) line.remove_suffix(1);
    output.Line({{mark, Style::kDim}, {std::string(line), first ? Style::kStrong : Style::kPlain}});
    first = false;
  }
}

// `whole_size` is the number of bytes that travelled, where more of them than are kept.
void PrintBody(Output& output, const std::optional<std::string>& body, std::size_t whole_size) {
  if (!body) {
    output.Line({{"[the body is kept no longer]", Style::kDim}});
    return;
  }
  if (!IsUtf8(*body)) {
    output.Line({{"[" + Plural(body->size(), "byte") + ", not text: --json has them as base64]",
                  Style::kDim}});
    return;
  }
  std::string_view rest = *body;
  while (!rest.empty()) output.Line({{std::string(TakeLine(rest))}});
  if (whole_size > body->size()) {
    output.Line({{"[cut: " + Plural(whole_size, "byte") + " came, " + std::to_string(body->size()) +
                      " are kept]",
                  Style::kDim}});
  }
}

std::string ValueText(const Json& value, Time now) {
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_array()) {
    std::string out;
    for (const Json& entry : value) {
      out += (out.empty() ? "" : ", ") + ValueText(entry, now);
    }
    return out;
  }
  if (value.is_object()) {
    std::string out;
    for (const auto& [name, entry] : value.items()) {
      out += (out.empty() ? "" : ", ") + name + " " + ValueText(entry, now);
    }
    return out;
  }
  if (!value.is_string()) return value.is_null() ? "" : value.dump();
  const std::string& text = value.get_ref<const std::string&>();
  const auto time = ParseRfc3339(text);
  return time ? text + " (" + Age(time, now) + ")" : text;
}

// "expires_at" reads "expires at".
std::string Label(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

void PrintFields(Output& output, const Json& item, Time now) {
  std::size_t width = 0;
  const auto shown = [](const std::string& name, const Json& value) {
    return name != "body" && name != "body_base64" && !value.is_null() &&
           !(value.is_structured() && value.empty());
  };
  for (const auto& [name, value] : item.items()) {
    if (shown(name, value)) width = std::max(width, PrintedWidth(name));
  }
  for (const auto& [name, value] : item.items()) {
    if (!shown(name, value)) continue;
    const std::string gap(width - PrintedWidth(name) + 2, ' ');
    const Style style = name == "state" && value.is_string()
                            ? StateStyle(value.get_ref<const std::string&>())
                            : Style::kPlain;
    std::string text = ValueText(value, now);
    if (name.ends_with("_seconds") && value.is_number_integer()) {
      text += " (" + Coarse(std::chrono::seconds(value.get<std::int64_t>())) + ")";
    }
    output.Line({{Label(name) + gap, Style::kDim}, {text, style}});
  }
}

}  // namespace

void PrintRecord(Output& output, const Json& item, Time now) {
  PrintFields(output, item, now);
  const auto body = BytesOf(item, "body");
  if (!body) return;
  output.Line({});
  PrintBody(output, body, 0);
}

void PrintExchange(Output& output, const Json& exchange, Time now) {
  const auto at = TimeOf(exchange, "at");
  const bool in = TextOf(exchange, "direction") == "in";
  std::vector<Piece> title{{TextOf(exchange, "id"), Style::kStrong},
                           {"  " + TextOf(exchange, "kind")},
                           {in ? " <- " : " -> "},
                           {TextOf(exchange, "peer")}};
  for (const char* name : {"subscription", "message"}) {
    const std::string id = TextOf(exchange, name);
    if (!id.empty()) title.push_back({"  " + id});
  }
  if (NumberOf(exchange, "attempt") > 1) {
    title.push_back({"  attempt " + std::to_string(NumberOf(exchange, "attempt"))});
  }
  if (at) title.push_back({"  " + FormatRfc3339(*at) + " (" + Age(at, now) + ")", Style::kDim});
  output.Line(title);
  const std::string outcome = TextOf(exchange, "outcome");
  output.Line({{"* "},
               {Answer(exchange), AnswerStyle(exchange)},
               {outcome.empty() ? "" : ", " + outcome},
               {"  (" + Phases(Inside(exchange, "timings"), true) + ")", Style::kDim}});

  const auto asked = BytesOf(exchange, "request_head");
  if (asked && !asked->empty()) {
    PrintHead(output, *asked, "> ");
  } else if (TextOf(exchange, "kind") == "hook") {  // a program has no head
    output.Line({{"> " + TextOf(exchange, "url")}});
  }
  PrintBody(output, BytesOf(exchange, "request_body"), 0);
  const auto head = BytesOf(exchange, "response_head");
  if (head && !head->empty()) {
    PrintHead(output, *head, "< ");
  } else if (NumberOf(exchange, "response_body_size") == 0 && NumberOf(exchange, "status") == 0) {
    output.Line({{"* no answer came", Style::kBad}});
    return;
  }
  PrintBody(output, BytesOf(exchange, "response_body"),
            static_cast<std::size_t>(NumberOf(exchange, "response_body_size")));
}

void PrintStatus(Output& output, const Json& status) {
  const auto line = [&](const std::string& name, const std::string& value, Style style) {
    output.Line({{name + std::string(15 - name.size(), ' '), Style::kDim}, {value, style}});
  };
  const std::string url = TextOf(status, "url");
  line("version", TextOf(status, "version"), Style::kPlain);
  line("hub", url.empty() ? "not asked: this is its file" : url, Style::kStrong);
  if (!url.empty()) {
    line("up for", Coarse(std::chrono::seconds(NumberOf(status, "uptime_seconds"))), Style::kPlain);
  }
  const std::string fault = TextOf(status, "write_fault");
  line("writes", fault.empty() ? "fine" : fault, fault.empty() ? Style::kGood : Style::kBad);
  const Json& counts = Inside(status, "counts");
  const Json& subscriptions = Inside(counts, "subscriptions");
  line("topics", std::to_string(NumberOf(counts, "topics")), Style::kPlain);
  line("subscriptions",
       std::to_string(NumberOf(subscriptions, "active")) + " active, " +
           std::to_string(NumberOf(subscriptions, "pending")) + " pending, " +
           std::to_string(NumberOf(counts, "retrying")) + " wait for a retry",
       Style::kPlain);
  line("messages", std::to_string(NumberOf(counts, "messages")), Style::kPlain);
  line("fetches", std::to_string(NumberOf(counts, "waiting_fetches")) + " waiting", Style::kPlain);
  line("exchanges", std::to_string(NumberOf(counts, "exchanges")), Style::kPlain);
  const std::int64_t dead = NumberOf(counts, "dead_letters");
  line("dead letters", std::to_string(dead), dead == 0 ? Style::kPlain : Style::kBad);
}

}  // namespace websub::cli::inspect
