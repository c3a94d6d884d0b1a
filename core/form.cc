#include "core/form.h"

#include "core/text.h"

namespace websub {
namespace {

// Decodes one name or value; nothing where a %-escape is broken. Exactly one pass (HUB-REQ-10).
std::optional<std::string> Decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else if (IsPercentEscape(text, i)) {
      out += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

Error BrokenEscape(std::string_view raw_name) {
  return {ErrorCode::kInvalid,
          "the parameter " + Quote(raw_name) +
              " holds a '%' that two hex digits do not follow: write it as %25"};
}

}  // namespace

Result<Form> ParseForm(std::string_view text) {
  Form form;
  while (!text.empty()) {
    const std::string_view field = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(field.size() + 1, text.size()));
    if (field.empty()) continue;
    if (form.size() == kMaxFormFields) {
      return Fail(ErrorCode::kTooLarge,
                  "the form has more than " + std::to_string(kMaxFormFields) + " fields");
    }
    const std::string_view raw_name = field.substr(0, field.find('='));
    const std::string_view raw_value = field.substr(std::min(raw_name.size() + 1, field.size()));
    auto name = Decode(raw_name);
    auto value = Decode(raw_value);
    if (!name || !value) return tl::unexpected(BrokenEscape(name.value_or(std::string(raw_name))));
    form.push_back({std::move(*name), std::move(*value)});
  }
  return form;
}

std::string EncodeForm(const Form& form) {
  std::string out;
  for (const FormField& field : form) {
    if (!out.empty()) out += '&';
    out.append(PercentEncode(field.name)).append("=").append(PercentEncode(field.value));
  }
  return out;
}

std::string PercentEncode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out += c;
    } else {
      AppendPercentEncoded(out, c);
    }
  }
  return out;
}

std::optional<std::string_view> FindField(const Form& form, std::string_view name) {
  for (const FormField& field : form) {
    if (field.name == name) return field.value;
  }
  return std::nullopt;
}

}  // namespace websub
