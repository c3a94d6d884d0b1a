// Any text is read as a token, as a set of keys and as an access file without a crash. The first
// three bytes choose one of three good tokens, a place in it and what it is changed to: whatever
// that is, the token is not valid any more.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "hub/access/credentials.h"
#include "hub/access/jwk_set.h"
#include "hub/access/jwt.h"
#include "hub/access/policy.h"

namespace {

using websub::hub::JwkSet;
using websub::hub::Jwt;
using websub::hub::SignatureFit;

// Made by tests/data/hub/make_tokens.py, as the corpus was.
constexpr std::string_view kKeys =
    R"({"keys":[{"kid":"rsa","use":"sig","kty":"RSA","n":"2pMEaT_9cT6Nz8tckWojdPiZ8WFA_)"
    R"(6xzJsbylX-jP0GHbpU8U3hpLw5R2cdz7Yybv7n7p7tLwoKIsjueX6I2gDEcP6adiAv4E45iWp_GqRZ2K)"
    R"(zK4heo-q89cwyY9pwInF5Dk0tvU6ze6euBxuSCHwyASVqYBfxlZc3JmdJJ0qrKsTRjLHieo8Y2UnN9cO)"
    R"(VQwy33lSwDJCQjQ3TLmR4Vo-rFGErB-wRLSPhlto0094wzOvct3ZW5renAYvOsKzQTYgGniwWzfoz8NY)"
    R"(5jvHTR8ygIp9-muqHB_PN20n5wGvsCfr_wh0DeyAhrTUHTfYWqGLwmBq-wAK7rYn2D1_IePkw","e":")"
    R"(AQAB"},{"kid":"ec","use":"sig","kty":"EC","crv":"P-256","x":"M67dXoRVpbVFhFCEgCk)"
    R"(rukdymVODNs9M5qHuJIjlZs8","y":"xPQho3V61GpqmhOan0hZPsF8c3WmCJsj0n7zrx-fzWY","alg)"
    R"(":"ES256","key_ops":["verify"]},{"kid":"ed","use":"sig","kty":"OKP","crv":"Ed255)"
    R"(19","x":"2q-kdYzMY_awMcqoEcpuP44MlDbgE0z9rGTSkDHQGVE"}]})";
constexpr std::array<std::string_view, 3> kTokens = {
    R"(eyJhbGciOiAiUlMyNTYiLCAidHlwIjogIkpXVCIsICJraWQiOiAicnNhIn0.eyJpc3MiOiAiaHR0cHM6)"
    R"(Ly9pZHAuZXhhbXBsZSIsICJhdWQiOiAid2Vic3ViIiwgInN1YiI6ICJhbGljZSIsICJleHAiOiAxNzY3)"
    R"(MzIzMzQ1LCAiaWF0IjogMTc2NzMyMzAzNSwgInNjb3BlIjogIm9wZW5pZCBzdWJzY3JpYmUgdXBkYXRl)"
    R"(X2NvbnRlbnQifQ.i01gneVUXVFNXMQ4kCuML3N5dHSSoHWIazlCbGbUu7fMgv0CBFU35tB7s7NEmLTjq)"
    R"(Pv0V3_OJVCs2IsHIHZxxq8BXEt_AKFIA4Ss6Zdr5CdbQcXu9wlEk5iFPq0y72IBoypO_WRTruBHrJRTT)"
    R"(aDU3b0Xa1p0n0ROWa58RUPXfwvvFFySJadZfhpOyLU2_T1isjEpuaGaPN97mSlQtHwtn7xjit5fFbXQU)"
    R"(JpDj1JnGVALqQTjHjGFInn9mtXm7bExBDHPUMne67GDWYmcN3Ofq51m6lA9y108Jtm-zBfoHvmvpQmG9)"
    R"(Nb-icAyQyuCJzHY1jigtYiKwrJj0UlT6KCSSw)",
    R"(eyJhbGciOiAiRVMyNTYiLCAidHlwIjogIkpXVCIsICJraWQiOiAiZWMifQ.eyJpc3MiOiAiaHR0cHM6L)"
    R"(y9pZHAuZXhhbXBsZSIsICJhdWQiOiAid2Vic3ViIiwgInN1YiI6ICJhbGljZSIsICJleHAiOiAxNzY3M)"
    R"(zIzMzQ1LCAiaWF0IjogMTc2NzMyMzAzNSwgInNjb3BlIjogIm9wZW5pZCBzdWJzY3JpYmUgdXBkYXRlX)"
    R"(2NvbnRlbnQifQ.fAclHZiqPFKRQDt8pI5t9gB7K-3x8_R5ZN38vq7urvgbiG5rSQ10qjBwgHrIgVBbcx)"
    R"(TooKAJJ2vu5BoaGczvUQ)",
    R"(eyJhbGciOiAiRWREU0EiLCAidHlwIjogIkpXVCIsICJraWQiOiAiZWQifQ.eyJpc3MiOiAiaHR0cHM6L)"
    R"(y9pZHAuZXhhbXBsZSIsICJhdWQiOiAid2Vic3ViIiwgInN1YiI6ICJhbGljZSIsICJleHAiOiAxNzY3M)"
    R"(zIzMzQ1LCAiaWF0IjogMTc2NzMyMzAzNSwgInNjb3BlIjogIm9wZW5pZCBzdWJzY3JpYmUgdXBkYXRlX)"
    R"(2NvbnRlbnQifQ.7PLmjdUDAyBuzm17e_qordF5XEOoIq_9bEzvFMTCi2c9BQmjbQACE4nDwEwTEjTk4g)"
    R"(As97sND1_LmJTbgEHDBw)"};

void Require(bool condition) {
  if (!condition) std::abort();
}

bool IsValid(const JwkSet& keys, std::string_view token) {
  const auto jwt = Jwt::Read(token);
  return jwt && keys.Check(jwt->signed_text()) == SignatureFit::kValid;
}

void CheckChanged(const JwkSet& keys, std::string_view good, std::size_t at, char to) {
  std::string changed(good);
  at %= changed.size();
  changed[at] = to;
  Require(IsValid(keys, changed) == (changed == good));
  Require(!IsValid(keys, good.substr(0, at)));
  Require(!IsValid(keys, std::string(good) + to));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const JwkSet keys = JwkSet::Parse(kKeys).value();
  if (size < 3) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  const std::string_view good = kTokens[data[0] % kTokens.size()];
  CheckChanged(keys, good, (data[0] / kTokens.size()) * 256 + data[1], static_cast<char>(data[2]));

  websub::hub::ParseCredentials(text);
  if (const auto jwt = Jwt::Read(text)) {
    keys.Check(jwt->signed_text());
    static_cast<void>(jwt->CheckTime(websub::Time(), websub::Duration(0)));
    const auto identity = jwt->Identity("sub");
    Require(!identity || (!identity->empty() && identity->size() <= 256));
    jwt->Acts();
    static_cast<void>(jwt->Topics("topics"));
  }
  if (const auto some = JwkSet::Parse(text)) Require(some->Check({}) != SignatureFit::kValid);
  static_cast<void>(websub::hub::ParsePolicy(text, ""));
  return 0;
}
