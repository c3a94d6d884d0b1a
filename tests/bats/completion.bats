#!/usr/bin/env bats
# `websub completion`, and what its scripts do in the shells themselves.

load helper

# What bash would offer for this command line, one a line.
offers_in_bash() {
  websub completion bash >script.bash
  bash --norc -c '
    source ./script.bash
    compopt() { echo "compopt $*"; }
    COMP_LINE=$1 COMP_POINT=${#1}
    # As readline does it: broken at white space, ":" and "=".
    mapfile -t COMP_WORDS < <(sed "s/[:=]\+/\n&\n/g; s/ \+/\n/g" <<<"$1" | sed "/^$/d")
    [[ $1 == *[" :="] ]] && [[ $1 != *[:=] ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _websub
    printf "%s\n" "${COMPREPLY[@]}"' bash "$1"
}

@test "bash completes commands, flags and their words" {
  is "$(offers_in_bash 'websub ver')" verify-sig
  is "$(offers_in_bash 'websub help insp')" inspect
  is "$(offers_in_bash 'websub serve --public-')" --public-url
  is "$(offers_in_bash 'websub serve --color ')" $'auto\nalways\nnever'
  is "$(offers_in_bash 'websub serve --color=al')" always
  is "$(offers_in_bash 'websub verify-sig --db x --algo')" --algorithm
  is "$(offers_in_bash 'websub verify-sig --algorithm sha3')" sha384
  is "$(offers_in_bash 'websub inspect sub')" subscriptions
  is "$(offers_in_bash 'websub inspect --limit 5 sub')" subscriptions
  is "$(offers_in_bash 'websub conformance --level must publ')" publisher
  is "$(offers_in_bash 'websub config verif')" verify-sig
  is "$(offers_in_bash 'websub completion z')" zsh
}

@test "bash completes files where a flag takes one" {
  has "$(offers_in_bash 'websub serve --db hu')" "compopt -o default"
  has "$(offers_in_bash 'websub verify-sig bo')" "compopt -o default"
  has "$(offers_in_bash 'websub serve -- ./te')" "compopt -o default"
  lacks "$(offers_in_bash 'websub serve --listen ')" compopt
}

# Asked until it says so: on a busy machine the hub may answer too late, and then nothing is offered.
both_topics() {
  [ "$(websub completion --topics | sort)" = "$HUB/topics/news"$'\n'"$HUB/topics/other" ]
}
offers_news() { [ "$(offers_in_bash "$1")" = "${HUB##*:}/topics/news" ]; }
says() { [[ $("${@:2}") == *"$1"* ]]; }

@test "topics and ids come from the running hub" {
  start_hub
  export WEBSUB_HUB_URL=$HUB/hub
  put_topic news one
  put_topic 'other' two
  wait_for both_topics
  wait_for says m1 websub completion --ids
  local port=${HUB##*:}
  wait_for offers_news "websub subscribe http://127.0.0.1:${port}/topics/n"
  wait_for offers_news "websub inspect exchanges --topic=http://127.0.0.1:${port}/topics/n"
  wait_for says m1 offers_in_bash 'websub inspect show m'
  wait_for says '"type":"word","word":"http://' websub completion --topics --json
  websub completion --topics --json | check_ndjson
}

@test "a topic that a shell would take for more than a word is not offered" {
  start_hub
  put_topic plain one
  curl -sS -o /dev/null "$HUB/hub" --data-urlencode hub.mode=publish \
    --data-urlencode 'hub.topic=http://127.0.0.1:1/$(touch pwned)'
  curl -sS -o /dev/null "$HUB/hub" --data-urlencode hub.mode=publish --data-urlencode 'hub.topic=http://127.0.0.1:1/;b'
  wait_for says "$HUB/topics/plain" websub completion --topics --hub "$HUB"
  run -0 websub completion --topics --hub "$HUB"
  lacks "$output" pwned
  lacks "$output" ';b'
}

@test "a hub that is not there offers nothing, and does not take long to" {
  run -0 --separate-stderr websub completion --topics --hub "http://127.0.0.1:$(free_port)"
  is "$output$stderr" ""
  # One that takes the request and never answers.
  cat >mute.py <<'PYTHON'
import socket
server = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{server.getsockname()[1]}", flush=True)
peers = []
while True:
    peers.append(server.accept())
PYTHON
  start_peer "$PWD/mute.py"
  local before=$SECONDS
  run -0 --separate-stderr websub completion --ids --hub "$PEER"
  is "$output$stderr" ""
  ((SECONDS - before < 10))
  run -0 --separate-stderr websub completion --ids --hub "nonsense://"
  is "$output$stderr" ""
}

@test "the token of the hub's API is taken" {
  start_hub --api-token sesame
  put_topic news one
  run -0 websub completion --topics --hub "$HUB"
  is "$output" ""
  wait_for says /topics/news websub completion --topics --hub "$HUB" --api-token sesame
  echo sesame >token
  wait_for says /topics/news websub completion --topics --hub "$HUB" --api-token-file token
}

@test "an unknown shell is told of" {
  run -2 websub completion
  is "${lines[0]}" "websub: a shell is missing: bash, zsh or fish"
  run -2 websub completion fihs
  is "${lines[0]}" "websub: there is no completion for fihs: did you mean fish?"
  run -2 websub completion powershell
  is "${lines[0]}" "websub: there is no completion for powershell: bash, zsh or fish"
  run -2 websub completion bash --topics
  is "${lines[0]}" "websub: --topics takes no shell"
  run -2 websub completion --topics --ids
  run -2 websub completion bash zsh
  run -2 websub completion --topic
  has "$output" "unknown flag --topic: did you mean --topics?"
}

@test "the script as JSON is one object" {
  for shell in bash zsh fish; do
    run -0 websub completion "$shell" --json
    check_ndjson <<<"$output"
    is "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["script"], end="")' <<<"$output")" \
      "$(websub completion "$shell" --color never -q -v)"
  done
}

@test "bash completes under a pseudo-terminal" {
  websub completion bash >script.bash
  touch file-one
  run -0 python3 "$bats_dir/type_keys.py" bash --norc --noprofile -i -- \
    "PS1='ready '; source ./script.bash\n" "ready " \
    'websub verif\t' 'websub verify-sig ' \
    '--alg\t' '--algorithm ' \
    'sha38\t' 'sha384 ' \
    '\x15websub verify-sig fil\t' 'verify-sig file-one ' \
    '\x15websub serve --color=alw\t' '--color=always '
  bash -n script.bash
}

@test "zsh completes under a pseudo-terminal" {
  command -v zsh || skip "zsh is missing"
  websub completion zsh >_websub
  zsh -n _websub
  run -0 python3 "$bats_dir/type_keys.py" zsh -f -i -- \
    "PS1='ready '; autoload -Uz compinit; compinit -u -D; source ./_websub; echo loa''ded\n" loaded \
    'websub verif\t' 'websub verify-sig ' \
    '--alg\t' '--algorithm=' \
    'sha38\t' 'sha384 ' \
    '\x15websub insp\t' 'inspect ' \
    'subsc\t' 'subscriptions '
}

@test "fish completes" {
  command -v fish || skip "fish is missing"
  websub completion fish >websub.fish
  fish -n websub.fish
  complete_in_fish() { fish --no-config -c 'source ./websub.fish; complete -C "$argv[1]"' "$1" | cut -f 1; }
  is "$(complete_in_fish 'websub verif')" verify-sig
  is "$(complete_in_fish 'websub verify-sig --alg')" --algorithm
  is "$(complete_in_fish 'websub verify-sig --algorithm sha3')" sha384
  is "$(complete_in_fish 'websub inspect subsc')" subscriptions
  is "$(complete_in_fish 'websub config verif')" verify-sig
  start_hub
  put_topic news one
  export WEBSUB_HUB_URL=$HUB/hub
  wait_for says "$HUB/topics/news" complete_in_fish 'websub subscribe http'
  wait_for says m1 complete_in_fish 'websub inspect show m'
}
