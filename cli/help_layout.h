// How the help of a command is laid out: at most 80 columns.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace websub::cli {

struct CommandHelp {
  std::string name;                   // "publish"
  std::string usage;                  // "TOPIC… [flags]"
  std::string summary;                // a line or two, each under 80 columns
  std::vector<std::string> examples;  // two whole command lines
};

using HelpRows = std::vector<std::pair<std::string, std::string>>;  // a flag, and what it does

// On one screen of 24 lines. Those in `brief` are only named, at the end: where they are too many,
// the last ones give way to the flag that shows them all.
std::string LayHelp(const CommandHelp& help, const HelpRows& rows, std::vector<std::string> brief);
// However many lines it takes.
std::string LayWholeHelp(const CommandHelp& help, const HelpRows& rows);

}  // namespace websub::cli
