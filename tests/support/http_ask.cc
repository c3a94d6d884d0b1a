#include "tests/support/http_ask.h"

#include <httplib.h>

#include "tests/support/deadline.h"

namespace websub::tests {

PeerAnswer Ask(const std::string& method, const std::string& url, const std::string& content_type,
               const std::string& body, const PeerFields& fields) {
  const auto target = url.find('/', url.find("://") + 3);
  httplib::Client client(url.substr(0, target));
  client.set_url_encode(false);
  client.set_read_timeout(kTestDeadline);
  httplib::Request request;
  request.method = method;
  request.path = target == std::string::npos ? "/" : url.substr(target);
  request.body = body;
  for (const auto& [name, value] : fields) request.set_header(name, value);
  if (!content_type.empty()) request.set_header("Content-Type", content_type);
  const auto result = client.send(request);
  PeerAnswer answer;
  answer.status = result ? result->status : 0;
  if (!result) return answer;
  answer.fields.assign(result->headers.begin(), result->headers.end());
  answer.body = result->body;
  return answer;
}

}  // namespace websub::tests
