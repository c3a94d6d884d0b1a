#!/usr/bin/env bats
# What a hub keeps and does: lists, watch, resend, export, and the streams behind them.

load helper

topic() { echo "$HUB/topics/news"; }

# A subscriber of the hub at $PEER/cb, by hand, so that the peer's answers are ours.
subscribe_peer() {
  curl -sS -f -o /dev/null -d hub.mode=subscribe --data-urlencode "hub.topic=$(topic)" \
    --data-urlencode "hub.callback=$PEER/cb" -d "hub.secret=${1:-}" "$HUB/hub"
  wait_event 'kind=active'
}

# The first event of that kind is in event.json; fails where none comes.
wait_event() { curl -sS -f -o "$BATS_TEST_TMPDIR/event.json" "$HUB/api/v1/events/wait?$1"; }

# member FILE NAME: a member of the JSON object in a file.
member() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }

has_lines() { [ "$(wc -l <"$BATS_TEST_TMPDIR/$1.out")" -ge "$2" ]; }

status_of() { curl -sS -o /dev/null -w '%{http_code}' "$@"; }

setup_news() {
  start_hub "$@"
  start_peer peer.py
  put_topic news one
}

@test "watch sees a publish become a message and a delivery, on lines and as NDJSON" {
  setup_news
  subscribe_peer
  start_bg people websub inspect watch --hub "$HUB" --count 3
  start_bg programs websub inspect watch --hub "$HUB" --count 3 --json
  start_bg file websub inspect watch --db "$BATS_TEST_TMPDIR/hub.db" --count 3 --json
  for name in people programs file; do wait_for err_has "$name" watching; done
  put_topic news two
  for name in people programs file; do
    wait_bg "$name"
    is "$status" 0
  done
  check_ndjson <"$BATS_TEST_TMPDIR/programs.out"
  for name in programs file; do
    run -0 grep -o '"kind":"[a-z-]*"' "$BATS_TEST_TMPDIR/$name.out"
    has "$output" '"kind":"publish"'
    has "$output" '"kind":"message"'
    has "$output" '"kind":"deliver"'
  done
  run -0 grep deliver "$BATS_TEST_TMPDIR/people.out"
  [[ $output =~ ^[0-9:.]+\ +x[0-9]+\ +-\>\ +deliver\ +204 ]]
}

@test "watch tells what matches and nothing else" {
  setup_news
  subscribe_peer
  start_bg watch websub inspect watch --hub "$HUB" --kind message,active --topic "$(topic)" --count 2 --json
  start_bg status websub inspect watch --hub "$HUB" --status 204 --kind deliver --subscription s1 \
    --callback "$PEER/cb" --count 1 --json
  wait_for err_has watch watching
  wait_for err_has status watching
  put_topic news two
  put_topic other x
  put_topic news three
  wait_bg watch
  is "$(grep -c '"type":"message"' "$BATS_TEST_TMPDIR/watch.out")" 2
  lacks "$(cat "$BATS_TEST_TMPDIR/watch.out")" /topics/other
  wait_bg status
  has "$(cat "$BATS_TEST_TMPDIR/status.out")" '"subscription":"s1"'
}

@test "watch ends by --timeout and --idle with what it got and by a signal quietly" {
  start_hub
  run -124 --separate-stderr websub inspect watch --hub "$HUB" --timeout 2s
  has "$stderr" "--timeout ran out: got 0 events in 2s"
  run -124 --separate-stderr websub inspect watch --hub "$HUB" --idle 300ms --count 5 -q
  has "$stderr" "--idle ran out: got 0 of 5 events, none in the last 300ms"
  run -124 --separate-stderr websub inspect watch --db "$BATS_TEST_TMPDIR/hub.db" --idle 300ms
  start_bg watch websub inspect watch --hub "$HUB"
  wait_for err_has watch watching
  stop_bg watch TERM
  is "$status" 143
  is "$(cat "$BATS_TEST_TMPDIR/watch.out")" ""
  lacks "$(cat "$BATS_TEST_TMPDIR/watch.err")" interrupted
}

@test "watch --since begins in the past and a closed pipe ends it" {
  setup_news
  run -0 --separate-stderr websub inspect watch --hub "$HUB" --since 1h --count 2 --json
  has "$output" '"kind":"created"'
  start_bg closed bash -c "set -o pipefail; websub inspect watch --hub $HUB --since 1h --json | head -n 1"
  wait_for out_has closed '"position"'
  put_topic news two
  wait_bg closed
  is "$status" 0
  is "$(wc -l <"$BATS_TEST_TMPDIR/closed.out")" 1
  lacks "$(cat "$BATS_TEST_TMPDIR/closed.err")" pipe
}

@test "watch without a hub and with a bad filter says so at once" {
  run -3 --separate-stderr websub inspect watch --hub "http://127.0.0.1:$(free_port)"
  has "$stderr" "no hub runs at"
  start_hub
  run -2 --separate-stderr websub inspect watch --hub "$HUB" --kind nothing
  has "$stderr" '--kind: "nothing" is none of subscribe'
  run -2 --separate-stderr websub inspect topics --hub "$HUB" --idle 1s
  has "$stderr" "--idle does not go with topics"
  run -2 --separate-stderr websub inspect watch x1 --hub "$HUB"
  has "$stderr" "watch takes no id"
}

@test "a hub that is killed and started again loses no event for who watches" {
  local port i last
  port=$(free_port)
  setup_news --listen "127.0.0.1:$port"
  start_bg watch websub inspect watch --hub "$HUB" --kind message --json
  start_bg sse curl -sSN "$HUB/api/v1/events?kind=message"
  wait_for err_has watch watching
  wait_for out_has sse "id: "
  for i in 1 2 3; do put_topic news "before $i"; done
  wait_for has_lines watch 3
  wait_for out_has sse '"id":"m4"'
  stop_bg hub KILL || true
  wait_for err_has watch "lost the hub"
  start_hub --listen "127.0.0.1:$port"
  for i in 1 2 3; do put_topic news "after $i"; done
  wait_for has_lines watch 6
  has "$(cat "$BATS_TEST_TMPDIR/watch.err")" "the hub is back"
  is "$(grep -o '"id":"m[0-9]*"' "$BATS_TEST_TMPDIR/watch.out" | sort -u | wc -l)" 6
  # A browser comes back with the last id that it saw.
  last=$(grep '^id: ' "$BATS_TEST_TMPDIR/sse.out" | tail -n 1 | cut -c5-)
  start_bg again curl -sSN -H "Last-Event-ID: $last" "$HUB/api/v1/events?kind=message"
  wait_for out_has again '"id":"m7"'
  is "$(cat "$BATS_TEST_TMPDIR"/{sse,again}.out | grep -o '"id":"m[0-9]*"' | sort | uniq -c | awk '{print $1}' | sort -u)" 1
  is "$(cat "$BATS_TEST_TMPDIR"/{sse,again}.out | grep -c '^data: ')" 6
}

@test "events are server-sent with ids, types and data, or a page for programs" {
  setup_news
  start_bg sse curl -sSN "$HUB/api/v1/events?since=1h&kind=created"
  wait_for out_has sse "event: state"
  wait_for out_has sse 'data: {"type":"state"'
  run -0 curl -sS -f -H "Accept: application/json" "$HUB/api/v1/events?since=1h&kind=message"
  has "$output" '"next":"x'
  is "$(status_of "$HUB/api/v1/events/wait?kind=gone&timeout=100ms")" 408
  is "$(status_of -H "Origin: http://evil.example" "$HUB/api/v1/events")" 403
  is "$(status_of -H "Host: evil.example" "$HUB/api/v1/events")" 403
}

@test "a reader that takes nothing holds up nobody" {
  local i
  setup_news
  cat >lazy.py <<'PY'
import socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
host, port = sys.argv[1].split(":")
s.connect((host, int(port)))
s.sendall(b"GET /api/v1/events?since=1h HTTP/1.1\r\nHost: " + sys.argv[1].encode() + b"\r\n\r\n")
time.sleep(600)
PY
  start_bg lazy python3 lazy.py "${HUB#http://}"
  for ((i = 0; i < 40; ++i)); do put_topic news "version $i"; done
  wait_event "kind=message&after=m40&timeout=20s"
  is "$(member "$BATS_TEST_TMPDIR/event.json" id)" m41
}

# An application at $PEER/cb that answers what the file `say` says, with that as its body.
start_app() {
  cat >app.py <<'PY'
import peer

class Handler(peer.Handler):
    def handle_request(self):
        if "hub.challenge" in self.query():
            return self.answer(200, self.query()["hub.challenge"].encode())
        status = int(open("say").read())
        self.answer(status, b"it says %d" % status)

peer.serve(Handler)
PY
  echo "$1" >say
  start_peer app.py
}

@test "resend sends a delivery to the mended application once more" {
  start_hub --delivery-retries 0
  start_app 500
  put_topic news one
  subscribe_peer hush
  put_topic news two
  wait_event 'kind=deliver&status=500'
  local id
  id=$(member "$BATS_TEST_TMPDIR/event.json" id)
  run -5 --separate-stderr websub inspect resend "$id" --hub "$HUB"
  has "$output" "it says 500"
  echo 200 >say
  run -0 --separate-stderr websub inspect resend "$id" --hub "$HUB"
  has "$output" "delivered, sent again by hand"
  has "$output" "X-Hub-Signature: sha256="
  run -0 --separate-stderr websub inspect resend "$id" --hub "$HUB" --json
  has "$output" '"attempt":2'
  run -0 grep -c '"body": "two"' "$BATS_TEST_TMPDIR/peer.out"
  is "$output" 4
  # The lane goes on as if nothing had been.
  put_topic news three
  wait_event 'kind=deliver&status=200&after=m3'
}

@test "retry sends a dead letter again, which goes once it is taken" {
  start_hub --delivery-retries 0
  start_app 500
  put_topic news one
  subscribe_peer
  put_topic news two
  wait_event 'kind=dead-letter'
  run -5 --separate-stderr websub inspect retry d1 --hub "$HUB"
  echo 204 >say
  run -0 --separate-stderr websub inspect retry d1 --hub "$HUB"
  run -5 --separate-stderr websub inspect retry d1 --hub "$HUB"
  has "$stderr" "there is no dead letter d1"
  run -0 --separate-stderr websub inspect dead-letters --hub "$HUB"
  is "$output" ""
  run -2 --separate-stderr websub inspect retry x1 --hub "$HUB"
  has "$stderr" "begins with d"
}

@test "resend --to sends the recorded request from here, every field as it was" {
  start_hub --delivery-retries 0
  start_app 500
  put_topic news one
  subscribe_peer hush
  put_topic news two
  wait_event 'kind=deliver'
  local id db=$BATS_TEST_TMPDIR/hub.db first
  id=$(member "$BATS_TEST_TMPDIR/event.json" id)
  stop_bg hub || true
  echo 201 >say
  run -0 --separate-stderr websub inspect resend "$id" --db "$db" --to "$PEER/cb"
  has "$output" "it says 201"
  run -0 --separate-stderr websub inspect resend d1 --db "$db" --to "$PEER/other?x=1" --json
  has "$output" "\"resent\":\"$id\""
  # Of the last three requests that the application got, the first is the hub's own.
  run -0 python3 - "$BATS_TEST_TMPDIR/peer.out" <<'PY'
import json, sys
posts = [json.loads(line) for line in open(sys.argv[1]) if '"POST"' in line]
assert len(posts) == 3, len(posts)
assert [post["path"] for post in posts] == ["/cb", "/cb", "/other?x=1"], posts
for post in posts[1:]:
    assert post["fields"] == posts[0]["fields"], post
    assert post["body"] == posts[0]["body"] == "two"
PY
  echo 500 >say
  run -5 --separate-stderr websub inspect resend "$id" --db "$db" --to "$PEER/cb"
  run -3 --separate-stderr websub inspect resend "$id" --db "$db" --to "http://127.0.0.1:$(free_port)/"
  run -2 --separate-stderr websub inspect resend "$id" --db "$db"
  has "$stderr" "a file sends nothing"
  run -2 --separate-stderr websub inspect resend "$id" --db "$db" --to nowhere
  has "$stderr" "--to:"
  run -2 --separate-stderr websub inspect resend s1 --db "$db"
  run -2 --separate-stderr websub inspect resend --db "$db"
  has "$stderr" "resend needs the id"
  run -2 --separate-stderr websub inspect topics --db "$db" --to "$PEER"
  has "$stderr" "--to does not go with topics"
}

@test "export writes an archive, curl that sends the same again, and the bytes" {
  start_hub
  start_app 200
  put_topic news one
  subscribe_peer hush
  # Not text, with quotes and a line end that a shell would lose.
  printf '\000\377it'"'"'s "$HOME"\n\n' >content.bin
  curl -sS -f -X PUT -H "Content-Type: application/octet-stream" --data-binary @content.bin "$(topic)"
  wait_event 'kind=deliver'
  local id
  id=$(member "$BATS_TEST_TMPDIR/event.json" id)
  for from in "--hub $HUB" "--db $BATS_TEST_TMPDIR/hub.db"; do
    # shellcheck disable=SC2086
    run -0 --separate-stderr websub inspect export x1 "$id" --har $from
    python3 -c '
import base64, json, sys
log = json.loads(sys.argv[1])["log"]
assert log["version"] == "1.2" and len(log["entries"]) == 2
entry = log["entries"][1]
assert entry["response"]["status"] == 200 and entry["response"]["content"]["text"] == "it says 200"
assert base64.b64decode(entry["request"]["postData"]["text"]) == open("content.bin", "rb").read()
' "$output"
  done
  websub inspect export "$id" --curl --hub "$HUB" >replay.sh
  run -0 sh replay.sh
  run -0 python3 - "$BATS_TEST_TMPDIR/peer.out" <<'PY'
import json, sys
posts = [json.loads(line) for line in open(sys.argv[1]) if '"POST"' in line]
assert len(posts) == 2, len(posts)
assert posts[0]["body"] == posts[1]["body"] == open("content.bin", encoding="latin-1", newline="").read()
kept = lambda post: sorted(f for f in map(tuple, post["fields"]) if f[0] != "Accept")
assert kept(posts[0]) == kept(posts[1]), posts
PY
  websub inspect export "$id" --raw --part request --hub "$HUB" >request.raw
  websub verify-sig --request request.raw --secret hush
  websub inspect export "$id" --raw --part answer --hub "$HUB" >answer.raw
  has "$(cat answer.raw)" "it says 200"
  websub inspect export "$id" --raw --hub "$HUB" >both.raw
  cat request.raw answer.raw | cmp - both.raw
  run -2 --separate-stderr websub inspect export "$id" --har --curl --hub "$HUB"
  run -2 --separate-stderr websub inspect export "$id" --har --part answer --hub "$HUB"
  run -2 --separate-stderr websub inspect export s1 --hub "$HUB"
  run -5 --separate-stderr websub inspect export x999 --hub "$HUB"
  run -2 --separate-stderr websub inspect topics --raw --hub "$HUB"
}

@test "every list takes its filters, from the hub and from its file" {
  setup_news
  subscribe_peer
  put_topic news two
  wait_event 'kind=deliver'
  local from
  for from in "--hub $HUB" "--db $BATS_TEST_TMPDIR/hub.db"; do
    # shellcheck disable=SC2086
    {
      run -0 websub inspect topics $from --topic "$(topic)" --order oldest --since 1h --limit 1 --json
      has "$output" '"type":"topic"'
      run -0 websub inspect subscriptions $from --state active --callback "$PEER/cb" --all -v
      has "$output" s1
      run -0 websub inspect messages $from --until 0s --color always
      has "$output" m2
      run -0 websub inspect exchanges $from --kind deliver --status 204 --subscription s1 --message m2 --color never
      has "$output" deliver
      run -0 --separate-stderr websub inspect dead-letters $from -q
      is "$output" ""
      run -0 websub inspect show s1 $from
      run -0 websub inspect timeline s1 $from
      run -0 websub inspect explain s1 $from
      run -0 websub inspect status $from
    }
  done
}

@test "the token of the hub's API and TLS flags are taken" {
  echo sesame >token
  start_hub --api-token-file token
  run -5 --separate-stderr websub inspect status --hub "$HUB"
  run -0 websub inspect status --hub "$HUB" --api-token sesame
  run -0 websub inspect status --hub "$HUB" --api-token-file token --insecure
  run -0 websub inspect status --hub "$HUB" --api-token sesame --insecure-host localhost
  run -2 --separate-stderr websub inspect status --hub "$HUB" --cacert /nowhere.pem
  start_bg watch websub inspect watch --hub "$HUB" --api-token sesame --count 1
  wait_for err_has watch watching
  run -5 --separate-stderr websub inspect watch --hub "$HUB" --count 1
  has "$stderr" "--api-token"
  curl -sS -f -X PUT -d x "$HUB/topics/news" >/dev/null
  wait_bg watch
  is "$status" 0
}
