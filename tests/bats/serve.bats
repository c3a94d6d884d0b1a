#!/usr/bin/env bats
# `websub serve`: each of its flags does what it says. `--help-all` and these tests are compared by
# coverage.bats.

load helper

# requests METHOD PATH: how many such requests the peer got.
requests() { grep -c "\"method\": \"$1\", \"path\": \"$2" "$BATS_TEST_TMPDIR/peer.out" || true; }
requests_are() { [ "$(requests "$1" "$2")" = "$3" ]; }
# field NAME: its values in the deliveries that the peer got, a line each.
field() {
  python3 - "$BATS_TEST_TMPDIR/peer.out" "$1" <<'PYTHON'
import json, sys
for line in open(sys.argv[1]).readlines()[1:]:
    request = json.loads(line)
    if request["method"] == "POST":
        print(next((value for name, value in request["fields"] if name.lower() == sys.argv[2].lower()), ""))
PYTHON
}

# --- where it listens and what it keeps

@test "--listen, --db and --ready-file" {
  local port
  port=$(free_port)
  start_bg hub websub serve --listen "127.0.0.1:$port" --db "$PWD/deep/hub.db" --ready-file "$PWD/ready"
  wait_for test -s ready
  is "$(cat ready)" "http://127.0.0.1:$port"
  has "$(cat "$BATS_TEST_TMPDIR/hub.out")" "Ready http://127.0.0.1:$port"
  [ -f deep/hub.db ]
  # The port is taken: another hub says so, and what to do.
  run -2 --separate-stderr websub serve --listen "127.0.0.1:$port" --db other.db
  has "$stderr" "127.0.0.1:$port"
}

@test "without --db the hub keeps its file in XDG_DATA_HOME, else below HOME" {
  start_bg hub websub serve --listen :0 --ready-file "$PWD/ready"
  wait_for test -s ready
  [ -f "$XDG_DATA_HOME/websub/hub.db" ]
  stop_bg hub
  rm ready
  unset XDG_DATA_HOME
  start_bg hub websub serve --listen :0 --ready-file "$PWD/ready"
  wait_for test -s ready
  [ -f "$HOME/.local/share/websub/hub.db" ]
}

@test "--db :memory: keeps nothing, a file keeps all" {
  start_hub --db "$PWD/hub.db"
  put_topic a one
  stop_bg hub
  start_hub --db "$PWD/hub.db" --listen "${HUB#http://}"
  is "$(curl -sS -f "$HUB/topics/a")" one
  stop_bg hub
  start_hub --db :memory:
  is "$(api topics 'len(d["items"])')" 0
}

@test "--public-url is what it calls itself" {
  local here
  here=127.0.0.1:$(free_port)
  start_hub --public-url https://hub.example/websub --listen "$here"
  run -0 curl -sS -f -i -X PUT -d one -H 'Content-Type: text/plain' -H 'Host: hub.example' "$here/topics/a"
  has "$output" '<https://hub.example/websub/hub>; rel="hub"'
  has "$output" '<https://hub.example/websub/topics/a>; rel="self"'
}

@test "--demo hosts topics that tick" {
  start_hub --demo
  for form in atom rss json html txt; do
    run -0 curl -sS -f -i "$HUB/topics/demo.$form"
    has "$output" 'rel="hub"'
  done
}

@test "a command behind -- gets WEBSUB_HUB_URL, has stdout for itself and gives the status" {
  run -7 --separate-stderr websub serve --listen :0 --db :memory: -- sh -c 'echo "$WEBSUB_HUB_URL"; exit 7'
  [[ $output =~ ^http://127\.0\.0\.1:[0-9]+/hub$ ]]
  has "$stderr" "Ready "
  run -2 --separate-stderr websub serve --listen :0 --db :memory: --quiet -- no-such-program
  is "$stderr" "websub: cannot run no-such-program: No such file or directory"
}

@test "a command with flags of its own keeps them" {
  run -0 --separate-stderr websub serve --listen :0 --db :memory: --quiet -- printf '%s|' --json --listen x
  is "$output" "--json|--listen|x|"
}

# --- leases, retries, signatures

@test "--default-lease-seconds, --min-lease-seconds and --max-lease-seconds" {
  start_peer peer.py
  start_hub --default-lease-seconds 500 --min-lease-seconds 100 --max-lease-seconds 1000
  put_topic a one
  subscribed "$HUB/topics/a" "$PEER/none"
  subscribed "$HUB/topics/a" "$PEER/short" hub.lease_seconds=1
  subscribed "$HUB/topics/a" "$PEER/long" hub.lease_seconds=99999
  is "$(api subscriptions '{s["callback"].rsplit("/")[-1]: s["lease_seconds"] for s in d["items"]}')" \
    "{'long': 1000, 'short': 100, 'none': 500}"
}

@test "--delivery-retries and --retry-base: tried again, then a dead letter" {
  start_peer peer.py 500
  start_hub --delivery-retries 2 --retry-base 10ms --retry-max 20ms
  put_topic a one
  subscribed "$HUB/topics/a" "$PEER/cb"
  put_topic a two
  wait_for api_is dead-letters 'len(d["items"])' 1
  is "$(field Websub-Attempt)" $'1\n2\n3'
}

@test "--retry-for ends the tries of a message" {
  start_peer peer.py 500
  start_hub --delivery-retries unlimited --retry-base 20ms --retry-for 300ms
  put_topic a one
  subscribed "$HUB/topics/a" "$PEER/cb"
  put_topic a two
  wait_for api_is dead-letters 'len(d["items"])' 1
}

@test "--delivery-timeout ends the wait for a callback" {
  cat >slow.py <<'PYTHON'
import threading, peer
class Handler(peer.Handler):
    def handle_request(self):
        if self.command == "GET":
            return self.answer(200, self.query()["hub.challenge"].encode())
        threading.Event().wait(60)
peer.serve(Handler)
PYTHON
  start_peer slow.py
  start_hub --delivery-timeout 200ms --delivery-retries 0
  put_topic a one
  subscribed "$HUB/topics/a" "$PEER/cb"
  put_topic a two
  wait_for api_is dead-letters 'len(d["items"])' 1
  is "$(api 'exchanges?kind=deliver' 'd["items"][0]["status"]')" None
}

@test "--signature-algorithm, and --signature-algorithm-for some callbacks" {
  start_peer peer.py
  start_hub --signature-algorithm sha512 --signature-algorithm-for "$PEER/old*=sha1"
  put_topic a one
  subscribed "$HUB/topics/a" "$PEER/new" hub.secret=s
  subscribed "$HUB/topics/a" "$PEER/old" hub.secret=s
  put_topic a two
  wait_for requests_are POST /old 1
  wait_for requests_are POST /new 1
  is "$(field X-Hub-Signature | sort)" "sha1=$(printf two | openssl dgst -sha1 -hmac s -r | cut -d' ' -f1)
sha512=$(printf two | openssl dgst -sha512 -hmac s -r | cut -d' ' -f1)"
}

@test "--content-type-for delivers as another type" {
  start_peer peer.py
  start_hub --content-type-for "$PEER/*=application/xml"
  put_topic a one
  subscribed "$HUB/topics/a" "$PEER/cb"
  put_topic a two
  wait_for requests_are POST /cb 1
  is "$(field Content-Type)" application/xml
}

@test "--feed-diff delivers only new entries" {
  start_peer peer.py
  start_hub --feed-diff
  entry() { printf '<entry><id>%s</id><title>%s</title><updated>2026-01-01T00:00:00Z</updated></entry>' "$1" "$1"; }
  feed() { printf '<feed xmlns="http://www.w3.org/2005/Atom"><id>f</id>%s</feed>' "$1"; }
  put_topic f "$(feed "$(entry a)")" application/atom+xml
  subscribed "$HUB/topics/f" "$PEER/cb"
  put_topic f "$(feed "$(entry b)$(entry a)")" application/atom+xml
  wait_for requests_are POST /cb 1
  is "$(field Websub-Entries)" "1 of 2, since m1"
}

# --- who may subscribe, and to what

@test "--subscription-security demands https and a secret" {
  start_peer peer.py
  start_hub --subscription-security https,secret
  put_topic a one
  is "$(subscribe_form "$HUB/topics/a" "$PEER/cb" hub.secret=s)" 403
  is "$(subscribe_form "$HUB/topics/a" https://127.0.0.1:1/cb)" 403
}

@test "--allow-private never, but --allow-callback and --allow-topic" {
  start_peer peer.py
  start_hub --allow-private never
  is "$(subscribe_form http://example.com/t "$PEER/cb")" 403
  is "$(hub_form hub.mode=publish "hub.url=$PEER/t")" 403
  stop_bg hub
  start_hub --allow-private never --allow-callback 127.0.0.0/8 --allow-topic 127.0.0.1
  subscribed "$PEER/t" "$PEER/cb"
  is "$(hub_form hub.mode=publish "hub.url=$PEER/t")" 204
}

@test "--allow-ports names the only ports" {
  start_hub --allow-ports 80,443,8000-8999
  is "$(subscribe_form http://127.0.0.1:80/t http://127.0.0.1:25/cb)" 403
  is "$(subscribe_form http://127.0.0.1:80/t http://127.0.0.1:8080/cb)" 202
}

@test "--allow-credentials-in-urls takes them and sends them" {
  start_peer peer.py
  start_hub
  is "$(subscribe_form "$PEER/t" "http://me:pass@${PEER#http://}/cb")" 400
  stop_bg hub
  start_hub --allow-credentials-in-urls
  subscribed "$PEER/t" "http://me:pass@${PEER#http://}/cb"
  # base64 of "me:pass"
  wait_for out_has peer "Basic bWU6cGFzcw=="
  lacks "$(api subscriptions)" pass
}

@test "--require-registration and --force-deregister" {
  start_peer peer.py
  start_hub --require-registration --force-deregister
  is "$(subscribe_form http://127.0.0.1:1/t "$PEER/cb")" 404
  is "$(hub_form hub.mode=register hub.topic=http://127.0.0.1:1/t)" 200
  subscribed http://127.0.0.1:1/t "$PEER/cb"
  is "$(hub_form hub.mode=deregister hub.topic=http://127.0.0.1:1/t)" 200
  wait_for out_has peer hub.mode=denied
}

@test "--max-subscriptions-per-host answers 429 beyond" {
  start_peer peer.py
  start_hub --max-subscriptions-per-host 1
  subscribed "$PEER/t" "$PEER/one"
  is "$(subscribe_form "$PEER/t" "$PEER/two")" 429
}

@test "--auth lets in whom its file names, with --max-requests-per-identity" {
  local hash
  hash=$(printf token | sha256sum | cut -d' ' -f1)
  printf '{"tokens": [{"hash": "sha256:%s", "identity": "alice"}]}' "$hash" >auth.json
  chmod 600 auth.json
  start_hub --auth auth.json --max-requests-per-identity 2/h
  is "$(hub_form hub.mode=publish hub.url=http://127.0.0.1:1/t)" 401
  curl_flags=(-H 'Authorization: Bearer token')
  is "$(hub_form hub.mode=publish hub.url=http://127.0.0.1:1/t)" 204
  is "$(hub_form hub.mode=publish hub.url=http://127.0.0.1:1/t)" 204
  is "$(hub_form hub.mode=publish hub.url=http://127.0.0.1:1/t)" 429
}

@test "--api-token and --api-token-file guard the API" {
  start_hub --api-token sesame
  run -0 curl -sS -o /dev/null -w '%{http_code}' "$HUB/api/v1/topics"
  is "$output" 403
  run -0 curl -sS -f -H 'Authorization: Bearer sesame' "$HUB/api/v1/topics"
  stop_bg hub
  echo sesame >token
  start_hub --api-token-file token
  run -0 curl -sS -f -H 'Authorization: Bearer sesame' "$HUB/api/v1/topics"
}

# --- hooks

@test "--hook-command is asked, about --hook-events only" {
  cat >hook.sh <<'SH'
#!/bin/sh
echo "$WEBSUB_EVENT" >>events
echo "not today" >&2
exit 1
SH
  chmod +x hook.sh
  start_hub --hook-command ./hook.sh --hook-events subscription --hook-concurrency 2
  is "$(subscribe_form http://127.0.0.1:1/t http://127.0.0.1:1/cb)" 403
  is "$(hub_form hub.mode=publish hub.url=http://127.0.0.1:1/t)" 204
  is "$(cat events)" subscription
}

@test "--hook is asked by POST and told Authorization only with --hook-authorization" {
  start_peer peer.py
  curl_flags=(-H 'Authorization: Bearer token')
  start_hub --hook "$PEER/ask"
  is "$(hub_form hub.mode=publish hub.url=http://127.0.0.1:1/t)" 204
  lacks "$(cat "$BATS_TEST_TMPDIR/peer.out")" "Bearer token"
  stop_bg hub
  start_hub --hook "$PEER/ask" --hook-authorization
  is "$(hub_form hub.mode=publish hub.url=http://127.0.0.1:1/t)" 204
  has "$(cat "$BATS_TEST_TMPDIR/peer.out")" "Bearer token"
}

@test "--hook-timeout: no answer in time is a refusal" {
  start_hub --hook-command 'sleep 60' --hook-timeout 100ms
  run hub_form hub.mode=publish hub.url=http://127.0.0.1:1/t
  [[ $output =~ ^5 ]]
}

# --- TLS and secrets

make_certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=127.0.0.1 \
    -addext 'subjectAltName = IP:127.0.0.1' 2>/dev/null
}

@test "--tls-cert and --tls-key: https, and --cacert of who calls" {
  make_certificate
  start_hub --tls-cert cert.pem --tls-key key.pem
  [[ $HUB == https://* ]]
  run -0 curl -sS -f --cacert cert.pem "$HUB/livez"
  run -3 websub publish http://127.0.0.1:1/t --hub "$HUB/hub"
  run -0 websub publish http://127.0.0.1:1/t --hub "$HUB/hub" --cacert cert.pem
}

@test "--cacert, --insecure and --insecure-host: which callbacks of https are trusted" {
  make_certificate
  start_bg other websub serve --listen 127.0.0.1:0 --db :memory: --ready-file other --tls-cert cert.pem --tls-key key.pem
  wait_for test -s other
  local place trust code
  place=$(cat other)
  curl -sS -f --cacert cert.pem -X PUT -H 'Content-Type: text/plain' -d one "$place/topics/t"
  for trust in "" "--cacert cert.pem" --insecure "--insecure-host ${place#https://}"; do
    # shellcheck disable=SC2086
    start_hub --db :memory: $trust
    is "$(hub_form hub.mode=publish "hub.url=$place/topics/t")" 204
    wait_for api_is 'exchanges?kind=fetch' 'len(d["items"]) > 0' True
    code=$(api 'exchanges?kind=fetch' 'd["items"][-1]["status"]')
    is "$code" "$([ -n "$trust" ] && echo 200 || echo None)"
    stop_bg hub
  done
}

@test "--secret-key-file seals secrets, --old-secret-key-file changes the key" {
  start_peer peer.py
  openssl rand -hex 32 >one.key
  openssl rand -hex 32 >two.key
  chmod 600 ./*.key
  start_hub --db "$PWD/hub.db" --secret-key-file one.key
  subscribed "$PEER/t" "$PEER/cb" hub.secret=a-secret-of-mine
  stop_bg hub
  run -1 grep -aq a-secret-of-mine hub.db
  run -2 websub serve --listen :0 --db hub.db
  start_hub --db "$PWD/hub.db" --secret-key-file two.key --old-secret-key-file one.key
  stop_bg hub
  start_hub --db "$PWD/hub.db" --secret-key-file two.key
}

# --- limits

@test "--max-body and --max-head are the largest that it takes" {
  start_hub --max-body 1KiB --max-head 2KiB
  head -c 2000 /dev/zero | tr '\0' x >large
  run -0 curl -sS -o /dev/null -w '%{http_code}' -X PUT -H 'Content-Type: text/plain' --data-binary @large "$HUB/topics/a"
  is "$output" 413
  run -0 curl -sS -o /dev/null -w '%{http_code}' -H "X-Large: $(cat large)$(cat large)" "$HUB/livez"
  is "$output" 431
}

@test "--max-requests-per-address answers 429, and --trusted-proxy says for whom" {
  start_hub --max-requests-per-address 1/h --trusted-proxy 127.0.0.0/8
  curl_flags=(-H 'X-Forwarded-For: 192.0.2.1')
  is "$(hub_form hub.mode=publish hub.url=http://127.0.0.1:1/t)" 204
  is "$(hub_form hub.mode=publish hub.url=http://127.0.0.1:1/t)" 429
  curl_flags=(-H 'X-Forwarded-For: 192.0.2.2')
  is "$(hub_form hub.mode=publish hub.url=http://127.0.0.1:1/t)" 204
}

@test "--max-connections and --max-connections-per-address" {
  start_hub --max-connections 8 --max-connections-per-address 2
  run -0 python3 - "${HUB##*:}" <<'PYTHON'
import socket, sys
held = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20) for _ in range(4)]
for one in held:
    one.settimeout(20)
# Those that say nothing make room: at most two of one address are left.
closed = 0
for one in held[:2]:
    try:
        closed += one.recv(1000) == b"" or True
    except ConnectionResetError:
        closed += 1
assert closed == 2
PYTHON
  run -0 curl -sS -f "$HUB/livez"
}

@test "--head-timeout, --body-timeout and --idle-timeout end connections that stand still" {
  start_hub --head-timeout 200ms --body-timeout 200ms --idle-timeout 200ms --write-timeout 200ms
  run -0 python3 - "${HUB##*:}" <<'PYTHON'
import socket, sys
def until_closed(text):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20) as one:
        one.settimeout(20)
        one.sendall(text)
        answer = b""
        while part := one.recv(4096):
            answer += part
        return answer
assert until_closed(b"GET /livez HT").startswith((b"HTTP/1.1 408", b"")), "a head"
body = until_closed(b"POST /hub HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab")
assert body.startswith((b"HTTP/1.1 408", b"")), "a body"
assert until_closed(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 200"), "idle"
PYTHON
}

# --- how long things are kept

@test "--keep-exchanges and --keep-messages bound what lies in the file" {
  start_hub --keep-exchanges 3 --keep-exchanges-for 1h --keep-messages 2 --keep-messages-for 1h \
    --keep-dead-letters 5 --keep-dead-letters-for 1h --keep-ended-for 1h
  for i in 1 2 3 4 5 6 7 8; do put_topic a "content $i"; done
  run -0 websub config serve -- --keep-exchanges 3 --keep-ended-for 1h
  has "$output" "keep-ended-for"
  run -0 curl -sS -f "$HUB/topics/a"
  is "$output" "content 8"
}

# --- what it says

@test "--json: ready and each exchange as an object on a line" {
  start_hub --json
  put_topic a one
  wait_for out_has hub '"published'
  check_ndjson <"$BATS_TEST_TMPDIR/hub.out"
  is "$(head -1 "$BATS_TEST_TMPDIR/hub.out" | json 'd["type"], d["url"], d["hub"]')" "('ready', '$HUB', '$HUB/hub')"
}

@test "-q says nothing but Ready" {
  start_hub -q
  put_topic a one
  stop_bg hub
  is "$(cat "$BATS_TEST_TMPDIR/hub.out")" "Ready $HUB"
  is "$(cat "$BATS_TEST_TMPDIR/hub.err")" ""
}

@test "--color always colours, -v says more" {
  start_hub --color always --verbose
  put_topic a one
  wait_for out_has hub $'\e['
}

@test "a hub on a public address warns, unless --auth says who may" {
  start_bg hub websub serve --listen 0.0.0.0:0 --db :memory: --ready-file ready
  wait_for test -s ready
  has "$(cat "$BATS_TEST_TMPDIR/hub.err")" "WARNING: everybody who reaches 0.0.0.0"
}

@test "settings come from a file and from the environment" {
  printf '[serve]\ndemo = true\nlisten = "127.0.0.1:0"\ndb = ":memory:"\n' >settings.toml
  start_bg hub websub serve --config settings.toml --ready-file ready
  wait_for test -s ready
  run -0 curl -sS -f "$(cat ready)/topics/demo.txt"
  printf 'listn = 1\n' >websub.toml
  WEBSUB_LISTEN=127.0.0.1:0 WEBSUB_DB=:memory: run -0 websub serve --no-config -- true
}
