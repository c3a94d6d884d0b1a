// What a command shows to be let in: fields of --header for hubs, and the token of a hub's own API.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/environment.h"
#include "cli/flags.h"
#include "core/result.h"

namespace websub::cli {

using HeaderFields = std::vector<std::pair<std::string, std::string>>;

// "Name: value" as a field. kInvalid where it is none, or one that the client itself has to write
// (Host, Content-Length and others); no sentence holds the value, which may be a secret.
Result<std::pair<std::string, std::string>> ParseHeader(std::string_view text);

// --header 'Name: value', which may be repeated; its variable holds one on a line.
void AddHeaderFlag(FlagSet& flags, HeaderFields& fields);

// `own`, and `added` behind them. A field that is added stands for all of the same name in `own`.
HeaderFields Merged(HeaderFields own, const HeaderFields& added);

struct ApiTokenOptions {
  std::optional<std::string> value;
  std::optional<std::string> file;
};

// --api-token and --api-token-file; at most one of them.
void AddApiTokenFlags(FlagSet& flags, ApiTokenOptions& options, const std::string& help);

// The token, or "" where none is given. A file gives its content without one newline at its end.
// kInvalid where it is empty, or could not stand in a header field; no sentence holds it.
Result<std::string> ReadApiToken(Environment& environment, const ApiTokenOptions& options);

// The field that carries the token; none for an empty one.
HeaderFields BearerFields(const std::string& token);

}  // namespace websub::cli
