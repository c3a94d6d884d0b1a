#!/usr/bin/env bats
# The frozen table of exit statuses: each of them for every command where it can happen. 1 is a bug and has
# no test. Usage errors, status 2, are a table of their own: bad_input.bats.

load helper

nobody=http://127.0.0.1:1

# ends_by SIGNAL STATUS COMMAND…: once COMMAND waits for the peer, which never answers, it is ended.
ends_by() {
  local signal=$1 wanted=$2 before
  shift 2
  before=$(wc -l <"$BATS_TEST_TMPDIR/peer.out")
  start_bg asked "$@"
  wait_for more_lines_than "$before" "$BATS_TEST_TMPDIR/peer.out"
  stop_bg asked "$signal"
  is "$status" "$wanted"
}
more_lines_than() { [ "$(wc -l <"$2")" -gt "$1" ]; }

active() { api_is subscriptions 'len(d["items"]) and d["items"][0]["state"]' active; }

# --- 0 and 2

@test "0: --help, --help-all and --version of every command" {
  local command
  run -0 websub --version
  run -0 websub --help
  for command in $(commands); do
    run -0 websub "$command" --help
    run -0 websub "$command" --help-all
    run -0 websub help "$command"
  done
}

@test "2: an unknown flag of every command" {
  local command
  for command in $(commands); do
    run -2 --separate-stderr websub "$command" --no-such-flag
    is "$output" ""
    is "${stderr_lines[0]}" "websub: unknown flag --no-such-flag"
  done
}

# --- serve

@test "serve: 0 and what its command ends with" {
  run -0 websub serve --listen :0 --db :memory: -- true
  run -9 websub serve --listen :0 --db :memory: -- sh -c 'exit 9'
  run -143 websub serve --listen :0 --db :memory: -- sh -c 'kill $$'
}

@test "serve: 130 and 143" {
  start_hub
  stop_bg hub INT
  is "$status" 130
  start_hub
  stop_bg hub TERM
  is "$status" 143
}

@test "serve: 143 while its command runs, which is ended too" {
  start_bg hub websub serve --listen :0 --db :memory: -- sh -c 'echo $$ >pid; exec sleep 600'
  wait_for test -s pid
  stop_bg hub
  is "$status" 143
  wait_for gone "$(cat pid)"
}
gone() { ! kill -0 "$1" 2>/dev/null; }

# --- subscribe

@test "subscribe: 0, 4, 124, 130 and 143 with a hub" {
  start_hub
  put_topic a one
  run -0 websub subscribe "$HUB/topics/a" --exit-on-verified
  run -124 --separate-stderr websub subscribe "$HUB/topics/a" --timeout 300ms
  has "$stderr" "--timeout"
  run -124 --separate-stderr websub subscribe "$HUB/topics/a" --count 3 --idle 300ms
  has "$stderr" "--idle"
  local wanted
  for wanted in 0 4; do
    start_bg sub websub subscribe "$HUB/topics/a" --once --expect "body~^two$([ $wanted = 0 ] || echo no)"
    wait_for err_has sub "verified: subscribed"
    put_topic a two
    put_topic a one
    wait_bg sub
    is "$status" "$wanted"
  done
  for wanted in INT:130 TERM:143; do
    start_bg sub websub subscribe "$HUB/topics/a"
    wait_for err_has sub "verified: subscribed"
    stop_bg sub "${wanted%:*}"
    is "$status" "${wanted#*:}"
  done
}

@test "subscribe: 3 where nobody answers, 8 where no hub is named" {
  run -3 websub subscribe "$nobody/t"
  run -3 websub subscribe http://no-such-host.invalid/t
  start_peer peer.py 200
  run -8 websub subscribe "$PEER/t"
}

@test "subscribe: 5, the hub refuses" {
  start_peer peer.py 403
  run -5 websub subscribe http://127.0.0.1:1/t --hub "$PEER/hub"
}

@test "subscribe: 6, the subscription is denied" {
  printf '#!/bin/sh\necho "not you" >&2\nexit 1\n' >hook.sh
  chmod +x hook.sh
  start_hub --hook-command ./hook.sh --hook-events subscription_validation
  run -6 --separate-stderr websub subscribe http://127.0.0.1:1/t --hub "$HUB/hub"
  has "$stderr" "not you"
}

@test "subscribe: 7, no verification comes, or it does not match" {
  start_peer peer.py 202
  run -7 websub subscribe http://127.0.0.1:1/t --hub "$PEER/hub" --verify-timeout 300ms
}

# --- publish

@test "publish: 0, 3, 5 and 8" {
  start_peer peer.py 204
  run -0 websub publish http://127.0.0.1:1/t --hub "$PEER/hub"
  run -3 websub publish http://127.0.0.1:1/t --hub "$nobody/hub"
  run -3 websub publish "$nobody/t"
  run -8 websub publish "$PEER/t"
  stop_bg peer
  start_peer peer.py 500
  run -5 websub publish http://127.0.0.1:1/t --hub "$PEER/hub"
}

@test "publish: 124, 130 and 143" {
  start_peer peer.py silent
  run -124 websub publish http://127.0.0.1:1/t --hub "$PEER/hub" --timeout 300ms
  ends_by INT 130 websub publish http://127.0.0.1:1/t --hub "$PEER/hub"
  ends_by TERM 143 websub publish http://127.0.0.1:1/t --hub "$PEER/hub"
}

@test "publish: 124 while it waits for deliveries" {
  start_hub
  put_topic a one
  run -124 --separate-stderr websub publish "$HUB/topics/a" --wait-delivered 1 --timeout 3s
  has "$stderr" "wanted: 1 subscriber"
}

# --- discover

@test "discover: 0, 3, 4 and 8" {
  start_hub
  put_topic a one
  run -0 websub discover "$HUB/topics/a"
  run -3 websub discover "$nobody/t"
  run -8 websub discover "$HUB/topics/none"
  start_peer peer.py 200
  run -8 websub discover "$PEER/t"
  # A topic whose document contradicts its header earns a warning.
  cat >page.py <<'PYTHON'
import peer
class Handler(peer.Handler):
    def handle_request(self):
        page = b'<link rel="hub" href="http://127.0.0.1:1/other"><link rel="self" href="http://127.0.0.1:1/y">'
        self.answer(200, page, [("Content-Type", "text/html"),
                                ("Link", '<http://127.0.0.1:1/hub>; rel="hub", <http://127.0.0.1:1/x>; rel="self"')])
peer.serve(Handler)
PYTHON
  stop_bg peer
  start_peer page.py
  run -0 websub discover "$PEER/x"
  run -4 websub discover "$PEER/x" --fail-on warning
}

@test "discover: 124, 130 and 143" {
  start_peer peer.py silent
  run -124 websub discover "$PEER/t" --timeout 300ms
  ends_by INT 130 websub discover "$PEER/t"
  ends_by TERM 143 websub discover "$PEER/t"
}

# --- verify-sig

@test "verify-sig: 0 and 4" {
  local digest
  digest=$(printf body | openssl dgst -sha256 -hmac key -r | cut -d' ' -f1)
  run -0 websub verify-sig - --signature "sha256=$digest" --secret key < <(printf body)
  run -4 websub verify-sig - --signature "sha256=$digest" --secret other < <(printf body)
  run -0 websub verify-sig - --sign --secret key < <(printf body)
  is "$output" "sha256=$digest"
}

@test "verify-sig: 130 and 143 while it waits for its input" {
  local wanted
  mkfifo never
  sleep 600 >never 3>&- &
  local holder=$!
  for wanted in INT:130 TERM:143; do
    start_bg check sh -c 'exec env --default-signal=INT websub verify-sig never --sign --secret key'
    wait_for opened never
    stop_bg check "${wanted%:*}"
    is "$status" "${wanted#*:}"
  done
  kill "$holder"
}
# Whether the process reads that pipe.
opened() { ls -l "/proc/${bg_pids[check]}/fd" 2>/dev/null | grep -q "/$1\$"; }

# --- inspect

@test "inspect: 0, 3, 4 and 5" {
  start_hub
  put_topic a one
  run -0 websub inspect topics --hub "$HUB"
  run -0 websub inspect topics --db "$BATS_TEST_TMPDIR/hub.db"
  run -3 websub inspect topics --hub "$nobody"
  run -5 websub inspect show s99 --hub "$HUB"
  is "$(subscribe_form "$HUB/topics/a" "$nobody/cb")" 202
  wait_for explained
  start_peer peer.py 500
  run -5 websub inspect topics --hub "$PEER"
}
# The callback refuses connections: the verification stops.
explained() {
  local status=0
  websub inspect explain s1 --hub "$HUB" >/dev/null 2>&1 || status=$?
  [ "$status" = 4 ]
}

# --- conformance

@test "conformance: 0, 3, 4 and 124" {
  start_hub
  run -0 websub conformance hub "$HUB/hub" --only HUB-VER-01 -q
  run -3 websub conformance hub "$nobody/hub"
  run -124 --separate-stderr websub conformance subscriber --start-cmd 'exec sleep 600' --timeout 300ms -q
  has "$stderr" "--timeout 300ms ran out"
  run -4 websub conformance subscriber --start-cmd 'exit 0' --only SUB-DISC-01 --level must -q
}

@test "conformance: 130 and 143" {
  local wanted
  for wanted in INT:130 TERM:143; do
    rm -f started
    start_bg suite websub conformance subscriber --start-cmd 'touch started; exec sleep 600' --only SUB-VER
    wait_for test -e started
    stop_bg suite "${wanted%:*}"
    is "$status" "${wanted#*:}"
  done
}

# --- bench

@test "bench: 0, 3, 4 and 5" {
  start_hub --db :memory:
  run -0 websub bench "$HUB/hub" --subscribers 2 --messages 2
  run -4 websub bench "$HUB/hub" --subscribers 2 --messages 2 --fail-if 'p50>=0ms'
  run -3 websub bench "$nobody/hub" --subscribers 1 --messages 1
  run -5 websub bench "$HUB/nothing" --subscribers 1 --messages 1
}

@test "bench: 124, 130 and 143" {
  start_peer peer.py silent
  run -124 websub bench "$PEER/hub" --subscribers 1 --messages 1 --timeout 300ms
  ends_by INT 130 websub bench "$PEER/hub" --subscribers 1 --messages 1
  ends_by TERM 143 websub bench "$PEER/hub" --subscribers 1 --messages 1
}
