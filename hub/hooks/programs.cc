#include "hub/hooks/programs.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <deque>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "hub/hooks/program.h"

namespace websub::hub {

namespace {

// How long the destructor waits for programs that not even SIGKILL ends.
constexpr auto kLastWait = std::chrono::seconds(1);

int PollWait(SteadyTime now, SteadyTime due) {
  if (due == SteadyTime::max()) return -1;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(due - now).count();
  return static_cast<int>(std::clamp<decltype(wait)>(wait, 0, 60'000));
}

}  // namespace

struct Programs::Impl {
  struct Asked {
    ProgramJob job;
    std::function<void(ProgramResult)> done;
    std::function<void()> gone;
  };
  struct Running {
    std::unique_ptr<Program> program;
    Asked asked;
  };

  // The loop's thread
  bool StartThread();
  void Wake() const;
  // The thread of its own
  void Work();
  bool TakeAsked();  // false: stop
  void Begin(Asked asked);
  void Wait(SteadyTime due);
  void EndAll();
  // Any
  void Tell(std::function<void()> what);
  void TellNotStarted(Asked asked, std::string why);

  std::function<void(std::function<void()>)> post;
  ProgramsOptions options;
  Descriptor wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::shared_ptr<const int> alive = std::make_shared<const int>();  // as long as Programs is
  const std::weak_ptr<const int> still_alive = alive;                // for the thread
  std::thread thread;
  std::list<Running> running;  // the thread's own
  std::mutex mutex;
  std::deque<Asked> asked;  // guarded by mutex
  bool stopping = false;    // guarded by mutex
};

Programs::Programs(std::function<void(std::function<void()>)> post, ProgramsOptions options)
    : impl_(std::make_unique<Impl>()) {
  impl_->post = std::move(post);
  impl_->options = options;
}

Programs::~Programs() {
  impl_->alive.reset();
  if (!impl_->thread.joinable()) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->Wake();
  impl_->thread.join();
}

void Programs::Run(ProgramJob job, std::function<void(ProgramResult)> done,
                   std::function<void()> gone) {
  Impl::Asked asked{std::move(job), std::move(done), std::move(gone)};
  if (!impl_->StartThread()) {
    return impl_->TellNotStarted(std::move(asked), "it cannot be run: no thread or file is left");
  }
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->asked.push_back(std::move(asked));
  }
  impl_->Wake();
}

bool Programs::Impl::StartThread() {
  if (thread.joinable()) return true;
  if (!wake.valid()) wake = Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return false;
  try {
    thread = std::thread([this] { Work(); });
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

void Programs::Impl::Wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake.number(), &one, sizeof one);
}

void Programs::Impl::Work() {
  pthread_setname_np(pthread_self(), "hooks");  // for those who look at threads
  // Signals are for others. A program that closes its stdin raises SIGPIPE here, which stays
  // pending and hurts nobody.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (TakeAsked()) {
    SteadyTime due = SteadyTime::max();
    for (auto each = running.begin(); each != running.end();) {
      Program& program = *each->program;
      program.Work(std::chrono::steady_clock::now());
      if (auto result = program.TakeResult()) {
        Tell([done = each->asked.done, result = std::move(*result)] { done(result); });
      }
      if (program.gone()) {
        Tell(std::move(each->asked.gone));
        each = running.erase(each);
      } else {
        due = std::min(due, program.due());
        ++each;
      }
    }
    Wait(due);
  }
  EndAll();
}

bool Programs::Impl::TakeAsked() {
  std::deque<Asked> taken;
  {
    const std::lock_guard lock(mutex);
    if (stopping) return false;
    taken.swap(asked);
  }
  for (Asked& each : taken) Begin(std::move(each));
  return true;
}

void Programs::Impl::Begin(Asked job) {
  auto program = Program::Start(job.job, options.grace);
  if (!program) return TellNotStarted(std::move(job), program.error().message);
  running.push_back({std::move(*program), std::move(job)});
}

void Programs::Impl::Wait(SteadyTime due) {
  std::vector<pollfd> polled{{wake.number(), POLLIN, 0}};
  for (const Running& each : running) each.program->AddTo(polled);
  poll(polled.data(), polled.size(), PollWait(std::chrono::steady_clock::now(), due));
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(wake.number(), &count, sizeof count);
}

void Programs::Impl::EndAll() {
  const SteadyTime begin = std::chrono::steady_clock::now();
  for (Running& each : running) each.program->End(begin, ProgramResult::End::kTimedOut);
  const SteadyTime last = begin + options.grace + kLastWait;
  while (!running.empty() && std::chrono::steady_clock::now() < last) {
    SteadyTime due = last;
    for (Running& each : running) {
      each.program->Work(std::chrono::steady_clock::now());
      due = std::min(due, each.program->due());
    }
    running.remove_if([](const Running& each) { return each.program->gone(); });
    if (!running.empty()) Wait(due);
  }
}

void Programs::Impl::Tell(std::function<void()> what) {
  post([still = still_alive, what = std::move(what)] {
    if (still.lock()) what();
  });
}

void Programs::Impl::TellNotStarted(Asked job, std::string why) {
  ProgramResult result;
  result.detail = std::move(why);
  Tell([done = std::move(job.done), result = std::move(result)] { done(result); });
  Tell(std::move(job.gone));
}

}  // namespace websub::hub
