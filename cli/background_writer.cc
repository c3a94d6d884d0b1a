#include "cli/background_writer.h"

#include <streambuf>
#include <utility>

#include "cli/text.h"

namespace websub::cli {

// Gathers what is printed until it is flushed.
class BackgroundWriter::Buffer : public std::streambuf {
 public:
  Buffer(BackgroundWriter& writer, std::ostream& target) : writer_(writer), target_(target) {}

 protected:
  int_type overflow(int_type c) override {
    if (!traits_type::eq_int_type(c, traits_type::eof())) bytes_ += traits_type::to_char_type(c);
    return traits_type::not_eof(c);
  }
  std::streamsize xsputn(const char* bytes, std::streamsize size) override {
    bytes_.append(bytes, static_cast<std::size_t>(size));
    return size;
  }
  int sync() override {
    if (!bytes_.empty()) writer_.Add(target_, std::exchange(bytes_, {}));
    return 0;
  }

 private:
  BackgroundWriter& writer_;
  std::ostream& target_;
  std::string bytes_;
};

class BackgroundWriter::Stream : public std::ostream {
 public:
  Stream(BackgroundWriter& writer, std::ostream& target)
      : std::ostream(nullptr), buffer_(writer, target) {
    rdbuf(&buffer_);
  }
  ~Stream() override { flush(); }

 private:
  Buffer buffer_;
};

BackgroundWriter::BackgroundWriter(std::ostream& notes, std::size_t most)
    : notes_(notes), most_(most), thread_([this] { Run(); }) {}

BackgroundWriter::~BackgroundWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

std::unique_ptr<std::ostream> BackgroundWriter::StreamTo(std::ostream& target) {
  return std::make_unique<Stream>(*this, target);
}

void BackgroundWriter::Add(std::ostream& target, std::string bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_ > most_) {
      ++dropped_;
      return;
    }
    waiting_ += bytes.size();
    parts_.push_back({&target, std::move(bytes)});
  }
  changed_.notify_one();
}

void BackgroundWriter::Drain(Duration longest) {
  std::unique_lock lock(mutex_);
  written_.wait_for(lock, longest, [this] { return waiting_ == 0; });
}

void BackgroundWriter::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !parts_.empty() || dropped_ > 0 || ending_; });
    if (parts_.empty() && dropped_ == 0) return;
    // What was left out stands where it is missing: behind all that waited before it.
    std::string note;
    if (parts_.empty()) {
      note = "websub: " + Plural(std::exchange(dropped_, 0), "line") +
             " left out: nobody read what is printed\n";
    }
    const std::deque<Part> parts = std::exchange(parts_, {});
    lock.unlock();
    for (const Part& part : parts) {
      part.target->write(part.bytes.data(), static_cast<std::streamsize>(part.bytes.size()));
      part.target->flush();
      const std::lock_guard relock(mutex_);
      waiting_ -= part.bytes.size();
      if (waiting_ == 0) written_.notify_all();
    }
    if (!note.empty()) notes_ << note << std::flush;
    lock.lock();
  }
}

}  // namespace websub::cli
