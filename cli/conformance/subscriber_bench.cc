#include "cli/conformance/subscriber_bench.h"

#include <cstdlib>
#include <ostream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "core/text.h"
#include "core/url.h"
#include "core/verification.h"

namespace websub::cli::conformance {
namespace {

using SteadyClock = std::chrono::steady_clock;

// How often the end of a program is looked for while something is waited for.
constexpr Duration kGlance = std::chrono::milliseconds(50);
// The hub's answer reaches the subscriber before the verification does: many a subscriber takes its
// request for sent only then.
constexpr Duration kSettle = std::chrono::milliseconds(50);
constexpr Duration kGrace = std::chrono::seconds(2);
constexpr std::size_t kMaxObservation = Program::kMaxOutput;

std::filesystem::path MakeFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "websub-case-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the case");
  return name;
}

Form FormOf(const std::string& body) {
  return ParseForm(body).value_or(Form{});
}

bool IsForm(const Visit& visit, const std::string& mode) {
  if (visit.request.method != "POST") return false;
  const Form form = FormOf(visit.request.body);
  return FindField(form, "hub.mode") == mode && FindField(form, "hub.topic").has_value() &&
         Url::Parse(FindField(form, "hub.callback").value_or("")).has_value();
}

Reply Accepted() {
  return {.status = 202, .fields = {}, .body = ""};
}

}  // namespace

std::string Asked::At(std::string_view name) const {
  return std::string(FindField(form, name).value_or(""));
}

std::string HowAnswered(const hub::OutgoingResult& result) {
  if (result.fault == Fault::kNone) return "it answered " + std::to_string(result.status);
  if (result.fault == Fault::kResponseTimeout) return "no answer came in time";
  if (result.fault == Fault::kRefused) return "nobody listens at the callback";
  return "no answer came (" + std::string(Name(result.fault)) + ")";
}

SubscriberBench::SubscriberBench(Environment& environment, const Target& target, Scene& scene,
                                 std::string label)
    : environment_(environment),
      target_(target),
      scene_(scene),
      label_(std::move(label)),
      folder_(MakeFolder()),
      hub_(OpenHub()),
      topic_(OpenTopic({})) {
  topic_.AnswerWith(Always(PlainTopic(announced())));
}

SubscriberBench::~SubscriberBench() {
  EndProgram();
  if (!observed_.empty()) scene_.Note("observation", "what was taken", observed_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void SubscriberBench::EndProgram() {
  if (!program_) return;
  // Whoever unsubscribes now need not wait for anything.
  hub_.AnswerWith(Always({.status = 404, .fields = {}, .body = "the case has ended\n"}));
  program_->End(kGrace);
  if (!program_->Out().empty()) scene_.Note("subscriber", "standard output", program_->Out());
  if (!program_->Err().empty()) scene_.Note("subscriber", "standard error", program_->Err());
  program_.reset();
}

Place SubscriberBench::OpenTopic(Reply page, const std::string& suffix) {
  Place place = scene_.Open("topic", suffix, Always(std::move(page)));
  topics_.insert(place.url());
  return place;
}

Place SubscriberBench::OpenHub(const std::string& suffix) {
  return scene_.Open("hub", suffix, Always(Accepted()));
}

// ------------------------------------------------------------------------------------- the program

std::string SubscriberBench::Filled(const std::string& text,
                                    const std::function<std::string(std::string)>& quote) {
  std::string filled;
  for (std::size_t at = 0; at < text.size();) {
    const auto is = [&](std::string_view name) { return text.compare(at, name.size(), name) == 0; };
    if (is("{topic}")) {
      filled += quote(url_);
    } else if (is("{case}")) {
      filled += quote(label_);
    } else if (is("{dir}")) {
      filled += quote(folder_.string());
    } else {
      filled += text[at++];
      continue;
    }
    at = text.find('}', at) + 1;
  }
  return filled;
}

void SubscriberBench::Invite(const std::string& url) {
  // One write: the progress line is written by another thread.
  const std::string line = "\n" + label_ + ": subscribe to " + url + "\n";
  environment_.err.write(line.data(), static_cast<std::streamsize>(line.size())).flush();
}

Step<void> SubscriberBench::Start(const std::string& url) {
  url_ = url.empty() ? topic_.url() : url;
  if (target_.start_cmd.empty()) {
    Invite(url_);
    return {};
  }
  const std::string command =
      Filled(target_.start_cmd, [](const std::string& value) { return ShellWord(value); });
  scene_.Note("suite", "start command", command);
  auto program = Program::Start(command);
  if (!program) return End(Skipped(program.error().message));
  program_ = *std::move(program);
  return {};
}

std::unique_ptr<SubscriberBench> SubscriberBench::Another() {
  EndProgram();
  return std::make_unique<SubscriberBench>(environment_, target_, scene_, label_ + "-2");
}

std::string SubscriberBench::HowItEnded() const {
  const auto status = program_ ? program_->status() : std::nullopt;
  if (!status) return "";
  if (*status == 127) return "; the program was not found: see --start-cmd";
  return "; the program ended with status " + std::to_string(*status);
}

std::optional<Visit> SubscriberBench::Await(const Place& place, const Place::Fits& fits,
                                            std::size_t from, std::optional<Duration> wait) const {
  const auto due = SteadyClock::now() + wait.value_or(scene_.patience());
  while (true) {
    // A program that only hands the topic over to another one ends well, and early.
    const bool failed = program_ && program_->status().value_or(0) != 0;
    const auto left = std::chrono::duration_cast<Duration>(due - SteadyClock::now());
    if (auto visit = place.Await(fits, from, std::min(left, kGlance))) return visit;
    if (failed || left <= Duration::zero() || scene_.over()) return std::nullopt;
  }
}

std::optional<Visit> SubscriberBench::AwaitAny(const Place& place) const {
  return Await(place, [](const Visit&) { return true; });
}

bool SubscriberBench::StaysAway(const Place& place) const {
  const auto wait = std::max(scene_.patience() / 4, scene_.silence());
  return !Await(place, [](const Visit&) { return true; }, 0, wait);
}

// ------------------------------------------------------------------------------------ subscription

std::optional<Asked> SubscriberBench::AwaitMode(const std::string& mode, std::size_t from,
                                                std::optional<Duration> wait) const {
  auto visit = Await(hub_, [&](const Visit& one) { return IsForm(one, mode); }, from, wait);
  if (!visit) return std::nullopt;
  Form form = FormOf(visit->request.body);
  return Asked{*std::move(visit), std::move(form)};
}

Step<Asked> SubscriberBench::Ask(std::size_t from) {
  auto asked = AskForAnything(from);
  if (!asked || topics_.contains(asked->topic())) return asked;
  return End(Skipped("hub.topic is no URL that any page names (SUB-REQ-01, SUB-REQ-04)"));
}

Step<Asked> SubscriberBench::AskForAnything(std::size_t from) {
  if (url_.empty()) {
    if (auto started = Start(); !started) return tl::unexpected(started.error());
  }
  if (auto asked = AwaitMode("subscribe", from)) return *std::move(asked);
  if (hub_.Visits().size() > from) {
    return End(Skipped("the hub was asked, but not by a form that it can read (SUB-REQ-04)"));
  }
  return End(Skipped("no subscription request came to the hub" + HowItEnded() + " (SUB-DISC)"));
}

void SubscriberBench::Settle() {
  scene_.Wait(kSettle);
}

Answered SubscriberBench::Verify(const Asked& asked, Question question) {
  if (question.topic.empty()) question.topic = asked.topic();
  if (question.challenge.empty()) question.challenge = scene_.Token();
  Form form = {{"hub.mode", question.mode},
               {"hub.topic", question.topic},
               {"hub.challenge", question.challenge}};
  if (question.mode == "subscribe") {
    form.push_back({"hub.lease_seconds", std::to_string(question.lease.count())});
  }
  Message message;
  message.url = AppendQuery(asked.callback(), EncodeForm(form));
  message.timeout = scene_.patience();
  return {scene_.Send("hub", "verification", message), question.challenge};
}

Step<Asked> SubscriberBench::Subscribe(std::chrono::seconds lease) {
  auto asked = Ask();
  if (!asked) return asked;
  Settle();
  if (!Verify(*asked, {.mode = "subscribe", .topic = "", .challenge = "", .lease = lease})
           .Echoed()) {
    return End(Skipped("the verification was not answered with its challenge (SUB-VER-01)"));
  }
  return asked;
}

Step<Asked> SubscriberBench::Unsubscribe(std::size_t from) {
  if (!program_) return End(Unobservable("only a program of --start-cmd can be told to end"));
  program_->Terminate();
  const auto due = SteadyClock::now() + scene_.patience();
  while (SteadyClock::now() < due && !scene_.over()) {
    const bool ended = program_->status().has_value();
    if (auto asked = AwaitMode("unsubscribe", from, kGlance)) return *std::move(asked);
    if (ended) break;
  }
  return End(Unobservable("it does not unsubscribe when it is ended by SIGTERM, which it may do"));
}

// ------------------------------------------------------------------------------------- deliveries

std::string SubscriberBench::Marker() {
  return "marker-" + scene_.Token();
}

std::string SubscriberBench::Signature(const Asked& asked, const std::string& body,
                                       SignatureAlgorithm algorithm) const {
  return asked.secret().empty() ? "" : Signer(algorithm, asked.secret()).Sign(body);
}

hub::OutgoingResult SubscriberBench::Deliver(const Asked& asked, const Delivery& delivery) {
  Message message;
  message.method = "POST";
  message.url = asked.callback();
  message.fields = {
      {"Content-Type", std::string(kAtomType)},
      {"Link", delivery.link.empty() ? LinkField({hub_.url(), asked.topic()}) : delivery.link}};
  if (!delivery.signature.empty()) {
    message.fields.emplace_back("X-Hub-Signature", delivery.signature);
  }
  message.body = delivery.body;
  message.timeout = scene_.patience();
  return scene_.Send("hub", "delivery", message);
}

hub::OutgoingResult SubscriberBench::DeliverMarker(const Asked& asked, const std::string& marker,
                                                   SignatureAlgorithm algorithm) {
  const std::string body = AtomFeed("", marker);
  return Deliver(asked, {.body = body, .signature = Signature(asked, body, algorithm), .link = ""});
}

hub::OutgoingResult SubscriberBench::DeliverControl(const Asked& asked, const std::string& marker,
                                                    const std::string& link) {
  const std::string body = AtomFeed("", marker);
  auto result = Deliver(asked, {body, Signature(asked, body), link});
  if (!asked.secret().empty() && result.fault == Fault::kNone) {
    Deliver(asked, {body, Signature(asked, body, SignatureAlgorithm::kSha1), link});
  }
  return result;
}

// ------------------------------------------------------------------------------------- observation

bool SubscriberBench::CanObserve() const {
  return !target_.observe_cmd.empty() || !target_.observe_url.empty() ||
         (target_.observe_output && !target_.start_cmd.empty());
}

Step<void> SubscriberBench::NeedsObservation() const {
  if (CanObserve()) return {};
  return End(
      Unobservable("what it does with a delivery shows through --observe-cmd, --observe-url or "
                   "--observe-output only"));
}

std::string SubscriberBench::Observe() {
  if (!target_.observe_cmd.empty()) {
    auto program = Program::Start(
        Filled(target_.observe_cmd, [](const std::string& value) { return ShellWord(value); }));
    if (!program) return "";
    (*program)->Wait(scene_.patience());
    return (*program)->Out();
  }
  if (!target_.observe_url.empty()) {
    Message message;
    message.url =
        Filled(target_.observe_url, [](const std::string& value) { return PercentEncode(value); });
    message.max_body = kMaxObservation;
    return scene_.Send("observer", "observation", message).body;
  }
  return program_ ? program_->Out() : "";
}

bool SubscriberBench::SeesNow(const std::string& marker) {
  observed_ = Observe();
  return observed_.find(marker) != std::string::npos;
}

bool SubscriberBench::Sees(const std::string& marker) {
  const auto due = SteadyClock::now() + scene_.patience();
  Duration pause = kGlance;
  while (!SeesNow(marker)) {
    if (SteadyClock::now() >= due || !scene_.Wait(pause)) return false;
    pause = std::min<Duration>(pause * 2, std::chrono::seconds(1));
  }
  return true;
}

}  // namespace websub::cli::conformance
