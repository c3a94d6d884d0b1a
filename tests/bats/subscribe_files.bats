#!/usr/bin/env bats
# websub subscribe --output-dir and --record: notifications as files.

load helper

setup() {
  websub_setup
  start_bg foreign python3 -u "$bats_dir/foreign_hub.py"
  wait_for written_or_ended "$BATS_TEST_TMPDIR/foreign.out" foreign
  read -r FOREIGN <"$BATS_TEST_TMPDIR/foreign.out"
}

deliver() { curl -sS -o answer -w '%{http_code}' --data-binary "$1" "$FOREIGN/deliver?${2:-}"; }

@test "bodies become files that sort by time, with what is known beside them" {
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --secret s3cret --output-dir out/news --json
  wait_for out_has sub '"verified"'
  is "$(deliver '<feed/>' 'header=Content-Type:application/atom%2Bxml&header=X-Twice:1&header=X-Twice:2&header=Authorization:Basic+c3R1ZmY=')" 204
  is "$(deliver '{}' 'header=Content-Type:application/json&chunked=1&header=Websub-Message-Id:m2')" 204
  is "$(deliver forged 'sign=wrong')" 204
  is "$(deliver '' 'header=Content-Type:text/plain')" 204
  wait_for out_has sub '.txt"'
  run -0 ls -A out/news
  [[ "${lines[0]}" == *-000001.atom ]]
  [[ "${lines[1]}" == *-000001.meta.json ]]
  [[ "${lines[2]}" == *-000002.json ]]
  [[ "${lines[4]}" == *-000003.meta.json ]]
  is "${#lines[@]}" 6
  is "$(cat out/news/*.atom)" "<feed/>"
  is "$(cat out/news/*-000002.json)" "{}"
  run -0 python3 - out/news/*-000001.meta.json <<'END'
import json, sys
about = json.load(open(sys.argv[1]))
assert about["file"].endswith("-000001.atom"), about
assert about["signature"] == "valid" and about["bytes"] == 7, about
assert about["content_type"] == "application/atom+xml", about
assert ["X-Twice", "1"] in about["fields"] and ["X-Twice", "2"] in about["fields"], about
assert ["Authorization", "***"] in about["fields"], about
END
  run -0 grep -c '"file":"out/news/' "$BATS_TEST_TMPDIR/sub.out"
  is "$output" 3
  run -0 grep '"signature":"invalid"' "$BATS_TEST_TMPDIR/sub.out"
  lacks "$output" '"file"'
  has "$output" '"finding"'
  run ! out_has sub '<feed/>'
  stop_bg sub
  is "$status" 143
  run ! ls out/news/.websub-*
}

@test "with --quiet the names of the files are all that is printed" {
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" -q --once --output-dir out
  wait_for file_has "$BATS_TEST_TMPDIR/foreign.out" hub.callback
  wait_for eval '[ "$(deliver one)" = 204 ]'
  wait_bg sub
  is "$(cat "$(cat "$BATS_TEST_TMPDIR/sub.out")")" one
}

@test "100 MB stream to disk with flat memory, and beyond --max-body it is 413" {
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --output-dir out --json --max-body 100MiB
  wait_for out_has sub '"verified"'
  hwm() { awk '/VmHWM/ {print $2}' "/proc/${bg_pids[sub]}/status"; }
  is "$(deliver warm)" 204
  before=$(hwm)
  is "$(deliver x 'zeros=104857600')" 204
  is "$(deliver x 'zeros=104857600&chunked=1')" 204
  after=$(hwm)
  echo "memory: $before KiB before, $after KiB after"
  ((after - before < 20000))
  wait_for out_has sub '-000003.bin"'
  is "$(stat -c %s out/*-000003.bin)" 104857600
  run -0 tail -n 1 "$BATS_TEST_TMPDIR/sub.out"
  has "$output" '"signature":"valid"'
  has "$output" '"bytes":104857600'
  is "$(deliver x 'zeros=104857601')" 413
  is "$(deliver x 'zeros=104857601&chunked=1')" 413
  is "$(find out -type f | wc -l)" 6
}

@test "without --output-dir the limit is 10 MiB" {
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --count 1
  wait_for err_has sub "verified: subscribed"
  is "$(deliver x 'zeros=10485761')" 413
  err_has sub "--max-body allows more"
  is "$(deliver x 'zeros=10485760')" 204
  wait_bg sub
  is "$status" 0
}

@test "--exec reads the file, and --expect looks into it" {
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --output-dir out --once --expect 'body~^three' \
    --exec 'tr a-z A-Z >upper; echo "$WEBSUB_FILE" >name'
  wait_for err_has sub "verified: subscribed"
  is "$(deliver 'three words')" 204
  wait_bg sub
  is "$status" 0
  is "$(cat upper)" "THREE WORDS"
  is "$(cat "$(cat name)")" "three words"
}

@test "a recording can be replayed and checked" {
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --secret s3cret --record raw.http --count 2
  wait_for err_has sub "verified: subscribed"
  is "$(deliver one 'header=X-Twice:1&header=x-twice:2')" 204
  is "$(deliver forged 'sign=wrong')" 204
  is "$(deliver two 'chunked=1')" 204
  wait_bg sub
  is "$status" 0
  run -0 cat raw.http
  is "$(grep -ao 'POST /' raw.http | wc -l)" 3
  has "$output" $'X-Twice: 1\r\n'
  has "$output" $'x-twice: 2\r\n'
  lacks "$output" chunked
  is "$(stat -c %a raw.http)" 600
  # Of several requests the first is checked, or all; each ends where the next begins.
  python3 - raw.http <<'END'
import sys
rest, bodies = open(sys.argv[1], "rb").read(), []
while rest:
    head, rest = rest.split(b"\r\n\r\n", 1)
    length = int([line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")][0].split(b":")[1])
    bodies.append(rest[:length])
    rest = rest[length:]
assert bodies == [b"one", b"forged", b"two"], bodies
END
  start_bg again websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --secret s3cret --record raw.http --count 1 --output-dir out
  wait_for err_has again "verified: subscribed"
  is "$(deliver three)" 204
  wait_bg again
  is "$(grep -ao 'POST /' raw.http | wc -l)" 4
  has "$(tail -c 5 raw.http)" three
}

@test "a recording of our own hub is published again and its signature checked" {
  start_hub
  put_topic news one
  start_bg sub websub subscribe "$HUB/topics/news" --secret s3cret --record raw.http --once
  wait_for err_has sub "verified: subscribed"
  put_topic news two
  wait_bg sub
  is "$status" 0
  run -0 websub verify-sig --request raw.http --secret s3cret
  run -4 websub verify-sig --request raw.http --secret other
  start_bg again websub subscribe "$HUB/topics/news" --once --json
  wait_for out_has again '"verified"'
  run -0 websub publish --replay raw.http --hub "$HUB/hub"
  wait_bg again
  is "$status" 0
  out_has again '"body":"two"'
}

@test "places that cannot be written to are usage errors" {
  touch file
  run -2 --separate-stderr websub subscribe http://127.0.0.1:1/t --hub http://127.0.0.1:1/ --output-dir file
  has "$stderr" "cannot make the folder file"
  run -2 --separate-stderr websub subscribe http://127.0.0.1:1/t --hub http://127.0.0.1:1/ --record /nowhere/x
  has "$stderr" "cannot record to /nowhere/x: No such file or directory"
}

@test "a folder that vanishes is told to the hub, which keeps the notification" {
  start_bg sub websub subscribe "$FOREIGN/t" --hub "$FOREIGN/hub" --output-dir out
  wait_for err_has sub "verified: subscribed"
  rm -r out
  is "$(deliver lost)" 507
  mkdir out
  is "$(deliver kept)" 204
  stop_bg sub
  is "$(cat out/*.bin)" kept
}
