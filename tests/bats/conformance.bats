#!/usr/bin/env bats
# `websub conformance`: what its flags choose and write. What the suites find is tested in tests/flows.

load helper

names() { websub conformance "$@" --list --json | python3 -S -c '
import json, sys
print(" ".join(sorted(json.loads(line)["name"] for line in sys.stdin)))'; }

@test "--list shows cases and runs nothing; --only, --skip, --level and --group choose" {
  run -0 --separate-stderr websub conformance hub --list
  has "$output" "HUB-VER-01"
  is "$(names hub --only HUB-VER-01)" HUB-VER-01
  has " $(names hub --only HUB-VER) " " HUB-VER-01 "
  lacks " $(names hub --only HUB-VER --skip HUB-VER-01) " " HUB-VER-01 "
  [ "$(names hub --level must | wc -w)" -lt "$(names hub --level may | wc -w)" ]
  [ "$(names hub --group retries,order | wc -w)" -gt "$(names hub | wc -w)" ]
  [ "$(names hub --group all | wc -w)" -gt "$(names hub --group retries | wc -w)" ]
  check_ndjson < <(websub conformance publisher --list --json)
  check_ndjson < <(websub conformance subscriber --list --json)
}

@test "a hub: every kind of report" {
  start_hub
  run -0 --separate-stderr websub conformance hub "$HUB/hub" --only HUB-VER-01 --only HUB-REQ-01 --jobs 2 \
    --report-junit junit.xml --report-tap report.tap --report-json report.json --report-html report.html \
    --report-w3c w3c.html --patience 20s --silence 300ms --timeout 2m --listen 127.0.0.1:0 --color never
  has "$output" "MUST 4 passed, 0 failed"
  python3 - <<'PYTHON'
import json, xml.etree.ElementTree as tree
report = json.load(open("report.json"))
assert list(report)[:3] == ["schema", "role", "target"], list(report)
assert report["role"] == "hub"
for case in report["cases"]:
    assert {"id", "level", "section", "status", "message", "evidence"} <= set(case), case
    assert case["status"] in ("passed", "failed", "skipped", "unobservable")
assert {case["id"] for case in report["cases"]} == {"HUB-VER-01", "HUB-REQ-01"}
assert len(list(tree.parse("junit.xml").getroot().iter("testcase"))) == len(report["cases"])
assert open("report.tap").read().startswith("TAP version 14\n")
assert "<html" in open("report.html").read()
assert open("w3c.html").read()
PYTHON
}

@test "a report goes to stdout by -" {
  start_hub
  websub conformance hub "$HUB/hub" --only HUB-VER-01 --report-tap - 2>err >out
  is "$(head -1 out)" "TAP version 14"
}

@test "--json is one object on a line" {
  start_hub
  run -0 --separate-stderr websub conformance hub "$HUB/hub" --only HUB-VER-01 --json --quiet
  check_ndjson <<<"$output"
  is "$(json 'd["type"], d["role"]' <<<"$output")" "('conformance', 'hub')"
}

@test "--github writes annotations and the step's summary" {
  start_hub
  GITHUB_STEP_SUMMARY=$PWD/summary.md run -4 websub conformance subscriber --start-cmd 'exit 0' \
    --only SUB-DISC-01 --level must --github
  has "$output" "::error"
  has "$(cat summary.md)" "SUB-DISC-01"
}

@test "--expected-failures: only what is new fails, and a closed gap is told" {
  names subscriber --only SUB-DISC-01 --level must | tr ' ' '\n' >gaps
  run -4 websub conformance subscriber --start-cmd 'exit 0' --only SUB-DISC-01 --level must
  run -0 websub conformance subscriber --start-cmd 'exit 0' --only SUB-DISC-01 --level must --expected-failures gaps
  start_hub
  echo HUB-VER-01 >gaps
  run --separate-stderr websub conformance hub "$HUB/hub" --only HUB-VER-01 --expected-failures gaps
  has "$output$stderr" "HUB-VER-01"
}

@test "a subscriber: --start-cmd, and each way to observe it" {
  run -0 websub conformance subscriber --start-cmd 'exec websub subscribe --quiet {topic}' --observe-output \
    --only SUB-VER-01 --verbose
  start_peer peer.py 200
  run -0 websub conformance subscriber --start-cmd 'exec websub subscribe --quiet {topic} >>taken' \
    --observe-cmd 'cat taken' --only SUB-VER-01
  run -0 websub conformance subscriber --start-cmd 'exec websub subscribe --quiet {topic}' \
    --observe-url "$PEER/taken" --only SUB-VER-01
}

@test "a subscriber: --interactive prints the topic and waits" {
  start_bg suite websub conformance subscriber --interactive --only SUB-VER-01/challenge --patience 20s
  wait_for grep -qE 'http://127\.0\.0\.1:[0-9]+/[^ ]*' "$BATS_TEST_TMPDIR/suite.out" "$BATS_TEST_TMPDIR/suite.err"
  local topic
  topic=$(cat "$BATS_TEST_TMPDIR"/suite.{out,err} | grep -oE 'http://127\.0\.0\.1:[0-9]+/[^ ]*' | head -1)
  start_bg sub websub subscribe "$topic"
  wait_bg suite
  is "$status" 0
}

@test "a publisher: --publish-cmd" {
  start_hub
  put_topic news one
  run -0 websub conformance publisher "$HUB/topics/news" --publish-cmd \
    "date +%s%N | curl -sS -X PUT -H Content-Type:text/plain --data-binary @- {topic}"
}

@test "a hub: --publish-style, --topic and --denied-topic" {
  start_hub --require-registration
  is "$(hub_form hub.mode=register hub.topic=http://127.0.0.1:1/known)" 200
  run -0 websub conformance hub "$HUB/hub" --topic http://127.0.0.1:1/known \
    --denied-topic http://127.0.0.1:1/unknown --publish-style hub.topic --only HUB-VER-01
}

@test "--public-base is what peers are told" {
  local port
  port=$(free_port)
  start_hub
  run -0 websub conformance hub "$HUB/hub" --only HUB-VER-01 --listen "127.0.0.1:$port" \
    --public-base "http://localhost:$port"
  has "$(api 'subscriptions?state=all' '{s["callback"].split("/")[2] for s in d["items"]}')" "localhost:$port"
}

@test "a run that could test nothing has not passed" {
  start_peer peer.py 404
  run -4 websub conformance hub "$PEER/hub" --only HUB-VER-01 --patience 1s
  has "$output" "nothing was tested"
  start_hub
  put_topic a one
  run -4 websub conformance publisher "$HUB/topics/a" --only PUB-MIG-01
  has "$output" "nothing was tested: every case was skipped or could not be observed"
  run -0 websub conformance hub "$HUB/hub" --only HUB-VER-01
  lacks "$output" "nothing was tested"
}

@test "--header goes along to the hub" {
  start_peer peer.py 500
  run websub conformance hub "$PEER/hub" --only HUB-VER-01 --header 'X-Tenant: blue' --patience 1s
  wait_for out_has peer '["X-Tenant", "blue"]'
}

@test "--cacert, --insecure and --insecure-host: a hub of https" {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=127.0.0.1 \
    -addext 'subjectAltName = IP:127.0.0.1' 2>/dev/null
  start_hub --tls-cert cert.pem --tls-key key.pem
  run -3 websub conformance hub "$HUB/hub" --only HUB-VER-01
  for trust in "--cacert cert.pem" --insecure "--insecure-host 127.0.0.1"; do
    # shellcheck disable=SC2086
    run -0 websub conformance hub "$HUB/hub" --only HUB-VER-01 $trust
  done
}

@test "settings: --config and --no-config, --help and --help-all" {
  printf '[conformance]\nonly = ["HUB-VER-01"]\n' >settings.toml
  is "$(names hub --config settings.toml)" HUB-VER-01
  echo 'nonsense = 1' >websub.toml
  run -0 websub conformance hub --list --no-config
  run -0 websub conformance --help
  run -0 websub conformance --help-all
}
