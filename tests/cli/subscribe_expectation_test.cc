#include <doctest/doctest.h>

#include "cli/commands/expectation.h"

namespace websub::cli {
namespace {

// Whether a delivery is as the text expects.
bool Holds(const std::string& text, const Delivery& delivery, std::string_view body) {
  const auto expectation = Expectation::Parse(text);
  CAPTURE(text);
  REQUIRE(expectation);
  const auto why = expectation->Check(delivery, body);
  CHECK((!why || !why->empty()));
  return !why;
}

Delivery Signed(SignatureVerdict verdict) {
  Delivery delivery;
  delivery.check.verdict = verdict;
  delivery.content_type = "Application/Atom+XML; charset=utf-8";
  return delivery;
}

TEST_CASE("a body is expected by a regular expression anywhere in it") {
  const Delivery delivery = Signed(SignatureVerdict::kValid);
  CHECK(Holds("body~he(l|x)+o", delivery, "say hello\n"));
  CHECK(Holds("body~^b$", delivery, "a\nb\nc"));
  CHECK(Holds("body~", delivery, ""));
  CHECK(!Holds("body~^b$", delivery, "ab"));
  CHECK(!Holds("body~x", delivery, ""));
  CHECK(Holds("body~end", delivery, std::string_view("a\0end", 5)));
  CHECK(!Holds("body~end", delivery, std::string_view("the end", 5)));
}

TEST_CASE("a large body is searched without harm") {
  const std::string body(1024 * 1024, 'a');
  CHECK(!Holds("body~(a|aa)*b$", Signed(SignatureVerdict::kValid), body.substr(0, 20000)));
  CHECK(!Holds("body~ab", Signed(SignatureVerdict::kValid), body));
}

TEST_CASE("a type is expected with or without its parameters") {
  const Delivery delivery = Signed(SignatureVerdict::kNone);
  CHECK(Holds("type=application/atom+xml", delivery, ""));
  CHECK(Holds("type=application/atom+xml; charset=UTF-8", delivery, ""));
  CHECK(!Holds("type=application/atom+xml; charset=ascii", delivery, ""));
  CHECK(!Holds("type=application/atom", delivery, ""));
  CHECK(!Holds("type=text/plain", Delivery{}, ""));
}

TEST_CASE("a verdict is expected of the signature") {
  CHECK(Holds("signature=valid", Signed(SignatureVerdict::kValid), ""));
  CHECK(!Holds("signature=valid", Signed(SignatureVerdict::kInvalid), ""));
  CHECK(!Holds("signature=valid", Signed(SignatureVerdict::kNone), ""));
  CHECK(Holds("signature=missing", Signed(SignatureVerdict::kMissing), ""));
}

TEST_CASE("the body and type of discarded content are not looked at") {
  CHECK(Holds("body~x", Signed(SignatureVerdict::kInvalid), "forged"));
  CHECK(Holds("type=text/plain", Signed(SignatureVerdict::kMissing), "forged"));
}

TEST_CASE("an expectation that cannot be read is refused") {
  for (const char* text : {"", "body", "body=x", "body~(", "body~[", "type=", "type~x",
                           "signature=", "signature=good", "status=200"}) {
    CAPTURE(text);
    CHECK(!Expectation::Parse(text));
  }
}

}  // namespace
}  // namespace websub::cli
