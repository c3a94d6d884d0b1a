// --record: notifications as raw HTTP/1.1 requests in a file, one behind the other.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"
#include "hub/descriptor.h"

namespace websub::cli {

class RequestRecord {
 public:
  // Appends to the file, which is made where it is not there, for its owner alone: a callback is as
  // good as a password.
  static Result<std::unique_ptr<RequestRecord>> Open(std::string file);

  // A request is there whole or not at all. `head` is raw, as received.
  Result<void> Append(std::string_view head, std::string_view body);
  // The same with the body out of a file.
  Result<void> AppendFile(std::string_view head, const std::string& body_file, std::size_t size);

 private:
  RequestRecord(std::string name, hub::Descriptor file)
      : name_(std::move(name)), file_(std::move(file)) {}
  Result<void> Undo(std::size_t size, int error);

  const std::string name_;
  hub::Descriptor file_;
};

// The head as received, but a body whose transfer coding is removed gets a Content-Length in place
// of Transfer-Encoding and Trailer.
std::string RecordedHead(std::string_view head, std::size_t body_size);

// 0, or the errno that kept it from being written whole.
int WriteAll(int descriptor, std::string_view bytes);

}  // namespace websub::cli
