#!/usr/bin/env bats
# Which value holds for a flag, and from where it comes.

load helper

# where SETTING [COMMAND…]: "VALUE|FROM|WHERE" of a setting, as --json tells it.
where() {
  local name=$1
  shift
  websub config --json "$@" | python3 -c '
import json, sys
for row in map(json.loads, sys.stdin):
    if row["name"] == sys.argv[1]:
        print("|".join(str(row.get(key, "")) for key in ("value", "from", "where")))' "$name"
}

@test "nothing is set in an empty home" {
  run -0 --separate-stderr websub config
  is "$output" ""
  is "$stderr" "websub: nothing is set; websub config --all shows the defaults"
}

@test "flag before environment before the folder's file before the user's" {
  mkdir -p "$XDG_CONFIG_HOME/websub"
  echo 'listen = ":1001"' >"$XDG_CONFIG_HOME/websub/config.toml"
  is "$(where listen serve)" ":1001|file|$XDG_CONFIG_HOME/websub/config.toml:1:1"
  echo 'listen = ":1002"' >websub.toml
  is "$(where listen serve)" ":1002|file|websub.toml:1:1"
  export WEBSUB_LISTEN=:1003
  is "$(where listen serve)" ":1003|environment|WEBSUB_LISTEN"
  is "$(where listen serve -- --listen :1004)" ":1004|flag|--listen"
}

@test "the user's file is also found by HOME alone" {
  unset XDG_CONFIG_HOME
  mkdir -p "$HOME/.config/websub"
  echo 'listen = ":1001"' >"$HOME/.config/websub/config.toml"
  is "$(where listen serve)" ":1001|file|$HOME/.config/websub/config.toml:1:1"
}

@test "--config reads that file only, --no-config none" {
  echo 'listen = ":1002"' >websub.toml
  printf '[serve]\ndb = "x.db"\n' >other.toml
  is "$(where listen serve --config other.toml)" "127.0.0.1:4820|default|"
  is "$(where db serve --config other.toml)" "x.db|file|other.toml:2:1"
  is "$(where listen serve --no-config)" "127.0.0.1:4820|default|"
  is "$(WEBSUB_NO_CONFIG=1 where listen serve)" "127.0.0.1:4820|default|"
  is "$(WEBSUB_CONFIG=other.toml where db serve)" "x.db|file|other.toml:2:1"
}

@test "every command takes --config, and says where the file is not" {
  local call
  for call in "websub serve" "websub subscribe :1/t" "websub publish :1/t" "websub discover :1/t" \
    "websub inspect topics" "websub verify-sig -" "websub conformance hub :1/h" "websub bench :1/h" \
    "websub config" "websub completion bash"; do
    # shellcheck disable=SC2086
    run -2 --separate-stderr $call --config gone.toml
    is "${stderr_lines[0]}" "websub: --config: there is no file gone.toml"
  done
}

@test "a command's table beats the top level, and EchoStream's names are those of serve" {
  cat >websub.toml <<'TOML'
timeout = "1m"
[publish]
timeout = 5
hub = ["http://127.0.0.1:1/a", "http://127.0.0.1:1/b"]
[echostream]
deliveryRetries = "unlimited"
defaultLeaseSeconds = 3600
maxLeaseSeconds = 7200
signatureAlgorithm = "sha1"
subscriptionSecurity = "both"
TOML
  is "$(where timeout publish)" "5|file|websub.toml:3:1"
  is "$(where timeout discover)" "1m|file|websub.toml:1:1"
  is "$(where hub publish)" "['http://127.0.0.1:1/a', 'http://127.0.0.1:1/b']|file|websub.toml:4:1"
  is "$(where delivery-retries serve)" "unlimited|file|websub.toml:6:1"
  is "$(where subscription-security serve)" "both|file|websub.toml:10:1"
}

@test "secrets are masked, and a file that others may read is warned of" {
  printf 'secret = "hunter2"\nheader = "Authorization: Bearer hunter2"\n' >websub.toml
  chmod 644 websub.toml
  run -0 --separate-stderr websub config --all
  lacks "$output$stderr" hunter2
  has "$output" '***'
  start_peer peer.py
  run --separate-stderr websub publish "$PEER/t" --hub "$PEER/hub"
  is "$status" 0
  has "$stderr" "others may read the secret in this file; chmod 600 websub.toml"
  chmod 600 websub.toml
  run -0 --separate-stderr websub publish "$PEER/t" --hub "$PEER/hub"
  lacks "$stderr" "chmod"
}

@test "what config shows is what the command takes" {
  start_peer peer.py
  printf '[publish]\nhub = "%s/from-file"\n' "$PEER" >websub.toml
  run -0 websub publish http://127.0.0.1:1/t
  wait_for out_has peer '"path": "/from-file"'
  WEBSUB_HUB=$PEER/from-variable run -0 websub publish http://127.0.0.1:1/t
  wait_for out_has peer '"path": "/from-variable"'
  run -0 websub publish http://127.0.0.1:1/t --hub "$PEER/from-flag"
  wait_for out_has peer '"path": "/from-flag"'
}

@test "a variable of a repeated flag holds words, that of a switch 1 or 0" {
  is "$(WEBSUB_HUB='http://a/ http://b/' where hub publish)" "['http://a/', 'http://b/']|environment|WEBSUB_HUB"
  is "$(WEBSUB_QUIET=1 where quiet publish)" "True|environment|WEBSUB_QUIET"
  is "$(WEBSUB_QUIET=0 where quiet publish)" "False|environment|WEBSUB_QUIET"
  is "$(WEBSUB_QUIET='' where quiet publish)" "False|default|"
}

@test "every setting of every command has a line with --all" {
  websub config --all --json >all.ndjson
  check_ndjson <all.ndjson
  for command in serve subscribe publish discover inspect verify-sig conformance bench; do
    grep -q "\"command\":\"$command\"" all.ndjson
  done
}

@test "for people: aligned, coloured on request, quiet on demand" {
  echo 'listen = ":1002"' >websub.toml
  run -0 websub config
  has "${lines[0]}" "command"
  has "$output" "websub.toml:1:1"
  lacks "$output" $'\e'
  run -0 websub config --color always
  has "$output" $'\e['
  run -0 websub config serve --quiet
  run -0 websub config serve --verbose
}
