#include "cli/background_writer.h"

#include <doctest/doctest.h>

#include <latch>
#include <sstream>

namespace websub::cli {
namespace {

// A reader who takes nothing until it is told to.
class Shut : public std::stringbuf {
 public:
  void Open() { open_.count_down(); }

 protected:
  std::streamsize xsputn(const char* bytes, std::streamsize size) override {
    open_.wait();
    return std::stringbuf::xsputn(bytes, size);
  }

 private:
  std::latch open_{1};
};

}  // namespace

TEST_CASE("what is flushed comes in order whatever its stream") {
  std::ostringstream target;
  {
    BackgroundWriter writer(target);
    const auto out = writer.StreamTo(target);
    const auto err = writer.StreamTo(target);
    for (int i = 0; i < 100; ++i) {
      *(i % 2 == 0 ? out : err) << i << ' ' << std::flush;
    }
    *out << "not flushed";
  }
  std::string wanted;
  for (int i = 0; i < 100; ++i) wanted += std::to_string(i) + ' ';
  CHECK(target.str() == wanted + "not flushed");
}

TEST_CASE("a reader who stands still holds up nobody and is told what it missed") {
  Shut shut;
  std::ostream target(&shut);
  std::ostringstream notes;
  {
    BackgroundWriter writer(notes, 10);
    const auto out = writer.StreamTo(target);
    for (int i = 0; i < 5; ++i) *out << "123456\n" << std::flush;  // two fit within ten bytes
    shut.Open();
  }
  CHECK(shut.str() == "123456\n123456\n");
  CHECK(notes.str() == "websub: 3 lines left out: nobody read what is printed\n");
}

}  // namespace websub::cli
