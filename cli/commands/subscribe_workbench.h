// What `subscribe` does with notifications beside printing them: --output-dir, --record,
// --forward-to and --exec.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/commands/subscribe.h"
#include "cli/commands/subscribe_arrival.h"
#include "cli/commands/subscribe_exec.h"
#include "cli/commands/subscribe_files.h"
#include "cli/commands/subscribe_forward.h"
#include "cli/commands/subscribe_record.h"
#include "cli/commands/subscribe_report.h"
#include "hub/clock.h"

namespace websub::cli {

class Workbench {
 public:
  // Opens what the options name; errors name it.
  static Result<std::unique_ptr<Workbench>> Make(const SubscribeOptions& options,
                                                 const hub::Clock& clock, hub::http::Loop& loop,
                                                 hub::Transport& transport,
                                                 SubscribeReport& report);

  // Whether the bodies go to files as they come in.
  bool Streams() const { return folder_ != nullptr; }
  // Where the body of a delivery goes.
  hub::http::BodyPlan Plan(const hub::http::Request& head, const std::string& secret);

  // For a request whose body went to a file: adds what that brought. The body itself is only read
  // where something needs it.
  static void Describe(const hub::http::Request& request, CallbackRequest& seen,
                       std::string& read_back);

  // Records it and gives its body a file. What must be discarded is recorded only.
  Result<void> TakeIn(const std::string& topic, Arrival& arrival);

  // Whether this one goes to the application or the program.
  bool HandsOn(const Delivery& delivery) const;
  // Does that, reports what came of it, and tells what the hub is answered.
  void HandOn(const SubscriptionFacts& facts, std::shared_ptr<const Arrival> arrival,
              std::function<void(hub::http::Response)> done);

 private:
  Workbench(const SubscribeOptions& options, const hub::Clock& clock, SubscribeReport& report)
      : options_(options), clock_(clock), report_(report) {}
  Result<void> Record(const Arrival& arrival);
  Result<void> Store(const std::string& topic, Arrival& arrival);

  const SubscribeOptions& options_;
  const hub::Clock& clock_;
  SubscribeReport& report_;
  std::unique_ptr<OutputFolder> folder_;
  std::unique_ptr<RequestRecord> record_;
  std::unique_ptr<Forwarder> forwarder_;
  std::unique_ptr<Executor> executor_;
};

// Bytes that a body may have: of --max-body, or else 10 MiB, and 1 GiB where bodies go to files and
// nothing has to hold them in memory.
std::size_t MaxBody(const SubscribeOptions& options);

}  // namespace websub::cli
