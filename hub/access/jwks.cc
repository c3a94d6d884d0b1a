#include "hub/access/jwks.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <utility>

#include "core/mask_urls.h"
#include "core/request_head.h"
#include "core/text.h"

namespace websub::hub {

namespace {

constexpr Duration kLookPause = std::chrono::seconds(1);

KeyVerdict VerdictOf(SignatureFit fit) {
  switch (fit) {
    case SignatureFit::kValid:
      return KeyVerdict::kValid;
    case SignatureFit::kForged:
      return KeyVerdict::kForged;
    case SignatureFit::kNoKey:
      break;
  }
  return KeyVerdict::kNoKey;
}

class FileJwks : public Jwks {
 public:
  FileJwks(std::string file, const Clock& clock, Notice notice)
      : file_(std::move(file)), clock_(clock), notice_(std::move(notice)) {}

  void Check(SignedText token, Done done) override {
    Look(clock_.Now());
    done(keys_ ? VerdictOf(keys_->Check(token)) : KeyVerdict::kUnavailable);
  }

 private:
  // What changes when the file does.
  using State = std::array<std::int64_t, 4>;
  State StateNow() const {
    struct stat status{};
    if (stat(file_.c_str(), &status) != 0) return {};
    return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_size,
            static_cast<std::int64_t>(status.st_ino)};
  }
  void Look(Time now) {
    if (looked_at_ && now >= *looked_at_ && now < *looked_at_ + kLookPause) return;
    looked_at_ = now;
    const State state = StateNow();
    if (state_ == state) return;
    state_ = state;
    auto keys = ReadJwkFile(file_);
    if (keys) {
      keys_ = std::move(*keys);
    } else {
      notice_("the keys in " + file_ + " cannot be read: " + keys.error().message);
    }
  }

  const std::string file_;
  const Clock& clock_;
  const Notice notice_;
  std::optional<Time> looked_at_;
  std::optional<State> state_;
  std::optional<JwkSet> keys_;
};

// How long the answer says that it may be kept; nothing where it does not say (RFC 9111 section
// 5.2.2).
std::optional<Duration> MaxAge(std::string_view head) {
  std::optional<Duration> age;
  for (const std::string& value : AllFields(HeadFields(head), "Cache-Control")) {
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(','), rest.size());
      const std::string directive = ToLower(Trim(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      constexpr std::string_view kName = "max-age=";
      if (directive == "no-store" || directive == "no-cache") return Duration(0);
      if (!directive.starts_with(kName)) continue;
      std::int64_t seconds = 0;
      for (const char c : directive.substr(kName.size())) {
        if (!IsDigit(c)) break;
        seconds = std::min<std::int64_t>(seconds * 10 + (c - '0'), 1'000'000'000);
      }
      age = std::chrono::seconds(seconds);
    }
  }
  return age;
}

// Idea: tokens whose key is known never wait. The keys are fetched anew ahead of their end while
// tokens come, and by the first token after a quiet time. While the issuer fails, old keys stand
// in, and it is asked again at most once in a while. A key that nobody knows leads to a fetch at
// once, since the issuer may just have changed its keys, but no more often than that either.
class UrlJwks : public Jwks, public std::enable_shared_from_this<UrlJwks> {
 public:
  UrlJwks(Url url, Transport& transport, const Clock& clock, Notice notice, JwksLimits limits)
      : url_(std::move(url)),
        transport_(transport),
        clock_(clock),
        notice_(std::move(notice)),
        limits_(limits) {}

  void Check(SignedText token, Done done) override {
    const Time now = clock_.Now();
    const bool fresh = IsFresh(now);
    if (fresh || (failed_ && IsUsable(now))) {
      if (now >= refresh_at_ && MayFetch(now)) Fetch(now);
      const SignatureFit fit = keys_->Check(token);
      if (fit != SignatureFit::kNoKey) return done(VerdictOf(fit));
    }
    if (!fetching_) {
      const bool may = fresh && !failed_ ? MayLook(now) : MayFetch(now);
      if (!may) return done(failed_ ? KeyVerdict::kUnavailable : KeyVerdict::kNoKey);
      if (fresh) looked_at_ = now;
      Fetch(now);
    }
    if (waiting_.size() >= limits_.max_waiting) return done(KeyVerdict::kUnavailable);
    waiting_.emplace_back(std::move(token), std::move(done));
  }

 private:
  // A clock that was set back must not make keys last longer.
  bool IsFresh(Time now) const {
    return keys_ && now < fresh_until_ && fresh_until_ <= now + limits_.max_age;
  }
  bool IsUsable(Time now) const {
    return keys_ && now >= fetched_at_ && now < fetched_at_ + limits_.stale_for;
  }
  bool MayFetch(Time now) const {
    if (fetching_) return false;
    const Duration pause = keys_ ? limits_.pause : limits_.first_pause;
    return !tried_at_ || now >= *tried_at_ + pause || now < *tried_at_;
  }

  // For a key that is not known; whatever else was fetched before.
  bool MayLook(Time now) const {
    return !looked_at_ || now >= *looked_at_ + limits_.pause || now < *looked_at_;
  }

  void Fetch(Time now) {
    fetching_ = true;
    tried_at_ = now;
    OutgoingRequest request;
    request.url = url_;
    request.head =
        RequestHead("GET", url_, {{"Accept", "application/jwk-set+json, application/json"}});
    request.max_body = kMaxJwkSet;
    request.timeout = limits_.timeout;
    transport_.Send(std::move(request), [self = shared_from_this()](const OutgoingResult& result) {
      self->Fetched(result);
    });
  }

  static Result<JwkSet> ReadAnswer(const OutgoingResult& result) {
    if (result.fault != Fault::kNone) return Fail(ErrorCode::kNetwork, result.detail);
    if (result.status != 200) {
      return Fail(ErrorCode::kNetwork, "answered " + std::to_string(result.status));
    }
    if (result.body_cut) return Fail(ErrorCode::kTooLarge, "it is larger than 256 KiB");
    return JwkSet::Parse(result.body);
  }

  void Fetched(const OutgoingResult& result) {
    fetching_ = false;
    const Time now = clock_.Now();
    auto keys = ReadAnswer(result);
    if (keys) {
      const Duration age = std::clamp(MaxAge(result.head).value_or(limits_.default_age),
                                      limits_.min_age, limits_.max_age);
      keys_ = std::move(*keys);
      fetched_at_ = now;
      fresh_until_ = now + age;
      refresh_at_ = now + age * 3 / 4;
      if (failed_) notice_("the keys at " + MaskUrls(url_.text()) + " can be fetched again");
    } else if (!failed_ && result.fault != Fault::kCancelled) {
      notice_("the keys at " + MaskUrls(url_.text()) +
              " cannot be fetched: " + keys.error().message);
    }
    failed_ = !keys;
    const bool usable = IsFresh(now) || IsUsable(now);
    for (auto& [token, done] : std::exchange(waiting_, {})) {
      const auto verdict = usable ? VerdictOf(keys_->Check(token)) : KeyVerdict::kUnavailable;
      // Whether the issuer has that key is not known while it cannot be asked.
      done(failed_ && verdict == KeyVerdict::kNoKey ? KeyVerdict::kUnavailable : verdict);
    }
  }

  const Url url_;
  Transport& transport_;
  const Clock& clock_;
  const Notice notice_;
  const JwksLimits limits_;
  std::optional<JwkSet> keys_;
  Time fetched_at_;
  Time fresh_until_;
  Time refresh_at_;  // before fresh_until_
  std::optional<Time> tried_at_;
  std::optional<Time> looked_at_;  // for a key that was not known
  bool fetching_ = false;
  bool failed_ = false;  // the last fetch that ended
  std::deque<std::pair<SignedText, Done>> waiting_;
};

}  // namespace

Result<JwkSet> ReadJwkFile(const std::string& file) {
  const auto text = ReadSmallFile(file, kMaxJwkSet);
  if (!text) return tl::unexpected(text.error());
  return JwkSet::Parse(*text);
}

std::shared_ptr<Jwks> MakeFileJwks(std::string file, const Clock& clock, Notice notice) {
  return std::make_shared<FileJwks>(std::move(file), clock, std::move(notice));
}

std::shared_ptr<Jwks> MakeUrlJwks(const Url& url, Transport& transport, const Clock& clock,
                                  Notice notice, JwksLimits limits) {
  return std::make_shared<UrlJwks>(url, transport, clock, std::move(notice), limits);
}

}  // namespace websub::hub
