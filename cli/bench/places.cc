#include "cli/bench/places.h"

#include <charconv>

#include "core/url.h"

namespace websub::cli::bench {
namespace {

std::string Hex(std::uint64_t number) {
  char text[17] = {};
  std::to_chars(text, text + 16, number, 16);
  return text;
}

// Whether a port is written: one that is the default of its scheme is not told apart by Url::port.
bool NamesPort(const Url& url) {
  const std::string& text = url.text();
  const std::size_t begin = text.find("//") + 2;
  const std::string authority = text.substr(begin, text.find_first_of("/?#", begin) - begin);
  return authority.find(':', authority.rfind(']') + 1) != std::string::npos;
}

}  // namespace

Result<Places> Places::Make(const PlacesShape& shape, const std::string& base,
                            const std::vector<std::uint16_t>& ports) {
  const auto url = Url::Parse(base);
  if (!url) return tl::unexpected(url.error());
  if (url->has_fragment() || url->target().find('?') != std::string::npos) {
    return Fail(ErrorCode::kInvalid, "use a URL without query and fragment");
  }
  const std::string stem = base.ends_with('/') ? base.substr(0, base.size() - 1) : base;
  const bool one = NamesPort(*url) || url->target() != "/";
  if (one && ports.size() > 1) {
    return Fail(ErrorCode::kInvalid,
                "a URL with a port or a path is a single origin: add --origins 1" +
                    std::string(shape.stalled_origins > 0 ? " --mix-stalled" : ""));
  }
  Places places;
  places.shape_ = shape;
  places.token_ = "/" + Hex(shape.run);
  for (const std::uint16_t port : ports) {
    places.origins_.push_back(one ? stem : stem + ":" + std::to_string(port));
  }
  for (std::uint32_t topic = 0; topic < shape.topics; ++topic) {
    places.topics_.push_back(places.origins_[0] + "/t/" + std::to_string(topic) + places.token_);
  }
  return places;
}

// Subscribers of one topic lie on different origins, and those of one origin follow different
// topics.
std::size_t Places::OriginOf(std::uint32_t subscriber) const {
  const std::uint32_t answering = shape_.subscribers - shape_.stalled;
  if (subscriber >= answering && shape_.stalled_origins > 0) {
    return shape_.origins + (subscriber - answering) % shape_.stalled_origins;
  }
  return (subscriber / shape_.topics + subscriber % shape_.topics) % shape_.origins;
}

std::string Places::Callback(std::uint32_t subscriber) const {
  return origins_[OriginOf(subscriber)] + "/s/" + std::to_string(subscriber) + token_;
}

}  // namespace websub::cli::bench
