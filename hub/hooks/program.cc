#include "hub/hooks/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace websub::hub {

namespace {

// How often to look for the end where nothing tells of it.
constexpr auto kLook = std::chrono::milliseconds(10);
// Reads of one pipe at a time, so that a program that never stops writing holds up no other. More
// than a pipe holds: what a program wrote before its end is read whole.
constexpr int kReads = 32;

struct Pipe {
  Descriptor read;
  Descriptor write;
};

// Not one of the numbers 0 to 2, which the program gets its own of.
bool Lift(Descriptor& descriptor) {
  if (descriptor.number() > 2) return true;
  Descriptor lifted(fcntl(descriptor.number(), F_DUPFD_CLOEXEC, 3));
  if (!lifted.valid()) return false;
  descriptor = std::move(lifted);
  return true;
}

bool Open(Pipe& made) {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  made.read = Descriptor(ends[0]);
  made.write = Descriptor(ends[1]);
  return Lift(made.read) && Lift(made.write);
}

bool StopBlocking(const Descriptor& descriptor) {
  const int flags = fcntl(descriptor.number(), F_GETFL);
  return flags >= 0 && fcntl(descriptor.number(), F_SETFL, flags | O_NONBLOCK) == 0;
}

tl::unexpected<Error> Unavailable(int error) {
  return Fail(ErrorCode::kUnavailable, std::string("it cannot be run: ") + std::strerror(error));
}

// What posix_spawn is told, freed at the end.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
};

// Its own streams and nothing else that this process has open, a group of its own, and signals as
// they are by default: this process ignores some.
int Fill(SpawnPlan& plan, const Pipe& in, const Pipe& out, const Pipe& err) {
  sigset_t defaults;
  sigemptyset(&defaults);
  for (const int each : {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM}) sigaddset(&defaults, each);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&plan.attributes, &defaults);
  posix_spawnattr_setsigmask(&plan.attributes, &none);
  posix_spawnattr_setpgroup(&plan.attributes, 0);
  posix_spawnattr_setflags(&plan.attributes,
                           POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  for (const auto& [from, to] :
       {std::pair(in.read.number(), 0), {out.write.number(), 1}, {err.write.number(), 2}}) {
    const int failed = posix_spawn_file_actions_adddup2(&plan.files, from, to);
    if (failed != 0) return failed;
  }
  return posix_spawn_file_actions_addclosefrom_np(&plan.files, 3);
}

std::vector<char*> EnvironmentWith(const std::vector<std::string>& variables) {
  std::vector<char*> all;
  for (char** inherited = environ; *inherited != nullptr; ++inherited) {
    const bool is_replaced =
        std::any_of(variables.begin(), variables.end(), [inherited](const std::string& variable) {
          return std::strncmp(*inherited, variable.c_str(), variable.find('=') + 1) == 0;
        });
    if (!is_replaced) all.push_back(*inherited);
  }
  for (const auto& variable : variables) all.push_back(const_cast<char*>(variable.c_str()));
  all.push_back(nullptr);
  return all;
}

}  // namespace

Program::Program(const ProgramJob& job, std::chrono::milliseconds grace)
    : grace_(grace),
      deadline_(job.deadline),
      max_out_(job.max_out),
      max_err_(job.max_err),
      input_(job.input) {}

Program::~Program() {
  if (pid_ <= 0 || gone_) return;
  Signal(SIGKILL);
  waitpid(pid_, nullptr, WNOHANG);  // what not even that ends soon is not waited for
}

Result<std::unique_ptr<Program>> Program::Start(const ProgramJob& job,
                                                std::chrono::milliseconds grace) {
  std::unique_ptr<Program> program(new Program(job, grace));
  if (const auto spawned = program->Spawn(job); !spawned) return tl::unexpected(spawned.error());
  return program;
}

Result<void> Program::Spawn(const ProgramJob& job) {
  Pipe in;
  Pipe out;
  Pipe err;
  if (!Open(in) || !Open(out) || !Open(err) || !StopBlocking(in.write) || !StopBlocking(out.read) ||
      !StopBlocking(err.read)) {
    return Unavailable(errno);
  }
  SpawnPlan plan;
  if (const int failed = Fill(plan, in, out, err); failed != 0) return Unavailable(failed);
  std::string command = job.command;
  char shell[] = "sh";
  char flag[] = "-c";
  char* args[] = {shell, flag, command.data(), nullptr};
  const auto environment = EnvironmentWith(job.variables);
  const int failed =
      posix_spawn(&pid_, "/bin/sh", &plan.files, &plan.attributes, args, environment.data());
  if (failed != 0) {
    pid_ = 0;
    return Unavailable(failed);
  }
  // glibc 2.36 declares pidfd_open without saying that it is C.
  process_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  in_ = std::move(in.write);
  out_ = std::move(out.read);
  err_ = std::move(err.read);
  return {};
}

void Program::AddTo(std::vector<pollfd>& polled) const {
  if (in_.valid()) polled.push_back({in_.number(), POLLOUT, 0});
  for (const Descriptor* each : {&out_, &err_, &process_}) {
    if (each->valid()) polled.push_back({each->number(), POLLIN, 0});
  }
}

SteadyTime Program::due() const {
  const SteadyTime due = kill_at_.value_or(deadline_);
  if (process_.valid()) return due;
  return std::min(due, std::chrono::steady_clock::now() + kLook);
}

void Program::Work(SteadyTime now) {
  if (gone_) return;
  const bool has_ended = HasEnded();  // looked for first: what it wrote before that is read below
  Feed();
  Read(out_, so_far_.out, max_out_ + 1);
  Read(err_, so_far_.err, max_err_);
  if (so_far_.out.size() > max_out_) End(now, ProgramResult::End::kTooMuch);
  if (has_ended) return Reap();
  if (!kill_at_ && now >= deadline_) return End(now, ProgramResult::End::kTimedOut);
  if (kill_at_ && now >= *kill_at_) {
    Signal(SIGKILL);
    kill_at_ = SteadyTime::max();
  }
}

void Program::End(SteadyTime now, ProgramResult::End why) {
  if (gone_ || kill_at_) return;
  so_far_.end = why;
  result_ = std::move(so_far_);
  in_.Close();
  out_.Close();
  err_.Close();
  Signal(SIGTERM);
  kill_at_ = now + grace_;
}

bool Program::HasEnded() const {
  siginfo_t info{};
  // Without reaping it, so that its number stays its own while its group may get a signal.
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
         info.si_pid == pid_;
}

void Program::Feed() {
  while (in_.valid()) {
    const ssize_t written = write(in_.number(), input_.data() + fed_, input_.size() - fed_);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) return;
    if (written >= 0) fed_ += static_cast<std::size_t>(written);
    // It may have closed its end without reading; that is its own affair.
    if (written < 0 || fed_ == input_.size()) in_.Close();
  }
}

void Program::Read(Descriptor& from, std::string& to, std::size_t keep) {
  std::array<char, 4096> buffer{};
  for (int i = 0; i < kReads && from.valid(); ++i) {
    const ssize_t got = read(from.number(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return from.Close();
    to.append(buffer.data(), std::min(static_cast<std::size_t>(got), keep - to.size()));
  }
}

void Program::Reap() {
  if (kill_at_) Signal(SIGKILL);  // whoever of the group is left
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  gone_ = true;
  if (kill_at_) return;
  so_far_.end = WIFSIGNALED(status) ? ProgramResult::End::kSignalled : ProgramResult::End::kExited;
  so_far_.status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  result_ = std::move(so_far_);
}

void Program::Signal(int signal) const {
  kill(-pid_, signal);
}

}  // namespace websub::hub
