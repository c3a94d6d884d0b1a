// What a delivery with --feed-diff carries: the message without the entries that its subscriber was
// sent before (HUB-DIS-10).
//
// An entry is new for a subscription where the topic had not published this version of it up to the
// message that the subscription took last (Subscription::base). So what is given up comes again
// with the next message, and a subscriber is not sent what was there before he came. The same
// message and base always give the same bytes.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hub/store/store.h"

namespace websub::hub {

struct FeedReduction {
  std::shared_ptr<const std::string> body;
  std::size_t entries = 0;  // that are left in it
  std::size_t of = 0;       // that the message has
};

// Nothing where the message goes as it is: it is no feed that can be read, or all in it is new. A
// feed in which nothing is new is sent without any entries: the rest of it may have changed.
std::optional<FeedReduction> ReduceFeed(const Store& store, const Message& message, MessageId base);

// The field of the head that tells of it, as in "2 of 40, since m17".
inline constexpr std::string_view kEntriesField = "Websub-Entries";
std::string FormatEntries(const FeedReduction& reduction, MessageId base);

// What this recorded delivery of the message carried, by what its head tells of it. Null where that
// cannot be told any more.
std::shared_ptr<const std::string> SentBody(const Store& store, const Exchange& delivery,
                                            const Message& message);

}  // namespace websub::hub
