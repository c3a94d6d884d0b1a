#include "cli/conformance/report_escape.h"

#include "cli/output.h"
#include "cli/text.h"

namespace websub::cli::conformance {
namespace {

bool IsBreak(char c) {
  return c == '\n' || c == '\t';
}

// What Printable makes of everything but line ends and tabs, with `escape` over each character
// that stands for something.
template <typename Escape>
std::string Map(std::string_view text, Escape escape) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const Character character = FirstCharacter(text);
    const std::string_view raw = text.substr(0, character.size);
    text.remove_prefix(character.size);
    if (raw.size() == 1 && IsBreak(raw.front())) {
      escape(out, raw.front());
    } else if (character.code_point == U'\xFFFE' || character.code_point == U'\xFFFF') {
      out += character.code_point == U'\xFFFE' ? "\\u{fffe}" : "\\u{ffff}";
    } else if (raw.size() > 1) {
      out += Printable(raw);
    } else {
      for (const char c : Printable(raw)) escape(out, c);
    }
  }
  return out;
}

void AppendXml(std::string& out, char c) {
  switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&quot;";
      break;
    case '\'':
      out += "&#39;";
      break;
    default:
      out += c;
  }
}

// Characters that mean something inside of a line of Markdown.
bool IsMarkup(char c) {
  return std::string_view("\\`*_{}[]#|~!@$").find(c) != std::string_view::npos;
}

std::string EscapeCommand(std::string_view text, std::string_view special) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  return Map(text, [&](std::string& out, char c) {
    if (special.find(c) == std::string_view::npos) {
      out += c;
      return;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  });
}

}  // namespace

std::string EscapeXml(std::string_view text) {
  return Map(text, AppendXml);
}

std::string EscapeXmlAttribute(std::string_view text) {
  return Map(text, [](std::string& out, char c) {
    if (IsBreak(c)) {
      out += c == '\n' ? "&#10;" : "&#9;";
    } else {
      AppendXml(out, c);
    }
  });
}

std::string EscapeMarkdown(std::string_view text) {
  std::string out;
  for (const char c : Printable(text)) {
    if (c == '<' || c == '>' || c == '&') {
      AppendXml(out, c);
      continue;
    }
    if (IsMarkup(c)) out += '\\';
    out += c;
  }
  return out;
}

std::string EscapeCommandData(std::string_view text) {
  return EscapeCommand(text, "%\r\n");
}

std::string EscapeCommandProperty(std::string_view text) {
  return EscapeCommand(text, "%\r\n:,");
}

std::string PlainText(std::string_view text) {
  return Map(text, [](std::string& out, char c) { out += c; });
}

std::string QuoteYaml(std::string_view text) {
  return Json(PlainText(text)).dump();
}

}  // namespace websub::cli::conformance
