// Hooks as the hub uses them: which events are asked about, how many questions are under way at
// once, and what is recorded of them. How a question reaches the operator's code is a HookLine's
// affair.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "core/exchange.h"
#include "hub/clock.h"
#include "hub/hooks/make.h"

namespace websub::hub {

struct HookOutcome {
  HookAnswer answer;
  Exchange exchange;   // what went over the line, secrets masked; the Asker fills in the rest
  std::string notice;  // what the operator should hear besides; may be empty
};

// The way to the operator's code. Used on the loop's thread only.
class HookLine {
 public:
  virtual ~HookLine() = default;
  // Calls `answered` within the timeout, and `freed` once nothing of the question is left to wait
  // for; each once, in this order, never before Ask returns.
  virtual void Ask(const HookQuestion& question, Duration timeout,
                   std::function<void(HookOutcome)> answered, std::function<void()> freed) = 0;
};

class Asker : public Hooks {
 public:
  Asker(std::unique_ptr<HookLine> line, const HookOptions& options, const Clock& clock,
        HookOutlets outlets);

  bool Wants(HookEvent event) const override;
  void Ask(HookQuestion question, std::function<void(HookAnswer)> done) override;

 private:
  struct Waiting {
    HookQuestion question;
    std::function<void(HookAnswer)> done;
    Time asked_at;
  };

  void StartWhatMay();
  void Start(Waiting asked);
  void Finish(const Waiting& asked, Time began, HookOutcome outcome);

  const HookOptions options_;
  const Clock& clock_;
  const HookOutlets outlets_;
  std::deque<Waiting> waiting_;  // none while fewer than options_.concurrency are under way
  std::size_t under_way_ = 0;
  std::shared_ptr<const int> alive_ = std::make_shared<const int>();
  std::unique_ptr<HookLine> line_;
};

// hook_url.cc: POST of JSON by `transport`.
std::unique_ptr<HookLine> MakeUrlLine(const Url& url, Authorization authorization,
                                      Transport& transport);
// hook_command.cc: a program, run by /bin/sh -c.
std::unique_ptr<HookLine> MakeCommandLine(const std::string& command, Authorization authorization,
                                          std::function<void(std::function<void()>)> post);

}  // namespace websub::hub
