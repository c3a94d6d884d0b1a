#!/usr/bin/env bats
# What goes to stdout and what to stderr, and the same facts on a terminal as in a pipe.

load helper

# Without colours, and without what differs from run to run.
plain() { sed -E 's/\x1b\[[0-9;]*m//g; s/[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?/TIME/g; s/ +$//' "$@"; }

# Two notifications for whoever is started as sub and reads $HUB/topics/a.
notify_twice() {
  wait_for err_has sub "verified"
  put_topic a two
  put_topic a three
  wait_bg sub
}

@test "data to stdout, diagnostics to stderr" {
  start_hub
  put_topic a one
  start_bg sub websub subscribe "$HUB/topics/a" --count 2
  notify_twice
  is "$status" 0
  is "$(grep -c '^websub: ' "$BATS_TEST_TMPDIR/sub.out" || true)" 0
  is "$(grep -vc '^websub: ' "$BATS_TEST_TMPDIR/sub.err" || true)" 0
  has "$(cat "$BATS_TEST_TMPDIR/sub.out")" "two"
  run -0 --separate-stderr websub discover "$HUB/topics/a"
  has "$output" "$HUB/hub"
  is "$stderr" ""
  run -3 --separate-stderr websub discover http://127.0.0.1:1/a
  is "$output" ""
  has "$stderr" "websub: connection refused by 127.0.0.1:1"
}

@test "a terminal and a pipe show the same facts, and --count acts the same" {
  start_hub
  put_topic a one
  start_bg sub websub subscribe "$HUB/topics/a" --count 2
  notify_twice
  is "$status" 0
  mv "$BATS_TEST_TMPDIR/sub.out" pipe
  start_bg sub python3 "$bats_dir/terminal.py" websub subscribe "$HUB/topics/a" --count 2
  notify_twice
  is "$status" 0
  mv "$BATS_TEST_TMPDIR/sub.out" terminal
  grep -q $'\e\\[' terminal
  run -1 grep -q $'\e' pipe
  # Message ids go on counting.
  is "$(plain terminal | sed -E 's/message m[0-9]+/message ID/')" \
    "$(plain pipe | sed -E 's/message m[0-9]+/message ID/')"
}

@test "--timeout acts the same on a terminal, in a pipe and with --json" {
  start_hub
  put_topic a one
  run -124 websub subscribe "$HUB/topics/a" --timeout 300ms
  run -124 websub subscribe "$HUB/topics/a" --timeout 300ms --json
  run -124 in_terminal websub subscribe "$HUB/topics/a" --timeout 300ms
  run -124 in_terminal --both websub subscribe "$HUB/topics/a" --timeout 300ms --json
}

@test "--json is NDJSON with ts and type first, on a terminal too" {
  start_hub
  put_topic a one
  start_bg sub websub subscribe "$HUB/topics/a" --count 2 --json
  wait_for out_has sub '"verified"'
  put_topic a two
  put_topic a three
  wait_bg sub
  check_ndjson <"$BATS_TEST_TMPDIR/sub.out"
  websub discover "$HUB/topics/a" --json | check_ndjson
  websub publish "$HUB/topics/a" --json | check_ndjson
  for what in topics subscriptions messages exchanges status; do
    websub inspect "$what" --hub "$HUB" --all --json 2>/dev/null | check_ndjson || [ "$what" = status ]
  done
  websub inspect status --hub "$HUB" --json | check_ndjson
  websub inspect show m1 --hub "$HUB" --json | check_ndjson
  websub inspect timeline s1 --hub "$HUB" --json | check_ndjson
  websub inspect explain s1 --hub "$HUB" --json | check_ndjson
  websub config serve --json | check_ndjson
  websub conformance hub --list --json | check_ndjson
  websub bench "$HUB/hub" --subscribers 1 --messages 1 --json | check_ndjson
  printf x | websub verify-sig - --sign --secret s --json | check_ndjson
  in_terminal websub discover "$HUB/topics/a" --json | check_ndjson
}

@test "--json has no colours, whatever --color says" {
  run -0 in_terminal websub config serve --json --color always
  lacks "$output" $'\e'
}

@test "colours: on a terminal, not in a pipe; --color and NO_COLOR have their say" {
  run -0 in_terminal websub config serve
  has "$output" $'\e['
  run -0 websub config serve
  lacks "$output" $'\e'
  run -0 websub config serve --color always
  has "$output" $'\e['
  run -0 in_terminal websub config serve --color never
  lacks "$output" $'\e'
  NO_COLOR=1 run -0 in_terminal websub config serve
  lacks "$output" $'\e'
  NO_COLOR='' run -0 in_terminal websub config serve
  has "$output" $'\e['
  NO_COLOR=1 run -0 websub config serve --color always
  has "$output" $'\e['
  TERM=dumb run -0 in_terminal websub config serve
  lacks "$output" $'\e'
}

@test "-q leaves the data and takes the notes, -v adds to them" {
  start_hub
  put_topic a one
  run -0 --separate-stderr websub subscribe "$HUB/topics/a" --exit-on-verified -q
  is "$stderr" ""
  run -0 --separate-stderr websub subscribe "$HUB/topics/a" --exit-on-verified
  local notes=${#stderr_lines[@]}
  run -0 --separate-stderr websub subscribe "$HUB/topics/a" --exit-on-verified -v
  ((${#stderr_lines[@]} >= notes))
  # What went wrong is said all the same.
  run -3 --separate-stderr websub publish http://127.0.0.1:1/a --hub http://127.0.0.1:1/hub -q
  has "$stderr" "connection refused"
}

@test "a reader that goes away ends a command quietly" {
  set -o pipefail
  websub config --all 2>err | head -n 1 >/dev/null
  is "$(cat err)" ""
  websub conformance hub --list --group all 2>err | head -n 1 >/dev/null
  is "$(cat err)" ""
  websub serve --help-all 2>err | head -n 1 >/dev/null
  is "$(cat err)" ""
  run -0 --separate-stderr bash -c 'websub --help >&-'
  is "$stderr" ""
}

@test "a subscriber whose reader went away unsubscribes and ends" {
  start_hub
  put_topic a one
  start_bg sub bash -c 'set -o pipefail; websub subscribe "$1/topics/a" | head -n 1' - "$HUB"
  wait_for err_has sub "verified"
  put_topic a two
  wait_for out_has sub text/plain
  # Each further notification finds nobody to read it.
  for i in 3 4 5; do put_topic a "$i"; done
  wait_bg sub
  wait_for api_is 'subscriptions?state=all' 'd["items"][0]["state"]' unsubscribed
}

@test "a full disk is said, and is no success" {
  [ -w /dev/full ] || skip "there is no /dev/full"
  run -2 --separate-stderr bash -c 'websub --help >/dev/full'
  has "$stderr" "cannot write to standard output: No space left on device"
}

@test "no command ever prompts or reads a terminal that it was not told to" {
  start_hub
  put_topic a one
  for call in "discover $HUB/topics/a" "publish $HUB/topics/a" "inspect status --hub $HUB" config; do
    # shellcheck disable=SC2086
    run -0 websub $call <&-
  done
}

@test "columns fit the terminal, and a URL is never cut" {
  start_hub
  local long
  long=$(printf 'very-long-%.0s' {1..12})
  put_topic "$long" one
  run -0 in_terminal --columns 60 websub inspect topics --hub "$HUB"
  has "$(plain <<<"$output")" "$HUB/topics/$long"
  run -0 in_terminal --columns 60 websub discover "$HUB/topics/$long"
  has "$(plain <<<"$output")" "$HUB/topics/$long"
}

@test "bytes of a notification cannot drive the terminal" {
  start_hub
  printf 'a\033[2Jb\302\2331mc\377d\007e' >hostile
  put_topic a one
  start_bg sub websub subscribe "$HUB/topics/a" --once
  wait_for err_has sub "verified"
  put_topic a @hostile
  wait_bg sub
  run -1 grep -qaP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$BATS_TEST_TMPDIR/sub.out"
}
