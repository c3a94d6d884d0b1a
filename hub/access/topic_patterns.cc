#include "hub/access/topic_patterns.h"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

namespace websub::hub {

namespace {

constexpr std::size_t kMaxExpressions = 256;
constexpr std::size_t kMaxLength = 1024;
constexpr std::int64_t kMaxMemory = 256 * 1024;  // bytes, of one expression and its automaton

}  // namespace

struct TopicPatterns::Impl {
  std::vector<std::unique_ptr<const RE2>> expressions;
};

Result<TopicPatterns> TopicPatterns::Compile(const std::vector<std::string>& expressions) {
  if (expressions.size() > kMaxExpressions) {
    return Fail(ErrorCode::kTooLarge, "write at most 256 expressions");
  }
  RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(kMaxMemory);
  auto impl = std::make_shared<Impl>();
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    const std::string at = "[" + std::to_string(i) + "]: ";
    if (expressions[i].size() > kMaxLength) {
      return Fail(ErrorCode::kTooLarge, at + "write at most 1024 bytes");
    }
    auto compiled = std::make_unique<RE2>(expressions[i], options);
    if (!compiled->ok()) return Fail(ErrorCode::kInvalid, at + compiled->error());
    impl->expressions.push_back(std::move(compiled));
  }
  TopicPatterns patterns;
  patterns.impl_ = std::move(impl);
  return patterns;
}

bool TopicPatterns::Match(std::string_view topic) const {
  if (!impl_) return false;
  return std::any_of(
      impl_->expressions.begin(), impl_->expressions.end(), [topic](const auto& expression) {
        return RE2::FullMatch(re2::StringPiece(topic.data(), topic.size()), *expression);
      });
}

}  // namespace websub::hub
