// Tables of protocol cases: tests/data/FILE.json holds a list of objects, each with a "name".
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace websub::tests {

// Reads a table; throws (and so fails the test) when it is missing, broken or empty.
nlohmann::json ReadCases(const std::string& file);

// The whole of tests/data/FILE.
std::string ReadData(const std::string& file);

}  // namespace websub::tests
