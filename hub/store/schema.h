// The numbered files of schema/, embedded by schema.cmake. Entry 0 is 001.sql: it leads from
// an empty file to version 1, and so on. A file that was released is never changed again.
#pragma once

#include <string_view>
#include <vector>

namespace websub::hub {

const std::vector<std::string_view>& Schema();

}  // namespace websub::hub
