# What every file of this folder loads: `load helper`. The real binary is driven as a user would, in a
# folder of the test's own, with a home of its own. Nothing outlives a test, and nothing is ended but
# what the test started.
#
#   run -2 websub publish             bats' own `run`; `websub` is the binary under test
#   run --separate-stderr websub …    $output and $stderr apart
#   start_hub [FLAG…]                 $HUB is http://127.0.0.1:PORT, and it answers
#   start_bg NAME COMMAND…            output in $BATS_TEST_TMPDIR/NAME.out and NAME.err
#   stop_bg NAME [SIGNAL]             ends it (TERM) and waits; its status is in $status
#   wait_bg NAME                      waits for its own end; its status is in $status
#   start_peer FILE.py [ARG…]         $PEER is the URL that it printed first; see peer.py
#   wait_for COMMAND…                 polls until it succeeds
#   free_port                         prints a port of 127.0.0.1 that nobody listens on
#   put_topic, hub_form, subscribe_form, subscribed, api, json: what curl says to the hub
#   in_terminal COMMAND…              runs it under a pseudo-terminal, prints what it showed
#
# A file with a setup or teardown of its own calls websub_setup and websub_teardown there.

bats_require_minimum_version 1.5.0

# Long enough for a sanitizer's build on a busy machine. No test waits for it unless it fails.
deadline_seconds=90

# What every call of curl to the hub is given, such as (--cacert ca.pem).
curl_flags=()

# The folder of the .bats files, also for those that load from there.
bats_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

websub_setup() {
  local binary=${WEBSUB:-$bats_dir/../../build/dev/websub} name
  [ -x "$binary" ] || {
    echo "there is no program $binary: build it, or set WEBSUB" >&2
    return 1
  }
  # A variable of the person who runs the tests must not change what they see.
  for name in "${!WEBSUB_@}" NO_COLOR CLICOLOR_FORCE COLUMNS HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY \
    http_proxy https_proxy all_proxy no_proxy; do
    unset "$name"
  done
  mkdir -p "$BATS_TEST_TMPDIR"/{bin,home,config,data,state,cache,work}
  ln -s "$(realpath "$binary")" "$BATS_TEST_TMPDIR/bin/websub"
  # The one that script/bootstrap installs: a version manager's takes several times as long to start.
  [ ! -x /usr/bin/python3 ] || ln -s /usr/bin/python3 "$BATS_TEST_TMPDIR/bin/python3"
  export PATH=$BATS_TEST_TMPDIR/bin:$PATH HOME=$BATS_TEST_TMPDIR/home
  export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config XDG_DATA_HOME=$BATS_TEST_TMPDIR/data
  export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
  export LC_ALL=C.UTF-8 TERM=xterm TZ=UTC PYTHONPATH=$bats_dir PYTHONDONTWRITEBYTECODE=1
  declare -gA bg_pids=()
  bg_order=()
  cd "$BATS_TEST_TMPDIR/work" || return 1
}

# Bats' own; what a command prints with --json is kept for the end of the test, where websub_teardown
# holds it against man/websub-events.7.
eval "bats_$(declare -f run)"
run() {
  local result=0
  bats_run "$@" || result=$?
  # shellcheck disable=SC2154
  [[ $output != *'{"ts":"'* ]] || printf '%s\n' "$output" >>"$BATS_TEST_TMPDIR/run.ndjson"
  return "$result"
}

# Whether every event that a command printed in this test, to `run` or into a file, is documented with
# all its members.
events_are_documented() {
  local files
  mapfile -d '' -t files < <(find "$BATS_TEST_TMPDIR" -type f -size -64M -print0 |
    xargs -0 grep -lIZ '^{"ts":"' 2>/dev/null)
  [ "${#files[@]}" -eq 0 ] || python3 "$bats_dir/check_events.py" "${files[@]}"
}

websub_teardown() {
  local i file failed=0
  # Subscribers end before the hub that they take their leave of.
  for ((i = ${#bg_order[@]} - 1; i >= 0; --i)); do
    stop_bg "${bg_order[i]}" || true
  done
  if grep -lE 'ERROR: (Address|Leak|Thread)Sanitizer|WARNING: ThreadSanitizer|runtime error:|websub: internal error' \
    "$BATS_TEST_TMPDIR"/*.err 2>/dev/null; then
    failed=1
  fi
  events_are_documented || failed=1
  if [ -z "${BATS_TEST_COMPLETED:-}" ] || [ "$failed" = 1 ]; then
    for file in "$BATS_TEST_TMPDIR"/*.{out,err}; do
      [ -s "$file" ] || continue
      echo "--- ${file##*/}"
      tail -n 30 "$file"
    done
  fi
  return "$failed"
}

setup() { websub_setup; }
teardown() { websub_teardown; }

# Says why a whole file is skipped; for its setup, behind websub_setup (bats 1.8 cannot skip in
# setup_file).
skip_file() {
  echo "# SKIPPED: $1" >&3
  skip "$1"
}

start_bg() {
  local name=$1
  shift
  # Nobody may take what the last one of that name printed for its own.
  : >"$BATS_TEST_TMPDIR/$name.out" >"$BATS_TEST_TMPDIR/$name.err"
  # A shell lets its children in the background ignore SIGINT; a user's terminal does not.
  [ "$(type -t "$1")" != file ] || set -- env --default-signal=INT,QUIT "$@"
  # Bats waits for everybody who holds its descriptor 3.
  "$@" >"$BATS_TEST_TMPDIR/$name.out" 2>"$BATS_TEST_TMPDIR/$name.err" </dev/null 3>&- &
  bg_pids[$name]=$!
  bg_order+=("$name")
}

# Whether it still runs: a zombie does not.
bg_runs() {
  local state
  state=$(ps -o stat= -p "${bg_pids[$1]}") && [[ $state != Z* ]]
}

bg_ended() { ! bg_runs "$1"; }

# Whether the file holds a whole line: Python writes the end of one by itself.
written_or_ended() { [ "$(wc -l 2>/dev/null <"$1" || echo 0)" -gt 0 ] || bg_ended "$2"; }

wait_bg() {
  wait_for bg_ended "$1"
  status=0
  # shellcheck disable=SC2034
  wait "${bg_pids[$1]}" || status=$?
  unset "bg_pids[$1]"
}

stop_bg() {
  [ -n "${bg_pids[$1]:-}" ] || return 0
  kill -s "${2:-TERM}" "${bg_pids[$1]}" 2>/dev/null || true
  wait_bg "$1" && return 0
  kill -s KILL "${bg_pids[$1]}" 2>/dev/null || true
  wait "${bg_pids[$1]}" 2>/dev/null || true
  unset "bg_pids[$1]"
  echo "$1 did not end" >&2
  return 1
}

wait_for() {
  local end=$((SECONDS + deadline_seconds))
  until "$@"; do
    if ((SECONDS > end)); then
      echo "waited $deadline_seconds s in vain for: $*" >&2
      return 1
    fi
    sleep 0.1
  done
}

file_has() { grep -qF -- "$2" "$1" 2>/dev/null; }

# out_has NAME TEXT, err_has NAME TEXT: what a process of start_bg has printed up to now.
out_has() { file_has "$BATS_TEST_TMPDIR/$1.out" "$2"; }
err_has() { file_has "$BATS_TEST_TMPDIR/$1.err" "$2"; }

# Below those that the system gives to whoever asks for any port: nobody takes it before its user does.
free_port() {
  python3 -S - <<'PYTHON'
import random, socket
while True:
    try:
        with socket.socket() as s:
            s.bind(("127.0.0.1", random.randrange(10000, 32000)))
            print(s.getsockname()[1])
            break
    except OSError:
        pass
PYTHON
}

# Of --listen and --db each is only set where the flags do not.
start_hub() {
  local given=" $* " place=() ready=$BATS_TEST_TMPDIR/hub.ready
  rm -f "$ready"
  [[ $given == *" --listen "* ]] || place+=(--listen 127.0.0.1:0)
  [[ $given == *" --db "* ]] || place+=(--db "$BATS_TEST_TMPDIR/hub.db")
  start_bg hub websub serve "${place[@]}" --ready-file "$ready" "$@"
  wait_for written_or_ended "$ready" hub
  [ -s "$ready" ] || {
    echo "the hub did not start: $(cat "$BATS_TEST_TMPDIR/hub.err")" >&2
    return 1
  }
  HUB=$(cat "$ready")
}

start_peer() {
  local file=$1
  shift
  [ -e "$file" ] || file=$bats_dir/$file
  start_bg peer python3 -S -u "$file" "$@"
  wait_for written_or_ended "$BATS_TEST_TMPDIR/peer.out" peer
  # shellcheck disable=SC2034
  read -r PEER <"$BATS_TEST_TMPDIR/peer.out"
}

in_terminal() { python3 "$bats_dir/terminal.py" "$@"; }

# The names of all commands.
commands() { websub --help | sed -n '/^Examples/q; s/^  \([a-z][a-z-]*\) .*/\1/p'; }

# Content for a topic that the hub hosts: put_topic NAME CONTENT|@FILE [TYPE].
put_topic() {
  curl -sS -f -X PUT -H "Content-Type: ${3:-text/plain}" --data-binary "$2" "$HUB/topics/$1"
}

# Fails unless standard input is NDJSON whose objects all start with ts and type.
check_ndjson() { python3 "$bats_dir/check_ndjson.py"; }

# is VALUE WANTED: says both where they differ.
is() {
  [ "$1" = "$2" ] || {
    printf 'got:    %s\nwanted: %s\n' "$1" "$2"
    return 1
  }
}

# has TEXT PART, lacks TEXT PART
has() {
  [[ $1 == *"$2"* ]] || {
    printf 'got:    %s\nwithout: %s\n' "$1" "$2"
    return 1
  }
}
lacks() {
  [[ $1 != *"$2"* ]] || {
    printf 'got:    %s\nwith: %s\n' "$1" "$2"
    return 1
  }
}

# json EXPRESSION: of the JSON on standard input, `d`, in Python's words.
json() { python3 -S -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

# api PATH [EXPRESSION]: what GET /api/v1/PATH of the hub answers.
api() { curl -sS -f "$HUB/api/v1/$1" | json "${2:-d}"; }

# api_is PATH EXPRESSION VALUE, for wait_for.
api_is() { [ "$(api "$1" "$2" 2>/dev/null)" = "$3" ]; }

# hub_form NAME=VALUE…: POSTs that form to the hub and prints the status; its answer is in $answer_file.
hub_form() {
  local field fields=()
  for field in "$@"; do fields+=(--data-urlencode "$field"); done
  answer_file=$BATS_TEST_TMPDIR/answer
  curl -sS -o "$answer_file" -w '%{http_code}' "${curl_flags[@]}" "${fields[@]}" "$HUB/hub"
}

# subscribe_form TOPIC CALLBACK [NAME=VALUE…]: asks the hub as a subscriber does; prints the status.
subscribe_form() {
  hub_form hub.mode=subscribe "hub.topic=$1" "hub.callback=$2" "${@:3}"
}

# subscribed TOPIC CALLBACK [NAME=VALUE…]: the same, and waits until it is verified.
subscribed() {
  local code active
  active=$(api subscriptions 'sum(s["state"] == "active" for s in d["items"])')
  code=$(subscribe_form "$@")
  [ "$code" = 202 ] || {
    echo "the hub answered $code: $(cat "$BATS_TEST_TMPDIR/answer")" >&2
    return 1
  }
  wait_for api_is subscriptions 'sum(s["state"] == "active" for s in d["items"])' "$((active + 1))"
}
