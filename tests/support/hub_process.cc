#include "tests/support/hub_process.h"

#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "core/form.h"
#include "core/text.h"
#include "tests/support/deadline.h"

namespace websub::tests {

namespace {

constexpr auto kPollEvery = std::chrono::milliseconds(10);

}  // namespace

std::optional<std::string> FieldOf(const PeerAnswer& answer, const std::string& name) {
  for (const auto& [field, value] : answer.fields) {
    if (EqualIgnoringCase(field, name)) return value;
  }
  return std::nullopt;
}

std::string FormBody(const std::vector<std::pair<std::string, std::string>>& fields) {
  Form form;
  for (const auto& [name, value] : fields) form.push_back({name, value});
  return EncodeForm(form);
}

bool Eventually(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(kPollEvery);
  }
  return true;
}

void PlaySubscriber(HttpPeer& peer, const std::string& path, int status) {
  peer.On("GET", path, [](const PeerRequest& request) {
    const auto query = ParseForm(request.query);
    PeerAnswer answer;
    answer.body = query ? std::string(FindField(*query, "hub.challenge").value_or("")) : "";
    return answer;
  });
  peer.On("POST", path, {.status = status, .fields = {}, .body = {}});
}

HubProcess::HubProcess(std::vector<std::string> flags, HubPlace place)
    : flags_(std::move(flags)), place_(std::move(place)) {
  Start();
}

void HubProcess::Start() {
  const std::string ready = folder_.File("ready");
  std::filesystem::remove(ready);
  ProcessOptions options;
  const std::vector<std::string> serve = {"serve", "--listen",     listen_, "--db",
                                          File(),  "--ready-file", ready};
  if (!place_.prefix.empty()) {
    options.args.assign(place_.prefix.begin() + 1, place_.prefix.end());
    options.args.push_back(std::exchange(options.program, place_.prefix.front()));
  }
  options.args.insert(options.args.end(), serve.begin(), serve.end());
  options.args.insert(options.args.end(), flags_.begin(), flags_.end());
  process_ = std::make_unique<Process>(std::move(options));
  if (!Eventually([&] { return std::filesystem::exists(ready); })) {
    throw std::runtime_error("the hub did not start: " + process_->Err());
  }
  std::ifstream(ready) >> base_;
  listen_ = base_.substr(base_.find("://") + 3);
}

Finished HubProcess::End(int signal) {
  process_->Signal(signal);
  return process_->Wait();
}

void HubProcess::Restart(int signal) {
  End(signal);
  Start();
}

PeerAnswer HubProcess::Post(const std::vector<std::pair<std::string, std::string>>& form) {
  return Ask("POST", Hub(), "application/x-www-form-urlencoded", FormBody(form));
}

PeerAnswer HubProcess::Subscribe(const std::string& topic, const std::string& callback,
                                 std::vector<std::pair<std::string, std::string>> more) {
  std::vector<std::pair<std::string, std::string>> form = {
      {"hub.mode", "subscribe"}, {"hub.topic", topic}, {"hub.callback", callback}};
  form.insert(form.end(), more.begin(), more.end());
  return Post(form);
}

PeerAnswer HubProcess::Put(const std::string& name, const std::string& body,
                           const std::string& type) {
  return Ask("PUT", Topic(name), type, body);
}

nlohmann::json HubProcess::Get(const std::string& path) {
  return nlohmann::json::parse(Ask("GET", base_ + "/api/v1" + path).body);
}

bool HubProcess::WaitForState(const std::string& callback, const std::string& state) {
  return Eventually([&] {
    const auto found =
        Get("/subscriptions?state=all&order=newest&callback=" + PercentEncode(callback))["items"];
    return !found.empty() && found[0]["state"] == state;
  });
}

bool HubProcess::SubscribeVerified(const std::string& topic, const std::string& callback,
                                   std::vector<std::pair<std::string, std::string>> more) {
  return Subscribe(topic, callback, std::move(more)).status == 202 &&
         WaitForState(callback, "active");
}

}  // namespace websub::tests
