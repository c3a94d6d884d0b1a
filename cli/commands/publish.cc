#include "cli/commands/publish.h"

#include <algorithm>
#include <array>

#include "cli/commands/publish_curl.h"
#include "cli/commands/publish_host.h"
#include "cli/commands/publish_replay.h"
#include "cli/commands/publish_report.h"
#include "cli/commands/publish_targets.h"
#include "cli/commands/publish_template.h"
#include "cli/commands/publish_wait.h"
#include "cli/files.h"
#include "cli/given_flags.h"
#include "cli/http_call.h"
#include "cli/text.h"

namespace websub::cli {
namespace {

constexpr Duration kDefaultWait = std::chrono::seconds(30);

// What is published one after another.
struct Rounds {
  std::function<Publication(long long n)> get;  // n counts from 1
  std::optional<long long> count;               // nothing: without an end
  bool several = false;                         // the number of each is told
};

bool Repeats(const PublishOptions& options) {
  return options.count || options.every;
}

std::string ContentType(const PublishOptions& options) {
  return options.type.empty() ? std::string(TypeOfFile(options.content.value_or("-")))
                              : options.type;
}

// The rounds of --replay.
Result<Rounds> ReplayRounds(Environment& environment, const PublishOptions& options,
                            Output& output) {
  const auto bytes = ReadInput(environment, *options.replay);
  if (!bytes) return tl::unexpected(bytes.error());
  auto replay = ReadReplay(*options.replay, *bytes,
                           options.topics.empty() ? NeedTopic::kYes : NeedTopic::kNo);
  if (!replay) return tl::unexpected(replay.error());
  for (const std::string& remark : replay->remarks) output.Note(remark);
  const auto contents =
      std::make_shared<const std::vector<ReplayedContent>>(std::move(replay->contents));
  Rounds rounds;
  rounds.count = static_cast<long long>(contents->size());
  if (options.count) rounds.count = std::min(*rounds.count, *options.count);
  rounds.several = true;
  rounds.get = [contents, &options](long long n) {
    const ReplayedContent& content = (*contents)[static_cast<std::size_t>(n - 1)];
    const auto topics = options.topics.empty() ? std::vector{content.topic} : options.topics;
    return Publication{topics, content.body, content.type};
  };
  return rounds;
}

// The rounds of --content, and of pings.
Result<Rounds> ContentRounds(Environment& environment, const PublishOptions& options,
                             Output& output) {
  Rounds rounds;
  rounds.several = Repeats(options);
  rounds.count = options.count;
  if (!options.count && !options.every) rounds.count = 1;
  const bool wants_bytes = !options.curl || ContentForCurl(options) == CurlContent::kBytes;
  if (!options.content || !wants_bytes) {
    auto content = options.content ? std::optional<std::string>("") : std::nullopt;
    rounds.get = [&options, content](long long) {
      return Publication{options.topics, content, ContentType(options)};
    };
    return rounds;
  }
  const auto read = ReadInput(environment, *options.content);
  if (!read) return tl::unexpected(read.error());
  if (!options.templated) {
    if (rounds.several && LooksLikeTemplate(*read)) {
      output.Note("the content holds {{…}}, which is sent as it is: --template fills it in");
    }
    rounds.get = [&options, content = *read](long long) {
      return Publication{options.topics, content, ContentType(options)};
    };
    return rounds;
  }
  auto made = ContentTemplate::Parse(*read, kMaxInput);
  if (!made) return tl::unexpected(made.error());
  rounds.get = [&options, &environment, filled = *std::move(made)](long long n) {
    return Publication{options.topics, filled.Fill(n, environment.clock.Now(), environment.random),
                       ContentType(options)};
  };
  return rounds;
}

class Publisher {
 public:
  Publisher(Environment& environment, const PublishOptions& options, HttpCaller& caller,
            const std::string& api_token, std::vector<std::string> hubs)
      : environment_(environment),
        options_(options),
        caller_(caller),
        hubs_(std::move(hubs)),
        report_(environment, options),
        wait_({caller, api_token}, report_, options.wait_delivered.value_or(0),
              options.timeout ? std::nullopt : std::optional(kDefaultWait)) {}

  ExitStatus Run(const Rounds& rounds);

 private:
  void Round(const Rounds& rounds, const Publication& publication, long long n);
  bool Goes() const;
  bool Pause(const Rounds& rounds, long long done);

  Environment& environment_;
  const PublishOptions& options_;
  HttpCaller& caller_;
  std::vector<std::string> hubs_;
  PublishReport report_;
  DeliveryWait wait_;
  std::vector<std::string> topics_;  // those that the targets are of
  std::vector<PublishTarget> targets_;
};

ExitStatus Publisher::Run(const Rounds& rounds) {
  for (long long n = 1; !rounds.count || n <= *rounds.count; ++n) {
    if (n > 1 && (!Goes() || !Pause(rounds, n - 1))) break;
    const Publication publication = rounds.get(n);
    if (topics_ != publication.topics) {
      topics_ = publication.topics;
      targets_ = FindTargets(environment_, caller_, report_, hubs_, topics_);
    }
    if (targets_.empty()) break;
    Round(rounds, publication, n);
  }
  const int signal = caller_.signal();
  return signal == 0 ? report_.status() : StatusOfSignal(signal);
}

void Publisher::Round(const Rounds& rounds, const Publication& publication, long long n) {
  if (options_.wait_delivered && !wait_.Prepare(targets_)) return;
  bool all_taken = true;
  for (const PublishTarget& target : targets_) {
    for (const PublishCall& call : CallsFor(options_, target, publication)) {
      const auto followed = caller_.Follow(HttpCallOf(call, options_.headers));
      const PublishAnswer answer = report_.Answered(
          target.hub, call, followed, rounds.several ? std::optional(n) : std::nullopt);
      const bool ended_as_meant = !rounds.count && caller_.signal() != 0;
      if (!answer.taken && !ended_as_meant) report_.Fail(answer.status, answer.sentence);
      all_taken = all_taken && answer.taken;
      if (answer.taken && publication.content) {
        wait_.Made(target.hub, call.topics.front(), answer.message);
      }
    }
  }
  if (all_taken && options_.wait_delivered) wait_.Await();
}

// Whether another round makes sense: a hub that refused once may take the next.
bool Publisher::Goes() const {
  return caller_.signal() == 0 && report_.status() != ExitStatus::kTimeout &&
         report_.status() != ExitStatus::kUsage && environment_.out.good();
}

bool Publisher::Pause(const Rounds& rounds, long long done) {
  const CallEnd end = caller_.Wait(options_.every.value_or(Duration::zero()));
  if (end == CallEnd::kOutOfTime) {
    report_.Fail(ExitStatus::kTimeout,
                 "--timeout ran out: published " + std::to_string(done) +
                     (rounds.count ? " of " + std::to_string(*rounds.count) : "") +
                     (rounds.count != 1 || done != 1 ? " times" : " time"));
  }
  return end == CallEnd::kAnswered;
}

// All that --curl prints.
Result<void> PrintCurlRounds(Output& output, const PublishOptions& options,
                             const std::vector<std::string>& hubs, const Rounds& rounds) {
  std::vector<Publication> publications;
  for (long long n = 1; n <= rounds.count.value_or(1); ++n) publications.push_back(rounds.get(n));
  return PrintPublishCurl(output, options, hubs, publications);
}

// How long the run may take. Where there are several publishes each has its own time to be
// delivered.
std::optional<Duration> TimeLeft(const PublishOptions& options) {
  const bool once = !Repeats(options) && !options.replay;
  if (options.timeout || !options.wait_delivered || !once) return options.timeout;
  return kDefaultWait;
}

// Where a page is served has nothing to say of one that others serve.
Result<void> CheckHostFlags(const Environment& environment, const PublishOptions& options) {
  constexpr std::array<std::string_view, 3> kFlags = {"--listen", "--public-url", "--ready-file"};
  const auto flag = options.host ? std::nullopt : FirstGiven(environment, kFlags);
  if (!flag) return {};
  return Fail(ErrorCode::kInvalid,
              *flag + " belongs to --host: give --host FILE, or leave " + *flag + " out");
}

}  // namespace

ExitStatus Run(Environment& environment, const PublishOptions& options) {
  Output output(environment, options.output);
  if (const auto good = CheckOptions(options); !good) {
    return UsageError(environment, kPublish, good.error().message);
  }
  if (const auto fit = CheckHostFlags(environment, options); !fit) {
    return UsageError(environment, kPublish, fit.error().message);
  }
  const auto token = ReadApiToken(environment, options.api_token);
  if (!token) return UsageError(environment, kPublish, token.error().message);
  auto hubs = GivenHubs(environment, options);
  if (!hubs) return UsageError(environment, kPublish, hubs.error().message);
  if (options.host) return RunHost(environment, options, *hubs);
  const auto rounds = options.replay ? ReplayRounds(environment, options, output)
                                     : ContentRounds(environment, options, output);
  if (!rounds) return output.Fail(rounds.error());
  if (options.curl) {
    const auto printed = PrintCurlRounds(output, options, *hubs, *rounds);
    return printed ? ExitStatus::kDone : UsageError(environment, kPublish, printed.error().message);
  }
  const auto caller = HttpCaller::Make(environment, options.tls, TimeLeft(options));
  if (!caller) return output.Fail(caller.error());
  return Publisher(environment, options, **caller, *token, *std::move(hubs)).Run(*rounds);
}

}  // namespace websub::cli
