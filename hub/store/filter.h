// What follows the SELECT of a list: conditions that are met all, the order, and the page. The text
// is made of our own parts only; every value is bound.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "hub/store/database.h"
#include "hub/store/query.h"

namespace websub::hub {

class Filter {
 public:
  template <typename... Values>
  void Add(std::string_view condition, Values... values) {
    text_ += text_.empty() ? "WHERE " : " AND ";
    text_ += condition;
    (values_.emplace_back(std::move(values)), ...);
  }
  void Between(const std::string& column, const PageQuery& query) {
    if (query.since) Add(column + " >= ?", FromTime(*query.since));
    if (query.until) Add(column + " <= ?", FromTime(*query.until));
  }
  void Page(const PageQuery& query) {
    const bool newest = query.order == Order::kNewestFirst;
    if (query.after) Add(newest ? "row.id < ?" : "row.id > ?", *query.after);
    text_ += newest ? " ORDER BY row.id DESC LIMIT ?" : " ORDER BY row.id LIMIT ?";
    values_.emplace_back(static_cast<std::int64_t>(query.limit));
  }

  const std::string& text() const { return text_; }
  const std::vector<Value>& values() const { return values_; }

 private:
  std::string text_;
  std::vector<Value> values_;
};

inline Result<void> CheckPage(const PageQuery& query) {
  constexpr std::size_t kMaxPage = 1000;
  if (query.limit >= 1 && query.limit <= kMaxPage) return {};
  return Fail(ErrorCode::kInvalid, "limit: a number from 1 to 1000");
}

}  // namespace websub::hub
