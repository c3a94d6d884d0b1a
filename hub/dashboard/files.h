// The files of the page, embedded by dashboard.cmake.
#pragma once

#include <string_view>
#include <vector>

namespace websub::hub {

struct DashboardFile {
  std::string_view name;  // "live.js"
  std::string_view content;
};

const std::vector<DashboardFile>& DashboardFiles();

}  // namespace websub::hub
