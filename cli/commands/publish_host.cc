#include "cli/commands/publish_host.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <list>
#include <mutex>

#include "cli/commands/publish_files.h"
#include "cli/commands/publish_hub_line.h"
#include "cli/commands/publish_listener.h"
#include "cli/commands/publish_watch.h"
#include "cli/files.h"
#include "cli/text.h"
#include "core/document_links.h"
#include "core/text.h"

namespace websub::cli {
namespace {

using Clock = HubLine::Clock;

// After a write it is quiet for so long before the file is looked at; a file that is written all
// the time is looked at nevertheless.
constexpr Duration kQuiet = std::chrono::milliseconds(100);
constexpr Duration kLongestBurst = std::chrono::seconds(2);
// Where no watch tells of a change (network file systems, a link that leads elsewhere now).
constexpr Duration kLookAnyway = std::chrono::seconds(2);
// How long hubs have to fetch the last content before the run ends.
constexpr Duration kFetchWithin = std::chrono::seconds(5);
constexpr std::size_t kMaxListed = 20;

// Of a topic whose change hubs are being told.
struct Telling {
  std::size_t open = 0;     // hubs that have not settled it
  std::size_t taken = 0;    // hubs that took it
  std::size_t fetched = 0;  // how often it was asked for since it changed
};

class Host {
 public:
  Host(Environment& environment, const PublishOptions& options,
       const std::vector<std::string>& hubs, HttpCaller& caller, HostedFiles files);
  ~Host();

  Result<void> Listen();
  ExitStatus Run();

 private:
  void OnNews(std::string_view name);
  Result<void> BeReady();
  void Look(Clock::time_point now);
  void OnChange(const TopicChange& change);
  void Remark(const HostedTopic& topic);
  void TellVisits();
  void Settle(const std::vector<HubLine::Settled>& settled);
  bool Over(Clock::time_point now);
  bool AllFetched() const;
  Clock::time_point LookDue() const;
  Duration UntilNext(Clock::time_point now) const;
  void OutOfTime();

  Environment& environment_;
  const PublishOptions& options_;
  HttpCaller& caller_;
  HostedFiles files_;
  PublishReport report_;
  std::vector<std::string> hubs_;
  std::list<HubLine> lines_;
  std::map<std::string, Telling> telling_;  // by topic
  long long published_ = 0;
  std::optional<Clock::time_point> full_since_;
  Clock::time_point next_look_{};

  mutable std::mutex mutex_;
  std::optional<Clock::time_point> first_news_;  // guarded by mutex_; of those not looked at yet
  Clock::time_point last_news_{};                // the same
  TopicListener listener_;
  std::unique_ptr<FolderWatch> watch_;
};

Host::Host(Environment& environment, const PublishOptions& options,
           const std::vector<std::string>& hubs, HttpCaller& caller, HostedFiles files)
    : environment_(environment),
      options_(options),
      caller_(caller),
      files_(std::move(files)),
      report_(environment, options),
      hubs_(hubs),
      listener_(environment, options, {hubs, "", files_.is_folder()},
                [&caller] { caller.Wake(); }) {
  for (const std::string& hub : hubs) lines_.emplace_back(caller, options, report_, hub);
}

// Nobody waits for a hub any more; then the members end, the watch and the listener first.
Host::~Host() {
  caller_.Stop();
}

// Any thread: the folder of a single file may be a busy one.
void Host::OnNews(std::string_view name) {
  const std::string own = std::filesystem::path(files_.root()).filename().string();
  std::error_code error;
  const auto real = std::filesystem::canonical(files_.root(), error).filename().string();
  if (!files_.is_folder() && !name.empty() && name != own && name != real) return;
  const std::lock_guard lock(mutex_);
  last_news_ = Clock::now();
  if (!first_news_) first_news_ = last_news_;
  caller_.Wake();
}

Result<void> Host::Listen() {
  if (auto listening = listener_.Listen(); !listening) return listening;
  files_.SetBaseUrl(listener_.base_url());
  auto watch = FolderWatch::Make([this](std::string_view name) { OnNews(name); });
  if (watch) {
    watch_ = *std::move(watch);
  } else {
    report_.output().Note(watch.error().message + ": looking every " + FormatDuration(kLookAnyway) +
                          " instead");
  }
  return {};
}

void Host::Look(Clock::time_point now) {
  {
    const std::lock_guard lock(mutex_);
    first_news_.reset();
  }
  bool watched = true;
  const auto changes = files_.Look(
      environment_.clock.Now(),
      [&](const std::string& folder) { watched = !watch_ || (watch_->Follow(folder) && watched); },
      [&](const std::string& sentence) { report_.output().Note(sentence); });
  if (!watched && next_look_ == Clock::time_point{}) {
    report_.output().Note("the system has no room for another watch: looking every " +
                          FormatDuration(kLookAnyway) + " instead");
  }
  next_look_ = Clock::now() + kLookAnyway;
  listener_.Serve(files_.topics());
  // What is new is served before a hub hears of it (PUB-NOT-01).
  for (const TopicChange& change : changes) OnChange(change);
  for (HubLine& line : lines_) Settle(line.Step(now));
}

void Host::OnChange(const TopicChange& change) {
  constexpr std::array<const char*, 3> kNames = {"added", "changed", "removed"};
  const std::string name = kNames.at(static_cast<std::size_t>(change.kind));
  const HostedTopic& topic = *change.topic;
  const bool running = listener_.running();
  report_.output().Event("hosted", {{"topic", topic.url},
                                    {"file", topic.file},
                                    {"change", name},
                                    {"content_type", topic.type},
                                    {"bytes", topic.body->size()},
                                    {"etag", topic.etag}});
  if (running) {
    report_.output().Line({{name + "  ", Style::kWarning},
                           {topic.url, Style::kStrong},
                           {change.kind == TopicChange::Kind::kRemoved
                                ? "  " + topic.file
                                : "  " + HumanSize(topic.body->size()) + "  " + topic.type,
                            Style::kDim}});
  }
  if (change.kind != TopicChange::Kind::kRemoved && (!running || !files_.is_folder())) {
    Remark(topic);
  }
  if (!change.publish) return;
  telling_[topic.url] = {lines_.size(), 0, 0};
  for (HubLine& line : lines_) line.Tell(topic.url);
}

// A feed or a page may have links of its own: they should say the same (PUB-DISC-01, PUB-DISC-02).
void Host::Remark(const HostedTopic& topic) {
  if (files_.is_folder() && report_.output().verbose() == 0) return;
  if (topic.body->size() > kMaxDocument) return;
  const DocumentLinks document = FindDocumentLinks(topic.type, *topic.body);
  if (document.kind != DocumentKind::kHtml && document.kind != DocumentKind::kAtom &&
      document.kind != DocumentKind::kRss) {
    return;
  }
  bool self = false;
  bool hub = false;
  for (const DocumentLink& link : document.links) {
    if (link.place != LinkPlace::kHead) continue;
    const auto base = ResolveReference(topic.url, link.base);
    const auto url = ResolveReference(base.value_or(topic.url), link.href);
    hub = hub || link.rel == "hub";
    if (link.rel != "self") continue;
    self = true;
    if (url != topic.url) {
      report_.output().Note(topic.file + " names another self than the Link header: " +
                            url.value_or(link.href) + "; let it name " + topic.url);
    }
  }
  if (self && hub) return;
  report_.output().Note(topic.file + " has no link elements for " +
                        (self  ? "the hub"
                         : hub ? "self"
                               : "hub and self") +
                        ": readers that do not see the Link header need them");
}

Result<void> Host::BeReady() {
  const HostedTopics& topics = *files_.topics();
  const std::string url = files_.is_folder() ? files_.base_url() + "/"
                          : topics.empty()   ? files_.base_url()
                                             : topics.begin()->second->url;
  if (!options_.ready_file.empty()) {
    if (auto written = WriteReadyFile(options_.ready_file, url + "\n"); !written) return written;
  }
  Output& output = report_.output();
  if (output.json()) {
    output.Event("ready", {{"url", url}, {"hubs", hubs_}});
  } else {
    output.Raw("Ready " + url + "\n");
  }
  for (const std::string& hub : hubs_) {
    output.Line({{"  hub     ", Style::kDim}, {hub}});
  }
  if (!files_.is_folder()) return {};
  std::size_t listed = 0;
  for (const auto& [path, topic] : topics) {
    if (++listed > kMaxListed) break;
    output.Line({{"  topic   ", Style::kDim}, {topic->url}});
  }
  if (topics.size() > kMaxListed) {
    output.Line({{"  and " + std::to_string(topics.size() - kMaxListed) + " more: GET " + url +
                      " lists them",
                  Style::kDim}});
  }
  return {};
}

void Host::TellVisits() {
  const TopicListener::News news = listener_.TakeNews();
  for (const std::string& notice : news.notices) report_.output().Note(notice);
  for (const TopicListener::Visit& visit : news.visits) {
    const auto telling = telling_.find(visit.url);
    if (visit.Fetched() && telling != telling_.end()) ++telling->second.fetched;
    report_.output().Event("fetched", {{"topic", visit.url},
                                       {"method", visit.method},
                                       {"status", visit.status},
                                       {"peer", visit.peer}});
    report_.output().Line(
        {{"fetched  ", Style::kDim},
         {visit.url},
         {"  " + std::to_string(visit.status), visit.Fetched() ? Style::kPlain : Style::kBad},
         {"  by " + visit.peer, Style::kDim}});
  }
}

void Host::Settle(const std::vector<HubLine::Settled>& settled) {
  for (const auto& [topic, taken] : settled) {
    Telling& telling = telling_[topic];
    if (taken) ++telling.taken;
    if (telling.open > 0 && --telling.open == 0) ++published_;
  }
}

bool Host::AllFetched() const {
  return std::ranges::all_of(telling_, [](const auto& each) {
    return each.second.open > 0 || each.second.fetched >= each.second.taken;
  });
}

// Hubs answer a ping before they fetch: they get the time for that.
bool Host::Over(Clock::time_point now) {
  if (!environment_.out.good()) return true;
  if (!options_.count || published_ < *options_.count) return false;
  if (!full_since_) full_since_ = now;
  if (AllFetched()) return true;
  if (now - *full_since_ < kFetchWithin) return false;
  for (const auto& [topic, telling] : telling_) {
    if (telling.open > 0 || telling.fetched >= telling.taken) continue;
    report_.output().Note(topic + " was fetched " + std::to_string(telling.fetched) + " of " +
                          std::to_string(telling.taken) + " times within " +
                          FormatDuration(kFetchWithin) + " of its publish");
  }
  return true;
}

Clock::time_point Host::LookDue() const {
  const std::lock_guard lock(mutex_);
  if (!first_news_) return next_look_;
  return std::min(last_news_ + kQuiet, *first_news_ + kLongestBurst);
}

Duration Host::UntilNext(Clock::time_point now) const {
  Clock::time_point next = LookDue();
  for (const HubLine& line : lines_) {
    if (const auto due = line.Due()) next = std::min(next, *due);
  }
  if (full_since_) next = std::min(next, *full_since_ + kFetchWithin);
  return std::max(std::chrono::ceil<Duration>(next - now), Duration::zero());
}

void Host::OutOfTime() {
  std::string sentence = "--timeout ran out: published " + std::to_string(published_);
  if (options_.count) sentence += " of " + std::to_string(*options_.count);
  sentence += published_ == 1 && !options_.count ? " change" : " changes";
  for (const HubLine& line : lines_) {
    if (line.away()) sentence += "; not told: " + line.why();
  }
  report_.Fail(ExitStatus::kTimeout, sentence);
}

ExitStatus Host::Run() {
  Look(Clock::now());
  if (auto ready = BeReady(); !ready) return report_.output().Fail(ready.error());
  listener_.Start();
  while (true) {
    auto now = Clock::now();
    if (LookDue() <= now) Look(now);
    now = Clock::now();
    for (HubLine& line : lines_) Settle(line.Step(now));
    TellVisits();
    if (Over(now)) return report_.status();
    const CallEnd end = caller_.Wait(UntilNext(now));
    if (end == CallEnd::kInterrupted) return StatusOfSignal(caller_.signal());
    if (end == CallEnd::kOutOfTime) {
      OutOfTime();
      return report_.status();
    }
  }
}

}  // namespace

ExitStatus RunHost(Environment& environment, const PublishOptions& options,
                   const std::vector<std::string>& hubs) {
  Output output(environment, options.output);
  if (hubs.empty()) {
    return UsageError(environment, kPublish, "--host needs --hub: the hub that the topic names");
  }
  auto files = HostedFiles::Open({*options.host, "", options.type});
  if (!files) return output.Fail(files.error());
  const auto caller = HttpCaller::Make(environment, options.tls, options.timeout);
  if (!caller) return output.Fail(caller.error());
  Host host(environment, options, hubs, **caller, *std::move(files));
  if (auto listening = host.Listen(); !listening) return output.Fail(listening.error());
  return host.Run();
}

}  // namespace websub::cli
