#include "cli/commands/inspect_watch.h"

#include <doctest/doctest.h>

#include <deque>

#include "tests/cli/fake_environment.h"

namespace websub::cli::inspect {
namespace {

using std::chrono::milliseconds;

using Answer = tl::expected<SourceAnswer, SourceFailure>;

// Answers as it is told to, and keeps what it was asked.
class ScriptedSource : public Source {
 public:
  Answer Get(const std::string& path, const std::string& query) override {
    CHECK(path == "/api/v1/events");
    asked.push_back(*ParseForm(query));
    REQUIRE_FALSE(answers.empty());
    Answer answer = std::move(answers.front());
    if (answers.size() > 1) answers.pop_front();  // the last one stays
    return answer;
  }
  Answer Post(const std::string&) override { return SourceAnswer{}; }
  bool Waits() const override { return true; }
  std::optional<ExitStatus> Pause(Duration) override {
    ++pauses;
    return signal;
  }

  std::string Asked(std::size_t index, const std::string& name) const {
    return std::string(FindField(asked.at(index), name).value_or("-"));
  }

  std::deque<Answer> answers;
  std::vector<Form> asked;
  std::optional<ExitStatus> signal;
  int pauses = 0;
};

Answer Page(const std::vector<std::string>& ids, const std::string& next) {
  Json items = Json::array();
  for (const std::string& id : ids) {
    items.push_back({{"type", "message"},
                     {"at", "2026-11-22T10:00:00.250000Z"},
                     {"kind", "message"},
                     {"id", id},
                     {"topic", "http://t.example/"},
                     {"size", 3}});
  }
  return SourceAnswer{200, {{"items", items}, {"next", next}, {"more", false}}};
}

Answer Failure(ExitStatus status) {
  return tl::unexpected(SourceFailure{status, "connection refused"});
}

struct Watching {
  int Run(const WatchOptions& options, OutputOptions format = {}) {
    Output output(fake.environment, format);
    return static_cast<int>(Watch(output, source, options));
  }
  FakeEnvironment fake;
  ScriptedSource source;
};

}  // namespace

TEST_CASE_FIXTURE(Watching, "a watch asks behind what it has seen and ends by its count") {
  source.answers = {Page({}, "p0"), Page({"m1", "m2"}, "p2"), Page({"m3"}, "p3")};
  CHECK(Run({.query = {{"kind", "message"}, {"since", "1h"}},
             .count = 3,
             .timeout = {},
             .idle = {}}) == 0);
  CHECK(source.asked.size() == 3);
  CHECK(source.Asked(0, "since") == "1h");
  CHECK(source.Asked(0, "after") == "-");
  CHECK(source.Asked(0, "timeout") == "0ms");
  CHECK(source.Asked(1, "since") == "-");
  CHECK(source.Asked(1, "after") == "p0");
  CHECK(source.Asked(2, "after") == "p2");
  CHECK(source.Asked(2, "limit") == "1");
  CHECK(source.Asked(2, "kind") == "message");
  CHECK(fake.out.str().find("m3") != std::string::npos);
}

TEST_CASE_FIXTURE(Watching, "a hub that goes away is asked again behind the same place") {
  source.answers = {Page({"m1"}, "p1"), Failure(ExitStatus::kNetwork),
                    SourceAnswer{503, {{"error", "the hub is stopping"}}}, Page({"m2"}, "p2")};
  CHECK(Run({.query = {}, .count = 2, .timeout = {}, .idle = {}}, {.json = true}) == 0);
  CHECK(source.pauses == 2);
  CHECK(source.Asked(3, "after") == "p1");
  CHECK(fake.err.str() ==
        "websub: watching what happens\n"
        "websub: lost the hub (connection refused); it is asked again, and nothing is passed over\n"
        "websub: the hub is back: going on behind p1\n");
  CHECK(fake.out.str().find(R"("type":"message","at":)") != std::string::npos);
}

TEST_CASE_FIXTURE(Watching, "a hub that was never there is told at once") {
  source.answers = {Failure(ExitStatus::kNetwork)};
  CHECK(Run({}) == 3);
  CHECK(fake.err.str() == "websub: connection refused\n");
  source.answers = {SourceAnswer{400, {{"error", "kind: nothing"}}}};
  CHECK(Run({}) == 2);
  source.answers = {SourceAnswer{404, {{"error", "there is no path"}}}};
  CHECK(Run({}) == 5);
}

TEST_CASE_FIXTURE(Watching, "a signal ends a watch without a word") {
  source.answers = {Page({}, "p0"), Failure(ExitStatus::kInterrupted)};
  CHECK(Run({}, {.quiet = true}) == 130);
  source.answers = {Page({}, "p0"), Failure(ExitStatus::kNetwork)};
  source.signal = ExitStatus::kTerminated;
  CHECK(Run({}, {.quiet = true}) == 143);
  CHECK(fake.err.str().empty());
}

TEST_CASE_FIXTURE(Watching, "time that runs out says what came and whether the hub is away") {
  source.answers = {Page({"m1"}, "p1"), Failure(ExitStatus::kNetwork)};
  CHECK(Run({.query = {}, .count = 2, .timeout = milliseconds(20), .idle = {}}, {.quiet = true}) ==
        124);
  CHECK(fake.err.str() ==
        "websub: --timeout ran out: got 1 of 2 events in 20ms, and the hub is away\n");
  fake.err.str("");
  source.answers = {Page({"m1"}, "p1"), Page({}, "p1")};
  CHECK(Run({.query = {}, .count = {}, .timeout = {}, .idle = milliseconds(20)}, {.quiet = true}) ==
        124);
  CHECK(fake.err.str() == "websub: --idle ran out: got 1 event, none in the last 20ms\n");
}

}  // namespace websub::cli::inspect
