#!/usr/bin/env bats
# The commands of a clone share one ssh connection.

load helper

# The user's own settings for shared connections would be used instead; ssh ignores $HOME.
user_shares() { grep -qiE 'Control(Master|Path|Persist)' "$(getent passwd "$(id -u)" | cut -d: -f6)/.ssh/config" 2>/dev/null; }

setup() {
  e2e_setup
  fleet_of build1 >/dev/null 2>&1
  start_sshd
  # git-build adds its options only to a plain "ssh".
  mkdir bin
  printf '#!/bin/sh\nPATH=%s\nexec %s "$@"\n' "$PATH" "$GIT_SSH_COMMAND" >bin/ssh
  chmod +x bin/ssh
  PATH=$TMP/bin:$PATH
  unset GIT_SSH_COMMAND
  mkdir -m 700 "$TMP/run"
  export XDG_RUNTIME_DIR=$TMP/run
  cd build1 || return
  git remote set-url origin "$SSH_URL$TMP/fleet.git"
}

teardown() {
  local socket
  for socket in "$TMP"/run/*; do [ ! -S "$socket" ] || ssh -O exit -o "ControlPath=$socket" none 2>/dev/null || true; done
  e2e_teardown
}

# The processes that keep a connection must not keep bats waiting.
build() { git build "$@" 3>&-; }

logins() { cat "$TMP"/ssh/log.* | grep -c 'Accepted publickey'; }

@test "several commands log in once; and again if that connection was closed" {
  ! user_shares || skip "this user's ssh configuration shares connections itself"
  build lock acquire one
  build status
  build heartbeat --push
  [ "$(logins)" = 1 ]
  [ "$(find "$TMP/run" -type s | wc -l)" = 1 ]
  # The process that holds the connection is killed; its socket remains.
  pkill -KILL -f "ssh: $TMP/run/"
  build lock release one
  [ "$(logins)" = 2 ]
}

# bats test_tags=long
@test "each command logs in: build.sshPersist = 0, no directory, a custom command" {
  local before
  git config build.sshPersist 0
  build lock acquire one
  before=$(logins)
  build lock renew one
  [ "$(logins)" -gt "$before" ]
  git config --unset build.sshPersist
  before=$(logins)
  XDG_RUNTIME_DIR=$TMP/none build lock renew one
  XDG_RUNTIME_DIR=relative build lock renew one
  [ "$(logins)" -ge $((before + 2)) ]
  git config core.sshCommand "ssh -o BatchMode=yes"
  before=$(logins)
  build lock renew one
  [ "$(logins)" -gt "$before" ]
  [ -z "$(find "$TMP/run" -type s)" ]
}
