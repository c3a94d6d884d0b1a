#include "hub/store/moves.h"

#include <sqlite3.h>

namespace websub::hub {

namespace {

void Move(sqlite3_context* context, int, sqlite3_value** values) {
  auto* moves = static_cast<Moves*>(sqlite3_value_pointer(values[0], Pointer::kType));
  if (moves == nullptr) return sqlite3_result_error(context, "no moves", -1);
  const MessageId to = sqlite3_value_int64(values[3]);
  moves->Note(sqlite3_value_int64(values[1]), sqlite3_value_int64(values[2]), to,
              sqlite3_value_int64(values[4]) != 0);
  sqlite3_result_int64(context, to);
}

}  // namespace

void Moves::Register(Database& database) {
  constexpr int kValues = 5;
  database.Define("websub_move", kValues, Move);
}

void Moves::Note(TopicId topic, MessageId from, MessageId to, bool waits) {
  topic_ = topic;
  if (!waits) return;
  --At(from).waiting;
  ++At(to).waiting;
}

void Moves::Write(Database& database) const {
  for (const auto& [place, counts] : counts_) {
    database.Run(
        "INSERT INTO standing (topic_id, message_id, waiting, taken, dead) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET waiting = waiting + excluded.waiting, "
        "taken = taken + excluded.taken, dead = dead + excluded.dead",
        place.first, place.second, counts.waiting, counts.taken, counts.dead);
  }
}

}  // namespace websub::hub
