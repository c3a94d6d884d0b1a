#!/usr/bin/env bats
# websub discover: what a URL names, and the same by curl.

load helper

@test "discover tells hub and topic, and nothing found is status 8" {
  start_hub
  put_topic a x
  run -0 websub discover "$HUB/topics/a" --fail-on warning --timeout 10s
  has "$output" "$HUB/hub"
  has "$output" "$HUB/topics/a"
  run -0 websub discover "$HUB/topics/a" --json
  check_ndjson <<<"$output"
  has "$output" '"type":"discovery"'
  run -8 --separate-stderr websub discover "$HUB/livez"
  has "$stderr" "names neither a hub nor a self link"
  run -3 websub discover ":$(free_port)/"
  run -2 websub discover "gopher://x/"
}

@test "--curl prints GET and HEAD, which show the same links" {
  start_hub
  put_topic a x
  run -0 websub discover "$HUB/topics/a" --accept 'text/html, */*' --accept-language de --curl
  is "${lines[0]}" "curl -sS -i -L -H 'Accept: text/html, */*' -H 'Accept-Language: de' $HUB/topics/a"
  is "${lines[1]}" "curl -sS -L --head -H 'Accept: text/html, */*' -H 'Accept-Language: de' $HUB/topics/a"
  echo "$output" >"$BATS_TEST_TMPDIR/commands"
  run -0 sh "$BATS_TEST_TMPDIR/commands"
  is "$(grep -c "^Link: <$HUB/hub>; rel=\"hub\"" <<<"$output")" 2
}

@test "--curl asks nobody and hides what a header holds" {
  run -0 websub discover "https://me:hunter2@127.0.0.1:1/" --header 'X-Key: hunter2' --cacert ca.pem \
    --insecure-host 127.0.0.1 --curl --color never -v
  lacks "$output" hunter2
  is "${lines[0]}" "# set X_KEY and PASSWORD"
  has "${lines[1]}" '--cacert ca.pem'
  has "${lines[1]}" '"https://me:$PASSWORD@127.0.0.1:1/"'
  run -0 websub discover https://127.0.0.1:1/ --insecure --curl --json --no-config
  check_ndjson <<<"$output"
  has "$output" '"command":"curl -sS -i -L --insecure https://127.0.0.1:1/"'
}
