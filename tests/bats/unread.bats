#!/usr/bin/env bats
# Readers that stand still, and programs that do not want to end: neither may hold up the rest.

load helper

unread() { start_bg "$1" python3 -S "$bats_dir/unread.py" "${@:2}"; }

@test "a signal ends a command whose output nobody reads" {
  start_hub
  put_topic a one
  for signal in INT TERM; do
    published=$(api 'exchanges?kind=publish' 'len(d["items"])')
    unread pub websub publish "$HUB/topics/a" --every 1ms
    wait_for api_is 'exchanges?kind=publish' 'len(d["items"]) > '"$published" True
    stop_bg pub "$signal"
    is "$status" "$((128 + $(kill -l "$signal")))"
  done
}

@test "a subscriber whose output nobody reads ends at a signal, and unsubscribes" {
  start_hub
  put_topic a one
  unread sub websub subscribe "$HUB/topics/a"
  wait_for err_has sub verified
  put_topic a two
  wait_for api_is 'exchanges?kind=deliver' 'len(d["items"]) > 0' True
  stop_bg sub INT
  is "$status" 130
}

@test "a hub whose output nobody reads works on, and ends at a signal" {
  for flags in "" --json; do
    rm -f ready
    # shellcheck disable=SC2086
    unread hub websub serve --listen 127.0.0.1:0 --db :memory: --ready-file ready $flags
    wait_for written_or_ended ready hub
    HUB=$(cat ready)
    # More than one page of a log that waits for room.
    for i in $(seq 40); do put_topic "t$i" "$i" >/dev/null; done
    run -0 curl -sS -f "$HUB/livez"
    stop_bg hub
    is "$status" 143
  done
}

@test "a reader who comes back late finds every line of the hub" {
  # The shell holds the pipe open, and reads it only when far more has been said than it holds.
  mkfifo log
  exec 7<>log
  start_bg hub bash -c \
    'exec websub serve --listen 127.0.0.1:0 --db :memory: --ready-file ready --json >log 7>&-'
  wait_for written_or_ended ready hub
  HUB=$(cat ready)
  curl -sS -f -X PUT --data-binary x -o /dev/null "$HUB/topics/t[1-300]"
  timeout "$deadline_seconds" head -n 301 <&7 >lines
  exec 7>&-
  is "$(head -n 1 lines | json 'd["type"]')" ready
  is "$(grep -c '"kind":"publish"' lines)" 300
}

@test "a second signal ends a hub whose COMMAND ignores the first" {
  # shellcheck disable=SC2016
  start_bg hub websub serve --listen 127.0.0.1:0 --db :memory: --ready-file ready -- \
    sh -c 'trap "" TERM INT; echo up; while :; do sleep 1; done'
  wait_for out_has hub up
  HUB=$(cat ready)
  kill -TERM "${bg_pids[hub]}"
  wait_for hub_is_gone
  bg_runs hub
  stop_bg hub
  is "$status" 143
}

hub_is_gone() { ! curl -sS -o /dev/null "$HUB/livez" 2>/dev/null; }

@test "passwords in URLs are shown by no command" {
  start_hub
  put_topic a one
  local with=${HUB/\/\//\/\/user:hunter2@}
  for call in "discover $with/topics/a" "discover -v $with/topics/a" "discover --json $with/topics/a" \
    "discover $with/none" "publish $with/topics/a --hub $with/hub" "publish --json $with/topics/a --hub $with/hub" \
    "publish --json $HUB/topics/a --hub $with/hub" "publish $HUB/topics/a --hub $with/hub" \
    "subscribe $HUB/topics/a --json --callback-url http://user:hunter2@127.0.0.1:1/cb --verify-timeout 1s" \
    "subscribe --exit-on-verified $with/topics/a" "inspect status --hub http://user:hunter2@127.0.0.1:1" \
    "conformance hub $with/hub --only HUB-VER-01 --json" \
    "bench $with/hub --subscribers 1 --messages 1 --json"; do
    # shellcheck disable=SC2086
    run websub $call
    [ -n "$output" ]
    lacks "$output" hunter2
  done
}

@test "standard streams that came closed are none of the command's own files" {
  start_hub
  run -0 websub publish "$HUB/topics/a" --hub "$HUB/hub" <&- >&-
  # What would be read as a signal's number.
  run -0 bash -c 'websub config --all <&- >&-'
  is "$output" ""
}

@test "a ready file that cannot be written leaves nothing behind" {
  mkdir ready
  run -2 websub serve --listen :0 --db :memory: --ready-file ready
  has "$output" "--ready-file ready: Is a directory"
  [ ! -e ready.part ]
}
