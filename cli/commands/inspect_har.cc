#include "cli/commands/inspect_har.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "cli/commands/inspect_format.h"
#include "core/base64.h"
#include "core/form.h"
#include "core/text.h"
#include "core/url.h"
#include "core/version.h"

namespace websub::cli::inspect {
namespace {

// The first line of a head as its words: "GET", "/x", "HTTP/1.1".
std::vector<std::string> StartLine(std::string_view head) {
  std::string_view line = head.substr(0, std::min(head.find("\r\n"), head.size()));
  std::vector<std::string> words;
  while (!line.empty() && words.size() < 2) {
    const auto space = line.find(' ');
    words.emplace_back(line.substr(0, space));
    line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  }
  if (!line.empty()) words.emplace_back(line);
  words.resize(3);
  return words;
}

// Bytes that are no UTF-8 cannot stand in JSON: they are shown as what replaces them.
Json Pair(std::string_view name, std::string_view value) {
  return Json{{"name", name}, {"value", value}};
}

Json Headers(const FieldList& fields) {
  Json out = Json::array();
  for (const auto& [name, value] : fields) out.push_back(Pair(name, value));
  return out;
}

Json QueryOf(std::string_view url) {
  Json out = Json::array();
  const auto mark = url.find('?');
  if (mark == std::string_view::npos) return out;
  const auto form = ParseForm(url.substr(mark + 1, url.find('#', mark) - mark - 1));
  if (!form) return out;
  for (const FormField& field : *form) out.push_back(Pair(field.name, field.value));
  return out;
}

void PutText(Json& out, std::string_view bytes) {
  if (IsUtf8(bytes)) {
    out["text"] = bytes;
  } else {
    out["text"] = EncodeBase64(bytes);
    out["encoding"] = "base64";
  }
}

Json RequestOf(const Exchange& exchange) {
  const auto start = StartLine(exchange.request_head);
  const FieldList fields = HeadFields(exchange.request_head);
  const std::string url = UrlOf(exchange);
  Json out;
  out["method"] = start[0];
  out["url"] = url;
  out["httpVersion"] = start[2].empty() ? "HTTP/1.1" : start[2];
  out["cookies"] = Json::array();  // what a head holds of them is masked
  out["headers"] = Headers(fields);
  out["queryString"] = QueryOf(url);
  if (!exchange.request_body.empty()) {
    Json& post = out["postData"];
    post["mimeType"] = FirstField(fields, "Content-Type");
    post["params"] = Json::array();
    PutText(post, exchange.request_body);
    if (post.contains("encoding")) post["comment"] = "base64, since it is not text";
  }
  out["headersSize"] = exchange.request_head.size();
  out["bodySize"] = exchange.request_body.size();
  return out;
}

Json ResponseOf(const Exchange& exchange) {
  const auto start = StartLine(exchange.response_head);
  const FieldList fields = HeadFields(exchange.response_head);
  const std::size_t size = std::max(exchange.response_body_size, exchange.response_body.size());
  Json out;
  out["status"] = exchange.status;
  out["statusText"] = start[2];
  out["httpVersion"] = start[0];
  out["cookies"] = Json::array();
  out["headers"] = Headers(fields);
  out["content"]["size"] = size;
  out["content"]["mimeType"] = FirstField(fields, "Content-Type");
  if (!exchange.response_body.empty()) PutText(out["content"], exchange.response_body);
  if (size > exchange.response_body.size()) {
    out["content"]["comment"] =
        "cut: " + std::to_string(exchange.response_body.size()) + " bytes are kept";
  }
  out["redirectURL"] = FirstField(fields, "Location");
  out["headersSize"] =
      exchange.response_head.empty() ? Json(-1) : Json(exchange.response_head.size());
  out["bodySize"] = size;
  if (exchange.status == 0) out["_error"] = exchange.outcome;
  return out;
}

double Phase(const Json& timings, const char* name, double none) {
  const auto found = timings.find(name);
  return found != timings.end() && found->is_number() ? found->get<double>() : none;
}

// In milliseconds; -1 for what did not happen. `connect` holds the time of TLS, as HAR has it. What
// an exchange measures is the whole and the way to the first byte: sending counts as waiting.
Json TimingsOf(const Json& timings, double& sum) {
  const double total = Phase(timings, "total", 0);
  const double dns = Phase(timings, "resolve", -1);
  const double ssl = Phase(timings, "tls", -1);
  double connect = Phase(timings, "connect", -1);
  if (connect >= 0) connect += std::max(ssl, 0.0);
  const double before = std::max(dns, 0.0) + std::max(connect, 0.0);
  const double wait = Phase(timings, "first_byte", std::max(total - before, 0.0));
  const double receive = std::max(total - before - wait, 0.0);
  sum = before + wait + receive;
  return Json{{"blocked", -1}, {"dns", dns},   {"connect", connect}, {"ssl", ssl},
              {"send", 0},     {"wait", wait}, {"receive", receive}};
}

Json EntryOf(const Recorded& recorded) {
  const Exchange& exchange = recorded.exchange;
  double sum = 0;
  const Json timings = TimingsOf(Inside(recorded.json, "timings"), sum);
  Json out;
  out["startedDateTime"] = FormatRfc3339(exchange.at);
  out["time"] = sum;
  out["request"] = RequestOf(exchange);
  out["response"] = ResponseOf(exchange);
  out["cache"] = Json::object();
  out["timings"] = timings;
  const auto colon = exchange.peer.rfind(':');
  if (exchange.direction == Direction::kOut && colon != std::string::npos) {
    std::string address = exchange.peer.substr(0, colon);
    std::erase_if(address, [](char c) { return c == '[' || c == ']'; });
    out["serverIPAddress"] = address;
  }
  // Fields of one's own begin with a line.
  for (const char* name :
       {"id", "kind", "direction", "subscription", "message", "attempt", "outcome"}) {
    if (recorded.json.contains(name)) out["_websub"][name] = recorded.json[name];
  }
  return out;
}

}  // namespace

std::string UrlOf(const Exchange& exchange) {
  const std::string target = StartLine(exchange.request_head)[1];
  const std::string host = FirstField(HeadFields(exchange.request_head), "Host");
  if (target.starts_with("http://") || target.starts_with("https://")) return target;
  if (!target.starts_with('/') || host.empty()) return exchange.url.str();
  const bool secure = exchange.url.str().starts_with("https://");
  return (secure ? "https://" : "http://") + host + target;
}

Json HttpArchive(const std::vector<Recorded>& recorded) {
  Json log;
  log["version"] = "1.2";
  log["creator"] = Json{{"name", "websub"}, {"version", kVersion}};
  log["entries"] = Json::array();
  for (const Recorded& each : recorded) log["entries"].push_back(EntryOf(each));
  return Json{{"log", log}};
}

}  // namespace websub::cli::inspect
