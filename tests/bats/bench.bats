#!/usr/bin/env bats
# `websub bench`: publishers and subscribers against a hub, and what it counts.

load helper

# bench FLAG…: runs it against the hub and leaves the result in $result.
bench() {
  result=$(websub bench "$HUB/hub" --subscribers 3 --messages 4 --json "$@" 2>"$BATS_TEST_TMPDIR/bench.err")
}
# of EXPRESSION: of the result, `d`.
of() { tail -1 <<<"$result" | json "$1"; }

@test "every message comes once to every subscriber" {
  start_hub --db :memory:
  bench
  check_ndjson <<<"$result"
  is "$(of 'd["lost"], d["duplicated"], d["out_of_order"]')" "(0, 0, 0)"
  is "$(of 'd["deliveries_per_second"] > 0 and d["accepts_per_second"] > 0')" True
  is "$(of 'all(d[key] >= 0 for key in ("p50_ms", "p95_ms", "p99_ms", "max_ms"))')" True
  is "$(of 'd["p50_ms"] <= d["p95_ms"] <= d["p99_ms"] <= d["max_ms"]')" True
}

@test "for people: a table on stdout" {
  start_hub --db :memory:
  run -0 --separate-stderr websub bench "$HUB/hub" --subscribers 2 --messages 2 --color never
  has "$output" "deliveries/s"
  has "$output" "lost"
  run -0 --separate-stderr websub bench "$HUB/hub" --subscribers 2 --messages 2 --quiet --verbose
}

@test "--topics, --size, --connections, --origins and --wait" {
  start_hub --db :memory:
  bench --topics 2 --size 300 --connections 3 --origins 2 --wait
  is "$(of 'd["lost"]')" 0
  is "$(api topics 'len(d["items"])')" 2
  is "$(api messages '{m["size"] for m in d["items"]}')" "{300}"
}

@test "--publish ping has the hub fetch, content sends it along" {
  start_hub --db :memory:
  bench --publish ping --wait
  is "$(of 'd["lost"]')" 0
  [ "$(api 'exchanges?kind=fetch' 'len(d["items"])')" -gt 0 ]
  stop_bg hub
  start_hub --db :memory:
  bench --publish content
  is "$(api 'exchanges?kind=fetch' 'len(d["items"])')" 0
}

@test "--stalled subscribers do not hold up the others, wherever they lie with --mix-stalled" {
  start_hub --db :memory:
  bench --stalled 1 --linger 100ms
  is "$(of 'd["lost"]')" 0
  bench --stalled 1 --mix-stalled --settle 200ms --linger 100ms
}

@test "--fail-if: each figure can be a condition" {
  start_hub --db :memory:
  run -0 websub bench "$HUB/hub" --subscribers 1 --messages 2 --fail-if 'lost>0' --fail-if 'p95>1h'
  run -4 --separate-stderr websub bench "$HUB/hub" --subscribers 1 --messages 2 --fail-if 'accepts_per_second>0'
  has "$stderr" "accepts_per_second"
}

@test "secrets: signed unless --no-secret, checked with --verify-signatures" {
  start_hub --db :memory:
  bench --verify-signatures --keep
  is "$(api subscriptions '{s["secret"] for s in d["items"]}')" "{True}"
  stop_bg hub
  start_hub --db :memory:
  bench --no-secret --keep
  is "$(api subscriptions '{s["secret"] for s in d["items"]}')" "{False}"
}

@test "--lease is asked for, --keep leaves the subscriptions" {
  start_hub --db :memory:
  bench --lease 1h --keep
  is "$(api subscriptions '{s["lease_seconds"] for s in d["items"]}')" "{3600}"
  is "$(api subscriptions 'len(d["items"])')" 3
}

@test "--listen and --callback-url say where the hub finds the subscribers" {
  local port
  port=$(free_port)
  start_hub --db :memory:
  bench --listen "127.0.0.1:$port" --callback-url "http://localhost:$port" --origins 1 --keep
  is "$(api subscriptions '{s["callback"].rsplit("/", 1)[0].split("/")[2] for s in d["items"]}')" \
    "{'localhost:$port'}"
}

@test "--idle and --timeout bound the run" {
  start_peer peer.py 202
  run -124 websub bench "$PEER/hub" --subscribers 1 --messages 1 --timeout 500ms
  run websub bench "$PEER/hub" --subscribers 1 --messages 1 --idle 300ms
  [ "$status" -ne 0 ]
}

@test "--header goes along to the hub" {
  start_peer peer.py 500
  run -5 websub bench "$PEER/hub" --subscribers 1 --messages 1 --header 'X-Tenant: blue'
  wait_for out_has peer '["X-Tenant", "blue"]'
}

@test "--cacert, --insecure and --insecure-host: a hub of https" {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=127.0.0.1 \
    -addext 'subjectAltName = IP:127.0.0.1' 2>/dev/null
  start_hub --db :memory: --tls-cert cert.pem --tls-key key.pem
  run -3 websub bench "$HUB/hub" --subscribers 1 --messages 1
  for trust in "--cacert cert.pem" --insecure "--insecure-host 127.0.0.1"; do
    # shellcheck disable=SC2086
    run -0 websub bench "$HUB/hub" --subscribers 1 --messages 1 $trust
  done
}

@test "settings: --config FILE and --no-config, the hub by WEBSUB_HUB_URL" {
  start_hub --db :memory:
  printf '[bench]\nsubscribers = 1\nmessages = 1\n' >settings.toml
  WEBSUB_HUB_URL=$HUB/hub run -0 websub bench --config settings.toml
  echo 'nonsense = 1' >websub.toml
  run -0 websub bench "$HUB/hub" --no-config --subscribers 1 --messages 1
  run -0 websub bench --help-all --no-config
}
