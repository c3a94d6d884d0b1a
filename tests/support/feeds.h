// Small Atom feeds, and messages that carry them as the hub would keep them with --feed-diff.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/feed_diff.h"
#include "hub/store/types.h"

namespace websub::tests {

// An entry whose id and title are these.
inline std::string AtomEntry(const std::string& id, const std::string& title = "") {
  return "<entry><id>urn:" + id + "</id><title>" + title + "</title></entry>";
}

// Each of `entries` is an id, or a whole entry.
inline std::string AtomFeed(const std::vector<std::string>& entries,
                            const std::string& title = "t") {
  std::string feed =
      "<?xml version=\"1.0\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<title>" + title +
      "</title>\n";
  for (const std::string& entry : entries) {
    feed += (entry.starts_with('<') ? entry : AtomEntry(entry)) + "\n";
  }
  return feed + "</feed>\n";
}

inline hub::NewMessage AsFeed(hub::NewMessage message, const std::string& feed) {
  message.content_type = "application/atom+xml";
  message.body = std::make_shared<const std::string>(feed);
  message.entries = DigestsOf(ReadFeed(message.content_type, feed));
  return message;
}

}  // namespace websub::tests
