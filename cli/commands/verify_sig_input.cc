#include "cli/commands/verify_sig_input.h"

#include <algorithm>
#include <utility>

#include "cli/files.h"
#include "cli/text.h"
#include "core/findings.h"
#include "core/saved_requests.h"
#include "core/text.h"

namespace websub::cli {
namespace {

// What --signature takes may come copied with the field's name.
std::string_view WithoutFieldName(std::string_view signature) {
  const auto colon = signature.find(':');
  if (colon == std::string_view::npos) return signature;
  if (!ToLower(signature.substr(0, colon)).starts_with("x-hub-signature")) return signature;
  return Trim(signature.substr(colon + 1));
}

// A proxy may join fields of one name by commas (RFC 9110, section 5.3), which no digest holds.
std::vector<std::string> Apart(std::string_view value) {
  std::vector<std::string> parts;
  for (std::string_view rest = value;;) {
    const auto comma = rest.find(',');
    const std::string_view part = Trim(rest.substr(0, comma));
    if (part.find('=') == part.npos) return {std::string(value)};
    parts.emplace_back(part);
    if (comma == rest.npos) return parts;
    rest.remove_prefix(comma + 1);
  }
}

void TakeSignatures(const FieldList& fields, SignedBody& delivery) {
  const auto values = AllFields(fields, "X-Hub-Signature");
  for (const std::string& value : values) {
    for (std::string& one : Apart(value)) delivery.signatures.push_back(std::move(one));
  }
  if (values.size() > 1) {
    delivery.notes.push_back(
        "there are " + std::to_string(values.size()) +
        " X-Hub-Signature fields; a subscriber may look at any of them: send one");
  } else if (delivery.signatures.size() > 1) {
    delivery.notes.emplace_back(
        "X-Hub-Signature holds several signatures; few subscribers can read that: send one");
  }
}

SignedBody FromRequest(SavedRequest request, std::size_t number) {
  SignedBody delivery{.number = number,
                      .line = request.line,
                      .method = std::move(request.method),
                      .target = std::move(request.target)};
  TakeSignatures(request.fields, delivery);
  delivery.misnamed = JudgeSignatureFields(request.fields);
  if (delivery.misnamed) delivery.notes.push_back(delivery.misnamed->what);
  const std::string encoding = FirstField(request.fields, "Content-Encoding");
  if (!encoding.empty() && !EqualIgnoringCase(encoding, "identity")) {
    delivery.notes.push_back("the body is encoded (" + encoding +
                             "); the signature is checked over the bytes as they are here");
  }
  if (request.left_over > 0) {
    delivery.notes.push_back("the file goes on for " + Plural(request.left_over, "byte") +
                             " of line ends behind the body; they are left out");
  }
  if (request.missing > 0) {
    delivery.notes.push_back("the body is cut short: " + std::to_string(request.body.size()) +
                             " of " + Plural(request.body.size() + request.missing, "byte"));
  }
  delivery.body = std::move(request.body);
  return delivery;
}

}  // namespace

Result<std::vector<SignedBody>> ReadRequests(std::string_view bytes) {
  auto requests = ReadSavedRequests(bytes);
  if (!requests) return tl::unexpected(requests.error());
  std::vector<SignedBody> deliveries;
  for (std::size_t i = 0; i < requests->size(); ++i) {
    SavedRequest& request = (*requests)[i];
    if (request.method == "GET" || request.method == "HEAD") continue;
    deliveries.push_back(FromRequest(std::move(request), i + 1));
  }
  if (deliveries.empty()) {
    return Fail(ErrorCode::kInvalid, "it holds no delivery: a GET carries no content to sign");
  }
  return deliveries;
}

Result<std::vector<SignedBody>> ReadSignedBodies(Environment& environment,
                                                 const VerifySigOptions& options) {
  const std::string file = options.request         ? *options.request
                           : options.files.empty() ? "-"
                                                   : options.files.front();
  auto bytes = ReadInput(environment, file);
  if (!bytes) return tl::unexpected(bytes.error());
  std::vector<SignedBody> deliveries;
  if (options.request) {
    auto requests = ReadRequests(*bytes);
    const std::string name = file == "-" ? "standard input" : file;
    if (!requests) return Fail(requests.error().code, name + ": " + requests.error().message);
    deliveries = *std::move(requests);
  } else {
    deliveries.push_back({.body = *std::move(bytes)});
    if (deliveries[0].body.empty()) deliveries[0].notes.emplace_back("the body is empty");
  }
  if (options.signatures.empty()) return deliveries;
  if (deliveries.size() > 1) {
    return Fail(ErrorCode::kInvalid, "--signature goes with one request; " + file + " holds " +
                                         std::to_string(deliveries.size()));
  }
  deliveries[0].signatures.clear();
  deliveries[0].misnamed.reset();
  for (const std::string& signature : options.signatures) {
    for (std::string& one : Apart(WithoutFieldName(signature))) {
      deliveries[0].signatures.push_back(std::move(one));
    }
  }
  return deliveries;
}

}  // namespace websub::cli
