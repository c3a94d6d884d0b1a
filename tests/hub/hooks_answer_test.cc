#include "hub/hooks/answer.h"

#include <doctest/doctest.h>

#include "tests/support/cases.h"

namespace websub::tests {

using nlohmann::json;

namespace {

// As the tables write an answer.
json Written(const hub::HookAnswer& answer) {
  json it = json::object();
  if (const auto* accept = std::get_if<hub::HookAccept>(&answer)) {
    if (accept->identity) it["identity"] = *accept->identity;
    if (accept->topics) it["topics"] = *accept->topics;
    return {{"accept", it}};
  }
  if (const auto* deny = std::get_if<hub::HookDeny>(&answer)) {
    return {{"deny", {{"status", deny->status}, {"reason", deny->reason}}}};
  }
  if (const auto* redirect = std::get_if<hub::HookRedirect>(&answer)) {
    return {{"redirect", {{"status", redirect->status}, {"hubs", redirect->hubs}}}};
  }
  return {{"fault", std::get<hub::HookFault>(answer).reason}};
}

json Expected(const json& row) {
  for (const char* kind : {"accept", "deny", "redirect", "fault"}) {
    if (row.contains(kind)) return {{kind, row[kind]}};
  }
  return {};
}

std::string Fault(const hub::HookAnswer& answer) {
  const auto* fault = std::get_if<hub::HookFault>(&answer);
  return fault ? fault->reason : "";
}

}  // namespace

TEST_CASE("reads what a hook says in JSON") {
  for (const auto& row : ReadCases("hub/hook_json.json")) {
    CAPTURE(row["name"]);
    CHECK(Written(hub::ReadHookJson(row["text"].get<std::string>())) == Expected(row));
  }
}

TEST_CASE("reads what the URL of a hook answers (HUB-REQ-14)") {
  for (const auto& row : ReadCases("hub/hook_reply.json")) {
    CAPTURE(row["name"]);
    CHECK(Written(hub::ReadHookReply(row["status"], row["fields"].get<FieldList>(),
                                     row["body"].get<std::string>())) == Expected(row));
  }
}

TEST_CASE("reads how the program of a hook ends") {
  for (const auto& row : ReadCases("hub/hook_exit.json")) {
    CAPTURE(row["name"]);
    CHECK(Written(hub::ReadHookExit(row["status"], row["out"].get<std::string>(),
                                    row["err"].get<std::string>())) == Expected(row));
  }
}

TEST_CASE("what is too long or too many is no answer of a hook") {
  const std::string accept = R"({"decision":"accept"})";
  const std::string fits = accept + std::string(hub::kMaxHookAnswer - accept.size(), ' ');
  CHECK(Fault(hub::ReadHookExit(0, fits, "")).empty());
  CHECK(Fault(hub::ReadHookReply(200, {}, fits)).empty());
  CHECK(Fault(hub::ReadHookExit(0, fits + " ", "")) == "its answer is longer than 64 KiB");
  CHECK(Fault(hub::ReadHookReply(200, {}, fits + " ")) == "its answer is longer than 64 KiB");
  CHECK(Fault(hub::ReadHookReply(403, {}, fits + " ")) == "its answer is longer than 64 KiB");

  json many = {{"topics", std::vector<std::string>(1000, "x")}};
  CHECK(Fault(hub::ReadHookJson(many.dump())).empty());
  many["topics"].push_back("x");
  CHECK(Fault(hub::ReadHookJson(many.dump())) == "its \"topics\" has more than 1000 entries");

  CHECK(Fault(hub::ReadHookJson(json{{"identity", std::string(256, 'a')}}.dump())).empty());
  CHECK_FALSE(Fault(hub::ReadHookJson(json{{"identity", std::string(257, 'a')}}.dump())).empty());
  CHECK_FALSE(Fault(hub::ReadHookJson(std::string(60000, '['))).empty());
}

TEST_CASE("a first line is cut between characters and holds no control character") {
  CHECK(hub::FirstLine("") == "");
  CHECK(hub::FirstLine("\n\t \r\n one \r\ntwo") == "one");
  CHECK(hub::FirstLine(std::string(200, 'a')) == std::string(200, 'a'));
  CHECK(hub::FirstLine(std::string(201, 'a')) == std::string(200, 'a') + "...");
  CHECK(hub::FirstLine(std::string(199, 'a') + "\xc3\xa9") == std::string(199, 'a') + "...");
  CHECK(hub::FirstLine("a\x1b[0m\x7f!") == "a [0m !");
  CHECK(hub::FirstLine("caf\xe9") == "caf?");
  CHECK(hub::FirstLine("caf\xc3\xa9") == "caf\xc3\xa9");
}

TEST_CASE("an answer of a hook is described in one sentence") {
  CHECK(hub::Describe(hub::HookAccept{}) == "accepted");
  CHECK(hub::Describe(hub::HookAccept{.identity = "alice", .topics = {}}) == "accepted as alice");
  CHECK(hub::Describe(hub::HookDeny{401, "who?"}) == "refused with 401: who?");
  CHECK(hub::Describe(hub::HookRedirect{307, {"https://a/"}}) == "redirected to https://a/");
  CHECK(hub::Describe(hub::HookFault{"it answered 502"}) == "no usable answer: it answered 502");
}

}  // namespace websub::tests
