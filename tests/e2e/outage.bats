#!/usr/bin/env bats
# If heartbeats cannot be pushed, the operator is alerted once, and a message is kept and sent once.

load helper

setup() {
  e2e_setup
  shared_repo "$TMP/shared.git" >/dev/null
  clone_server "$TMP/shared.git" build1 >/dev/null 2>&1
  cd "$TMP/build1" || return
  git config build.attempts 3
  # shellcheck disable=SC2016 # expanded by the shell of the alert command
  git config build.alertCommand 'cat >>"$HOME/alerts"; echo "$GIT_BUILD_EVENT $GIT_BUILD_SERVER" >>"$HOME/words"'
}
teardown() { e2e_teardown; }

fail_to_push() {
  local n
  for ((n = 0; n < $1; n++)); do run -128 git build heartbeat --push; done
}

messages() { git -C "$TMP/shared.git" show main:coordination/messages.json; }

@test "after repeated failures, the operator is alerted, once per outage" {
  mv "$TMP/shared.git" "$TMP/away.git"
  fail_to_push 2
  [ ! -e "$HOME/alerts" ]
  fail_to_push 4
  [ "$(wc -l <"$HOME/alerts")" = 1 ]
  jq -e '.event == "push-failed" and .server == "build1" and (.text | contains("3 times"))' "$HOME/alerts"
  [ "$(cat "$HOME/words")" = "push-failed build1" ]
  [ "$(find .git/git-build/outbox -type f | wc -l)" = 1 ]
}

# bats test_tags=long
@test "the message is sent once the remote is back, and never twice" {
  mv "$TMP/shared.git" "$TMP/away.git"
  fail_to_push 3
  cp -r .git/git-build/outbox "$TMP/outbox"
  mv "$TMP/away.git" "$TMP/shared.git"
  git build heartbeat --push
  messages | jq -e '.messages | length == 1 and .[0].type == "error" and .[0].from == "build1"
    and .[0].to == "all" and .[0].read == false and (.[0].id | startswith("msg_"))'
  [ -z "$(find .git/git-build/outbox -type f)" ]
  [ ! -e .git/git-build/outage ]
  # If killed between the push and the removal, it would still be in the outbox: it is not sent again.
  cp "$TMP"/outbox/* .git/git-build/outbox/
  echo "9 1" >.git/git-build/outage
  git build heartbeat --push
  messages | jq -e '.messages | length == 1'
  [ -z "$(find .git/git-build/outbox -type f)" ]
}

# bats test_tags=long
@test "the next outage is reported separately" {
  mv "$TMP/shared.git" "$TMP/away.git"
  fail_to_push 3
  mv "$TMP/away.git" "$TMP/shared.git"
  git build heartbeat --push
  mv "$TMP/shared.git" "$TMP/away.git"
  fail_to_push 4
  mv "$TMP/away.git" "$TMP/shared.git"
  git build heartbeat --push
  [ "$(wc -l <"$HOME/alerts")" = 2 ]
  messages | jq -e '.messages | length == 2 and (map(.id) | unique | length == 2)'
}

# bats test_tags=long
@test "a failing alert command is reported, and the heartbeat is recorded" {
  git config build.alertCommand 'echo no mail today; exit 7'
  mv "$TMP/shared.git" "$TMP/away.git"
  fail_to_push 2
  run -128 git build heartbeat --push
  [[ $output == *"no mail today"* ]]
  mv "$TMP/away.git" "$TMP/shared.git"
  git build heartbeat --push
}
