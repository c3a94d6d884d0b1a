#include "cli/settings.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <optional>
#include <sstream>

#include "cli/suggest.h"
#include "core/mask_urls.h"
#include "core/text.h"

namespace websub::cli {
namespace {

using Takes = FlagFacts::Takes;
using Kind = ConfigEntry::Kind;

constexpr std::string_view kEchoStream = "echostream";
constexpr std::string_view kEchoStreamCommand = "serve";
constexpr std::size_t kMaxCount = 10;

struct EchoStreamName {
  std::string_view theirs;
  std::string_view ours;
};
constexpr std::array<EchoStreamName, 5> kEchoStreamNames = {{
    {"defaultLeaseSeconds", "default-lease-seconds"},
    {"maxLeaseSeconds", "max-lease-seconds"},
    {"deliveryRetries", "delivery-retries"},
    {"signatureAlgorithm", "signature-algorithm"},
    {"subscriptionSecurity", "subscription-security"},
}};

tl::unexpected<Error> Wrong(const std::string& where, const std::string& sentence) {
  return Fail(ErrorCode::kInvalid, where + ": " + sentence);
}

std::string DidYouMean(std::string_view written, const std::vector<std::string>& known) {
  const auto nearest = Nearest(written, known);
  return nearest ? ": did you mean " + *nearest + "?" : "";
}

std::string_view KeyOf(const FlagFacts& flag) {
  return std::string_view(flag.name).substr(2);
}

// What is wrong with the type for this flag; empty where it fits.
std::string Misfit(const FlagFacts& flag, const ConfigEntry& entry) {
  const std::string key(KeyOf(flag));
  const bool one = entry.kind == Kind::kString || entry.kind == Kind::kInteger;
  switch (flag.takes) {
    case Takes::kNothing:
      if (entry.kind == Kind::kBoolean) return "";
      return key + " is a switch: true or false, not " + entry.type;
    case Takes::kCount:
      if (entry.kind == Kind::kBoolean || entry.kind == Kind::kInteger) return "";
      return key + " takes true, false or a number, not " + entry.type;
    case Takes::kOne:
      if (one) return "";
      return key + " takes a string or an integer, not " + entry.type;
    case Takes::kMany:
    case Takes::kLines:
      if (one || entry.kind == Kind::kList) return "";
      return key + " takes an array of strings, not " + entry.type;
  }
  return "";
}

Result<void> CheckTwice(const ConfigTable& table) {
  for (auto it = table.entries.begin(); it != table.entries.end(); ++it) {
    const bool before = std::any_of(table.entries.begin(), it,
                                    [&](const auto& other) { return other.key == it->key; });
    if (before) return Wrong(it->where, it->key + " is given twice");
  }
  return {};
}

// `flags`: of all commands whose table this is.
Result<void> CheckEntries(const ConfigTable& table, const std::vector<const FlagFacts*>& flags) {
  if (auto once = CheckTwice(table); !once) return once;
  for (const ConfigEntry& entry : table.entries) {
    std::string misfit;
    bool known = false;
    bool fits = false;
    for (const FlagFacts* flag : flags) {
      if (KeyOf(*flag) != entry.key) continue;
      known = true;
      misfit = Misfit(*flag, entry);
      fits = fits || misfit.empty();  // one flag may take different things in two commands
    }
    if (fits) continue;
    if (known) return Wrong(entry.where, misfit);
    std::vector<std::string> names;
    for (const FlagFacts* flag : flags) names.emplace_back(KeyOf(*flag));
    return Wrong(entry.where, (table.name.empty() ? "unknown setting "
                                                  : "[" + table.name + "] has no setting ") +
                                  Quote(entry.key) + DidYouMean(entry.key, names));
  }
  return {};
}

Result<void> CheckEchoStream(const ConfigTable& table) {
  if (auto once = CheckTwice(table); !once) return once;
  for (const ConfigEntry& entry : table.entries) {
    const bool known = std::ranges::any_of(
        kEchoStreamNames, [&](const auto& name) { return name.theirs == entry.key; });
    if (!known) {
      std::vector<std::string> names;
      for (const auto& name : kEchoStreamNames) names.emplace_back(name.theirs);
      return Wrong(entry.where, "[echostream] has no setting " + Quote(entry.key) +
                                    DidYouMean(entry.key, names));
    }
    if (entry.kind != Kind::kString && entry.kind != Kind::kInteger) {
      return Wrong(entry.where, entry.key + " takes a string or an integer, not " + entry.type);
    }
  }
  return {};
}

const FlagsOfCommand* Find(const std::vector<FlagsOfCommand>& commands, std::string_view name) {
  const auto found = std::ranges::find(commands, name, &FlagsOfCommand::command);
  return found == commands.end() ? nullptr : &*found;
}

Result<void> CheckTable(const ConfigTable& table, const std::vector<FlagsOfCommand>& commands) {
  if (table.name == kEchoStream) return CheckEchoStream(table);
  std::vector<const FlagFacts*> flags;
  const auto add = [&](const FlagsOfCommand& command) {
    for (const FlagFacts& flag : command.flags) flags.push_back(&flag);
  };
  if (table.name.empty()) {
    std::ranges::for_each(commands, add);
  } else if (const auto* command = Find(commands, table.name)) {
    add(*command);
  } else {
    std::vector<std::string> names{std::string(kEchoStream)};
    for (const FlagsOfCommand& other : commands) names.emplace_back(other.command);
    return Wrong(table.where, "there is no command for the table [" + table.name + "]" +
                                  DidYouMean(table.name, names));
  }
  return CheckEntries(table, flags);
}

bool IsSecret(std::string_view flag) {
  return flag == "--secret" || flag == "--api-token";
}

// --- which value holds

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (!Trim(line).empty()) lines.emplace_back(Trim(line));
  }
  return lines;
}

Result<Setting> FromVariable(const FlagFacts& flag, const std::string& text) {
  Setting setting{flag.name, Setting::From::kEnvironment, VariableOf(flag.name), {}};
  if (flag.takes == Takes::kMany) {
    setting.values = Words(text);
  } else if (flag.takes == Takes::kLines) {
    setting.values = LinesOf(text);
  } else if (flag.takes == Takes::kOne) {
    setting.values = {text};
  } else {
    const auto on = ParseSwitch(text);
    if (!on) return Fail(ErrorCode::kInvalid, setting.source + ": " + on.error().message);
    setting.values.resize(*on ? 1 : 0);
  }
  return setting;
}

Result<Setting> FromEntry(const FlagFacts& flag, const ConfigEntry& entry) {
  if (const std::string misfit = Misfit(flag, entry); !misfit.empty()) {
    return Wrong(entry.where, misfit);
  }
  Setting setting{flag.name, Setting::From::kFile, entry.where, entry.values};
  if (flag.takes != Takes::kNothing && flag.takes != Takes::kCount) return setting;
  std::size_t times = entry.values[0] == "true" ? 1 : 0;
  if (entry.kind == Kind::kInteger) {
    const std::string& digits = entry.values[0];
    times = kMaxCount + 1;
    if (digits.size() <= 2 && std::ranges::all_of(digits, [](char c) { return IsDigit(c); })) {
      times = std::stoul(digits);
    }
    if (times > kMaxCount) return Wrong(entry.where, entry.key + " is a number from 0 to 10");
  }
  setting.values.assign(times, "");
  return setting;
}

// The places where a command's settings stand in files, the one that beats the others first.
struct Section {
  const ConfigTable* table;
  bool echostream;
};

std::vector<Section> SectionsOf(std::string_view command, const std::vector<ConfigFile>& files) {
  std::vector<Section> sections;
  for (const ConfigFile& file : files) {
    const auto add = [&](std::string_view name) {
      for (const ConfigTable& table : file.tables) {
        if (table.name == name) sections.push_back({&table, name == kEchoStream});
      }
    };
    add(command);
    if (command == kEchoStreamCommand) add(kEchoStream);
    add("");
  }
  return sections;
}

const ConfigEntry* Find(const Section& section, std::string_view key) {
  if (section.echostream) {
    const auto name = std::ranges::find(kEchoStreamNames, key, &EchoStreamName::ours);
    if (name == kEchoStreamNames.end()) return nullptr;
    key = name->theirs;
  }
  const auto found = std::ranges::find(section.table->entries, key, &ConfigEntry::key);
  return found == section.table->entries.end() ? nullptr : &*found;
}

// What is given for one flag, and on which level: 0 is the command line.
struct Given {
  std::optional<Setting> setting;
  std::size_t level = 0;
};

Result<Given> Look(const Environment& environment, const FlagFacts& flag,
                   const std::vector<std::string>& on_command_line,
                   const std::vector<Section>& sections) {
  if (!on_command_line.empty()) {
    return Given{Setting{flag.name, Setting::From::kFlag, flag.name, on_command_line}, 0};
  }
  if (const auto text = Variable(environment, VariableOf(flag.name))) {
    return FromVariable(flag, *text).map([](Setting setting) {
      return Given{std::move(setting), 1};
    });
  }
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (const ConfigEntry* entry = Find(sections[i], KeyOf(flag))) {
      return FromEntry(flag, *entry).map([i](Setting setting) {
        return Given{std::move(setting), i + 2};
      });
    }
  }
  return Given{};
}

// Of each group the flag of the highest level stays. Two of one level contradict each other; in the
// environment, which is put together by many, that is not taken for a mistake.
Result<void> KeepOneOfEach(const std::vector<std::vector<std::string>>& groups,
                           std::vector<Given>& given, const std::vector<FlagFacts>& flags) {
  for (const auto& group : groups) {
    std::vector<Given*> members;
    for (std::size_t i = 0; i < flags.size(); ++i) {
      const bool in_group = std::ranges::find(group, flags[i].name) != group.end();
      if (in_group && given[i].setting) members.push_back(&given[i]);
    }
    if (members.empty()) continue;
    const Given* best = *std::ranges::min_element(members, {}, &Given::level);
    const std::size_t highest = best->level;
    for (Given* member : members) {
      if (member == best) continue;
      if (member->level > highest) {
        member->setting.reset();
      } else if (highest == 0) {
        return Fail(ErrorCode::kInvalid,
                    best->setting->flag + " and " + member->setting->flag + " exclude each other");
      } else if (highest > 1) {
        return Wrong(member->setting->source, member->setting->flag.substr(2) + " and " +
                                                  best->setting->flag.substr(2) +
                                                  " exclude each other");
      }
    }
  }
  return {};
}

}  // namespace

Result<bool> ParseSwitch(std::string_view text) {
  for (std::string_view yes : {"1", "true", "yes", "on"}) {
    if (text == yes) return true;
  }
  for (std::string_view no : {"0", "false", "no", "off"}) {
    if (text == no) return false;
  }
  return Fail(ErrorCode::kInvalid, "is a switch: 1 or 0, not \"" + std::string(text) + "\"");
}

std::string VariableOf(std::string_view flag) {
  std::string variable = "WEBSUB_";
  for (const char c : flag.substr(2)) {
    variable += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return variable;
}

Result<void> CheckConfig(const ConfigFile& file, const std::vector<FlagsOfCommand>& commands) {
  for (const ConfigTable& table : file.tables) {
    if (auto good = CheckTable(table, commands); !good) return good;
  }
  return {};
}

std::string WarnOfSecrets(const ConfigFile& file) {
  if (!file.readable_by_others) return "";
  for (const ConfigTable& table : file.tables) {
    for (const ConfigEntry& entry : table.entries) {
      const std::string flag = "--" + entry.key;
      const bool secret = std::ranges::any_of(
          entry.values, [&](const auto& value) { return ShownValue(flag, value) != value; });
      if (secret) {
        return entry.where + ": others may read the secret in this file; chmod 600 " + file.name;
      }
    }
  }
  return "";
}

Result<std::vector<Setting>> Resolve(const Environment& environment,
                                     const SettingsQuestion& question) {
  const std::vector<Section> sections = SectionsOf(question.command, question.files);
  std::vector<Given> given;
  for (std::size_t i = 0; i < question.flags.size(); ++i) {
    auto found = Look(environment, question.flags[i], question.given[i], sections);
    if (!found) return tl::unexpected(found.error());
    given.push_back(*std::move(found));
  }
  if (auto one = KeepOneOfEach(question.exclusive, given, question.flags); !one) {
    return tl::unexpected(one.error());
  }
  std::vector<Setting> settings;
  for (std::size_t i = 0; i < given.size(); ++i) {
    Setting by_default;
    by_default.flag = question.flags[i].name;
    settings.push_back(std::move(given[i].setting).value_or(std::move(by_default)));
  }
  return settings;
}

std::string ShownValue(std::string_view flag, const std::string& value) {
  if (IsSecret(flag)) return "***";
  if (flag == "--header") return value.substr(0, value.find(':')) + ": ***";
  if (flag == "--hub-param") {
    const std::string name = value.substr(0, value.find('='));
    if (name.find("token") != std::string::npos || name.find("secret") != std::string::npos) {
      return name + "=***";
    }
  }
  return MaskUrls(value);
}

}  // namespace websub::cli
