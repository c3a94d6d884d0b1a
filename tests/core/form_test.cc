#include "core/form.h"

#include <doctest/doctest.h>

#include "tests/support/cases.h"

namespace websub {
namespace {

TEST_CASE("decodes form fields exactly once (HUB-REQ-10)") {
  for (const auto& row : tests::ReadCases("core/form.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const auto form = ParseForm(row["text"].get<std::string>());
    if (row.contains("error")) {
      REQUIRE_FALSE(form.has_value());
      CHECK(form.error().code == ErrorCode::kInvalid);
      CHECK_MESSAGE(form.error().message.find(row["error"].get<std::string>()) != std::string::npos,
                    form.error().message);
      continue;
    }
    REQUIRE_MESSAGE(form.has_value(), form.error().message);
    Form expected;
    for (const auto& field : row["fields"]) expected.push_back({field[0], field[1]});
    CHECK(*form == expected);
    CHECK(ParseForm(EncodeForm(expected)) == expected);
  }
}

TEST_CASE("encodes everything that is not unreserved") {
  for (const auto& row : tests::ReadCases("core/form_encode.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const std::string text = row["text"];
    const std::string encoded = row["encoded"];
    CHECK(PercentEncode(text) == encoded);
    CHECK(EncodeForm({{text, text}, {"b", ""}}) == encoded + '=' + encoded + "&b=");
  }
}

TEST_CASE("gives back every byte of a form that it wrote") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  const Form form = {{bytes, bytes}, {"", ""}, {"", bytes}};
  CHECK(ParseForm(EncodeForm(form)) == form);
}

TEST_CASE("takes as many fields as the limit says and not one more") {
  std::string text;
  for (std::size_t i = 0; i < kMaxFormFields; ++i) text += "a=1&";
  CHECK(ParseForm(text)->size() == kMaxFormFields);
  const auto over = ParseForm(text + "b");
  REQUIRE_FALSE(over.has_value());
  CHECK(over.error().code == ErrorCode::kTooLarge);
}

TEST_CASE("finds the first value of a name") {
  const Form form = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
  CHECK(FindField(form, "a") == "1");
  CHECK(FindField(form, "b") == "2");
  CHECK_FALSE(FindField(form, "A").has_value());
}

}  // namespace
}  // namespace websub
