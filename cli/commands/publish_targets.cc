#include "cli/commands/publish_targets.h"

#include <algorithm>

#include "cli/topic_discovery.h"
#include "core/text.h"

namespace websub::cli {
namespace {

BodyStyle StyleOf(const PublishOptions& options) {
  if (options.body_style == "echostream") return BodyStyle::kEchoStream;
  return options.body_style == "ballerina" ? BodyStyle::kBallerina : BodyStyle::kPing;
}

void Add(std::vector<PublishTarget>& targets, const std::string& hub, const std::string& topic) {
  auto found =
      std::ranges::find_if(targets, [&](const PublishTarget& target) { return target.hub == hub; });
  if (found == targets.end()) found = targets.insert(found, {hub, {}});
  if (std::ranges::find(found->topics, topic) == found->topics.end()) {
    found->topics.push_back(topic);
  }
}

Result<void> CheckHub(const std::string& hub) {
  if (const auto url = Url::Parse(hub); !url) {
    return Fail(ErrorCode::kInvalid, "the hub " + hub + ": " + url.error().message);
  }
  return {};
}

// Whether hub and topic were found; otherwise the report knows why not.
bool Discover(std::vector<PublishTarget>& targets, HttpCaller& caller, PublishReport& report,
              const std::string& topic) {
  const TopicLookup lookup = LookUpTopic(caller, topic);
  for (const std::string& remark : Remarks(lookup)) report.output().Note("warning: " + remark);
  if (const ExitStatus status = StatusOf(lookup); status != ExitStatus::kDone) {
    report.FailBefore(topic, status, Explain(lookup));
    return false;
  }
  for (const std::string& hub : lookup.discovery.hubs) {
    if (const auto good = CheckHub(hub); !good) {
      report.FailBefore(topic, ExitStatus::kUsage, good.error().message);
      return false;
    }
    // Subscribers know the topic by its self link.
    Add(targets, hub, lookup.discovery.self.value_or(topic));
  }
  return true;
}

}  // namespace

Result<std::vector<std::string>> GivenHubs(const Environment& environment,
                                           const PublishOptions& options) {
  std::vector<std::string> hubs = options.hubs;
  if (hubs.empty()) {
    if (const auto hub = Variable(environment, "WEBSUB_HUB_URL")) hubs.push_back(*hub);
  }
  for (std::string& hub : hubs) {
    hub = ExpandShorthand(hub);
    if (const auto good = CheckHub(hub); !good) return tl::unexpected(good.error());
  }
  return hubs;
}

std::vector<PublishTarget> FindTargets(Environment& environment, HttpCaller& caller,
                                       PublishReport& report, const std::vector<std::string>& hubs,
                                       const std::vector<std::string>& topics) {
  std::vector<PublishTarget> targets;
  for (const std::string& given : topics) {
    const std::string topic = ExpandShorthand(given);
    for (const std::string& hub : hubs) Add(targets, hub, topic);
    if (!hubs.empty()) continue;
    if (const auto url = Url::Parse(topic); !url) {
      report.FailUsage(environment, "the topic " + Quote(topic) + ": " + url.error().message +
                                        "; a topic that is no URL needs --hub");
      return {};
    }
    if (!Discover(targets, caller, report, topic)) return {};
  }
  return targets;
}

std::vector<PublishCall> CallsFor(const PublishOptions& options, const PublishTarget& target,
                                  const Publication& publication) {
  const PublishAct act = ActOf(options);
  const BodyStyle style = StyleOf(options);
  if (act == PublishAct::kPublish && !publication.content) {
    return PingCalls(style, target.hub, target.topics, options.parameter);
  }
  std::vector<PublishCall> calls;
  for (const std::string& topic : target.topics) {
    calls.push_back(
        act == PublishAct::kPublish
            ? ContentCall(style, target.hub, topic, *publication.content, publication.type)
            : RegisterCall(act, target.hub, topic));
  }
  return calls;
}

Call HttpCallOf(const PublishCall& call, const HeaderFields& headers) {
  Call sent;
  sent.method = call.method;
  sent.url = call.url;
  sent.fields = call.fields;
  sent.hub_fields = headers;
  sent.body = call.body;
  sent.max_body = 64 * 1024;
  sent.redirects = Redirects::kSameMethod;
  return sent;
}

}  // namespace websub::cli
