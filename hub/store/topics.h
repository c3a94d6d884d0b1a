// What several parts of the room do with topics and their logs, within an operation of the writer.
#pragma once

#include <string>

#include "core/result.h"
#include "hub/store/database.h"
#include "hub/store/types.h"

namespace websub::hub {

// The topic's id; it is made where it does not exist.
TopicId TopicFor(Database& database, const std::string& url, Time now);

// Appends to the log of this topic, whatever `message.topic` says. The answer carries the body.
// kInvalid: a hub's URL with a line break.
Result<Message> Append(Database& database, TopicId topic, const NewMessage& message);

// Where the hub hosts a topic under that name, it shows this message from now on.
void ShowHosted(Database& database, const std::string& name, const Message& message);

}  // namespace websub::hub
