#include "cli/commands/publish_curl.h"

#include <algorithm>

#include "cli/curl_command.h"
#include "core/form.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::cli {
namespace {

// Stands for the hub that discovery is going to find; no host of this name exists (RFC 6761).
constexpr std::string_view kUnknownHub = "http://hub.invalid";

class CurlPrinter {
 public:
  CurlPrinter(Output& output, const PublishOptions& options) : output_(output), options_(options) {}

  void Discovery(const std::string& topic);
  void Send(const PublishCall& call, const Publication& publication);
  void AskProgress(const PublishTarget& target);

 private:
  std::vector<std::pair<std::string, ShellWord>> Fields(const CallFields& own) const;
  CurlBody Body(const PublishCall& call, const Publication& publication, bool hub_known) const;

  Output& output_;
  const PublishOptions& options_;
};

void CurlPrinter::Discovery(const std::string& topic) {
  PrintCurl(output_,
            {.url = HiddenPassword(topic),
             .tls = options_.tls,
             .redirects = CurlRequest::Redirects::kFollowed},
            "HUB is what rel=\"hub\" names, TOPIC what rel=\"self\" names, in a Link header or in "
            "the document");
}

// A field of --header stands for those of the same name.
std::vector<std::pair<std::string, ShellWord>> CurlPrinter::Fields(const CallFields& own) const {
  std::vector<std::pair<std::string, ShellWord>> fields;
  for (const auto& [name, value] : own) {
    const bool replaced = std::ranges::any_of(
        options_.headers, [&](const auto& given) { return EqualIgnoringCase(given.first, name); });
    if (!replaced) fields.emplace_back(name, value);
  }
  for (auto& field : HiddenFields(options_.headers)) fields.push_back(std::move(field));
  return fields;
}

CurlBody CurlPrinter::Body(const PublishCall& call, const Publication& publication,
                           bool hub_known) const {
  if (publication.content && ContentForCurl(options_) == CurlContent::kFile) {
    return CurlFile{options_.content.value_or("-")};
  }
  const auto form = ParseForm(call.body);
  if (hub_known || publication.content || !form) return CurlBytes{call.body};
  // Subscribers know the topic by its self link, which is known as late as the hub.
  CurlForm named;
  for (const FormField& field : *form) {
    const bool topic = std::ranges::find(call.topics, field.value) != call.topics.end();
    named.fields.emplace_back(field.name,
                              topic ? ShellWord::Variable("TOPIC") : ShellWord(field.value));
  }
  return named;
}

void CurlPrinter::Send(const PublishCall& call, const Publication& publication) {
  CurlRequest request;
  request.method = call.method;
  const bool hub_known = !call.url.starts_with(kUnknownHub);
  request.url = hub_known ? HiddenPassword(call.url)
                          : ShellWord::Variable("HUB") + call.url.substr(kUnknownHub.size());
  request.fields = Fields(call.fields);
  request.body = Body(call, publication, hub_known);
  request.tls = options_.tls;
  request.redirects = CurlRequest::Redirects::kFollowed;
  PrintCurl(output_, request);
}

void CurlPrinter::AskProgress(const PublishTarget& target) {
  const auto url = Url::Parse(target.hub);
  if (!url) return;
  for (const std::string& topic : target.topics) {
    CurlRequest request{.url = url->Origin() + "/api/v1/messages?topic=" + PercentEncode(topic) +
                               "&order=newest&limit=1",
                        .tls = options_.tls};
    if (options_.api_token.value || options_.api_token.file) {
      request.fields.emplace_back("Authorization",
                                  "Bearer " + ShellWord::Variable("WEBSUB_API_TOKEN"));
    }
    PrintCurl(output_, request, "how far it has been delivered");
  }
}

}  // namespace

CurlContent ContentForCurl(const PublishOptions& options) {
  const bool file = options.content && !options.templated && options.body_style != "echostream";
  return file ? CurlContent::kFile : CurlContent::kBytes;
}

Result<void> PrintPublishCurl(Output& output, const PublishOptions& options,
                              const std::vector<std::string>& hubs,
                              const std::vector<Publication>& publications) {
  if (hubs.empty() && options.body_style == "echostream") {
    return Fail(ErrorCode::kInvalid, "--curl needs --hub where EchoStream is to be told");
  }
  CurlPrinter printer(output, options);
  for (const Publication& publication : publications) {
    std::vector<PublishTarget> targets;
    std::vector<std::string> topics;
    for (const std::string& topic : publication.topics) topics.push_back(ExpandShorthand(topic));
    for (const std::string& hub : hubs) targets.push_back({hub, topics});
    if (hubs.empty()) {
      for (const std::string& topic : topics) {
        if (const auto url = Url::Parse(topic); !url) {
          return Fail(ErrorCode::kInvalid, "the topic " + Quote(topic) + ": " +
                                               url.error().message +
                                               "; a topic that is no URL needs --hub");
        }
        targets.push_back({std::string(kUnknownHub), {topic}});
      }
    }
    for (const PublishTarget& target : targets) {
      if (hubs.empty()) printer.Discovery(target.topics.front());
      for (const PublishCall& call : CallsFor(options, target, publication)) {
        printer.Send(call, publication);
      }
      if (options.wait_delivered && !hubs.empty()) printer.AskProgress(target);
    }
  }
  return {};
}

}  // namespace websub::cli
