// Which hubs are told of which topics.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/commands/publish.h"
#include "cli/commands/publish_report.h"
#include "cli/http_call.h"

namespace websub::cli {

// What is published at once.
struct Publication {
  std::vector<std::string> topics;
  std::optional<std::string> content = {};  // nothing: a ping, or what is registered
  std::string type = {};                    // of the content
};

struct PublishTarget {
  std::string hub;
  std::vector<std::string> topics;
};

// --hub, then what `websub serve -- COMMAND` tells, with the shorthand expanded; empty: discovery
// says. kInvalid where one is no URL.
Result<std::vector<std::string>> GivenHubs(const Environment& environment,
                                           const PublishOptions& options);

// The topics at each of the hubs, or at those that discovery of each topic finds (PUB-NOT-01). What
// goes wrong is told to the report, and then there are none.
std::vector<PublishTarget> FindTargets(Environment& environment, HttpCaller& caller,
                                       PublishReport& report, const std::vector<std::string>& hubs,
                                       const std::vector<std::string>& topics);

// The requests that tell a hub of it, as the options want them; the topics are those of the target.
std::vector<PublishCall> CallsFor(const PublishOptions& options, const PublishTarget& target,
                                  const Publication& publication);
// The same as it is sent, with the fields of --header.
Call HttpCallOf(const PublishCall& call, const HeaderFields& headers);

}  // namespace websub::cli
