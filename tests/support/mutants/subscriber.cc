#include "tests/support/mutants/subscriber.h"

#include <httplib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <mutex>
#include <random>
#include <set>
#include <thread>

namespace mutant {
namespace {

using Clock = std::chrono::steady_clock;

std::set<std::string> faults;  // set once, before any thread begins

void Sleep(std::chrono::milliseconds time) {
  std::this_thread::sleep_for(time);
}

std::string RandomHex(std::size_t digits) {
  std::random_device device;
  std::string text;
  while (text.size() < digits) text += "0123456789abcdef"[device() % 16];
  return text;
}

// The parameters of a query, decoded; the last of each name.
std::map<std::string, std::string> ReadQuery(const std::string& target, bool decode) {
  std::map<std::string, std::string> parameters;
  const auto question = target.find('?');
  std::string rest = question == std::string::npos ? "" : target.substr(question + 1);
  while (!rest.empty()) {
    const std::string piece = rest.substr(0, rest.find('&'));
    rest.erase(0, std::min(rest.size(), piece.size() + 1));
    const auto equals = piece.find('=');
    if (equals == std::string::npos) continue;
    const std::string value = piece.substr(equals + 1);
    parameters[Decode(piece.substr(0, equals))] = decode ? Decode(value) : value;
  }
  return parameters;
}

class Subscriber {
 public:
  explicit Subscriber(std::string out) : out_(std::move(out)) {}

  bool Start(const std::string& topic);
  int Run();

 private:
  std::string CallbackPath() const;
  std::string Secret() const;
  bool Request(const std::string& mode);
  Got Post(const std::string& url, const std::string& type, const std::string& body) const;
  void OnGet(const httplib::Request& request, httplib::Response& response);
  void OnVerification(const httplib::Request& request, httplib::Response& response);
  bool Wants(const std::string& mode, const std::string& topic) const;
  static void Refuse(httplib::Response& response);
  void WriteChallenge(const std::string& challenge, httplib::Response& response);
  void Confirmed(const std::string& mode, const std::string& lease);
  void OnPost(const httplib::Request& request, httplib::Response& response);
  void TakeBody(const std::string& body);

  httplib::Server server_;
  std::string out_;
  std::string base_;
  std::string path_;
  std::string secret_;
  Found found_;
  std::thread listening_;
  mutable std::mutex mutex_;  // guards what follows
  bool subscribing_ = false;
  bool leaving_ = false;
  bool left_ = false;
  bool gone_ = false;
  std::optional<Clock::time_point> renew_at_;
  int renewals_ = 0;
  int deliveries_ = 0;
  std::set<std::string> seen_;
  std::string kept_challenge_;
};

std::string Subscriber::CallbackPath() const {
  if (Has("callback-fixed")) return "/callback";
  if (Has("callback-counted")) return "/callback/" + std::to_string(getpid());
  return "/" + RandomHex(32);
}

std::string Subscriber::Secret() const {
  if (Has("secret-fixed")) return "correct-horse-battery-staple";
  if (Has("secret-short")) return std::to_string(getpid());
  if (Has("secret-200")) return RandomHex(200);
  return RandomHex(32);
}

bool Subscriber::Start(const std::string& topic) {
  path_ = CallbackPath();
  secret_ = Secret();
  const std::string pattern = path_;
  server_.Get(pattern, [this](const auto& q, auto& a) { OnGet(q, a); });
  server_.Post(pattern, [this](const auto& q, auto& a) { OnPost(q, a); });
  const int port = server_.bind_to_any_port("127.0.0.1");
  base_ = "http://127.0.0.1:" + std::to_string(port);
  listening_ = std::thread([this] { server_.listen_after_bind(); });
  std::cout << base_ << path_ << std::endl;
  const auto found = Discover(topic);
  if (!found) {
    std::cerr << "no hub or no self\n";
    return false;
  }
  found_ = *found;
  {
    const std::scoped_lock lock(mutex_);
    subscribing_ = true;
  }
  return Request("subscribe");
}

// ---------------------------------------------------------------------------------- to the hub

std::string FormOf(const std::map<std::string, std::string>& parameters) {
  std::string form;
  for (const auto& [name, value] : parameters) {
    form += (form.empty() ? "" : "&") + name + "=";
    if (name == "hub.topic" && Has("topic-unescaped")) {
      form += value;
    } else if (name == "hub.topic" && Has("topic-escaped-twice")) {
      form += Encode(Encode(value));
    } else {
      form += Encode(name == "hub.topic" && Has("topic-decoded") ? Decode(value) : value);
    }
  }
  return form;
}

bool Subscriber::Request(const std::string& mode) {
  std::map<std::string, std::string> parameters = {
      {"hub.callback", Has("callback-relative") ? path_ : base_ + path_},
      {Has("mode-underscore") ? "hub_mode" : "hub.mode", mode},
      {"hub.topic", found_.self},
      {"hub.secret", secret_}};
  if (Has("no-secret")) parameters.erase("hub.secret");
  if (Has("topic-missing")) parameters.erase("hub.topic");
  std::string type = "application/x-www-form-urlencoded";
  std::string body = FormOf(parameters);
  std::string hub = found_.hub;
  if (Has("hub-query-dropped")) hub = hub.substr(0, hub.find('?'));
  if (Has("parameters-in-query")) {
    hub += (hub.find('?') == std::string::npos ? "?" : "&") + body;
    body.clear();
  }
  if (Has("plain-text-body")) type = "text/plain";
  if (Has("json-body")) {
    type = "application/json";
    body = "{";
    for (const auto& [name, value] : parameters) {
      body += (body.size() > 1 ? ",\"" : "\"") + name + "\":\"" + value + "\"";
    }
    body += "}";
  }
  Got got = Post(hub, type, body);
  return got.status >= 200 && got.status < 300;
}

Got Subscriber::Post(const std::string& url, const std::string& type,
                     const std::string& body) const {
  Got got = Send("POST", url, type, body);
  std::string at = url;
  for (int hops = 0; hops < 5 && (got.status == 307 || got.status == 308); ++hops) {
    if (Has(got.status == 307 ? "hub-307-unfollowed" : "hub-308-unfollowed")) break;
    const std::string location = got.Field("location");
    at = Has("location-relative") ? location : Resolve(at, location);
    if (Has("hub-redirect-as-get")) {
      got = Send("GET", at);
    } else if (Has("hub-redirect-without-body")) {
      got = Send("POST", at, type, "");
    } else if (Has("hub-redirect-without-type")) {
      got = Send("POST", at, "text/plain", body);
    } else {
      got = Send("POST", at, type, body);
    }
  }
  return got;
}

// -------------------------------------------------------------------------------- verification

bool Subscriber::Wants(const std::string& mode, const std::string& topic) const {
  if (Has("echoes-anything")) return true;
  const std::string& own = found_.self;
  bool right_topic = topic == own;
  if (Has("echoes-any-topic")) right_topic = true;
  if (Has("topic-beginning-compared")) right_topic = topic.compare(0, own.size(), own) == 0;
  if (Has("topic-end-uncompared")) right_topic = own.compare(0, topic.size(), topic) == 0;
  if (!right_topic) return false;
  if (gone_ && !Has("denied-verifies")) return false;
  if (mode == "subscribe") return subscribing_ || (leaving_ && Has("leaving-subscribes"));
  if (mode == "unsubscribe") return leaving_ || Has("unsubscribe-unwanted");
  return Has("mode-unknown-echoed");
}

void Subscriber::Refuse(httplib::Response& response) {
  response.status = Has("refuses-with-400") ? 400 : Has("refuses-with-200") ? 200 : 404;
  response.set_content("not wanted", "text/plain");
}

void Subscriber::WriteChallenge(const std::string& challenge, httplib::Response& response) {
  std::string body = challenge;
  std::string type = "text/plain";
  if (Has("challenge-quoted")) body = "\"" + challenge + "\"";
  if (Has("challenge-json")) {
    body = "{\"hub.challenge\":\"" + challenge + "\"}";
    type = "application/json";
  }
  if (Has("challenge-newline")) body += "\n";
  if (Has("challenge-bom")) body = "\xef\xbb\xbf" + challenge;
  if (Has("challenge-html")) {
    body = "<html><body>" + challenge + "</body></html>";
    type = "text/html";
  }
  if (Has("challenge-cut")) body = challenge.substr(0, 8);
  if (Has("challenge-cut-at-255")) body = challenge.substr(0, 255);
  if (Has("challenge-decoded-twice")) body = Decode(challenge);
  if (Has("challenge-empty")) body.clear();
  if (Has("challenge-other")) body = "ok";
  if (Has("challenge-by-302")) {
    response.status = 302;
    response.set_header("Location", path_ + "?done");
  }
  if (Has("challenge-by-500")) response.status = 500;
  response.set_content(body, type);
}

void Subscriber::Confirmed(const std::string& mode, const std::string& lease) {
  if (mode == "unsubscribe") {
    if (leaving_) left_ = true;
    return;
  }
  if (mode != "subscribe" || lease.empty() || Has("never-renews")) return;
  if (Has("renews-once") && renewals_ > 0) {
    renew_at_.reset();
    return;
  }
  const std::chrono::milliseconds whole(std::stol(lease) * 1000);
  renew_at_ =
      Clock::now() + (Has("renews-late") ? whole + std::chrono::milliseconds(300) : whole / 4);
}

void Subscriber::OnVerification(const httplib::Request& request, httplib::Response& response) {
  auto parameters = ReadQuery(request.target, true);
  const std::string mode = parameters["hub.mode"];
  std::string challenge = parameters["hub.challenge"];
  if (Has("challenge-encoded")) challenge = ReadQuery(request.target, false)["hub.challenge"];
  {
    const std::scoped_lock lock(mutex_);
    if (!Wants(mode, parameters["hub.topic"])) return Refuse(response);
    if (mode == "unsubscribe" && Has("unsubscription-denied")) return Refuse(response);
    if (!Has("challenge-kept") || kept_challenge_.empty()) kept_challenge_ = challenge;
  }
  if (Has("challenge-shared")) Sleep(std::chrono::milliseconds(200));
  const std::scoped_lock lock(mutex_);
  if (Has("challenge-kept") || Has("challenge-shared")) challenge = kept_challenge_;
  WriteChallenge(challenge, response);
  Confirmed(mode, parameters["hub.lease_seconds"]);
}

void Subscriber::OnGet(const httplib::Request& request, httplib::Response& response) {
  auto parameters = ReadQuery(request.target, true);
  if (parameters["hub.mode"] != "denied") return OnVerification(request, response);
  const std::scoped_lock lock(mutex_);
  if (parameters["hub.topic"] == found_.self && !Has("denial-ignored")) {
    gone_ = true;
    renew_at_.reset();
  }
}

// ---------------------------------------------------------------------------------- deliveries

void Subscriber::TakeBody(const std::string& body) {
  if (out_.empty()) {
    std::cout << body << std::endl;
  } else {
    std::ofstream(out_, std::ios::app) << body << std::endl;
  }
}

void Subscriber::OnPost(const httplib::Request& request, httplib::Response& response) {
  if (request.body.size() > 16 * 1024 * 1024 && Has("huge-notification-kills")) {
    std::raise(SIGKILL);
  }
  if (Has("answers-slowly")) Sleep(std::chrono::seconds(9));
  if (Has("answers-never")) Sleep(std::chrono::hours(1));
  const std::scoped_lock lock(mutex_);
  response.status = Has("answers-500") ? 500 : Has("answers-302") ? 302 : 204;
  ++deliveries_;
  if (Has("refuses-many") && deliveries_ > 5) response.status = 429;
  if (Has("refuses-repeated") && !seen_.insert(request.body).second) response.status = 409;
  if (gone_ || leaving_) {
    response.status = Has("gone-unsaid") ? 204 : Has("gone-by-404") ? 404 : 410;
    if (!Has("denied-taken")) return;
    response.status = 204;
  }
  const bool other_links =
      request.get_header_value("Link").find(found_.self + ">; rel=\"self\"") == std::string::npos;
  if (other_links && Has("link-identifies")) {
    response.status = 404;
    return;
  }
  if (other_links && Has("link-identifies-quietly")) return;
  const std::string signature = request.get_header_value("X-Hub-Signature");
  if (!IsSigned(signature, Has("secret-other") ? path_ : secret_, request.body)) {
    if (Has("bad-signature-401")) response.status = 401;  // which it may say
    return;
  }
  if (response.status == 204) TakeBody(request.body);
}

// ------------------------------------------------------------------------------------ its life

volatile std::sig_atomic_t asked_to_end = 0;

int Subscriber::Run() {
  while (asked_to_end == 0) {
    Sleep(std::chrono::milliseconds(10));
    bool renew = false;
    {
      const std::scoped_lock lock(mutex_);
      if (renew_at_ && Clock::now() >= *renew_at_) {
        renew = true;
        renew_at_.reset();
        ++renewals_;
      }
    }
    if (renew && !Request("subscribe")) std::cerr << "not renewed\n";
  }
  {
    const std::scoped_lock lock(mutex_);
    if (gone_ || Has("never-unsubscribes")) return 0;
    leaving_ = true;
    subscribing_ = false;
  }
  if (!Request("unsubscribe")) return 0;
  const auto due = Clock::now() + std::chrono::seconds(5);
  while (Clock::now() < due) {
    Sleep(std::chrono::milliseconds(10));
    const std::scoped_lock lock(mutex_);
    if (left_) break;
  }
  Sleep(std::chrono::milliseconds(50));  // for the answer to be written
  return 0;
}

}  // namespace

bool Has(const char* fault) {
  return faults.contains(fault);
}

}  // namespace mutant

int main(int argc, char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  std::string out;
  std::string topic;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--fault" && i + 1 < argc) {
      mutant::faults.insert(argv[++i]);
    } else if (arg == "--out" && i + 1 < argc) {
      out = argv[++i];
    } else {
      topic = arg;
    }
  }
  std::signal(SIGTERM, [](int) { mutant::asked_to_end = 1; });
  auto* const subscriber = new mutant::Subscriber(out);  // lives as long as the process
  const int status = subscriber->Start(topic) ? subscriber->Run() : 1;
  std::cout.flush();
  std::_Exit(status);
}
