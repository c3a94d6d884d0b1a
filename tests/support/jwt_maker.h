// An issuer of JSON Web Tokens for tests: makes keys, publishes them as a JWKS, and signs tokens,
// by OpenSSL and by no code of ours.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

struct evp_pkey_st;

namespace websub::tests {

class JwtMaker {
 public:
  JwtMaker();
  ~JwtMaker();

  // An Ed25519 key of that id, in place of one that it had.
  void MakeKey(const std::string& id);
  void DropKey(const std::string& id);  // from the JWKS; tokens can be signed with it still
  std::string Jwks() const;
  std::string Token(const std::string& key_id, const nlohmann::json& claims) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  std::map<std::string, std::unique_ptr<evp_pkey_st, Free>> keys_;
  std::map<std::string, nlohmann::json> published_;
};

}  // namespace websub::tests
