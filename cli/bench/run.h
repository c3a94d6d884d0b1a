// One run of `bench`, from the first subscribe request to the last unsubscribe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/bench/ledger.h"
#include "cli/bench/publisher.h"
#include "cli/bench/swarm.h"
#include "cli/environment.h"
#include "cli/exit_status.h"
#include "cli/hub_access.h"
#include "cli/listen_address.h"
#include "hub/http/client.h"

namespace websub::cli::bench {

struct RunSettings {
  std::string hub;       // absolute
  HeaderFields headers;  // for the hub
  std::uint32_t subscribers = 100;
  std::uint32_t stalled = 0;  // of them
  std::uint32_t messages = 100;
  std::uint32_t topics = 1;
  std::uint32_t connections = 64;
  std::uint32_t origins = 0;  // 0: as many as subscribers answer, 64 at most
  bool mix_stalled = false;   // on the origins of those that answer
  std::size_t size = 2048;
  PublishKind publish = PublishKind::kAuto;
  bool wait = false;
  bool secret = true;
  bool verify_signatures = false;
  bool keep = false;
  std::chrono::seconds lease{3600};
  Duration timeout = std::chrono::minutes(5);  // of the whole run
  Duration idle = std::chrono::seconds(10);    // without anything new, a wait is given up
  Duration settle =
      std::chrono::milliseconds(500);  // from the last verification to the first publish
  Duration linger = std::chrono::milliseconds(500);  // without a delivery, at the end
  ListenAddress listen;
  std::string callback_url;  // empty: as this machine reaches `listen`
  hub::http::ClientOptions client;
};

enum class Ended { kWhole, kIdle, kTimeout, kSignal };

struct RunNumbers {
  std::uint32_t subscribe_requests = 0;
  std::uint32_t subscribe_accepted = 0;
  std::uint32_t subscribe_refused = 0;
  std::uint32_t subscribe_failed = 0;
  std::uint32_t verified = 0;
  std::uint32_t denied = 0;
  std::optional<double> subscribes_per_second;  // answers
  std::optional<double>
      verifications_per_second;  // from the first request to the last verification
  PublishKind publish = PublishKind::kContent;
  bool waited = false;
  LedgerNumbers ledger;
  SignatureNumbers signatures;
  SinkCounts sink;
  std::size_t origins = 0;
  std::uint32_t left_behind = 0;  // subscriptions that stay until their lease ends
};

struct RunResult {
  ExitStatus status = ExitStatus::kDone;
  std::vector<std::string> sentences;  // what went wrong, the reason of the status first
  Ended ended = Ended::kWhole;
  std::optional<RunNumbers> numbers;  // nothing where nothing could be measured
};

// What is under way, for people: "delivering 1200 of 5000". Called a few times a second.
using Progress = std::function<void(const std::string& line)>;

// kUsage in the status for settings that do not fit together.
RunResult RunBench(Environment& environment, const RunSettings& settings, const Progress& progress);

}  // namespace websub::cli::bench
