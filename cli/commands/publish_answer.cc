#include "cli/commands/publish_answer.h"

#include "core/link_header.h"
#include "core/text.h"

namespace websub::cli {
namespace {

using hub::http::Request;
using hub::http::Response;

std::string LinksOf(const TopicServer& server, const HostedTopic& topic) {
  std::vector<Link> links;
  for (const std::string& hub : server.hubs) {
    links.push_back({.target = hub, .rels = {"hub"}, .parameters = {}});
  }
  links.push_back({.target = topic.url, .rels = {"self"}, .parameters = {}});
  return FormatLinkHeader(links);
}

const HostedTopic* Find(const TopicServer& server, const HostedTopics& topics,
                        const std::string& path) {
  auto found = topics.find(path);
  if (found == topics.end() && !server.prefix.empty() && path.starts_with(server.prefix)) {
    found = topics.find(path.substr(server.prefix.size()));
  }
  return found == topics.end() ? nullptr : found->second.get();
}

Response List(const HostedTopics& topics) {
  std::string text;
  for (const auto& [path, topic] : topics) text += topic->url + "\n";
  Response response;
  response.fields = {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-cache"}};
  response.body = std::move(text);
  return response;
}

// Whether a list of entity tags, as in `W/"a", "b"`, holds the tag. The comparison is the weak one,
// as If-None-Match wants it.
bool Holds(std::string_view list, std::string_view tag) {
  while (true) {
    list = Trim(list);
    if (list.empty()) return false;
    if (list.front() == ',') {
      list.remove_prefix(1);
      continue;
    }
    if (list.starts_with("W/")) list.remove_prefix(2);
    // A comma may stand between the quotes.
    const auto close = list.starts_with('"') ? list.find('"', 1) : std::string_view::npos;
    const auto end =
        close == std::string_view::npos ? std::min(list.find(','), list.size()) : close + 1;
    if (list.substr(0, end) == tag) return true;
    list.remove_prefix(end);
  }
}

}  // namespace

bool HasIt(const Request& request, const HostedTopic& topic, Time now) {
  bool asked = false;
  for (const auto& [name, value] : request.fields) {
    if (!EqualIgnoringCase(name, "If-None-Match")) continue;
    asked = true;
    if (Trim(value) == "*" || Holds(value, topic.etag)) return true;
  }
  if (asked) return false;
  const auto field = request.Field("If-Modified-Since");
  const auto since = field ? ParseHttpDate(Trim(*field)) : std::nullopt;
  // A date in the future is none.
  return since && *since <= now && topic.modified <= *since;
}

Response AnswerFor(const TopicServer& server, const HostedTopics& topics, const Request& request,
                   Time now) {
  const std::string path = PercentDecode(request.Path());
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const HostedTopic* const topic = Find(server, topics, path);
  const bool list = server.lists && (path == "/" || path == server.prefix + "/");
  if (!topic && !list) return Response::Text(404, "no topic lives here");
  if (!reads) {
    auto response = Response::Text(405, "a topic takes GET and HEAD");
    response.fields.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  if (!topic) return List(topics);
  Response response;
  response.fields = {
      {"Link", LinksOf(server, *topic)}, {"ETag", topic->etag}, {"Cache-Control", "no-cache"}};
  // A server does not tell of the future, and two contents of one second differ in it.
  if (topic->modified <= now) {
    response.fields.emplace_back("Last-Modified", FormatHttpDate(topic->modified));
  }
  if (HasIt(request, *topic, now)) {
    response.status = 304;
    return response;
  }
  response.fields.emplace_back("Content-Type", topic->type);
  response.fields.emplace_back("X-Content-Type-Options", "nosniff");
  response.shared_body = topic->body;
  return response;
}

}  // namespace websub::cli
