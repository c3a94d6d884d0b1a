#include "hub/http/lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

namespace websub::hub::http {

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
  struct Worker {
    std::thread thread;
    bool busy = false;  // guarded by mutex
  };

  State(Loop& the_loop, std::size_t threads, Resolver the_resolver)
      : max_workers(std::max<std::size_t>(threads, 1)),
        resolver(std::move(the_resolver)),
        loop(&the_loop) {}

  static void Work(const std::shared_ptr<State>& state, Worker& worker);
  void Answer(const std::string& host, const LookupAnswer& answer);

  const std::size_t max_workers;
  const Resolver resolver;

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::string> queue;  // guarded by mutex
  std::size_t free_workers = 0;   // guarded by mutex
  Loop* loop;                     // guarded by mutex; null once the Lookup is gone

  // The loop's thread only.
  std::list<Worker> workers;  // a worker's address stays; `busy` is guarded by mutex
  std::unordered_map<std::string, std::vector<Done>> waiting;
};

void Lookup::State::Work(const std::shared_ptr<State>& state, Worker& worker) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    ++state->free_workers;
    state->wake.wait(lock, [&] { return state->loop == nullptr || !state->queue.empty(); });
    --state->free_workers;
    if (state->loop == nullptr) return;
    const std::string host = std::move(state->queue.front());
    state->queue.pop_front();
    worker.busy = true;
    lock.unlock();
    LookupAnswer answer = state->resolver(host);
    lock.lock();
    worker.busy = false;
    if (state->loop == nullptr) return;
    state->loop->Post([weak = std::weak_ptr(state), host, answer = std::move(answer)] {
      if (const auto alive = weak.lock()) alive->Answer(host, answer);
    });
  }
}

void Lookup::State::Answer(const std::string& host, const LookupAnswer& answer) {
  auto node = waiting.extract(host);  // a callback may ask for the same name again
  if (node.empty()) return;
  for (const Done& done : node.mapped()) done(answer);
}

Lookup::Lookup(Loop& loop, std::size_t threads, Resolver resolver)
    : state_(std::make_shared<State>(loop, threads, std::move(resolver))) {}

Lookup::~Lookup() {
  state_->waiting.clear();
  std::vector<std::thread> idle;
  {
    const std::lock_guard lock(state_->mutex);
    state_->loop = nullptr;
    for (State::Worker& worker : state_->workers) {
      if (worker.busy) {
        worker.thread.detach();  // getaddrinfo cannot be interrupted
      } else {
        idle.push_back(std::move(worker.thread));
      }
    }
  }
  state_->wake.notify_all();
  for (std::thread& thread : idle) thread.join();
}

void Lookup::Resolve(const std::string& host, Done done) {
  const auto [entry, first] = state_->waiting.try_emplace(host);
  entry->second.push_back(std::move(done));
  if (!first) return;
  const std::lock_guard lock(state_->mutex);
  if (state_->queue.size() >= kMaxWaiting) {
    state_->loop->Post([weak = std::weak_ptr(state_), host] {
      if (const auto alive = weak.lock()) {
        alive->Answer(host, {{}, "too many names are waiting to be looked up"});
      }
    });
    return;
  }
  state_->queue.push_back(host);
  if (state_->free_workers < state_->queue.size() && state_->workers.size() < state_->max_workers) {
    State::Worker& worker = state_->workers.emplace_back();
    worker.thread = std::thread([state = state_, &worker] { State::Work(state, worker); });
  }
  state_->wake.notify_one();
}

}  // namespace websub::hub::http
