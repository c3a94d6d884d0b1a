#include <doctest/doctest.h>

#include "cli/commands/subscribe_report.h"
#include "tests/cli/fake_environment.h"

namespace websub::cli {
namespace {

const SubscriptionFacts kFacts{.topic = "https://t/feed", .hub = "https://h/hub", .callback = ""};

AppAnswer Failed(std::string body) {
  AppAnswer answer;
  answer.url = "http://localhost:3000/hook";
  answer.status = 500;
  answer.reason = "Internal Server Error";
  answer.content_type = "text/plain";
  answer.bytes = body.size();
  answer.body = std::move(body);
  answer.took = std::chrono::microseconds(12345);
  return answer;
}

Arrival Known() {
  Arrival arrival;
  arrival.delivery.message_id = "m1";
  arrival.delivery.attempt = 2;
  return arrival;
}

std::string Forwarded(FakeEnvironment& fake, const OutputOptions& options,
                      const AppAnswer& answer) {
  Output output(fake.environment, options);
  SubscribeReport(fake.environment, output, 1).Forwarded(kFacts, Known(), answer);
  return fake.out.str();
}

std::string Executed(FakeEnvironment& fake, const OutputOptions& options, const ProgramEnd& end) {
  Output output(fake.environment, options);
  SubscribeReport(fake.environment, output, 1).Executed(kFacts, Known(), end);
  return fake.out.str();
}

TEST_CASE("an answer that is no success is shown with its first lines, escaped") {
  FakeEnvironment fake;
  CHECK(Forwarded(fake, {}, Failed("boom\x1b[2J\nat line 7\n")) ==
        "forwarded  500 Internal Server Error  12 ms\n  boom\\x1b[2J\n  at line 7\n\n");
}

TEST_CASE("a long answer is cut to some rows") {
  std::string body;
  for (int i = 0; i < 1000; ++i) body += "line " + std::to_string(i) + "\n";
  FakeEnvironment fake;
  const std::string shown = Forwarded(fake, {}, Failed(body));
  CHECK(shown.find("line 9\n") != std::string::npos);
  CHECK(shown.find("line 10\n") == std::string::npos);
  CHECK(shown.find(" more") != std::string::npos);
  FakeEnvironment one_line;
  CHECK(Forwarded(one_line, {}, Failed(std::string(1000000, 'x'))).size() < 1200);
}

TEST_CASE("a success is one line, and its answer is only shown to who wants more") {
  AppAnswer answer = Failed("thanks");
  answer.status = 200;
  answer.reason = "OK";
  answer.took = std::chrono::milliseconds(12345);
  FakeEnvironment fake;
  CHECK(Forwarded(fake, {}, answer) == "forwarded  200 OK  12.3 s\n\n");
  FakeEnvironment more;
  CHECK(Forwarded(more, {.verbose = 1}, answer) == "forwarded  200 OK  12.3 s\n  thanks\n\n");
  FakeEnvironment quiet;
  CHECK(Forwarded(quiet, {.quiet = true}, Failed("boom")).empty());
}

TEST_CASE("an answer as an event is cut between characters") {
  std::string body = "x";
  for (int i = 0; i < 4000; ++i) body += "é";
  FakeEnvironment fake;
  const auto event = Json::parse(Forwarded(fake, {.json = true}, Failed(body)));
  CHECK(event["type"] == "forwarded");
  CHECK(event["url"] == "http://localhost:3000/hook");
  CHECK(event["status"] == 500);
  CHECK(event["duration_ms"] == 12.345);
  CHECK(event["bytes"] == 8001);
  CHECK(event["answer"].get<std::string>() == body.substr(0, 4095));
  CHECK(event["answer_cut"] == true);
  CHECK(event["message_id"] == "m1");
  CHECK(event["attempt"] == 2);
}

TEST_CASE("no answer is told with its cause and what the hub gets instead") {
  AppAnswer answer;
  answer.problem = "the application cannot be reached: does it run?";
  answer.response.status = 502;
  FakeEnvironment fake;
  CHECK(Forwarded(fake, {}, answer) ==
        "forwarded  no answer  0 ms\n  the application cannot be reached: does it run?\n\n");
  FakeEnvironment json;
  const auto event = Json::parse(Forwarded(json, {.json = true}, answer));
  CHECK(event["answered"] == 502);
  CHECK(event["error"] == answer.problem);
  CHECK_FALSE(event.contains("status"));
}

TEST_CASE("what a program wrote stands in lines of its own on stderr") {
  ProgramEnd end;
  end.status = 3;
  end.problem = "the program ended with status 3";
  end.out = "one\ntwo\x1b\n";
  end.err = "three";
  FakeEnvironment fake;
  CHECK(Executed(fake, {}, end) == "executed  the program ended with status 3  0 ms\n\n");
  CHECK(fake.err.str() == "websub: out: one\nwebsub: out: two\\x1b\nwebsub: err: three\n");
  FakeEnvironment json;
  const auto event = Json::parse(Executed(json, {.json = true}, end));
  CHECK(event["type"] == "executed");
  CHECK(event["status"] == 3);
  CHECK(event["out"] == end.out);
  CHECK(event["err"] == end.err);
  CHECK(event["error"] == end.problem);
  CHECK(json.err.str().empty());
}

TEST_CASE("a program that writes without end does not fill the terminal") {
  ProgramEnd end;
  end.status = 0;
  for (int i = 0; i < 100000; ++i) end.out += "line\n";
  FakeEnvironment fake;
  CHECK(Executed(fake, {}, end) == "executed  status 0  0 ms\n\n");
  CHECK(fake.err.str().size() < 4000);
  CHECK(fake.err.str().find("499500 bytes more") != std::string::npos);
}

}  // namespace
}  // namespace websub::cli
