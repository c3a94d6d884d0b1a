#!/usr/bin/env bats
# websub publish --host: a file, or the files of a folder, as topics.

load helper

# start_host PATH [FLAG…]: $TOPIC is what it is ready with.
start_host() {
  local ready=$BATS_TEST_TMPDIR/host.ready
  rm -f "$ready"
  start_bg host websub publish --host "$1" --listen 127.0.0.1:0 --ready-file "$ready" "${@:2}"
  wait_for written_or_ended "$ready" host
  TOPIC=$(cat "$ready")
}

status_of() { curl -sS -o /dev/null -w '%{http_code}' "$@"; }

events() { grep -c "$1" "$BATS_TEST_TMPDIR/host.out"; }

@test "a file is a topic, and each change of its content is published" {
  start_hub
  printf one >feed.json
  start_host feed.json --hub "$HUB/hub" --json
  is "$(curl -sS "$TOPIC")" one
  run -0 websub discover "$TOPIC" --fail-on warning
  has "$output" "$HUB/hub"
  start_bg sub websub subscribe "$TOPIC" --count 3 --json
  wait_for out_has sub '"verified"'
  printf two >feed.json
  wait_for out_has sub '"body":"two"'
  touch feed.json
  printf three >feed.json.new
  mv feed.json.new feed.json
  wait_for out_has sub '"body":"three"'
  rm feed.json
  wait_for out_has host '"change":"removed"'
  is "$(status_of "$TOPIC")" 404
  printf four >feed.json
  wait_bg sub
  is "$status" 0
  stop_bg host TERM
  is "$status" 143
  check_ndjson <"$BATS_TEST_TMPDIR/host.out"
  is "$(events '"type":"published".*"accepted":true')" 3
  is "$(head -c 12 "$BATS_TEST_TMPDIR/host.err")" ""
}

@test "a write of the same content publishes nothing" {
  start_hub
  printf one >feed.txt
  start_host feed.txt --hub "$HUB/hub" --count 1
  touch feed.txt
  printf one >feed.txt
  printf one >copy
  mv copy feed.txt
  printf two >feed.txt
  wait_bg host
  is "$status" 0
  is "$(events '^pinged')" 1
  is "$(events '^changed')" 1
  wait_for out_has host "fetched  $TOPIC  200"
}

@test "a burst of writes is one publish" {
  start_hub
  printf 0 >feed.txt
  start_host feed.txt --hub "$HUB/hub" --json --count 1
  for i in 1 2 3 4 5 6 7 8 9; do printf '%s' "$i" >feed.txt; done
  wait_bg host
  is "$(events '"type":"published"')" 1
}

@test "conditional requests, HEAD, other methods and other paths" {
  start_hub
  printf one >'a feed.atom'
  start_host 'a feed.atom' --hub "$HUB/hub" --hub http://other.example/hub --type text/calendar
  has "$TOPIC" "/a%20feed.atom"
  run -0 curl -sS -I "$TOPIC"
  has "$output" "Link: <$HUB/hub>; rel=\"hub\", <http://other.example/hub>; rel=\"hub\", <$TOPIC>; rel=\"self\""
  has "$output" "Content-Type: text/calendar"
  has "$output" "Content-Length: 3"
  local etag modified
  etag=$(grep -i ^etag: <<<"$output" | cut -d' ' -f2 | tr -d '\r')
  modified=$(grep -i ^last-modified: <<<"$output" | cut -d' ' -f2- | tr -d '\r')
  is "$(status_of -H "If-None-Match: $etag" "$TOPIC")" 304
  is "$(status_of -H "If-None-Match: \"x\", W/$etag" "$TOPIC")" 304
  is "$(status_of -H 'If-None-Match: "x"' "$TOPIC")" 200
  is "$(status_of -H "If-Modified-Since: $modified" "$TOPIC")" 304
  is "$(status_of -H "If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT" "$TOPIC")" 200
  is "$(status_of -X POST -d x "$TOPIC")" 405
  is "$(status_of "${TOPIC%/*}/")" 404
  is "$(status_of --path-as-is "${TOPIC%/*}/../a%20feed.atom")" 404
  printf two >'a feed.atom'
  wait_for out_has host 'changed  '
  is "$(status_of -H "If-None-Match: $etag" "$TOPIC")" 200
  is "$(status_of -H "If-Modified-Since: $modified" "$TOPIC")" 200
}

@test "hostile requests end at worst their own connection" {
  start_hub
  printf one >f
  start_host f --hub "$HUB/hub"
  python3 - "$TOPIC" <<'PY'
import socket, sys, urllib.parse
url = urllib.parse.urlsplit(sys.argv[1])
for bytes in (b"\x16\x03\x01\x02\x00", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"\0" * 1000,
              b"POST /f HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
              b"GET /%00/..%2f..%2fetc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
              b"GET /f HTTP/1.1\r\nHost: x\r\n" + b"If-None-Match: " + b'"' * 30000 + b"\r\n\r\n"):
    with socket.create_connection((url.hostname, url.port), timeout=10) as end:
        try:
            end.sendall(bytes)
            end.shutdown(socket.SHUT_WR)
            end.recv(100)
        except OSError:
            pass
PY
  is "$(curl -sS "$TOPIC")" one
  bg_runs host
}

@test "every file of a folder is a topic, but not what is hidden or outside" {
  start_hub
  mkdir -p d/sub d/.git
  printf a >d/a.json
  printf b >d/sub/b.txt
  printf s >d/.secret
  printf s >d/.git/config
  printf s >outside
  ln -s ../outside d/out
  ln -s a.json d/in.json
  start_host d --hub "$HUB/hub" --json
  has "$(curl -sS "$TOPIC")" "${TOPIC}sub/b.txt"
  is "$(curl -sS "${TOPIC}a.json")" a
  is "$(curl -sS "${TOPIC}in.json")" a
  for path in .secret .git/config out sub sub/ %2e%2e/outside; do
    is "$(status_of --path-as-is "$TOPIC$path")" 404
  done
  err_has host "out is not served: it is a link that leads out of the folder"
  start_bg sub websub subscribe "${TOPIC}sub/b.txt" --count 1 --json
  wait_for out_has sub '"verified"'
  printf bb >d/sub/b.txt
  wait_bg sub
  is "$status" 0
  mkdir d/new
  printf n >d/new/n.xml
  wait_for out_has host "\"topic\":\"${TOPIC}new/n.xml\",\"kind\":\"ping\",\"accepted\":true"
  is "$(curl -sS "${TOPIC}new/n.xml")" n
  mv d/new d/moved
  wait_for out_has host "\"topic\":\"${TOPIC}moved/n.xml\",\"kind\":\"ping\",\"accepted\":true"
  is "$(status_of "${TOPIC}new/n.xml")" 404
  rm -r d/moved
  wait_for out_has host "\"topic\":\"${TOPIC}moved/n.xml\",\"file\":\"moved/n.xml\",\"change\":\"removed\""
  stop_bg host INT
  is "$status" 130
}

@test "a hub that is away is told when it is back, and the others at once" {
  local port
  start_hub
  put_topic x x
  local first=$HUB
  port=$(free_port)
  printf one >f
  start_host f --hub ":$port/hub" --hub "$first/hub"
  printf two >f
  wait_for out_has host "pinged  $TOPIC  at $first/hub  204"
  wait_for err_has host "connection refused by 127.0.0.1:$port"
  has "$(cat "$BATS_TEST_TMPDIR/host.err")" "trying again in 1s"
  start_bg later websub serve --listen "127.0.0.1:$port" --db :memory:
  wait_for out_has host "pinged  $TOPIC  at http://localhost:$port/hub  204"
}

@test "a hub that refuses is told of, and the run goes on" {
  start_peer peer.py 403
  printf one >f
  start_host f --hub "$PEER/hub" --count 2
  printf two >f
  wait_for err_has host "the hub $PEER/hub refused with 403"
  printf three >f
  wait_bg host
  is "$status" 5
}

@test "the time runs out with what was published" {
  printf one >f
  run -124 websub publish --host f --hub http://127.0.0.1:1/hub --timeout 300ms --count 2
  has "$output" "websub: --timeout ran out: published 0 of 2 changes"
}

@test "behind a tunnel the topic is what the public URL says" {
  start_hub
  printf one >f.txt
  start_host f.txt --hub "$HUB/hub" --public-url https://tunnel.example/base/
  is "$TOPIC" https://tunnel.example/base/f.txt
  is "$(cat "$BATS_TEST_TMPDIR/host.out" | head -1)" "Ready $TOPIC"
}

@test "links of a document that say something else are told" {
  start_hub
  echo '<html><head><link rel="hub" href="http://h.example/"><link rel="self" href="http://production.example/"></head></html>' >page.html
  start_host page.html --hub "$HUB/hub"
  err_has host "page.html names another self than the Link header: http://production.example/; let it name $TOPIC"
  printf '<feed xmlns="http://www.w3.org/2005/Atom"/>' >page.html
  wait_for err_has host "page.html has no link elements for hub and self"
}

@test "the conformance suite of publishers passes (PUB-DISC-01 PUB-DISC-02 PUB-DISC-03 PUB-NOT-01)" {
  start_hub
  printf one >feed.json
  start_host feed.json --hub "$HUB/hub"
  run -0 websub conformance publisher "$TOPIC" --publish-cmd 'date +%N >feed.json' --report-json report.json
  run -0 python3 - <<'PY'
import json
report = json.load(open("report.json"))
bad = [case for case in report["cases"] if case["status"] not in ("passed", "unobservable")]
assert not bad, bad
assert sum(case["status"] == "passed" for case in report["cases"]) >= 10
PY
}
