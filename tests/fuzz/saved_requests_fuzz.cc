// Whatever a file holds: what was read fits into it, and written again it is read as the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/saved_requests.h"
#include "core/text.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

// Those that writing leaves as they are.
websub::FieldList Lasting(const websub::FieldList& fields) {
  websub::FieldList lasting;
  for (const auto& [name, value] : fields) {
    if (websub::EqualIgnoringCase(name, "Content-Length")) continue;
    if (websub::EqualIgnoringCase(name, "Transfer-Encoding")) continue;
    std::string kept;
    for (const char c : value) {
      if (c == '\t' || !websub::IsControl(c)) kept += c;
    }
    lasting.emplace_back(name, websub::Trim(kept));
  }
  return lasting;
}

std::string Written(const websub::SavedRequest& request) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : Lasting(request.fields)) text += name + ": " + value + "\r\n";
  text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n";
  return text + request.body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto requests = websub::ReadSavedRequests(bytes);
  if (!requests) {
    Require(!requests.error().message.empty());
    return 0;
  }
  Require(!requests->empty());
  std::size_t held = 0;
  std::size_t line = 0;
  std::string written;
  for (const websub::SavedRequest& request : *requests) {
    held += request.method.size() + request.target.size() + request.body.size();
    Require(request.line > line);
    Require(request.missing == 0 || &request == &requests->back());
    line = request.line;
    written += Written(request);
  }
  Require(held <= size);

  const auto again = websub::ReadSavedRequests(written);
  Require(again && again->size() == requests->size());
  for (std::size_t i = 0; i < again->size(); ++i) {
    const websub::SavedRequest& before = (*requests)[i];
    const websub::SavedRequest& after = (*again)[i];
    Require(after.method == before.method && after.target == before.target);
    Require(after.body == before.body && after.missing == 0 && after.left_over == 0);
    Require(Lasting(after.fields) == Lasting(before.fields));
  }
  return 0;
}
