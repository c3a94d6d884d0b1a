#include "cli/commands/publish_listener.h"

#include <utility>

#include "cli/listen_address.h"
#include "core/text.h"

namespace websub::cli {
namespace {

constexpr Duration kDrainWithin = std::chrono::seconds(1);
constexpr std::size_t kMaxNews = 10'000;  // more than that at once are not told of

std::string WithoutSlash(std::string url) {
  if (url.ends_with('/')) url.pop_back();
  return url;
}

Result<void> CheckPublicUrl(const std::string& text) {
  const auto url = Url::Parse(text);
  if (!url) return Fail(ErrorCode::kInvalid, "--public-url: " + url.error().message);
  if (url->has_fragment() || url->target().find('?') != std::string::npos) {
    return Fail(ErrorCode::kInvalid, "--public-url: leave the query and the fragment out");
  }
  return {};
}

}  // namespace

TopicListener::TopicListener(Environment& environment, const PublishOptions& options,
                             TopicServer rules, std::function<void()> news)
    : environment_(environment),
      options_(options),
      rules_(std::move(rules)),
      on_news_(std::move(news)),
      topics_(std::make_shared<const HostedTopics>()) {}

TopicListener::~TopicListener() {
  Stop();
}

Result<void> TopicListener::Listen() {
  if (!options_.public_url.empty()) {
    if (auto good = CheckPublicUrl(options_.public_url); !good) return good;
  }
  const auto address = ParseListenAddress(options_.listen);
  if (!address) return Fail(ErrorCode::kInvalid, "--listen: " + address.error().message);
  hub::http::ServerOptions server;
  server.address = address->address;
  server.port = address->port;
  server.max_body = 64 * 1024;  // nobody has anything to send
  server.max_connections = 1024;
  server.on_notice = [this](const std::string& sentence, const std::string& peer) {
    const std::lock_guard lock(mutex_);
    if (news_.notices.size() >= kMaxNews) return;
    news_.notices.push_back("the listener: " + sentence + (peer.empty() ? "" : " (" + peer + ")"));
    on_news_();
  };
  server_ = std::make_unique<hub::http::Server>(
      loop_, std::move(server), [this](hub::http::Request request, hub::http::Respond respond) {
        OnRequest(request, respond);
      });
  if (auto listening = server_->Listen(); !listening) return listening;
  base_url_ = LocalUrl({address->address, server_->port()});
  if (!options_.public_url.empty()) {
    base_url_ = WithoutSlash(options_.public_url);
    rules_.prefix = PercentDecode(WithoutSlash(Url::Parse(base_url_)->target()));
  }
  return {};
}

void TopicListener::Serve(std::shared_ptr<const HostedTopics> topics) {
  const std::lock_guard lock(mutex_);
  topics_ = std::move(topics);
}

void TopicListener::Start() {
  thread_ = std::thread([this] { loop_.Run(); });
}

std::string TopicListener::UrlOf(const HostedTopics& topics, std::string path) const {
  auto found = topics.find(path);
  if (found == topics.end() && path.starts_with(rules_.prefix)) {
    path.erase(0, rules_.prefix.size());
    found = topics.find(path);
  }
  return found == topics.end() ? base_url_ + EncodedPath(path) : found->second->url;
}

// The loop's thread.
void TopicListener::OnRequest(const hub::http::Request& request,
                              const hub::http::Respond& respond) {
  std::shared_ptr<const HostedTopics> topics;
  {
    const std::lock_guard lock(mutex_);
    topics = topics_;
  }
  auto response = AnswerFor(rules_, *topics, request, environment_.clock.Now());
  Visit visit{UrlOf(*topics, PercentDecode(request.Path())), request.method, response.status,
              request.peer};
  respond(std::move(response));
  const std::lock_guard lock(mutex_);
  if (news_.visits.size() >= kMaxNews) return;
  news_.visits.push_back(std::move(visit));
  on_news_();
}

TopicListener::News TopicListener::TakeNews() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, {});
}

void TopicListener::Stop() {
  if (!thread_.joinable()) return;
  loop_.Post([this] {
    drain_timer_ = std::make_unique<hub::http::Timer>(loop_);
    drain_timer_->Set(kDrainWithin, [this] { loop_.Stop(); });
    server_->Drain([this] { loop_.Stop(); });
  });
  thread_.join();
}

}  // namespace websub::cli
