#include "cli/curl_command.h"

#include <algorithm>

#include "cli/text.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::cli {
namespace {

// One argument may have 128 KiB on Linux, the name and quotes included.
constexpr std::size_t kMaxArgument = 100 * 1024;

bool IsPlain(char c) {
  return IsAlpha(c) || IsDigit(c) || std::string_view("%+,-./:=@_").find(c) != std::string::npos;
}

bool IsNameCharacter(char c) {
  return IsAlpha(c) || IsDigit(c) || c == '_';
}

// Whether a terminal shows the character as what it is. A line break between quotes does no harm.
bool IsShown(std::string_view character) {
  return character == "\n" || character == "\t" || Printable(character) == character;
}

void AppendOctal(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '\\';
  for (const int shift : {6, 3, 0}) out += static_cast<char>('0' + ((byte >> shift) & 7));
}

// What a terminal would act upon is written by printf in its place: octal is the one escape that
// every shell knows. No argument can hold NUL: it is left out.
std::string InSingleQuotes(std::string_view text) {
  std::string quoted = "'";
  while (!text.empty()) {
    const std::string_view character = text.substr(0, FirstCharacter(text).size);
    text.remove_prefix(character.size());
    if (character == "'") {
      quoted += "'\\''";
    } else if (IsShown(character)) {
      quoted += character;
    } else if (character.front() != '\0') {
      quoted += "'\"$(printf '";
      for (const char c : character) AppendOctal(quoted, c);
      quoted += "')\"'";
    }
  }
  return quoted + "'";
}

// Whether bytes can be one argument that is also safe to look at.
bool IsArgument(std::string_view bytes) {
  if (bytes.size() > kMaxArgument) return false;
  while (!bytes.empty()) {
    const std::string_view character = bytes.substr(0, FirstCharacter(bytes).size);
    if (!IsShown(character)) return false;
    bytes.remove_prefix(character.size());
  }
  return true;
}

// A call of printf that writes these bytes.
std::string Printf(std::string_view bytes) {
  std::string format;
  format.reserve(bytes.size() + bytes.size() / 4);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '%') {
      format += "%%";
    } else if (c == '\\') {
      format += "\\\\";
    } else if (byte >= 0x20 && byte < 0x7F) {
      format += c;
    } else {
      AppendOctal(format, c);
    }
  }
  // A format that begins with '-' would pass for an option.
  return "printf " + std::string(format.starts_with('-') ? "-- " : "") + InSingleQuotes(format);
}

bool HasField(const CurlRequest& request, std::string_view name) {
  return std::ranges::any_of(
      request.fields, [&](const auto& field) { return EqualIgnoringCase(field.first, name); });
}

// Whether a certificate may be anybody's: curl has no list of hosts.
bool TakesAnyCertificate(const CurlRequest& request) {
  if (request.tls.insecure) return true;
  const auto url = Url::Parse(request.url.TextWith("x"));
  if (!url) return false;
  return std::ranges::any_of(request.tls.insecure_hosts, [&](const std::string& host) {
    const auto named = Url::Parse("https://" + host);
    if (!named || named->host() != url->host()) return false;
    const auto bracket = host.rfind(']');
    const auto colon = host.find(':', bracket == std::string::npos ? 0 : bracket);
    return colon == std::string::npos || named->port() == url->port();
  });
}

// What curl would do to a URL that other clients leave as it is.
std::string UrlOptions(const ShellWord& word) {
  const std::string url = word.TextWith("x");
  std::string options;
  if (url.find_first_of("[]{}") != std::string::npos) options += " --globoff";
  const std::string path = url.substr(0, url.find_first_of("?#"));
  if (path.find("/./") != std::string::npos || path.find("/../") != std::string::npos ||
      path.ends_with("/.") || path.ends_with("/..")) {
    options += " --path-as-is";
  }
  return options;
}

struct Writer {
  std::string before;  // what feeds curl, with its "| "
  std::string options;

  void Option(const std::string& name, const ShellWord& value) {
    options += " " + name + " " + value.Quoted();
  }

  void operator()(const CurlBytes& data) {
    const auto text = data.bytes.Text();
    if (!text || IsArgument(*text)) return Option("--data-raw", data.bytes);
    before = Printf(*text) + " | ";
    options += " --data-binary @-";
  }
  void operator()(const CurlFile& data) { Option("--data-binary", "@" + data.file); }
  void operator()(const CurlForm& data) {
    for (const auto& [name, value] : data.fields) Option("--data-urlencode", name + "=" + value);
  }
};

std::string MethodOption(const CurlRequest& request) {
  const std::string_view by_default = request.body ? "POST" : "GET";
  if (request.method == by_default) return "";
  if (request.method == "HEAD" && !request.body) return " --head";
  return " -X " + ShellWord(request.method).Quoted();
}

void AddVariables(std::vector<std::string>& names, const ShellWord& word) {
  for (const std::string& name : word.Variables()) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
}

}  // namespace

ShellWord::ShellWord(std::string text) {
  if (!text.empty()) parts_.push_back({std::move(text)});
}

ShellWord::ShellWord(std::string_view text) : ShellWord(std::string(text)) {}

ShellWord::ShellWord(const char* text) : ShellWord(std::string(text)) {}

ShellWord ShellWord::Variable(std::string name) {
  ShellWord word;
  word.parts_.push_back({std::move(name), true});
  return word;
}

ShellWord& ShellWord::operator+=(const ShellWord& other) {
  // Its own parts, where a word is added to itself, must not move under the loop.
  const std::vector<Part> added = other.parts_;
  for (const Part& part : added) {
    if (!part.is_variable && !parts_.empty() && !parts_.back().is_variable) {
      parts_.back().text += part.text;
    } else {
      parts_.push_back(part);
    }
  }
  return *this;
}

std::string ShellWord::InDoubleQuotes(const std::vector<Part>& parts) {
  std::string quoted = "\"";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].is_variable) {
      quoted += parts[i].text;
      continue;
    }
    const bool goes_on = i + 1 < parts.size() && !parts[i + 1].is_variable &&
                         IsNameCharacter(parts[i + 1].text.front());
    quoted += goes_on ? "${" + parts[i].text + "}" : "$" + parts[i].text;
  }
  return quoted + "\"";
}

std::string ShellWord::Quoted() const {
  if (parts_.empty()) return "''";
  if (const auto text = Text()) {
    return std::ranges::all_of(*text, IsPlain) ? *text : InSingleQuotes(*text);
  }
  // '!' means something between double quotes where a person types it.
  const bool simple = std::ranges::all_of(parts_, [](const Part& part) {
    return part.text.find_first_of("$`\"\\!") == std::string::npos && IsArgument(part.text);
  });
  if (simple) return InDoubleQuotes(parts_);
  std::string quoted;
  for (const Part& part : parts_) {
    quoted += part.is_variable ? InDoubleQuotes({part}) : InSingleQuotes(part.text);
  }
  return quoted;
}

std::optional<std::string> ShellWord::Text() const {
  if (parts_.empty()) return std::string();
  if (parts_.size() > 1 || parts_.front().is_variable) return std::nullopt;
  return parts_.front().text;
}

std::string ShellWord::TextWith(std::string_view value) const {
  std::string text;
  for (const Part& part : parts_) text += part.is_variable ? value : std::string_view(part.text);
  return text;
}

std::vector<std::string> ShellWord::Variables() const {
  std::vector<std::string> names;
  for (const Part& part : parts_) {
    if (part.is_variable && std::ranges::find(names, part.text) == names.end()) {
      names.push_back(part.text);
    }
  }
  return names;
}

std::string CurlCommand(const CurlRequest& request) {
  Writer writer;
  writer.options = " -sS";
  const std::string method = MethodOption(request);
  if (method != " --head") writer.options += " -i";
  if (request.redirects == CurlRequest::Redirects::kFollowed) writer.options += " -L";
  writer.options += method;
  for (const auto& [name, value] : request.fields) {
    if (EqualIgnoringCase(name, "Content-Length")) continue;
    const bool empty = value.Text() == "";
    writer.Option("-H", empty ? ShellWord(name + ";") : ShellWord(name + ": ") + value);
  }
  const bool form = request.body && std::holds_alternative<CurlForm>(*request.body);
  if (request.body && !form && !HasField(request, "Content-Type")) {
    writer.Option("-H", "Content-Type:");
  }
  if (request.body) std::visit(writer, *request.body);
  if (!request.tls.cacert.empty()) writer.Option("--cacert", request.tls.cacert);
  if (TakesAnyCertificate(request)) writer.options += " --insecure";
  return writer.before + "curl" + writer.options + UrlOptions(request.url) + " " +
         request.url.Quoted();
}

std::vector<std::string> VariablesOf(const CurlRequest& request) {
  std::vector<std::string> names;
  for (const auto& field : request.fields) AddVariables(names, field.second);
  if (request.body) {
    if (const auto* bytes = std::get_if<CurlBytes>(&*request.body)) {
      AddVariables(names, bytes->bytes);
    } else if (const auto* form = std::get_if<CurlForm>(&*request.body)) {
      for (const auto& field : form->fields) AddVariables(names, field.second);
    }
  }
  AddVariables(names, request.url);
  return names;
}

std::string SetFirst(const CurlRequest& request) {
  const std::vector<std::string> names = VariablesOf(request);
  std::string sentence;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool last = i + 1 == names.size();
    sentence += (i == 0 ? "# set " : last ? " and " : ", ") + names[i];
  }
  return sentence;
}

void PrintCurl(Output& output, const CurlRequest& request, std::string_view remark) {
  const std::string command = CurlCommand(request);
  if (output.json()) {
    Json event{{"command", command}};
    if (!remark.empty()) event["remark"] = remark;
    event["set"] = VariablesOf(request);
    return output.Event("curl", event);
  }
  std::string text;
  if (!remark.empty()) text += "# " + Printable(remark) + "\n";
  if (const std::string first = SetFirst(request); !first.empty()) text += first + "\n";
  output.Raw(text + command + "\n");
}

std::string VariableForField(std::string_view name) {
  std::string variable;
  for (const char c : name) {
    const char lower = ToLower(c);
    const bool letter = IsAlpha(c);
    variable += letter ? static_cast<char>(lower - 'a' + 'A') : IsDigit(c) ? c : '_';
  }
  return variable.empty() || IsDigit(variable.front()) ? "_" + variable : variable;
}

std::vector<std::pair<std::string, ShellWord>> HiddenFields(
    const std::vector<std::pair<std::string, std::string>>& fields) {
  std::vector<std::pair<std::string, ShellWord>> hidden;
  for (const auto& [name, value] : fields) {
    hidden.emplace_back(name,
                        value.empty() ? ShellWord() : ShellWord::Variable(VariableForField(name)));
  }
  return hidden;
}

ShellWord HiddenPassword(std::string_view url) {
  const auto parsed = Url::Parse(url);
  if (!parsed) return url;
  const std::string& userinfo = parsed->userinfo();
  const auto colon = userinfo.find(':');
  if (colon == std::string::npos || colon + 1 == userinfo.size()) return url;
  const std::string_view text = parsed->text();
  const auto start = text.find("//") + 2;
  return ShellWord(text.substr(0, start + colon + 1)) + ShellWord::Variable("PASSWORD") +
         ShellWord(text.substr(start + userinfo.size()));
}

}  // namespace websub::cli
