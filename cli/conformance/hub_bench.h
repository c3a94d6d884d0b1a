// What a case of the hub's suite needs to tell its story: topics, callbacks, and what a publisher
// and a subscriber do at a hub. A step that cannot be taken ends the case, which is skipped: the
// requirement that the step rests on has cases of its own.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/conformance/outcome.h"
#include "cli/conformance/stage.h"
#include "cli/conformance/suite.h"
#include "core/finding.h"
#include "core/form.h"

namespace websub::cli::conformance {

// Thrown by a step that ends the case. Nothing outside of HubCases sees it.
struct CaseOver {
  Outcome outcome;
};

// Failed, with the cause that the catalogue gives.
Outcome FailedBy(FindingCode code, std::string message);

// One version of a topic. The mark occurs in no other.
struct Content {
  std::string mark;
  std::string body;
  std::optional<std::string> type = "text/plain";
};

// A topic that the suite serves, or the one of --topic.
class HubTopic {
 public:
  struct State {
    std::mutex mutex;
    Content content;          // guarded by mutex
    Duration delay{0};        // guarded by mutex: of the answers
    int status = 200;         // guarded by mutex
    hub::http::Fields links;  // guarded by mutex
  };
  HubTopic(std::string url, std::shared_ptr<State> state, std::optional<Place> place)
      : url_(std::move(url)), state_(std::move(state)), place_(std::move(place)) {}

  const std::string& url() const { return url_; }
  State& state() const { return *state_; }
  const Place& place() const { return *place_; }  // only of a topic that the suite serves

 private:
  std::string url_;
  std::shared_ptr<State> state_;
  std::optional<Place> place_;
};

// A subscriber's callback. It echoes each challenge and takes each delivery with 200, until told
// otherwise.
class Callback {
 public:
  struct State {
    std::mutex mutex;
    Answer verify;   // guarded by mutex: a GET
    Answer deliver;  // guarded by mutex: everything else
  };
  Callback(Place place, std::shared_ptr<State> state)
      : place_(std::move(place)), state_(std::move(state)) {}

  const std::string& url() const { return place_.url(); }
  const Place& place() const { return place_; }
  std::size_t Count() const { return place_.Visits().size(); }
  void Verify(Answer answer) const;
  void Deliver(Answer answer) const;

 private:
  Place place_;
  std::shared_ptr<State> state_;
};

Reply Echo(const Visit& visit);    // what a subscriber answers that wants the subscription
Reply Refuse(const Visit& visit);  // 404: it does not
Reply Stall(const Visit& visit);   // never answers
Answer AnswerStatus(int status, std::string body = {});
// The first `times` deliveries get `status`, those behind them 200.
Answer FailFirst(std::size_t times, int status, hub::http::Fields fields = {});

bool IsVerification(const Visit& visit, std::string_view mode);

// What a subscriber asks for.
struct Wish {
  std::string mode = "subscribe";
  std::string topic;
  std::string callback;
  std::optional<std::string> secret = std::nullopt;
  std::optional<std::string> lease = std::nullopt;
  Form more = {};  // behind the others
};
Form FormOf(const Wish& wish);
Form Without(Form form, std::string_view name);
Form With(Form form, std::string_view name, std::string value);  // in its place, or at the end

class HubBench {
 public:
  HubBench(Scene& scene, const Target& target) : scene_(scene), target_(target) {}

  Scene& scene() { return scene_; }
  const Target& target() const { return target_; }

  // ---- the publisher
  // A new version: the mark and the words behind it.
  Content Text(const std::string& words = " is what is new here");
  // With --topic it is that one, which a case can only use where it needs no content of its own, or
  // where the way to publish carries the content. `suffix` may hold a query.
  HubTopic Topic(const std::string& suffix = "/topic");
  // The same, where the case only subscribes.
  HubTopic NamedTopic();
  void Publish(const HubTopic& topic, const Content& content);
  // Tells the hub of the topics as they are.
  hub::OutgoingResult Ping(const Form& form);
  bool pings() const { return target_.publish_style != "ballerina"; }
  // Ends a case that needs a topic of the suite's own, fetched by the hub.
  void NeedsPings(const std::string& why) const;

  // ---- the subscriber
  Callback MakeCallback(const std::string& suffix = "/callback");
  // Sends a form to the hub, or to `url`, just as it is.
  hub::OutgoingResult Post(const std::string& role, const std::string& what, std::string body,
                           const hub::http::Fields& fields = {}, const std::string& url = {});
  // The request as it is, whatever is answered; redirects to another hub are followed.
  hub::OutgoingResult Ask(const std::string& what, const Form& form);
  hub::OutgoingResult Ask(const Wish& wish) { return Ask(wish.mode, FormOf(wish)); }
  // A request that must be taken for the case to go on.
  void Request(const Wish& wish);
  // The verification that must come for the case to go on.
  Visit Verification(const Callback& callback, std::string_view mode = "subscribe",
                     std::size_t from = 0);
  // Asks, is verified, and gives the hub the time to write that down.
  Visit Subscribe(const Callback& callback, Wish wish);
  Callback Subscribed(const HubTopic& topic, const std::optional<std::string>& secret = {},
                      const std::string& suffix = "/callback");
  // The time that a hub may take to act on an answer.
  void Settle() { scene_.Wait(scene_.silence() / 2); }

  // ---- what comes
  // Whether it brings that version, or a body with no version's mark in it.
  bool Brings(const Visit& visit, const Content& content) const;
  std::optional<Visit> Await(const Callback& callback, const Content& content,
                             std::size_t from = 0);
  // The delivery that must come for the case to go on.
  Visit Delivery(const Callback& callback, const Content& content, std::size_t from = 0);
  // Publishes something new, and what comes of it.
  Visit Told(const HubTopic& topic, const Callback& callback);
  // What a callback gets when the topic changes; `control` has to get it too. A hub may be slow to
  // write a subscription down: where the callback gets nothing, one more update is tried.
  struct Reached {
    Visit control;
    std::optional<Visit> callback;
  };
  Reached Reach(const HubTopic& topic, const Callback& control, const Callback& callback);
  // Nothing of it came, and nothing comes for the time of silence.
  bool Nothing(const Callback& callback, const Content& content, std::size_t from = 0);
  std::size_t Deliveries(const Callback& callback, const Content& content) const;

 private:
  Scene& scene_;
  const Target& target_;
};

// A case's story, as a Case: CaseOver becomes its outcome.
Case HubCase(std::shared_ptr<const Target> target, std::string name, std::string title,
             std::function<Outcome(HubBench&)> story);

// "answered 404", or why there was no answer.
std::string Said(const hub::OutgoingResult& answer);

}  // namespace websub::cli::conformance
