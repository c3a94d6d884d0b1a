#include "cli/commands/subscribe_workbench.h"

#include <algorithm>
#include <utility>

namespace websub::cli {
namespace {

constexpr std::size_t kInMemory = 10 * 1024 * 1024;
constexpr std::size_t kInFile = 1024 * 1024 * 1024;

PartFile* PartOf(const hub::http::Request& request) {
  return static_cast<PartFile*>(request.sink.get());
}

bool NeedsBody(const SubscribeOptions& options) {
  return !options.forward_to.empty() ||
         std::ranges::any_of(options.expect,
                             [](const std::string& what) { return what.starts_with("body~"); });
}

// What stands beside a body, in the words of the event.
Json AboutOf(const std::string& topic, const Arrival& arrival, Time now) {
  Json about{{"ts", FormatRfc3339(now)}};
  about.update(NotificationMembers(topic, arrival));
  about["method"] = arrival.request.method;
  about["target"] = arrival.request.target;
  Json fields = Json::array();
  for (const auto& [name, value] : HeadFields(MaskHead(arrival.request.head))) {
    fields.push_back({name, value});
  }
  about["fields"] = fields;
  return about;
}

hub::http::Response AnswerOf(const ProgramEnd& end) {
  if (!end.Ok()) return hub::http::Response::Text(500, end.problem);
  hub::http::Response response;
  response.status = 204;
  return response;
}

}  // namespace

std::size_t MaxBody(const SubscribeOptions& options) {
  if (options.max_body) return *options.max_body;
  return options.output_dir.empty() || NeedsBody(options) ? kInMemory : kInFile;
}

Result<std::unique_ptr<Workbench>> Workbench::Make(const SubscribeOptions& options,
                                                   const hub::Clock& clock, hub::http::Loop& loop,
                                                   hub::Transport& transport,
                                                   SubscribeReport& report) {
  std::unique_ptr<Workbench> bench(new Workbench(options, clock, report));
  if (!options.output_dir.empty()) {
    auto folder = OutputFolder::Open(options.output_dir);
    if (!folder) return tl::unexpected(folder.error());
    bench->folder_ = *std::move(folder);
  }
  if (!options.record.empty()) {
    auto record = RequestRecord::Open(options.record);
    if (!record) return tl::unexpected(record.error());
    bench->record_ = *std::move(record);
  }
  if (!options.forward_to.empty()) {
    auto to = Url::Parse(options.forward_to);
    if (!to) return tl::unexpected(to.error());
    bench->forwarder_ =
        std::make_unique<Forwarder>(transport, *std::move(to), options.forward_timeout);
  }
  if (!options.exec.empty()) {
    bench->executor_ = std::make_unique<Executor>(loop, options.exec, options.exec_timeout);
  }
  return bench;
}

hub::http::BodyPlan Workbench::Plan(const hub::http::Request& head, const std::string& secret) {
  if (!folder_) return {};
  return {folder_->Begin(head.Field("X-Hub-Signature"), secret), std::nullopt};
}

void Workbench::Describe(const hub::http::Request& request, CallbackRequest& seen,
                         std::string& read_back) {
  PartFile* const part = PartOf(request);
  if (part == nullptr) return;
  seen.check = part->Check();
  // For the diagnosis of a signature that does not fit.
  if (seen.check->verdict == SignatureVerdict::kInvalid) {
    read_back = part->Read(Subscriber::kMaxDiagnosed).value_or("");
    seen.body = read_back;
  }
}

Result<void> Workbench::TakeIn(const std::string& topic, Arrival& arrival) {
  if (auto recorded = Record(arrival); !recorded) return recorded;
  if (PartFile* const part = PartOf(arrival.request); part != nullptr) {
    const bool handed_on = HandsOn(arrival.delivery);
    const bool discarded = arrival.delivery.Discarded();
    if ((NeedsBody(options_) && !discarded) || (handed_on && discarded)) {
      auto body = part->Read(MaxBody(options_));
      if (!body) return tl::unexpected(body.error());
      arrival.body = std::make_shared<const std::string>(*std::move(body));
    }
  }
  if (!arrival.delivery.Discarded()) return Store(topic, arrival);
  return {};
}

Result<void> Workbench::Record(const Arrival& arrival) {
  if (!record_) return {};
  const hub::http::Request& request = arrival.request;
  if (const PartFile* const part = PartOf(request); part != nullptr) {
    return record_->AppendFile(request.head, part->path(), arrival.bytes);
  }
  return record_->Append(request.head, arrival.Body());
}

Result<void> Workbench::Store(const std::string& topic, Arrival& arrival) {
  PartFile* const part = PartOf(arrival.request);
  if (part == nullptr) return {};
  const Time now = clock_.Now();
  auto kept =
      folder_->Keep(*part, arrival.delivery.content_type, now, AboutOf(topic, arrival, now));
  if (!kept) return tl::unexpected(kept.error());
  arrival.file = *std::move(kept);
  return {};
}

bool Workbench::HandsOn(const Delivery& delivery) const {
  return (forwarder_ || executor_) && (options_.forward_all || !delivery.Discarded());
}

void Workbench::HandOn(const SubscriptionFacts& facts, std::shared_ptr<const Arrival> arrival,
                       std::function<void(hub::http::Response)> done) {
  if (forwarder_) {
    return forwarder_->Forward(*arrival,
                               [this, facts, arrival, done = std::move(done)](AppAnswer answer) {
                                 report_.Forwarded(facts, *arrival, answer);
                                 done(std::move(answer.response));
                               });
  }
  executor_->Run(facts.topic, arrival,
                 [this, facts, arrival, done = std::move(done)](const ProgramEnd& end) {
                   report_.Executed(facts, *arrival, end);
                   done(AnswerOf(end));
                 });
}

}  // namespace websub::cli
