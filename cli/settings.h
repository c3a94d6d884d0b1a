// Which value holds for a flag, and where it comes from:
//
//   command line  >  environment  >  ./websub.toml  >  the user's config.toml  >  the default
//
// and in a file: the command's table > [echostream] (for serve) > the top level.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/config_file.h"
#include "cli/environment.h"
#include "core/result.h"

namespace websub::cli {

// What is known of a flag apart from where its value goes.
struct FlagFacts {
  std::string name;     // "--quiet"
  std::string metavar;  // "URL", empty for a switch
  enum class Takes {
    kNothing,  // a switch
    kCount,    // a switch that counts how often it is given
    kOne,
    kMany,   // may be repeated; its variable holds words
    kLines,  // the same, but its variable holds lines
  } takes = Takes::kOne;
  std::string by_default = {};  // as it would be written; empty where there is none
  std::string names = {};       // "-q,--quiet"
  std::string help = {};        // what it does; may be empty
  // What it takes, or the values that are worth offering; for completion (cli/completion).
  std::vector<std::string> words = {};
};

struct Setting {
  std::string flag;  // "--listen"
  enum class From { kFlag, kEnvironment, kFile, kDefault } from = From::kDefault;
  std::string source;               // "--listen", "WEBSUB_LISTEN", "websub.toml:3:1"
  std::vector<std::string> values;  // of a switch: one empty text each time; none: it is off
};

// A command and what it takes, as far as files of settings care.
struct FlagsOfCommand {
  std::string_view command;
  std::vector<FlagFacts> flags;
};

// kInvalid with "FILE:LINE:COLUMN: …" for names that are none and types that do not fit, with the
// name that is nearest.
Result<void> CheckConfig(const ConfigFile& file, const std::vector<FlagsOfCommand>& commands);

// A sentence where the file holds a secret and others may read it; else "".
std::string WarnOfSecrets(const ConfigFile& file);

struct SettingsQuestion {
  std::string_view command;
  const std::vector<FlagFacts>& flags;
  // Of the command line, for each flag; empty: not given.
  const std::vector<std::vector<std::string>>& given;
  // Of the flags in a group one counts: that of the highest level.
  const std::vector<std::vector<std::string>>& exclusive;
  const std::vector<ConfigFile>& files;  // checked, the one that beats the others first
};

// One for each flag, in their order.
Result<std::vector<Setting>> Resolve(const Environment& environment,
                                     const SettingsQuestion& question);

// "1", "true", "yes", "on", or the contrary; kInvalid otherwise.
Result<bool> ParseSwitch(std::string_view text);

// The variable of a flag: WEBSUB_DELIVERY_RETRIES of --delivery-retries.
std::string VariableOf(std::string_view flag);

// The value as it may be shown: secrets, the values of fields and passwords in URLs are masked.
std::string ShownValue(std::string_view flag, const std::string& value);

}  // namespace websub::cli
