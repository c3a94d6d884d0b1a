#include "cli/system.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/hex.h"

namespace websub::cli {

Time SystemClock::Now() const {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

std::string SystemRandom::Hex(std::size_t digits) {
  std::string bytes((digits + 1) / 2, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) !=
      1) {
    throw std::runtime_error("the system gave no random bytes");
  }
  std::string hex = EncodeHex(bytes);
  hex.resize(digits);
  return hex;
}

double SystemRandom::Unit() {
  std::uint64_t bits = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&bits), sizeof bits) != 1) {
    throw std::runtime_error("the system gave no random bytes");
  }
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

// A signal handler may do next to nothing: it writes the signal's number into a pipe, and a thread
// reads it there and tells those who watch.
struct SystemSignals::Impl {
  std::array<int, 2> pipe{-1, -1};
  std::thread thread;
  std::mutex mutex;
  std::map<int, std::function<void(int)>> handlers;  // guarded by mutex
  int next = 0;                                      // guarded by mutex

  void Read();
};

namespace {

// The two things that a handler can reach.
volatile std::sig_atomic_t signal_pipe = -1;
std::atomic<int> signal_that_came = 0;
static_assert(std::atomic<int>::is_always_lock_free);

void Forward(int signal) {
  const int saved = errno;
  if (signal != 0) signal_that_came = signal;
  const auto byte = static_cast<unsigned char>(signal);
  [[maybe_unused]] const auto written = write(signal_pipe, &byte, 1);
  errno = saved;
}

class SystemWatch : public Signals::Watch {
 public:
  SystemWatch(SystemSignals::Impl& impl, int id) : impl_(impl), id_(id) {}
  ~SystemWatch() override {
    const std::lock_guard lock(impl_.mutex);
    impl_.handlers.erase(id_);
  }

 private:
  SystemSignals::Impl& impl_;
  int id_;
};

}  // namespace

void SystemSignals::Impl::Read() {
  unsigned char signal = 0;
  while (true) {
    const auto size = read(pipe[0], &signal, 1);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0 || signal == 0) return;
    const std::lock_guard lock(mutex);
    if (handlers.empty()) _exit(128 + signal);
    for (const auto& [id, handler] : handlers) handler(signal);
  }
}

SystemSignals::SystemSignals() : impl_(std::make_unique<Impl>()) {
  if (pipe2(impl_->pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe for signals");
  signal_pipe = impl_->pipe[1];
  impl_->thread = std::thread([this] { impl_->Read(); });
  struct sigaction action{};
  action.sa_handler = Forward;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

SystemSignals::~SystemSignals() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  Forward(0);  // ends the thread
  impl_->thread.join();
  signal_pipe = -1;
  close(impl_->pipe[0]);
  close(impl_->pipe[1]);
}

std::unique_ptr<Signals::Watch> SystemSignals::OnSignal(std::function<void(int)> handler) {
  const std::lock_guard lock(impl_->mutex);
  impl_->handlers[++impl_->next] = std::move(handler);
  return std::make_unique<SystemWatch>(*impl_, impl_->next);
}

DescriptorBuffer::DescriptorBuffer(int descriptor)
    : descriptor_(descriptor), most_at_once_(PIPE_BUF) {
  struct stat facts{};
  if (fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode)) most_at_once_ = buffer_.size();
  setp(buffer_.data(), buffer_.data() + buffer_.size());
}

DescriptorBuffer::~DescriptorBuffer() {
  DescriptorBuffer::sync();
}

// A write would wait where no signal ends it; poll waits in slices instead.
bool DescriptorBuffer::AwaitRoom() {
  constexpr int kSliceMs = 100;
  int slices = 20;  // that a reader has after a signal
  while (true) {
    pollfd room{descriptor_, POLLOUT, 0};
    const int ready = poll(&room, 1, kSliceMs);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;  // the write says what is wrong
    if (signal_that_came != 0 && ready == 0 && --slices == 0) {
      error_ = EPIPE;
      signal_ = signal_that_came;
      return false;
    }
  }
}

bool DescriptorBuffer::Write(const char* bytes, std::size_t size) {
  while (size > 0 && error_ == 0 && AwaitRoom()) {
    const auto written = write(descriptor_, bytes, std::min(size, most_at_once_));
    if (written < 0 && errno != EINTR) error_ = errno;
    if (written <= 0) continue;
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
  return error_ == 0;
}

int DescriptorBuffer::sync() {
  const auto size = static_cast<std::size_t>(pptr() - pbase());
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  return Write(buffer_.data(), size) ? 0 : -1;
}

DescriptorBuffer::int_type DescriptorBuffer::overflow(int_type c) {
  if (sync() != 0) return traits_type::eof();
  if (!traits_type::eq_int_type(c, traits_type::eof())) {
    *pptr() = traits_type::to_char_type(c);
    pbump(1);
  }
  return traits_type::not_eof(c);
}

std::streamsize DescriptorBuffer::xsputn(const char* bytes, std::streamsize size) {
  if (size <= epptr() - pptr()) {
    std::copy(bytes, bytes + size, pptr());
    pbump(static_cast<int>(size));
    return size;
  }
  if (sync() != 0) return 0;
  return Write(bytes, static_cast<std::size_t>(size)) ? size : 0;
}

bool TerminalIsGone(const Terminal& terminal) {
  if (!terminal.in && !terminal.out && !terminal.err) return false;
  const int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (tty >= 0) close(tty);
  return tty < 0;
}

Terminal SystemTerminal() {
  Terminal terminal;
  terminal.in = isatty(STDIN_FILENO) == 1;
  terminal.out = isatty(STDOUT_FILENO) == 1;
  terminal.err = isatty(STDERR_FILENO) == 1;
  winsize size{};
  if (ioctl(terminal.out ? STDOUT_FILENO : STDERR_FILENO, TIOCGWINSZ, &size) == 0 &&
      size.ws_col > 0) {
    terminal.width = size.ws_col;
  }
  return terminal;
}

void HoldStandardStreams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest free number is given: this one.
    [[maybe_unused]] const int held =
        open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

void RaiseFileLimit() {
  constexpr rlim_t kEnough = 65536;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  const rlim_t wanted = std::min(files.rlim_max, kEnough);
  if (files.rlim_cur >= wanted) return;
  files.rlim_cur = wanted;
  setrlimit(RLIMIT_NOFILE, &files);  // where it fails, the old limit holds
}

}  // namespace websub::cli
