#!/usr/bin/env bats
# git build dashboard: one page, correct, self-contained, and safe from markup in the repository.
# shellcheck disable=SC2154 # in_background sets $pid

load helper

setup() {
  e2e_setup
  fleet_of build1 build2 >/dev/null 2>&1
  cd build1 || return
}

chromium_is_there() { command -v chromium >/dev/null || skip "there is no chromium; apt-get install chromium installs it"; }
# dom FILE: print the document of the page after Chromium has loaded it.
dom() {
  timeout "$(patience 60)" chromium --headless --no-sandbox --disable-gpu --user-data-dir="$TMP/chromium" --dump-dom "file://$1" 2>/dev/null
}

# hostile: write text with markup to every value that the page shows.
hostile() {
  local evil='"><script>document.title="ran"</script><img src=x onerror="document.title=1">'
  git -C ../build2 build message send -q --to all --type error --subject "$evil" --body "$evil" >/dev/null
  git -C ../build2 build job add --branch "$evil" --commit abc --description "$evil" >/dev/null
  git -C ../build2 build job claim -q >/dev/null
  git pull -q 2>/dev/null
  jq --arg e "$evil" '.jobs += [{id: $e, type: $e, status: "queued", branch: $e},
    {id: ($e + "f"), type: "build", status: "failed", branch: $e, reason: $e, started_at: "2026-01-01T00:00:00Z", completed_at: "2026-01-01T00:01:00Z"}]' \
    coordination/jobs.json >"$TMP/jobs" && cp "$TMP/jobs" coordination/jobs.json
  jq --arg e "$evil" '.manager = $e' build1/status.json >"$TMP/status" && cp "$TMP/status" build1/status.json
  git commit -qam "Evil"
  git push -q --no-verify origin main
}

# bats test_tags=long
@test "the page shows what the commands print" {
  git -C ../build2 build status set -q building
  id=$(git build job add --branch main --commit abc --description "the first")
  git -C ../build2 build job claim -q >/dev/null
  git build job add --branch ExternalNew --commit abc >/dev/null
  git build lock acquire -q deploy
  git -C ../build2 build message send -q --to all --type error --subject "It burns" >/dev/null
  git build dashboard --out page.html
  [ "$(head -n 1 page.html)" = "<!DOCTYPE html>" ]
  for text in build1 build2 "$id" ExternalNew deploy "It burns" "2 of 2 servers healthy" "1 job running" "1 queued"; do
    grep -qF "$text" page.html
  done
  # The number of alerts and their texts are those of health.
  [ "$(grep -c '<li class="' page.html)" = "$(git build health --json | jq '.alerts | length')" ]
  git build health --json | jq -r '.alerts[].message' | while read -r words; do grep -qF "$words" page.html; done
  run -0 git build dashboard --offline
  [[ $output == "<!DOCTYPE html>"*"</html>" ]]
}

@test "the page is self-contained" {
  git build dashboard >page.html
  run ! grep -E '(src|href)=|url\(|@import|<script' page.html
  grep -q "default-src 'none'" page.html
  grep -q '<html lang="en">' page.html
  grep -q 'name="viewport"' page.html
  grep -q prefers-color-scheme page.html
  [ "$(grep -c '<main>' page.html)" = 1 ]
  [ "$(grep -oE '<h1' page.html | wc -l)" = 1 ]
}

# bats test_tags=long
@test "text from the repository is shown as text" {
  hostile
  git build dashboard >page.html
  run ! grep -qE '<script|<img' page.html
  # The only open tags are those of the page itself.
  [ "$(grep -oE '<[a-z0-9]+' page.html | sort -u | tr -d '<' | tr '\n' ' ')" = "$(
    printf '%s\n' body code details footer g h1 h2 head header html li line main meta p rect section span style summary svg table tbody td text th thead time title tr ul | tr '\n' ' ')" ]
}

# bats test_tags=long
@test "Chromium runs no script of the repository, and loads the whole page" {
  chromium_is_there
  hostile
  git build dashboard --out "$TMP/page.html"
  dom "$TMP/page.html" >"$TMP/dom"
  grep -q '<title>Fleet: alerts</title>' "$TMP/dom"
  run ! grep -qE '<script|<img' "$TMP/dom"
  # The text is shown as text.
  grep -qF '&lt;script&gt;document.title' "$TMP/dom"
}

# bats test_tags=long
@test "--serve answers HEAD, and other requests while a connection is idle" {
  command -v curl >/dev/null || skip "there is no curl"
  in_background "$TMP/out" git-build dashboard --serve
  wait_for 5 grep -q http "$TMP/out"
  url=$(cat "$TMP/out")
  port=${url##*:}
  port=${port%/}
  curl -fsSI "$url" >"$TMP/head"
  grep -q '^HTTP/1.0 200 OK' "$TMP/head"
  grep -q '^Content-Length: [1-9]' "$TMP/head"
  [ "$(curl -sI -o /dev/null -w '%{http_code}' "${url}nothing")" = 404 ]
  [ "$(curl -sI -w '%{size_download}' -o /dev/null "$url")" = 0 ]
  # A slow request that pauses while others are answered is answered when it continues.
  exec 5<>"/dev/tcp/127.0.0.1/$port"
  printf 'GET /nothing HT' >&5
  exec 6<>"/dev/tcp/127.0.0.1/$port"
  [ "$(curl -s -o /dev/null -w '%{http_code}' "${url}nothing")" = 404 ]
  printf 'TP/1.0\r\n\r\n' >&5
  [[ $(head -n 1 <&5) == "HTTP/1.0 404 Not Found"* ]]
  # More connections than the server holds: each is closed, and the next requests are answered.
  for ((i = 0; i < 80; i++)); do
    sleep 60 3>&- 5>&- 6>&- 7<>"/dev/tcp/127.0.0.1/$port" &
    background_pids+=("$!")
  done
  [ "$(curl -s --max-time 60 -o /dev/null -w '%{http_code}' "${url}nothing")" = 404 ]
  exec 5>&- 6>&-
}

@test "--serve answers only this host, until it is stopped" {
  command -v curl >/dev/null || skip "there is no curl"
  in_background "$TMP/out" git-build dashboard --serve
  wait_for 5 grep -q http "$TMP/out"
  url=$(cat "$TMP/out")
  [[ $url =~ ^http://127\.0\.0\.1:[0-9]+/$ ]]
  curl -fsS "$url" | grep -q '<h2 id="fleet">Fleet</h2>'
  curl -fsS "$url" | grep -q 'http-equiv="refresh"'
  [ "$(curl -s -o /dev/null -w '%{http_code}' "${url}etc/passwd")" = 404 ]
  [ "$(curl -s -o /dev/null -w '%{http_code}' --path-as-is "${url}../../etc/passwd")" = 404 ]
  [ "$(curl -s -o /dev/null -w '%{http_code}' -X POST "$url")" = 405 ]
  [ "$(curl -s -o /dev/null -w '%{http_code}' -H 'Host: evil.example.com' "$url")" = 421 ]
  port=${url##*:}
  port=${port%/}
  # Invalid requests and silent clients delay other clients only briefly.
  head -c 20000 /dev/zero | timeout 8 bash -c "cat >/dev/tcp/127.0.0.1/$port" || true
  curl -fsS --max-time "$(patience 15)" "$url" >/dev/null
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  [ "$status" = 0 ]
  run -129 git build dashboard --serve --out x
}

@test "a page without servers, without a reachable remote, and in a clone that has never fetched" {
  git init -q --bare ../empty.git
  git clone -q ../empty.git ../lone 2>/dev/null
  run -0 git -C ../lone build dashboard
  [[ $output == *"0 of 0 servers"* ]]
  mv ../fleet.git ../away.git
  run -0 git build dashboard
  [[ $output == *"the shared repository cannot be reached, last fetched"* ]]
  mv ../away.git ../fleet.git
}
