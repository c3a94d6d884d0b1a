// Secrets that lie sealed in the file.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "core/base64.h"
#include "hub/store/sealer.h"
#include "tests/support/store_fixture.h"

namespace websub::tests {

using hub::SealPlace;
using hub::SecretKey;
using hub::Store;
using hub::StoreOptions;

namespace {

const std::string kTopic = "https://example.org/feed";
const std::string kSecret = "OPEN-SESAME-OF-THE-FIRST";
const std::string kOther = "THE-SECRET-OF-ANOTHER-ONE";

SecretKey Key(char first) {
  std::string bytes(SecretKey::kSize, '\x80');
  bytes[0] = first;
  return SecretKey::Parse(bytes).value();
}

StoreOptions Sealed(const std::string& file, std::optional<SecretKey> key,
                    std::optional<SecretKey> old = std::nullopt) {
  StoreOptions options;
  options.path = file;
  options.secret_key = std::move(key);
  options.old_secret_key = std::move(old);
  return options;
}

std::string Bytes(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// In the file or its log.
bool Holds(const std::string& file, const std::string& text) {
  return Bytes(file).find(text) != std::string::npos ||
         Bytes(file + "-wal").find(text) != std::string::npos;
}

// Not through the store: another program.
void Execute(const std::string& file, const std::string& sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &database) == SQLITE_OK);
  CHECK(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(database);
}

class SealedFixture : public StoreFixture {
 public:
  void OpenWith(std::optional<SecretKey> key, std::optional<SecretKey> old = std::nullopt) {
    store.reset();
    StoreOptions options = Sealed(file, std::move(key), std::move(old));
    options.on_notice = [this](const std::string& sentence) { notices.push_back(sentence); };
    auto opened = Store::Open(options, queue.Executor());
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
    store = std::move(*opened);
  }
  std::string Refused(std::optional<SecretKey> key, std::optional<SecretKey> old = std::nullopt) {
    store.reset();
    const auto opened = Store::Open(Sealed(file, std::move(key), std::move(old)), queue.Executor());
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code == ErrorCode::kInvalid);
    return opened.error().message;
  }
  // Two that are active, one that waits for its verification.
  void Fill() {
    first = Subscribe(kTopic, "http://cb.example/1", kSecret).id;
    second = Subscribe(kTopic, "http://cb.example/2", kOther).id;
    waiting = Ask(Mode::kSubscribe, kTopic, "http://cb.example/3", kSecret).value().id;
    Publish(kTopic, "news");
  }
  std::vector<std::string> Secrets() const {
    std::vector<std::string> secrets;
    const auto topic = store->FindSubscription(first)->topic_id;
    for (const auto& lane : store->PageBehind(topic, 0, 10).lanes) secrets.push_back(lane.secret);
    return secrets;
  }

  hub::SubscriptionId first = 0;
  hub::SubscriptionId second = 0;
  hub::IntentId waiting = 0;
  std::vector<std::string> notices;
};

const std::vector<std::string> kBoth = {kSecret, kOther};

}  // namespace

TEST_CASE("a key is 64 hex digits or base64 or 32 raw bytes") {
  const std::string raw = "0123456789abcdef0123456789abcde\xff";
  const SecretKey key = SecretKey::Parse(raw).value();
  const std::string hex = "303132333435363738396162636465663031323334353637383961626364 65ff";
  const std::string digits = hex.substr(0, 60) + "65ff";
  CHECK(SecretKey::Parse(digits).value() == key);
  CHECK(SecretKey::Parse(" " + digits + "\r\n").value() == key);
  CHECK(SecretKey::Parse("303132333435363738396162636465663031323334353637383961626364"
                         "65FF")
            .value() == key);
  CHECK(SecretKey::Parse(EncodeBase64(raw) + "\n").value() == key);
  CHECK_FALSE(key == Key('k'));
  for (const std::string& bad :
       {std::string(), hex, digits + "00", digits.substr(2), std::string(64, 'g'), raw + "x",
        raw.substr(1), std::string("a password of 32 characters, ok?"), std::string("hunter2"),
        EncodeBase64(raw.substr(1)), EncodeBase64(raw + "x")}) {
    CAPTURE(bad);
    const auto refused = SecretKey::Parse(bad);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message.find("openssl rand -hex 32") != std::string::npos);
    CHECK((bad.empty() || refused.error().message.find(bad) == std::string::npos));
  }
}

TEST_CASE("a sealed text is opened with its key in its place only") {
  const std::string callback = "http://cb.example/a";
  const SealPlace place{SealPlace::What::kSecret, 7, callback};
  hub::Sealer sealer(Key('k'));
  const std::string sealed = sealer.Seal(kSecret, place);
  CHECK(sealer.Open(sealed, place) == kSecret);
  CHECK(sealer.Seal(kSecret, place) != sealed);  // the nonce
  CHECK_FALSE(hub::Sealer(Key('l')).Open(sealed, place));
  CHECK_FALSE(sealer.Open(sealed, {SealPlace::What::kVerifyToken, 7, callback}));
  CHECK_FALSE(sealer.Open(sealed, {SealPlace::What::kSecret, 8, callback}));
  CHECK_FALSE(sealer.Open(sealed, {SealPlace::What::kSecret, 7, "http://cb.example/b"}));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(sealer.Open(changed, place));
    CHECK_FALSE(sealer.Open(sealed.substr(0, i + 1 == sealed.size() ? 2 : i + 1), place));
  }
  CHECK(sealer.Seal("", place).empty());
  CHECK(sealer.Open("", place) == "");
  const std::string longest(199, '\0');
  CHECK(sealer.Open(sealer.Seal(longest, place), place) == longest);
}

// Made by a GHASH of its own and the openssl command.
TEST_CASE("what another implementation sealed is opened") {
  std::string bytes;
  for (char c = 0; c < 32; ++c) bytes += c;
  hub::Sealer sealer(SecretKey::Parse(bytes).value());
  CHECK(sealer.Open("1:ZGVmZ2hpamtsbW5vB0ubKFS6E81/Lxro7mDP8dapFfr+l1m7GFVL",
                    {SealPlace::What::kSecret, 7, "http://cb.example/a"}) == "OPEN-SESAME");
}

TEST_CASE_FIXTURE(SealedFixture, "a store with a key never writes a secret down") {
  store.reset();
  std::filesystem::remove(file);
  OpenWith(Key('k'));
  Fill();
  CHECK(Secrets() == kBoth);
  CHECK_FALSE(Holds(file, "SECRET"));
  CHECK_FALSE(Holds(file, "SESAME"));
  const auto confirmed = Confirm(waiting);
  REQUIRE(confirmed.has_value());
  CHECK(confirmed->secret == kSecret);
  OpenWith(Key('k'));
  CHECK(Secrets() == kBoth);
  CHECK(store->FindSubscription(second)->secret == kOther);
  CHECK(store->FindSubscription(confirmed->id)->secret == kSecret);
  CHECK_FALSE(Holds(file, "SESAME"));
}

TEST_CASE_FIXTURE(SealedFixture, "a renewal and a verify token are sealed too") {
  OpenWith(Key('k'));
  Fill();
  hub::NewIntent asked;
  asked.topic = kTopic;
  asked.callback = "http://cb.example/1";
  asked.secret = kOther;
  asked.lease = std::chrono::seconds(60);
  asked.now = clock.Now();
  asked.verify_token = "TOKEN-OF-VERIFICATION";
  const auto intent = Wait<hub::Intent>([&](auto done) { store->AddIntent(asked, done); });
  REQUIRE(intent.has_value());
  CHECK(intent->verify_token == asked.verify_token);
  CHECK(store->FirstDueIntent(first, clock.Now())->secret == kOther);
  CHECK_FALSE(Holds(file, "TOKEN-OF"));
  CHECK(Confirm(intent->id)->secret == kOther);
  CHECK(Secrets() == std::vector<std::string>{kOther, kOther});
}

TEST_CASE_FIXTURE(SealedFixture,
                  "a sealed store is not opened without its key and stays as it is") {
  OpenWith(Key('k'));
  Fill();
  store.reset();
  const std::string before = Bytes(file);
  CHECK(Refused(std::nullopt).find("--secret-key-file") != std::string::npos);
  CHECK(Refused(Key('l')).find("another key") != std::string::npos);
  CHECK(Refused(Key('l'), Key('m')).find("neither") != std::string::npos);
  CHECK(Bytes(file) == before);
  OpenWith(Key('k'));
  CHECK(Secrets() == kBoth);
}

TEST_CASE_FIXTURE(SealedFixture,
                  "an older secret is erased from all of the file when it is sealed") {
  Fill();
  // What was there lies about in free pages as well.
  for (int i = 0; i < 300; ++i) {
    const std::string callback = "http://cb.example/gone/" + std::to_string(i);
    const auto made = Subscribe(kTopic, callback, kSecret + std::to_string(i));
    Wait<void>([&](auto done) {
      store->EndSubscription(made.id, hub::SubscriptionState::kExpired, "", clock.Now(), done);
    });
  }
  CHECK(Holds(file, "SESAME"));
  OpenWith(Key('k'));
  CHECK_FALSE(Holds(file, "SESAME"));
  CHECK_FALSE(Holds(file, "SECRET"));
  CHECK(Secrets() == kBoth);
  CHECK(Confirm(waiting)->secret == kSecret);
  CHECK(Refused(std::nullopt).find("--secret-key-file") != std::string::npos);
}

TEST_CASE_FIXTURE(SealedFixture, "a key is changed for another") {
  OpenWith(Key('k'));
  Fill();
  OpenWith(Key('l'), Key('k'));
  CHECK(Secrets() == kBoth);
  CHECK(Confirm(waiting)->secret == kSecret);
  OpenWith(Key('l'), Key('k'));  // the flag may stay
  CHECK(Refused(Key('k')).find("another key") != std::string::npos);
  OpenWith(Key('l'));
  CHECK(Secrets() == kBoth);
  CHECK(store->FindSubscription(kTopic, "http://cb.example/3")->secret == kSecret);
}

TEST_CASE_FIXTURE(SealedFixture, "sealing that was cut short goes on") {
  OpenWith(Key('k'));
  Fill();
  store.reset();
  // As after the first of several steps, from a store that was not sealed.
  Execute(file,
          "UPDATE subscription SET secret = '" + kOther + "' WHERE id = " + std::to_string(second));
  Execute(file, "UPDATE intent SET secret = '" + kSecret + "'");
  Execute(file,
          "UPDATE seal SET stage = 0, intent_id = 0, subscription_id = " + std::to_string(first));
  CHECK(Refused(std::nullopt).find("--secret-key-file") != std::string::npos);
  CHECK(Refused(Key('l'), Key('k')).find("is being sealed with another key") != std::string::npos);
  OpenWith(Key('k'));
  CHECK(Secrets() == kBoth);
  CHECK(Confirm(waiting)->secret == kSecret);
  CHECK_FALSE(Holds(file, "SECRET"));
}

TEST_CASE_FIXTURE(SealedFixture, "thousands of secrets are sealed in steps") {
  Execute(file, "INSERT INTO topic (url, created_at) VALUES ('t', 0)");
  store.reset();
  Execute(file,
          "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) "
          "INSERT INTO subscription (topic_id, callback, origin, secret, state, lease, created_at) "
          "SELECT 1, 'http://cb.example/' || i, '', 'SESAME-' || i, 'pending', 1, 0 FROM n");
  CHECK(Holds(file, "SESAME"));
  OpenWith(Key('k'));
  CHECK_FALSE(Holds(file, "SESAME"));
  for (const int id : {1, 1000, 1001, 2000, 2500}) {
    CHECK(store->FindSubscription(id)->secret == "SESAME-" + std::to_string(id));
  }
}

TEST_CASE_FIXTURE(SealedFixture, "a secret that was moved to another row is no secret") {
  OpenWith(Key('k'));
  Fill();
  store.reset();
  Execute(file, "UPDATE subscription SET secret = (SELECT secret FROM subscription WHERE id = " +
                    std::to_string(first) + ") WHERE id = " + std::to_string(second));
  Execute(file, "UPDATE intent SET secret = (SELECT secret FROM subscription WHERE id = " +
                    std::to_string(first) + ")");
  OpenWith(Key('k'));
  const auto secrets = Secrets();
  REQUIRE(secrets.size() == 2);
  CHECK(secrets[0] == kSecret);
  CHECK(hub::IsUnreadable(secrets[1]));
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].find("http://cb.example/2") != std::string::npos);
  CHECK_FALSE(Confirm(waiting).has_value());
}

TEST_CASE_FIXTURE(SealedFixture, "what only reads needs no key") {
  OpenWith(Key('k'));
  Fill();
  Subscribe(kTopic, "http://cb.example/none");
  const auto reader = Store::Open({file, StoreOptions::Access::kReadOnly}, queue.Executor());
  REQUIRE(reader.has_value());
  const auto all = (*reader)->List(hub::SubscriptionQuery{});
  REQUIRE(all.has_value());
  REQUIRE(all->size() == 4);
  for (const auto& each : *all) {
    CHECK(each.secret.empty() == (each.callback == "http://cb.example/none"));
    CHECK(each.secret.find("SESAME") == std::string::npos);
  }
}

}  // namespace websub::tests
