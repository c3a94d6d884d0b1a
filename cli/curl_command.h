// A request as one curl command that a POSIX shell takes as it stands: for people who want to see
// or send by hand what a command would send. Whatever a part holds, the shell neither splits nor
// runs it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cli/output.h"
#include "cli/shared_flags.h"

namespace websub::cli {

// One word for the shell: text as it is, and variables that the shell fills in.
class ShellWord {
 public:
  ShellWord() = default;
  ShellWord(std::string text);       // NOLINT(google-explicit-constructor): text is a word
  ShellWord(std::string_view text);  // NOLINT(google-explicit-constructor)
  ShellWord(const char* text);       // NOLINT(google-explicit-constructor)
  // "$NAME": `name` holds letters, digits and '_' only.
  static ShellWord Variable(std::string name);

  ShellWord& operator+=(const ShellWord& other);
  friend ShellWord operator+(ShellWord a, const ShellWord& b) { return a += b; }

  // As it is written in a command: hub, 'a b', "Bearer $WEBSUB_API_TOKEN", 'a "b" '"$NAME".
  std::string Quoted() const;
  // Without a variable: the text itself.
  std::optional<std::string> Text() const;
  std::string TextWith(std::string_view value) const;  // the same with this value for variables
  std::vector<std::string> Variables() const;          // in order, each once

 private:
  struct Part {
    std::string text;
    bool is_variable = false;
  };
  static std::string InDoubleQuotes(const std::vector<Part>& parts);

  std::vector<Part> parts_;  // no two texts in a row
};

// Bytes as they are. Those that no argument of a program can hold (NUL), that a terminal would
// take for something else, or that are too many for one argument are fed to curl by printf.
struct CurlBytes {
  ShellWord bytes;
};
// What a file holds when curl runs; "-" is curl's standard input.
struct CurlFile {
  std::string file;
};
// Fields of a form, which curl percent-encodes: for values that are variables.
struct CurlForm {
  std::vector<std::pair<std::string, ShellWord>> fields;
};
using CurlBody = std::variant<CurlBytes, CurlFile, CurlForm>;

struct CurlRequest {
  std::string method = "GET";
  ShellWord url;
  // In order. Content-Length is left to curl. Where a body has no Content-Type, curl is kept from
  // adding its own (a CurlForm: it may).
  std::vector<std::pair<std::string, ShellWord>> fields = {};
  std::optional<CurlBody> body = {};
  TlsOptions tls = {};
  enum class Redirects { kShown, kFollowed } redirects = Redirects::kShown;
};

// Without a newline at its end. Shows the head of each answer too.
std::string CurlCommand(const CurlRequest& request);

// The variables of a request, in the order in which they stand in it, each once.
std::vector<std::string> VariablesOf(const CurlRequest& request);

// "# set HUB and WEBSUB_SECRET": the variables of a request that must hold a value before it is
// run. Empty where there are none.
std::string SetFirst(const CurlRequest& request);

// Prints the command, ahead of it as comments the remark, where there is one, and the variables to
// set; with --json as an event: {"type":"curl","command":…,"set":[…]}.
void PrintCurl(Output& output, const CurlRequest& request, std::string_view remark = {});

// The variable that stands for a field's value: X_API_KEY of "X-Api-Key".
std::string VariableForField(std::string_view name);
// Fields of --header: each value may be a secret, so a variable stands in its place.
std::vector<std::pair<std::string, ShellWord>> HiddenFields(
    const std::vector<std::pair<std::string, std::string>>& fields);
// The URL with "$PASSWORD" in place of a password; a variable is put where the URL has it encoded,
// so it must be percent-encoded too.
ShellWord HiddenPassword(std::string_view url);

}  // namespace websub::cli
