// Where `inspect` asks: a running hub, or its file. Both answer the same (hub/api/read_api.h).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/environment.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/shared_flags.h"
#include "core/result.h"
#include "core/time.h"

namespace websub::cli::inspect {

struct SourceAnswer {
  int status = 200;
  Json body;  // {"error": a sentence} where the status is no success
};

// No answer that can be read came.
struct SourceFailure {
  ExitStatus status = ExitStatus::kInternal;
  std::string sentence;
};

class Source {
 public:
  virtual ~Source() = default;
  // `path` and `query` as in a request line.
  virtual tl::expected<SourceAnswer, SourceFailure> Get(const std::string& path,
                                                        const std::string& query) = 0;
  // Asks for a change. A file refuses.
  virtual tl::expected<SourceAnswer, SourceFailure> Post(const std::string& path) = 0;
  // Whether it keeps a question for events until there are some, as long as that asks for.
  virtual bool Waits() const = 0;
  // Waits; the status to end with where a signal came meanwhile.
  virtual std::optional<ExitStatus> Pause(Duration duration) = 0;
};

inline constexpr char kDefaultHub[] = "http://127.0.0.1:4820";

struct SourcePlace {
  std::optional<std::string> hub;
  std::optional<std::string> db;
  std::string api_token;  // of the hub's API; empty: none
};

// `hub` is the hub's endpoint (http://host/hub) or its base (http://host), `db` its file; at most
// one of them. Without both: the hub that WEBSUB_HUB_URL names, as `serve` sets it for its command,
// or kDefaultHub.
Result<std::unique_ptr<Source>> OpenSource(Environment& environment, const SourcePlace& place,
                                           const TlsOptions& tls);

// "http://host/hub", "http://host/" and ":4820" become the base that /api/v1 stands behind.
Result<std::string> HubBase(const std::string& hub);

}  // namespace websub::cli::inspect
