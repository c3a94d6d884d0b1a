#include "cli/output.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>

#include "cli/table.h"
#include "cli/text.h"
#include "core/base64.h"
#include "core/mask_urls.h"
#include "core/text.h"

namespace websub::cli {
namespace {

bool DecideColor(const Environment& environment, ColorMode mode, bool is_terminal) {
  if (mode != ColorMode::kAuto) return mode == ColorMode::kAlways;
  if (Variable(environment, "NO_COLOR")) return false;
  return is_terminal && Variable(environment, "TERM").value_or("dumb") != "dumb";
}

std::string_view Begin(Style style) {
  switch (style) {
    case Style::kPlain:
      break;
    case Style::kStrong:
      return "\033[1m";
    case Style::kDim:
      return "\033[2m";
    case Style::kGood:
      return "\033[32m";
    case Style::kBad:
      return "\033[31m";
    case Style::kWarning:
      return "\033[33m";
  }
  return "";
}

bool IsHarmless(char32_t c) {
  if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;        // C0, DEL, C1
  if (c == 0x061C || c == 0x200E || c == 0x200F) return false;  // marks of direction
  if (c >= 0x2028 && c <= 0x202E) return false;           // line ends and overrides of direction
  if (c >= 0x2066 && c <= 0x2069) return false;           // isolates
  return c != 0xFEFF && !(c >= 0xE0000 && c <= 0xE007F);  // not to be seen at all
}

std::string Escaped(char32_t c) {
  if (c == '\n') return "\\n";
  if (c == '\r') return "\\r";
  if (c == '\t') return "\\t";
  std::array<char, 16> buffer{};
  std::snprintf(buffer.data(), buffer.size(), c < 0x80 ? "\\x%02x" : "\\u{%x}",
                static_cast<unsigned>(c));
  return buffer.data();
}

// They may reach beyond the width, and a terminal would break the line once more.
void DropBlanksAtEnd(std::vector<Piece>& line) {
  while (!line.empty()) {
    std::string& text = line.back().text;
    text.erase(text.find_last_not_of(' ') + 1);
    if (!text.empty()) return;
    line.pop_back();
  }
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string printable;
  printable.reserve(text.size());
  while (!text.empty()) {
    const Character character = FirstCharacter(text);
    if (!character.code_point) {
      std::array<char, 8> buffer{};
      std::snprintf(buffer.data(), buffer.size(), "\\x%02x",
                    static_cast<unsigned>(static_cast<unsigned char>(text.front())));
      printable += buffer.data();
    } else if (IsHarmless(*character.code_point)) {
      printable += text.substr(0, character.size);
    } else {
      printable += Escaped(*character.code_point);
    }
    text.remove_prefix(character.size);
  }
  return printable;
}

std::vector<std::vector<Piece>> Wrap(const std::vector<Piece>& pieces, std::size_t width,
                                     std::size_t indent) {
  std::vector<std::vector<Piece>> lines(1);
  std::size_t column = 0;
  bool broken = true;  // nothing but blanks stands on the line
  for (const Piece& piece : pieces) {
    Piece part{"", piece.style};
    std::string_view rest = piece.text;
    while (!rest.empty()) {
      const std::size_t blank = std::min(rest.find_first_not_of(' '), rest.size());
      const std::string_view word = rest.substr(blank, rest.find(' ', blank) - blank);
      const std::size_t taken = PrintedWidth(word);
      if (!broken && !word.empty() && column + blank + taken > width) {
        if (!part.text.empty()) lines.back().push_back(part);
        DropBlanksAtEnd(lines.back());
        lines.push_back({{std::string(indent, ' ')}});
        part.text = word;
        column = indent + taken;
      } else {
        part.text += rest.substr(0, blank + word.size());
        column += blank + taken;
        broken = broken && word.empty();
      }
      rest.remove_prefix(blank + word.size());
    }
    if (!part.text.empty()) lines.back().push_back(std::move(part));
  }
  return lines;
}

void AddBytes(Json& object, const std::string& name, std::string_view bytes) {
  if (IsUtf8(bytes)) {
    object[name] = bytes;
  } else {
    object[name + "_base64"] = EncodeBase64(bytes);
  }
}

Output::Output(Environment& environment, OutputOptions options)
    : environment_(environment),
      options_(options),
      color_(DecideColor(environment, options.color, environment.terminal.out)),
      color_err_(DecideColor(environment, options.color, environment.terminal.err)) {}

void Output::Line(std::initializer_list<Piece> pieces) {
  Line(std::vector<Piece>(pieces));
}

void Output::Line(const std::vector<Piece>& pieces) {
  if (options_.json || options_.quiet) return;
  std::string line;
  for (const Piece& piece : pieces) {
    const bool styled = color_ && piece.style != Style::kPlain && !piece.text.empty();
    if (styled) line += Begin(piece.style);
    line += Printable(piece.text);
    if (styled) line += "\033[0m";
  }
  environment_.out << line << '\n' << std::flush;
}

void Output::Wrapped(const std::vector<Piece>& pieces, std::size_t indent) {
  const Terminal& terminal = environment_.terminal;
  if (!terminal.out) return Line(pieces);
  for (const auto& line : Wrap(pieces, static_cast<std::size_t>(terminal.width), indent)) {
    Line(line);
  }
}

void Output::Event(std::string_view type, const Json& fields) {
  if (!options_.json) return;
  Json event;
  event["ts"] = FormatRfc3339(environment_.clock.Now());
  event["type"] = type;
  event.update(fields);
  environment_.out << event.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n'
                   << std::flush;
}

void Output::Raw(std::string_view bytes) {
  environment_.out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  environment_.out.flush();
}

void Output::Say(Style prefix, std::string_view sentence) {
  constexpr std::string_view kPrefix = "websub: ";
  const Terminal& terminal = environment_.terminal;
  std::vector<std::vector<Piece>> lines{{{MaskUrls(sentence)}}};
  if (terminal.err) {
    const auto width = static_cast<std::size_t>(std::max(terminal.width, 20));
    lines = Wrap(lines.front(), width - kPrefix.size(), 0);
  }
  environment_.err << (color_err_ ? Begin(prefix) : "")
                   << "websub:" << (color_err_ ? "\033[0m" : "");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    environment_.err << (i == 0 ? " " : std::string(kPrefix.size(), ' '));
    for (const Piece& piece : lines[i]) environment_.err << Printable(piece.text);
    environment_.err << '\n';
  }
  environment_.err << std::flush;
}

void Output::Diagnose(std::string_view sentence) {
  Say(Style::kBad, sentence);
}

void Output::Note(std::string_view sentence) {
  if (!options_.quiet) Say(Style::kDim, sentence);
}

ExitStatus Output::Fail(const Error& error) {
  Diagnose(error.message);
  return StatusOf(error);
}

bool Output::open() const {
  return environment_.out.good();
}

}  // namespace websub::cli
