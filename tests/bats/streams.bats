#!/usr/bin/env bats
# What goes to stdout and what to stderr, and the same facts on a terminal as in a pipe.

load helper

@test "a subscriber's notifications come from the hub and go to the application" {
  start_hub
  start_peer peer.py
  put_topic news one
  run -0 --separate-stderr curl -sS -f "$PEER/x"
  wait_for out_has peer '"path": "/x"'
  start_bg sub websub subscribe "$HUB/topics/news" --count 1 --json
  wait_for out_has sub '"verified"'
  put_topic news two
  wait_bg sub
  is "$status" 0
  check_ndjson <"$BATS_TEST_TMPDIR/sub.out"
  run -0 in_terminal websub --version
  has "$output" "websub "
}
