#include "hub/api/respond.h"

namespace websub::hub {

int StatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return 400;
    case ErrorCode::kForbidden:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kTooLarge:
      return 413;
    case ErrorCode::kTooMany:
      return 429;
    case ErrorCode::kNetwork:
      return 502;
    case ErrorCode::kUnavailable:
      return 503;
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

http::Response Refuse(const Error& error) {
  auto response = http::Response::Text(StatusOf(error.code), error.message);
  if (error.code == ErrorCode::kUnavailable) response.fields.emplace_back("Retry-After", "5");
  if (error.code == ErrorCode::kTooMany) response.fields.emplace_back("Retry-After", "60");
  return response;
}

http::Response JsonResponse(int status, const Json& body) {
  http::Response response;
  response.status = status;
  response.fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  response.body = Dump(body) + "\n";
  return response;
}

}  // namespace websub::hub
