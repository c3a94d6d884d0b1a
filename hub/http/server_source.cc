// An answer whose body is made while it is sent: part by part, each asked for when the one before
// is on its way.
#include <utility>

#include "hub/http/server_impl.h"

namespace websub::hub::http {

void ServerConnection::AskForPart() {
  if (draining_) return Close();
  deadline_.Clear();
  state_ = State::kStreaming;
  server_->crowd.Move(*this, Standing::kHandled);
  Read();                       // tells when the peer has left, although nothing is sent
  const auto source = source_;  // the connection may let go of it
  source->Next([weak = weak_from_this()](std::string part) {
    const auto self = weak.lock();
    if (self && self->state_ == State::kStreaming) self->WritePart(std::move(part));
  });
}

void ServerConnection::WritePart(std::string part) {
  BeginWriting();
  if (part.empty()) {
    source_.reset();
    return OnWritten({});
  }
  part_ = std::move(part);
  stream_.Write(part_, {}, [self = shared_from_this()](const error_code& ec, std::size_t) {
    self->OnWritten(ec);
  });
}

}  // namespace websub::hub::http
