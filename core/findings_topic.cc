// From the publish message to the message in the log: fetches, and topics that are almost the same.
#include <array>
#include <utility>

#include "core/finding_words.h"
#include "core/findings.h"
#include "core/text.h"
#include "core/url.h"

namespace websub {
namespace {

using enum FindingCode;

bool IsLoopbackName(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

bool SameSite(std::string_view a, std::string_view b) {
  if (IsLoopbackName(a) && IsLoopbackName(b)) return true;
  constexpr std::string_view kWww = "www.";
  return (a.starts_with(kWww) && a.substr(kWww.size()) == b) ||
         (b.starts_with(kWww) && b.substr(kWww.size()) == a);
}

// What stands behind the host and port.
std::string_view BehindHost(std::string_view url) {
  const auto begin = url.find("://");
  if (begin == std::string_view::npos) return {};
  const auto end = url.find_first_of("/?#", begin + 3);
  return end == std::string_view::npos ? std::string_view() : url.substr(end);
}

struct Part {
  std::string_view name;  // as DescribeDifference says it
  FindingCode code;
};

// In the order in which they are told where there are several.
constexpr std::array kParts = {
    Part{"scheme", kSelfDiffersScheme}, Part{"host case", kSelfDiffersHostCase},
    Part{"port", kSelfDiffersPort},     Part{"userinfo", kSelfDiffersUserinfo},
    Part{"path", kSelfDiffersPath},     Part{"trailing slash", kSelfDiffersSlash},
    Part{"query", kSelfDiffersQuery},   Part{"fragment", kSelfDiffersFragment},
};

bool HoldsPart(std::string_view difference, std::string_view part) {
  while (!difference.empty()) {
    const auto comma = difference.find(", ");
    if (difference.substr(0, comma) == part) return true;
    difference.remove_prefix(comma == difference.npos ? difference.size() : comma + 2);
  }
  return false;
}

FindingCode FetchFault(int status) {
  switch (status) {
    case 401:
    case 403:
    case 407:
      return kFetchUnauthorized;
    case 404:
    case 410:
      return kFetchNotFound;
    default:
      return status >= 500 ? kFetchServerError : kFetchBadStatus;
  }
}

FindingCode AnswerFault(const Exchange& exchange) {
  if (IsRedirect(exchange.status)) return kFetchRedirectFailed;
  const bool success = exchange.status >= 200 && exchange.status < 300;
  if (success && exchange.outcome.find("larger than") != std::string::npos) return kFetchTooLarge;
  if (success) return kTopicReset;  // its body broke off
  return FetchFault(exchange.status);
}

}  // namespace

std::vector<Finding> JudgeFetch(const Exchange& exchange) {
  const std::string topic =
      "the topic " +
      ShownInSentence(exchange.url.empty() ? exchange.topic.str() : exchange.url.str());
  const std::string answered = topic + " answered " + std::to_string(exchange.status);
  const bool success = exchange.status >= 200 && exchange.status < 300;
  if (exchange.status == 304) {
    return {MakeFinding(kFetchNotModified, answered + " (not modified)", exchange)};
  }
  if (success && exchange.outcome.find("not changed") != std::string::npos) {
    return {MakeFinding(kFetchUnchanged, answered + " with the content that the hub knew already",
                        exchange)};
  }
  const bool given_up = exchange.outcome.starts_with("given up");
  const bool again = exchange.outcome.find("retry in") != std::string::npos;
  if (success && exchange.fault == Fault::kNone && !given_up) return {};
  if (IsRedirect(exchange.status) && !given_up) {
    return {
        MakeFinding(kFetchRedirected, answered + ": " + exchange.outcome.substr(0, 300), exchange)};
  }
  std::vector<Finding> findings;
  if (exchange.status == 0) {
    Finding fault = JudgeFault(Peer::kTopic, exchange.fault,
                               exchange.url.empty() ? exchange.topic.str() : exchange.url.str(),
                               exchange.outcome);
    findings.push_back(MakeFinding(fault.code, std::move(fault.what), exchange));
  } else {
    const bool tells = success || IsRedirect(exchange.status);
    findings.push_back(MakeFinding(AnswerFault(exchange),
                                   answered + (tells ? ": " + exchange.outcome.substr(0, 300) : ""),
                                   exchange));
  }
  if (given_up && !again) {
    findings.push_back(
        MakeFinding(kFetchGivenUp, "the fetch was " + exchange.outcome.substr(0, 300), exchange));
  }
  return findings;
}

std::string TopicDifference(std::string_view a, std::string_view b) {
  std::string difference = DescribeDifference(a, b);
  if (difference != "other") return difference;
  const auto first = Url::Parse(a);
  const auto second = Url::Parse(b);
  if (!first || !second || !SameSite(first->host(), second->host())) return difference;
  const auto path = [](std::string_view text) {
    return text.empty() ? std::string_view("/") : text;
  };
  return path(BehindHost(a)) == path(BehindHost(b)) ? "host" : difference;
}

std::optional<Finding> CompareTopics(std::string_view used, std::string_view self) {
  if (used == self) return std::nullopt;
  const std::string difference = TopicDifference(used, self);
  if (difference.empty()) return std::nullopt;
  const std::string both = ShownInSentence(used) + " and " + ShownInSentence(self);
  if (difference == "other") return MakeFinding(kSelfDiffers, both + " are different URLs");
  std::string what = both + " differ in: " + difference;
  if (difference == "host") return MakeFinding(kSelfDiffersHost, std::move(what));
  for (const Part& part : kParts) {
    if (HoldsPart(difference, part.name)) return MakeFinding(part.code, std::move(what));
  }
  return MakeFinding(kSelfDiffers, std::move(what));
}

bool MayMeanTheSame(std::string_view a, std::string_view b) {
  if (a == b) return false;
  const std::string difference = TopicDifference(a, b);
  return !difference.empty() && difference != "other" && !HoldsPart(difference, "path");
}

}  // namespace websub
