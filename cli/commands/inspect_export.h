// Recorded exchanges for other tools: `inspect export`.
#pragma once

#include <string>
#include <vector>

#include "cli/commands/inspect_facts.h"
#include "cli/commands/inspect_har.h"
#include "cli/output.h"

namespace websub::cli::inspect {

enum class ExportAs { kHar, kCurl, kRaw };
enum class ExportPart { kBoth, kRequest, kAnswer };  // of kRaw

// Of exchanges ("x3") and dead letters ("d1": its latest delivery). kUsage for other ids.
ExitStatus Export(Output& output, const AskApi& ask, const std::vector<std::string>& ids,
                  ExportAs as, ExportPart part);

// The request as a curl command that sends the same again.
std::string CurlOf(const Exchange& exchange);
// A head and its body as they went over the wire: in one chunk where the head says chunks.
std::string RawBytes(const std::string& head, const std::string& body);

}  // namespace websub::cli::inspect
