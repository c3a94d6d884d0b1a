#!/usr/bin/env bats
# The page at GET /: what is served. dashboard_browser.bats: what a browser makes of it.

load helper

# shellcheck disable=SC2154
page_dir=$bats_dir/../../hub/dashboard

# head_of PATH [CURL FLAG…]: the status line and the fields of GET PATH, as a browser asks.
head_of() { curl -sS -o /dev/null -D - -H 'Accept: text/html,application/xhtml+xml,*/*;q=0.8' "${@:2}" "$HUB$1" | tr -d '\r'; }

@test "a browser gets the page, curl the text" {
  start_hub
  run -0 curl -sS "$HUB/"
  is "${lines[0]}" "websub $(websub --version | head -1 | awk '{print $2}'), a WebSub hub."
  has "$output" "$HUB/hub"
  lacks "$output" "<"
  run -0 head_of /
  is "${lines[0]}" "HTTP/1.1 200 OK"
  has "$output" "Content-Type: text/html; charset=utf-8"
  has "$output" "Vary: Accept"
  run -0 curl -sS -H 'Accept: text/html' "$HUB/"
  is "${lines[0]}" "<!doctype html>"
}

@test "every answer of the page forbids what is not the hub's own" {
  start_hub
  local path
  for path in / /dashboard/main.js /dashboard/style.css /dashboard/nothing.js; do
    run -0 head_of "$path"
    has "$output" "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    has "$output" "X-Content-Type-Options: nosniff"
    has "$output" "Referrer-Policy: no-referrer"
  done
}

@test "each file is served as it stands in the source, with its type" {
  start_hub
  local file type
  for file in "$page_dir"/*.{js,css,svg}; do
    case $file in
      *.js) type="text/javascript; charset=utf-8" ;;
      *.css) type="text/css; charset=utf-8" ;;
      *.svg) type="image/svg+xml" ;;
    esac
    run -0 curl -sS -f -o served -w '%{content_type}' "$HUB/dashboard/${file##*/}"
    is "$output" "$type"
    cmp served "$file"
  done
}

@test "each file that the page names is served" {
  start_hub
  local name names
  mapfile -t names < <(
    grep -oE '(src|href)="dashboard/[^"]+' "$page_dir/index.html" | cut -d'"' -f2
    grep -hoE "from '\./[^']+" "$page_dir"/*.js | sed 's,.*/,dashboard/,'
  )
  [ "${#names[@]}" -gt 5 ]
  for name in "${names[@]}"; do
    run -0 curl -sS -f -o /dev/null "$HUB/$name"
  done
}

@test "nothing else is below /dashboard, and nothing can be changed there" {
  start_hub
  local path
  for path in /dashboard/ /dashboard/nothing.js /dashboard/dashboard.cc /dashboard/../hub.db /dashboard/MAIN.JS; do
    run -0 curl -sS --path-as-is -o /dev/null -w '%{http_code}' "$HUB$path"
    is "$output" 404
  done
  run -0 curl -sS -X POST -o /dev/null -w '%{http_code}' "$HUB/dashboard/main.js"
  is "$output" 405
}

@test "HEAD tells the same without a body, and who has a file is not sent it again" {
  start_hub
  local etag
  run -0 curl -sS -I -H 'Accept: text/html' "$HUB/"
  has "$output" "Content-Length: $(stat -c %s "$page_dir/index.html")"
  etag=$(head_of /dashboard/main.js | sed -n 's/^ETag: //p')
  [ -n "$etag" ]
  run -0 head_of /dashboard/main.js -H "If-None-Match: $etag"
  is "${lines[0]}" "HTTP/1.1 304 Not Modified"
  has "$output" "Content-Security-Policy: "
  run -0 head_of /dashboard/main.js -H 'If-None-Match: "another"'
  is "${lines[0]}" "HTTP/1.1 200 OK"
}

@test "whoever names the hub otherwise gets the page without anything of the hub's" {
  start_hub --api-token sesame
  put_topic private-name one
  run -0 curl -sS -f -H 'Host: evil.example' -H 'Accept: text/html' "$HUB/"
  cmp <(printf '%s\n' "$output") "$page_dir/index.html"
  run -0 curl -sS -o /dev/null -w '%{http_code}' -H 'Host: evil.example' -H 'Authorization: Bearer sesame' "$HUB/api/v1/topics"
  is "$output" 403
}

@test "HTML that is published at a topic cannot run as a part of the hub" {
  start_hub
  put_topic page '<script>alert(1)</script>' text/html
  run -0 head_of /topics/page
  has "$output" "Content-Security-Policy: sandbox"
  has "$output" "X-Content-Type-Options: nosniff"
}

@test "the sources make text of everything, and need nobody else" {
  run -1 grep -rnE 'innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\(|new Function' "$page_dir"
  run -1 grep -nE '<script>|<style|[[:space:]]style=|[[:space:]]on[a-z]+=|javascript:' "$page_dir/index.html"
  run -1 grep -nE 'setAttribute\("(style|on)|\.cssText' -r "$page_dir" --include='*.js'
  run -1 grep -rnE '(https?:)?//[a-z0-9-]+\.[a-z]' "$page_dir" --include='*.js' --include='*.css' --include='*.html'
  run -1 grep -rnE 'url\(|@import' "$page_dir" --include='*.css'
}
