#include "cli/commands/config.h"

#include <algorithm>

#include "cli/suggest.h"
#include "cli/table.h"

namespace websub::cli {
namespace {

constexpr std::string_view kName = "config";

// A setting of a command, ready to be shown.
struct Row {
  std::string command;
  FlagFacts flag;
  Setting setting;
};

bool IsSwitch(const FlagFacts& flag) {
  return flag.metavar.empty() && flag.takes == FlagFacts::Takes::kNothing;
}

bool IsSet(const Row& row) {
  return row.setting.from != Setting::From::kDefault;
}

// With secrets masked. Null where there is no value, or only the command knows its default.
Json ValueOf(const Row& row) {
  if (row.flag.takes == FlagFacts::Takes::kCount) return row.setting.values.size();
  if (IsSwitch(row.flag)) return !row.setting.values.empty();
  if (!IsSet(row)) {
    if (row.flag.by_default.empty()) return nullptr;
    return ShownValue(row.flag.name, row.flag.by_default);
  }
  Json values = Json::array();
  for (const std::string& value : row.setting.values) {
    values.push_back(ShownValue(row.flag.name, value));
  }
  return row.flag.takes == FlagFacts::Takes::kOne ? values[0] : values;
}

std::string_view NameOf(Setting::From from) {
  switch (from) {
    case Setting::From::kFlag:
      return "flag";
    case Setting::From::kEnvironment:
      return "environment";
    case Setting::From::kFile:
      return "file";
    case Setting::From::kDefault:
      break;
  }
  return "default";
}

std::string ForPeople(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const Json& element : value) {
    text += (text.empty() ? "" : ", ") + element.get<std::string>();
  }
  return text;
}

const Command* Find(const std::string& name) {
  const auto found = std::ranges::find(Commands(), name, &Command::name);
  return found == Commands().end() ? nullptr : &*found;
}

Result<std::vector<Row>> RowsOf(const Environment& environment, const Command& command,
                                const ConfigOptions& options) {
  auto settings = command.settings(environment, options.flags, options.files);
  if (!settings) return tl::unexpected(settings.error());
  const std::vector<FlagFacts> flags = command.flags();
  std::vector<Row> rows;
  for (std::size_t i = 0; i < flags.size(); ++i) {
    rows.push_back({std::string(command.name), flags[i], std::move((*settings)[i])});
  }
  return rows;
}

void Print(Environment& environment, Output& output, const std::vector<Row>& rows,
           bool name_commands) {
  std::vector<Table::Row> lines;
  for (const Row& row : rows) {
    const Json value = ValueOf(row);
    Json fields{{"command", row.command},
                {"name", row.flag.name.substr(2)},
                {"value", value},
                {"from", NameOf(row.setting.from)}};
    if (IsSet(row)) fields["where"] = row.setting.source;
    output.Event("setting", fields);
    lines.push_back({{row.command, Style::kDim},
                     {row.flag.name.substr(2), Style::kStrong},
                     {ForPeople(value)},
                     {IsSet(row) ? row.setting.source : "default", Style::kDim}});
    if (!name_commands) lines.back().erase(lines.back().begin());
  }
  const auto width =
      environment.terminal.out ? static_cast<std::size_t>(environment.terminal.width) : 0;
  std::vector<Column> columns = {{"command"}, {"setting"}, {"value"}, {"from"}};
  if (!name_commands) columns.erase(columns.begin());
  for (const Table::Line& line : Table(std::move(columns), width).Lay(lines)) output.Line(line);
}

}  // namespace

CommandHelp HelpOf(const ConfigOptions&) {
  return {
      .name = std::string(kName),
      .usage = "[COMMAND] [flags] [-- FLAGS OF COMMAND]",
      .summary =
          "Show which settings hold, and where each comes from: a flag, the environment,\n"
          "websub.toml in this folder, the user's config.toml, or the default.",
      .examples = {"websub config", "websub config serve -- --listen :0"},
  };
}

void Define(FlagSet& flags, ConfigOptions& options) {
  flags.Switch("--all", options.all, "also what is not set (with a COMMAND it always is shown)");
  flags.Files(options.files);
  AddOutputFlags(flags, options.output);
  flags.Arguments("a command", options.command, 0, 1);
  flags.Complete({.words = CommandNames()});
  flags.Rest(options.flags);
}

ExitStatus Run(Environment& environment, const ConfigOptions& options) {
  Output output(environment, options.output);
  const bool one = !options.command.empty();
  if (!one && !options.flags.empty()) {
    return UsageError(environment, kName, "flags behind -- need a COMMAND that they are for");
  }
  if (one && Find(options.command[0]) == nullptr) {
    const auto nearest = Nearest(options.command[0], CommandNames());
    return UsageError(environment, kName,
                      "unknown command " + options.command[0] +
                          (nearest ? ": did you mean " + *nearest + "?" : ""));
  }
  std::vector<Row> rows;
  for (const Command& command : Commands()) {
    if (one && command.name != options.command[0]) continue;
    auto found = RowsOf(environment, command, options);
    if (!found) return UsageError(environment, kName, found.error().message);
    if (!one && !options.all) std::erase_if(*found, [](const Row& row) { return !IsSet(row); });
    std::ranges::move(*found, std::back_inserter(rows));
  }
  if (rows.empty()) output.Note("nothing is set; websub config --all shows the defaults");
  if (!rows.empty()) Print(environment, output, rows, !one);
  return ExitStatus::kDone;
}

}  // namespace websub::cli
