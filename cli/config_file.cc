#include "cli/config_file.h"

#include <sys/stat.h>

#include <toml++/toml.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "core/text.h"

namespace websub::cli {
namespace {

std::string Where(const std::string& name, const toml::source_region& source) {
  return name + ":" + std::to_string(source.begin.line) + ":" + std::to_string(source.begin.column);
}

std::string TypeInWords(toml::node_type type) {
  switch (type) {
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

std::optional<std::string> TextOf(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  return std::nullopt;
}

// Fills in kind, type and values.
void ReadValue(const toml::node& node, ConfigEntry& entry) {
  using Kind = ConfigEntry::Kind;
  entry.type = TypeInWords(node.type());
  entry.kind = Kind::kOther;
  if (const auto* flag = node.as_boolean()) {
    entry.kind = Kind::kBoolean;
    entry.values = {flag->get() ? "true" : "false"};
  } else if (const auto text = TextOf(node)) {
    entry.kind = node.is_string() ? Kind::kString : Kind::kInteger;
    entry.values = {*text};
  } else if (const auto* list = node.as_array()) {
    entry.kind = Kind::kList;
    for (const toml::node& element : *list) {
      if (const auto value = TextOf(element)) {
        entry.values.push_back(*value);
        continue;
      }
      entry.kind = Kind::kOther;
      entry.type = "an array that holds " + TypeInWords(element.type());
    }
  }
}

std::string WithoutDashes(std::string_view key) {
  return std::string(key.substr(std::min(key.find_first_not_of('-'), key.size())));
}

// toml++ orders tables by their keys; people read them by their lines.
std::vector<std::pair<const toml::key*, const toml::node*>> InOrder(const toml::table& table) {
  std::vector<std::pair<const toml::key*, const toml::node*>> nodes;
  for (auto it = table.cbegin(); it != table.cend(); ++it) {
    nodes.emplace_back(&it->first, &it->second);
  }
  std::ranges::sort(nodes, [](const auto& a, const auto& b) {
    const auto& at = a.first->source().begin;
    const auto& bt = b.first->source().begin;
    return std::pair(at.line, at.column) < std::pair(bt.line, bt.column);
  });
  return nodes;
}

enum class Depth { kTop, kTable };

void ReadTable(const toml::table& from, Depth depth, ConfigFile& file, std::size_t into) {
  for (const auto& [key, node] : InOrder(from)) {
    const std::string where = Where(file.name, key->source());
    const std::string name(key->str());
    if (depth == Depth::kTop && node->is_table()) {
      file.tables.push_back({name, where, {}});
      ReadTable(*node->as_table(), Depth::kTable, file, file.tables.size() - 1);
      continue;
    }
    ConfigEntry entry;
    entry.key = WithoutDashes(name);
    entry.where = where;
    ReadValue(*node, entry);
    file.tables[into].entries.push_back(std::move(entry));
  }
}

// Nothing where there is no such file.
Result<std::optional<ConfigFile>> ReadFile(const std::string& path, const std::string& name) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return Fail(ErrorCode::kInvalid, "cannot read " + name + ": " + std::strerror(errno));
  }
  if (S_ISDIR(status.st_mode)) return Fail(ErrorCode::kInvalid, name + " is a folder: name a file");
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::string text(kMaxConfig + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream.is_open() || stream.bad()) {
    return Fail(ErrorCode::kInvalid, "cannot read " + name + ": " + std::strerror(errno));
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kMaxConfig) return Fail(ErrorCode::kInvalid, name + " is larger than 1 MiB");
  auto file = ParseConfig(name, text);
  if (!file) return tl::unexpected(file.error());
  file->readable_by_others = (status.st_mode & (S_IRGRP | S_IROTH)) != 0;
  return *std::move(file);
}

std::string UserFile(const Environment& environment) {
  constexpr char kBelow[] = "/websub/config.toml";
  if (const auto folder = Variable(environment, "XDG_CONFIG_HOME")) return *folder + kBelow;
  if (const auto home = Variable(environment, "HOME")) return *home + "/.config" + kBelow;
  return "";
}

}  // namespace

Result<ConfigFile> ParseConfig(const std::string& name, std::string_view text) {
  ConfigFile file;
  file.name = name;
  file.tables.push_back({"", name, {}});
  try {
    ReadTable(toml::parse(text), Depth::kTop, file, 0);
  } catch (const toml::parse_error& error) {
    return Fail(ErrorCode::kInvalid,
                Where(name, error.source()) + ": " + std::string(error.description()));
  }
  return file;
}

Result<std::vector<ConfigFile>> ReadConfigFiles(const Environment& environment,
                                                const ConfigChoice& choice) {
  std::vector<ConfigFile> files;
  if (choice.none) return files;
  std::vector<std::string> paths = {"websub.toml"};  // of this folder, not of those above it
  if (const std::string of_user = UserFile(environment); !of_user.empty()) paths.push_back(of_user);
  if (choice.file) paths = {*choice.file};
  for (const std::string& path : paths) {
    auto file = ReadFile(path, path);
    if (!file) return tl::unexpected(file.error());
    if (!*file && choice.file) {
      return Fail(ErrorCode::kInvalid, "--config: there is no file " + path);
    }
    if (*file) files.push_back(**std::move(file));
  }
  return files;
}

}  // namespace websub::cli
