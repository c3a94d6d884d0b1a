#include "tests/crash/victim.h"

#include <httplib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "core/form.h"

namespace websub::tests {

using namespace std::chrono_literals;

struct HubClient::Impl {
  httplib::Client client;
};

HubClient::HubClient(const std::string& base) : impl_(new Impl{httplib::Client(base)}) {
  impl_->client.set_keep_alive(true);
  impl_->client.set_tcp_nodelay(true);
  impl_->client.set_url_encode(false);
  impl_->client.set_connection_timeout(5s);
  impl_->client.set_read_timeout(20s);
}

HubClient::~HubClient() = default;

int HubClient::Send(const std::string& method, const std::string& target, const std::string& type,
                    const std::string& body) {
  httplib::Request request;
  request.method = method;
  request.path = target;
  request.body = body;
  request.set_header("Content-Type", type);
  const auto result = impl_->client.send(request);
  return result ? result->status : 0;
}

int HubClient::PostForm(const std::vector<std::pair<std::string, std::string>>& fields) {
  Form form;
  for (const auto& [name, value] : fields) form.push_back({name, value});
  return Send("POST", "/hub", "application/x-www-form-urlencoded", EncodeForm(form));
}

std::string HubClient::StateOf(const std::string& callback) {
  const auto result = impl_->client.Get("/api/v1/subscriptions?state=all&order=newest&callback=" +
                                        PercentEncode(callback));
  if (!result || result->status != 200) return {};
  const auto items = nlohmann::json::parse(result->body)["items"];
  return items.empty() ? std::string() : items[0]["state"].get<std::string>();
}

void Victim::Start() {
  const std::string ready = folder_.File("ready");
  std::filesystem::remove(ready);
  ProcessOptions options;
  options.args = {"serve",        "--quiet", "--listen", listen_, "--db", folder_.File("hub.db"),
                  "--ready-file", ready};
  for (const char* flag :
       {"--delivery-retries", "unlimited", "--retry-base", "5ms", "--retry-max", "50ms"}) {
    options.args.emplace_back(flag);
  }
  process_ = std::make_unique<Process>(std::move(options));
}

void Victim::WaitUntilReady() {
  const std::string ready = folder_.File("ready");
  const auto deadline = std::chrono::steady_clock::now() + kCrashPatience;
  while (!std::filesystem::exists(ready)) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("the hub does not start: " + process_->Err());
    }
    std::this_thread::sleep_for(1ms);
  }
  std::ifstream(ready) >> base_;
  listen_ = base_.substr(std::string("http://").size());
}

Finished Victim::End(int signal) {
  process_->Signal(signal);
  return process_->Wait();
}

}  // namespace websub::tests
