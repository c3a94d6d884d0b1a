#include "cli/commands/verify_sig.h"

#include "cli/files.h"
#include "cli/finding_output.h"
#include "cli/text.h"
#include "core/exchange.h"
#include "core/findings.h"
#include "core/signature.h"
#include "core/signature_diagnosis.h"
#include "core/text.h"

namespace websub::cli {
namespace {

constexpr std::string_view kName = "verify-sig";

struct Input {
  std::optional<std::string> signature;
  std::string body;
  std::vector<std::string> notes;
  std::optional<Finding> misnamed;  // the signature stands in another field
};

Result<Input> ReadDelivery(Environment& environment, const VerifySigOptions& options) {
  const std::string file = options.request         ? *options.request
                           : options.files.empty() ? "-"
                                                   : options.files.front();
  auto bytes = ReadInput(environment, file);
  if (!bytes) return tl::unexpected(bytes.error());
  if (!options.request) return Input{options.signature, *std::move(bytes), {}, {}};
  auto request = ReadSavedRequest(*bytes);
  if (!request) return Fail(request.error().code, file + ": " + request.error().message);
  return Input{options.signature ? options.signature : request->signature, std::move(request->body),
               std::move(request->notes), std::move(request->misnamed)};
}

// What --signature takes may come copied with the field's name.
std::string_view WithoutFieldName(std::string_view signature) {
  const auto colon = signature.find(':');
  if (colon == std::string_view::npos) return signature;
  if (!ToLower(signature.substr(0, colon)).starts_with("x-hub-signature")) return signature;
  return Trim(signature.substr(colon + 1));
}

ExitStatus Sign(Output& output, const VerifySigOptions& options, const std::string& secret,
                const std::string& body) {
  const SignatureAlgorithm algorithm =
      ParseSignatureAlgorithm(options.algorithm).value_or(SignatureAlgorithm::kSha256);
  const std::string signature = Signer(algorithm, secret).Sign(body);
  if (output.json()) {
    output.Event(
        "signature",
        {{"algorithm", Name(algorithm)}, {"signature", signature}, {"bytes", body.size()}});
  } else {
    output.Raw(signature + "\n");
  }
  return ExitStatus::kDone;
}

ExitStatus Check(Output& output, const std::string& secret, const Input& input) {
  std::optional<std::string_view> header;
  if (input.signature) header = WithoutFieldName(*input.signature);
  const SignatureCheck check = CheckSignature(header, secret, input.body);
  std::optional<SignatureDiagnosis> diagnosis;
  if (check.verdict == SignatureVerdict::kInvalid) {
    diagnosis = DiagnoseSignature(header.value_or(""), secret, input.body);
  }
  const bool valid = check.verdict == SignatureVerdict::kValid;

  auto findings = JudgeSignature(check, diagnosis, header, input.body.size());
  if (input.misnamed && !header) findings = {*input.misnamed};

  Json fields{{"verdict", Name(check.verdict)}};
  if (check.algorithm) fields["algorithm"] = Name(*check.algorithm);
  fields["bytes"] = input.body.size();
  if (!valid) fields["reason"] = check.sentence;
  if (diagnosis) {
    fields["diagnosis"] = {{"change", Name(diagnosis->change)},
                           {"algorithm", Name(diagnosis->algorithm)},
                           {"sentence", diagnosis->sentence}};
  }
  AddFindings(fields, findings);
  if (!input.notes.empty()) fields["notes"] = input.notes;
  output.Event("verification", fields);

  output.Line({{std::string(Name(check.verdict)), valid ? Style::kGood : Style::kBad},
               {check.algorithm ? "  " + std::string(Name(*check.algorithm)) : ""},
               {"  body of " + Plural(input.body.size(), "byte"), Style::kDim}});
  for (const Finding& finding : findings) PrintFinding(output, finding);
  for (const std::string& note : input.notes) output.Note(note);
  return valid ? ExitStatus::kDone : ExitStatus::kCheckFailed;
}

}  // namespace

Result<SavedRequest> ReadSavedRequest(std::string_view bytes) {
  auto end = bytes.find("\r\n\r\n");
  std::size_t gap = 4;
  if (const auto bare = bytes.find("\n\n"); bare < end) {  // saved by an editor
    end = bare;
    gap = 2;
  }
  if (end == std::string_view::npos) {
    return Fail(ErrorCode::kInvalid,
                "this is no HTTP request: an empty line must stand between head and body");
  }
  SavedRequest request;
  request.body = bytes.substr(end + gap);
  std::optional<std::string> length;
  const FieldList fields = HeadFields(bytes.substr(0, end + gap));
  request.misnamed = JudgeSignatureFields(fields);
  if (request.misnamed) request.notes.push_back(request.misnamed->what);
  for (const auto& [field, value] : fields) {
    const std::string name = ToLower(field);
    if (name == "x-hub-signature" && request.signature) {
      request.notes.emplace_back("there are several X-Hub-Signature fields; the first is checked");
    } else if (name == "x-hub-signature") {
      request.signature = value;
    } else if (name == "content-length") {
      length = value;
    } else if (name == "transfer-encoding" && ToLower(value) != "identity") {
      return Fail(ErrorCode::kInvalid,
                  "the body came with Transfer-Encoding: " + std::string(Trim(value)) +
                      "; save the decoded body and give the signature with --signature");
    } else if (name == "content-encoding" && ToLower(value) != "identity") {
      request.notes.push_back("the body is encoded (" + value +
                              "); the signature is checked over the bytes as they are here");
    }
  }
  if (length) {
    const auto size = ParseNumber(*length, 0, static_cast<long long>(kMaxInput));
    if (!size) return Fail(ErrorCode::kInvalid, "Content-Length: " + size.error().message);
    const auto wanted = static_cast<std::size_t>(*size);
    if (request.body.size() > wanted) {
      request.notes.push_back("the file holds " + Plural(request.body.size() - wanted, "byte") +
                              " more than Content-Length says; they are left out");
      request.body.resize(wanted);
    } else if (request.body.size() < wanted) {
      request.notes.push_back("the body is cut short: " + std::to_string(request.body.size()) +
                              " of " + Plural(wanted, "byte"));
    }
  }
  return request;
}

CommandHelp HelpOf(const VerifySigOptions&) {
  return {
      .name = std::string(kName),
      .usage = "[FILE|-] [flags]",
      .summary = "Check the signature of a delivery (exit status 0 valid, 4 invalid), or make one.",
      .examples = {"websub verify-sig body.xml --signature sha256=… --secret-file secret",
                   "websub verify-sig --sign --secret-env HUB_SECRET < body.xml"},
  };
}

void Define(FlagSet& flags, VerifySigOptions& options) {
  flags.Text("--signature VALUE", options.signature, "what came in X-Hub-Signature: 'sha256=…'");
  flags.Text("--request FILE", options.request, "a saved HTTP request, head and body together");
  AddSecretFlags(flags, options.secret);
  flags.Switch("--sign", options.sign, "print the signature instead");
  flags.Exclusive({"--sign", "--signature"});
  flags.Choice("--algorithm NAME", options.algorithm, {"sha1", "sha256", "sha384", "sha512"},
               "of --sign (default: sha256)");
  AddOutputFlags(flags, options.output);
  flags.Arguments("a file", options.files, 0, 1);
  flags.Complete({.kind = ArgumentFacts::Kind::kFile});
}

ExitStatus Run(Environment& environment, const VerifySigOptions& options) {
  Output output(environment, options.output);
  if (options.request && !options.files.empty()) {
    return UsageError(environment, kName, "give a body or --request, not both");
  }
  const auto secret = ReadSecret(environment, options.secret);
  if (!secret) return UsageError(environment, kName, secret.error().message);
  if (!*secret) {
    return UsageError(environment, kName,
                      "a secret is missing: give --secret-file, --secret-env or --secret");
  }
  if (!options.sign && !options.signature && !options.request) {
    return UsageError(environment, kName,
                      "nothing to check: give --signature or --request, or --sign to make one");
  }
  const auto input = ReadDelivery(environment, options);
  if (!input) return output.Fail(input.error());
  if (options.sign) return Sign(output, options, secret->value_or(""), input->body);
  return Check(output, secret->value_or(""), *input);
}

}  // namespace websub::cli
