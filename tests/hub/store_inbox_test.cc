#include <doctest/doctest.h>

#include "tests/support/full_disk.h"
#include "tests/support/store_fixture.h"

namespace websub::tests {

using hub::InboxReceipt;
using hub::Message;
using std::chrono::seconds;

namespace {

const std::string kA = "https://a.example/";
const std::string kB = "https://b.example/";

class Handing : public StoreFixture {
 public:
  hub::NewInboxEntry Direct(const std::string& topic, const std::string& body) {
    hub::NewInboxEntry entry;
    entry.message = Content(topic, body);
    return entry;
  }
  hub::NewInboxEntry Named(const std::string& topic, const std::string& url) {
    hub::NewInboxEntry entry;
    entry.message.topic = topic;
    entry.message.now = clock.Now();
    entry.content_url = url;
    return entry;
  }
  std::vector<InboxReceipt> Add(std::vector<hub::NewInboxEntry> entries) {
    auto receipts = Wait<std::vector<InboxReceipt>>(
        [&](auto done) { store->AddToInbox(std::move(entries), done); });
    REQUIRE(receipts.has_value());
    return std::move(*receipts);
  }
  Result<Message> Finish(hub::InboxId id, const std::string& topic, const std::string& body) {
    return Wait<Message>([&](auto done) { store->FinishInbox(id, Content(topic, body), done); });
  }
  std::vector<hub::InboxId> Due() {
    std::vector<hub::InboxId> ids;
    for (const auto& due : store->DueInbox(clock.Now(), {}, 100)) ids.push_back(due.place.id);
    return ids;
  }
  std::vector<std::string> Log(const std::string& topic) {
    std::vector<std::string> bodies;
    const auto found = store->FindTopic(topic);
    hub::MessageId after = 0;
    while (const auto message = found ? store->NextMessage(found->id, after) : std::nullopt) {
      bodies.push_back(*message->body);
      after = message->id;
    }
    return bodies;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Handing, "content that nothing is before is in the log at once") {
  const auto receipts = Add({Direct(kA, "1"), Direct(kA, "2"), Direct(kB, "3")});
  REQUIRE(receipts.size() == 3);
  for (const auto& receipt : receipts) CHECK(receipt.message.has_value());
  CHECK(Log(kA) == std::vector<std::string>{"1", "2"});
  CHECK(Log(kB) == std::vector<std::string>{"3"});
  CHECK(store->CountAll().inbox == 0);
}

TEST_CASE_FIXTURE(Handing, "what is behind a message that waits queues and only the first is due") {
  const auto receipts =
      Add({Named(kA, "https://c.example/1"), Direct(kA, "2"), Direct(kB, "other")});
  CHECK_FALSE(receipts[0].message);
  CHECK_FALSE(receipts[1].message);
  CHECK(receipts[2].message);
  const auto later = Add({Named(kA, "https://c.example/3")});
  CHECK(Due() == std::vector<hub::InboxId>{receipts[0].waits_as});
  CHECK(store->CountAll().inbox == 3);

  clock.Advance(seconds(5));
  REQUIRE(Finish(receipts[0].waits_as, kA, "1").has_value());
  CHECK(Due() == std::vector<hub::InboxId>{receipts[1].waits_as});
  const auto second = store->FindInbox(receipts[1].waits_as);
  REQUIRE(second.has_value());
  CHECK(second->content_url.empty());
  CHECK(second->content_type == "text/plain");
  CHECK(second->topic == kA);
  CHECK(second->has_body);
  CHECK(second->due_at == clock.Now());
  CHECK(*store->InboxBody(second->id) == "2");
  REQUIRE(Finish(second->id, kA, "2").has_value());
  REQUIRE(Finish(later[0].waits_as, kA, "3").has_value());
  CHECK(Log(kA) == std::vector<std::string>{"1", "2", "3"});
  CHECK(Due().empty());
  // Nothing waits any more: the next goes straight into the log.
  CHECK(Add({Direct(kA, "4")})[0].message);
}

TEST_CASE_FIXTURE(Handing, "what waits is still there after a restart in the same order") {
  auto first = Named(kA, "https://c.example/1");
  first.message.content_type = "text/x";
  first.message.body = std::make_shared<const std::string>("\0stand in", 9);
  first.identity = "alice";
  const auto receipts = Add({first, Direct(kA, "2")});
  Reopen();
  CHECK(Due() == std::vector<hub::InboxId>{receipts[0].waits_as});
  const auto entry = store->FindInbox(receipts[0].waits_as);
  REQUIRE(entry.has_value());
  CHECK(entry->content_url == "https://c.example/1");
  CHECK(entry->content_type == "text/x");
  CHECK(entry->identity == "alice");
  CHECK(*store->InboxBody(entry->id) == std::string("\0stand in", 9));
  CHECK_FALSE(store->FindInbox(receipts[1].waits_as)->due_at);
}

TEST_CASE_FIXTURE(Handing, "a retry moves the first alone and giving up makes the next due") {
  const auto receipts = Add({Named(kA, "https://c.example/1"), Direct(kA, "2")});
  const Time start = clock.Now();
  REQUIRE(Wait<void>([&](auto done) {
            store->RetryInbox(receipts[0].waits_as, 1, start, start + seconds(9), done);
          }).has_value());
  CHECK(Due().empty());
  CHECK(store->NextInboxDue(start) == start + seconds(9));
  CHECK(store->FindInbox(receipts[0].waits_as)->attempts == 1);
  CHECK_FALSE(store->InboxBody(receipts[0].waits_as));
  // One that is not first has no time of its own.
  CHECK_FALSE(Wait<void>([&](auto done) {
                store->RetryInbox(receipts[1].waits_as, 1, start, start, done);
              }).has_value());
  REQUIRE(Wait<void>([&](auto done) {
            store->DropInbox(receipts[0].waits_as, clock.Now(), done);
          }).has_value());
  CHECK(Due() == std::vector<hub::InboxId>{receipts[1].waits_as});
  CHECK(Log(kA).empty());
}

TEST_CASE_FIXTURE(Handing, "an entry ends once") {
  const auto receipts = Add({Named(kA, "https://c.example/1")});
  REQUIRE(Finish(receipts[0].waits_as, kA, "1").has_value());
  const auto again = Finish(receipts[0].waits_as, kA, "1");
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().code == ErrorCode::kNotFound);
  CHECK(Log(kA) == std::vector<std::string>{"1"});
}

TEST_CASE_FIXTURE(Handing, "messages that come together are kept together or not at all") {
  auto broken = Direct(kB, "3");
  broken.message.hubs = {"https://hub.example/\n"};
  std::vector<hub::NewInboxEntry> entries = {Direct(kA, "1"), Named(kA, "https://c.example/"),
                                             broken};
  const auto receipts = Wait<std::vector<InboxReceipt>>(
      [&](auto done) { store->AddToInbox(std::move(entries), done); });
  CHECK_FALSE(receipts.has_value());
  CHECK(Log(kA).empty());
  CHECK(store->CountAll().inbox == 0);
}

TEST_CASE_FIXTURE(Handing, "an entry that could not be finished stays with all behind it") {
  const auto receipts = Add({Named(kA, "https://c.example/1"), Direct(kA, "2")});
  {
    const FullDisk full;
    CHECK_FALSE(Finish(receipts[0].waits_as, kA, "1").has_value());
  }
  CHECK(store->CountAll().inbox == 2);
  CHECK(Log(kA).empty());
  REQUIRE(Finish(receipts[0].waits_as, kA, "1").has_value());
}

TEST_CASE_FIXTURE(Handing, "a topic that the hub hosts shows what came this way") {
  REQUIRE(Wait<Message>([&](auto done) { store->PutHosted("a", Content(kA, "old"), done); }));
  auto direct = Direct(kA, "new");
  direct.hosted = "a";
  Add({direct});
  CHECK(*store->FindHosted("a")->body == "new");
  auto named = Named(kA, "https://c.example/");
  named.hosted = "a";
  const auto etag = store->FindHosted("a")->etag;
  const auto receipts = Add({named});
  REQUIRE(Finish(receipts[0].waits_as, kA, "newest").has_value());
  CHECK(*store->FindHosted("a")->body == "newest");
  CHECK(store->FindHosted("a")->etag != etag);
  // What is not hosted does not come to be by this.
  auto other = Direct(kB, "x");
  other.hosted = "b";
  Add({other});
  CHECK_FALSE(store->FindHosted("b"));
}

TEST_CASE_FIXTURE(Handing, "what is due is told page by page") {
  std::vector<hub::NewInboxEntry> entries;
  for (int i = 0; i < 10; ++i) {
    entries.push_back(Named("https://t.example/" + std::to_string(i), "https://c.example/"));
  }
  Add(entries);
  std::vector<hub::InboxId> seen;
  hub::DuePlace place;
  for (;;) {
    const auto page = store->DueInbox(clock.Now(), place, 3);
    for (const auto& due : page) seen.push_back(due.place.id);
    if (page.size() < 3) break;
    place = page.back().place;
  }
  CHECK(seen.size() == 10);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
}

}  // namespace websub::tests
