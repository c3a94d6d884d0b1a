// Hooks as the hub uses them: what is told, how many are asked at once, what is recorded.
#include <doctest/doctest.h>

#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "hub/hooks/make.h"
#include "tests/support/fake_transport.h"
#include "tests/support/manual_clock.h"
#include "tests/support/task_queue.h"
#include "tests/support/temp_dir.h"

namespace websub::tests {

using hub::HookAccept;
using hub::HookAnswer;
using hub::HookDeny;
using hub::HookEvent;
using hub::HookFault;
using hub::HookOptions;
using hub::HookQuestion;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

HookQuestion Question() {
  HookQuestion question;
  question.event = HookEvent::kSubscription;
  question.topic = "https://t.example/feed?a=1";
  question.callback = "https://s.example/cb";
  question.peer = "192.0.2.7:4000";
  question.authorization = "Bearer OPEN-SESAME";
  question.details = {{"hub.lease_seconds", "3600"},
                      {"hub.secret", "OPEN-SESAME"},
                      {"hub.verify_token", "OPEN-SESAME"}};
  question.now = Time(seconds(1767323045));
  return question;
}

class Asking {
 public:
  void Make(HookOptions options) {
    auto made = hub::MakeHooks(options, transport, clock,
                               {.on_exchange = [this](Exchange it) { recorded.push_back(it); },
                                .on_notice = [this](std::string it) { notices.push_back(it); },
                                .post = queue.Executor()});
    REQUIRE(made.has_value());
    hooks = std::move(*made);
  }
  void MakeUrl(HookOptions options = {}) {
    options.url = "http://u:p@hook.example/ask?key=OPEN-SESAME";
    Make(std::move(options));
  }
  void MakeCommand(const std::string& command, HookOptions options = {}) {
    options.command = command;
    Make(std::move(options));
  }

  // Where its answer will be.
  std::size_t Ask(HookQuestion question = Question()) {
    const std::size_t index = answers.size();
    answers.emplace_back();
    hooks->Ask(std::move(question), [this, index](HookAnswer answer) {
      CHECK_FALSE(answers[index].has_value());
      answers[index] = std::move(answer);
    });
    CHECK_FALSE(answers[index].has_value());
    return index;
  }
  bool AllAnswered() const {
    return std::all_of(answers.begin(), answers.end(), [](const auto& it) { return it; });
  }
  // Of a command.
  HookAnswer AskAndWait() {
    const auto index = Ask();
    REQUIRE(queue.RunUntil([&] { return answers[index].has_value(); }));
    return *answers[index];
  }
  std::string FaultOf(std::size_t index) const {
    if (!answers[index]) return "no answer yet";
    const auto* fault = std::get_if<HookFault>(&*answers[index]);
    return fault ? fault->reason : "";
  }

  ManualClock clock;
  FakeTransport transport{clock};
  TaskQueue queue;
  TempDir folder;
  std::vector<Exchange> recorded;
  std::vector<std::string> notices;
  std::deque<std::optional<HookAnswer>> answers;
  std::unique_ptr<hub::Hooks> hooks;
};

std::string Reason(const HookAnswer& answer) {
  const auto* deny = std::get_if<HookDeny>(&answer);
  return deny ? deny->reason : "no denial";
}

std::string AllOf(const Exchange& exchange) {
  return exchange.url.str() + exchange.request_head + exchange.request_body +
         exchange.response_head + exchange.response_body + exchange.outcome;
}

}  // namespace

TEST_CASE_FIXTURE(Asking, "a hook is a URL or a command or nothing") {
  const hub::HookOutlets outlets{.on_exchange = {}, .on_notice = {}, .post = queue.Executor()};
  const auto make = [&](HookOptions options) {
    return hub::MakeHooks(options, transport, clock, outlets);
  };
  HookOptions options;
  REQUIRE(make(options).has_value());
  CHECK(*make(options) == nullptr);
  options.url = "ftp://x/";
  CHECK_FALSE(make(options).has_value());
  options.url = "http://x/";
  CHECK(make(options).has_value());
  options.command = "true";
  CHECK_FALSE(make(options).has_value());
}

TEST_CASE("events of hooks are read from a list") {
  const auto events = hub::ParseHookEvents("subscription, update_message");
  REQUIRE(events.has_value());
  CHECK(*events == std::vector{HookEvent::kSubscription, HookEvent::kUpdateMessage});
  for (const char* wrong : {"", "subscription,", "subscribe", "subscription;update_message"}) {
    CHECK_FALSE(hub::ParseHookEvents(wrong).has_value());
  }
}

TEST_CASE_FIXTURE(Asking, "only events that were asked for are wanted") {
  MakeUrl();
  CHECK(hooks->Wants(HookEvent::kUnsubscriptionIntentVerified));
  HookOptions some;
  some.events = {HookEvent::kSubscription};
  MakeUrl(some);
  CHECK(hooks->Wants(HookEvent::kSubscription));
  CHECK_FALSE(hooks->Wants(HookEvent::kUnsubscription));
}

TEST_CASE_FIXTURE(Asking, "a URL is told by a POST of JSON") {
  MakeUrl();
  const auto index = Ask();
  REQUIRE(transport.calls.size() == 1);
  const auto& call = transport.calls[0];
  CHECK(call.RequestLine() == "POST /ask?key=OPEN-SESAME HTTP/1.1");
  CHECK(call.Field("Content-Type") == "application/json");
  CHECK(call.Field("User-Agent").starts_with("websub/"));
  CHECK(call.Field("Authorization") == "Basic dTpw");
  CHECK(call.Field("Content-Length") == std::to_string(call.body().size()));
  CHECK(call.request.timeout == seconds(5));
  CHECK(call.request.max_body == 64 * 1024);
  const json told = json::parse(call.body());
  CHECK(told == json::parse(R"({"event":"subscription","ts":"2026-01-02T03:04:05.000000Z",
      "topic":"https://t.example/feed?a=1","callback":"https://s.example/cb","identity":null,
      "peer":"192.0.2.7:4000","params":{"hub.lease_seconds":"3600"}})"));
  transport.AnswerNext(Answer(200, R"({"identity":"alice","regexes":["x.*"]})"));
  REQUIRE(answers[index].has_value());
  const auto* accept = std::get_if<HookAccept>(&*answers[index]);
  REQUIRE(accept);
  CHECK(accept->identity == "alice");
  CHECK(accept->topics == std::vector<std::string>{"x.*"});
}

TEST_CASE_FIXTURE(Asking, "no secret or token is told or recorded unless it was asked for") {
  MakeUrl();
  Ask();
  CHECK(transport.calls[0].body().find("SESAME") == std::string::npos);
  transport.AnswerNext(Answer(403, "no", {"Content-Type: text/plain"}));
  HookOptions telling;
  telling.authorization = hub::Authorization::kTold;
  MakeUrl(telling);
  Ask();
  CHECK(json::parse(transport.calls[1].body())["authorization"] == "Bearer OPEN-SESAME");
  transport.AnswerNext(Answer(200));
  REQUIRE(recorded.size() == 2);
  for (const Exchange& exchange : recorded) {
    CHECK(AllOf(exchange).find("SESAME") == std::string::npos);
    CHECK(AllOf(exchange).find("dTpw") == std::string::npos);
  }

  const std::string file = folder.File("told");
  MakeCommand("cat > " + file + "; env >> " + file);
  AskAndWait();
  std::ifstream told(file);
  const std::string text{std::istreambuf_iterator<char>(told), {}};
  CHECK(text.find("WEBSUB_TOPIC=https://t.example/feed?a=1\n") != std::string::npos);
  CHECK(text.find("WEBSUB_EVENT=subscription\n") != std::string::npos);
  CHECK(text.find("SESAME") == std::string::npos);
  CHECK(AllOf(recorded.back()).find("SESAME") == std::string::npos);
}

TEST_CASE_FIXTURE(Asking, "what a URL was asked is recorded without keys") {
  MakeUrl();
  Ask();
  clock.Advance(milliseconds(250));
  transport.AnswerNext(Answer(409, "taken\n", {"Content-Type: text/plain"}));
  REQUIRE(recorded.size() == 1);
  const Exchange& exchange = recorded[0];
  CHECK(exchange.kind == ExchangeKind::kHook);
  CHECK(exchange.direction == Direction::kOut);
  CHECK(exchange.url == "http://hook.example/ask?***");
  CHECK(exchange.topic == "https://t.example/feed?a=1");
  CHECK(exchange.callback == "https://s.example/cb");
  CHECK(exchange.request_head.starts_with("POST /ask?*** HTTP/1.1\r\n"));
  CHECK(json::parse(exchange.request_body)["authorization"] == "***");
  CHECK(exchange.status == 409);
  CHECK(exchange.response_body == "taken\n");
  CHECK(exchange.outcome == "subscription: refused with 409: taken");
  CHECK(exchange.timings.total == milliseconds(250));
}

TEST_CASE_FIXTURE(Asking, "a URL that cannot be relied on is a fault") {
  MakeUrl();
  const auto fault_of = [this](hub::OutgoingResult result) {
    const auto index = Ask();
    transport.AnswerNext(std::move(result));
    return FaultOf(index);
  };
  CHECK(fault_of(Broken(Fault::kRefused)) == "connection refused");
  CHECK(fault_of(Broken(Fault::kResponseTimeout, "")) == "response-timeout");
  CHECK(fault_of(BrokenOff(200, R"({"decision":"accept"})")) ==
        "192.0.2.1:80 closed the connection");
  CHECK(fault_of(Answer(502)) == "it answered 502");
  auto cut = Answer(200, R"({"decision":"accept"})");
  cut.body_cut = true;
  CHECK(fault_of(std::move(cut)) == "its answer is longer than 64 KiB");
}

TEST_CASE_FIXTURE(Asking,
                  "no more questions are under way than allowed and they keep their order") {
  HookOptions two;
  two.concurrency = 2;
  MakeUrl(two);
  for (int i = 0; i < 5; ++i) {
    HookQuestion question = Question();
    question.identity = std::to_string(i);
    Ask(std::move(question));
  }
  CHECK(transport.calls.size() == 2);
  while (transport.open() > 0) transport.AnswerNext(Answer(204));
  CHECK(transport.most_open == 2);
  REQUIRE(transport.calls.size() == 5);
  for (int i = 0; i < 5; ++i) {
    CHECK(json::parse(transport.calls[static_cast<std::size_t>(i)].body())["identity"] ==
          std::to_string(i));
  }
  CHECK(AllAnswered());
}

TEST_CASE_FIXTURE(Asking, "the time-out counts from the question on") {
  HookOptions one;
  one.concurrency = 1;
  MakeUrl(one);
  Ask();
  const auto second = Ask();
  const auto third = Ask();
  clock.Advance(seconds(4));
  transport.AnswerNext(Answer(200));
  REQUIRE(transport.calls.size() == 2);
  CHECK(transport.calls[1].request.timeout == seconds(1));
  clock.Advance(seconds(1));
  transport.AnswerNext(Broken(Fault::kResponseTimeout, "no answer in time"));
  CHECK(transport.calls.size() == 2);  // the third is not worth asking any more
  CHECK(FaultOf(second) == "no answer in time");
  CHECK(FaultOf(third) == "the question waited for its turn until its time was up");
  CHECK(recorded.size() == 3);
}

TEST_CASE_FIXTURE(Asking, "a clock that steps back gives no question more time") {
  HookOptions one;
  one.concurrency = 1;
  MakeUrl(one);
  Ask();
  Ask();
  clock.Advance(-seconds(3600));
  transport.AnswerNext(Answer(200));
  CHECK(transport.calls.at(1).request.timeout == seconds(5));
}

TEST_CASE_FIXTURE(Asking, "too many questions that wait are refused at once") {
  HookOptions few;
  few.concurrency = 1;
  few.max_waiting = 2;
  MakeUrl(few);
  for (int i = 0; i < 3; ++i) Ask();
  const auto over = Ask();
  queue.RunReady();
  CHECK(FaultOf(over) == "more than 2 questions wait for it already");
  transport.AnswerNext(Answer(200));
  const auto again = Ask();
  while (transport.open() > 0) transport.AnswerNext(Answer(200));
  CHECK(FaultOf(again).empty());
  CHECK(AllAnswered());
}

TEST_CASE_FIXTURE(Asking, "a question that an answer leads to has its turn") {
  HookOptions one;
  one.concurrency = 1;
  MakeUrl(one);
  bool second = false;
  hooks->Ask(Question(), [&](const HookAnswer&) {
    hooks->Ask(Question(), [&](const HookAnswer&) { second = true; });
  });
  transport.AnswerNext(Answer(200));
  transport.AnswerNext(Answer(200));
  CHECK(second);
}

TEST_CASE_FIXTURE(Asking, "hooks that were dropped call nothing") {
  HookOptions one;
  one.concurrency = 1;
  one.max_waiting = 0;
  MakeUrl(one);
  Ask();
  Ask();  // one too many
  hooks.reset();
  transport.AnswerNext(Answer(200));
  queue.RunReady();
  CHECK_FALSE(answers[0].has_value());
  CHECK_FALSE(answers[1].has_value());
  CHECK(recorded.empty());
}

TEST_CASE_FIXTURE(Asking, "a command that says nothing accepts") {
  MakeCommand("read line; test -n \"$line\"");
  CHECK(std::holds_alternative<HookAccept>(AskAndWait()));
  REQUIRE(recorded.size() == 1);
  CHECK(recorded[0].kind == ExchangeKind::kHook);
  CHECK(recorded[0].url == "command:read");
  CHECK(recorded[0].outcome == "subscription: accepted");
  CHECK(recorded[0].fault == Fault::kNone);
  CHECK(recorded[0].status == 200);
  CHECK(notices.empty());
}

TEST_CASE_FIXTURE(Asking, "a command refuses by its status with the reason it gives") {
  MakeCommand("echo 'not on the list' >&2; exit 1");
  CHECK(Reason(AskAndWait()) == "not on the list");
  CHECK(recorded.back().status == 403);
  CHECK(notices.empty());
  MakeCommand("exit 3");
  CHECK(Reason(AskAndWait()) == "refused by the hook");
}

TEST_CASE_FIXTURE(Asking, "a command answers by JSON and what it complains of is a notice") {
  MakeCommand("echo '{\"identity\":\"alice\"}'; echo 'list is old' >&2");
  const auto answer = AskAndWait();
  REQUIRE(std::holds_alternative<HookAccept>(answer));
  CHECK(std::get<HookAccept>(answer).identity == "alice");
  CHECK(notices == std::vector<std::string>{"the hook's stderr says: list is old"});
  CHECK(recorded[0].identity == "alice");
  CHECK(recorded[0].response_body == "{\"identity\":\"alice\"}\n");
}

TEST_CASE_FIXTURE(Asking, "a command that cannot be relied on is a fault") {
  const auto fault_of = [this](const std::string& command) {
    HookOptions options;
    options.timeout = seconds(2);
    MakeCommand(command, options);
    const auto answer = AskAndWait();
    const auto* fault = std::get_if<HookFault>(&answer);
    return fault ? fault->reason : "no fault";
  };
  CHECK(fault_of("echo fine") == "its answer is not a JSON object: \"fine\"");
  CHECK(fault_of("yes") == "its answer is longer than 64 KiB");
  CHECK(fault_of("kill -9 $$") == "signal 9 ended it");
  CHECK(fault_of("/no/such/program").starts_with("it ended with status 127: "));
  CHECK(fault_of("sleep 60") == "no answer in time");
  CHECK(recorded.back().fault == Fault::kResponseTimeout);
  CHECK(recorded.back().status == 0);
  CHECK(recorded.back().outcome == "subscription: no usable answer: no answer in time");
}

TEST_CASE_FIXTURE(Asking, "no more programs run at once than allowed") {
  const std::string running = folder.File("running");
  const std::string counts = folder.File("counts");
  HookOptions four;
  four.concurrency = 4;
  four.timeout = seconds(60);
  MakeCommand("mkdir -p " + running + "/$$; ls " + running + " | wc -l >> " + counts +
                  "; sleep 0.02; rmdir " + running + "/$$",
              four);
  for (int i = 0; i < 24; ++i) Ask();
  REQUIRE(queue.RunUntil([this] { return AllAnswered(); }, seconds(60)));
  std::ifstream file(counts);
  int most = 0;
  int lines = 0;
  for (int count = 0; file >> count; ++lines) most = std::max(most, count);
  CHECK(lines == 24);
  CHECK(most <= 4);
  CHECK(most >= 2);
}

TEST_CASE_FIXTURE(Asking, "programs that hang keep the loop waiting for nothing") {
  HookOptions options;
  options.concurrency = 25;
  options.timeout = seconds(2);
  MakeCommand("trap '' TERM; sleep 60", options);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 25; ++i) Ask();
  CHECK(std::chrono::steady_clock::now() - begin < seconds(20));
  REQUIRE(queue.RunUntil([this] { return AllAnswered(); }));
  CHECK(std::chrono::steady_clock::now() - begin < seconds(40));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CHECK(FaultOf(i) == "no answer in time");
  }
}

}  // namespace websub::tests
