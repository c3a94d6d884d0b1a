// Which URLs the subscribers and topics of `bench` have, and on which port each lies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"

namespace websub::cli::bench {

struct PlacesShape {
  std::uint64_t run = 0;  // part of every path: nobody guesses a callback (SUB-REQ-05)
  std::uint32_t subscribers = 0;
  std::uint32_t stalled = 0;  // the last ones
  std::uint32_t topics = 1;
  std::uint32_t origins = 1;  // ports of those that answer
  std::uint32_t stalled_origins =
      0;  // ports behind those, of the stalled; 0: they share the others
};

class Places {
 public:
  // `base` is what the hub is told: "http://127.0.0.1" gets the port of each origin,
  // "http://x:80/y" is one origin and stays as it is. kInvalid where it is no such URL, or names a
  // port for several.
  static Result<Places> Make(const PlacesShape& shape, const std::string& base,
                             const std::vector<std::uint16_t>& ports);

  // Index of the port.
  std::size_t OriginOf(std::uint32_t subscriber) const;
  std::string Callback(std::uint32_t subscriber) const;
  const std::string& Topic(std::uint32_t topic) const { return topics_[topic]; }

 private:
  PlacesShape shape_;
  std::string token_;
  std::vector<std::string> origins_;
  std::vector<std::string> topics_;
};

}  // namespace websub::cli::bench
