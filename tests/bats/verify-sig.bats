#!/usr/bin/env bats
# `websub verify-sig`: what is valid, what is not and why, and signatures for scripts. Expected values come
# from openssl.

load helper

SECRET='top secret'

hmac() { openssl dgst "-$1" -hmac "$SECRET" -hex | sed "s/^.*= /$1=/"; }  # ALGORITHM, of standard input

# request SIGNATURE BODY: a saved request, its head with CRLF.
request() {
  printf 'POST /cb HTTP/1.1\r\nHost: a\r\nX-Hub-Signature: %s\r\nContent-Length: %d\r\n\r\n%s' "$1" "${#2}" "$2"
}

event() { python3 -c 'import json, sys
for line in sys.stdin:
    value = json.loads(line)
    for name in sys.argv[1].split("."):
        value = value.get(name) if isinstance(value, dict) else None
    print(value)' "$1"; }

@test "a body from a file and from standard input is checked" {
  printf 'hello\n' >body
  run -0 --separate-stderr websub verify-sig body --signature "$(hmac sha256 <body)" --secret "$SECRET"
  is "$output$stderr" "valid  sha256  body of 6 bytes"
  run -0 websub verify-sig --signature "$(hmac sha512 <body)" --secret "$SECRET" <body
  run -0 websub verify-sig - --signature "X-Hub-Signature: $(hmac sha1 <body)" --secret "$SECRET" --quiet <body
  is "$output" ""
  run -0 websub verify-sig body --signature "$(hmac sha384 <body)" --secret "$SECRET" --color always --verbose
  has "$output" $'\e['
}

@test "the secret comes from a file or a variable, without the newline of the file" {
  printf 'hello' >body
  printf '%s\n' "$SECRET" >secret
  run -0 websub verify-sig body --signature "$(hmac sha256 <body)" --secret-file secret
  printf '%s\r\n' "$SECRET" >secret
  run -0 websub verify-sig body --signature "$(hmac sha256 <body)" --secret-file secret
  HUB_SECRET=$SECRET run -0 websub verify-sig body --signature "$(hmac sha256 <body)" --secret-env HUB_SECRET
  WEBSUB_SECRET=$SECRET run -0 websub verify-sig body --signature "$(hmac sha256 <body)"
  printf '%s\n\n' "$SECRET" >secret
  run -4 --separate-stderr websub verify-sig body --signature "$(hmac sha256 <body)" --secret-file secret
  has "$stderr" "the secret ends with white space, which counts"
  has "$output" "it fits the secret without the white space"
  lacks "$output$stderr" "$SECRET"
}

@test "what is wrong is said with its cause and the next step" {
  printf 'hello' >body
  run -4 websub verify-sig body --signature "$(printf 'hello\n' | hmac sha256)" --secret "$SECRET"
  is "${lines[0]}" "invalid  sha256  body of 5 bytes"
  has "${lines[1]}" "it fits the body with a newline added at its end"
  has "${lines[2]}" "cause  the newline was lost after signing"
  has "${lines[3]}" "next   sign the bytes that are sent"
  run -4 --separate-stderr websub verify-sig body --signature "$(printf 'hello\n' | hmac sha256)" --secret "$SECRET" --json
  check_ndjson <<<"$output"
  is "$(event finding.slug <<<"$output")" signature-newline-added
  is "$(event diagnosis.change <<<"$output")" newline-added
  run -4 websub verify-sig body --signature "$(hmac sha256 <body | tr a-f A-F | sed s/SHA/sha/ | cut -c 1-30)" --secret "$SECRET"
  has "$output" "too few digits"
  run -4 websub verify-sig body --signature "sha256=$(hmac sha1 <body | cut -d= -f2)" --secret "$SECRET"
  has "$output" "cause  the digest was made by another algorithm"
}

@test "a saved request brings its own signature" {
  request "$(printf hello | hmac sha256)" hello >one.http
  run -0 websub verify-sig --request one.http --secret "$SECRET"
  is "$output" "valid  sha256  body of 5 bytes"
  run -0 websub verify-sig --request - --secret "$SECRET" <one.http
  printf 'POST /cb HTTP/1.1\nX-Hub-Signature: %s\n\nhello' "$(printf hello | hmac sha1)" >saved-by-hand
  run -0 websub verify-sig --request saved-by-hand --secret "$SECRET"
  printf 'POST /cb HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX-Hub-Signature: %s\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n' \
    "$(printf hello | hmac sha1)" >chunked.http
  run -0 websub verify-sig --request chunked.http --secret "$SECRET"
  printf 'POST /cb HTTP/1.1\r\nHost: a\r\n\r\nhello' >unsigned.http
  run -4 websub verify-sig --request unsigned.http --secret "$SECRET"
  has "${lines[0]}" missing
  run -0 websub verify-sig --request unsigned.http --secret "$SECRET" --signature "$(printf hello | hmac sha1)"
  printf 'POST /cb HTTP/1.1\r\nX-Hub-Signature-256: sha256=00\r\n\r\nhello' >github.http
  run -4 websub verify-sig --request github.http --secret "$SECRET"
  has "$output" "cause  the field is X-Hub-Signature-256"
}

@test "each request of a file gets its verdict" {
  {
    printf 'GET /cb?hub.mode=subscribe HTTP/1.1\r\nHost: a\r\n\r\n'
    request "$(printf one | hmac sha256)" one
    request "$(printf two | hmac sha1)" two
  } >all.http
  run -0 websub verify-sig --request all.http --secret "$SECRET"
  is "$output" "valid  sha256  body of 3 bytes  request 2 (line 4): POST /cb
valid  sha1  body of 3 bytes  request 3 (line 9): POST /cb
2 of 2 valid"
  request "$(printf other | hmac sha256)" three >>all.http
  run -4 websub verify-sig --request all.http --secret "$SECRET"
  has "$output" "invalid  sha256  body of 5 bytes  request 4 (line 14): POST /cb"
  is "${lines[-1]}" "2 of 3 valid"
  run -4 --separate-stderr websub verify-sig --request all.http --secret "$SECRET" --json
  check_ndjson <<<"$output"
  is "$(event verdict <<<"$output" | paste -sd ' ')" "valid valid invalid"
  is "$(event request <<<"$output" | paste -sd ' ')" "2 3 4"
  run -2 websub verify-sig --request all.http --secret "$SECRET" --signature sha1=00
  has "${lines[0]}" "--signature goes with one request; all.http holds 3"
}

@test "several signatures are judged each, and one that is wrong is status 4" {
  printf hello >body
  local right wrong
  right=$(hmac sha256 <body) wrong=$(printf other | hmac sha1)
  run -0 websub verify-sig body --signature "$right" --signature "$(hmac sha1 <body)" --secret "$SECRET"
  is "${lines[-1]}" "2 of 2 valid"
  run -4 websub verify-sig body --signature "$right" --signature "$wrong" --secret "$SECRET"
  is "${lines[-1]}" "1 of 2 valid"
  printf 'POST /cb HTTP/1.1\r\nX-Hub-Signature: %s\r\nX-Hub-Signature: %s\r\n\r\nhello' "$right" "$wrong" >two.http
  run -4 --separate-stderr websub verify-sig --request two.http --secret "$SECRET"
  has "$output" "1 of 2 valid"
  has "$stderr" "there are 2 X-Hub-Signature fields"
}

@test "what subscribe records is checked" {
  start_hub
  put_topic news zero
  start_bg sub websub subscribe "$HUB/topics/news" --secret "$SECRET" --count 2 --record recorded.http
  wait_for err_has sub verified
  put_topic news one
  put_topic news two
  wait_bg sub
  run -0 websub verify-sig --request recorded.http --secret "$SECRET"
  is "${lines[-1]}" "2 of 2 valid"
  run -4 websub verify-sig --request recorded.http --secret "another"
  is "${lines[-1]}" "0 of 2 valid"
}

@test "signatures are made for scripts" {
  printf 'hello\n' >body
  for algorithm in sha1 sha256 sha384 sha512; do
    run -0 --separate-stderr websub verify-sig --sign --algorithm "$algorithm" body --secret "$SECRET" -q
    is "$output$stderr" "$(hmac "$algorithm" <body)"
  done
  run -0 --separate-stderr websub verify-sig --sign --secret "$SECRET" <body
  is "$output" "$(hmac sha256 <body)"
  run -0 --separate-stderr websub verify-sig --sign --secret "$SECRET" --json <body
  check_ndjson <<<"$output"
  is "$(event signature <<<"$output")" "$(hmac sha256 <body)"
  { request sha1=00 one; request sha1=00 two; } >all.http
  run -0 websub verify-sig --sign --secret "$SECRET" --request all.http
  is "$output" "$(printf one | hmac sha256)"$'\n'"$(printf two | hmac sha256)"
  run -0 --separate-stderr websub verify-sig --sign --secret "$SECRET" /dev/null
  is "$output" "$(hmac sha256 </dev/null)"
  has "$stderr" "the body is empty"
}

@test "a body or a request that cannot be read is told of" {
  run -2 websub verify-sig missing --signature sha1=00 --secret x
  is "${lines[0]}" "websub: cannot read missing: No such file or directory"
  mkdir folder
  run -2 websub verify-sig folder --signature sha1=00 --secret x
  is "${lines[0]}" "websub: folder is a folder: name a file"
  run -2 websub verify-sig --request folder --secret x
  : >empty
  run -4 --separate-stderr websub verify-sig empty --signature "sha1=$(printf '%040d' 0)" --secret x
  has "$stderr" "the body is empty"
  run -2 websub verify-sig --request empty --secret x
  is "${lines[0]}" "websub: empty: it holds no request"
  printf 'just a body' >body
  run -2 websub verify-sig --request body --secret x
  has "${lines[0]}" 'websub: body: line 1 (byte 1): "just a body" is no request line'
  run -2 websub verify-sig body --request body --secret x
  is "${lines[0]}" "websub: give a body or --request, not both"
  run -2 websub verify-sig body --signature sha1=00
  has "${lines[0]}" "a secret is missing"
  run -2 websub verify-sig body --secret x
  has "${lines[0]}" "nothing to check"
  run -2 websub verify-sig body --sign --signature sha1=00 --secret x
  run -2 websub verify-sig body --sign --algorithm md5 --secret x
  has "${lines[0]}" '"md5" is none of sha1, sha256, sha384, sha512'
  run -2 websub verify-sig body --sign --secret ''
  run -2 websub verify-sig body --sign --secret-file missing
  run -2 websub verify-sig body --sign --secret-env NOT_SET
}

@test "a terminal is told that it is read" {
  run -0 python3 "$bats_dir/type_keys.py" websub verify-sig --sign --secret x -- \
    '' 'reading from the terminal; Ctrl-D ends it' 'hello\x04\x04' \
    "$(printf hello | openssl dgst -sha256 -hmac x -hex | sed 's/^.*= /sha256=/')"
}

@test "hostile bytes of a request are shown escaped" {
  printf 'POST /\e[31m HTTP/1.1\r\n\r\nx' >hostile.http
  run -2 websub verify-sig --request hostile.http --secret x
  lacks "$output" $'\e'
  { printf 'POST /\xff HTTP/1.1\r\nX-Hub-Signature: \e[2Jsha1=0\r\nContent-Length: 1\r\n\r\nx'; request sha1=00 y; } >hostile.http
  run -4 websub verify-sig --request hostile.http --secret x
  lacks "$output" $'\e'
  lacks "$output" $'\xff'
}
