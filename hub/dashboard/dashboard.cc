#include "hub/dashboard/dashboard.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "core/digest.h"
#include "core/text.h"
#include "hub/dashboard/files.h"

namespace websub::hub {

namespace {

constexpr std::string_view kFolder = "/dashboard/";
constexpr std::string_view kFirst = "index.html";

// What the page shows came from strangers. Should a fault ever let it in as markup, it can neither
// run nor load nor send anything.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

std::string_view TypeOf(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  return "image/svg+xml";
}

// A file as it is sent: made once, not copied.
struct Ready {
  std::string_view name;
  std::string etag;
  std::shared_ptr<const std::string> content;
};

const Ready* Find(std::string_view name) {
  static const std::vector<Ready> kReady = [] {
    std::vector<Ready> out;
    for (const DashboardFile& file : DashboardFiles()) {
      const std::string etag = '"' + Sha256Hex(file.content).substr(0, 32) + '"';
      out.push_back({file.name, etag, std::make_shared<const std::string>(file.content)});
    }
    return out;
  }();
  const auto found = std::find_if(kReady.begin(), kReady.end(),
                                  [&](const Ready& file) { return file.name == name; });
  return found == kReady.end() ? nullptr : &*found;
}

void Guard(http::Response& response) {
  response.fields.emplace_back("Content-Security-Policy", kPolicy);
  response.fields.emplace_back("X-Content-Type-Options", "nosniff");
  response.fields.emplace_back("Referrer-Policy", "no-referrer");
}

http::Response Answer(const http::Request& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    auto refusal = http::Response::Text(405, "the page is only read");
    refusal.fields.emplace_back("Allow", "GET, HEAD");
    return refusal;
  }
  const std::string_view path = request.Path();
  const bool in_folder = path.starts_with(kFolder);
  const Ready* const file = Find(in_folder ? path.substr(kFolder.size()) : kFirst);
  if (file == nullptr) return http::Response::Text(404, "the page has no such file");
  http::Response response;
  response.fields = {{"ETag", file->etag}, {"Cache-Control", "no-cache"}};
  if (!in_folder) response.fields.emplace_back("Vary", "Accept");
  if (request.Field("If-None-Match") == file->etag) {
    response.status = 304;
    return response;
  }
  response.fields.emplace_back("Content-Type", TypeOf(file->name));
  response.shared_body = file->content;
  return response;
}

}  // namespace

bool WantsPage(const http::Request& request) {
  return ToLower(request.Field("Accept").value_or("")).find("text/html") != std::string::npos;
}

http::Response Dashboard(const http::Request& request) {
  auto response = Answer(request);
  Guard(response);
  return response;
}

}  // namespace websub::hub
