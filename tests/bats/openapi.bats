#!/usr/bin/env bats
# GET /api/v1/openapi.json: what it says of /api/v1 is so, and there is nothing else (check_openapi.py).

load helper

# What peers do, so that the hub has something of every kind to show.
fill_hub() {
  local sub
  put_topic a one
  put_topic b one
  for sub in cb1 cb2 cb3 bad gone; do
    subscribed "$HUB/topics/a" "$PEER/$sub" hub.secret=s3cret hub.signature_algorithm=sha512
  done
  is "$(hub_form hub.mode=unsubscribe "hub.topic=$HUB/topics/a" "hub.callback=$PEER/cb3")" 202
  wait_for api_is 'subscriptions?state=unsubscribed' 'len(d["items"])' 1
  subscribed "$HUB/topics/b" "$PEER/cb3"
  printf '\xff\xfe\x00' >bytes
  put_topic a @bytes application/octet-stream
  put_topic b two
  # Nobody answers: pending, with a verification that waits for its next try.
  is "$(subscribe_form "$HUB/topics/b" "http://127.0.0.1:1/nobody")" 202
  # The callback does not echo.
  is "$(subscribe_form "$HUB/topics/b" "$PEER/mute")" 202
  is "$(subscribe_form "$HUB/topics/a" nonsense)" 400
  is "$(hub_form hub.mode=publish "hub.url=$PEER/page")" 204
  is "$(hub_form hub.mode=register "hub.topic=$PEER/page")" 200
  wait_for api_is dead-letters 'len(d["items"])' 1
  wait_for api_is 'subscriptions?state=gone' 'len(d["items"])' 1
  wait_for api_is 'subscriptions?state=unverified' 'len(d["items"]) > 0' True
  wait_for api_is 'exchanges?kind=fetch' 'len(d["items"]) > 0' True
  wait_for api_is 'exchanges?kind=verify&status=0' 'len(d["items"]) > 0' True
  wait_for api_is 'exchanges?kind=register' 'len(d["items"])' 1
}

@test "the description is what the hub does, and the hub does nothing beside it" {
  cat >mixed.py <<'PYTHON'
import peer

class Handler(peer.Handler):
    def handle_request(self):
        query = self.query()
        if "mute" in self.path:
            return self.answer(404)
        if self.command == "GET" and "hub.challenge" in query:
            return self.answer(200, query["hub.challenge"].encode())
        if self.command == "GET":
            return self.answer(200, b"a page", [("Content-Type", "text/html"), ("ETag", '"1"')])
        self.answer(410 if "gone" in self.path else 500 if "bad" in self.path else 204, b"answered")

peer.serve(Handler)
PYTHON
  start_peer mixed.py
  start_hub --delivery-retries 1 --retry-base 10ms --retry-max 10ms
  fill_hub
  run python3 "$bats_dir/check_openapi.py" "$HUB"
  is "$output" ""
  is "$status" 0
}

@test "the description says where the hub is, and which version" {
  local here
  here=127.0.0.1:$(free_port)
  start_hub --public-url https://hub.example/websub --listen "$here" --api-token sesame
  run -0 curl -sS -f -H 'Host: hub.example' -H 'Authorization: Bearer sesame' "http://$here/api/v1/openapi.json"
  is "$(json 'd["servers"][0]["url"]' <<<"$output")" https://hub.example/websub
  has "$(websub --version)" "$(json 'd["info"]["version"]' <<<"$output")"
  is "$(json 'd["openapi"]' <<<"$output")" 3.1.0
  # With a token it is asked for here, too.
  run -0 curl -sS -o /dev/null -w '%{http_code}' -H 'Host: hub.example' "http://$here/api/v1/openapi.json"
  is "$output" 403
}
