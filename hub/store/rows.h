// Rows turned into the hub's values. Each reader belongs to the list of columns above it, which
// stands in a SELECT together with the FROM beside it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hub/store/database.h"
#include "hub/store/store.h"

namespace websub::hub {

inline constexpr std::string_view kSelectTopic =
    "SELECT id, url, last_message, created_at, etag, last_modified, content_hash, fetched_at, "
    "registered_at, registered_by "
    "FROM topic AS row ";
Topic ReadTopic(const Rows& rows);

inline constexpr std::string_view kSelectSubscription =
    "SELECT row.id, row.topic_id, topic.url, row.callback, row.secret, row.state, row.lease, "
    "row.created_at, row.verified_at, row.expires_at, row.ended_at, "
    "coalesce(position.cursor, 0), row.attempts, row.first_attempt, row.retry_at, row.identity, "
    "row.algorithm, "
    "CASE position.cursor WHEN row.gap_end THEN row.gap_start ELSE position.cursor END "
    "FROM subscription AS row CROSS JOIN topic ON topic.id = row.topic_id "
    "LEFT JOIN position ON position.subscription_id = row.id ";
std::string SelectSubscriptionBy(std::string_view index);  // the same by an index
Subscription ReadSubscription(const Rows& rows);

inline constexpr std::string_view kSelectIntent =
    "SELECT row.id, row.subscription_id, row.mode, topic.url, subscription.callback, row.secret, "
    "row.lease, row.created_at, row.attempts, row.due_at, row.identity, row.algorithm, "
    "row.verify_token, row.reason, subscription.topic_id "
    "FROM intent AS row CROSS JOIN subscription ON subscription.id = row.subscription_id "
    "CROSS JOIN topic ON topic.id = subscription.topic_id ";
Intent ReadIntent(const Rows& rows);

inline constexpr std::string_view kSelectMessage =
    "SELECT row.id, row.topic_id, topic.url, row.created_at, row.content_type, row.hubs, row.self, "
    "row.size FROM message AS row JOIN topic ON topic.id = row.topic_id ";
inline constexpr std::string_view kSelectWholeMessage =
    "SELECT row.id, row.topic_id, topic.url, row.created_at, row.content_type, row.hubs, row.self, "
    "row.size, row.body FROM message AS row JOIN topic ON topic.id = row.topic_id ";
Message ReadMessage(const Rows& rows);
Message ReadWholeMessage(const Rows& rows);

// The columns of LaneRow, from subscription and position.
inline constexpr std::string_view kLaneColumns =
    "id, callback, origin, secret, expires_at, cursor, attempts, first_attempt, retry_at, "
    "algorithm, CASE cursor WHEN gap_end THEN gap_start ELSE cursor END";
LaneRow ReadLane(const Rows& rows, int first_column, TopicId topic);

// What a delivery leaves out comes from its subscription (schema/001.sql).
inline constexpr std::string_view kSelectExchange =
    "SELECT row.id, row.at, row.direction, row.kind, row.subscription_id, row.message_id, "
    "coalesce(row.topic, topic.url), coalesce(row.callback, subscription.callback), "
    "coalesce(row.url, subscription.callback), row.peer, row.attempt, row.status, row.fault, "
    "row.outcome, row.resolve, row.connect, row.tls, row.first_byte, row.total, "
    "row.response_body_size, row.identity "
    "FROM exchange AS row ";
inline constexpr std::string_view kSelectWholeExchange =
    "SELECT row.id, row.at, row.direction, row.kind, row.subscription_id, row.message_id, "
    "coalesce(row.topic, topic.url), coalesce(row.callback, subscription.callback), "
    "coalesce(row.url, subscription.callback), row.peer, row.attempt, row.status, row.fault, "
    "row.outcome, row.resolve, row.connect, row.tls, row.first_byte, row.total, "
    "row.response_body_size, row.identity, row.request_head, row.request_body, row.response_head, "
    "row.response_body, row.head_at, head.bytes "
    "FROM exchange AS row LEFT JOIN head ON head.id = row.head_id ";
// Follows either FROM, and an INDEXED BY.
inline constexpr std::string_view kJoinExchange =
    "LEFT JOIN topic ON topic.id = row.topic_id "
    "LEFT JOIN subscription ON row.callback IS NULL AND subscription.id = row.subscription_id ";
Exchange ReadExchange(const Rows& rows);
Exchange ReadWholeExchange(const Rows& rows);

inline constexpr std::string_view kSelectDeadLetter =
    "SELECT row.id, row.subscription_id, row.message_id, topic.url, subscription.callback, "
    "row.attempts, row.reason, row.at "
    "FROM dead_letter AS row CROSS JOIN subscription ON subscription.id = row.subscription_id "
    "CROSS JOIN topic ON topic.id = subscription.topic_id ";
DeadLetter ReadDeadLetter(const Rows& rows);

// A list of URLs as one text, one a line.
std::string JoinLines(const std::vector<std::string>& lines);
std::vector<std::string> SplitLines(std::string_view text);

// The statement of a SELECT above and what follows it.
std::string Sql(std::string_view select, std::string_view rest);

}  // namespace websub::hub
