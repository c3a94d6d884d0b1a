// Writes to streams on a thread of its own, so that whoever prints does not wait for the reader: a
// pager that is left open, Ctrl-S in a terminal, or a full pipe holds up nothing else.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>

#include "core/time.h"

namespace websub::cli {

class BackgroundWriter {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;

  // `notes` is told how much was left out because nobody read: what is flushed while more than
  // `most` bytes wait is dropped, each time as a whole.
  explicit BackgroundWriter(std::ostream& notes, std::size_t most = kMostBytes);
  ~BackgroundWriter();  // once all is written, or cannot be
  BackgroundWriter(const BackgroundWriter&) = delete;
  BackgroundWriter& operator=(const BackgroundWriter&) = delete;

  // What is flushed there goes to `target`, which nobody else may use while this writer lives; all
  // of its streams keep their order. Each is for one thread at a time, and ends before the writer.
  std::unique_ptr<std::ostream> StreamTo(std::ostream& target);

  // Waits until all that was flushed is written, or so long.
  void Drain(Duration longest);

 private:
  class Buffer;
  class Stream;
  struct Part {
    std::ostream* target;
    std::string bytes;
  };

  void Add(std::ostream& target, std::string bytes);
  void Run();

  std::ostream& notes_;
  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;  // for the thread
  std::condition_variable written_;  // for Drain
  // All guarded by mutex_.
  std::deque<Part> parts_;
  std::size_t waiting_ = 0;  // bytes
  std::size_t dropped_ = 0;  // parts
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace websub::cli
