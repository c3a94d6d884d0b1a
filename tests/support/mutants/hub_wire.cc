// The one file that knows cpp-httplib.
#include <httplib.h>
#include <sys/socket.h>

#include <cstdio>

#include "tests/support/mutants/hub_mutant.h"

namespace mutant {
namespace {

constexpr std::size_t kThreads = 64;
constexpr int kBacklog = 512;
constexpr std::size_t kMaxForm = 64 * 1024;
constexpr auto kTimeout = std::chrono::seconds(8);

std::string& Url() {
  static std::string url;
  return url;
}

// What a request line cannot hold is escaped: hubs may be given any URL.
std::string ForRequestLine(const std::string& target) {
  std::string out;
  for (const char c : target) {
    const bool unfit = c <= ' ' || c == '"' || c == '<' || c == '>' || c == '\x7f';
    const bool injected = Has("injects-lines") && (c == '\r' || c == '\n' || c == ' ');
    out += unfit && !injected ? Encode(std::string(1, c)) : std::string(1, c);
  }
  return out;
}

Asked FromHttplib(const httplib::Request& request, std::string body) {
  Asked asked;
  asked.method = request.method;
  const std::size_t mark = request.target.find('?');
  asked.query = mark == std::string::npos ? "" : request.target.substr(mark + 1);
  asked.type = request.get_header_value("Content-Type");
  asked.dialect = request.get_header_value("x-ballerina-publisher");
  asked.body = std::move(body);
  return asked;
}

void ToHttplib(const Answer& answer, httplib::Response& response) {
  response.status = answer.status;
  response.set_content(answer.body, answer.type.c_str());
}

}  // namespace

std::string Got::Field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

Got Send(const std::string& method, const std::string& url, const Fields& fields,
         const std::string& body) {
  Got got;
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return got;
  const std::size_t path = std::min(url.find_first_of("/?", scheme + 3), url.size());
  const std::size_t end = std::min(url.find('#'), url.size());
  std::string target = ForRequestLine(url.substr(path, end - path));
  if (target.empty() || target[0] != '/') target.insert(0, "/");
  httplib::Client client("http://" + url.substr(scheme + 3, path - scheme - 3));
  client.set_url_encode(false);
  client.set_tcp_nodelay(true);
  client.set_read_timeout(kTimeout);
  client.set_write_timeout(kTimeout);
  client.set_connection_timeout(kTimeout);
  httplib::Request request;
  request.method = method;
  request.path = target;
  for (const auto& [name, value] : fields) request.headers.emplace(name, value);
  request.body = body;
  const auto result = client.send(request);
  if (!result) return got;
  got.status = result->status;
  got.body = result->body;
  for (const auto& [name, value] : result->headers) got.fields.emplace(Lower(name), value);
  return got;
}

const std::string& HubUrl() {
  return Url();
}

void Serve(const std::function<Answer(const Asked&)>& handler) {
  httplib::Server server;
  int listener = -1;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_tcp_nodelay(true);
  server.set_keep_alive_max_count(1);
  server.set_socket_options([&listener](int socket) { listener = socket; });
  server.Post(".*", [&](const httplib::Request& request, httplib::Response& response,
                        const httplib::ContentReader& reader) {
    std::string body;
    const bool form =
        request.get_header_value("Content-Type").find("urlencoded") != std::string::npos;
    const bool limited = form && !Has("takes-any-size");
    reader([&](const char* data, std::size_t size) {
      if (!limited || body.size() <= kMaxForm) body.append(data, size);
      return true;
    });
    if (limited && body.size() > kMaxForm) {
      return ToHttplib({.status = 413, .body = "too large"}, response);
    }
    ToHttplib(handler(FromHttplib(request, std::move(body))), response);
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  if (port <= 0) return;
  ::listen(listener, kBacklog);  // many cases ask at the same time
  Url() = "http://127.0.0.1:" + std::to_string(port) + "/hub";
  std::printf("%s\n", Url().c_str());
  std::fflush(stdout);
  server.listen_after_bind();
}

}  // namespace mutant
