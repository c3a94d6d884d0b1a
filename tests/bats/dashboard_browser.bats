#!/usr/bin/env bats
# The page at GET /, in a real Chromium. Only where there is one: it is too large to ask everybody for.

load helper

# shellcheck disable=SC2154
setup() {
  websub_setup
  [ -n "$(python3 -S "$bats_dir/browser.py" --find)" ] || skip_file "there is no chromium"
}

# browse PATH STEP…: see browser.py.
# shellcheck disable=SC2154
browse() { run -0 python3 -S "$bats_dir/browser.py" "$HUB$1" "${@:2}"; }

rows='document.querySelectorAll(".live tbody tr")'
text='document.body.innerText'
live='document.querySelector("#stream").dataset.state === "live"'

@test "an empty hub says how to begin, and an exchange appears as it happens" {
  start_hub
  browse / "$live" "$text.includes('websub subscribe $HUB/topics/news')" \
    "do fetch('topics/news', {method: 'PUT', headers: {'Content-Type': 'text/plain'}, body: 'hello'})" \
    "[...$rows].some(row => row.innerText.includes('published: message m1'))" \
    "!$text.includes('Nothing has happened here yet')"
}

@test "a topic's name is text, whatever it holds" {
  start_hub
  is "$(subscribe_form 'http://x/<img src=x onerror="window.ran=1">' http://127.0.0.1:1/cb)" 202
  browse / "[...$rows].some(row => row.innerText.includes('http://x/<img src=x onerror'))" \
    'location.hash = "#/topics"' "$text.includes('<img src=x onerror=\"window.ran=1\">')" \
    'location.hash = "#/subscriptions/s1"' \
    'document.querySelector("#detail").innerText.includes("<img src=x onerror=\"window.ran=1\">")' \
    'print document.querySelectorAll("main img, aside img").length + "/" + typeof window.ran'
  is "$output" "0/undefined"
}

@test "characters that hide or turn others are written out" {
  start_hub
  put_topic a $'one\e[2J\u202etwo'
  browse '/#/messages/m1' 'document.querySelector("aside pre").innerText === "one\\x1b[2J\\u{202e}two"'
}

@test "a failed delivery: its details, sending it again, its dead letter" {
  start_peer peer.py 500
  start_hub --delivery-retries 0
  put_topic a one
  subscribed "$HUB/topics/a" "$PEER/cb" hub.secret=s
  put_topic a two
  wait_for api_is dead-letters 'len(d["items"])' 1
  browse / "document.querySelector('.live tr.bad')" \
    "do [...$rows].find(row => row.innerText.includes('deliver')).querySelector('td.c-outcome').click()" \
    "document.querySelector('#detail').innerText.includes('sha256=$(printf two | openssl dgst -sha256 -hmac s -r | cut -d' ' -f1)')" \
    "do window.first = location.hash" \
    "do [...document.querySelectorAll('#detail button')].find(each => each.innerText === 'Send again').click()" \
    "location.hash !== window.first && document.querySelector('#detail h2').innerText.startsWith(location.hash.split('/')[2])" \
    "do history.back()" "location.hash === window.first" \
    'location.hash = "#/dead-letters/d1"' "document.querySelector('#detail').innerText.includes('given up')
      || document.querySelector('#detail').innerText.includes('Retry')"
  is "$(api 'exchanges?kind=deliver' 'len(d["items"])')" 2
}

@test "a subscription is ended with two presses, and its timeline tells" {
  start_peer peer.py
  start_hub
  put_topic a one
  subscribed "$HUB/topics/a" "$PEER/cb"
  local delete="[...document.querySelectorAll('#detail button')].find(each => each.innerText.startsWith('Delete'))"
  browse '/#/subscriptions/s1' "document.querySelectorAll('.timeline li').length >= 2" "do $delete.click()" \
    "$delete.innerText === 'Delete: sure?'" "do $delete.click()" \
    "document.querySelector('#detail h2').innerText.includes('unsubscribed')"
  is "$(api subscriptions/s1 'd["state"]')" unsubscribed
}

@test "tables are filtered and paged by the URL" {
  start_hub
  local i
  for ((i = 0; i < 60; ++i)); do put_topic "t$i" one; done
  local ids="[...document.querySelectorAll('.t-topics tbody th')].map(each => each.innerText).join()"
  browse '/#/topics' "document.querySelectorAll('.t-topics tbody tr').length === 50" \
    "$ids.startsWith('t60,')" "do document.querySelector('.pages a').click()" \
    "$ids === 't10,t9,t8,t7,t6,t5,t4,t3,t2,t1'" "do history.back()" "$ids.startsWith('t60,')" \
    "location.hash = '#/topics?topic=' + encodeURIComponent('$HUB/topics/t7')" "$ids === 't8'"
}

@test "a hub with a token: the page asks for it, and says when it is wrong" {
  start_hub --api-token sesame
  put_topic a one
  local give="document.querySelector('#token button').click()"
  browse / "!document.querySelector('#token').hidden && $rows.length === 0" \
    "do document.querySelector('#token-value').value = 'wrong'; $give" \
    "$text.includes('That was not the token of this hub')" \
    "do document.querySelector('#token-value').value = 'sesame'; $give" "$live" \
    "$rows.length > 0 && document.querySelector('#token').hidden && document.querySelector('#alert').hidden" \
    "do location.reload()" "$live && $rows.length > 0"
}

@test "the stream is taken up again when the hub comes back" {
  local port
  port=$(free_port)
  start_hub --listen "127.0.0.1:$port"
  put_topic a one
  start_bg browser python3 -S -u "$bats_dir/browser.py" "$HUB/" "$live && $rows.length > 0" 'print "seen"' \
    "$text.includes('lost the hub')" 'print "lost"' "$live" "$text.includes('published: message m2')" \
    "print [...$rows].filter(row => row.innerText.includes('published: message m1')).length"
  wait_for out_has browser seen
  stop_bg hub
  wait_for out_has browser lost
  start_hub --listen "127.0.0.1:$port"
  put_topic a two
  wait_bg browser
  is "$status" 0
  is "$(tail -1 "$BATS_TEST_TMPDIR/browser.out")" 1
}

@test "what one types into the filter stays, and stands in the link" {
  start_hub
  put_topic a one
  put_topic b one
  browse '/#/live?q=topic%3A%2Ftopics%2Fb' "$rows.length > 0 && [...$rows].every(row => row.innerText.includes('/topics/b'))" \
    "do document.querySelector('#filter').focus(); document.querySelector('#filter').select()" \
    "document.execCommand('insertText', false, 'm1')" "[...$rows].every(row => row.innerText.includes('m1'))" \
    "location.hash === '#/live?q=m1' && document.activeElement.id === 'filter'" \
    'location.hash = "#/live/m1"' "document.querySelector('#detail h2')?.innerText === 'm1 message'" \
    "do document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}))" "location.hash === '#/live?q=m1'"
}

@test "the curl command sends the same, and the shell runs nothing of it" {
  start_peer peer.py
  start_hub
  local body="@/etc/passwd'; touch hacked; \$(touch hacked) \\\\n"$'\n\e\u202e'
  cat >exchange.js <<JS
import('/dashboard/curl.js').then(({curlOf}) => curlOf({direction: 'out', url: '$PEER/cb?a=[1-2]&b=c',
  request_head: 'POST /cb HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nX-A: it\\'s \$(touch hacked)\r\n@b: c\r\n\r\n',
  request_body: $(json 'json.dumps(d)' <<<"$(python3 -c 'import json, sys; print(json.dumps(sys.argv[1]))' "$body")")}, ''))
JS
  browse / "print $(cat exchange.js)"
  printf '%s\n' "$output" >command.sh
  run -0 bash command.sh
  [ ! -e hacked ]
  python3 - "$BATS_TEST_TMPDIR/peer.out" "$body" <<'PYTHON'
import json, sys
request = json.loads(open(sys.argv[1]).readlines()[1])
assert request["method"] == "POST" and request["path"] == "/cb?a=[1-2]&b=c", request
assert request["body"].encode("latin-1").decode() == sys.argv[2], request
assert ["X-A", "it's $(touch hacked)"] in request["fields"], request
PYTHON
}

@test "a link that leads nowhere shows what is there" {
  start_hub
  put_topic a one
  browse '/#/constructor/%?=' "$live" "$rows.length > 0" \
    "document.querySelector('#detail').innerText.includes('is no id such as')" \
    'location.hash = "#/exchanges/x99"' "document.querySelector('#detail').innerText.includes('there is no exchange')"
}
