#include "tests/support/cases.h"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace websub::tests {

std::string ReadData(const std::string& file) {
  const std::string path = std::string(WEBSUB_TEST_DATA) + "/" + file;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

nlohmann::json ReadCases(const std::string& file) {
  auto cases = nlohmann::json::parse(ReadData(file));
  if (!cases.is_array() || cases.empty()) throw std::runtime_error(file + " holds no cases");
  return cases;
}

}  // namespace websub::tests
