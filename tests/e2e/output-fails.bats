#!/usr/bin/env bats
# Standard output fails (a full disk, a reader that has exited): standard error reports what was done.

load helper

setup() {
  e2e_setup
  shared_repo fleet.git >/dev/null
  for id in build1 build2; do clone_server "$TMP/fleet.git" $id >/dev/null 2>&1; done
  cd build1 || return
}

shown() { git -C "$TMP/fleet.git" show "main:coordination/$1.json"; }

# into_full TEXT COMMAND...: the command cannot print; it ends with 128, and standard error has TEXT.
into_full() {
  local words=$1 status=0
  shift
  "$@" >/dev/full 2>"$TMP/err" || status=$?
  echo "$* -> $status: $(cat "$TMP/err")"
  [ "$status" = 128 ]
  grep -q '^fatal: cannot write to standard output: No space left on device; these changes were made:$' "$TMP/err"
  sed '0,/these changes were made:$/d' "$TMP/err" | grep -qE -- "$words"
}

# bats test_tags=long
@test "locks" {
  into_full 'deploy .*fence 1' git build lock acquire deploy
  shown locks | jq -e '.locks.deploy.locked_by == "build1"'
  into_full '"fence": 1' git build lock acquire second --json
  into_full 'deploy' git build lock renew deploy
  into_full 'deploy' git build lock release deploy
  git build lock acquire other -q
  into_full 'other' git build lock break other --reason stuck
}

# bats test_tags=long
@test "jobs" {
  into_full '^job_' git build job add --branch main --commit abc
  id=$(shown jobs | jq -r '.jobs[0].id')
  [[ $(cat "$TMP/err") == *"$id"* ]]
  into_full "$id" git build job claim
  into_full "$id" git build job fail "$id" --json
  into_full "$id" git build job requeue "$id" --json
  into_full "$id" git build job cancel "$id" --json
}

# bats test_tags=long
@test "messages, status, archive" {
  into_full '^msg_' git build message send --to build2 --subject hello
  id=$(shown messages | jq -r '.messages[0].id')
  into_full "$id" git -C ../build2 build message read "$id" --json
  into_full 'building' git build status set building --json
  into_full '"attempts"' git build archive --json
}

# bats test_tags=long
@test "setup, heartbeats, squash" {
  git clone -q ../fleet.git ../build3
  into_full '.' git -C ../build3 build init --server build3
  into_full '.' git build heartbeat --push --json
  git build heartbeat --push -q
  into_full 'became 1' git build squash --server build1
  git build heartbeat --push -q
  into_full '"squashed": true' git build squash --server build1 --json
}

# bats test_tags=long
@test "the outbox" {
  mv ../fleet.git ../away.git
  run -128 git -c build.attempts=1 build message send --to build2 --subject hello
  mv ../away.git ../fleet.git
  into_full '"entries"' git build outbox retry --json
  shown messages | jq -e 'any(.messages[]; .subject == "hello")'
}

@test "a command that only reads reports only that it cannot write" {
  run -128 bash -c 'git build job list >/dev/full'
  [ "$output" = "fatal: cannot write to standard output: No space left on device" ]
}

# bats test_tags=long
@test "a reader that has exited" {
  run bash -c 'set -o pipefail; { sleep 1; git build lock acquire deploy; } | true'
  [ "$status" = 141 ] # by SIGPIPE
  [[ $output == *"Broken pipe; these changes were made:"*"deploy"* ]]
}
