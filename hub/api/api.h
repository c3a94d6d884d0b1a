// What the hub answers: request in, response out. One file for each act of the protocol:
// subscribe.cc, publish.cc, messages.cc, register.cc, hosted_topic.cc; permission.cc for whether a
// peer may; dialects.h for what other systems mean, and what they ask for in vain; control.cc for
// what a person does to a subscription, resend.cc to deliveries; event_feed.h for following what
// happens, read_api for looking.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/form.h"
#include "core/lease.h"
#include "core/publish_request.h"
#include "hub/access/access.h"
#include "hub/api/call.h"
#include "hub/api/echo_message.h"
#include "hub/api/event_feed.h"
#include "hub/api/guard.h"
#include "hub/api/metrics.h"
#include "hub/clock.h"
#include "hub/delivery/deliverer.h"
#include "hub/delivery/resender.h"
#include "hub/fetch/fetcher.h"
#include "hub/fetch/inbox.h"
#include "hub/http/server.h"
#include "hub/intent/verifier.h"
#include "hub/store/recorder.h"
#include "hub/store/store.h"

namespace websub::hub {

struct SubscriptionSecurity {
  bool https = false;   // callbacks must be https
  bool secret = false;  // a secret must be given
};

struct ApiOptions {
  LeasePolicy lease;
  SubscriptionSecurity security;
  bool require_registration = false;  // of a topic, before it is subscribed or published to
  bool force_deregister = false;      // also of a topic with subscriptions
  std::size_t most_on_host = 0;       // subscriptions whose callbacks lie on one host; 0: no limit
  // What can be judged when a request comes; never null in a hub. Null: any will do.
  std::shared_ptr<const AddressPolicy> callbacks;
  std::shared_ptr<const AddressPolicy> topics;
  GuardOptions guard;
  std::string hub_url;  // base_url and "/hub"
  FeedDiff feed_diff = FeedDiff::kOff;
};

// The parts of the hub that an answer needs; they outlive the Api.
struct ApiParts {
  Store& store;
  Recorder& recorder;
  Verifier& verifier;
  Fetcher& fetcher;
  Inbox& inbox;
  Deliverer& deliverer;
  const Clock& clock;
  Access& access;
  EventFeed& events;
  Resender& resender;
  Metrics& metrics;
  const http::Server& server;
};

// Used on the loop's thread only.
class Api {
 public:
  Api(ApiParts parts, ApiOptions options);

  void Handle(http::Request request, http::Respond respond);
  // From now on /readyz answers 503, and nobody follows events: the hub is on its way out.
  void BeginStop();

  // The URL of a hosted topic.
  std::string HostedUrl(const std::string& name) const;
  // Keeps a hosted topic's content and publishes it. The answer comes once it is durable.
  void PutHosted(const std::string& name, std::string content_type, std::string body,
                 Done<Message> done);

 private:
  CallPtr Record(http::Request request, http::Respond respond, ExchangeKind kind);
  void Answer(const CallPtr& call, http::Response response, std::string outcome);
  void Answer(const CallPtr& call, const Error& error);

  // permission.cc
  AccessRequest RequestFor(const Call& call, Act act, const Form& form) const;
  // The topic and the callback are those of the exchange. Answers where the peer may not.
  void IfAllowed(const CallPtr& call, Act act, const Form& form, std::function<void()> then);

  void Hub(http::Request request, http::Respond respond);  // POST /hub
  void Subscribe(const CallPtr& call, const Form& form);   // and unsubscribe
  void Keep(const CallPtr& call, SubscriptionRequest request);
  Result<void> CheckPolicy(const SubscriptionRequest& request) const;
  void Register(const CallPtr& call, const Form& form, Act act);
  void Deregister(const CallPtr& call, const std::string& topic);
  Result<void> CheckRegistered(const std::string& topic) const;
  void PublishPing(const CallPtr& call, const Form& form);
  struct Ping;
  void DecidePing(const std::shared_ptr<Ping>& ping, std::size_t index, const Form& form);
  void FinishPing(const std::shared_ptr<Ping>& ping);
  void RecordOthers(const Ping& ping);
  Result<void> CheckPinged(const std::string& topic) const;
  Result<void> CheckTopicCredentials(const std::string& topic) const;
  void PublishContent(const CallPtr& call, const std::string& topic);
  void KeepContent(const CallPtr& call);
  void Messages(http::Request request, http::Respond respond);  // POST /api/v1/messages
  struct Handover;
  Result<void> CheckEcho(const EchoMessage& message) const;
  void DecideEcho(const std::shared_ptr<Handover>& handover, std::size_t index);
  void KeepEchoes(const std::shared_ptr<Handover>& handover);
  void AnswerEchoes(const Handover& handover, const std::vector<InboxReceipt>& receipts);
  void Topic(http::Request request, http::Respond respond);  // /topics/NAME
  http::Response GetTopic(const http::Request& request, const std::string& name);
  std::shared_ptr<const std::string> ContentOf(const HostedTopic& row);
  void PutTopic(const CallPtr& call, const std::string& name);
  void ShowMetrics(const http::Request& request, const http::Respond& respond);
  void ApiV1(const http::Request& request, const http::Respond& respond);
  http::Response Describe();  // openapi.h
  void Control(const http::Request& request, const http::Respond& respond);
  // resend.cc. False where that is not what is asked for.
  bool SendAgain(const http::Request& request, const http::Respond& respond);
  http::Response About() const;
  http::Response Ready() const;
  std::string TopicLinks(const std::string& self) const;
  // The name under which the hub itself hosts that topic, or may.
  std::optional<std::string> HostedName(const std::string& topic) const;

  Store& store_;
  Recorder& recorder_;
  Verifier& verifier_;
  Fetcher& fetcher_;
  Inbox& inbox_;
  Deliverer& deliverer_;
  Access& access_;
  EventFeed& events_;
  Resender& resender_;
  Metrics& metrics_;
  const http::Server& server_;
  const Clock& clock_;
  const ApiOptions options_;
  const Time started_;
  // The content of hosted topics that is being sent, by name and ETag.
  std::unordered_map<std::string, std::weak_ptr<const std::string>> shown_;
  std::shared_ptr<const std::string> description_;  // null: nobody has asked for it yet
  bool stopping_ = false;
};

}  // namespace websub::hub
