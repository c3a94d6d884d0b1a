// Hubs and feed URL of a JSON Feed, by the SAX interface of nlohmann/json: no tree, and no
// recursion, so that deep nesting costs a bit a level.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "core/document_readers.h"
#include "core/text.h"

namespace websub {
namespace {

// What only FHIRcast calls so: its configuration, and what a launch tells of a session.
constexpr std::array<std::string_view, 5> kFhircastNames = {"fhircastVersion", "eventsSupported",
                                                            "hub.topic", "hub.url", "hub.events"};

constexpr std::string_view kVersionPrefix = "https://jsonfeed.org/version/";

struct JsonHub {
  std::string type;
  std::optional<std::string> url;
};

// Receives what the parser finds. Of each value only its place counts: the member of the top level
// it stands in, and whether it is a member of an object in "hubs".
class FeedHandler : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::string version;
  std::optional<std::string> feed_url;
  std::vector<JsonHub> hubs;
  std::string fhircast;  // the first name of its own; empty: none
  bool broken = false;
  bool too_many = false;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }

  bool string(string_t& value) override {
    if (depth_ == 1 && top_is_object_) {
      if (key_ == "version") version = value;
      if (key_ == "feed_url") feed_url = value;
    } else if (in_hub_ && depth_ == 3) {
      if (hub_key_ == "type") hubs.back().type = value;
      if (hub_key_ == "url") hubs.back().url = value;
    }
    return true;
  }

  bool key(string_t& name) override {
    if (depth_ == 1) {
      key_ = name;
      const bool known =
          std::find(kFhircastNames.begin(), kFhircastNames.end(), name) != kFhircastNames.end();
      if (known && fhircast.empty()) fhircast = name;
    }
    if (depth_ == 3) hub_key_ = name;
    return true;
  }

  bool start_object(std::size_t) override {
    if (depth_ == 0) top_is_object_ = true;
    if (depth_ == 2 && in_hubs_) {
      too_many = too_many || hubs.size() == kMaxLinksPerPlace;
      in_hub_ = !too_many;
      if (in_hub_) hubs.emplace_back();
    }
    ++depth_;
    return true;
  }

  bool end_object() override {
    if (--depth_ == 2) in_hub_ = false;
    return true;
  }

  bool start_array(std::size_t) override {
    if (depth_ == 1) in_hubs_ = top_is_object_ && key_ == "hubs";
    ++depth_;
    return true;
  }

  bool end_array() override {
    if (--depth_ == 1) in_hubs_ = false;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    broken = true;
    return false;
  }

 private:
  std::size_t depth_ = 0;
  bool top_is_object_ = false;
  bool in_hubs_ = false;
  bool in_hub_ = false;
  std::string key_;      // of the top level
  std::string hub_key_;  // of an object in hubs
};

}  // namespace

void ReadJsonFeed(std::string_view text, LinkSink* sink) {
  FeedHandler feed;
  nlohmann::json::sax_parse(text.begin(), text.end(), &feed);
  if (!feed.version.starts_with(kVersionPrefix)) {
    if (!feed.hubs.empty() || feed.feed_url) {
      sink->Warn("json-feed-without-version",
                 "the JSON names hubs or a feed_url, but its version is no JSON Feed's: it must "
                 "begin with https://jsonfeed.org/version/");
    }
    if (!feed.fhircast.empty()) {
      sink->Warn("fhircast", "the JSON is of FHIRcast: it names " + Quote(feed.fhircast) +
                                 ". Its subscriptions go over a WebSocket and are not implemented "
                                 "here; a WebSub topic names its hub and itself by links");
    }
    return;
  }
  sink->result().kind = DocumentKind::kJsonFeed;
  if (feed.broken) {
    sink->Warn("document-not-well-formed",
               "the JSON ends early or is broken; what stands before was read");
  }
  for (const JsonHub& hub : feed.hubs) {
    if (!EqualIgnoringCase(hub.type, "websub")) {
      sink->Warn("json-hub-type",
                 "a hub of type " + Quote(hub.type) + " is not a WebSub hub; it was left out");
    } else {
      sink->Add("hub", hub.url ? &*hub.url : nullptr, "", LinkPlace::kHead, 0);
    }
  }
  if (feed.too_many) {
    sink->Warn("document-too-many-links", "only the first 100 hubs of the JSON Feed were read");
  }
  if (feed.feed_url) sink->Add("self", &*feed.feed_url, "", LinkPlace::kHead, 0);
}

}  // namespace websub
