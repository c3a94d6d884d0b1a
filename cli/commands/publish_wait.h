// --wait-delivered: waits until subscribers have what was published.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/commands/publish_report.h"
#include "cli/commands/publish_targets.h"
#include "cli/delivered_wait.h"

namespace websub::cli {

class DeliveryWait {
 public:
  // Waits until `wanted` subscribers have each message, `patience` at most where that is given.
  DeliveryWait(HubApi api, PublishReport& report, int wanted, std::optional<Duration> patience)
      : api_(std::move(api)), report_(report), wanted_(wanted), patience_(patience) {}

  // Ahead of the publish: which messages are there already. False where a hub cannot be asked.
  bool Prepare(const std::vector<PublishTarget>& targets);
  // The message that the publish made, where the hub named it.
  void Made(const std::string& hub, const std::string& topic, const std::string& message);
  // Until all have it, the time runs out, or a signal comes; the report gets what failed.
  void Await();

 private:
  // A topic at a hub that is to be delivered.
  struct Awaited {
    std::string hub;
    std::string topic;
    std::string before;   // the newest message ahead of the publish; empty: none
    std::string message;  // the one to wait for, once it is known
    DeliveryProgress progress;
  };

  bool Ask(Awaited& awaited);
  std::string OutOfTime(const Awaited& awaited) const;

  HubApi api_;
  PublishReport& report_;
  int wanted_;
  std::optional<Duration> patience_;
  std::vector<Awaited> awaited_;
};

}  // namespace websub::cli
