// --exec: runs a command for each arrival, one at a time and in order.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "cli/commands/subscribe_arrival.h"
#include "hub/hooks/programs.h"
#include "hub/http/loop.h"

namespace websub::cli {

class Executor {
 public:
  static constexpr std::size_t kMaxOut = 16 * 1024 * 1024;  // bytes; a program that writes more is
                                                            // ended
  static constexpr std::size_t kMaxErr = 64 * 1024;         // bytes that are kept

  // `command` is for /bin/sh -c. A timeout of zero waits for as long as it takes.
  Executor(hub::http::Loop& loop, std::string command, Duration timeout);

  // Runs the command with the body on its stdin, or with the file where the body went there.
  // WEBSUB_TOPIC, _CONTENT_TYPE, _BYTES, _VERDICT (of the signature), _SIGNATURE (the field as it
  // came), _SIGNATURE_ALGORITHM, _MESSAGE_ID, _ATTEMPT, _DUPLICATE and _FILE tell the rest; what is
  // not known is empty. `done` is called once, on the loop, never before this returns.
  void Run(const std::string& topic, std::shared_ptr<const Arrival> arrival,
           std::function<void(ProgramEnd)> done);

 private:
  struct Waiting {
    std::string topic;
    std::shared_ptr<const Arrival> arrival;
    std::function<void(ProgramEnd)> done;
  };
  void Next();

  const std::string command_;
  const Duration timeout_;
  std::deque<Waiting> waiting_;  // the first one runs, where busy_
  bool busy_ = false;
  hub::Programs programs_;
};

// The variables of an arrival, "NAME=value".
std::vector<std::string> VariablesOf(const std::string& topic, const Arrival& arrival);

}  // namespace websub::cli
