// The real clock, random numbers, signals and streams. Only main.cc makes them.
#pragma once

#include <array>
#include <streambuf>
#include <string>

#include "cli/environment.h"

namespace websub::cli {

class SystemClock : public hub::Clock {
 public:
  Time Now() const override;
};

class SystemRandom : public hub::Random {
 public:
  std::string Hex(std::size_t digits) override;
  double Unit() override;
};

// SIGINT and SIGTERM by way of a pipe and a thread. At most one exists.
class SystemSignals : public Signals {
 public:
  SystemSignals();
  ~SystemSignals() override;
  std::unique_ptr<Watch> OnSignal(std::function<void(int)> handler) override;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

// Writes to a file descriptor and remembers why it could not. It waits for a reader who stands
// still, such as a pager, until a signal comes: from then on one who takes nothing for two seconds
// counts as gone.
class DescriptorBuffer : public std::streambuf {
 public:
  explicit DescriptorBuffer(int descriptor);
  ~DescriptorBuffer() override;
  int error() const { return error_; }    // errno of the first write that failed; 0: none
  int signal() const { return signal_; }  // that made it give a reader up; 0: none

 protected:
  int_type overflow(int_type c) override;
  int sync() override;
  std::streamsize xsputn(const char* bytes, std::streamsize size) override;

 private:
  bool Write(const char* bytes, std::size_t size);
  bool AwaitRoom();

  int descriptor_;
  std::size_t most_at_once_;  // that a write takes without waiting where there is room
  int error_ = 0;
  int signal_ = 0;
  std::array<char, 16384> buffer_;
};

Terminal SystemTerminal();

// Before any file is opened: a standard stream that came closed (`>&-`) stays unusable, but its
// number goes to none of our files.
void HoldStandardStreams();

// After SIGHUP: whether that came because the terminal that it ran in has been closed.
bool TerminalIsGone(const Terminal& terminal);

// Lets this process open as many files as it is allowed to; many systems begin with 1024, which a
// hub with slow callbacks may need for their connections alone.
void RaiseFileLimit();

}  // namespace websub::cli
