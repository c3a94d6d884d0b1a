// The HTTP client, and how text is written for the wire.
#include <netdb.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <sstream>

#include "tests/support/mutants/subscriber.h"

namespace mutant {

std::string Got::Field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

namespace {

// A connection to "127.0.0.1:4820", or -1.
int Connect(const std::string& authority) {
  const auto colon = authority.rfind(':');
  const std::string host = authority.substr(0, colon);
  const std::string port = colon == std::string::npos ? "80" : authority.substr(colon + 1);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return -1;
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
    close(fd);
    freeaddrinfo(found);
    return -1;
  }
  freeaddrinfo(found);
  return fd;
}

std::string Exchange(int fd, const std::string& request) {
  for (std::size_t sent = 0; sent < request.size();) {
    const auto size = send(fd, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) return "";
    sent += static_cast<std::size_t>(size);
  }
  std::string answer;
  std::vector<char> buffer(65536);
  for (auto size = recv(fd, buffer.data(), buffer.size(), 0); size > 0;
       size = recv(fd, buffer.data(), buffer.size(), 0)) {
    answer.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return answer;
}

}  // namespace

// Not the library's client: it decodes what stands in header fields.
Got Send(const std::string& method, const std::string& url, const std::string& type,
         const std::string& body) {
  if (url.compare(0, 7, "http://") != 0) return {};
  const auto path_begin = url.find('/', 7);
  const std::string authority =
      url.substr(7, path_begin == std::string::npos ? path_begin : path_begin - 7);
  std::string request =
      method + " " + (path_begin == std::string::npos ? "/" : url.substr(path_begin)) +
      " HTTP/1.1\r\nHost: " + authority + "\r\nAccept: */*\r\nConnection: close\r\n";
  if (!type.empty()) request += "Content-Type: " + type + "\r\n";
  if (method == "POST") request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  const int fd = Connect(authority);
  if (fd < 0) return {};
  const std::string answer = Exchange(fd, request + "\r\n" + body);
  close(fd);

  Got got;
  const auto head_end = answer.find("\r\n\r\n");
  if (head_end == std::string::npos) return got;
  got.body = answer.substr(head_end + 4);
  std::istringstream head(answer.substr(0, head_end));
  std::string line;
  std::getline(head, line);
  got.status = std::stoi(line.substr(line.find(' ') + 1));
  while (std::getline(head, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto value = line.find_first_not_of(" \t", colon + 1);
    got.fields.emplace(Lower(line.substr(0, colon)),
                       value == std::string::npos ? "" : line.substr(value));
  }
  return got;
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string Encode(const std::string& text) {
  static const char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    }
  }
  return out;
}

std::string Decode(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() &&
               std::isxdigit(static_cast<unsigned char>(text[i + 1])) != 0 &&
               std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string Hmac(const std::string& method, const std::string& key, const std::string& text) {
  const EVP_MD* digest = nullptr;
  if (method == "sha1") digest = EVP_sha1();
  if (method == "sha256") digest = EVP_sha256();
  if (method == "sha384") digest = EVP_sha384();
  if (method == "sha512") digest = EVP_sha512();
  if (digest == nullptr) return "";
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(digest, key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes, &size);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    static const char kDigits[] = "0123456789abcdef";
    hex += kDigits[bytes[i] >> 4U];
    hex += kDigits[bytes[i] & 15U];
  }
  return hex;
}

}  // namespace mutant
