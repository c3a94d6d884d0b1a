#!/usr/bin/env bats
# websub subscribe: the same facts in a pipe, on a terminal and with --json; its ends; its callback; what
# happens when the hub goes away; and the verdict when no verification comes.

load helper

start_foreign() {
  start_bg foreign python3 -u "$bats_dir/foreign_hub.py" "$@"
  wait_for written_or_ended "$BATS_TEST_TMPDIR/foreign.out" foreign
  read -r FOREIGN <"$BATS_TEST_TMPDIR/foreign.out"
}

deliver() { curl -sS -o answer -w '%{http_code}' --data-binary "$1" "$FOREIGN/deliver?${2:-}"; }

# The subscriptions that the hub of this test has.
subscriptions() { curl -sS "$HUB/api/v1/subscriptions"; }
has_subscription() { [[ $(subscriptions) == *"$1"* ]]; }

@test "--count and --timeout act the same in a pipe, on a terminal and with --json" {
  start_hub
  put_topic news zero
  local how
  for how in pipe terminal json; do
    case $how in
      pipe) run_as=() ;;
      terminal) run_as=(in_terminal) ;;
      json) run_as=() ;;
    esac
    flags=() && [ "$how" != json ] || flags=(--json)
    start_bg "$how" "${run_as[@]}" websub subscribe "$HUB/topics/news" --count 2 "${flags[@]}"
    wait_for has_subscription '"state":"active"'
    put_topic news "first $how"
    put_topic news "second $how"
    wait_bg "$how"
    is "$status" 0
    out_has "$how" "first $how"
    out_has "$how" "second $how"
    wait_for eval '! has_subscription "\"state\":\"active\""'

    start_bg "$how-late" "${run_as[@]}" websub subscribe "$HUB/topics/news" --once --timeout 3s "${flags[@]}"
    wait_bg "$how-late"
    is "$status" 124
    err_has "$how-late" "--timeout ran out: got 0 of 1 notification in 3s"
    start_bg "$how-idle" "${run_as[@]}" websub subscribe "$HUB/topics/news" --idle 300ms "${flags[@]}"
    wait_bg "$how-idle"
    is "$status" 124
    err_has "$how-idle" "none in the last 300ms"
  done
}

@test "hostile bytes cannot drive the terminal, and JSON gives them back" {
  start_foreign
  printf 'title \033]0;pwned\007 \033[2J\r\n\xe2\x80\xae right \xff\xfe\x9b31m\n' >body
  start_bg seen in_terminal --both websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --count 1 --color always \
    --exec cat
  wait_for out_has seen "verified: subscribed"
  is "$(deliver @body 'header=Content-Type:text/plain%3b+%9b31m&header=Websub-Message-Id:m%c2%9b1')" 204
  wait_bg seen  # not stopped: the terminal's own process would stay
  is "$status" 0
  run -0 python3 - "$BATS_TEST_TMPDIR/seen.out" <<'END'
import re, sys
shown = open(sys.argv[1], "rb").read()
rest = re.sub(rb"\x1b\[[0-9;]*m", b"", shown)  # our own colours
bad = [byte for byte in rest if byte < 32 and byte not in b"\n\t"]
assert not bad, rest
rest.decode()  # valid UTF-8
assert b"\xe2\x80\xae" not in rest and b"\xc2\x9b" not in rest, rest
assert b"\\x1b]0;pwned\\x07" in rest, rest
END
  start_bg json websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --count 1 --json
  wait_for out_has json verified
  is "$(deliver @body)" 204
  wait_bg json
  run -0 python3 - "$BATS_TEST_TMPDIR/json.out" <<'END'
import base64, json, sys
event = [json.loads(line) for line in open(sys.argv[1]) if '"notification"' in line][0]
assert base64.b64decode(event["body_base64"]) == open("body", "rb").read(), event
assert "\x1b" not in open(sys.argv[1]).read()
END
}

@test "several topics are taken in one process, each by a callback of its own" {
  start_hub
  put_topic one 1
  put_topic two 2
  start_bg sub websub subscribe "$HUB/topics/one" "$HUB/topics/two" --json --count 2 --callback-path /hook
  wait_for eval '[ "$(grep -c "\"verified\"" "$BATS_TEST_TMPDIR/sub.out")" = 2 ]'
  out_has sub '/hook/1"'
  out_has sub '/hook/2"'
  put_topic one uno
  put_topic two due
  wait_bg sub
  is "$status" 0
  run -0 grep '"notification"' "$BATS_TEST_TMPDIR/sub.out"
  has "$output" "\"topic\":\"$HUB/topics/one\""
  has "$output" "\"topic\":\"$HUB/topics/two\""
  check_ndjson <"$BATS_TEST_TMPDIR/sub.out"
}

@test "--callback-path is the same in every run, and by default nobody can guess it" {
  start_hub
  put_topic news 1
  port=$(free_port)
  for run in a b; do
    run -0 --separate-stderr websub subscribe "$HUB/topics/news" --listen "127.0.0.1:$port" --callback-path hook/me \
      --exit-on-verified --keep --json
    has "$output" "\"callback\":\"http://127.0.0.1:$port/hook/me\""
  done
  is "$(subscriptions | grep -o '/hook/me' | wc -l)" 1
  run -0 --separate-stderr websub subscribe "$HUB/topics/news" --exit-on-verified --json
  [[ $output =~ http://127.0.0.1:[0-9]+/[0-9a-f]{32}\" ]]
  # Behind a tunnel that passes on the path.
  run -0 --separate-stderr websub subscribe "$HUB/topics/news" --listen "127.0.0.1:$port" --exit-on-verified --json \
    --callback-url "http://localhost:$port" --callback-path /hook
  has "$output" "\"callback\":\"http://localhost:$port/hook\""
  for path in '/a?b' '/a#b' '/a b' $'/a\nb'; do
    run -2 websub subscribe "$HUB/topics/news" --callback-path "$path"
    has "$output" "is no path of a URL"
  done
}

@test "a hub that is killed and started again with the same file keeps delivering" {
  port=$(free_port)
  start_hub --listen "127.0.0.1:$port"
  put_topic news 1
  start_bg sub websub subscribe "$HUB/topics/news" --count 2 --json
  wait_for out_has sub '"verified"'
  put_topic news before
  wait_for out_has sub before
  stop_bg hub KILL
  start_hub --listen "127.0.0.1:$port"
  put_topic news after
  wait_bg sub
  is "$status" 0
  out_has sub after
}

@test "renewal survives a hub that is down, and one that has lost the subscription" {
  port=$(free_port)
  start_hub --listen "127.0.0.1:$port"
  put_topic news 1
  start_bg sub websub subscribe "$HUB/topics/news" --lease 2s --json
  wait_for out_has sub '"verified"'
  stop_bg hub KILL
  wait_for err_has sub "not renewed: "
  wait_for out_has sub '"expired"'
  err_has sub "trying again in"
  rm -f "$BATS_TEST_TMPDIR"/hub.db*
  before=$(grep -c '"renewed"' "$BATS_TEST_TMPDIR/sub.out" || true)
  start_hub --listen "127.0.0.1:$port"
  put_topic news 2
  wait_for eval '[ "$(grep -c "\"renewed\"" "$BATS_TEST_TMPDIR/sub.out")" -gt '"$before"' ]'
  put_topic news 'once more'
  wait_for out_has sub 'once more'
  stop_bg sub
  is "$status" 143
  out_has sub '"unsubscribed"'
}

@test "the verdict when no verification comes says who came, and what to try" {
  start_foreign --never
  run -7 --separate-stderr websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --verify-timeout 300ms
  has "$stderr" "the hub $FOREIGN/hub answered 202 (will verify) but never asked http://127.0.0.1:"
  has "$stderr" "within 300ms: nobody has connected to 127.0.0.1:"
  has "$stderr" "next: give the hub a callback URL that it can reach (--callback-url)"
  # By a tunnel that leads to another path.
  port=$(free_port)
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --verify-timeout 6s --json \
    --listen "127.0.0.1:$port" --callback-url https://tunnel.example/cb
  wait_for out_has sub '"accepted"'
  run -0 curl -sS -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/else?hub.mode=subscribe"
  is "$output" 404
  wait_bg sub
  is "$status" 7
  err_has sub 'was for another path: GET \"/else\" from 127.0.0.1:' || err_has sub 'was for another path: GET "/else" from 127.0.0.1:'
  out_has sub '"slug":"verification-elsewhere"'
  # By one that speaks TLS to us.
  start_bg tls websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --verify-timeout 6s --json \
    --listen "127.0.0.1:$port" --callback-url "https://localhost:$port/cb"
  wait_for out_has tls '"accepted"'
  run curl -sS --insecure "https://127.0.0.1:$port/cb"
  wait_bg tls
  is "$status" 7
  out_has tls '"slug":"callback-plain-port"'
}

@test "a verification that does not match is told with where it came from" {
  start_foreign
  run -7 --separate-stderr websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --verify-timeout 5s --reply-challenge x
  has "$stderr" "its verification did not match: it came from 127.0.0.1:"
  has "$stderr" "--reply-challenge"
}

@test "a bad subscriber can be played" {
  start_foreign
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --reply-status 503 --reply-delay 200ms --count 1
  wait_for err_has sub "verified: subscribed"
  begin=$(date +%s%N)
  is "$(deliver x)" 503
  (($(date +%s%N) - begin >= 200000000))
  wait_bg sub
  is "$status" 0
}

@test "--expect ends with 4 at the first that is not as expected" {
  start_foreign
  local each
  for each in 'body~^good 0' 'type=text/html 0' 'signature=valid 0' 'body~bad 4' 'type=text/plain 4' 'signature=invalid 4'; do
    start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --expect "${each% *}" --once
    wait_for err_has sub "verified: subscribed"
    is "$(deliver 'good news' 'header=Content-Type:text/html')" 204
    wait_bg sub
    is "$each $status" "$each ${each##* }"
    rm "$BATS_TEST_TMPDIR/sub.err"
  done
  run -2 websub subscribe http://127.0.0.1:1/t --expect 'body~('
}

@test "secrets come by file, variable or not at all, and are printed nowhere" {
  start_foreign
  printf 'file-s3cret\n' >secret
  export MY_SECRET=variable-s3cret
  for flags in "--secret-file secret" "--secret-env MY_SECRET" "--secret value-s3cret" "--no-secret"; do
    # shellcheck disable=SC2086
    run -0 --separate-stderr websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" $flags --exit-on-verified -v --json \
      --header 'Authorization: Bearer s3cret-token' --hub-param hub.verify=async
    lacks "$output$stderr" s3cret
  done
  run -0 tail -n 1 "$BATS_TEST_TMPDIR/foreign.out"
  lacks "$output" hub.secret
  has "$output" "Bearer s3cret-token"
  has "$output" "hub.verify=async"
  run -0 grep -c 'hub.secret=\(file\|variable\|value\)-s3cret' "$BATS_TEST_TMPDIR/foreign.out"
  is "$output" 3
  run -2 websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --secret a --no-secret
}

@test "the callback may speak TLS, and other authorities can be trusted" {
  start_foreign
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
  port=$(free_port)
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --tls-cert cert.pem --tls-key key.pem --json \
    --listen "127.0.0.1:$port" --callback-path /hook --verify-timeout 20s --cacert cert.pem --insecure-host localhost
  wait_for out_has sub '"accepted"'
  run -0 curl -sS --cacert cert.pem "https://localhost:$port/hook?hub.mode=subscribe&hub.topic=$FOREIGN/t&hub.challenge=abc&hub.lease_seconds=60"
  is "$output" abc
  stop_bg sub
  run -2 --separate-stderr websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --tls-cert cert.pem
  run -2 --separate-stderr websub subscribe "$FOREIGN/t" --cacert /nowhere.pem
  run -3 --separate-stderr websub subscribe https://127.0.0.1:1/t --insecure --config /dev/null
  run -3 --separate-stderr websub subscribe http://127.0.0.1:1/t --no-config
}

@test "--curl prints commands that do the same, sends nothing and shows no secret" {
  run -0 --separate-stderr websub subscribe http://127.0.0.1:1/feed --curl --secret s3cret --lease 1h
  has "$output" "curl -sS -i -L http://127.0.0.1:1/feed"
  has "$output" '"$HUB"'
  has "$output" 'hub.secret=$WEBSUB_SECRET'
  has "$output" hub.lease_seconds=3600
  lacks "$output" s3cret
  # They are commands.
  start_foreign
  run -0 --separate-stderr websub subscribe "$FOREIGN/a b?c='d'" --hub "$FOREIGN/hub" --curl \
    --callback-url "$FOREIGN/callback" --header 'X-Key: k3y' --json
  lacks "$output" k3y
  run -0 --separate-stderr websub subscribe "$FOREIGN/t?c='d'" --hub "$FOREIGN/hub" --curl \
    --callback-url "$FOREIGN/callback" --header 'X-Key: k3y'
  printf '%s\n' "$output" >command
  run -0 env WEBSUB_SECRET=s3cret X_KEY=k3y sh -eu command
  has "$output" "202 Accepted"
  wait_for file_has "$BATS_TEST_TMPDIR/foreign.out" hub.secret=s3cret
  file_has "$BATS_TEST_TMPDIR/foreign.out" "hub.topic=$(python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "$FOREIGN/t?c='d'")"
}
