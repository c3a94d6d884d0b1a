// A publisher with two hubs of its own, and a switch for each fault. A POST on /change changes the
// topic and tells the hubs. Shares no code with what is tested.
#include <httplib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <chrono>
#include <csignal>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

std::string fault;  // set once, before any thread begins

bool Is(const std::string& name) {
  return fault == name;
}
bool IsAny(const std::set<std::string>& names) {
  return names.count(fault) > 0;
}

// What is asked of Document in place of more text.
const char* const kNewOnly = "only the new entry";

struct Link {
  std::string rel;
  std::string url;
};

std::string Random() {
  std::random_device device;
  std::string text;
  while (text.size() < 24) text += "0123456789abcdef"[device() % 16];
  return text;
}

std::string Encode(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += "0123456789ABCDEF"[byte >> 4];
      encoded += "0123456789ABCDEF"[byte & 15];
    }
  }
  return encoded;
}

// "http://127.0.0.1:80" and "/path?query".
std::pair<std::string, std::string> Split(const std::string& url) {
  const auto slash = url.find('/', url.find("://") + 3);
  if (slash == std::string::npos) return {url, "/"};
  return {url.substr(0, slash), url.substr(slash)};
}

// ------------------------------------------------------------------------------------------- hubs

struct Hub {
  std::mutex mutex;
  std::map<std::pair<std::string, std::string>, int> subscribers;  // topic, callback: deliveries

  void Take(const httplib::Request& request, httplib::Response& response) {
    if (Is("hub-answers-404")) {
      response.status = 404;
      return;
    }
    if (Is("hub-wants-a-token")) {
      response.status = 401;
      return;
    }
    if (Is("hub-answers-500")) {
      response.status = 500;
      return;
    }
    if (Is("hub-wants-get")) {
      response.status = 405;
      return;
    }
    const std::string mode = request.get_param_value("hub.mode");
    const std::string topic = request.get_param_value("hub.topic");
    const std::string callback = request.get_param_value("hub.callback");
    response.status = 202;
    if (Is("hub-never-verifies")) return;
    std::thread([this, mode, topic, callback] { Verify(mode, topic, callback); }).detach();
  }

  void Verify(const std::string& mode, const std::string& topic, const std::string& callback) {
    const std::string challenge = Random();
    const auto [base, path] = Split(callback);
    httplib::Client client(base);
    client.set_url_encode(false);
    const std::string about = Is("hub-verifies-other-topic") ? topic + "/" : topic;
    std::string query =
        "hub.mode=" + mode + "&hub.challenge=" + challenge + "&hub.topic=" + Encode(about);
    if (mode == "subscribe") query += "&hub.lease_seconds=600";
    const auto answer =
        client.Get((path + (path.find('?') == std::string::npos ? "?" : "&") + query).c_str());
    if (!answer || answer->status / 100 != 2 || answer->body != challenge) return;
    const std::lock_guard lock(mutex);
    if (mode == "subscribe") {
      subscribers[{topic, callback}] = 0;
    } else {
      subscribers.erase({topic, callback});
    }
  }

  void Deliver(const std::string& topic, const std::string& type, const std::string& body,
               const std::string& links) {
    std::vector<std::string> callbacks;
    {
      const std::lock_guard lock(mutex);
      for (auto& [key, count] : subscribers) {
        if (key.first != topic) continue;
        if (count++ == 0 || !Is("tells-only-once")) callbacks.push_back(key.second);
      }
    }
    for (const std::string& callback : callbacks) {
      const auto [base, path] = Split(callback);
      httplib::Client client(base);
      client.Post(path.c_str(), {{"Link", links}}, body, type.c_str());
    }
  }
};

// ------------------------------------------------------------------------------------------ topic

class Publisher {
 public:
  int Run();

 private:
  std::string Url(const std::string& path) const { return base_ + path; }
  std::string SelfUrl() const;
  std::vector<Link> HeaderLinks() const;
  std::vector<Link> DocumentLinks() const;
  std::string HeaderText(const std::vector<Link>& links) const;
  std::string Document(int version, const std::string& extra = "") const;
  std::string Page(const std::string& elements, const std::string& text) const;
  std::string Type() const;
  void Answer(const httplib::Request& request, httplib::Response& response);
  bool Vary(const httplib::Request& request, httplib::Response& response);
  void AnswerOld(httplib::Response& response) const;
  void AnswerOther(httplib::Response& response) const;
  void Change();
  void Tell(int version);

  std::string base_;
  Hub hubs_[2];
  std::atomic<int> version_{1};
};

bool IsHtml() {
  return IsAny({"html", "html-links-in-body", "html-without-links", "html-only-links-in-body"});
}
bool IsRss() {
  return IsAny({"rss", "rss-link-without-namespace"});
}
bool IsText() {
  return IsAny({"text", "delivers-with-newline"});
}

std::string Publisher::SelfUrl() const {
  if (Is("self-answers-404")) return Url("/gone");
  if (IsAny({"self-names-another", "self-without-links", "self-names-other-hubs"})) {
    return Url("/other");
  }
  if (Is("moved-self-is-old")) return Url("/old");
  return Url("/feed");
}

std::vector<Link> Publisher::HeaderLinks() const {
  std::vector<Link> links;
  if (IsAny({"no-link-header", "html-only-links-in-body", "several-self-in-feed",
             "links-only-on-redirect", "no-links"})) {
    return links;
  }
  const bool dead = Is("hub-refuses-connections");
  if (!IsAny({"no-hub"})) {
    links.push_back({"hub", dead ? "http://127.0.0.1:9/hub" : Url("/hub1")});
    if (!dead) links.push_back({"hub", Url("/hub2")});
    if (Is("hub-is-no-url")) links = {{"hub", "mailto:hub@example.com"}};
  }
  if (!IsAny({"no-self", "self-in-feed-only"})) links.push_back({"self", SelfUrl()});
  if (Is("several-self")) links.push_back({"self", Url("/feed?again")});
  return links;
}

std::vector<Link> Publisher::DocumentLinks() const {
  if (IsAny({"no-hub", "no-self", "hub-refuses-connections", "hub-is-no-url"})) {
    return HeaderLinks();
  }
  if (IsAny({"feed-without-links", "html-without-links", "links-only-on-redirect", "no-links"})) {
    return {};
  }
  std::vector<Link> links = {{"hub", Url("/hub1")}, {"hub", Url("/hub2")}};
  std::string self = SelfUrl();
  if (Is("document-self-has-https")) self = "https" + self.substr(4);
  if (Is("document-self-is-another")) self += "?feed=rss2";
  if (!Is("feed-has-hub-only")) links.push_back({"self", self});
  if (Is("several-self-in-feed")) links.push_back({"self", self + "?again"});
  return links;
}

std::string Publisher::HeaderText(const std::vector<Link>& links) const {
  std::string text;
  for (const Link& link : links) {
    if (!text.empty()) text += Is("link-without-comma") ? " " : ", ";
    if (Is("link-without-angle-brackets")) {
      text += link.url + "; rel=\"" + link.rel + "\"";
    } else if (Is("link-without-semicolon")) {
      text += "<" + link.url + "> rel=\"" + link.rel + "\"";
    } else if (Is("link-in-single-quotes")) {
      text += "<" + link.url + ">; rel='" + link.rel + "'";
    } else {
      text += "<" + link.url + ">; rel=\"" + link.rel + "\"";
    }
  }
  return text;
}

std::string Publisher::Page(const std::string& elements, const std::string& text) const {
  const bool in_body = IsAny({"html-links-in-body", "html-only-links-in-body"});
  return "<!DOCTYPE html>\n<html><head><title>News</title>" + (in_body ? "" : elements) +
         "</head>\n<body><p>" + text + "</p>" + (in_body ? elements : "") + "</body></html>\n";
}

std::string Publisher::Document(int version, const std::string& extra) const {
  const std::string prefix = IsRss() && !Is("rss-link-without-namespace") ? "atom:" : "";
  std::string elements;
  for (const Link& link : DocumentLinks()) {
    elements += "<" + prefix + "link rel=\"" + link.rel + "\" href=\"" + link.url + "\"/>";
  }
  const std::string text = "version " + std::to_string(version) + (extra == kNewOnly ? "" : extra);
  if (IsText()) return text;
  if (IsHtml()) return Page(elements, text);
  if (IsRss()) {
    return "<?xml version=\"1.0\"?>\n<rss version=\"2.0\" "
           "xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel><title>News</title>" +
           elements + "<item><guid>" + text + "</guid><title>" + text +
           "</title></item></channel></rss>\n";
  }
  const auto entry = [](const std::string& id, const std::string& title) {
    return "<entry><id>urn:" + id + "</id><title>" + title + "</title></entry>";
  };
  const bool first_too = Is("delivers-new-entries") && extra != kNewOnly;
  return "<?xml version=\"1.0\"?>\n<feed "
         "xmlns=\"http://www.w3.org/2005/Atom\"><title>News</title>" +
         elements + entry(std::to_string(version), text) + (first_too ? entry("0", "first") : "") +
         "</feed>\n";
}

std::string Publisher::Type() const {
  if (IsText()) return "text/plain; charset=utf-8";
  if (IsHtml()) return "text/html; charset=utf-8";
  return IsRss() ? "application/rss+xml" : "application/atom+xml";
}

// Content that depends on what the client would rather have; false where it does not.
bool Publisher::Vary(const httplib::Request& request, httplib::Response& response) {
  const std::string accept = request.get_header_value("Accept");
  const std::string language = request.get_header_value("Accept-Language");
  if (Is("varies-by-accept") && accept.find("text/html") != std::string::npos) {
    response.set_content("<!DOCTYPE html><title>News</title><p>version", "text/html");
  } else if (Is("varies-in-content-by-accept") && accept.find("json") != std::string::npos) {
    response.set_content(Document(version_, " for machines"), Type().c_str());
  } else if (Is("answers-500-by-accept") && accept.find("rss") != std::string::npos) {
    response.status = 500;
  } else if (Is("varies-by-language") && language.find("de") != std::string::npos) {
    response.set_content(Document(version_, " auf Deutsch"), Type().c_str());
  } else if (Is("redirects-by-language") && language.find("fr") != std::string::npos) {
    response.set_redirect("/feed.fr");
  } else {
    return false;
  }
  return true;
}

void Publisher::Answer(const httplib::Request& request, httplib::Response& response) {
  if (Is("topic-answers-404")) {
    response.status = 404;
    return;
  }
  const bool head = request.method == "HEAD";
  if (head && Is("head-answers-405")) {
    response.status = 405;
    return;
  }
  const std::string links = HeaderText(HeaderLinks());
  if (!links.empty() && !(head && Is("head-without-links"))) response.set_header("Link", links);
  if (Is("refuses-other-types")) {
    const std::string accept = request.get_header_value("Accept");
    if (accept.find("*/*") == std::string::npos && accept.find("atom") == std::string::npos) {
      response.status = 406;
      return;
    }
  }
  if (Vary(request, response)) return;
  response.set_content(Document(version_), Type().c_str());
}

// Where the topic was before it moved.
void Publisher::AnswerOld(httplib::Response& response) const {
  if (Is("links-only-on-redirect")) {
    response.set_header(
        "Link", "<" + Url("/hub1") + ">; rel=\"hub\", <" + Url("/feed") + ">; rel=\"self\"");
  }
  response.set_redirect(Is("moved-in-a-circle") ? "/old" : "/feed", 301);
}

std::string OtherContent(int version) {
  return "version " + std::to_string(version);
}

// What stands at a self that is not the topic's own URL.
void Publisher::AnswerOther(httplib::Response& response) const {
  std::string links = "<" + Url("/hub1") + ">; rel=\"hub\", <" + Url("/hub2") +
                      ">; rel=\"hub\", <" + Url("/other") + ">; rel=\"self\"";
  if (Is("self-names-another")) {
    links.replace(links.find("/other"), 6, "/feed");
  } else if (Is("self-names-other-hubs")) {
    links.replace(links.find("/hub2"), 5, "/hub3");
  }
  if (!Is("self-without-links")) response.set_header("Link", links);
  response.set_content(OtherContent(version_), "text/plain");
}

void Publisher::Tell(int version) {
  std::string body = Document(version);
  if (Is("delivers-new-entries")) body = Document(version, kNewOnly);
  if (Is("delivers-summary")) body = "something is new";
  if (Is("delivers-with-newline")) body += "\n";
  if (Is("delivers-empty")) body = "";
  if (SelfUrl() == Url("/other")) body = OtherContent(version);
  const std::string links = HeaderText(HeaderLinks());
  const std::string topic = Is("tells-of-another-topic") ? SelfUrl() + "/" : SelfUrl();
  for (Hub& hub : hubs_) {
    if (&hub == &hubs_[1] && Is("tells-first-hub-only")) continue;
    hub.Deliver(topic, Type(), body, links);
  }
}

void Publisher::Change() {
  const int version = version_ + 1;
  if (Is("tells-before-content-is-live")) {
    Tell(version - 1);
    version_ = version;
    return;
  }
  version_ = version;
  if (!Is("never-tells")) std::thread([this, version] { Tell(version); }).detach();
}

int Publisher::Run() {
  httplib::Server server;
  server.Get("/feed", [&](const auto& request, auto& response) { Answer(request, response); });
  server.Get("/feed.fr", [&](const auto&, auto& response) {
    response.set_header("Link", HeaderText(HeaderLinks()));
    response.set_content(Document(version_, " en français"), Type().c_str());
  });
  server.Get("/other", [&](const auto&, auto& response) { AnswerOther(response); });
  server.Get("/old", [&](const auto&, auto& response) { AnswerOld(response); });
  server.Post("/change", [&](const auto&, auto&) { Change(); });
  server.Post("/hub1",
              [&](const auto& request, auto& response) { hubs_[0].Take(request, response); });
  server.Post("/hub2",
              [&](const auto& request, auto& response) { hubs_[1].Take(request, response); });
  // A connection that is kept would keep one of its few threads busy.
  server.set_keep_alive_max_count(1);
  int listener = -1;
  server.set_socket_options([&](socket_t socket) { listener = socket; });
  const int port = server.bind_to_any_port("127.0.0.1");
  if (port < 0) return 1;
  // The library's own backlog of 5 drops what the cases ask side by side, for a second or more.
  listen(listener, 128);
  base_ = "http://127.0.0.1:" + std::to_string(port);
  std::cout << base_ << "/old" << std::endl;
  server.listen_after_bind();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGTERM, [](int) { _exit(0); });
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::string(argv[i]) == "--fault") fault = argv[i + 1];
  }
  Publisher publisher;
  return publisher.Run();
}
