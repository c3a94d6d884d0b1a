#include "cli/conformance/hub_bench.h"

#include <algorithm>
#include <set>

#include "core/text.h"
#include "core/url.h"

namespace websub::cli::conformance {
namespace {

constexpr std::string_view kMark = "update-";
constexpr int kMaxHubRedirects = 3;
const char* const kFormType = "application/x-www-form-urlencoded";

[[noreturn]] void Over(Outcome outcome) {
  throw CaseOver{std::move(outcome)};
}

Reply ServeTopic(HubTopic::State& state) {
  const std::scoped_lock lock(state.mutex);
  Reply reply{.status = state.status,
              .fields = state.links,
              .body = state.content.body,
              .delay = state.delay};
  if (state.content.type) reply.fields.emplace_back("Content-Type", *state.content.type);
  return reply;
}

}  // namespace

Outcome FailedBy(FindingCode code, std::string message) {
  return Failed(std::move(message), std::string(EntryOf(code).cause));
}

// ----------------------------------------------------------------------------------------
// callbacks

void Callback::Verify(Answer answer) const {
  const std::scoped_lock lock(state_->mutex);
  state_->verify = std::move(answer);
}

void Callback::Deliver(Answer answer) const {
  const std::scoped_lock lock(state_->mutex);
  state_->deliver = std::move(answer);
}

Reply Echo(const Visit& visit) {
  return {.status = 200,
          .fields = {{"Content-Type", "text/plain"}},
          .body = visit.Parameter("hub.challenge").value_or("")};
}

Reply Refuse(const Visit&) {
  return {.status = 404, .fields = {}, .body = "nobody asked for this"};
}

Reply Stall(const Visit&) {
  return {.status = 200, .fields = {}, .body = {}, .never = true};
}

Answer AnswerStatus(int status, std::string body) {
  return [status, body = std::move(body)](const Visit&) {
    return Reply{.status = status, .fields = {}, .body = body};
  };
}

Answer FailFirst(std::size_t times, int status, hub::http::Fields fields) {
  const auto left = std::make_shared<std::size_t>(times);  // asked on the loop's thread only
  return [left, status, fields = std::move(fields)](const Visit&) {
    if (*left == 0) return Reply{};
    --*left;
    return Reply{.status = status, .fields = fields, .body = "not now"};
  };
}

bool IsVerification(const Visit& visit, std::string_view mode) {
  return visit.request.method == "GET" && visit.Parameter("hub.mode") == mode &&
         !visit.Parameter("hub.challenge").value_or("").empty();
}

// ---------------------------------------------------------------------------------------- forms

Form FormOf(const Wish& wish) {
  Form form = {{"hub.mode", wish.mode}, {"hub.topic", wish.topic}, {"hub.callback", wish.callback}};
  if (wish.secret) form.push_back({"hub.secret", *wish.secret});
  if (wish.lease) form.push_back({"hub.lease_seconds", *wish.lease});
  form.insert(form.end(), wish.more.begin(), wish.more.end());
  return form;
}

Form Without(Form form, std::string_view name) {
  std::erase_if(form, [&](const FormField& field) { return field.name == name; });
  return form;
}

Form With(Form form, std::string_view name, std::string value) {
  for (FormField& field : form) {
    if (field.name != name) continue;
    field.value = std::move(value);
    return form;
  }
  form.push_back({std::string(name), std::move(value)});
  return form;
}

std::string Said(const hub::OutgoingResult& answer) {
  if (answer.status != 0) return "answered " + std::to_string(answer.status);
  return "gave no answer (" + std::string(Name(answer.fault)) + ")";
}

// ----------------------------------------------------------------------------------------
// publisher

Content HubBench::Text(const std::string& words) {
  const std::string mark = std::string(kMark) + scene_.Token();
  return {.mark = mark, .body = mark + words};
}

void HubBench::NeedsPings(const std::string& why) const {
  if (target_.topic || !pings()) {
    Over(Unobservable(why + ", which needs a topic that the suite serves and the hub fetches"));
  }
}

HubTopic HubBench::Topic(const std::string& suffix) {
  auto state = std::make_shared<HubTopic::State>();
  if (target_.topic) {
    if (pings()) {
      Over(
          Unobservable("the content of --topic is not the suite's to change, and --publish-style " +
                       target_.publish_style + " carries none"));
    }
    return {*target_.topic, std::move(state), std::nullopt};
  }
  state->content = Text();
  Place place = scene_.Open("topic", suffix, [state](const Visit&) { return ServeTopic(*state); });
  const std::string url = place.url();
  state->links = {{"Link", "<" + target_.url + ">; rel=\"hub\", <" + url + ">; rel=\"self\""}};
  if (!pings()) {
    const auto answer = Ping({{"hub.mode", "register"}, {"hub.topic", url}});
    if (!answer.Ok2xx() && answer.status != 409) {
      Over(Skipped("the hub " + Said(answer) + " where a topic was to be registered"));
    }
  }
  return {url, std::move(state), std::move(place)};
}

HubTopic HubBench::NamedTopic() {
  if (!target_.topic) return Topic();
  return {*target_.topic, std::make_shared<HubTopic::State>(), std::nullopt};
}

hub::OutgoingResult HubBench::Post(const std::string& role, const std::string& what,
                                   std::string body, const hub::http::Fields& fields,
                                   const std::string& url) {
  Message message;
  message.method = "POST";
  message.url = url.empty() ? target_.url : url;
  message.fields = Merged({{"Content-Type", kFormType}}, fields);
  message.body = std::move(body);
  message.with_headers = true;
  return scene_.Send(role, what, message);
}

hub::OutgoingResult HubBench::Ping(const Form& form) {
  return Post("publisher", "publish", EncodeForm(form));
}

void HubBench::Publish(const HubTopic& topic, const Content& content) {
  {
    const std::scoped_lock lock(topic.state().mutex);
    topic.state().content = content;
  }
  hub::OutgoingResult answer;
  if (pings()) {
    Form form = {{"hub.mode", "publish"}};
    if (target_.publish_style != "hub.topic") form.push_back({"hub.url", topic.url()});
    if (target_.publish_style != "hub.url") form.push_back({"hub.topic", topic.url()});
    answer = Ping(form);
  } else {
    hub::http::Fields fields;
    if (content.type) fields.emplace_back("Content-Type", *content.type);
    if (content.type && content.type->starts_with(kFormType)) {
      fields.emplace_back("x-ballerina-publisher", "publish");
    }
    answer =
        Post("publisher", "publish", content.body, fields,
             AppendQuery(target_.url, "hub.mode=publish&hub.topic=" + PercentEncode(topic.url())));
  }
  if (!answer.Ok2xx()) Over(Skipped("the hub " + Said(answer) + " where it was told of an update"));
}

// ----------------------------------------------------------------------------------------
// subscriber

Callback HubBench::MakeCallback(const std::string& suffix) {
  auto state = std::make_shared<Callback::State>();
  state->verify = Echo;
  state->deliver = AnswerStatus(200);
  Place place = scene_.Open("callback", suffix, [state](const Visit& visit) {
    Answer answer;
    {
      const std::scoped_lock lock(state->mutex);
      answer = visit.request.method == "GET" ? state->verify : state->deliver;
    }
    return answer(visit);
  });
  return {std::move(place), std::move(state)};
}

hub::OutgoingResult HubBench::Ask(const std::string& what, const Form& form) {
  const std::string body = EncodeForm(form);
  std::string url = target_.url;
  hub::OutgoingResult answer = Post("subscriber", what, body);
  // Another hub may be named (HUB-REQ-14).
  for (int i = 0; i < kMaxHubRedirects && (answer.status == 307 || answer.status == 308); ++i) {
    const auto next = ResolveReference(url, FirstField(HeadFields(answer.head), "Location"));
    if (!next) break;
    url = *next;
    answer = Post("subscriber", what + ", redirected", body, {}, url);
  }
  return answer;
}

void HubBench::Request(const Wish& wish) {
  const auto answer = Ask(wish);
  if (answer.Ok2xx()) return;
  Over(Skipped("the hub " + Said(answer) + " to a request to " + wish.mode +
               (wish.mode == "subscribe" ? " (HUB-REQ-01)" : " (HUB-REQ-08)")));
}

Visit HubBench::Verification(const Callback& callback, std::string_view mode, std::size_t from) {
  auto visit =
      callback.place().Await([&](const Visit& one) { return IsVerification(one, mode); }, from);
  if (visit) return *visit;
  Over(Skipped("no verification of " + std::string(mode) + " came " +
               (mode == "subscribe" ? "(HUB-VER-01)" : "(HUB-REQ-08)")));
}

Visit HubBench::Subscribe(const Callback& callback, Wish wish) {
  wish.callback = callback.url();
  const std::size_t from = callback.Count();
  Request(wish);
  Visit visit = Verification(callback, wish.mode, from);
  Settle();
  return visit;
}

Callback HubBench::Subscribed(const HubTopic& topic, const std::optional<std::string>& secret,
                              const std::string& suffix) {
  Callback callback = MakeCallback(suffix);
  Subscribe(callback, {.topic = topic.url(), .callback = {}, .secret = secret});
  return callback;
}

// ----------------------------------------------------------------------------------------
// deliveries

bool HubBench::Brings(const Visit& visit, const Content& content) const {
  const auto& request = visit.request;
  if (request.method == "GET") return false;
  if (request.body.find(content.mark) != std::string::npos) return true;
  // Somebody else's update, where the topic is shared; nobody's, where it is our own.
  return !target_.topic && request.body.find(kMark) == std::string::npos;
}

std::optional<Visit> HubBench::Await(const Callback& callback, const Content& content,
                                     std::size_t from) {
  return callback.place().Await([&](const Visit& one) { return Brings(one, content); }, from);
}

Visit HubBench::Delivery(const Callback& callback, const Content& content, std::size_t from) {
  auto visit = Await(callback, content, from);
  if (!visit) Over(Skipped("no delivery came (HUB-DIS-01)"));
  return *visit;
}

Visit HubBench::Told(const HubTopic& topic, const Callback& callback) {
  const Content content = Text();
  Publish(topic, content);
  return Delivery(callback, content);
}

HubBench::Reached HubBench::Reach(const HubTopic& topic, const Callback& control,
                                  const Callback& callback) {
  const auto once = [&]() -> Reached {
    const Content content = Text();
    Publish(topic, content);
    Visit first = Delivery(control, content);
    return {std::move(first), Await(callback, content)};
  };
  Reached reached = once();
  return reached.callback ? reached : once();
}

bool HubBench::Nothing(const Callback& callback, const Content& content, std::size_t from) {
  return callback.place().Quiet([&](const Visit& one) { return Brings(one, content); }, from);
}

std::size_t HubBench::Deliveries(const Callback& callback, const Content& content) const {
  const auto visits = callback.place().Visits();
  return static_cast<std::size_t>(std::count_if(
      visits.begin(), visits.end(), [&](const Visit& one) { return Brings(one, content); }));
}

Case HubCase(std::shared_ptr<const Target> target, std::string name, std::string title,
             std::function<Outcome(HubBench&)> story) {
  return {.name = std::move(name),
          .title = std::move(title),
          .run = [target = std::move(target), story = std::move(story)](Scene& scene) {
            HubBench bench(scene, *target);
            try {
              return story(bench);
            } catch (const CaseOver& over) {
              return over.outcome;
            }
          }};
}

}  // namespace websub::cli::conformance
