#include "cli/commands/subscribe_request.h"

#include <memory>
#include <utility>

#include "cli/http_call.h"
#include "cli/text.h"
#include "core/address.h"
#include "core/exchange.h"
#include "core/findings.h"
#include "core/form.h"
#include "core/request_head.h"
#include "core/text.h"

namespace websub::cli {
namespace {

constexpr int kMaxRedirects = 10;
constexpr std::size_t kMaxSentence = 500;  // bytes of the hub's own words that are shown

Form FormOf(const SubscriptionRequest& request, const HubExtras& extras) {
  Form form = ToForm(request);
  form.insert(form.end(), extras.parameters.begin(), extras.parameters.end());
  return form;
}

// One request on its way from hub to hub.
struct Sending : std::enable_shared_from_this<Sending> {
  hub::Transport& transport;
  std::shared_ptr<const std::string> form;
  HeaderFields fields;
  bool has_secret = false;
  std::function<void(HubAnswer)> done;
  HubAnswer answer;
  int redirects = 0;
  bool moved_for_good = true;  // only 308 so far

  Sending(hub::Transport& the_transport, const SubscriptionRequest& request,
          const HubExtras& extras, std::function<void(HubAnswer)> when_done)
      : transport(the_transport),
        form(std::make_shared<const std::string>(EncodeForm(FormOf(request, extras)))),
        fields(extras.fields),
        has_secret(request.secret.has_value()),
        done(std::move(when_done)) {}

  void Send(const Url& url);
  void OnAnswer(const Url& url, const hub::OutgoingResult& result);
  void Redirect(const Url& from, const hub::OutgoingResult& result);
  void Refuse(std::string sentence);
};

std::string Location(const hub::OutgoingResult& result) {
  return FirstField(HeadFields(result.head), "Location");
}

void Sending::Send(const Url& url) {
  hub::OutgoingRequest request;
  // SUB-REQ-04: a form in the body.
  request.head = RequestHead("POST", url,
                             Merged({{"Content-Type", "application/x-www-form-urlencoded"},
                                     {"Accept", "*/*"},
                                     {"Content-Length", std::to_string(form->size())}},
                                    fields));
  request.url = url;
  request.body = form;
  request.timeout = std::chrono::seconds(30);
  transport.Send(std::move(request),
                 [self = shared_from_this(), url](const hub::OutgoingResult& result) {
                   self->OnAnswer(url, result);
                 });
}

void Sending::Refuse(std::string sentence) {
  answer.verdict = HubVerdict::kRefused;
  answer.sentence = std::move(sentence);
  done(std::move(answer));
}

void Sending::OnAnswer(const Url& url, const hub::OutgoingResult& result) {
  answer.hub = url.text();
  answer.status = result.status;
  // The status is all that counts; a body that broke off changes nothing about it.
  if (result.status == 0) {
    answer.verdict = HubVerdict::kUnreachable;
    Call call;
    call.url = ShownUrl(url.text());
    CallResult failed;
    failed.answer = result;
    answer.sentence = "the hub " + call.url + " cannot be reached: " + Explain(call, failed);
    answer.finding = JudgeFault(Peer::kHub, result.fault, call.url, result.detail);
    return done(std::move(answer));
  }
  if (result.Ok2xx()) {
    answer.verdict = HubVerdict::kAccepted;
    answer.words = HubSentence(FirstField(HeadFields(result.head), "Content-Type"), result.body);
    return done(std::move(answer));
  }
  if (result.status == 307 || result.status == 308) return Redirect(url, result);
  answer.finding = JudgeHubAnswer(
      {.hub = ShownUrl(url.text()), .status = result.status, .sentence = result.body});
  std::string sentence =
      "the hub " + ShownUrl(url.text()) + " answered " + std::to_string(result.status);
  if (result.status >= 300 && result.status < 400) {
    return Refuse(sentence + ": a hub may redirect with 307 or 308 only");
  }
  const std::string_view words = Trim(result.body);
  if (!words.empty()) sentence += ": " + std::string(words.substr(0, kMaxSentence));
  Refuse(std::move(sentence));
}

void Sending::Redirect(const Url& from, const hub::OutgoingResult& result) {
  const std::string where = "the hub " + ShownUrl(from.text());
  if (++redirects > kMaxRedirects) {
    return Refuse(where + " is the last of more than " + std::to_string(kMaxRedirects) +
                  " redirects");
  }
  const std::string location = Location(result);
  const auto target = location.empty()
                          ? Fail(ErrorCode::kInvalid, "the Location is missing")
                          : ResolveReference(from.text(), location).and_then(&Url::Parse);
  if (!target) {
    return Refuse(where + " redirects to what is no URL: " + target.error().message);
  }
  if (has_secret && from.scheme() == Scheme::kHttps && target->scheme() == Scheme::kHttp) {
    return Refuse(where + " redirects from https to " + ShownUrl(target->text()) +
                  ": the secret would travel in the open; give that --hub, or --no-secret");
  }
  if (from.Origin() != target->Origin()) fields.clear();
  moved_for_good = moved_for_good && result.status == 308;
  if (moved_for_good) answer.next_hub = target->text();
  Send(*target);
}

}  // namespace

bool HubExtras::Sync() const {
  const auto verify = FindField(parameters, "hub.verify");  // the first counts
  return verify == "sync";
}

std::string HubExtras::VerifyToken() const {
  return std::string(FindField(parameters, "hub.verify_token").value_or(""));
}

Result<FormField> ParseHubParam(std::string_view text) {
  const auto equals = text.find('=');
  const std::string name(text.substr(0, equals));
  if (equals == std::string_view::npos || name.empty()) {
    return Fail(ErrorCode::kInvalid, "a parameter is written NAME=VALUE");
  }
  if (name == "hub.mode" || name == "hub.topic" || name == "hub.callback") {
    return Fail(ErrorCode::kInvalid, name + " is written by websub itself");
  }
  if (name == "hub.secret") return Fail(ErrorCode::kInvalid, "use --secret for hub.secret");
  if (name == "hub.lease_seconds") {
    return Fail(ErrorCode::kInvalid, "use --lease for hub.lease_seconds");
  }
  return FormField{name, std::string(text.substr(equals + 1))};
}

void SendToHub(hub::Transport& transport, const std::string& url,
               const SubscriptionRequest& request, const HubExtras& extras,
               std::function<void(HubAnswer)> done) {
  auto sending = std::make_shared<Sending>(transport, request, extras, std::move(done));
  sending->answer.next_hub = url;
  sending->Send(*Url::Parse(url));
}

bool IsLoopback(const Url& url) {
  return url.host() == "localhost" || url.host().ends_with(".localhost") ||
         ClassifyAddress(url.host()) == AddressClass::kLoopback;
}

bool ExposesSecret(const Url& hub) {
  return hub.scheme() == Scheme::kHttp && !IsLoopback(hub);
}

std::string ShownUrl(const std::string& url) {
  const auto parsed = Url::Parse(url);
  if (!parsed) return url;
  const auto colon = parsed->userinfo().find(':');
  if (colon == std::string::npos) return url;
  const auto begin = url.find(parsed->userinfo());
  std::string shown = url;
  shown.replace(begin + colon + 1, parsed->userinfo().size() - colon - 1, "***");
  return shown;
}

}  // namespace websub::cli
