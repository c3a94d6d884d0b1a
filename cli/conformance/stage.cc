#include "cli/conformance/stage.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <future>
#include <list>
#include <map>
#include <stdexcept>
#include <thread>

#include "core/form.h"
#include "core/mask_urls.h"
#include "core/request_head.h"
#include "core/text.h"

namespace websub::cli::conformance {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kKeptBody = 64 * 1024;  // bytes of a body that stay as evidence
constexpr std::size_t kMaxEvidence = 400;     // exchanges of a case
constexpr std::size_t kMaxBody = 64 * 1024 * 1024;
constexpr std::size_t kTokenDigits = 16;
constexpr Duration kLeastTimeout = std::chrono::seconds(10);

std::string Kept(std::string_view body) {
  return std::string(body.substr(0, kKeptBody));
}

// The first segment of a path: "abc" of "/abc/feed.atom".
std::string FirstSegment(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  return std::string(path.substr(0, path.find('/')));
}

bool HasField(const hub::http::Fields& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const auto& field) { return EqualIgnoringCase(field.first, name); });
}

}  // namespace

struct Stage::Impl {
  Impl(Environment& the_environment, StageSettings the_settings)
      : environment(the_environment), settings(std::move(the_settings)) {}

  // Runs `task` on the loop's thread and waits for it.
  template <typename Task>
  auto OnLoop(Task task) {
    std::packaged_task<decltype(task())()> packaged(std::move(task));
    auto result = packaged.get_future();
    loop.Post([&packaged] { packaged(); });
    return result.get();
  }
  // Waits until `holds` does, which is asked with the mutex held; false when the time or the run is
  // over before.
  template <typename Holds>
  bool WaitFor(Duration wait, Holds holds) {
    std::unique_lock lock(mutex);
    changed.wait_until(lock, SteadyClock::now() + wait, [&] { return over || holds(); });
    return holds();
  }
  hub::http::ServerOptions OptionsOf(std::uint16_t port) const {
    hub::http::ServerOptions options;
    options.address = settings.listen.address;
    options.port = port;
    options.max_body = kMaxBody;
    options.max_connections_per_address = options.max_connections;
    return options;
  }
  bool shared() const { return settings.listen.port != 0 || !settings.public_base.empty(); }
  void Handle(hub::http::Request request, const hub::http::Respond& respond, Scene::Impl* scene);

  Environment& environment;
  const StageSettings settings;
  hub::http::Loop loop;
  std::unique_ptr<hub::http::Client> client;
  std::unique_ptr<hub::http::Server> server;  // that all cases share, or none

  std::mutex mutex;  // guards what follows, and all that scenes and places hold
  std::condition_variable changed;
  bool over = false;
  std::map<std::string, std::shared_ptr<Place::State>> places;  // by the first segment

  std::thread thread;
};

struct Scene::Impl {
  Stage::Impl& stage;
  std::string target;
  std::vector<std::shared_ptr<Evidence>> evidence;
  std::vector<std::string> segments;  // of its places
  // Used on the loop's thread:
  std::unique_ptr<hub::http::Server> server;
  std::list<hub::http::Timer> timers;    // of answers that come later
  std::vector<hub::http::Respond> held;  // those that never come

  // What is changed in it later is changed with the mutex held.
  std::shared_ptr<Evidence> Add(std::string from, std::string to, Exchange exchange) {
    exchange.at = stage.environment.clock.Now();
    auto added = std::make_shared<Evidence>(
        Evidence{.from = std::move(from), .to = std::move(to), .exchange = std::move(exchange)});
    const std::scoped_lock lock(stage.mutex);
    if (evidence.size() < kMaxEvidence) evidence.push_back(added);
    return added;
  }
  void Reply(const std::shared_ptr<Evidence>& row, conformance::Reply reply,
             const hub::http::Respond& respond);
};

struct Place::State {
  Stage::Impl& stage;
  std::weak_ptr<Scene::Impl> scene;
  std::string role;
  std::string url;
  Answer answer;
  std::vector<Visit> visits;
};

std::optional<std::string> Visit::Parameter(std::string_view name) const {
  // A callback's own query may be odd: what cannot be read as a form is read piece by piece.
  std::optional<std::string> value;
  for (std::string_view rest = request.Query(); !rest.empty();) {
    const std::size_t end = rest.find('&');
    const auto piece = ParseForm(rest.substr(0, end));
    if (piece && piece->size() == 1 && piece->front().name == name) value = piece->front().value;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return value;
}

std::string Visit::Field(std::string_view name) const {
  return std::string(request.Field(name).value_or(""));
}

// ---------------------------------------------------------------------------------------- places

const std::string& Place::url() const {
  return state_->url;
}

std::vector<Visit> Place::Visits() const {
  const std::scoped_lock lock(state_->stage.mutex);
  return state_->visits;
}

std::optional<Visit> Place::Await(const Fits& fits, std::size_t from,
                                  std::optional<Duration> wait) const {
  Stage::Impl& stage = state_->stage;
  const auto due = SteadyClock::now() + wait.value_or(stage.settings.patience);
  for (std::size_t next = from;; ++next) {
    const auto left = std::chrono::duration_cast<Duration>(due - SteadyClock::now());
    if (!stage.WaitFor(left, [&] { return state_->visits.size() > next; })) return std::nullopt;
    std::optional<Visit> visit;
    {
      const std::scoped_lock lock(stage.mutex);
      visit = state_->visits[next];
    }
    if (fits(*visit)) return visit;
  }
}

bool Place::Quiet(const Fits& fits, std::size_t from, std::optional<Duration> wait) const {
  return !Await(fits, from, wait.value_or(state_->stage.settings.silence));
}

void Place::AnswerWith(Answer answer) {
  const std::scoped_lock lock(state_->stage.mutex);
  state_->answer = std::move(answer);
}

void Stage::Impl::Handle(hub::http::Request request, const hub::http::Respond& respond,
                         Scene::Impl* own) {
  std::shared_ptr<Place::State> place;
  {
    const std::scoped_lock lock(mutex);
    const auto found = places.find(FirstSegment(request.Path()));
    if (found != places.end()) place = found->second;
  }
  const auto scene = place ? place->scene.lock() : nullptr;
  Exchange exchange;
  exchange.url = request.target;
  exchange.request_head = request.head;
  exchange.request_body = Kept(request.body);
  exchange.peer = request.peer;
  exchange.timings = request.timings;
  if (!scene) {
    if (own != nullptr) {  // a peer has made something else of a URL
      exchange.outcome = "a URL that was never given out";
      exchange.status = 404;
      own->Add(own->target, "nobody", std::move(exchange));
    }
    return respond(hub::http::Response::Text(404, "nothing is here"));
  }
  const auto row = scene->Add(scene->target, place->role, std::move(exchange));
  Answer answer;
  Visit visit;
  {
    const std::scoped_lock lock(mutex);
    visit.number = place->visits.size();
    visit.at = environment.clock.Now();
    visit.request = std::move(request);
    answer = place->answer;
  }
  Reply reply;
  try {
    reply = answer(visit);
  } catch (const std::exception& error) {
    reply = {.status = 500, .fields = {}, .body = error.what()};
  }
  {
    const std::scoped_lock lock(mutex);
    place->visits.push_back(std::move(visit));
  }
  changed.notify_all();
  scene->Reply(row, std::move(reply), respond);
}

void Scene::Impl::Reply(const std::shared_ptr<Evidence>& row, conformance::Reply reply,
                        const hub::http::Respond& respond) {
  if (reply.never) {
    const std::scoped_lock lock(stage.mutex);
    row->exchange.outcome = "never answered, on purpose";
    held.push_back(respond);
    return;
  }
  hub::http::Response response;
  response.status = reply.status;
  response.fields = std::move(reply.fields);
  response.body = std::move(reply.body);
  response.on_sent = [row, &stage = stage](std::string_view head, bool) {
    const std::scoped_lock lock(stage.mutex);
    row->exchange.response_head = head;
  };
  const auto send = [row, respond, &stage = stage](hub::http::Response answer) {
    {
      const std::scoped_lock lock(stage.mutex);
      row->exchange.status = answer.status;
      row->exchange.response_body = Kept(answer.body);
      row->exchange.response_body_size = answer.body.size();
    }
    respond(std::move(answer));
  };
  if (reply.delay <= Duration::zero()) return send(std::move(response));
  timers.emplace_back(stage.loop);
  timers.back().Set(reply.delay, [send, response = std::move(response)] { send(response); });
}

// ---------------------------------------------------------------------------------------- scenes

Scene::Scene(Stage& stage, std::string target)
    : stage_(stage),
      impl_(std::make_shared<Impl>(Impl{.stage = stage.impl(),
                                        .target = std::move(target),
                                        .evidence = {},
                                        .segments = {},
                                        .server = {},
                                        .timers = {},
                                        .held = {}})) {}

Scene::~Scene() {
  Stage::Impl& stage = impl_->stage;
  {
    const std::scoped_lock lock(stage.mutex);
    for (const std::string& segment : impl_->segments) stage.places.erase(segment);
  }
  stage.OnLoop([this] {
    impl_->timers.clear();
    impl_->held.clear();
    impl_->server.reset();
  });
}

Place Scene::Open(const std::string& role, const std::string& suffix, Answer answer) {
  Stage::Impl& stage = impl_->stage;
  if (!stage.shared() && !impl_->server) {
    const auto listening = stage.OnLoop([&stage, this] {
      impl_->server = std::make_unique<hub::http::Server>(
          stage.loop, stage.OptionsOf(0),
          [&stage, scene = impl_.get()](hub::http::Request request, hub::http::Respond respond) {
            stage.Handle(std::move(request), respond, scene);
          });
      return impl_->server->Listen();
    });
    if (!listening) throw std::runtime_error(listening.error().message);
  }
  const std::uint16_t port = stage.shared() ? stage.server->port() : impl_->server->port();
  const std::string base = stage.settings.public_base.empty()
                               ? LocalUrl({stage.settings.listen.address, port})
                               : stage.settings.public_base;
  const std::string segment = Token();
  auto state = std::make_shared<Place::State>(Place::State{.stage = stage,
                                                           .scene = impl_,
                                                           .role = role,
                                                           .url = base + "/" + segment + suffix,
                                                           .answer = std::move(answer),
                                                           .visits = {}});
  const std::scoped_lock lock(stage.mutex);
  stage.places.emplace(segment, state);
  impl_->segments.push_back(segment);
  return Place(std::move(state));
}

hub::OutgoingResult Scene::Send(const std::string& role, const std::string& what,
                                const Message& message) {
  Stage::Impl& stage = impl_->stage;
  hub::OutgoingResult failed;
  const auto url = Url::Parse(message.url);
  Exchange exchange;
  exchange.outcome = what;
  exchange.url = MaskUrls(message.url);
  if (!url) {
    exchange.fault = failed.fault = Fault::kBadUrl;
    failed.detail = url.error().message;
    impl_->Add(role, impl_->target, std::move(exchange));
    return failed;
  }
  hub::http::Fields fields = message.fields;
  if (!HasField(fields, "Accept")) fields.emplace_back("Accept", "*/*");
  if (message.body && !HasField(fields, "Content-Length")) {
    fields.emplace_back("Content-Length", std::to_string(message.body->size()));
  }
  hub::http::Fields shown = fields;
  if (message.with_headers) {
    HeaderFields masked = stage.settings.headers;
    for (auto& [name, value] : masked) value = "***";
    shown = Merged(std::move(shown), masked);
    fields = Merged(std::move(fields), stage.settings.headers);
  }
  hub::OutgoingRequest request;
  request.url = *url;
  request.head = RequestHead(message.method, *url, fields);
  if (message.body) request.body = std::make_shared<const std::string>(*message.body);
  request.max_body = message.max_body;
  request.timeout = message.timeout.value_or(std::max(stage.settings.patience, kLeastTimeout));
  exchange.request_head = MaskHead(RequestHead(message.method, *url, shown));
  exchange.request_body = Kept(message.body.value_or(""));
  const auto row = impl_->Add(role, impl_->target, std::move(exchange));

  struct Pending {
    bool done = false;
    hub::OutgoingResult result;
  };
  const auto pending = std::make_shared<Pending>();
  const Duration at_most = request.timeout + kLeastTimeout;
  stage.client->Send(std::move(request), [&stage, pending](hub::OutgoingResult result) {
    {
      const std::scoped_lock lock(stage.mutex);
      pending->result = std::move(result);
      pending->done = true;
    }
    stage.changed.notify_all();
  });
  if (!stage.WaitFor(at_most, [&] { return pending->done; })) {
    failed.fault = Fault::kCancelled;
    failed.detail = "the run ended";
    return failed;
  }
  hub::OutgoingResult result = std::move(pending->result);
  hub::OutgoingResult kept = result;
  kept.body = Kept(result.body);
  const std::scoped_lock lock(stage.mutex);
  FillFromResult(row->exchange, std::move(kept));
  return result;
}

bool Scene::Wait(Duration duration) {
  impl_->stage.WaitFor(duration, [] { return false; });
  return !over();
}

bool Scene::over() const {
  const std::scoped_lock lock(impl_->stage.mutex);
  return impl_->stage.over;
}

void Scene::Note(const std::string& from, const std::string& what, std::string_view text) {
  Exchange exchange;
  exchange.outcome = what;
  exchange.request_body = Kept(text);
  impl_->Add(from, "suite", std::move(exchange));
}

std::vector<Evidence> Scene::TakeEvidence() {
  impl_->stage.OnLoop([] {});  // what was just sent is written down there
  const std::scoped_lock lock(impl_->stage.mutex);
  std::vector<Evidence> taken;
  taken.reserve(impl_->evidence.size());
  for (const auto& row : impl_->evidence) taken.push_back(*row);
  return taken;
}

std::string Scene::Token() {
  return impl_->stage.environment.random.Hex(kTokenDigits);
}

Duration Scene::patience() const {
  return impl_->stage.settings.patience;
}

Duration Scene::silence() const {
  return impl_->stage.settings.silence;
}

// ---------------------------------------------------------------------------------------- stage

Stage::Stage(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Stage>> Stage::Open(Environment& environment, StageSettings settings) {
  auto impl = std::make_unique<Impl>(environment, std::move(settings));
  auto client = hub::http::Client::Make(impl->loop, impl->settings.client);
  if (!client) return tl::unexpected(client.error());
  impl->client = *std::move(client);
  if (impl->shared()) {
    impl->server = std::make_unique<hub::http::Server>(
        impl->loop, impl->OptionsOf(impl->settings.listen.port),
        [stage = impl.get()](hub::http::Request request, const hub::http::Respond& respond) {
          stage->Handle(std::move(request), respond, nullptr);
        });
    if (const auto listening = impl->server->Listen(); !listening) {
      return tl::unexpected(listening.error());
    }
  }
  impl->thread = std::thread([stage = impl.get()] { stage->loop.Run(); });
  return std::unique_ptr<Stage>(new Stage(std::move(impl)));
}

Stage::~Stage() {
  Stop();
  impl_->OnLoop([this] {
    impl_->client.reset();
    impl_->server.reset();
  });
  impl_->loop.Stop();
  impl_->thread.join();
}

const StageSettings& Stage::settings() const {
  return impl_->settings;
}

void Stage::Stop() {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->over = true;
  }
  impl_->changed.notify_all();
}

}  // namespace websub::cli::conformance
