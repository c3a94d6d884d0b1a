#include <doctest/doctest.h>

#include "tests/support/store_fixture.h"

namespace websub::tests {

using hub::FetchedContent;
using hub::Message;
using hub::NewMessage;
using std::chrono::seconds;

namespace {

const std::string kTopic = "https://example.org/feed";

// Adds what the fetch jobs need to the fixture.
class Fetching : public StoreFixture {
 public:
  void Ping(const std::vector<std::string>& topics) {
    REQUIRE(Wait<void>([&](auto done) {
              store->RequestFetches(topics, clock.Now(), done);
            }).has_value());
  }
  hub::FetchJob OnlyJob() {
    const auto jobs = store->DueFetches(Time::max(), {}, 10);
    REQUIRE(jobs.size() == 1);
    return jobs[0];
  }
  Result<std::optional<Message>> Finish(const hub::FetchJob& job,
                                        std::optional<NewMessage> message) {
    return Wait<std::optional<Message>>([&](auto done) {
      store->FinishFetch(job.topic_id, job.pings, {"\"e\"", "yesterday", "abc", clock.Now()},
                         message, done);
    });
  }
};

}  // namespace

TEST_CASE_FIXTURE(StoreFixture, "a message is appended to its topic's log") {
  const std::string body("\x00\xff\r\n body", 9);
  NewMessage content = Content(kTopic, body);
  content.content_type = "text/html; charset=\"utf-8\"";
  content.hubs = {"https://a.example/", "https://b.example/?x=1"};
  content.self = "https://self.example/";
  const auto made = Wait<Message>([&](auto done) { store->AppendMessage(content, done); });
  REQUIRE(made.has_value());
  Reopen();

  const auto found = store->FindMessage(made->id);
  REQUIRE(found.has_value());
  CHECK(*found->body == body);
  CHECK(found->size == 9);
  CHECK(found->content_type == content.content_type);
  CHECK(found->hubs == content.hubs);
  CHECK(found->self == content.self);
  CHECK(found->topic == kTopic);
  CHECK(found->created_at == clock.Now());
  const auto topic = store->FindTopic(kTopic);
  REQUIRE(topic.has_value());
  CHECK(topic->id == found->topic_id);
  CHECK(topic->last_message == made->id);
  CHECK(store->FindTopic(topic->id)->url == kTopic);
  CHECK_FALSE(store->FindTopic("https://example.org/other").has_value());
  CHECK_FALSE(store->FindMessage(made->id + 1).has_value());
}

TEST_CASE_FIXTURE(StoreFixture, "an empty body and no hubs are kept as such") {
  NewMessage content = Content(kTopic, "");
  content.hubs.clear();
  content.body = nullptr;
  const auto made = Wait<Message>([&](auto done) { store->AppendMessage(content, done); });
  REQUIRE(made.has_value());
  const auto found = store->FindMessage(made->id);
  REQUIRE(found->body != nullptr);
  CHECK(found->body->empty());
  CHECK(found->hubs.empty());
}

TEST_CASE_FIXTURE(StoreFixture, "the next message is the first after the cursor in the same log") {
  const Message a = Publish(kTopic, "a");
  const Message other = Publish("https://example.org/other", "x");
  const Message b = Publish(kTopic, "b");
  CHECK(store->NextMessage(a.topic_id, 0)->id == a.id);
  CHECK(*store->NextMessage(a.topic_id, a.id)->body == "b");
  CHECK_FALSE(store->NextMessage(a.topic_id, b.id).has_value());
  CHECK(store->NextMessage(other.topic_id, 0)->id == other.id);
}

TEST_CASE_FIXTURE(StoreFixture, "two messages of one instant are two messages") {
  const Message a = Publish(kTopic, "same");
  const Message b = Publish(kTopic, "same");
  CHECK(b.id > a.id);
  CHECK(store->FindTopic(kTopic)->last_message == b.id);
}

TEST_CASE_FIXTURE(StoreFixture, "a hub's URL with a line break is refused") {
  NewMessage content = Content(kTopic, "a");
  content.hubs = {"https://a.example/\nhttps://b.example/"};
  const auto made = Wait<Message>([&](auto done) { store->AppendMessage(content, done); });
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().code == ErrorCode::kInvalid);
  CHECK_FALSE(store->FindTopic(kTopic).has_value());
  CHECK_FALSE(store->WriteFault().has_value());
}

TEST_CASE_FIXTURE(StoreFixture, "a hosted topic is kept and published together") {
  CHECK_FALSE(store->FindHosted("news").has_value());
  const auto put = [&](const std::string& type, const std::string& body) {
    NewMessage content = Content("http://hub/topics/news", body);
    content.content_type = type;
    const auto made = Wait<Message>([&](auto done) { store->PutHosted("news", content, done); });
    REQUIRE(made.has_value());
    return *made;
  };
  const Message first = put("text/plain", "one");
  CHECK(*store->FindMessage(first.id)->body == "one");
  const auto hosted = store->FindHosted("news");
  REQUIRE(hosted.has_value());
  CHECK(hosted->name == "news");
  CHECK(*hosted->body == "one");
  CHECK(hosted->content_type == "text/plain");
  CHECK(hosted->updated_at == clock.Now());
  // printf 'text/plain\0one' | openssl dgst -sha256, its first half, quoted
  CHECK(hosted->etag == "\"beb2f9369c6d9b6cb9d9177ba36e399a\"");

  clock.Advance(seconds(1));
  const Message second = put("text/html", "one");
  CHECK(store->FindTopic("http://hub/topics/news")->last_message == second.id);
  CHECK(store->FindHosted("news")->etag != hosted->etag);
  CHECK(store->FindHosted("news")->updated_at == clock.Now());
}

TEST_CASE_FIXTURE(Fetching, "a ping makes a job that is due at once") {
  Ping({kTopic, "https://example.org/other"});
  CHECK(store->NextFetchDue(Time::min()) == clock.Now());
  CHECK(store->DueFetches(clock.Now() - Duration(1), {}, 10).empty());
  const auto jobs = store->DueFetches(clock.Now(), {}, 10);
  REQUIRE(jobs.size() == 2);
  CHECK(jobs[0].topic == kTopic);
  CHECK(jobs[0].pings == 1);
  CHECK(jobs[0].attempts == 0);
  CHECK(jobs[0].first_attempt == clock.Now());
  CHECK(store->DueFetches(clock.Now(), {}, 1).size() == 1);
  CHECK(store->CountAll().waiting_fetches == 2);
}

TEST_CASE_FIXTURE(Fetching, "a ping joins a waiting fetch") {
  Ping({kTopic});
  const Time first = clock.Now();
  clock.Advance(seconds(1));
  Ping({kTopic});
  CHECK(OnlyJob().pings == 2);
  CHECK(OnlyJob().due_at == first);
}

TEST_CASE_FIXTURE(Fetching, "a fetch that is finished appends and ends at once") {
  Ping({kTopic});
  const auto made = Finish(OnlyJob(), Content(kTopic, "fetched"));
  REQUIRE(made.has_value());
  REQUIRE(made->has_value());
  CHECK(*store->FindMessage((*made)->id)->body == "fetched");
  CHECK(store->DueFetches(Time::max(), {}, 10).empty());
  CHECK_FALSE(store->NextFetchDue(Time::min()).has_value());
  const auto topic = store->FindTopic(kTopic);
  CHECK(topic->last_message == (*made)->id);
  CHECK(topic->etag == "\"e\"");
  CHECK(topic->last_modified == "yesterday");
  CHECK(topic->content_hash == "abc");
  CHECK(topic->fetched_at == clock.Now());
}

TEST_CASE_FIXTURE(Fetching, "an unchanged fetch appends nothing") {
  Ping({kTopic});
  const auto made = Finish(OnlyJob(), std::nullopt);
  REQUIRE(made.has_value());
  CHECK_FALSE(made->has_value());
  CHECK(store->FindTopic(kTopic)->last_message == 0);
  CHECK(store->FindTopic(kTopic)->fetched_at == clock.Now());
}

TEST_CASE_FIXTURE(Fetching, "a ping during a running fetch causes another") {
  Ping({kTopic});
  const hub::FetchJob running = OnlyJob();
  clock.Advance(seconds(1));
  Ping({kTopic});
  clock.Advance(seconds(1));
  REQUIRE(Finish(running, Content(kTopic, "older")).has_value());
  CHECK(OnlyJob().pings == 2);
  CHECK(OnlyJob().due_at == clock.Now());
  CHECK(OnlyJob().attempts == 0);
  REQUIRE(Finish(OnlyJob(), Content(kTopic, "newer")).has_value());
  CHECK(store->DueFetches(Time::max(), {}, 10).empty());
}

TEST_CASE_FIXTURE(Fetching, "what a fetch brought is all kept or not at all") {
  Ping({kTopic});
  NewMessage broken = Content(kTopic, "x");
  broken.hubs = {"a\nb"};
  CHECK_FALSE(Finish(OnlyJob(), broken).has_value());
  CHECK(OnlyJob().pings == 1);
  CHECK(store->FindTopic(kTopic)->etag.empty());
  CHECK(store->FindTopic(kTopic)->last_message == 0);
}

TEST_CASE_FIXTURE(Fetching, "a fetch that has ended cannot be finished again") {
  Ping({kTopic});
  const hub::FetchJob job = OnlyJob();
  REQUIRE(Finish(job, Content(kTopic, "one")).has_value());
  const auto again = Finish(job, Content(kTopic, "two"));
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().code == ErrorCode::kNotFound);
  CHECK(store->CountAll().messages == 1);
}

TEST_CASE_FIXTURE(Fetching, "a fetch is tried again at its time") {
  Ping({kTopic});
  const hub::FetchJob job = OnlyJob();
  const Time later = clock.Now() + seconds(10);
  REQUIRE(Wait<void>([&](auto done) {
            store->RetryFetch(job.topic_id, job.pings, 1, clock.Now(), later, done);
          }).has_value());
  CHECK(store->DueFetches(later - Duration(1), {}, 10).empty());
  CHECK(store->NextFetchDue(clock.Now()) == later);
  Reopen();
  CHECK(store->DueFetches(later, {}, 10).size() == 1);
  CHECK(OnlyJob().attempts == 1);
  CHECK(OnlyJob().first_attempt == clock.Now());
}

TEST_CASE_FIXTURE(Fetching, "a ping makes a fetch that waits for a retry due at once") {
  Ping({kTopic});
  const hub::FetchJob job = OnlyJob();
  REQUIRE(Wait<void>([&](auto done) {
            store->RetryFetch(job.topic_id, job.pings, 3, clock.Now(), clock.Now() + seconds(60),
                              done);
          }).has_value());
  clock.Advance(seconds(1));
  Ping({kTopic});
  CHECK(OnlyJob().due_at == clock.Now());
  CHECK(OnlyJob().attempts == 3);
}

TEST_CASE_FIXTURE(Fetching, "a ping that came while a fetch failed does not wait for the retry") {
  Ping({kTopic});
  const hub::FetchJob job = OnlyJob();
  Ping({kTopic});
  REQUIRE(Wait<void>([&](auto done) {
            store->RetryFetch(job.topic_id, job.pings, 1, clock.Now(), clock.Now() + seconds(60),
                              done);
          }).has_value());
  CHECK(store->DueFetches(clock.Now(), {}, 10).size() == 1);
}

TEST_CASE_FIXTURE(Fetching, "content that is published makes earlier validators worthless") {
  Ping({kTopic});
  REQUIRE(Finish(OnlyJob(), std::nullopt).has_value());
  CHECK(store->FindTopic(kTopic)->etag == "\"e\"");
  NewMessage content = Content(kTopic, "pushed");
  content.content_hash = "def";
  REQUIRE(Wait<Message>([&](auto done) { store->AppendMessage(content, done); }).has_value());
  CHECK(store->FindTopic(kTopic)->etag.empty());
  CHECK(store->FindTopic(kTopic)->last_modified.empty());
  CHECK(store->FindTopic(kTopic)->content_hash == "def");
}

TEST_CASE_FIXTURE(Fetching, "a fetch that is given up ends unless a ping came meanwhile") {
  Ping({kTopic});
  const auto abandon = [&](const hub::FetchJob& job) {
    return Wait<void>(
        [&](auto done) { store->AbandonFetch(job.topic_id, job.pings, clock.Now(), done); });
  };
  const hub::FetchJob job = OnlyJob();
  Ping({kTopic});
  clock.Advance(seconds(1));
  REQUIRE(abandon(job).has_value());
  CHECK(OnlyJob().due_at == clock.Now());
  REQUIRE(abandon(OnlyJob()).has_value());
  CHECK(store->DueFetches(Time::max(), {}, 10).empty());
  CHECK(abandon(job).error().code == ErrorCode::kNotFound);
}

}  // namespace websub::tests
