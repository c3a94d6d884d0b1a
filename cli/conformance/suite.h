// A suite: cases over the requirements of one role, and what it takes to run them.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/conformance/outcome.h"
#include "cli/conformance/stage.h"

namespace websub::cli::conformance {

struct Case {
  // The id of its requirement, and after a slash what tells it from others of the same:
  // "HUB-VER-03/redirect". A requirement's only case is named like it.
  std::string name;
  std::string title;  // "a verification answered with 302 verifies nothing"
  std::function<Outcome(Scene&)> run;
  bool alone = false;  // no other case runs at the same time

  const Requirement& requirement() const;  // by the name; every case has one
  // The group that --group asks for ("retries"), which is the section of its requirement; empty for
  // what is always run.
  std::string_view group() const;
};

// What is tested, as the command line says.
struct Target {
  std::string url;                          // of the hub, or of the publisher's topic
  std::string publish_style = "hub.url";    // hub.url, hub.topic, both or ballerina
  std::optional<std::string> topic;         // for hubs that accept known topics only
  std::optional<std::string> denied_topic;  // one to which the hub gives nobody a subscription
  std::string start_cmd;                    // of the subscriber: "app {topic}"
  bool interactive = false;                 // print the topic, and wait for somebody to subscribe
  std::string observe_cmd;                  // prints what the subscriber has taken
  std::string observe_url;
  bool observe_output = false;  // what start_cmd prints on its standard output is what it has taken
  std::string publish_cmd;      // changes the publisher's topic, and tells its hubs
};

// The cases keep a copy of `target`; `environment` must live as long as they do.
std::vector<Case> HubCases(const Target& target);
std::vector<Case> SubscriberCases(Environment& environment, const Target& target);
std::vector<Case> PublisherCases(Environment& environment, const Target& target);

// Which cases to run.
struct Selection {
  std::vector<std::string> only;  // names or their beginnings, any case; "rocks:hub:103"
  std::vector<std::string> skip;
  Level level = Level::kMay;     // and stricter ones
  std::set<std::string> groups;  // beyond the Recommendation, "all" for each
};

// Whether `text` is the case's name, the beginning of it up to a '/' or '-', or one of its aliases;
// in any case of letters.
bool Names(const std::string& text, const Case& one);
bool Selects(const Selection& selection, const Case& one);
// "rocks:hub:103", the numbers that the public test site gives to the same thing.
std::vector<std::string> Aliases(const Requirement& requirement);

// What is under way: cases that ended, all, and the names of those that run.
struct Progress {
  std::size_t done = 0;
  std::size_t all = 0;
  std::size_t failed = 0;
  std::vector<std::string> running;
};

// Runs the cases, at most `jobs` side by side, and returns what became of them in their order.
// Cases that the end of the run kept from starting are skipped. What a case throws fails it as an
// error of this program.
std::vector<CaseResult> RunCases(Stage& stage, const std::string& target_role,
                                 const std::vector<Case>& cases, std::size_t jobs,
                                 const std::function<void(const Progress&)>& progress);

}  // namespace websub::cli::conformance
