#include "cli/commands/inspect_source.h"

#include <thread>
#include <utility>

#include "cli/http_call.h"
#include "cli/hub_access.h"
#include "cli/text.h"
#include "core/text.h"
#include "core/url.h"
#include "core/version.h"
#include "hub/api/read_api.h"
#include "hub/store/store.h"

namespace websub::cli::inspect {
namespace {

// A page of a thousand rows with long URLs, or a message of the largest size that a hub takes.
constexpr Duration kLongestPost = std::chrono::minutes(5);  // what a hub sends has its own timeout
constexpr std::size_t kMaxAnswer = 256 * 1024 * 1024;       // bytes

class FileSource : public Source {
 public:
  FileSource(const hub::Clock& clock, std::unique_ptr<hub::Store> store)
      : clock_(clock), store_(std::move(store)) {}

  tl::expected<SourceAnswer, SourceFailure> Get(const std::string& path,
                                                const std::string& query) override {
    const hub::ReadContext context{clock_.Now(), std::nullopt, "", kVersion};
    auto answer = hub::ReadApi(*store_, context, path, query);
    // A read that failed looks like nothing found.
    if (const auto fault = store_->WriteFault()) {
      return tl::unexpected(SourceFailure{StatusOf(*fault), fault->message});
    }
    return SourceAnswer{answer.status, std::move(answer.body)};
  }
  tl::expected<SourceAnswer, SourceFailure> Post(const std::string&) override {
    return tl::unexpected(SourceFailure{
        ExitStatus::kUsage,
        "--db: a file sends nothing; name the running hub with --hub, or a place with --to URL"});
  }
  bool Waits() const override { return false; }
  std::optional<ExitStatus> Pause(Duration duration) override {
    std::this_thread::sleep_for(duration);  // nobody watches for signals: one ends the process
    return std::nullopt;
  }

 private:
  const hub::Clock& clock_;
  std::unique_ptr<hub::Store> store_;
};

class HubSource : public Source {
 public:
  HubSource(std::unique_ptr<HttpCaller> caller, std::string base, const std::string& api_token)
      : caller_(std::move(caller)), base_(std::move(base)), fields_(BearerFields(api_token)) {
    fields_.emplace_back("Accept", "application/json");
  }

  tl::expected<SourceAnswer, SourceFailure> Get(const std::string& path,
                                                const std::string& query) override {
    Call call;
    call.url = base_ + path + (query.empty() ? "" : "?" + query);
    return Send(std::move(call));
  }
  tl::expected<SourceAnswer, SourceFailure> Post(const std::string& path) override {
    Call call;
    call.method = "POST";
    call.url = base_ + path;
    call.body = "";
    call.timeout = kLongestPost;
    return Send(std::move(call));
  }
  bool Waits() const override { return true; }
  std::optional<ExitStatus> Pause(Duration duration) override {
    if (caller_->Wait(duration) != CallEnd::kInterrupted) return std::nullopt;
    return StatusOfSignal(caller_->signal());
  }

 private:
  tl::expected<SourceAnswer, SourceFailure> Send(Call call) {
    call.fields = fields_;
    call.max_body = kMaxAnswer;
    const CallResult result = caller_->Send(call);
    if (!result.Answered()) {
      const bool refused = result.answer.fault == Fault::kRefused;
      return tl::unexpected(SourceFailure{
          StatusOf(result), refused ? "no hub runs at " + base_ +
                                          " (connection refused): start one with websub serve, or "
                                          "name a hub's file with --db"
                                    : Explain(call, result)});
    }
    auto body = Json::parse(result.answer.body, nullptr, false);
    // What changes something is refused with a sentence.
    if (call.method == "POST" && !result.answer.Ok2xx() && !body.is_object()) {
      body = Json{{"error", HubSentence(result.Field("Content-Type"), result.answer.body)}};
    }
    const bool readable = body.is_object() && (result.answer.Ok2xx() || body.contains("error"));
    if (!readable && (result.answer.status == 401 || result.answer.status == 403)) {
      return tl::unexpected(
          SourceFailure{ExitStatus::kHubRefused,
                        base_ + " refused with " + std::to_string(result.answer.status) + ": " +
                            HubSentence(result.Field("Content-Type"), result.answer.body)});
    }
    if (!readable) {
      const bool markup = Trim(result.answer.body).starts_with('<');
      return tl::unexpected(SourceFailure{
          ExitStatus::kHubRefused,
          base_ + " does not answer as a websub hub does: " + std::to_string(result.answer.status) +
              (markup ? " with a page" : " with " + Quote(result.answer.body))});
    }
    return SourceAnswer{result.answer.Ok2xx() ? 200 : result.answer.status, std::move(body)};
  }
  std::unique_ptr<HttpCaller> caller_;
  std::string base_;
  CallFields fields_;
};

}  // namespace

Result<std::string> HubBase(const std::string& hub) {
  const auto url = Url::Parse(ExpandShorthand(hub));
  if (!url) return Fail(url.error().code, "--hub: " + url.error().message);
  std::string base = url->text();
  base.resize(std::min(base.find_first_of("?#"), base.size()));
  while (base.ends_with('/')) base.pop_back();
  if (base.ends_with("/hub") && !base.ends_with("//hub")) base.resize(base.size() - 4);
  return base;
}

Result<std::unique_ptr<Source>> OpenSource(Environment& environment, const SourcePlace& place,
                                           const TlsOptions& tls) {
  if (place.db) {
    auto store = hub::Store::Open({*place.db, hub::StoreOptions::Access::kReadOnly},
                                  [](const std::function<void()>& task) { task(); });
    if (!store) return tl::unexpected(store.error());
    return std::make_unique<FileSource>(environment.clock, *std::move(store));
  }
  const auto base = HubBase(
      place.hub ? *place.hub : Variable(environment, "WEBSUB_HUB_URL").value_or(kDefaultHub));
  if (!base) return tl::unexpected(base.error());
  auto caller = HttpCaller::Make(environment, tls, std::nullopt);
  if (!caller) return tl::unexpected(caller.error());
  return std::make_unique<HubSource>(*std::move(caller), *base, place.api_token);
}

}  // namespace websub::cli::inspect
