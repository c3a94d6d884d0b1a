// A hub that does what a test tells it, made of a peer that is not our own code: it advertises
// itself for a topic, answers requests, verifies them, and delivers when it is told to.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/http_peer.h"

namespace websub::tests {

struct HubRequest {
  std::map<std::string, std::string> form;  // decoded
  PeerRequest raw;

  std::string operator[](const std::string& name) const;  // "" where it was not sent
};

// What the hub does from now on.
struct HubScript {
  int status = 202;
  PeerFields fields;
  std::string body;
  enum class Verify { kAfterwards, kBeforeItAnswers, kNever } verify = Verify::kAfterwards;
  std::string lease = "600";  // empty: hub.lease_seconds is left out
};

class ScriptedHub {
 public:
  static constexpr char kChallenge[] = "c-~._0+";  // as sent; decoded it ends with a space

  ScriptedHub();
  ~ScriptedHub();

  std::string topic() const;  // answers with Link headers to itself and to hub()
  std::string hub() const;
  HttpPeer& peer();
  void Play(HubScript script);

  std::vector<HubRequest> Requests() const;
  // Waits until that many came; what has come then.
  std::vector<HubRequest> WaitForRequests(std::size_t count) const;
  // What the verifications of its own were answered.
  std::vector<PeerAnswer> WaitForVerifications(std::size_t count) const;

  // The verification GET for a request; `mode` and `topic` in place of its own where they are
  // given.
  PeerAnswer Verify(const HubRequest& request, const std::string& lease = "600",
                    const std::string& mode = "", const std::string& topic = "") const;
  PeerAnswer Deny(const HubRequest& request, const std::string& reason) const;
  PeerAnswer Deliver(const HubRequest& request, const std::string& body,
                     const std::string& signature = "", PeerFields fields = {}) const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace websub::tests
