// What was recorded, sent again: `inspect resend` and `inspect retry`.
#pragma once

#include <string>

#include "cli/commands/inspect_facts.h"
#include "cli/commands/inspect_source.h"
#include "cli/environment.h"
#include "cli/output.h"
#include "cli/shared_flags.h"
#include "core/exchange.h"
#include "core/result.h"
#include "core/url.h"

namespace websub::cli::inspect {

// By the hub: a delivery ("x3") to its subscription, or a dead letter ("d1"), which goes on
// success. The new exchange is shown. kHubRefused where the hub or the application said no,
// kNetwork where the application was not reached.
ExitStatus ResendByHub(Output& output, Source& source, const AskApi& ask, const std::string& id,
                       Time now);

// From here: the recorded request of any exchange ("x3"), or the latest delivery of a dead letter,
// to `url`, with the same method, fields and body, byte for byte; only the target and Host are
// those of `url`. The answer is shown. The same statuses.
ExitStatus ResendTo(Environment& environment, Output& output, const AskApi& ask,
                    const std::string& id, const std::string& url, const TlsOptions& tls);

// The head of a recorded request, for another place: kInvalid where the record holds no request.
Result<std::string> HeadFor(const Url& url, const Exchange& recorded);

// The exchange of that id, whole; of a dead letter ("d1") the latest delivery of its message to its
// subscription.
tl::expected<Json, ExitStatus> FindRecorded(Output& output, const AskApi& ask,
                                            const std::string& id);

}  // namespace websub::cli::inspect
