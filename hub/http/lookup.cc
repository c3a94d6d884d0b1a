#include "hub/http/lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace websub::hub::http {

namespace {

using Instant = std::chrono::steady_clock::time_point;

// getaddrinfo needs some tens of KiB, sanitizers several times as much.
constexpr std::size_t kStack = 512 * 1024;

// What is known of a name, which says whom its lookup may hold up.
enum Kind : std::size_t { kGood, kNew, kSlow };

// What was learned of names, those used last first.
class Memory {
 public:
  struct Entry {
    std::string host;
    bool slow = false;
    LookupAnswer answer;
    Instant expires;
  };

  explicit Memory(std::size_t max) : max_(max) {}

  const Entry* Find(const std::string& host) {
    const auto found = by_host_.find(host);
    if (found == by_host_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &entries_.front();
  }
  void Keep(Entry entry) {
    const auto found = by_host_.find(entry.host);
    if (found != by_host_.end()) {
      entries_.erase(found->second);
      by_host_.erase(found);
    }
    entries_.push_front(std::move(entry));
    by_host_.emplace(entries_.front().host, entries_.begin());
    if (entries_.size() > max_) {
      by_host_.erase(entries_.back().host);
      entries_.pop_back();
    }
  }

 private:
  const std::size_t max_;
  std::list<Entry> entries_;
  std::unordered_map<std::string, std::list<Entry>::iterator> by_host_;
};

}  // namespace

LookupAnswer SystemResolver(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failed != 0) {
    return {{},
            failed == EAI_SYSTEM ? std::generic_category().message(errno) : gai_strerror(failed)};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  LookupAnswer answer;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0) {
      continue;
    }
    const std::string literal = text.data();
    if (std::find(answer.addresses.begin(), answer.addresses.end(), literal) ==
        answer.addresses.end()) {
      answer.addresses.push_back(literal);
    }
  }
  if (answer.addresses.empty()) answer.error = "it has no address";
  return answer;
}

// Shared with the threads, which may outlive the Lookup.
struct Lookup::State {
  struct Job {
    std::string host;
    Kind kind = kNew;
  };

  State(Loop& the_loop, LookupOptions the_options, Resolver the_resolver)
      : options(std::move(the_options)),
        resolver(std::move(the_resolver)),
        memory(options.max_remembered),
        loop(&the_loop) {}

  // The loop's thread
  static void Enqueue(const std::shared_ptr<State>& self, const std::string& host, Kind kind);
  static bool StartThread(const std::shared_ptr<State>& self);
  void Answer(const std::string& host, const LookupAnswer& answer);
  // A lookup thread
  static void* Run(void* handle);
  static void Work(const std::shared_ptr<State>& self);
  // Any thread, with the mutex
  bool HasThreadFor(Kind kind) const;
  bool IsFullFor(Kind kind) const;
  bool AssignFrom(Kind kind);
  void Assign();
  static void PostAnswer(const std::shared_ptr<State>& self, const std::string& host,
                         LookupAnswer answer);

  const LookupOptions options;
  const Resolver resolver;

  // The loop's thread only.
  Memory memory;
  std::unordered_map<std::string, std::vector<Done>> waiting;

  std::mutex mutex;  // guards all that follows
  std::condition_variable wake;
  std::condition_variable left;                     // a thread has ended
  std::array<std::deque<std::string>, 3> queues;    // by kind
  std::deque<Job> ready;                            // a thread is free for each of them, or made
  std::array<std::size_t, 3> assigned = {0, 0, 0};  // by kind: ready, or being looked up
  bool slow_next = false;
  std::size_t threads = 0;
  std::size_t busy = 0;  // of them
  Loop* loop;            // null once the Lookup is gone
};

bool Lookup::State::HasThreadFor(Kind kind) const {
  const std::size_t all = std::max<std::size_t>(options.max_threads, 1);
  const std::size_t doubtful = assigned[kNew] + assigned[kSlow];
  if (doubtful + assigned[kGood] >= all) return false;
  if (kind == kGood) return true;
  if (doubtful >= all - all / 4) return false;
  return kind == kNew || assigned[kSlow] < std::max<std::size_t>(all / 2, 1);
}

bool Lookup::State::IsFullFor(Kind kind) const {
  if (kind == kGood) return queues[kGood].size() >= options.max_waiting;
  return queues[kNew].size() + queues[kSlow].size() >= options.max_waiting;
}

bool Lookup::State::AssignFrom(Kind kind) {
  auto& queue = queues[kind];
  if (queue.empty() || !HasThreadFor(kind)) return false;
  ready.push_back({std::move(queue.front()), kind});
  queue.pop_front();
  ++assigned[kind];
  return true;
}

void Lookup::State::Assign() {
  while (AssignFrom(kGood)) {
  }
  // New and slow ones take turns.
  for (int missed = 0; missed < 2; slow_next = !slow_next) {
    missed = AssignFrom(slow_next ? kSlow : kNew) ? 0 : missed + 1;
  }
}

void Lookup::State::PostAnswer(const std::shared_ptr<State>& self, const std::string& host,
                               LookupAnswer answer) {
  self->loop->Post([weak = std::weak_ptr(self), host, answer = std::move(answer)] {
    if (const auto alive = weak.lock()) alive->Answer(host, answer);
  });
}

void Lookup::State::Enqueue(const std::shared_ptr<State>& self, const std::string& host,
                            Kind kind) {
  const std::lock_guard lock(self->mutex);
  if (self->IsFullFor(kind)) {
    return PostAnswer(self, host, {{}, "too many names are waiting to be looked up"});
  }
  self->queues[kind].push_back(host);
  self->Assign();
  if (self->ready.size() <= self->threads - self->busy || StartThread(self)) {
    return self->wake.notify_one();
  }
  if (self->threads > 0) return;  // one of them takes it
  for (const Job& job : std::exchange(self->ready, {})) {
    --self->assigned[job.kind];
    PostAnswer(self, job.host, {{}, "no thread can be made to look it up"});
  }
}

bool Lookup::State::StartThread(const std::shared_ptr<State>& self) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  auto handle = std::make_unique<std::shared_ptr<State>>(self);
  pthread_t thread;
  // Detached: getaddrinfo cannot be interrupted.
  const bool started = pthread_attr_setstacksize(&attributes, kStack) == 0 &&
                       pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                       pthread_create(&thread, &attributes, &State::Run, handle.get()) == 0;
  pthread_attr_destroy(&attributes);
  if (!started) return false;
  static_cast<void>(handle.release());  // the thread's from here on
  ++self->threads;
  return true;
}

void* Lookup::State::Run(void* handle) {
  const std::unique_ptr<std::shared_ptr<State>> self(static_cast<std::shared_ptr<State>*>(handle));
  Work(*self);
  return nullptr;
}

void Lookup::State::Work(const std::shared_ptr<State>& self) {
  State& state = *self;
  std::unique_lock lock(state.mutex);
  for (;;) {
    state.wake.wait_for(lock, state.options.idle,
                        [&] { return state.loop == nullptr || !state.ready.empty(); });
    if (state.loop == nullptr || state.ready.empty()) break;
    const Job job = std::move(state.ready.front());
    state.ready.pop_front();
    ++state.busy;
    lock.unlock();
    const Instant began = state.options.now();
    LookupAnswer answer = state.resolver(job.host);
    const Instant ended = state.options.now();
    lock.lock();
    --state.busy;
    --state.assigned[job.kind];
    if (state.loop == nullptr) break;
    state.Assign();
    state.loop->Post([weak = std::weak_ptr(self), host = job.host, began, ended,
                      answer = std::move(answer)] {
      const auto alive = weak.lock();
      if (!alive) return;
      alive->memory.Keep({.host = host,
                          .slow = answer.addresses.empty() || ended - began > alive->options.soon,
                          .answer = answer,
                          .expires = ended + alive->options.keep});
      alive->Answer(host, answer);
    });
  }
  --state.threads;
  state.left.notify_all();
}

void Lookup::State::Answer(const std::string& host, const LookupAnswer& answer) {
  auto node = waiting.extract(host);  // a callback may ask for the same name again
  if (node.empty()) return;
  for (const Done& done : node.mapped()) done(answer);
}

Lookup::Lookup(Loop& loop, LookupOptions options, Resolver resolver)
    : state_(std::make_shared<State>(loop, std::move(options), std::move(resolver))) {}

Lookup::~Lookup() {
  state_->waiting.clear();
  std::unique_lock lock(state_->mutex);
  state_->loop = nullptr;
  state_->wake.notify_all();
  state_->left.wait(lock, [this] { return state_->threads == state_->busy; });
}

void Lookup::Resolve(const std::string& host, Done done) {
  const auto [entry, first] = state_->waiting.try_emplace(host);
  entry->second.push_back(std::move(done));
  if (!first) return;
  const Memory::Entry* known = state_->memory.Find(host);
  if (known && !known->answer.addresses.empty() && state_->options.now() < known->expires) {
    const std::lock_guard lock(state_->mutex);
    return State::PostAnswer(state_, host, known->answer);
  }
  State::Enqueue(state_, host, !known ? kNew : known->slow ? kSlow : kGood);
}

std::size_t Lookup::threads() const {
  const std::lock_guard lock(state_->mutex);
  return state_->threads;
}

}  // namespace websub::hub::http
