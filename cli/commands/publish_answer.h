// What `websub publish --host` answers to those who ask for a topic.
#pragma once

#include <string>
#include <vector>

#include "cli/commands/publish_files.h"
#include "hub/http/server.h"

namespace websub::cli {

struct TopicServer {
  std::vector<std::string> hubs;  // that each topic names
  std::string prefix;             // the path of the public URL, decoded; a proxy may leave it on
  bool lists = false;             // "/" names all the topics
};

// GET and HEAD of a topic: its content, one representation for all (PUB-DISC-03), with a Link
// header that names each hub and exactly one self (PUB-DISC-01, PUB-DISC-02); 304 where the client
// has it. 405 for another method, 404 for another path.
hub::http::Response AnswerFor(const TopicServer& server, const HostedTopics& topics,
                              const hub::http::Request& request, Time now);

// Whether the client has that content: If-None-Match, or else If-Modified-Since (RFC 9110
// section 13.2.2).
bool HasIt(const hub::http::Request& request, const HostedTopic& topic, Time now);

}  // namespace websub::cli
