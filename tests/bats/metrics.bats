#!/usr/bin/env bats
# GET /metrics of the hub: the format, line by line (check_metrics.py), and what is counted.

load helper

# metric SERIES…: their values, a line each; fails where anything about the page is wrong.
metric() { curl -sS -f "$HUB/metrics" | python3 -S "$bats_dir/check_metrics.py" "$@"; }
metric_is() { [ "$(metric "$1")" = "$2" ]; }
# code FLAG…: the status that /metrics answers.
code() { curl -sS -o "$BATS_TEST_TMPDIR/answer" -w '%{http_code}' "$@"; }

@test "a hub that nobody has used shows every series" {
  start_hub
  run -0 curl -sS -f -D head -o body "$HUB/metrics"
  has "$(tr -d '\r' <head)" 'Content-Type: text/plain; version=0.0.4; charset=utf-8'
  run -0 python3 -S "$bats_dir/check_metrics.py" \
    'websub_requests_total{kind="subscribe",status="2xx"}' 'websub_requests_total{kind="deregister",status="5xx"}' \
    'websub_calls_total{kind="deliver",status="none"}' 'websub_call_faults_total{kind="fetch",fault="dns"}' \
    'websub_deliveries_total{outcome="dead_letter"}' websub_delivery_duration_seconds_count \
    websub_delivery_lag_seconds_sum 'websub_subscriptions{state="gone"}' websub_topics websub_messages \
    websub_messages_accepted_total websub_dead_letters 'websub_calls_in_flight{kind="verify"}' <body
  is "$output" "$(printf '0\n%.0s' {1..13})"
  run -0 python3 -S "$bats_dir/check_metrics.py" websub_database_writable websub_connections \
    "websub_build_info{version=\"$(websub --version | grep -oE '[0-9]+\.[0-9.]+' | head -1)\"}" <body
  is "$output" $'1\n1\n1'
  now=$(date +%s)
  started=$(python3 -S "$bats_dir/check_metrics.py" process_start_time_seconds <body | python3 -S -c 'print(int(float(input())))')
  ((started <= now + 1 && started > now - 600))
  [ "$(metric process_resident_memory_bytes | python3 -S -c 'print(float(input()) > 1e6)')" = True ]
  [ "$(metric 'websub_database_bytes{part="file"}' | python3 -S -c 'print(float(input()) > 4096)')" = True ]
  # HEAD tells as much.
  run -0 curl -sS -f -I "$HUB/metrics"
  has "$output" 'version=0.0.4'
}

@test "what peers ask and what subscribers take is counted" {
  start_peer peer.py
  start_hub
  put_topic a one
  subscribed "$HUB/topics/a" "$PEER/secret-path"
  put_topic a two
  put_topic a three
  wait_for metric_is 'websub_deliveries_total{outcome="delivered"}' 2
  is "$(subscribe_form "$HUB/topics/a" nonsense)" 400
  wait_for metric_is 'websub_requests_total{kind="subscribe",status="4xx"}' 1
  # Each sample stands for what this test did above.
  run -0 metric 'websub_requests_total{kind="subscribe",status="2xx"}' \
    'websub_requests_total{kind="publish",status="2xx"}' 'websub_calls_total{kind="verify",status="2xx"}' \
    'websub_calls_total{kind="deliver",status="2xx"}' websub_delivery_duration_seconds_count \
    websub_delivery_lag_seconds_count 'websub_subscriptions{state="active"}' websub_topics websub_messages \
    websub_messages_accepted_total 'websub_deliveries_total{outcome="retry"}'
  is "$output" $'1\n3\n1\n2\n2\n2\n1\n1\n3\n3\n0'
  wait_for metric_is websub_deliveries_due 0
  wait_for metric_is websub_exchanges_waiting 0
  # Nothing that a peer chose is on the page.
  run -0 curl -sS -f "$HUB/metrics"
  lacks "$output" secret-path
  lacks "$output" topics/a
  lacks "$output" "${PEER#http://}"
  # Counters begin anew with the process; what is kept is kept.
  stop_bg hub
  start_hub --listen "${HUB#http://}"
  is "$(metric 'websub_deliveries_total{outcome="delivered"}' websub_messages_accepted_total)" $'0\n3'
}

@test "failed deliveries, dead letters, callbacks that are gone, and calls that nobody answers" {
  local port
  port=$(free_port)
  cat >mixed.py <<'PYTHON'
import peer

class Handler(peer.Handler):
    def handle_request(self):
        if "hub.challenge" in self.query():
            return self.answer(200, self.query()["hub.challenge"].encode())
        self.answer(410 if "gone" in self.path else 500)

peer.serve(Handler)
PYTHON
  start_peer mixed.py
  start_hub --delivery-retries 2 --retry-base 10ms --retry-max 20ms
  put_topic a one
  subscribed "$HUB/topics/a" "$PEER/cb"
  subscribed "$HUB/topics/a" "$PEER/gone"
  put_topic a two
  wait_for metric_is 'websub_deliveries_total{outcome="dead_letter"}' 1
  wait_for metric_is 'websub_deliveries_total{outcome="gone"}' 1
  wait_for metric_is websub_dead_letters 1
  wait_for metric_is 'websub_subscriptions{state="gone"}' 1
  is "$(metric 'websub_deliveries_total{outcome="retry"}' 'websub_calls_total{kind="deliver",status="5xx"}' \
    'websub_calls_total{kind="deliver",status="4xx"}' websub_delivery_duration_seconds_count \
    websub_delivery_lag_seconds_count 'websub_subscriptions{state="active"}')" $'2\n3\n1\n4\n0\n1'
  is "$(subscribe_form "$HUB/topics/a" "http://127.0.0.1:$port/nobody")" 202
  refused() { (($(metric 'websub_call_faults_total{kind="verify",fault="refused"}') >= 1)); }
  wait_for refused
  (($(metric 'websub_calls_total{kind="verify",status="none"}') >= 1))
}

@test "who may use the API may read the metrics, and nobody else" {
  start_hub --api-token sesame
  is "$(code "$HUB/metrics")" 403
  is "$(code -H 'Authorization: Bearer wrong' "$HUB/metrics")" 403
  is "$(code -H 'Authorization: Bearer sesame' "$HUB/metrics")" 200
  is "$(code -H 'Authorization: Bearer sesame' -H 'Host: evil.example' "$HUB/metrics")" 403
  is "$(code -H 'Authorization: Bearer sesame' -H 'Origin: https://evil.example' "$HUB/metrics")" 403
  has "$(cat "$BATS_TEST_TMPDIR/answer")" foreign
  stop_bg hub
  start_hub
  is "$(code "$HUB/metrics")" 200
  is "$(code -H 'Host: evil.example' "$HUB/metrics")" 403
  is "$(code -H 'X-Forwarded-For: 192.0.2.1' "$HUB/metrics")" 403
  is "$(code -X POST "$HUB/metrics")" 404
}

@test "who is turned away at the door is counted" {
  start_hub --max-requests-per-address 1/h
  is "$(code "$HUB/api/v1/status")" 200
  is "$(code "$HUB/api/v1/status")" 429
  is "$(code "$HUB/api/v1/status")" 429
  # The page itself does not wait behind that limit.
  is "$(metric websub_requests_turned_away_total)" 2
}
