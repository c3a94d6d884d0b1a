// Where the keys of an issuer come from: a file, or a URL. Keeps them, and gets them anew when they
// are old or a token names a key that is not among them.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/url.h"
#include "hub/access/jwk_set.h"
#include "hub/clock.h"
#include "hub/transport.h"

namespace websub::hub {

enum class KeyVerdict {
  kValid,
  kForged,
  kNoKey,        // the issuer has no such key
  kUnavailable,  // the issuer's keys could not be got: ask again later
};

struct JwksLimits {
  Duration min_age = std::chrono::seconds(60);  // within these Cache-Control is followed
  Duration max_age = std::chrono::hours(24);
  Duration default_age = std::chrono::minutes(10);
  Duration stale_for =
      std::chrono::hours(24);  // old keys stand in so long for an issuer that fails
  // Between two fetches, whatever tokens come. After the very first failure it is shorter.
  Duration pause = std::chrono::seconds(30);
  Duration first_pause = std::chrono::seconds(5);
  Duration timeout = std::chrono::seconds(10);
  std::size_t max_waiting = 256;  // tokens that wait for a fetch; beyond: kUnavailable
};

// Used on the loop's thread only. Lives on while a fetch is under way.
class Jwks {
 public:
  using Done = std::function<void(KeyVerdict)>;

  virtual ~Jwks() = default;
  // Calls `done` once: at once where the keys are there, else when they have come or failed to.
  virtual void Check(SignedText token, Done done) = 0;
};

using Notice = std::function<void(std::string sentence)>;

// The file is read anew when it changed, looked at no more than once a second. One that cannot be
// read any more leaves the keys as they were.
std::shared_ptr<Jwks> MakeFileJwks(std::string file, const Clock& clock, Notice notice);

// Fetched through the transport, which verifies TLS; redirects are not followed. One fetch at a
// time serves all who wait. `transport` and `clock` outlive every callback.
std::shared_ptr<Jwks> MakeUrlJwks(const Url& url, Transport& transport, const Clock& clock,
                                  Notice notice, JwksLimits limits = {});

// The keys that the file holds now. The sentences of the errors do not name the file.
Result<JwkSet> ReadJwkFile(const std::string& file);

}  // namespace websub::hub
