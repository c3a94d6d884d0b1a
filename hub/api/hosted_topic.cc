// /topics/NAME: topics that the hub itself hosts, so that a publisher needs nothing but curl.
#include <algorithm>
#include <utility>

#include "core/link_header.h"
#include "core/text.h"
#include "hub/api/api.h"
#include "hub/api/respond.h"

namespace websub::hub {

namespace {

constexpr std::size_t kMaxName = 200;  // bytes

constexpr std::string_view kPrefix = "/topics/";

Result<std::string> TopicName(std::string_view path) {
  std::string name(path.substr(kPrefix.size()));
  const bool plain =
      std::all_of(name.begin(), name.end(), [](char c) { return IsUnreserved(c) || c == '/'; });
  if (name.empty() || name.size() > kMaxName || !plain || name.front() == '/' ||
      name.back() == '/' || name.find("//") != std::string::npos || name == "." || name == ".." ||
      name.find("./") != std::string::npos || name.ends_with("/.") || name.ends_with("/..")) {
    return Fail(ErrorCode::kInvalid,
                "topic name: use letters, digits and - . _ ~ in parts divided by /, up to 200 "
                "characters");
  }
  return name;
}

}  // namespace

std::string Api::HostedUrl(const std::string& name) const {
  return options_.guard.base_url + "/topics/" + name;
}

std::optional<std::string> Api::HostedName(const std::string& topic) const {
  if (!topic.starts_with(options_.guard.base_url + std::string(kPrefix))) return std::nullopt;
  auto name = TopicName(std::string_view(topic).substr(options_.guard.base_url.size()));
  if (!name) return std::nullopt;
  return *std::move(name);
}

std::string Api::TopicLinks(const std::string& self) const {
  return FormatLinkHeader({{.target = options_.hub_url, .rels = {"hub"}, .parameters = {}},
                           {.target = self, .rels = {"self"}, .parameters = {}}});
}

void Api::Topic(http::Request request, http::Respond respond) {
  const auto name = TopicName(request.Path());
  if (!name) return respond(Refuse(name.error()));
  if (request.method == "GET" || request.method == "HEAD") return respond(GetTopic(request, *name));
  if (request.method != "PUT") {
    auto response = http::Response::Text(405, "a topic takes GET, HEAD and PUT");
    response.fields.emplace_back("Allow", "GET, HEAD, PUT");
    return respond(std::move(response));
  }
  const CallPtr call = Record(std::move(request), std::move(respond), ExchangeKind::kPublish);
  call->exchange.topic = HostedUrl(*name);
  if (const auto allowed = CheckGuard(call->request, options_.guard); !allowed) {
    return Answer(call, allowed.error());
  }
  const std::string type(call->request.Field("Content-Type").value_or(""));
  IfAllowed(call, Act::kPublish, {{"content_type", type}},
            [this, call, name = *name] { PutTopic(call, name); });
}

// However many read it at the same time, and however slowly: the content is in memory once, and
// only as long as somebody reads.
std::shared_ptr<const std::string> Api::ContentOf(const HostedTopic& row) {
  const std::string key = row.name + '\n' + row.etag;
  if (auto content = shown_[key].lock()) return content;
  std::erase_if(shown_, [](const auto& each) { return each.second.expired(); });
  const auto topic = store_.FindHosted(row.name);
  if (!topic) return nullptr;
  if (topic->etag == row.etag) shown_[key] = topic->body;
  return topic->body;
}

http::Response Api::GetTopic(const http::Request& request, const std::string& name) {
  const auto topic = store_.FindHostedRow(name);
  if (!topic) {
    return Refuse(
        {ErrorCode::kNotFound, "the topic " + name + " has no content yet: PUT some to this URL"});
  }
  http::Response response;
  // A publisher's own HTML must not run as a part of the hub: it could drive the API from there.
  response.fields = {{"Link", TopicLinks(HostedUrl(name))},
                     {"ETag", topic->etag},
                     {"Cache-Control", "no-cache"},
                     {"Content-Security-Policy", "sandbox"},
                     {"X-Content-Type-Options", "nosniff"}};
  if (request.Field("If-None-Match") == topic->etag) {
    response.status = 304;
    return response;
  }
  if (!topic->content_type.empty()) {
    response.fields.emplace_back("Content-Type", topic->content_type);
  }
  response.shared_body = ContentOf(*topic);
  return response;
}

void Api::PutHosted(const std::string& name, std::string content_type, std::string body,
                    Done<Message> done) {
  NewMessage message = PushedMessage({HostedUrl(name), std::move(content_type),
                                      std::make_shared<const std::string>(std::move(body))},
                                     options_.hub_url, options_.feed_diff, clock_.Now());
  store_.PutHosted(name, std::move(message), [this, done = std::move(done)](Result<Message> kept) {
    const auto topic = kept ? kept->topic_id : 0;
    const auto newest = kept ? kept->id : 0;
    done(std::move(kept));
    if (newest > 0) deliverer_.Wake(topic, newest);
  });
}

void Api::PutTopic(const CallPtr& call, const std::string& name) {
  const bool is_new = !store_.FindHostedRow(name);
  std::string type(call->request.Field("Content-Type").value_or("application/octet-stream"));
  PutHosted(name, std::move(type), std::move(call->request.body),
            [this, call, name, is_new](Result<Message> kept) {
              if (!kept) return Answer(call, kept.error());
              call->exchange.message_id = kept->id;
              http::Response response;
              response.status = is_new ? 201 : 204;
              response.fields = {{"Websub-Message-Id", "m" + std::to_string(kept->id)},
                                 {"Link", TopicLinks(HostedUrl(name))}};
              if (is_new) response.fields.emplace_back("Location", HostedUrl(name));
              Answer(call, std::move(response), "published: message m" + std::to_string(kept->id));
            });
}

}  // namespace websub::hub
