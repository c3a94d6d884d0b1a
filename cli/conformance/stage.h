// Where a suite meets what it tests: an event loop on a thread of its own, and an HTTP client.
// Cases run on threads of their own and wait there; what they wait for is written down as evidence.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/conformance/outcome.h"
#include "cli/environment.h"
#include "cli/hub_access.h"
#include "cli/listen_address.h"
#include "hub/http/client.h"
#include "hub/http/server.h"

namespace websub::cli::conformance {

struct StageSettings {
  ListenAddress listen;     // with port 0 each case gets a port of its own
  std::string public_base;  // how peers reach `listen`, without a slash at its end; empty: directly
  hub::http::ClientOptions client;
  HeaderFields headers;  // of --header: sent along where a case asks for it, never shown
  // How long a case waits for what should come.
  Duration patience = std::chrono::seconds(5);
  // How long nothing must come before a case believes that nothing will.
  Duration silence = std::chrono::milliseconds(400);
};

// What came at a place.
struct Visit {
  std::size_t number = 0;  // of this place, from 0
  Time at;                 // when it had come whole
  hub::http::Request request;

  // The value of a query parameter, percent-decoded; nothing where there is none. The last one
  // where there are several, as hubs append theirs.
  std::optional<std::string> Parameter(std::string_view name) const;
  std::string Field(std::string_view name) const;  // the first of that name (any case), or empty
};

struct Reply {
  int status = 200;
  hub::http::Fields fields;
  std::string body;
  Duration delay{0};   // before it is sent
  bool never = false;  // the peer waits until it gives up, or until the case ends
};

// Called on the loop's thread: it must not wait. What it reads and writes beside, it guards itself.
using Answer = std::function<Reply(const Visit&)>;

class Stage;

// A URL that the suite answers, at an unguessable path, as long as its scene lives.
class Place {
 public:
  const std::string& url() const;
  // What came so far.
  std::vector<Visit> Visits() const;
  // The first visit from number `from` on that fits, which may have come already; nothing where
  // none comes within the patience, or `wait` where that is given. Returns early when the run ends.
  using Fits = std::function<bool(const Visit&)>;
  std::optional<Visit> Await(const Fits& fits, std::size_t from = 0,
                             std::optional<Duration> wait = std::nullopt) const;
  // Whether nothing that fits comes from number `from` on, for the time of silence or `wait`.
  bool Quiet(const Fits& fits, std::size_t from = 0,
             std::optional<Duration> wait = std::nullopt) const;
  // From now on.
  void AnswerWith(Answer answer);

  struct State;
  explicit Place(std::shared_ptr<State> state) : state_(std::move(state)) {}

 private:
  std::shared_ptr<State> state_;
};

struct Message {
  std::string method = "GET";
  std::string url;
  hub::http::Fields fields;  // Host, User-Agent, Accept and Content-Length are added
  std::optional<std::string> body;
  bool with_headers = false;           // those of --header too
  std::optional<Duration> timeout;     // nothing: the patience, and at least 10 s
  std::size_t max_body = 1024 * 1024;  // bytes of the answer that are kept
};

// What one case does and sees. Used on the case's thread; what comes in is written down from the
// loop's.
class Scene {
 public:
  // `target` names the role of the program under test in the evidence: "hub".
  Scene(Stage& stage, std::string target);
  ~Scene();  // its places are gone
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  // A place that the suite plays as `role`. Its URL ends with `suffix`, as in "/feed.atom?a=b" (the
  // query is not part of what is matched). Throws std::runtime_error where no port can be opened.
  Place Open(const std::string& role, const std::string& suffix, Answer answer);
  // Sends one request as `role` and waits for the answer; no redirects are followed. A URL that
  // cannot be asked gives Fault::kBadUrl. `what` is written into the evidence.
  hub::OutgoingResult Send(const std::string& role, const std::string& what,
                           const Message& message);
  // Waits; returns early, with false, when the run ends.
  bool Wait(Duration duration);
  // The run is ending: nothing more is worth starting.
  bool over() const;

  // Also evidence: something that the suite saw otherwise, such as a program's output.
  void Note(const std::string& from, const std::string& what, std::string_view text);
  std::vector<Evidence> TakeEvidence();

  std::string Token();  // 16 hex digits that occur nowhere else
  Duration patience() const;
  Duration silence() const;
  Stage& stage() { return stage_; }

  struct Impl;

 private:
  Stage& stage_;
  std::shared_ptr<Impl> impl_;
};

class Stage {
 public:
  // kInvalid where the client's options cannot be used; kUnavailable where the port of `listen` is
  // taken.
  static Result<std::unique_ptr<Stage>> Open(Environment& environment, StageSettings settings);
  ~Stage();

  const StageSettings& settings() const;
  // From any thread: everything that waits returns, nothing more is sent.
  void Stop();

  struct Impl;
  Impl& impl() { return *impl_; }  // for Scene and Place

 private:
  explicit Stage(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace websub::cli::conformance
