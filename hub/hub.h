// The hub that `websub serve` runs: opens the store, listens, takes up what was left, and runs
// until it is told to stop. Wires the rooms; decides nothing itself.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/address_policy.h"
#include "core/backoff.h"
#include "core/feed_diff.h"
#include "core/lease.h"
#include "core/result.h"
#include "core/signature.h"
#include "hub/access/policy.h"
#include "hub/api/api.h"
#include "hub/clock.h"
#include "hub/delivery/callback_rules.h"
#include "hub/gate.h"
#include "hub/hooks/make.h"
#include "hub/http/client.h"
#include "hub/http/loop.h"
#include "hub/http/server.h"
#include "hub/random.h"
#include "hub/rate_limiter.h"
#include "hub/store/retention.h"
#include "hub/store/secret_key.h"

namespace websub::hub {

// Whether the hub calls loopback, private and other non-public addresses.
enum class AllowPrivate {
  kAuto,  // only while it listens on a loopback address itself
  kAlways,
  kNever,
};

enum class Demo { kOff, kOn };

struct HubOptions {
  std::string db;  // a file, or ":memory:"
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 4820;  // 0 takes a free one
  std::string public_url;            // what it advertises; empty: http(s)://ADDRESS:PORT
  LeasePolicy lease;
  SubscriptionSecurity security;
  SignatureAlgorithm signature_algorithm = SignatureAlgorithm::kSha256;
  CallbackRules callback_rules;  // what is different for some callbacks
  RetryPolicy retry;
  Duration delivery_timeout = std::chrono::seconds(10);
  std::size_t max_body = 10 * 1024 * 1024;  // bytes, of a request and of a fetched topic
  AllowPrivate allow_private = AllowPrivate::kAuto;
  std::vector<AllowedHost> allow_callback;  // callbacks there, private or not
  std::vector<AllowedHost> allow_topic;     // topics there, private or not
  PortList allow_ports;                     // of both; empty: all but a few
  bool allow_credentials = false;           // user names and passwords in URLs
  HookOptions hooks;                        // a URL, a command, or neither
  std::optional<Policy> access;             // who may do what; nothing: everybody everything
  bool require_registration = false;        // ApiOptions says what these are
  bool force_deregister = false;
  std::size_t most_on_host = 0;
  // What the secrets in the store are sealed with, and were before (StoreOptions).
  std::optional<SecretKey> secret_key;
  std::optional<SecretKey> old_secret_key;
  std::string api_token;                      // GuardOptions says what that is
  std::optional<Rate> requests_per_identity;  // nothing: without limit
  FeedDiff feed_diff = FeedDiff::kOff;        // deliver only the new entries of feeds
  RetentionPolicy retention;
  Demo demo = Demo::kOff;
  http::ClientOptions client;
  http::ServerOptions server;  // its TLS and limits; the rest is set by what stands above
  GateOptions gate;
};

class Hub {
 public:
  // Opens, listens and starts; what happens then happens on the loop. The loop, clock and random
  // outlive the hub. Errors are those of Store::Open, Server::Listen, Client::Make and MakeHooks.
  static Result<std::unique_ptr<Hub>> Start(http::Loop& loop, const Clock& clock, Random& random,
                                            HubOptions options);
  ~Hub();

  const std::string& base_url() const;  // "http://127.0.0.1:4820", without a slash at the end
  std::string hub_url() const;          // base_url and "/hub"

  // From now on this says who may do what.
  void ReplaceAccess(Policy policy);
  // Reads the certificate and its key again; an error leaves those that are in use.
  Result<void> ReloadTls();

  // Accepts no more, lets what is in flight finish within `grace`, puts everything on disk, then
  // calls `done` on the loop.
  void Stop(Duration grace, std::function<void()> done);

  // Told once, when requests are answered and all that the hub hosts by itself can be fetched.
  std::function<void()> on_ready;
  // Told of each exchange as it is recorded; and of what a peer sent that never became a request,
  // or what a hook complains of (its peer is "hook") or the issuers of tokens ("access").
  std::function<void(const Exchange&)> on_exchange;
  std::function<void(std::string sentence, std::string peer)> on_notice;

  struct Impl;

 private:
  explicit Hub(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace websub::hub
