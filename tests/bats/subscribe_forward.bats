#!/usr/bin/env bats
# websub subscribe --forward-to and --exec: notifications on their way to an application, and back.

load helper

# What the members of the last event of a type are: event NAME TYPE KEY…
event() {
  local name=$1 type=$2
  shift 2
  python3 - "$BATS_TEST_TMPDIR/$name.out" "$type" "$@" <<'END'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
last = [event for event in events if event["type"] == sys.argv[2]][-1]
print(" ".join(str(last.get(key)) for key in sys.argv[3:]))
END
}

# A hub of somebody else's ($PEER is kept for the application): its URL is $FOREIGN.
start_foreign() {
  start_bg foreign python3 -u "$bats_dir/foreign_hub.py" "$@"
  wait_for written_or_ended "$BATS_TEST_TMPDIR/foreign.out" foreign
  read -r FOREIGN <"$BATS_TEST_TMPDIR/foreign.out"
}

@test "an application fails, is mended, and gets the resend" {
  start_hub --retry-base 200ms --retry-max 400ms
  start_peer mended_app.py "$BATS_TEST_TMPDIR/mended"
  put_topic news one
  start_bg sub websub subscribe "$HUB/topics/news" --forward-to "$PEER/hook" --once
  wait_for err_has sub "verified: subscribed"
  put_topic news two
  wait_for out_has sub "forwarded  500 Internal Server Error  "
  wait_for out_has sub "attempt 2"
  touch "$BATS_TEST_TMPDIR/mended"
  wait_bg sub
  is "$status" 0
  run -0 cat "$BATS_TEST_TMPDIR/sub.out"
  has "$output" "two"
  has "$output" '  no table \x1b[2J\xff named notifications'
  has "$output" '  at app.py:7'
  has "$output" 'forwarded  200 OK  '
  lacks "$output" $'\x1b'
  lacks "$output" duplicate
  # The hub was told what the application said.
  run -0 websub inspect exchanges --hub "$HUB" --json
  has "$output" 500
}

@test "everything is forwarded byte for byte and the answer goes back" {
  start_foreign
  start_peer mended_app.py "$BATS_TEST_TMPDIR/mended"
  touch "$BATS_TEST_TMPDIR/mended"
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --secret s3cret --json \
    --forward-to "$PEER/hook?a=b" --count 2
  wait_for out_has sub '"verified"'
  printf 'a\0\xff\r\n' >body
  run -0 curl -sS -i --data-binary @body -H 'Content-Type: x/y' "$FOREIGN/deliver?header=X-Twice:1&header=Content-Type:+text/plain&header=x-twice:+2&header=Connection:+x-hop&header=X-Hop:1&chunked=1"
  has "$output" "HTTP/1.1 200 OK"
  has "$output" $'X-App: 1\r\nX-App: 2'
  has "$output" "thank you"
  run -0 python3 - "$BATS_TEST_TMPDIR/peer.out" <<'END'
import json, sys
request = [json.loads(line) for line in list(open(sys.argv[1]))[1:]][-1]
assert request["path"] == "/hook?a=b", request
assert request["body"] == "a\0\xff\r\n", request
fields = [name + ":" + value for name, value in request["fields"]]
assert "X-Twice:1" in fields and "x-twice:2" in fields, fields
assert "Content-Length:5" in fields, fields
assert not any(field.lower().startswith(("x-hop:", "connection:", "transfer-encoding:")) for field in fields), fields
assert sum(field.lower().startswith("host:") for field in fields) == 1, fields
assert any(field.startswith("X-Hub-Signature:sha256=") for field in fields), fields
END
  run -0 event sub forwarded url status answer bytes
  is "$output" "$PEER/hook?a=b 200 thank you
 10"
  stop_bg peer
  run -0 curl -sS -i --data-binary hello "$FOREIGN/deliver"
  has "$output" "HTTP/1.1 502 Bad Gateway"
  has "$output" "does it run, and on this port?"
  run -0 event sub forwarded status answered
  is "$output" "None 502"
  check_ndjson <"$BATS_TEST_TMPDIR/sub.out"
}

@test "an application that takes too long is a 504, and --forward-timeout 0 waits for a breakpoint" {
  start_foreign
  start_peer mended_app.py "$BATS_TEST_TMPDIR/mended"
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --forward-timeout 300ms \
    --forward-to "$PEER/stuck" --json
  wait_for out_has sub '"verified"'
  run -0 curl -sS -i --data-binary one "$FOREIGN/deliver"
  has "$output" "HTTP/1.1 504 Gateway Timeout"
  has "$output" "--forward-timeout"
  stop_bg sub
  start_bg patient websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --forward-timeout 0 \
    --forward-to "$PEER/stuck" --once --json
  wait_for out_has patient '"verified"'
  start_bg curl curl -sS -i --data-binary two "$FOREIGN/deliver"
  wait_for out_has patient '"notification"'
  run ! out_has patient '"forwarded"'
  touch "$BATS_TEST_TMPDIR/mended"
  wait_bg patient
  is "$status" 0
  wait_bg curl
  run -0 cat "$BATS_TEST_TMPDIR/curl.out"
  has "$output" "200 OK"
}

@test "an application that answers 410 ends the subscription at the hub" {
  start_hub
  start_peer peer.py 410
  put_topic news one
  start_bg sub websub subscribe "$HUB/topics/news" --forward-to "$PEER/hook"
  wait_for err_has sub "verified: subscribed"
  err_has sub "notifications go on to $PEER/hook"
  put_topic news two
  wait_for err_has sub "410 was answered"
  stop_bg sub
  is "$status" 143
  err_has sub "websub: unsubscribed"
  run ! err_has sub "not unsubscribed"
}

@test "what must be discarded is shown and not forwarded, unless --forward-all" {
  start_foreign
  start_peer peer.py 299
  for all in "" --forward-all; do
    start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --forward-to "$PEER/hook" --json $all
    wait_for out_has sub '"verified"'
    run -0 curl -sS -o /dev/null -w '%{http_code}' --data-binary forged "$FOREIGN/deliver?sign=wrong"
    is "$output" "$([ -z "$all" ] && echo 204 || echo 299)"
    wait_for out_has sub '"signature":"invalid"'
    stop_bg sub
    run file_has "$BATS_TEST_TMPDIR/peer.out" forged
    is "$status" "$([ -z "$all" ] && echo 1 || echo 0)"
    run ! out_has sub '"body"'
  done
}

@test "--exec gets the body on stdin and the rest in its environment" {
  start_foreign
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --secret s3cret --count 1 --json --exec \
    'cat; echo "[$WEBSUB_TOPIC|$WEBSUB_CONTENT_TYPE|$WEBSUB_VERDICT|$WEBSUB_SIGNATURE_ALGORITHM|$WEBSUB_MESSAGE_ID|$WEBSUB_ATTEMPT|$WEBSUB_BYTES|$WEBSUB_FILE]"; printf "%s" "$WEBSUB_SIGNATURE" >&2'
  wait_for out_has sub '"verified"'
  run -0 curl -sS -o /dev/null -w '%{http_code}' --data-binary 'he said $(touch ran)' \
    "$FOREIGN/deliver?header=Content-Type:text/x-%60id%60&header=Websub-Message-Id:m1&header=Websub-Attempt:3"
  is "$output" 204
  wait_bg sub
  is "$status" 0
  run -0 event sub executed status out err
  has "$output" 'he said $(touch ran)['"$FOREIGN/t"'|text/x-`id`|valid|sha256|m1|3|20|]'
  has "$output" "sha256="
  [ ! -e ran ]
}

@test "a program that fails makes the hub send again, and a slow one is ended" {
  start_foreign
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --once --exec-timeout 3s --exec \
    'read line; [ "$line" = slow ] && sleep 60; [ "$line" = good ] && exit 0; printf "a\033[2Jb\nno %s\n" "$line" >&2; exit 3'
  wait_for err_has sub "verified: subscribed"
  deliver() { curl -sS -w ' %{http_code}' --data-binary "$1" "$FOREIGN/deliver?header=Websub-Message-Id:m1"; }
  run -0 deliver bad
  is "$output" "the program ended with status 3
 500"
  run -0 deliver slow
  has "$output" "did not end within 3s; --exec-timeout waits longer"
  has "$output" " 500"
  run -0 deliver good
  is "$output" " 204"
  wait_bg sub
  is "$status" 0
  run -0 cat "$BATS_TEST_TMPDIR/sub.out"
  has "$output" "executed  the program ended with status 3  "
  has "$output" "executed  status 0  "
  lacks "$output" duplicate
  run -0 cat "$BATS_TEST_TMPDIR/sub.err"
  has "$output" 'websub: err: a\x1b[2Jb'
  has "$output" 'websub: err: no bad'
}

@test "the verdict of --timeout tells what came and was not taken" {
  start_foreign
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --exec false --timeout 6s
  wait_for err_has sub "verified: subscribed"
  run -0 curl -sS -o /dev/null -w '%{http_code}' --data-binary x "$FOREIGN/deliver"
  is "$output" 500
  wait_bg sub
  is "$status" 124
  err_has sub "got 0 notifications in 6s, and 1 that the program did not take"
}

@test "programs run one at a time and in order" {
  start_foreign
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --count 5 --exec \
    'n=$(cat); [ ! -e busy ] || echo both >>order; touch busy; sleep 0.1; rm busy; echo "$n" >>order'
  wait_for err_has sub "verified: subscribed"
  for n in 1 2 3 4 5; do
    start_bg "curl$n" curl -sS --data-binary "no-$n" "$FOREIGN/deliver"
    wait_for out_has sub "no-$n"  # the next one comes while this one runs
  done
  wait_bg sub
  is "$status" 0
  is "$(tr '\n' ' ' <order)" "no-1 no-2 no-3 no-4 no-5 "
}

@test "what cannot go together is a usage error" {
  for flags in "--forward-to :1 --exec cat" "--forward-to :1 --reply-status 500" "--forward-all" \
    "--forward-to ftp://x" "--exec ''" "--exec cat --reply-status 200" "--forward-timeout soon"; do
    eval "set -- $flags"
    run -2 --separate-stderr websub subscribe http://127.0.0.1:1/t "$@"
    is "$output" ""
    has "$stderr" "websub: "
  done
}
