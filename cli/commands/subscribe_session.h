// The run of `subscribe` once topics and hubs are known: listens, routes what comes to the
// subscriptions, counts, and ends.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/expectation.h"
#include "cli/commands/subscribe.h"
#include "cli/commands/subscribe_report.h"
#include "cli/commands/subscribe_workbench.h"
#include "cli/commands/subscription.h"
#include "hub/http/server.h"

namespace websub::cli {

struct SubscribeTarget {
  std::string topic;
  std::vector<std::string> hubs;  // at least one, each a URL
};

class SubscribeSession {
 public:
  // `started` is when the run began: --timeout counts from there.
  SubscribeSession(Environment& environment, const SubscribeOptions& options,
                   std::vector<Expectation> expectations, SubscribeReport& report,
                   hub::http::Loop& loop, hub::Transport& transport, Time started);
  ~SubscribeSession();

  // Opens what the options name, and listens; errors are those of Workbench::Make and
  // Server::Listen.
  Result<void> Listen();
  // Subscribes and stays until the end. `secret` is for all of them; where it is empty and secrets
  // are wanted each gets its own.
  Result<ExitStatus> Run(const std::vector<SubscribeTarget>& targets, const std::string& secret);

 private:
  struct Route {
    std::vector<std::string> paths;  // decoded; of the listener itself, and of the callback told
    std::unique_ptr<Subscription> subscription;
  };

  Result<void> AddRoute(const SubscribeTarget& target, const std::string& secret,
                        std::size_t routes);
  std::string CallbackPath(std::size_t routes) const;
  Subscription* Find(std::string_view path);
  hub::http::BodyPlan PlanBody(const hub::http::Request& head);
  void OnNotice(const std::string& sentence, const std::string& peer);
  void OnRequest(hub::http::Request request, const hub::http::Respond& respond);
  void Answer(Subscription& subscription, hub::http::Request request,
              const hub::http::Respond& respond);
  bool TurnsAway(Subscription& subscription, const hub::http::Respond& respond);
  void RespondLater(hub::http::Response response, const hub::http::Respond& respond);
  // subscribe_session_deliver.cc
  void Deliver(Subscription& subscription, std::shared_ptr<Arrival> arrival,
               const hub::http::Respond& respond);
  void HandOn(Subscription& subscription, const std::shared_ptr<const Arrival>& arrival,
              const hub::http::Respond& respond);
  void NotKept(Subscription& subscription, const Arrival& arrival, const Error& error,
               const hub::http::Respond& respond);
  bool Counts(const Delivery& delivery) const;
  void OnDelivered(Subscription& subscription, const Arrival& arrival);
  void OnHandedOn(Subscription& subscription, const Arrival& arrival, int status, bool written);
  void OnChange();
  void OnOver(Subscription& subscription, ExitStatus status);
  void OnSignal(int signal);
  void SetIdleTimer();
  void OutOfTime(std::string_view which, Duration limit);
  void Leave(ExitStatus status);
  void Finish();
  bool Full() const { return wanted_ && taken_ >= *wanted_; }

  Environment& environment_;
  const SubscribeOptions& options_;
  std::vector<Expectation> expectations_;
  bool discarded_count_ = false;  // where something is expected of signatures
  SubscribeReport& report_;
  hub::http::Loop& loop_;
  hub::Transport& transport_;
  Time started_;
  std::optional<std::size_t> wanted_;  // notifications
  std::size_t taken_ = 0;              // answered, or about to be
  std::size_t pending_ = 0;            // handed on, and not answered yet
  std::size_t got_ = 0;                // printed
  std::size_t not_taken_ = 0;          // by the application or program
  bool was_set_up_ = false;
  bool leaving_ = false;
  bool finished_ = false;
  ExitStatus status_ = ExitStatus::kDone;
  Strays strays_;
  std::unique_ptr<Workbench> bench_;
  std::vector<Route> routes_;
  hub::http::Timer run_timer_;
  hub::http::Timer idle_timer_;
  hub::http::Timer leave_timer_;
  std::list<hub::http::Timer> delays_;         // of --reply-delay
  std::unique_ptr<hub::http::Server> server_;  // last: it ends first
};

}  // namespace websub::cli
