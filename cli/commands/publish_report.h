// How `websub publish` tells what became of it: a line or an event for each topic and hub.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/commands/publish.h"
#include "cli/commands/publish_request.h"
#include "cli/output.h"

namespace websub::cli {

// What a hub said to a request.
struct PublishAnswer {
  bool taken = false;
  // Whether the same request may be taken later: no answer came, or one that says "later" (408,
  // 429, 5xx).
  bool may_pass = false;
  ExitStatus status = ExitStatus::kDone;
  std::string sentence;  // why it was not taken; empty where it was
  std::string message;   // the id of the message that it made (websub's own hub), or empty
};

class PublishReport {
 public:
  PublishReport(Environment& environment, const PublishOptions& options)
      : options_(options), output_(environment, options.output) {}

  Output& output() { return output_; }

  // Says what a hub answered, a line for each topic; not why it took none
  // (PublishAnswer::sentence). `round` is the number of the publish where there are several.
  // `again` is when it is tried again where it may pass.
  PublishAnswer Answered(const std::string& hub, const PublishCall& call,
                         const FollowedResult& followed, std::optional<long long> round = {},
                         std::optional<Duration> again = {});

  // Diagnoses; the status of the first thing that failed is the one that counts.
  void Fail(ExitStatus status, const std::string& sentence);
  // The same where no "published" tells of it.
  void FailBefore(const std::string& topic, ExitStatus status, const std::string& sentence);
  // What the command line itself should say differently.
  void FailUsage(const Environment& environment, const std::string& sentence);
  ExitStatus status() const { return status_; }

 private:
  const PublishOptions& options_;
  Output output_;
  ExitStatus status_ = ExitStatus::kDone;
};

}  // namespace websub::cli
