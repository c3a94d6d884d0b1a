// Text that many values have in common, such as the callback in each exchange with it: a copy costs
// a count, and nobody changes it. Any thread may hold a copy.
#pragma once

#include <concepts>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace websub {

class SharedText {
 public:
  SharedText() : SharedText(std::string()) {}
  // Implicit, so that it can stand wherever a string does.
  SharedText(std::string text)  // NOLINT(google-explicit-constructor)
      : text_(text.empty() ? None() : std::make_shared<const std::string>(std::move(text))) {}
  SharedText(const char* text)  // NOLINT(google-explicit-constructor)
      : SharedText(std::string(text)) {}
  // `text` is not null.
  explicit SharedText(std::shared_ptr<const std::string> text) : text_(std::move(text)) {}

  const std::string& str() const { return *text_; }
  operator const std::string&() const { return *text_; }  // NOLINT(google-explicit-constructor)
  bool empty() const { return text_->empty(); }
  std::size_t size() const { return text_->size(); }

  template <std::convertible_to<std::string_view> Text>
    requires(!std::same_as<Text, SharedText>)
  friend bool operator==(const SharedText& a, const Text& b) {
    return std::string_view(a.str()) == std::string_view(b);
  }
  friend bool operator==(const SharedText& a, const SharedText& b) { return a.str() == b.str(); }
  friend std::ostream& operator<<(std::ostream& out, const SharedText& text) {
    return out << text.str();
  }

 private:
  static const std::shared_ptr<const std::string>& None() {
    static const auto none = std::make_shared<const std::string>();
    return none;
  }

  std::shared_ptr<const std::string> text_;
};

}  // namespace websub
