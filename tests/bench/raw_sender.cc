// The limit of the machine: how many deliveries a second can be sent at all, by a sender that does
// nothing else. One thread on bare epoll, the head prebuilt, a keyed HMAC context duplicated for
// each body, one request in flight on each connection; the receiver is the sink that `websub bench`
// uses, on a thread of its own. A hub is measured against this number.
//
//   raw_sender [--seconds S] [--connections N] [--size BYTES] [--ports N] [--no-hmac] [--json]
//
// Without --connections several numbers are tried, and the fastest one is taken. --no-hmac sends
// prebuilt requests, which shows what the sink can take.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/bench/content.h"
#include "cli/bench/sink.h"

namespace {

using namespace websub::cli::bench;
using Clock = std::chrono::steady_clock;

struct Settings {
  double seconds = 3;
  std::size_t connections = 0;  // 0: find the best
  std::size_t size = 2048;
  std::size_t ports = 64;
  bool hmac = true;
  bool json = false;
};

struct Outcome {
  std::size_t connections = 0;
  double per_second = 0;
  double sender_us = 0;  // of CPU for each request
  double sink_us = 0;
};

[[noreturn]] void Die(const std::string& sentence) {
  std::fprintf(stderr, "raw_sender: %s\n", sentence.c_str());
  std::exit(3);
}

double ThreadSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

class Counter : public SinkHandler {
 public:
  Answer OnDelivery(const SinkDelivery& delivery) override {
    if (ReadMark(delivery.body)) marked_.store(marked_.load(std::memory_order_relaxed) + 1);
    return Answer::k204;
  }
  bool OnVerification(std::size_t, std::uint32_t, const websub::Verification&) override {
    return true;
  }
  void OnDenial(std::size_t, std::uint32_t, const websub::Denial&) override {}
  std::string OnFetch(std::uint32_t) override { return ""; }
  std::uint64_t marked() const { return marked_.load(); }

 private:
  std::atomic<std::uint64_t> marked_ = 0;
};

// HMAC-SHA256 with a context that is keyed once.
class Hmac {
 public:
  Hmac() : mac_(EVP_MAC_fetch(nullptr, "HMAC", nullptr)), keyed_(EVP_MAC_CTX_new(mac_)) {
    char digest[] = "SHA256";
    const std::array<OSSL_PARAM, 2> params = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";
    if (EVP_MAC_init(keyed_, reinterpret_cast<const unsigned char*>(kSecret), sizeof kSecret - 1,
                     params.data()) != 1) {
      Die("no HMAC-SHA256");
    }
  }
  ~Hmac() {
    EVP_MAC_CTX_free(keyed_);
    EVP_MAC_free(mac_);
  }
  Hmac(const Hmac&) = delete;
  Hmac& operator=(const Hmac&) = delete;

  // Writes 64 hex digits.
  void Sign(const char* body, std::size_t size, char* hex) const {
    std::array<unsigned char, 32> digest{};
    std::size_t length = 0;
    EVP_MAC_CTX* const context = EVP_MAC_CTX_dup(keyed_);
    EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(body), size);
    EVP_MAC_final(context, digest.data(), &length, digest.size());
    EVP_MAC_CTX_free(context);
    constexpr char kDigits[] = "0123456789abcdef";
    for (const unsigned char byte : digest) {
      *hex++ = kDigits[byte >> 4];
      *hex++ = kDigits[byte & 15];
    }
  }

 private:
  EVP_MAC* mac_;
  EVP_MAC_CTX* keyed_;
};

// A whole request as a hub sends it, and where in it the digits of the signature stand.
struct Prebuilt {
  std::string bytes;
  std::size_t hex = 0;
  std::size_t body = 0;
};

Prebuilt MakeRequest(std::uint16_t port, std::size_t index, std::size_t size) {
  const std::string body = MakeContent({1, 0, static_cast<std::uint32_t>(index)}, size);
  Prebuilt made;
  made.bytes = "POST /s/" + std::to_string(index) +
               " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
               "\r\nUser-Agent: raw_sender\r\nContent-Type: text/plain\r\n"
               "Link: <http://127.0.0.1:4820/hub>; rel=\"hub\", "
               "<http://127.0.0.1:4820/topics/bench>; rel=\"self\"\r\n"
               "Websub-Message-Id: m1\r\nWebsub-Attempt: 1\r\nX-Hub-Signature: sha256=";
  made.hex = made.bytes.size();
  made.bytes +=
      std::string(64, '0') + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  made.body = made.bytes.size();
  made.bytes += body;
  return made;
}

class Sender {
 public:
  Sender(const Settings& settings, const std::vector<std::uint16_t>& ports, std::size_t connections)
      : settings_(settings), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t at = 0; at < connections; ++at) {
      const std::uint16_t port = ports[at % ports.size()];
      requests_.push_back(MakeRequest(port, at, settings.size));
      Connect(port);
    }
  }
  ~Sender() {
    for (const int each : sockets_) close(each);
    close(epoll_);
  }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // Requests that were answered.
  std::uint64_t Run(double seconds) {
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    answered_ = 0;
    for (std::size_t at = 0; at < sockets_.size(); ++at) Send(at);
    std::array<epoll_event, 256> events{};
    std::size_t flying = sockets_.size();
    while (flying > 0) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 5000);
      if (count <= 0) Die("the sink does not answer");
      const bool over = Clock::now() >= end;
      for (int at = 0; at < count; ++at) {
        Receive(events[static_cast<std::size_t>(at)].data.u64);
        if (over) {
          --flying;
        } else {
          Send(events[static_cast<std::size_t>(at)].data.u64);
        }
      }
    }
    return answered_;
  }

 private:
  void Connect(std::uint16_t port) {
    const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      Die(std::string("connect: ") + std::strerror(errno));
    }
    const int on = 1;
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = sockets_.size()}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, made, &event);
    sockets_.push_back(made);
  }
  void Send(std::size_t at) {
    Prebuilt& request = requests_[at];
    if (settings_.hmac) {
      hmac_.Sign(request.bytes.data() + request.body, request.bytes.size() - request.body,
                 request.bytes.data() + request.hex);
    }
    const ssize_t sent =
        send(sockets_[at], request.bytes.data(), request.bytes.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request.bytes.size())) Die("a request was not taken whole");
  }
  // An answer of the sink is so short that it comes in one piece.
  void Receive(std::size_t at) {
    std::array<char, 512> answer{};
    const ssize_t size = recv(sockets_[at], answer.data(), answer.size(), 0);
    if (size < 12 || std::memcmp(answer.data(), "HTTP/1.1 204", 12) != 0) Die("no 204 came");
    ++answered_;
  }

  const Settings& settings_;
  int epoll_;
  std::vector<int> sockets_;
  std::vector<Prebuilt> requests_;
  Hmac hmac_;
  std::uint64_t answered_ = 0;
};

Outcome Measure(const Settings& settings, std::size_t connections, double seconds) {
  Counter counter;
  SinkOptions options;
  options.ports.assign(settings.ports, 0);
  const auto sink = Sink::Listen(std::move(options));
  if (!sink) Die(sink.error().message);
  (*sink)->Start(counter);
  Sender sender(settings, (*sink)->ports(), connections);
  const std::uint64_t warm = sender.Run(0.2);
  const auto sink_before = (*sink)->Counts().cpu_time;
  const double cpu_before = ThreadSeconds();
  const auto began = Clock::now();
  const auto requests = sender.Run(seconds);
  const double took = std::chrono::duration<double>(Clock::now() - began).count();
  const double cpu = ThreadSeconds() - cpu_before;
  const auto sink_cpu = (*sink)->Counts().cpu_time - sink_before;
  if (counter.marked() != warm + requests) Die("the sink did not see every request");
  const auto count = static_cast<double>(requests);
  return {connections, count / took, cpu * 1e6 / count,
          static_cast<double>(sink_cpu.count()) / count};
}

Outcome Best(const Settings& settings) {
  if (settings.connections != 0) return Measure(settings, settings.connections, settings.seconds);
  Outcome best;
  for (const std::size_t connections : {32, 64, 128, 256}) {
    const Outcome tried = Measure(settings, connections, 0.4);
    if (tried.per_second > best.per_second) best = tried;
  }
  return Measure(settings, best.connections, settings.seconds);
}

Settings Read(int argc, char** argv) {
  Settings settings;
  for (int at = 1; at < argc; ++at) {
    const std::string name = argv[at];
    if (name == "--no-hmac") {
      settings.hmac = false;
      continue;
    }
    if (name == "--json") {
      settings.json = true;
      continue;
    }
    const double value = at + 1 < argc ? std::atof(argv[++at]) : 0;
    if (value <= 0) Die(name + " needs a number");
    if (name == "--seconds") {
      settings.seconds = value;
    } else if (name == "--connections") {
      settings.connections = static_cast<std::size_t>(value);
    } else if (name == "--size") {
      settings.size = static_cast<std::size_t>(value);
    } else if (name == "--ports") {
      settings.ports = static_cast<std::size_t>(value);
    } else {
      Die("unknown flag " + name);
    }
  }
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  const Settings settings = Read(argc, argv);
  const Outcome outcome = Best(settings);
  if (settings.json) {
    const nlohmann::ordered_json json{{"hmac", settings.hmac},
                                      {"size_bytes", settings.size},
                                      {"ports", settings.ports},
                                      {"connections", outcome.connections},
                                      {"requests_per_second", outcome.per_second},
                                      {"sender_cpu_us_per_request", outcome.sender_us},
                                      {"sink_cpu_us_per_request", outcome.sink_us}};
    std::printf("%s\n", json.dump().c_str());
  } else {
    std::printf(
        "%.0f requests/s over %zu connections (%s); CPU for each: sender %.1f us, sink %.1f us\n",
        outcome.per_second, outcome.connections,
        settings.hmac ? "signed with HMAC-SHA256" : "without signature", outcome.sender_us,
        outcome.sink_us);
  }
  return 0;
}
