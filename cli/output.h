// What a command prints. Data goes to stdout: for people, or with --json one object a line.
// Sentences about what went wrong go to stderr. Text from outside never reaches a terminal raw.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/environment.h"
#include "cli/exit_status.h"
#include "core/result.h"

namespace websub::cli {

enum class ColorMode { kAuto, kAlways, kNever };

struct OutputOptions {
  bool json = false;
  ColorMode color = ColorMode::kAuto;
  bool quiet = false;
  int verbose = 0;
};

enum class Style { kPlain, kStrong, kDim, kGood, kBad, kWarning };

// A piece of a line. Its text is escaped when it is printed, so it may come from anywhere.
struct Piece {
  std::string text;
  Style style = Style::kPlain;
};

using Json = nlohmann::ordered_json;

// Valid UTF-8 without control characters, escape sequences, and characters that change the
// direction of the text: what a peer sends must not drive the terminal. Others are written as \n,
// \t, \x1b, \u{202e}.
std::string Printable(std::string_view text);

// The pieces laid over lines of `width` columns, broken at spaces; the lines behind the first begin
// `indent` columns in. A word that fits on no line, such as a long URL, stays whole.
std::vector<std::vector<Piece>> Wrap(const std::vector<Piece>& pieces, std::size_t width,
                                     std::size_t indent);

// Bytes as members of an object: `name` where they are UTF-8, else `name`_base64.
void AddBytes(Json& object, const std::string& name, std::string_view bytes);

class Output {
 public:
  Output(Environment& environment, OutputOptions options);

  bool json() const { return options_.json; }
  bool quiet() const { return options_.quiet; }
  int verbose() const { return options_.verbose; }
  bool color() const { return color_; }  // on stdout

  // One line for people; nothing with --json or --quiet.
  void Line(std::initializer_list<Piece> pieces);
  void Line(const std::vector<Piece>& pieces);
  // The same, but on a terminal that is too narrow it goes on below, `indent` columns in.
  void Wrapped(const std::vector<Piece>& pieces, std::size_t indent);
  // One JSON object on a line, "ts" and "type" first; nothing without --json. With --quiet too: a
  // program that asks for events reads them.
  void Event(std::string_view type, const Json& fields);
  // Bytes as they are, with --quiet too: a result that another program takes as it stands.
  void Raw(std::string_view bytes);

  // "websub: SENTENCE" on stderr, wrapped where that is a terminal.
  void Diagnose(std::string_view sentence);
  // The same, but not with --quiet: a warning, or progress.
  void Note(std::string_view sentence);
  // Diagnoses and tells the status to end with.
  ExitStatus Fail(const Error& error);

  // False once stdout is closed (`| head`): there is nobody to print for, the command ends quietly.
  bool open() const;

 private:
  void Say(Style prefix, std::string_view sentence);

  Environment& environment_;
  OutputOptions options_;
  bool color_ = false;
  bool color_err_ = false;
};

}  // namespace websub::cli
