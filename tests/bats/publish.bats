#!/usr/bin/env bats
# websub publish: pings, content, several publishes, recordings, and curl commands.

load helper

# Whether curl can make the hub's answer to a command again: runs what --curl printed.
run_printed() { sh "$BATS_TEST_TMPDIR/commands"; }

bodies() { python3 -c 'import json,sys
for line in open(sys.argv[1]):
    if line.startswith("{"): print(json.loads(line)["body"])' "$BATS_TEST_TMPDIR/peer.out"; }

@test "several publishes of a template are numbered, dated and random" {
  start_peer peer.py
  printf '{"n":{{n}},"at":"{{now}}","id":"{{random 6}}"}' >t.json
  run -0 websub publish http://t.example/ --hub "$PEER/hub" --content t.json --template --count 3 --every 10ms --json
  check_ndjson <<<"$output"
  is "$(grep -c '"type":"published".*"kind":"content","n":[123],"accepted":true,"status":204' <<<"$output")" 3
  run -0 bodies
  is "${#lines[@]}" 3
  for n in 1 2 3; do
    [[ ${lines[n - 1]} =~ ^\{\"n\":$n,\"at\":\"[0-9-]+T[0-9:]+\.[0-9]{6}Z\",\"id\":\"[0-9a-f]{6}\"\}$ ]]
  done
  [ "${lines[0]#*id}" != "${lines[1]#*id}" ]
}

@test "content is sent as it is unless --template is given" {
  start_peer peer.py
  printf '{{n}} {{other}}' >t.txt
  run -0 --separate-stderr websub publish t --hub "$PEER/hub" --content - --count 2 <t.txt
  has "$stderr" "--template fills it in"
  run -0 bodies
  is "$output" $'{{n}} {{other}}\n{{n}} {{other}}'
  run -2 websub publish t --hub "$PEER/hub" --content t.txt --template
  is "$output" "websub: --template: line 1: {{other}} is none of {{n}}, {{now}} and {{random N}}; {{{{ stands for {{"
  printf 'a\n{{rnadom 4}}' >t.txt
  run -2 websub publish t --hub "$PEER/hub" --content t.txt --template
  has "$output" "line 2: {{rnadom 4}} is none of {{n}}, {{now}} and {{random N}}: did you mean {{random 8}}?"
}

@test "publishes without an end are ended by a signal or by the time" {
  start_peer peer.py
  start_bg many websub publish t --hub "$PEER/hub" --every 50ms
  wait_for out_has many "pinged  t  at $PEER/hub  204"
  stop_bg many INT
  is "$status" 130
  is "$(cat "$BATS_TEST_TMPDIR/many.err")" ""
  run -124 websub publish t --hub "$PEER/hub" --count 5 --every 1m --timeout 3s
  has "$output" "websub: --timeout ran out: published 1 of 5 times"
}

@test "a signal while a publish waits for its answer is told where an end was asked for" {
  start_peer peer.py silent
  start_bg endless websub publish t --hub "$PEER/endless" --every 50ms
  start_bg five websub publish t --hub "$PEER/five" --every 50ms --count 5
  wait_for out_has peer '"/endless"'
  wait_for out_has peer '"/five"'
  stop_bg endless INT
  is "$status" 130
  is "$(cat "$BATS_TEST_TMPDIR/endless.err")" ""
  stop_bg five INT
  is "$status" 130
  is "$(cat "$BATS_TEST_TMPDIR/five.err")" "websub: interrupted while waiting for $PEER/five"
}

@test "each publish of several waits for its delivery" {
  start_hub
  start_bg sub websub subscribe "$HUB/topics/a" --hub "$HUB/hub" --count 3 --json
  wait_for out_has sub '"verified"'
  run -0 websub publish "$HUB/topics/a" --hub "$HUB/hub" --content - --template --type text/plain \
    --count 3 --wait-delivered 1 --json <<<'number {{n}}'
  is "$(grep -c '"type":"delivered"' <<<"$output")" 3
  wait_bg sub
  is "$status" 0
  has "$(cat "$BATS_TEST_TMPDIR/sub.out")" 'number 3\n'
}

@test "several hubs: a line each, and the status is that of the first failure" {
  start_peer peer.py 403
  local away
  away=$(free_port)
  start_hub
  put_topic a x
  run --separate-stderr -5 websub publish "$HUB/topics/a" --hub "$PEER/hub" --hub ":$away/hub" --hub "$HUB/hub"
  has "$output" "pinged  $HUB/topics/a  at $HUB/hub  204"
  is "${stderr_lines[0]}" "websub: the hub $PEER/hub refused with 403"
  has "${stderr_lines[1]}" "connection refused by 127.0.0.1:$away"
  run -3 websub publish "$HUB/topics/a" --hub ":$away/hub" --hub "$PEER/hub" --json
  has "${lines[0]}" '"accepted":false,"status":0,"error":"connection refused by'
}

record() {
  python3 - "$@" <<'PY'
import sys
with open("recorded", "wb") as out:
    for type, body in (("text/plain", b"one"), ("application/json", b'{"n":2}\r\n'), (None, b"\0\xff")):
        out.write(b"POST /callback HTTP/1.1\r\nHost: x\r\n")
        if type: out.write(b"Content-Type: " + type.encode() + b"\r\n")
        out.write(b'Link: <http://old.example/hub>; rel="hub", <http://t.example/t>; rel="self"\r\n')
        out.write(b"X-Hub-Signature: sha256=00\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
PY
}

@test "a recording is published again in order, with the types recorded" {
  start_peer peer.py
  record
  run -0 websub publish --replay recorded --hub "$PEER/hub" --json
  check_ndjson <<<"$output"
  is "$(grep -c '"topic":"http://t.example/t","kind":"content","n":[123],"accepted":true' <<<"$output")" 3
  run -0 python3 - "$BATS_TEST_TMPDIR/peer.out" <<'PY'
import json, sys
for line in open(sys.argv[1]):
    if not line.startswith("{"): continue
    seen = json.loads(line)
    fields = {name.lower(): value for name, value in seen["fields"]}
    assert "x-hub-signature" not in fields and "link" not in fields
    print(seen["path"], fields["content-type"], repr(seen["body"]))
PY
  local query='/hub?hub.mode=publish&hub.topic=http%3A%2F%2Ft.example%2Ft'
  is "${lines[0]}" "$query text/plain 'one'"
  is "${lines[1]}" "$query application/json '{\"n\":2}\\r\\n'"
  is "${lines[2]}" "$query application/octet-stream '\\x00ÿ'"
  run -0 websub publish http://other.example/ --replay - --count 1 --hub "$PEER/hub" <recorded
  has "$output" "published  http://other.example/  at $PEER/hub  204"
  printf 'POST / HTTP/1.1\r\n\r\nx' >recorded
  run -2 websub publish --replay recorded --hub "$PEER/hub"
  is "$output" 'websub: recorded: line 1: no Link header with rel="self": name the topic to publish it to'
  run -2 websub publish --replay nowhere --hub "$PEER/hub"
}

@test "what subscribe records can be published again" {
  start_hub
  start_bg sub websub subscribe "$HUB/topics/a" --hub "$HUB/hub" --count 2 --record recorded
  wait_for err_has sub verified
  put_topic a 'one "1"' application/json
  put_topic a $'two\r\n' application/json
  wait_bg sub
  is "$status" 0
  start_bg again websub subscribe "$HUB/topics/a" --hub "$HUB/hub" --count 2 --json
  wait_for out_has again '"verified"'
  run -0 websub publish --replay recorded --hub "$HUB/hub"
  has "${lines[1]}" "published  $HUB/topics/a  at $HUB/hub  200"
  wait_bg again
  has "$(cat "$BATS_TEST_TMPDIR/again.out")" '"body":"one \"1\""'
  has "$(cat "$BATS_TEST_TMPDIR/again.out")" '"body":"two\r\n"'
}

@test "--curl prints what would be sent, and sends nothing" {
  start_peer peer.py
  printf 'it'"'"'s {{n}} $HOME' >c.txt
  run -0 websub publish http://t.example/ --hub "$PEER/hub" --param hub.url --curl
  is "$output" "curl -sS -i -L -H 'Content-Type: application/x-www-form-urlencoded' --data-raw 'hub.mode=publish&hub.url=http%3A%2F%2Ft.example%2F' $PEER/hub"
  run -0 websub publish http://t.example/ --hub "$PEER/hub" --content c.txt --curl
  has "$output" "--data-binary @c.txt '$PEER/hub?hub.mode=publish&hub.topic="
  run -0 websub publish http://t.example/ --hub "$PEER/hub" --content c.txt --template --curl
  echo "$output" >"$BATS_TEST_TMPDIR/commands"
  run -0 bodies
  is "$output" ""
  run_printed
  run -0 bodies
  is "$output" "it's 1 \$HOME"
}

@test "--curl hides secrets and says what to set" {
  run -0 websub publish http://t.example/ --hub http://me:hunter2@127.0.0.1:1/hub --register \
    --header 'Authorization: Bearer hunter2' --cacert 'my ca.pem' --insecure-host 127.0.0.1 --curl
  lacks "$output" hunter2
  is "${lines[0]}" "# set AUTHORIZATION and PASSWORD"
  has "${lines[1]}" '-H "Authorization: $AUTHORIZATION"'
  has "${lines[1]}" "--cacert 'my ca.pem' --insecure \"http://me:\$PASSWORD@127.0.0.1:1/hub\""
  run -0 websub publish http://t.example/ --hub http://127.0.0.1:1/hub --wait-delivered 1 \
    --api-token hunter2 --curl
  lacks "$output" hunter2
  has "${lines[3]}" 'curl -sS -i -H "Authorization: Bearer $WEBSUB_API_TOKEN"'
  run -0 websub publish http://t.example/ --hub http://127.0.0.1:1/hub --curl --json --insecure
  check_ndjson <<<"$output"
  has "$output" '"type":"curl","command":"curl '
}

@test "--curl begins with the discovery of a topic without a hub" {
  start_hub
  put_topic a x
  run -0 websub publish "$HUB/topics/a" --curl
  has "${lines[0]}" '# HUB is what rel="hub" names, TOPIC what rel="self" names'
  is "${lines[1]}" "curl -sS -i -L $HUB/topics/a"
  is "${lines[2]}" "# set TOPIC and HUB"
  echo "${lines[3]}" >"$BATS_TEST_TMPDIR/commands"
  export HUB TOPIC=$HUB/topics/a
  HUB=$HUB/hub run -0 run_printed
  has "$output" "204 No Content"
  run -0 websub publish "$TOPIC" --content - --curl
  has "${lines[3]}" '--data-binary @- "$HUB?hub.mode=publish&hub.topic='
}

@test "the words of other hubs, tokens from files and all the rest of the flags" {
  start_hub --api-token letmein
  echo letmein >token
  run -0 websub publish "$HUB/topics/a" --hub "$HUB/hub" --content - --type text/plain \
    --body-style echostream --wait-delivered 1 --api-token-file token --timeout 100ms --curl <<<x
  has "$output" "contentBase64"
  run -5 websub publish "$HUB/topics/a" --hub "$HUB/hub" --content - --wait-delivered 1 --timeout 10s <<<x
  run -124 websub publish "$HUB/topics/a" --hub "$HUB/hub" --content - --wait-delivered 1 \
    --api-token-file token --timeout 3s <<<x
  has "$output" "was delivered to 0 of 1 subscriber"
  run -0 websub publish "$HUB/topics/a" --hub "$HUB/hub" --register -q
  is "$output" ""
  run -0 websub publish "$HUB/topics/a" --hub "$HUB/hub" --deregister -v --color always --no-config
  has "$output" $'\033['
}
