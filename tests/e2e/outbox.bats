#!/usr/bin/env bats
# shellcheck disable=SC2016 # expanded by the command that runs
# Requests while the remote does not respond: kept, reported, and sent once.

load helper

setup() {
  e2e_setup
  fleet_of build1 build2 >/dev/null 2>&1
  cd build1 || return
  git config build.attempts 2
  git config build.alertCommand 'cat >>"$HOME/alerts"'
}

shown() { git -C "$TMP/fleet.git" show "main:$1"; }
away() { mv "$TMP/fleet.git" "$TMP/away.git"; }
back() { mv "$TMP/away.git" "$TMP/fleet.git"; }
entries() { git build outbox list --json | jq -r '.entries[].request.operation'; }

# cut COMMAND: the connection of the next push breaks after its ref has moved, before the result, and after COMMAND.
cut() {
  git config build.requests false
  printf '#!/bin/sh\nif [ "$1" = committed ] && [ -e ../cut ]; then %s; kill -9 "$PPID"; fi\n' "$1" \
    >"$TMP/fleet.git/hooks/reference-transaction"
  chmod +x "$TMP/fleet.git/hooks/reference-transaction"
  touch "$TMP/cut"
}

@test "a request that cannot be pushed is kept, and sent before the next request" {
  away
  run -128 git build message send --to build2 --subject first
  [[ $output == *"the request is kept in the outbox"*"gave up after 2 attempts"* ]]
  run -128 git build message send --to build2 --subject second
  [ "$(entries)" = $'message send\nmessage send\nmessage send' ]
  # One alert and one message per outage.
  [ "$(wc -l <"$HOME/alerts")" = 1 ]
  jq -e '.event == "operation-failed" and .server == "build1"' "$HOME/alerts"
  back
  git build status set -q idle
  [ -z "$(entries)" ]
  shown coordination/messages.json | jq -e '.messages | map(.subject) == ["first", "Requests cannot be pushed", "second"]
    and .[1].type == "error" and .[1].to == "all"'
}

# bats test_tags=long
@test "an entry that is sent again has one effect" {
  away
  run -128 git build message send --to build2 --subject once
  cp -r .git/git-build/outbox "$TMP/copy"
  back
  git build outbox retry
  cp "$TMP"/copy/* .git/git-build/outbox/
  git build outbox retry
  [ -z "$(entries)" ]
  shown coordination/messages.json | jq -e '.messages | length == 2'
  # Even if the branch has moved on, and the effect is no longer visible.
  id=$(git build job add --branch main --commit abc)
  git build job claim
  away
  run -128 git build job complete "$id"
  cp -r .git/git-build/outbox/. "$TMP/copy/"
  back
  git build outbox retry
  shown coordination/jobs.json | jq '.jobs = []' >"$TMP/none"
  git clone -q ../fleet.git "$TMP/other"
  cp "$TMP/none" "$TMP/other/coordination/jobs.json"
  git -C "$TMP/other" commit -qam "Clean up"
  # The hook would refuse to lose a job.
  chmod -x ../fleet.git/hooks/pre-receive
  git -C "$TMP/other" push -q --no-verify
  chmod +x ../fleet.git/hooks/pre-receive
  cp "$TMP"/copy/* .git/git-build/outbox/
  run -0 git build outbox retry
}

# bats test_tags=long
@test "a request for a lock or a job is not kept" {
  git build job add --branch main --commit abc
  away
  run -128 git build lock acquire deploy
  [[ $output != *outbox* ]]
  run -128 git build job claim
  # Only the message about it is kept.
  [ "$(entries)" = "message send" ]
  back
  git build outbox retry
  shown coordination/locks.json | jq -e '.locks.deploy == null'
  shown coordination/jobs.json | jq -e '.jobs[0].status == "queued"'
}

# bats test_tags=long
@test "an entry that the branch no longer permits waits for a decision" {
  id=$(git build job add --branch main --commit abc)
  git build job claim
  away
  run -128 git build job complete "$id"
  back
  git -C ../build2 build job cancel "$id"
  run -1 git build outbox retry
  [[ $output == *"job complete"* ]]
  git build outbox list --json | jq -e '.entries | length == 1 and .[0].refused != null'
  git build status set -q idle
  [ "$(entries)" = "job complete" ]
  run -1 git build outbox retry
  entry=$(git build outbox list --json | jq -r '.entries[0].id')
  run -128 git build outbox drop nothing
  run -129 git build outbox drop
  git build outbox drop "$entry"
  [ -z "$(entries)" ]
}

# bats test_tags=long
@test "if the connection breaks after the push, the client checks the branch, and nothing happens twice" {
  cut 'rm ../cut'
  git build message send --to build2 --subject once
  [ ! -e ../cut ]
  shown coordination/messages.json | jq -e '.messages | length == 1'
  cut 'rm ../cut'
  run -0 git build lock acquire deploy
  [[ $output == *"(fence 1)" ]]
  shown coordination/locks.json | jq -e '.locks.deploy.fence == 1'
}

@test "if the connection breaks and the remote is unreachable, the result is found out later" {
  cut 'rm ../cut; mv ../fleet.git ../away.git'
  run -128 git build lock acquire deploy
  [[ $output == *"the request is kept in the outbox"* ]]
  [[ $(entries) == *"lock acquire"* ]]
  back
  run -0 git build outbox retry
  [ -z "$(entries)" ]
  shown coordination/locks.json | jq -e '.locks.deploy.fence == 1 and .locks.deploy.locked_by == "build1"'
}

# bats test_tags=long
@test "a concurrent fetch of another process of the clone does not hide the result" {
  id=$(git build job add --branch main --commit abc)
  git build job claim
  git build job fail "$id"
  cut 'rm ../cut; tip=$(git rev-parse main); mv ../fleet.git ../away.git
    env -i PATH="$PATH" git -C ../build1 update-ref refs/remotes/origin/main "$tip"'
  run -128 git build job requeue "$id"
  [[ $(entries) == *"job requeue"* ]]
  back
  shown coordination/jobs.json | jq -e '.jobs[0].status == "queued"'
  git -C ../build2 build job claim
  git -C ../build2 build job fail "$id"
  run -0 git build outbox retry
  shown coordination/jobs.json | jq -e '.jobs[0].status == "failed" and .jobs[0].attempt == 2'
  [ -z "$(git -C ../fleet.git log --format=%B main | grep ^Operation-Id | sort | uniq -d)" ]
}

# bats test_tags=long
@test "a lock is not broken later, when it may belong to another server" {
  git build lock acquire deploy
  away
  run -128 git build lock break deploy --reason stuck
  [[ $output != *"kept in the outbox"* ]]
  back
  git build outbox retry
  shown coordination/locks.json | jq -e '.locks.deploy.locked_by == "build1"'
}

# bats test_tags=long
@test "reading continues with the last fetched state, and prints its age" {
  git build job add --branch main --commit abc
  git build status >/dev/null
  away
  for command in 'job list' 'lock list' 'message list' 'message inbox' status; do
    # shellcheck disable=SC2086 # words
    GIT_BUILD_TEST_NOW=$(($(date +%s) + 300)) run -0 --separate-stderr git build $command
    # shellcheck disable=SC2154 # set by bats
    [[ $stderr == "warning: "*"showing the state of 5 min ago" ]]
  done
  run -0 --separate-stderr git build job list --json
  jq -e '.offline != null and .fetched_at != null and (.jobs | length) == 1' <<<"$output"
  run -0 --separate-stderr git build job list --offline
  [ -z "$stderr" ]
  back
}
