#!/usr/bin/env bats
# shellcheck disable=SC2016 # expanded by the command that runs
# The shared repository applies requests itself: the hook proc-receive.

load helper

setup() {
  e2e_setup
  fleet_of build1 build2 >/dev/null
  git config --global build.requests true
  cd build1 || return
}

fleet() { git -C "$TMP/fleet.git" "$@"; }
shown() { fleet show "main:coordination/$1.json"; }
uuid() { cat /proc/sys/kernel/random/uuid; }

# asked REQUEST [SINCE [APPLY]]: print the line for a request.
asked() {
  jq -cn --argjson request "$1" --arg since "${2-}" --argjson apply "${3:-true}" \
    '{version: 1, since: (if $since == "" then null else $since end), apply: $apply, request: $request}'
}

# request SERVER OPERATION ID MEMBERS: print a request.
request() {
  jq -cn --arg server "$1" --arg operation "$2" --arg id "$3" --argjson more "$4" \
    '{operation: $operation, id: $id, server: $server, time: (now | todate)} + $more'
}

# ask LINE...: push these lines; the answers are in $output, a line each.
ask() {
  local line options=()
  for line in "$@"; do options+=(-o "$line"); done
  run git push --no-verify "${options[@]}" origin :refs/for/build
  output=$(sed -n 's/^remote: git-build-answer: //p' <<<"$output")
}

# wrap SCRIPT: SCRIPT runs instead of the hook, which it can call as "$hook".
wrap() {
  [ -e "$TMP/fleet.git/hooks/kept" ] || mv "$TMP/fleet.git/hooks/proc-receive" "$TMP/fleet.git/hooks/kept"
  printf '#!/bin/bash\nhook=%q\n%s\n' "$TMP/fleet.git/hooks/kept" "$1" >"$TMP/fleet.git/hooks/proc-receive"
  chmod +x "$TMP/fleet.git/hooks/proc-receive"
}

# end_service: the shared repository does not apply requests any more.
end_service() {
  fleet update-ref -d refs/for/build
  fleet config --unset receive.procReceiveRefs
  rm "$TMP/fleet.git/hooks/proc-receive"
}

@test "the shared repository applies a request; the clone sends no objects and changes nothing" {
  local before
  before=$(git rev-parse HEAD origin/main && git status --porcelain)
  run -0 git build lock acquire deploy --json
  jq -e '.acquired and .fence == 1 and (.commit | length == 40)' <<<"$output"
  [ "$(jq -r .commit <<<"$output")" = "$(fleet rev-parse main)" ]
  run -1 git cat-file -e "$(fleet rev-parse main)"
  [ "$before" = "$(git rev-parse HEAD origin/main && git status --porcelain)" ]
  fleet log -1 --format=%B main | grep -qE '^Operation-Id: [0-9a-f-]{36}$'
  fleet log -1 --format=%B main | grep -q '^Answer: {"acquired": true'
  [ "$(fleet rev-parse refs/for/build)" = "$(printf 'git-build requests, version 1\n' | git hash-object --stdin)" ]
  run -1 git -C ../build2 build lock acquire deploy
  [[ $output == *"held by build1"* ]]
}

# bats test_tags=long
@test "a request that is sent again gets the same answer, and changes nothing" {
  local id line first tip
  id=$(uuid)
  line=$(asked "$(request build1 'lock acquire' "$id" '{"name": "deploy", "ttl": 600}')" "$(fleet rev-parse main)")
  ask "$line"
  first=$output
  jq -e '.verdict == "done" and .answer.fence == 1' <<<"$first"
  tip=$(fleet rev-parse main)
  git -C ../build2 build message send --to all --subject later -q
  cd ../build2
  ask "$line" "$line"
  [ "$output" = "$first"$'\n'"$first" ]
  [ "$(jq -r .commit <<<"$first")" = "$tip" ]
  fleet gc -q --prune=now
  ask "$line"
  [ "$output" = "$first" ]
  # Without `since`, and with one that the repository does not have.
  ask "$(jq -c '.since = null' <<<"$line")" "$(jq -c '.since = "1234567890123456789012345678901234567890"' <<<"$line")"
  [ "$output" = "$first"$'\n'"$first" ]
  [ "$(fleet rev-list --count "$tip..main")" = 1 ]
}

@test "a question about a request does not apply it" {
  local id line
  id=$(uuid)
  line=$(request build1 'lock acquire' "$id" '{"name": "deploy", "ttl": 600}')
  ask "$(asked "$line" '' false)"
  jq -e '.verdict == "absent"' <<<"$output"
  ask "$(asked "$line")"
  ask "$(asked "$line" '' false)"
  jq -e '.verdict == "done" and .answer.fence == 1' <<<"$output"
}

@test "several requests in one push become one commit, and each has its own answer" {
  local before
  before=$(fleet rev-parse main)
  ask "$(asked "$(request build1 'lock acquire' "$(uuid)" '{"name": "a", "ttl": 600}')")" \
    "$(asked "$(request build1 'lock acquire' "$(uuid)" '{"name": "b", "ttl": 600}')")" \
    "$(asked "$(request build1 'lock acquire' "$(uuid)" '{"name": "a", "ttl": 600}')")"
  [ "$(jq -r .verdict <<<"$output" | xargs)" = "done done refused" ]
  [ "$(fleet rev-list --count "$before..main")" = 1 ]
  [ "$(fleet log -1 --format=%B main | grep -c '^Answer: ')" = 2 ]
}

# bats test_tags=long
@test "the clock of the shared repository counts, not that of the client" {
  local line now
  line=$(request build1 'lock acquire' "$(uuid)" '{"name": "deploy", "ttl": 600, "time": "2030-01-01T00:00:00Z"}')
  now=$(date +%s)
  ask "$(asked "$line")"
  jq -e --argjson now "$now" '.answer.expires_at | fromdate | . >= $now + 590 and . <= $now + 900' <<<"$output"
  ask "$(asked "$(request build2 'lock acquire' "$(uuid)" '{"name": "deploy", "ttl": 600, "time": "2030-01-01T00:00:00Z"}')")"
  jq -e '.verdict == "refused"' <<<"$output"
}

# bats test_tags=long
@test "invalid requests are rejected, each with the reason, and change nothing" {
  local before good
  before=$(fleet rev-parse main)
  good=$(request build1 'lock acquire' "$(uuid)" '{"name": "deploy", "ttl": 600}')
  ask 'x' '{}' "$(jq -cn --argjson r "$good" '{version: 2, since: null, apply: true, request: $r}')" \
    "$(asked "$(jq -c '.id = "x"' <<<"$good")")" \
    "$(asked "$(jq -c '.id = "11111111-1111-4111-8111-11111111111\nOperation-Id: x"' <<<"$good")")" \
    "$(asked "$(jq -c '.operation = "lock steal"' <<<"$good")")" \
    "$(asked "$(jq -c '.server = "../x"' <<<"$good")")" \
    "$(asked "$(jq -c 'del(.time)' <<<"$good")")" \
    "$(jq -cn --argjson r "$good" '{version: 1, since: "main", apply: true, request: $r}')"
  [ "$(grep -c . <<<"$output")" = 9 ]
  jq -es 'all(.verdict == "rejected" and (.reason | length > 10))' <<<"$output"
  ask "$(asked "$(request build1 'lock acquire' "$(uuid)" '{"name": "../x", "ttl": 600}')")"
  jq -e '.verdict == "rejected"' <<<"$output"
  [ "$before" = "$(fleet rev-parse main)" ]
  run ! git push --no-verify origin :refs/for/build
  [[ $output == *"no request in the push options"* ]]
  run ! git push --no-verify -f origin HEAD:refs/for/build
  [[ $output == *"reserved for requests"* ]]
  run ! git push --no-verify -f -o "$(asked "$good")" origin HEAD:refs/for/build
  [[ $output == *"reserved for requests"* && $output != *git-build-answer* ]]
  run ! git push --no-verify origin HEAD:refs/for/build/x
  [[ $output == *"reserved for requests"* || $output == *"rejected"* ]]
  fleet rev-parse --verify refs/for/build
}

@test "a server sends requests in its own name only, if the shared repository knows who it is" {
  local line
  fleet config build.identity env:GIT_BUILD_SERVER
  fleet config build.operators boss
  line=$(request build1 'lock acquire' "$(uuid)" '{"name": "deploy", "ttl": 600}')
  GIT_BUILD_SERVER=build2 ask "$(asked "$line")"
  jq -e '.verdict == "rejected" and (.reason | contains("build2 may not send a request of build1"))' <<<"$output"
  ask "$(asked "$line")"
  jq -e '.verdict == "rejected" and (.reason | contains("unknown"))' <<<"$output"
  run -128 git build lock acquire deploy
  [[ $output == *"the sender is unknown"* ]]
  GIT_BUILD_SERVER=boss ask "$(asked "$line")"
  jq -e '.verdict == "done"' <<<"$output"
  GIT_BUILD_SERVER=build1 run -0 git build lock renew deploy
}

# bats test_tags=long
@test "if requests cannot be signed but signatures are required, the change is pushed" {
  fleet config build.identity certificate
  run -0 git build message send --to all --subject pushed
  shown messages | jq -e '.messages[-1].subject == "pushed"'
  run -1 grep -q '^Answer: ' <<<"$(fleet log -1 --format=%B main)"
}

# bats test_tags=long
@test "the guard rejects what does not match a schema, and only that" {
  git build schema show messages >"$TMP/schema.json"
  git fetch -q && git reset -q --hard origin/main
  mkdir -p schemas
  jq '.properties.messages.items.properties.subject.maxLength = 20' "$TMP/schema.json" >schemas/messages.json
  git add schemas && git commit -q -m "Limit subjects"
  fleet config build.identity env:GIT_BUILD_SERVER && fleet config build.operators boss
  GIT_BUILD_SERVER=boss git push -q --no-verify origin HEAD:main
  fleet config --unset build.identity
  local long=012345678901234567890123456789
  run -128 git build message send --to all --subject "$long"
  [[ $output == *"coordination/messages.json"*"subject"* ]]
  ask "$(asked "$(request build1 'message send' "$(uuid)" '{"message": "msg_1", "to": "all", "type": "info", "subject": "short", "body": ""}')")" \
    "$(asked "$(request build1 'message send' "$(uuid)" "{\"message\": \"msg_2\", \"to\": \"all\", \"type\": \"info\", \"subject\": \"$long\", \"body\": \"\"}")")"
  [ "$(jq -r .verdict <<<"$output" | xargs)" = "done rejected" ]
  shown messages | jq -e '[.messages[].subject] | contains(["short"])'
  # The file is the same in the commit of both and in that of one.
  ask "$(asked "$(request build1 'lock acquire' "$(uuid)" '{"name": "other", "ttl": 600}')")" \
    "$(asked "$(request build1 'message send' "$(uuid)" "{\"message\": \"msg_4\", \"to\": \"all\", \"type\": \"info\", \"subject\": \"$long\", \"body\": \"\"}")")"
  [ "$(jq -r .verdict <<<"$output" | xargs)" = "done rejected" ]
  # The others in the push keep their own answers: one that was applied earlier, and one that is refused.
  local earlier first
  earlier=$(asked "$(request build1 'lock acquire' "$(uuid)" '{"name": "deploy", "ttl": 600}')")
  ask "$earlier"
  first=$output
  ask "$earlier" "$(asked "$(request build1 'message send' "$(uuid)" "{\"message\": \"msg_3\", \"to\": \"all\", \"type\": \"info\", \"subject\": \"$long\", \"body\": \"\"}")")" \
    "$(asked "$(request build2 'lock acquire' "$(uuid)" '{"name": "deploy", "ttl": 600}')")"
  [ "$(jq -r .verdict <<<"$output" | xargs)" = "done rejected refused" ]
  [ "$(sed -n 1p <<<"$output")" = "$first" ]
}

# bats test_tags=long
@test "servers that send at the same time all succeed, each request once" {
  local i pids=() id
  for i in $(seq 8); do
    git clone -q "$TMP/fleet.git" "$TMP/c$i" && git -C "$TMP/c$i" config build.server "c$i"
  done
  for i in $(seq 8); do
    (for id in 1 2 3; do git -C "$TMP/c$i" build message send -q --to all --subject "c$i-$id" || exit; done) &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i"; done
  [ "$(shown messages | jq -r '.messages[].subject' | sort | uniq -c | awk '$1 == 1' | wc -l)" = 24 ]
}

# bats test_tags=long
@test "a hook that is killed at any moment: the request is applied once, and the client learns of it" {
  local i
  git config build.attempts 20
  wrap '
    if [ "$(find "'"$TMP"'" -maxdepth 1 -name "kill-*" | wc -l)" -gt 0 ]; then
      after=$(basename "$(find "'"$TMP"'" -maxdepth 1 -name "kill-*")"); rm -f "'"$TMP"'"/kill-*
      "$hook" "$@" <&0 & pid=$!
      sleep "${after#kill-}"; kill -9 $pid 2>/dev/null; pkill -9 -P $pid; exit 1
    fi
    exec "$hook" "$@"'
  for i in 0 1 2 3 4 5 6 8; do
    touch "$TMP/kill-0.0$i"
    run -0 git build message send --to all --subject "killed-$i"
  done
  [ "$(shown messages | jq -r '.messages[].subject' | grep -c killed)" = 8 ]
}

# bats test_tags=long
@test "if the answer is lost, the client finds it in the history, and the request is applied once" {
  git config build.attempts 2
  wrap 'exec "$hook" "$@" 2>/dev/null'
  run -0 git build lock acquire deploy --json
  jq -e '.acquired and .fence == 1 and .commit == "'"$(fleet rev-parse main)"'"' <<<"$output"
  shown locks | jq -e '.locks.deploy.fence == 1'
  [ "$(fleet log --format=%s main | grep -c 'acquires deploy')" = 1 ]

  # For some time, it pushes its changes.
  [[ $(cat .git/git-build/service) == *" 0 "* ]]
  wrap 'touch "'"$TMP"'/asked"; exec "$hook" "$@"'
  git build lock acquire second -q
  [ ! -e "$TMP/asked" ]
  later 700 git build lock acquire third -q
  [ -e "$TMP/asked" ]
}

# bats test_tags=long
@test "if the hook does not run, the client pushes its changes" {
  fleet config core.hooksPath /dev/null
  git config build.attempts 2
  run -0 git build lock acquire deploy
  shown locks | jq -e '.locks.deploy.locked_by == "build1"'
  run -1 grep -q "^Answer: " <<<"$(fleet log -1 --format=%B main)"
}

# bats test_tags=long
@test "if the request of a process that has ended was not applied, it is dropped, not applied later" {
  git config build.attempts 2
  git config build.alertCommand true
  wrap 'mv "'"$TMP"'/fleet.git" "'"$TMP"'/away.git"; exit 1'
  run -128 git build lock acquire deploy
  [[ $output == *"kept in the outbox"* ]]
  mv "$TMP/away.git" "$TMP/fleet.git"
  wrap 'exec "$hook" "$@"'
  git build outbox retry
  [ "$(git build outbox list --json | jq '.entries | length')" = 0 ]
  shown locks | jq -e '.locks.deploy == null or .locks.deploy.locked_by == null'
}

@test "a repository without the service gets a push, and no ref is left there" {
  end_service
  run -0 git build message send --to all --subject pushed
  shown messages | jq -e '.messages[-1].subject == "pushed"'
  [ -z "$(fleet for-each-ref refs/for)" ]
  [[ $(cat .git/git-build/service) == *" 0 "* ]]
}

# bats test_tags=long
@test "if the service ends, the next request is pushed" {
  git build message send -q --to all --subject asked
  end_service
  fleet config receive.advertisePushOptions false
  run -0 git build message send --to all --subject pushed
  [ "$(shown messages | jq -r '.messages[].subject' | xargs)" = "asked pushed" ]
  [ -z "$(fleet for-each-ref refs/for)" ]
}

# bats test_tags=long
@test "a lock that a killed process left on the branch is removed" {
  touch "$TMP/fleet.git/refs/heads/main.lock"
  run -0 timeout 100 git build lock acquire deploy
  [ ! -e "$TMP/fleet.git/refs/heads/main.lock" ]
}

# bats test_tags=long
@test "clients that push and clients that ask do not disturb each other" {
  local i pids=()
  git -C ../build2 config build.requests false
  (for i in $(seq 6); do git build message send -q --to all --subject "a$i" || exit; done) &
  pids+=($!)
  (for i in $(seq 6); do git -C ../build2 build message send -q --to all --subject "p$i" || exit; done) &
  pids+=($!)
  for i in "${pids[@]}"; do wait "$i"; done
  [ "$(shown messages | jq -r '.messages[].subject' | sort -u | wc -l)" = 12 ]
}

# bats test_tags=long
@test "hostile push options do not stop the service" {
  local i lines=()
  ask "$(printf '%60000s' '' | tr ' ' '[')"
  jq -e '.verdict == "rejected"' <<<"$output"
  for i in $(seq 70); do lines+=('{}'); done
  ask "${lines[@]}"
  [ -z "$output" ]
  ask "$(asked '{"operation": {}, "id": [], "server": null, "time": 1}')" \
    "$(asked "$(request build1 'lock acquire' "$(uuid)" '{"name": "ok", "ttl": 99999999999999999999}')")"
  run -0 git build lock acquire deploy
}

# bats test_tags=long
@test "doctor reports how requests reach the shared branch" {
  found() { git build doctor --json | jq -r '.findings[] | select(.check == "requests") | "\(.state): \(.what)"'; }
  [ "$(found)" = "fine: requests are applied by origin" ]
  git config build.requests false
  [ "$(found)" = "fine: requests are pushed as commits: build.requests is false" ]
  git config --unset build.requests
  end_service
  rm .git/git-build/service
  [ "$(found)" = "fine: requests are pushed as commits: origin does not apply them" ]
}

# bats test_tags=long
@test "the hooks of the shared repository see the change that a request makes, and can reject it" {
  local hooks=$TMP/fleet.git/hooks name tip
  tip=$(fleet rev-parse main)
  for name in pre-receive.before-git-build post-receive; do
    printf '#!/bin/sh\nwhile read -r line; do echo "$line" >>%q; done\necho words of %s\n[ ! -e %q ]\n' \
      "$TMP/$name" "$name" "$TMP/reject-$name" >"$hooks/$name"
    chmod +x "$hooks/$name"
  done
  printf '#!/bin/sh\necho "$@" >>%q\n[ ! -e %q ] || kill -9 $$\n' "$TMP/update" "$TMP/kill-update" >"$hooks/update"
  chmod +x "$hooks/update"
  run -0 --separate-stderr git build lock acquire one
  [[ $stderr == *"remote: words of pre-receive.before-git-build"*"remote: words of post-receive"* ]]
  [ "$(cat "$TMP/pre-receive.before-git-build")" = "$tip $(fleet rev-parse main) refs/heads/main" ]
  [ "$(cat "$TMP/post-receive")" = "$tip $(fleet rev-parse main) refs/heads/main" ]
  [ "$(cat "$TMP/update")" = "refs/heads/main $tip $(fleet rev-parse main)" ]

  # The user's hook rejects it: that is final.
  tip=$(fleet rev-parse main)
  touch "$TMP/reject-pre-receive.before-git-build"
  run -128 git build message send --to build2 --subject two --body text
  [[ $output == *"the hook pre-receive of the repository rejects the change"* ]]
  [ "$(git build outbox list --json | jq '.entries | length')" = 0 ]
  [ "$(fleet rev-parse main)" = "$tip" ]
  rm "$TMP/reject-pre-receive.before-git-build"

  # It is killed: that is not.
  touch "$TMP/kill-update"
  git config build.attempts 1
  run -128 git build message send --to build2 --subject three --body text
  [[ $output == *"hooks/update was killed by signal 9"* ]]
  [ "$(git build outbox list --json | jq '.entries[0].request.subject')" = '"three"' ]
  [ "$(fleet rev-parse main)" = "$tip" ]
  rm "$TMP/kill-update"
  git build pull
  shown messages | jq -e '[.messages[].subject] | index("three") != null and index("two") == null'
}

# bats test_tags=long
@test "a request for another branch, or a remote with its own push URL, is pushed" {
  local name
  git push -q origin HEAD:fleet
  for name in build1 build2; do
    git -C "$TMP/$name" fetch -q
    git -C "$TMP/$name" checkout -q -b fleet origin/fleet
    git -C "$TMP/$name" config build.branch fleet
  done
  tip=$(fleet rev-parse main)
  git build lock acquire deploy
  run -1 git -C ../build2 build lock acquire deploy
  [ "$(fleet rev-parse main)" = "$tip" ]
  fleet show fleet:coordination/locks.json | jq -e '.locks.deploy.locked_by == "build1"'
  git checkout -q main && git config build.branch main
  git remote set-url --push origin "$TMP/fleet.git"
  git build lock acquire second
  run -1 grep -q '^Answer: ' <<<"$(fleet log -1 --format=%B main)"
}

# bats test_tags=long
@test "words of a hook without a line feed do not hide the answer, and each exit code is an answer" {
  local hook=$TMP/fleet.git/hooks/update code
  for code in 1 255; do
    printf '#!/bin/sh\nprintf "frozen today" >&2\nexit %s\n' "$code" >"$hook" && chmod +x "$hook"
    run -128 git build status set building
    [[ $output == *"frozen today"*"the hook update of the repository rejects the change"* ]]
    [[ $output != *git-build-answer* ]]
  done
  [ "$(git build outbox list --json | jq '.entries | length')" = 0 ]
  printf '#!/bin/sh\nprintf "checking..."\n' >"$hook"
  git build status set building
}

# bats test_tags=long
@test "an ID that occurs twice in one push is applied once" {
  local line tip
  git build job add -q --branch main --commit "$(git rev-parse HEAD)" --no-packages
  git build job add -q --branch main --commit "$(git rev-parse HEAD)" --no-packages
  line=$(asked "$(request build1 'job claim' "$(uuid)" '{"worker": "'"$(uuid)"'"}')")
  ask "$line" "$line"
  [ "$(sed -n 1p <<<"$output")" = "$(sed -n 2p <<<"$output")" ]
  shown jobs | jq -e '[.jobs[] | select(.status == "running")] | length == 1'
}

# bats test_tags=long
@test "a hook that does not end is ended, and the requests fail" {
  local hook=$TMP/fleet.git/hooks/update tip
  tip=$(fleet rev-parse main)
  printf '#!/bin/sh\nsleep 300\n' >"$hook" && chmod +x "$hook"
  ask "$(asked "$(request build1 'lock acquire' "$(uuid)" '{"name": "deploy", "ttl": 600}')")"
  jq -e '.verdict == "failed" and (.reason | contains("could not be run to its end"))' <<<"$output"
  [ "$(fleet rev-parse main)" = "$tip" ]
  rm "$hook"
  git build lock acquire deploy
}

@test "the user's own reference-transaction hook is asked, and can reject the change" {
  local hook=$TMP/fleet.git/hooks/reference-transaction.before-git-build tip
  tip=$(fleet rev-parse main)
  printf '#!/bin/sh\nread -r line\necho "$1 $line" >>%q\n[ ! -e %q ]\n' "$TMP/seen" "$TMP/reject" >"$hook"
  chmod +x "$hook"
  git build lock acquire one
  [ "$(grep refs/heads/main "$TMP/seen" | sed 's/ .*//' | xargs)" = "prepared committed" ]
  grep -q "^prepared $tip $(fleet rev-parse main) refs/heads/main$" "$TMP/seen"
  tip=$(fleet rev-parse main)
  touch "$TMP/reject"
  ask "$(asked "$(request build1 'lock acquire' "$(uuid)" '{"name": "two", "ttl": 600}')")"
  jq -e '.verdict == "rejected" and (.reason | contains("reference-transaction"))' <<<"$output"
  [ "$(fleet rev-parse main)" = "$tip" ]
}

# bats test_tags=long
@test "other accounts of the group can write what the hook creates, if the repository is shared" {
  local value
  rm -rf "$TMP/fleet.git/git-build"
  for value in "" group 0660 all; do
    fleet config core.sharedRepository "$value"
    (umask 077 && git build message send --to all --subject "shared $value")
    case $value in
    "") [ "$(stat -c %a "$TMP/fleet.git/git-build/write")" = 600 ] ;;
    all) [ "$(stat -c %a "$TMP/fleet.git/git-build/write" "$TMP/fleet.git/refs/heads/main" | xargs)" = "664 664" ] ;;
    *)
      [ "$(stat -c %a "$TMP/fleet.git/git-build/write" "$TMP/fleet.git/refs/heads/main" | xargs)" = "660 660" ]
      [ "$(stat -c %A "$TMP/fleet.git/git-build")" = drwxrwx--- ]
      ;;
    esac
    rm -rf "$TMP/fleet.git/git-build"
  done
}
