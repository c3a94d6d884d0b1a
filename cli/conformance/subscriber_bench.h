// A subscriber under test, with the topic and the hub that it meets in one case.
//
// A step of a story that cannot be made ends the case as skipped and names the requirement that did
// not hold: one fault of a subscriber fails only the cases that are about it.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/conformance/program.h"
#include "cli/conformance/subscriber_pages.h"
#include "cli/conformance/suite.h"
#include "core/form.h"
#include "core/signature.h"

namespace websub::cli::conformance {

// A request that the subscriber sent to a hub.
struct Asked {
  Visit visit;
  Form form;  // of the body; empty where that is none

  std::string At(std::string_view name) const;  // empty where it was not sent
  std::string topic() const { return At("hub.topic"); }
  std::string callback() const { return At("hub.callback"); }
  std::string secret() const { return At("hub.secret"); }
};

// A verification, as the hub sends it.
struct Question {
  std::string mode = "subscribe";
  std::string topic = {};      // empty: the one that was asked for
  std::string challenge = {};  // empty: a fresh one
  std::chrono::seconds lease{600};
};

struct Answered {
  hub::OutgoingResult result;
  std::string challenge;

  bool Echoed() const { return result.Ok2xx() && result.body == challenge; }
};

class SubscriberBench {
 public:
  // `label` is a short name for the placeholders, which no other bench of the run has.
  SubscriberBench(Environment& environment, const Target& target, Scene& scene, std::string label);
  ~SubscriberBench();  // the program is ended
  SubscriberBench(const SubscriberBench&) = delete;
  SubscriberBench& operator=(const SubscriberBench&) = delete;

  Scene& scene() { return scene_; }
  Time Now() const { return environment_.clock.Now(); }
  // Announces hub() and itself in every way until it is told otherwise.
  Place& topic() { return topic_; }
  Place& hub() { return hub_; }  // answers 202 to everything
  Announced announced() const { return {hub_.url(), topic_.url()}; }
  // Another place of the case; a hub answers 202.
  Place OpenTopic(Reply page, const std::string& suffix = "/feed");
  Place OpenHub(const std::string& suffix = "/hub");

  // Starts the program for this URL, or for topic(); with --interactive says what to do.
  Step<void> Start(const std::string& url = "");
  // Ends the program, and gives a bench for another start of it.
  std::unique_ptr<SubscriberBench> Another();
  // How the program ended, where it did: "; the program ended with status 2". For sentences.
  std::string HowItEnded() const;
  bool interactive() const { return target_.interactive; }
  Program* program() { return program_.get(); }

  // The first visit from number `from` on that fits; nothing where none comes in time, or where the
  // program has failed.
  std::optional<Visit> Await(const Place& place, const Place::Fits& fits, std::size_t from = 0,
                             std::optional<Duration> wait = std::nullopt) const;
  // Any request at all.
  std::optional<Visit> AwaitAny(const Place& place) const;
  // Whether nothing comes although the program had the time to do it wrong.
  bool StaysAway(const Place& place) const;
  // A subscription request that a hub can read, for a topic that one of the case's pages names.
  Step<Asked> Ask(std::size_t from = 0);
  Step<Asked> AskForAnything(std::size_t from = 0);  // the same, whatever hub.topic is
  std::optional<Asked> AwaitMode(const std::string& mode, std::size_t from,
                                 std::optional<Duration> wait = std::nullopt) const;

  // Gives the hub's answer the time to arrive before what the hub does next.
  void Settle();
  Answered Verify(const Asked& asked, Question question = {});
  // Ask, and a verification that was answered as it must be.
  Step<Asked> Subscribe(std::chrono::seconds lease = std::chrono::seconds(600));
  // The program is told to end by SIGTERM, and asks to unsubscribe.
  Step<Asked> Unsubscribe(std::size_t from);

  // What a delivery carries besides the topic's type and links.
  struct Delivery {
    std::string body;
    std::string signature;  // empty: none
    std::string link;       // empty: the topic's
  };
  hub::OutgoingResult Deliver(const Asked& asked, const Delivery& delivery);
  // A feed that holds the marker, signed where a secret was given.
  hub::OutgoingResult DeliverMarker(const Asked& asked, const std::string& marker,
                                    SignatureAlgorithm algorithm = SignatureAlgorithm::kSha256);
  // The same, signed with SHA-256 and, for those that know nothing else, once more with SHA-1; the
  // answer is that of the first.
  hub::OutgoingResult DeliverControl(const Asked& asked, const std::string& marker,
                                     const std::string& link = "");
  std::string Signature(const Asked& asked, const std::string& body,
                        SignatureAlgorithm algorithm = SignatureAlgorithm::kSha256) const;
  std::string Marker();  // a word that occurs nowhere else

  // Whether there is a way to see what the subscriber has taken; if not, how the case ends.
  Step<void> NeedsObservation() const;
  bool CanObserve() const;
  bool Sees(const std::string& marker);     // waits until it does
  bool SeesNow(const std::string& marker);  // looks once

 private:
  std::string Filled(const std::string& text, const std::function<std::string(std::string)>& quote);
  std::string Observe();
  void Invite(const std::string& url);
  void EndProgram();

  Environment& environment_;
  const Target& target_;
  Scene& scene_;
  std::string label_;
  std::string url_;               // what the program was told
  std::set<std::string> topics_;  // URLs of this case
  std::filesystem::path folder_;
  Place hub_;
  Place topic_;
  std::unique_ptr<Program> program_;
  std::string observed_;  // last
};

using Story = std::function<Outcome(SubscriberBench&)>;

// What the cases are made of, each file's in the order in which they are shown.
struct Told {
  std::string name;
  std::string title;
  Story story;
  bool alone = false;  // it would get in the way of others, whose time is measured
};
std::vector<Told> DiscoveryStories();
std::vector<Told> DocumentStories();
std::vector<Told> RequestStories();
std::vector<Told> UniquenessStories();
std::vector<Told> VerificationStories();
std::vector<Told> LifetimeStories();
std::vector<Told> DeliveryStories();
std::vector<Told> SubscriberSecurityStories();

// "answered 404", or why no answer came.
std::string HowAnswered(const hub::OutgoingResult& result);

}  // namespace websub::cli::conformance
