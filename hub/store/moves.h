// What the cursors that move within one operation of the writer add up to: table standing
// (schema/001.sql). A batch moves a thousand cursors between a few messages, so that the counts
// cost a few rows.
#pragma once

#include <map>
#include <utility>

#include "hub/store/database.h"
#include "hub/store/types.h"

namespace websub::hub {

class Moves {
 public:
  struct Counts {
    std::int64_t waiting = 0;
    std::int64_t taken = 0;
    std::int64_t dead = 0;
  };

  // Statements that use kMoved can be prepared from now on.
  static void Register(Database& database);

  // websub_move(Moves, topic, from, to, waits): notes the move and is `to`. It saves a look at the
  // row before it is changed.
  void Note(TopicId topic, MessageId from, MessageId to, bool waits);
  // Of a message in the log that the latest move was in.
  Counts& At(MessageId message) { return counts_[{topic_, message}]; }
  // Adds everything to the table.
  void Write(Database& database) const;

 private:
  TopicId topic_ = 0;
  std::map<std::pair<TopicId, MessageId>, Counts> counts_;
};

}  // namespace websub::hub
