#include "cli/commands/inspect_export.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "cli/commands/inspect_format.h"
#include "cli/commands/inspect_resend.h"
#include "cli/curl_command.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::cli::inspect {
namespace {

bool InChunks(const FieldList& fields) {
  const std::string coding = ToLower(FirstField(fields, "Transfer-Encoding"));
  return coding.ends_with("chunked");
}

// What is missing in the record, for whoever takes it for the whole.
void NoteGaps(Output& output, const Recorded& recorded) {
  const Exchange& exchange = recorded.exchange;
  const std::string id = TextOf(recorded.json, "id");
  if (!BytesOf(recorded.json, "request_body")) {
    output.Note(id + ": the body of the request is kept no longer");
  }
  if (exchange.response_body_size > exchange.response_body.size()) {
    output.Note(id + ": the body of the answer is cut, " +
                std::to_string(exchange.response_body.size()) + " of " +
                std::to_string(exchange.response_body_size) + " bytes are kept");
  }
  if (exchange.request_head.find("***") != std::string::npos) {
    output.Note(id + ": *** stands for a secret that is not recorded");
  }
}

std::string MethodOf(const Exchange& exchange) {
  const std::string& head = exchange.request_head;
  return head.substr(0, std::min(head.find(' '), head.size()));
}

}  // namespace

std::string RawBytes(const std::string& head, const std::string& body) {
  if (!InChunks(HeadFields(head))) return head + body;
  if (body.empty()) return head + "0\r\n\r\n";
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), body.size(), 16).ptr;
  return head + std::string(size.data(), end) + "\r\n" + body + "\r\n0\r\n\r\n";
}

std::string CurlOf(const Exchange& exchange) {
  CurlRequest request;
  request.method = MethodOf(exchange);
  const std::string url = UrlOf(exchange);
  request.url = url;
  const auto parsed = Url::Parse(url);
  for (const auto& [name, value] : HeadFields(exchange.request_head)) {
    const bool is_host = EqualIgnoringCase(name, "Host");
    if (EqualIgnoringCase(name, "Transfer-Encoding")) continue;  // curl says how long it is
    if (is_host && parsed && EqualIgnoringCase(value, parsed->HostHeader())) continue;
    request.fields.emplace_back(name, value);
  }
  if (!exchange.request_body.empty()) request.body = CurlBytes{exchange.request_body};
  return CurlCommand(request);
}

ExitStatus Export(Output& output, const AskApi& ask, const std::vector<std::string>& ids,
                  ExportAs as, ExportPart part) {
  std::vector<Recorded> all;
  for (const std::string& id : ids) {
    auto found = FindRecorded(output, ask, id);
    if (!found) return found.error();
    Exchange exchange = ReadExchange(*found);
    if (as == ExportAs::kCurl && exchange.request_head.empty()) {
      return output.Fail({ErrorCode::kInvalid, id + " is no HTTP request: --har shows it"});
    }
    all.push_back({*std::move(found), std::move(exchange)});
    NoteGaps(output, all.back());
  }
  if (as == ExportAs::kHar) {
    output.Raw(HttpArchive(all).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return ExitStatus::kDone;
  }
  for (const auto& [json, exchange] : all) {
    if (as == ExportAs::kCurl) {
      output.Raw(CurlOf(exchange) + "\n");
      continue;
    }
    if (part != ExportPart::kAnswer) {
      output.Raw(RawBytes(exchange.request_head, exchange.request_body));
    }
    if (part != ExportPart::kRequest) {
      output.Raw(RawBytes(exchange.response_head, exchange.response_body));
    }
  }
  return ExitStatus::kDone;
}

}  // namespace websub::cli::inspect
