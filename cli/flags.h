// What a command accepts: flags, arguments and their help. The only place that touches CLI11.
//
// A value that the command line does not give comes from the environment, --delivery-retries from
// WEBSUB_DELIVERY_RETRIES, or from a file of settings (cli/settings.h). A flag that may be repeated
// takes several values from one variable, separated by white space. Every command has --config FILE
// and --no-config.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "cli/environment.h"
#include "cli/exit_status.h"
#include "cli/help_layout.h"
#include "cli/settings.h"
#include "core/result.h"
#include "core/time.h"

namespace websub::cli {

enum class Shown {
  kLine,  // a line of its own in the help
  // Only named at the end, with the flags that every command has, as far as the screen goes; its
  // text is shown by --help-all.
  kBrief,
  kNever,  // only shown by --help-all
};

// What the arguments of a command are, for completion.
struct ArgumentFacts {
  std::vector<std::string> words = {};  // that the first may be
  // The first where it is no word, and those behind it. kId: of something that a hub keeps.
  enum class Kind { kOther, kFile, kTopic, kId } kind = Kind::kOther;
};

// A command as completions and manual pages know it.
struct CommandFacts {
  CommandHelp help;
  std::vector<FlagFacts> flags;  // all of them: --help and --config, too
  ArgumentFacts arguments;
};

class FlagSet {
 public:
  explicit FlagSet(CommandHelp help);
  ~FlagSet();
  FlagSet(const FlagSet&) = delete;
  FlagSet& operator=(const FlagSet&) = delete;

  // `spec` is how the help names the flag: "--hub URL", "-q,--quiet", "--timeout D". Targets keep
  // what they hold where no value comes, and must live until Parse has returned.
  void Switch(const std::string& spec, bool& target, const std::string& help,
              Shown shown = Shown::kLine);
  void Counter(const std::string& spec, int& target, const std::string& help,
               Shown shown = Shown::kLine);  // how often it was given
  template <typename Target>                 // std::string or std::optional<std::string>
  void Text(const std::string& spec, Target& target, const std::string& help,
            Shown shown = Shown::kLine);
  void Texts(const std::string& spec, std::vector<std::string>& target, const std::string& help,
             Shown shown = Shown::kLine);  // may be repeated
  template <typename Target>               // Duration or std::optional<Duration>
  void Span(const std::string& spec, Target& target, const std::string& help,
            Shown shown = Shown::kLine);
  template <typename Target>  // std::size_t or an optional one: "10MiB"
  void Size(const std::string& spec, Target& target, const std::string& help,
            Shown shown = Shown::kLine);
  template <typename Integer>  // within [min, max]
  void Number(const std::string& spec, Integer& target, long long min, long long max,
              const std::string& help, Shown shown = Shown::kLine);
  template <typename Integer>
  void Number(const std::string& spec, std::optional<Integer>& target, long long min, long long max,
              const std::string& help, Shown shown = Shown::kLine);
  // Anything else: `read` gets the text and says what is wrong with it.
  using Reader = std::function<Result<void>(const std::string& text)>;
  void Value(const std::string& spec, Reader read, const std::string& help,
             Shown shown = Shown::kLine, std::string by_default = {});
  // The same, but may be repeated; `read` gets one after the other.
  void Values(const std::string& spec, Reader read, const std::string& help,
              Shown shown = Shown::kLine);
  // The same, for values with spaces in them: their variable holds one on a line.
  void Lines(const std::string& spec, Reader read, const std::string& help,
             Shown shown = Shown::kLine);
  // One of a few words.
  void Choice(const std::string& spec, std::string& target, std::vector<std::string> words,
              const std::string& help, Shown shown = Shown::kLine);

  // Offers words for the value of a flag that takes other values as well, or reads them by itself.
  void Words(const std::string& name, std::vector<std::string> words);

  // At most one of these flags may be given; one that is given keeps the environment and files from
  // setting another.
  void Exclusive(std::vector<std::string> names);

  // The arguments that are no flags, `name` as in a sentence: "a topic".
  void Arguments(const std::string& name, std::vector<std::string>& target, std::size_t min,
                 std::size_t max);
  void Complete(ArgumentFacts facts);
  // What stands behind "--", for another program; without this "--" only ends the flags.
  void Rest(std::vector<std::string>& target);
  // Gets what --config and --no-config say.
  void Files(ConfigChoice& target);

  // Reads the arguments behind the command's name. Nothing where the command is to run; otherwise
  // the status to end with: --help was printed, or one sentence about a usage error.
  std::optional<ExitStatus> Parse(const Environment& environment,
                                  std::span<const std::string> args);

  // Its flags, without --help and those that say which files to read.
  std::vector<FlagFacts> Facts() const;
  CommandFacts Whole() const;
  // The value of each of them and where it comes from, read into the targets as by Parse; arguments
  // may be missing. The files are those of `choice`, whatever `args` say.
  Result<std::vector<Setting>> Settings(const Environment& environment,
                                        std::span<const std::string> args,
                                        const ConfigChoice& choice);

  std::string Help() const;     // at most 80 columns and 24 lines
  std::string HelpAll() const;  // every flag on a line of its own

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Prints "websub: SENTENCE" and where to read more, for a value that only Run can judge.
ExitStatus UsageError(const Environment& environment, std::string_view command,
                      const std::string& sentence);

Result<long long> ParseNumber(const std::string& text, long long min, long long max);

// ---------------------------------------------------------------------------------------------------

// How a value that a target holds would be written.
inline std::string Written(const std::string& text) {
  return text;
}
inline std::string Written(Duration duration) {
  return FormatDuration(duration);
}
template <typename Integer>
  requires std::is_integral_v<Integer>
std::string Written(Integer number) {
  return std::to_string(number);
}
template <typename Target>
std::string Written(const std::optional<Target>& target) {
  return target ? Written(*target) : std::string();
}

template <typename Target>
void FlagSet::Text(const std::string& spec, Target& target, const std::string& help, Shown shown) {
  Value(
      spec,
      [&target](const std::string& text) -> Result<void> {
        target = text;
        return {};
      },
      help, shown, Written(target));
}

template <typename Target>
void FlagSet::Span(const std::string& spec, Target& target, const std::string& help, Shown shown) {
  Value(
      spec,
      [&target](const std::string& text) {
        return ParseDuration(text).map([&target](Duration duration) { target = duration; });
      },
      help, shown, Written(target));
}

template <typename Target>
void FlagSet::Size(const std::string& spec, Target& target, const std::string& help, Shown shown) {
  Value(
      spec,
      [&target](const std::string& text) {
        return ParseSize(text).map([&target](std::size_t size) { target = size; });
      },
      help, shown, Written(target));
}

template <typename Integer>
void FlagSet::Number(const std::string& spec, Integer& target, long long min, long long max,
                     const std::string& help, Shown shown) {
  Value(
      spec,
      [&target, min, max](const std::string& text) {
        return ParseNumber(text, min, max).map([&target](long long number) {
          target = static_cast<Integer>(number);
        });
      },
      help, shown, Written(target));
}

template <typename Integer>
void FlagSet::Number(const std::string& spec, std::optional<Integer>& target, long long min,
                     long long max, const std::string& help, Shown shown) {
  Value(
      spec,
      [&target, min, max](const std::string& text) {
        return ParseNumber(text, min, max).map([&target](long long number) {
          target = static_cast<Integer>(number);
        });
      },
      help, shown, Written(target));
}

}  // namespace websub::cli
