#include "cli/commands/subscribe_curl.h"

#include <chrono>

#include "cli/curl_command.h"
#include "core/url.h"

namespace websub::cli {
namespace {

void PrintDiscovery(const SubscribeOptions& options, const std::string& url, Output& output) {
  PrintCurl(output,
            {.url = HiddenPassword(url),
             .tls = options.tls,
             .redirects = CurlRequest::Redirects::kFollowed},
            "HUB is what rel=\"hub\" names, TOPIC what rel=\"self\" names, in a Link header or in "
            "the document");
}

CurlForm FormFor(const SubscribeOptions& options, const std::string& topic) {
  CurlForm form;
  form.fields.emplace_back("hub.mode", "subscribe");
  form.fields.emplace_back("hub.topic",
                           options.hub.empty() ? ShellWord::Variable("TOPIC") : ShellWord(topic));
  form.fields.emplace_back("hub.callback", options.callback_url.empty()
                                               ? ShellWord::Variable("CALLBACK")
                                               : ShellWord(options.callback_url));
  if (options.lease) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*options.lease);
    form.fields.emplace_back("hub.lease_seconds", std::to_string(seconds.count()));
  }
  if (!options.no_secret) {
    form.fields.emplace_back("hub.secret", ShellWord::Variable("WEBSUB_SECRET"));
  }
  for (const FormField& field : options.extras.parameters) {
    form.fields.emplace_back(field.name, field.name == "hub.verify_token"
                                             ? ShellWord::Variable("VERIFY_TOKEN")
                                             : ShellWord(field.value));
  }
  return form;
}

}  // namespace

void PrintSubscribeCurl(const SubscribeOptions& options, Output& output) {
  for (const std::string& topic : options.topics) {
    const std::string url = ExpandShorthand(topic);
    if (options.hub.empty()) PrintDiscovery(options, url, output);
    CurlRequest request;
    request.method = "POST";
    request.url = options.hub.empty() ? ShellWord::Variable("HUB") : HiddenPassword(options.hub);
    request.fields = HiddenFields(options.extras.fields);
    request.body = FormFor(options, url);
    request.tls = options.tls;
    PrintCurl(output, request,
              "The hub answers 202, and then asks the callback by GET, which has to answer with "
              "hub.challenge");
  }
}

}  // namespace websub::cli
