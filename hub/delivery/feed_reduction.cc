#include "hub/delivery/feed_reduction.h"

#include <charconv>
#include <system_error>
#include <utility>
#include <vector>

#include "core/feed_diff.h"

namespace websub::hub {

namespace {

constexpr std::string_view kSince = ", since m";

std::optional<MessageId> BaseOf(std::string_view value) {
  const std::size_t at = value.find(kSince);
  if (at == std::string_view::npos) return std::nullopt;
  value.remove_prefix(at + kSince.size());
  MessageId base = 0;
  const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), base);
  if (fault != std::errc() || end != value.data() + value.size() || base < 0) return std::nullopt;
  return base;
}

}  // namespace

std::optional<FeedReduction> ReduceFeed(const Store& store, const Message& message,
                                        MessageId base) {
  const auto entries = ReadFeed(message.content_type, *message.body);
  if (entries.empty()) return std::nullopt;
  std::vector<std::string> digests;
  digests.reserve(entries.size());
  for (const FeedEntry& entry : entries) digests.push_back(entry.digest);
  const auto old = store.HaveAppeared(message.topic_id, base, digests);
  std::vector<FeedEntry> dropped;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (old[i]) dropped.push_back(entries[i]);
  }
  if (dropped.empty()) return std::nullopt;
  return FeedReduction{
      .body = std::make_shared<const std::string>(WithoutEntries(*message.body, dropped)),
      .entries = entries.size() - dropped.size(),
      .of = entries.size()};
}

std::string FormatEntries(const FeedReduction& reduction, MessageId base) {
  return std::to_string(reduction.entries) + " of " + std::to_string(reduction.of) +
         std::string(kSince) + std::to_string(base);
}

std::shared_ptr<const std::string> SentBody(const Store& store, const Exchange& delivery,
                                            const Message& message) {
  const FieldList fields = HeadFields(delivery.request_head);
  const std::string entries = FirstField(fields, kEntriesField);
  if (entries.empty()) return message.body;
  const auto base = BaseOf(entries);
  auto reduction = base ? ReduceFeed(store, message, *base) : std::nullopt;
  const bool same = reduction && FormatEntries(*reduction, *base) == entries &&
                    std::to_string(reduction->body->size()) == FirstField(fields, "Content-Length");
  return same ? std::move(reduction->body) : nullptr;
}

}  // namespace websub::hub
