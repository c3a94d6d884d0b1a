// One notification on its way through `subscribe`, and what was done with it beside printing it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/commands/subscriber.h"
#include "core/time.h"
#include "hub/http/server.h"

namespace websub::cli {

struct Arrival {
  Delivery delivery;
  hub::http::Request request;  // as it came; its body is below
  // Null where the body went to a file and nothing needs it in memory.
  std::shared_ptr<const std::string> body;
  std::size_t bytes = 0;  // of the body
  std::string file;       // where --output-dir has put the body; empty: nowhere

  std::string_view Body() const { return body ? std::string_view(*body) : std::string_view(); }
};

// What the application of --forward-to said.
struct AppAnswer {
  std::string url;
  int status = 0;      // 0: no answer came
  std::string reason;  // of its status line
  std::string content_type;
  std::string body;       // of the answer, as much as is kept
  std::size_t bytes = 0;  // of the body, all that came
  std::string problem;    // why no answer came, and what to do about it
  Duration took{};
  hub::http::Response response;  // what the hub gets

  bool Ok() const { return status >= 200 && status < 300; }
};

// How the program of --exec ended.
struct ProgramEnd {
  std::optional<int> status;  // nothing where it was ended, or never began
  std::string problem;        // what went wrong; empty: nothing
  std::string out;
  std::string err;
  Duration took{};

  bool Ok() const { return status == 0; }
};

}  // namespace websub::cli
