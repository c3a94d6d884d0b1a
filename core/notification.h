// The head of a content distribution request (section 7).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/url.h"

namespace websub {

// What every delivery of one message has in common.
struct NotificationContent {
  std::string content_type;       // the topic's own, parameters included (HUB-DIS-02); may be empty
  std::vector<std::string> hubs;  // absolute (HUB-DIS-03)
  std::string self;               // absolute
  std::string message_id;
  std::size_t body_size = 0;  // bytes
  std::string entries = {};   // "2 of 40, since m17", where the body leaves out some of a feed's
};

// The lines that do not change between subscribers (Content-Type, Link, message id, length, user
// agent, what a feed was reduced to), each ended by CRLF: built once per message. Control
// characters in a value are left out, so that no value can end its line. An empty content type
// makes no Content-Type line. The hubs and the self stand in one Link field (HUB-DIS-04); '<' and
// '>' inside of them are percent-encoded.
std::string SharedHead(const NotificationContent& content);

// The lines that do not change between the messages of a subscriber: POST and Host. A userinfo in
// the callback's URL becomes an Authorization: Basic field.
std::string NotificationStart(const Url& callback);

// The whole head up to and with the empty line: the two above, the attempt (1, 2, …), and what
// Signer made of the body, unless that is empty (HUB-SIG-01, HUB-SIG-03).
std::string NotificationHead(std::string_view start, std::string_view shared_head, int attempt,
                             std::string_view signature);

}  // namespace websub
