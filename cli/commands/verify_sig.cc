#include "cli/commands/verify_sig.h"

#include "cli/commands/verify_sig_input.h"
#include "cli/finding_output.h"
#include "cli/text.h"
#include "core/findings.h"
#include "core/signature.h"
#include "core/signature_diagnosis.h"
#include "core/text.h"

namespace websub::cli {
namespace {

constexpr std::string_view kName = "verify-sig";

// Where several are judged, which of them a line is about.
std::string PlaceOf(const SignedBody& delivery) {
  if (delivery.number == 0) return "";
  return "  request " + std::to_string(delivery.number) + " (line " +
         std::to_string(delivery.line) + "): " + delivery.method + " " + delivery.target;
}

void AddPlace(const SignedBody& delivery, Json& fields) {
  if (delivery.number == 0) return;
  fields["request"] = delivery.number;
  fields["line"] = delivery.line;
  fields["method"] = delivery.method;
  fields["target"] = delivery.target;
}

ExitStatus Sign(Output& output, const VerifySigOptions& options, const std::string& secret,
                const std::vector<SignedBody>& deliveries) {
  const SignatureAlgorithm algorithm =
      ParseSignatureAlgorithm(options.algorithm).value_or(SignatureAlgorithm::kSha256);
  const Signer signer(algorithm, secret);
  for (const SignedBody& delivery : deliveries) {
    const std::string signature = signer.Sign(delivery.body);
    Json fields{
        {"algorithm", Name(algorithm)}, {"signature", signature}, {"bytes", delivery.body.size()}};
    AddPlace(delivery, fields);
    if (!delivery.notes.empty()) fields["notes"] = delivery.notes;
    output.Event("signature", fields);
    if (!output.json()) output.Raw(signature + "\n");
    for (const std::string& note : delivery.notes) output.Note(note);
  }
  return ExitStatus::kDone;
}

// The verdicts on the signatures of one or several deliveries.
class Checker {
 public:
  Checker(Output& output, const std::string& secret, bool several)
      : output_(output), secret_(secret), several_(several) {}

  void Check(const SignedBody& delivery) {
    if (delivery.signatures.empty()) Check(delivery, std::nullopt);
    for (const std::string& signature : delivery.signatures) Check(delivery, signature);
    for (const std::string& note : delivery.notes) output_.Note(note);
  }

  // Whoever debugs wants to know of each that is wrong: one is enough for status 4.
  ExitStatus End() {
    if (all_ > 1) {
      output_.Line({{std::to_string(valid_) + " of " + std::to_string(all_) + " valid",
                     valid_ == all_ ? Style::kGood : Style::kBad}});
    }
    return valid_ == all_ ? ExitStatus::kDone : ExitStatus::kCheckFailed;
  }

 private:
  void Check(const SignedBody& delivery, std::optional<std::string_view> header);
  void Print(const SignedBody& delivery, std::optional<std::string_view> header,
             const SignatureCheck& check, const std::vector<Finding>& findings);

  Output& output_;
  const std::string& secret_;
  bool several_;  // deliveries
  std::size_t all_ = 0;
  std::size_t valid_ = 0;
};

void Checker::Check(const SignedBody& delivery, std::optional<std::string_view> header) {
  const SignatureCheck check = CheckSignature(header, secret_, delivery.body);
  std::optional<SignatureDiagnosis> diagnosis;
  if (check.verdict == SignatureVerdict::kInvalid) {
    diagnosis = DiagnoseSignature(header.value_or(""), secret_, delivery.body);
  }
  const bool valid = check.verdict == SignatureVerdict::kValid;
  ++all_;
  if (valid) ++valid_;

  auto findings = JudgeSignature(check, diagnosis, header, delivery.body.size());
  if (delivery.misnamed && !header) findings = {*delivery.misnamed};

  Json fields{{"verdict", Name(check.verdict)}};
  if (check.algorithm) fields["algorithm"] = Name(*check.algorithm);
  fields["bytes"] = delivery.body.size();
  if (header) fields["signature"] = *header;
  AddPlace(delivery, fields);
  if (!valid) fields["reason"] = check.sentence;
  if (diagnosis) {
    fields["diagnosis"] = {{"change", Name(diagnosis->change)},
                           {"algorithm", Name(diagnosis->algorithm)},
                           {"sentence", diagnosis->sentence}};
  }
  AddFindings(fields, findings);
  if (!delivery.notes.empty()) fields["notes"] = delivery.notes;
  output_.Event("verification", fields);
  Print(delivery, header, check, findings);
}

void Checker::Print(const SignedBody& delivery, std::optional<std::string_view> header,
                    const SignatureCheck& check, const std::vector<Finding>& findings) {
  constexpr std::size_t kShownHeader = 24;
  const bool valid = check.verdict == SignatureVerdict::kValid;
  std::vector<Piece> line = {{std::string(Name(check.verdict)), valid ? Style::kGood : Style::kBad},
                             {check.algorithm ? "  " + std::string(Name(*check.algorithm)) : ""},
                             {"  body of " + Plural(delivery.body.size(), "byte"), Style::kDim}};
  if (several_) line.push_back({PlaceOf(delivery)});
  if (delivery.signatures.size() > 1 && header) {
    line.push_back({"  " + std::string(header->substr(0, kShownHeader)) +
                        (header->size() > kShownHeader ? "…" : ""),
                    Style::kDim});
  }
  output_.Line(line);
  for (const Finding& finding : findings) PrintFinding(output_, finding);
}

}  // namespace

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
  flags.Lines(
      "--signature VALUE",
      [&options](const std::string& text) -> Result<void> {
        options.signatures.push_back(text);
        return {};
      },
      "what came in X-Hub-Signature: 'sha256=…'; may be repeated");
  flags.Text("--request FILE", options.request, "saved HTTP requests, each with head and body");
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
  if (!options.sign && options.signatures.empty() && !options.request) {
    return UsageError(environment, kName,
                      "nothing to check: give --signature or --request, or --sign to make one");
  }
  // What a pipeline or an editor leaves at the end is a part of the secret like any other byte.
  const std::string key = **secret;
  if (IsSpace(key.back())) {
    output.Note("the secret ends with white space, which counts; is it meant to?");
  }
  const bool from_terminal =
      options.request ? *options.request == "-" : options.files.empty() || options.files[0] == "-";
  if (from_terminal && environment.terminal.in) {
    output.Note("reading from the terminal; Ctrl-D ends it");
  }
  const auto deliveries = ReadSignedBodies(environment, options);
  if (!deliveries) return output.Fail(deliveries.error());
  if (options.sign) return Sign(output, options, key, *deliveries);
  Checker checker(output, key, deliveries->size() > 1);
  for (const SignedBody& delivery : *deliveries) {
    if (!output.open()) break;
    checker.Check(delivery);
  }
  return checker.End();
}

}  // namespace websub::cli
