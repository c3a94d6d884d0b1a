#!/usr/bin/env python3
"""Makes jwt.json: tokens signed by the openssl command, so that what the hub says to them is compared with
another program than the hub. The keys are new each time and are not kept; the clock of the cases is fixed.
Usage: make_tokens.py > jwt.json"""
import base64
import hashlib
import hmac
import json
import os
import subprocess
import tempfile

NOW = 1767323045  # 2026-01-02T03:04:05Z, where the tests' clock stands
LEEWAY = 60
folder = tempfile.TemporaryDirectory()


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, check=True, capture_output=True).stdout


class Key:
    def __init__(self, kid, algorithm, *options):
        self.kid, self.algorithm = kid, algorithm
        self.file = os.path.join(folder.name, kid + ".pem")
        openssl("genpkey", *options, "-out", self.file)
        self.public_der = openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")
        self.public_pem = openssl("pkey", "-in", self.file, "-pubout")

    def jwk(self, **more):
        if self.algorithm == "RS256":
            text = openssl("rsa", "-in", self.file, "-noout", "-modulus").decode()
            modulus = bytes.fromhex(text.strip().split("=")[1])
            members = {"kty": "RSA", "n": b64(modulus), "e": "AQAB"}
        elif self.algorithm == "ES256":
            point = self.public_der[-64:]
            members = {"kty": "EC", "crv": "P-256", "x": b64(point[:32]), "y": b64(point[32:])}
        else:
            members = {"kty": "OKP", "crv": "Ed25519", "x": b64(self.public_der[-32:])}
        return {"kid": self.kid, "use": "sig", **members, **more}

    def sign(self, text):
        if self.algorithm == "EdDSA":
            file = os.path.join(folder.name, "text")
            with open(file, "wb") as out:
                out.write(text)
            return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.file, "-in", file)
        signature = openssl("dgst", "-sha256", "-sign", self.file, data=text)
        return signature if self.algorithm == "RS256" else raw(signature)


def raw(der):
    """The two numbers of an ECDSA signature, 32 bytes each."""
    numbers, at = [], 2
    for _ in range(2):
        size = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2:at + 2 + size], "big").to_bytes(32, "big"))
        at += 2 + size
    return b"".join(numbers)


rsa = Key("rsa", "RS256", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
weak = Key("weak", "RS256", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
new = Key("new", "RS256", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
ec = Key("ec", "ES256", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
foreign = Key("foreign", "ES256", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
sealing = Key("sealing", "ES256", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
reader = Key("reader", "ES256", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
named = Key("named", "ES256", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
ed = Key("ed", "EdDSA", "-algorithm", "ED25519")

BASE = {"iss": "https://idp.example", "aud": "websub", "sub": "alice", "exp": NOW + 300, "iat": NOW - 10,
        "scope": "openid subscribe update_content"}


def claims(**changes):
    """BASE with these changes; None takes a claim away."""
    merged = {**BASE, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def text_of(value):
    return (value if isinstance(value, str) else json.dumps(value)).encode()


def sign(key, payload, header=None, **header_changes):
    if header is None:
        header = {"alg": key.algorithm, "typ": "JWT", "kid": key.kid, **header_changes}
        header = {name: value for name, value in header.items() if value is not None}
    text = b64(text_of(header)) + "." + b64(text_of(payload))
    return text + "." + b64(key.sign(text.encode()))


cases = []


def case(name, token, status, reason="", **more):
    cases.append({"name": name, "token": token, "status": status, "reason": reason, **more})


good = sign(ec, claims())
case("RS256", sign(rsa, claims()), 200, identity="alice")
case("ES256", good, 200, identity="alice")
case("EdDSA", sign(ed, claims()), 200, identity="alice")
case("no key id: all keys of the kind are tried", sign(ec, claims(), kid=None), 200, identity="alice")
case("typ may be missing", sign(ed, claims(), typ=None), 200, identity="alice")
case("typ at+jwt of RFC 9068", sign(ed, claims(), typ="at+jwt"), 200, identity="alice")
case("another typ", sign(ed, claims(), typ="dpop+jwt"), 401, "another type")
case("an audience in a list", sign(ec, claims(aud=["x", "websub"])), 200, identity="alice")

case("another issuer", sign(ec, claims(iss="https://other.example")), 401, "issuer is not known")
case("no issuer", sign(ec, claims(iss=None)), 401, "issuer is not known")
case("another audience", sign(ec, claims(aud="other")), 401, "audience")
case("no audience", sign(ec, claims(aud=None)), 401, "audience")
case("an audience that only begins alike", sign(ec, claims(aud="websub2")), 401, "audience")
case("an audience that is no string", sign(ec, claims(aud={"websub": True})), 401, "audience")

case("no exp", sign(ec, claims(exp=None)), 401, "no exp")
case("exp as a string", sign(ec, claims(exp=str(NOW + 300))), 401, "no number")
case("exp at the last second of the leeway", sign(ec, claims(exp=NOW - LEEWAY + 1)), 200, identity="alice")
case("exp past the leeway", sign(ec, claims(exp=NOW - LEEWAY)), 401, "has expired")
case("exp with a fraction", sign(ec, claims(exp=NOW - LEEWAY + 0.5)), 200, identity="alice")
case("exp beyond all time", sign(ec, claims(exp=10**30)), 200, identity="alice")
case("exp before all time", sign(ec, claims(exp=-10**30)), 401, "has expired")
case("nbf at the edge of the leeway", sign(ec, claims(nbf=NOW + LEEWAY)), 200, identity="alice")
case("nbf past the leeway", sign(ec, claims(nbf=NOW + LEEWAY + 1)), 401, "not valid yet")
case("iat at the edge of the leeway", sign(ec, claims(iat=NOW + LEEWAY)), 200, identity="alice")
case("iat past the leeway", sign(ec, claims(iat=NOW + LEEWAY + 1)), 401, "in the future")
case("no iat", sign(ec, claims(iat=None)), 200, identity="alice")
case("no leeway: exp now", sign(ec, claims(iss="https://strict.example", exp=NOW)), 401, "has expired")
case("no leeway: exp in a second", sign(ec, claims(iss="https://strict.example", exp=NOW + 1)), 200,
     identity="alice")

case("a key that the issuer does not have", sign(foreign, claims()), 401, "does not have")
case("a foreign key under the name of one that is known", sign(foreign, claims(), kid="ec"), 401,
     "signature is wrong")
case("a foreign key without a name", sign(foreign, claims(), kid=None), 401, "does not have")
case("a foreign key that the token brings along",
     sign(foreign, claims(), kid="ec", jwk=foreign.jwk(), jku="https://evil.example/keys",
          x5u="https://evil.example/chain"), 401, "signature is wrong")
case("RSA of 1024 bits", sign(weak, claims()), 401, "does not have")
case("a key for encryption", sign(sealing, claims()), 401, "does not have")
case("a key that may not verify", sign(reader, claims()), 401, "does not have")
case("a key for another algorithm", sign(named, claims()), 401, "does not have")

unsigned = b64(text_of({"alg": "none", "kid": "ec"})) + "." + b64(text_of(claims()))
case("none without a signature", unsigned + ".", 401, "not signed with")
case("none with a signature", unsigned + ".AAAA", 401, "not signed with")
case("None", sign(ec, claims(), alg="None"), 401, "not signed with")
case("the algorithm in another case", sign(ec, claims(), alg="es256"), 401, "not signed with")
case("the algorithm is no string", sign(ec, claims(), alg=["ES256"]), 401, "not signed with")
case("no algorithm", sign(ec, claims(), alg=None), 401, "not signed with")
for form, secret in (("PEM", rsa.public_pem), ("DER", rsa.public_der)):
    text = b64(text_of({"alg": "HS256", "kid": "rsa"})) + "." + b64(text_of(claims()))
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    case("HS256 with the public key as " + form, text + "." + b64(mac), 401, "not signed with")
    text = b64(text_of({"alg": "RS256", "kid": "rsa"})) + "." + b64(text_of(claims()))
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    case("RS256 said, HMAC with the public key as " + form, text + "." + b64(mac), 401, "signature is wrong")
case("RS256 said, signed by a P-256 key", sign(ec, claims(), alg="RS256"), 401, "does not have")
case("ES256 said, signed by an RSA key", sign(rsa, claims(), alg="ES256"), 401, "does not have")
case("EdDSA said, signed by a P-256 key", sign(ec, claims(), alg="EdDSA", kid=None), 401, "does not have")
case("an algorithm that is not among the rule's", sign(rsa, claims(iss="https://strict.example")), 401,
     "another algorithm")
case("crit", sign(ec, claims(), crit=["exp"], exp=1), 401, "not known here")
case("b64", sign(ec, claims(), b64=False), 401, "not known here")
case("a key id that is no string", sign(ec, claims(), kid=7), 401, "key id")
case("a key id without end", sign(ec, claims(), kid="k" * 300), 401, "key id")

head, body, signature = good.split(".")
other_body = b64(text_of(claims(sub="mallory")))
case("a payload that was changed", ".".join((head, other_body, signature)), 401, "signature is wrong")
other_head = b64(text_of({"alg": "ES256", "typ": "JWT", "kid": "ec", "x": 1}))
case("a header that was changed", ".".join((other_head, body, signature)), 401, "signature is wrong")
case("no signature", ".".join((head, body, "")), 401, "not base64url")
case("a signature that is too short", ".".join((head, body, b64(bytes(61)))), 401, "signature is wrong")
case("a signature of zeros", ".".join((head, body, b64(bytes(64)))), 401, "signature is wrong")
der = openssl("dgst", "-sha256", "-sign", ec.file, data=(head + "." + body).encode())
case("a signature in DER", ".".join((head, body, b64(der))), 401, "signature is wrong")
case("padding", ".".join((head, body, signature + "==")), 401, "not base64url")
case("the letters of plain base64", ".".join((head, body, "+/" + signature[2:])), 401, "not base64url")
case("a payload that is not base64url", ".".join((head, body + "A" * (1 + (4 - len(body)) % 4), signature)), 401)
case("a payload that is no JSON", sign(ec, "exp=1"), 401, "no plain JSON")
case("a payload that is a list", sign(ec, "[]"), 401, "no plain JSON")
case("a header that is no JSON", sign(ec, claims(), header='{"alg"}'), 401, "no plain JSON")
text = json.dumps(claims())
case("the issuer twice", sign(ec, text[:-1] + ', "iss": "https://idp.example"}'), 401, "no plain JSON")
case("a member of a claim twice", sign(ec, text[:-1] + ', "x": {"y": 1, "y": 1}}'), 401, "no plain JSON")
case("the algorithm twice", sign(ec, claims(), header='{"alg":"none","alg":"ES256","kid":"ec"}'), 401,
     "no plain JSON")
case("text behind the payload", sign(ec, text + "{}"), 401, "no plain JSON")
case("a payload that nests without end", sign(ec, text[:-1] + ', "x": ' + "[" * 1000 + "]" * 1000 + "}"), 401,
     "no plain JSON")
case("longer than 8 KiB", sign(ec, claims(x="x" * 6200)), 401, "too long")

case("no sub", sign(ec, claims(sub=None)), 401, "whose it is")
case("an empty sub", sign(ec, claims(sub="")), 401, "whose it is")
case("a sub that is a number", sign(ec, claims(sub=7)), 401, "whose it is")
case("a sub with a line break", sign(ec, claims(sub="a\r\nb")), 401, "whose it is")
case("a sub without end", sign(ec, claims(sub="a" * 300)), 401, "whose it is")

SCOPES = {"subscribe": ["subscription", "unsubscription"], "unsubscribe": ["unsubscription"],
          "update_content": ["update_message"], "content_update": ["update_message"],
          "register_topic": ["register_topic"], "deregister_topic": ["deregister_topic"],
          "publish": [], "Subscribe": [], "subscribed": []}
for scope, allowed in SCOPES.items():
    token = sign(ec, claims(scope=scope))
    for act in ("subscription", "unsubscription", "update_message", "register_topic", "deregister_topic"):
        case(f"scope {scope} for {act}", token, 200 if act in allowed else 403,
             "" if act in allowed else "the token of alice may not", act=act, identity="alice")
case("no scope", sign(ec, claims(scope=None)), 403, "the token of alice may not publish",
     identity="alice")
case("scp as a string", sign(ec, claims(scope=None, scp="a update_content")), 200, identity="alice")
case("scopes as a list", sign(ec, claims(scope=None, scopes=["a", "update_content"])), 200, identity="alice")
case("permissions as a list", sign(ec, claims(scope=None, permissions=["update_content"])), 200, identity="alice")
case("a scope that is an object", sign(ec, claims(scope={"update_content": True})), 403, "may not publish",
     identity="alice")

CLAIMED = {"iss": "https://claims.example", "email": "bob@example.com"}
case("identity and topics from claims", sign(ec, claims(**CLAIMED, topics=["https://example\\.com/.*"])), 200,
     identity="bob@example.com")
case("a topic claim that is one string", sign(ec, claims(**CLAIMED, topics="https://example\\.com/.*")), 200,
     identity="bob@example.com")
case("topics of which none matches", sign(ec, claims(**CLAIMED, topics=["https://example\\.org/.*"])), 403,
     "the token of bob@example.com may not publish to this topic", identity=CLAIMED["email"])
case("a topic that matches in part only", sign(ec, claims(**CLAIMED, topics=["https://example\\.com/"])), 403,
     "to this topic", identity=CLAIMED["email"])
case("no topics where they are asked for", sign(ec, claims(**CLAIMED)), 403, "to this topic",
     identity=CLAIMED["email"])
case("topics that are no expressions", sign(ec, claims(**CLAIMED, topics=["https://(", ".*"])), 403,
     "to this topic", identity=CLAIMED["email"])
case("more topics than are read", sign(ec, claims(**CLAIMED, topics=[".*"] * 17)), 403, "to this topic",
     identity=CLAIMED["email"])

everybody = [rsa.jwk(), ec.jwk(alg="ES256", key_ops=["verify"]), ed.jwk(), weak.jwk(), sealing.jwk(use="enc"),
             reader.jwk(key_ops=["sign"]), named.jwk(alg="ES384"), {"kty": "oct", "kid": "secret", "k": "AAAA"},
             {"kty": "EC", "crv": "P-256", "kid": "off-curve", "x": b64(b"\1" * 32), "y": b64(b"\1" * 32)}, 7]
off_curve = {"alg": "ES256", "typ": "JWT", "kid": "off-curve"}
case("a key that lies on no curve", sign(ec, claims(), header=off_curve), 401, "does not have")
jwks_url = "https://idp.example/keys"
print(json.dumps({
    "made_by": "make_tokens.py",
    "policy": {"jwt": [
        {"issuer": "https://idp.example", "audience": "websub", "jwks": jwks_url,
         "algorithms": ["RS256", "ES256", "EdDSA"], "leeway": f"{LEEWAY}s"},
        {"issuer": "https://strict.example", "audience": "websub", "jwks": jwks_url, "algorithms": ["ES256"],
         "leeway": "0s"},
        {"issuer": "https://claims.example", "audience": "websub", "jwks": jwks_url, "algorithms": ["ES256"],
         "topics_claim": "topics", "identity_claim": "email"},
    ]},
    "jwks": {"keys": everybody},
    "jwks_rotated": {"keys": [new.jwk()]},
    "good": {"RS256": sign(rsa, claims()), "ES256": good, "EdDSA": sign(ed, claims())},
    "of_new_key": sign(new, claims()),
    "of_new_key_unnamed": sign(new, claims(), kid=None),
    "cases": cases,
}, indent=1))
