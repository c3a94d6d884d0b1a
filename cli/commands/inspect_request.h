// What a run of `inspect` is asked for, checked before anything is opened.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands/inspect.h"
#include "cli/commands/inspect_tables.h"
#include "core/form.h"
#include "core/result.h"

namespace websub::cli::inspect {

// A flag, and the parameter of the API that it becomes.
struct Parameter {
  std::string_view name;
  std::optional<std::string> InspectOptions::* filter;
};

struct Collection {
  std::string_view name;
  std::string_view type;  // of one, in JSON
  char letter;
  std::span<const Parameter> parameters;
  const ListLayout& (*layout)();
  std::string_view empty;  // what to say, and do, where there is none
};

struct Request {
  enum class Act { kList, kShow, kTimeline, kExplain, kSummary, kWatch, kResend, kExport };

  Act act = Act::kList;
  const Collection* collection = nullptr;  // a list, or what `show` shows
  std::span<const Parameter> parameters;   // that it takes
  std::vector<std::string> ids;
};

// kInvalid with a sentence about what to change.
Result<Request> Understand(const InspectOptions& options);

// The parameters that were given, of those.
Form QueryOf(const InspectOptions& options, std::span<const Parameter> parameters);

}  // namespace websub::cli::inspect
