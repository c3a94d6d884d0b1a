// The listener of `websub publish --host`: answers for topics on a thread of its own, so that hubs
// can fetch while they are being told.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/commands/publish.h"
#include "cli/commands/publish_answer.h"
#include "hub/http/loop.h"
#include "hub/http/server.h"

namespace websub::cli {

class TopicListener {
 public:
  // A request that was answered.
  struct Visit {
    std::string url;  // of the topic, or what would be one
    std::string method;
    int status = 0;
    std::string peer;

    bool Fetched() const { return status == 200 || status == 304; }
  };
  struct News {
    std::vector<Visit> visits;
    std::vector<std::string> notices;  // of what never became a request
  };

  // `news` is called on another thread when there are some.
  TopicListener(Environment& environment, const PublishOptions& options, TopicServer rules,
                std::function<void()> news);
  ~TopicListener();

  // Binds. Errors are those of the flags, and of Server::Listen.
  Result<void> Listen();
  // What topics begin with, without a '/' at its end; known once it listens.
  const std::string& base_url() const { return base_url_; }
  // What it answers with from now on.
  void Serve(std::shared_ptr<const HostedTopics> topics);
  void Start();  // answers
  void Stop();   // what is being answered gets its answer
  bool running() const { return thread_.joinable(); }
  News TakeNews();

 private:
  void OnRequest(const hub::http::Request& request, const hub::http::Respond& respond);
  std::string UrlOf(const HostedTopics& topics, std::string path) const;

  Environment& environment_;
  const PublishOptions& options_;
  TopicServer rules_;
  std::function<void()> on_news_;
  std::string base_url_;
  std::mutex mutex_;
  std::shared_ptr<const HostedTopics> topics_;  // guarded by mutex_
  News news_;                                   // the same
  hub::http::Loop loop_;
  std::unique_ptr<hub::http::Timer> drain_timer_;  // the loop's thread
  std::unique_ptr<hub::http::Server> server_;
  std::thread thread_;  // runs the loop
};

}  // namespace websub::cli
