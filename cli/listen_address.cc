#include "cli/listen_address.h"

#include "cli/flags.h"
#include "core/address.h"
#include "core/text.h"

namespace websub::cli {

Result<ListenAddress> ParseListenAddress(const std::string& text) {
  const std::string wrong =
      Quote(text) + " is no address to listen on: use 127.0.0.1:4820, [::1]:4820 or :4820";
  const auto colon = text.rfind(':');
  std::string address = colon == std::string::npos ? "" : text.substr(0, colon);
  const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  } else if (address.find(':') != std::string::npos) {
    return Fail(ErrorCode::kInvalid, wrong);
  }
  const auto number = ParseNumber(port, 0, 65535);
  if (!number) return Fail(ErrorCode::kInvalid, wrong);
  if (address.empty() || address == "localhost") address = "127.0.0.1";
  return ListenAddress{address, static_cast<std::uint16_t>(*number)};
}

std::string LocalUrl(const ListenAddress& listening, Scheme scheme) {
  const bool v6 = listening.address.find(':') != std::string::npos;
  std::string host = listening.address;
  if (ClassifyAddress(host) == AddressClass::kUnspecified) host = v6 ? "::1" : "127.0.0.1";
  if (v6) host = "[" + host + "]";
  return (scheme == Scheme::kHttps ? "https://" : "http://") + host + ":" +
         std::to_string(listening.port);
}

}  // namespace websub::cli
