// Files of settings, in TOML: websub.toml in the folder that a command runs in, and
// $XDG_CONFIG_HOME/websub/config.toml. The only user of toml++.
//
//   listen = "127.0.0.1:4820"      # a flag by its name, for every command that has it
//   [publish]                      # for one command: beats the top level
//   hub = ["http://127.0.0.1:4820/hub"]
//   [echostream]                   # for serve, by the names of EchoStream
//   deliveryRetries = "unlimited"
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/environment.h"
#include "core/result.h"

namespace websub::cli {

struct ConfigEntry {
  std::string key;  // as written, without the dashes in front: "delivery-retries"
  // kList: each an integer or a string. kOther: what no flag takes; `type` names it.
  enum class Kind { kString, kInteger, kBoolean, kList, kOther } kind = Kind::kString;
  std::string type;                 // in words: "a string", "an array of integers"
  std::vector<std::string> values;  // as they would be written on a command line
  std::string where;                // "websub.toml:3:1", of the key
};

struct ConfigTable {
  std::string name;  // "" for the top level
  std::string where;
  std::vector<ConfigEntry> entries;  // in the order of the file
};

struct ConfigFile {
  std::string name;                 // "websub.toml"
  std::vector<ConfigTable> tables;  // the top level first
  bool readable_by_others = false;
};

inline constexpr std::size_t kMaxConfig = 1024 * 1024;  // bytes

// Reads TOML; kInvalid with "NAME:LINE:COLUMN: …" where it is none. Names are not judged.
Result<ConfigFile> ParseConfig(const std::string& name, std::string_view text);

// Which files to read.
struct ConfigChoice {
  std::optional<std::string> file;  // only this one, which must exist
  bool none = false;
};

// The files that exist, the one that beats the others first. kInvalid where one cannot be read.
Result<std::vector<ConfigFile>> ReadConfigFiles(const Environment& environment,
                                                const ConfigChoice& choice);

}  // namespace websub::cli
