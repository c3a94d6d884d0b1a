// Text from anywhere, made harmless for the place that a report puts it in.
#pragma once

#include <string>
#include <string_view>

namespace websub::cli::conformance {

// For the content of an element or a quoted attribute, in XML 1.0 and in HTML. What XML cannot
// hold at all (control characters, U+FFFE, bytes that are not UTF-8) is written as \x1b, \u{fffe};
// so are characters that change the direction of the text. Line ends and tabs stay, as references
// in an attribute.
std::string EscapeXml(std::string_view text);
std::string EscapeXmlAttribute(std::string_view text);

// For the middle of a line of Markdown, or a cell of its tables: nothing is markup, line ends are
// written as \n.
std::string EscapeMarkdown(std::string_view text);

// For the data and for a property of a workflow command (::error title=PROPERTY::DATA).
std::string EscapeCommandData(std::string_view text);
std::string EscapeCommandProperty(std::string_view text);

// The same without escaping: for a block of literal text in YAML.
std::string PlainText(std::string_view text);
// A double-quoted scalar of YAML (and JSON).
std::string QuoteYaml(std::string_view text);

}  // namespace websub::cli::conformance
