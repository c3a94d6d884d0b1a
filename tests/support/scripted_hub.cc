#include "tests/support/scripted_hub.h"

#include <httplib.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "tests/support/deadline.h"
#include "tests/support/http_ask.h"

namespace websub::tests {
namespace {

// The value of a field in a form as it was sent, still encoded.
std::string RawValue(const std::string& form, const std::string& name) {
  const auto at = ("&" + form).find("&" + name + "=");
  if (at == std::string::npos) return "";
  const auto begin = at + name.size() + 1;
  return form.substr(begin, form.find('&', begin) - begin);
}

std::string Appended(const std::string& callback, const std::string& query) {
  return callback + (callback.find('?') == std::string::npos ? "?" : "&") + query;
}

std::string Encoded(const std::string& text) {
  return httplib::detail::encode_query_param(text);
}

}  // namespace

std::string HubRequest::operator[](const std::string& name) const {
  const auto found = form.find(name);
  return found == form.end() ? "" : found->second;
}

struct ScriptedHub::Impl {
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  HubScript script;                        // guarded by mutex
  std::vector<HubRequest> requests;        // guarded by mutex
  std::vector<PeerAnswer> verifications;   // guarded by mutex
  std::deque<std::function<void()>> jobs;  // guarded by mutex
  bool stopping = false;                   // guarded by mutex
  std::thread worker;
  HttpPeer peer;

  void Work();
  PeerAnswer OnRequest(const PeerRequest& raw, const ScriptedHub& hub);
  void Record(PeerAnswer answer);
};

void ScriptedHub::Impl::Work() {
  std::unique_lock lock(mutex);
  while (true) {
    changed.wait(lock, [this] { return stopping || !jobs.empty(); });
    if (stopping) return;
    const auto job = std::move(jobs.front());
    jobs.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

void ScriptedHub::Impl::Record(PeerAnswer answer) {
  const std::lock_guard lock(mutex);
  verifications.push_back(std::move(answer));
  changed.notify_all();
}

PeerAnswer ScriptedHub::Impl::OnRequest(const PeerRequest& raw, const ScriptedHub& hub) {
  HubRequest request;
  request.raw = raw;
  httplib::Params params;
  httplib::detail::parse_query_text(raw.body, params);
  for (const auto& [name, value] : params) request.form[name] = value;
  HubScript now;
  {
    const std::lock_guard lock(mutex);
    requests.push_back(request);
    now = script;
    changed.notify_all();
  }
  const bool accepts = now.status >= 200 && now.status < 300;
  const auto verify = [this, &hub, request, lease = now.lease] {
    Record(hub.Verify(request, lease));
  };
  if (accepts && now.verify == HubScript::Verify::kBeforeItAnswers) verify();
  if (accepts && now.verify == HubScript::Verify::kAfterwards) {
    const std::lock_guard lock(mutex);
    jobs.emplace_back(verify);
    changed.notify_all();
  }
  return {.status = now.status, .fields = now.fields, .body = now.body};
}

ScriptedHub::ScriptedHub() : impl_(std::make_unique<Impl>()) {
  impl_->peer.On(
      "GET", "/feed",
      {.status = 200,
       .fields = {{"Content-Type", "text/plain"},
                  {"Link", "<" + hub() + ">; rel=\"hub\", <" + topic() + ">; rel=\"self\""}},
       .body = "news"});
  impl_->peer.On("POST", "/hub",
                 [this](const PeerRequest& request) { return impl_->OnRequest(request, *this); });
  impl_->worker = std::thread([this] { impl_->Work(); });
}

ScriptedHub::~ScriptedHub() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  impl_->worker.join();
}

std::string ScriptedHub::topic() const {
  return impl_->peer.Url("/feed");
}

std::string ScriptedHub::hub() const {
  return impl_->peer.Url("/hub");
}

HttpPeer& ScriptedHub::peer() {
  return impl_->peer;
}

void ScriptedHub::Play(HubScript script) {
  const std::lock_guard lock(impl_->mutex);
  impl_->script = std::move(script);
}

std::vector<HubRequest> ScriptedHub::Requests() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}

std::vector<HubRequest> ScriptedHub::WaitForRequests(std::size_t count) const {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait_for(lock, kTestDeadline, [&] { return impl_->requests.size() >= count; });
  return impl_->requests;
}

std::vector<PeerAnswer> ScriptedHub::WaitForVerifications(std::size_t count) const {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait_for(lock, kTestDeadline,
                          [&] { return impl_->verifications.size() >= count; });
  return impl_->verifications;
}

PeerAnswer ScriptedHub::Verify(const HubRequest& request, const std::string& lease,
                               const std::string& mode, const std::string& topic) const {
  const std::string wanted = mode.empty() ? request["hub.mode"] : mode;
  std::string query = "hub.mode=" + wanted + "&hub.topic=" +
                      (topic.empty() ? RawValue(request.raw.body, "hub.topic") : Encoded(topic)) +
                      "&hub.challenge=" + kChallenge;
  if (wanted == "subscribe" && !lease.empty()) query += "&hub.lease_seconds=" + lease;
  return Ask("GET", Appended(request["hub.callback"], query));
}

PeerAnswer ScriptedHub::Deny(const HubRequest& request, const std::string& reason) const {
  return Ask("GET", Appended(request["hub.callback"], "hub.mode=denied&hub.topic=" +
                                                          RawValue(request.raw.body, "hub.topic") +
                                                          "&hub.reason=" + Encoded(reason)));
}

PeerAnswer ScriptedHub::Deliver(const HubRequest& request, const std::string& body,
                                const std::string& signature, PeerFields fields) const {
  if (!signature.empty()) fields.emplace_back("X-Hub-Signature", signature);
  return Ask("POST", request["hub.callback"], "", body, fields);
}

}  // namespace websub::tests
