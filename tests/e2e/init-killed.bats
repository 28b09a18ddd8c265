#!/usr/bin/env bats
# git build init and init --shared are killed before one of their changes to the file system, and then
# completed by the next run. Each test run selects a few of these changes (the same ones with SEED=N);
# INIT_KILLS=all tests all of them.

load helper

setup() {
  e2e_setup
  killer=$GIT_BUILD_BINDIR/tests/kill/kill.so
  [ -e "$killer" ] || { echo "no $killer: make programs" >&2; return 1; }
  RANDOM=${SEED:=$((EPOCHSECONDS % 32768))}
  echo "SEED=$SEED"
}

# killed_at N COMMAND...: run COMMAND, killed at its change number N (0: not killed).
killed_at() {
  local at=$1
  shift
  head -c 8 /dev/zero >"$TMP/count"
  env LD_PRELOAD="$killer" KILL_COUNT="$TMP/count" KILL_AT="$at" \
    ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0" "$@" >"$TMP/killed.log" 2>&1
}

changes() {
  od -An -t u8 "$TMP/count" | tr -d ' '
}

# points HOW_MANY LAST: print random numbers from 1 to LAST.
points() {
  local i
  if [ "${INIT_KILLS-}" = all ]; then
    seq "$2"
  else
    for ((i = 0; i < $1; i++)); do echo $((RANDOM % $2 + 1)); done
  fi
}

# Check that the shared repository is intact, and that a killed run has left no files.
check_shared() {
  run -0 git build init --shared "$1"
  [ "$output" = "already set up; nothing changed" ]
  [ "$(git -C "$1" config core.fsync)" = all ]
  [ -x "$1/hooks/pre-receive" ] && [ -x "$1/hooks/reference-transaction" ] &&
    [ -x "$1/hooks/proc-receive" ] && git -C "$1" rev-parse -q --verify refs/for/build
  [ ! -e "$1/git-build-init" ]
  [ -z "$(find "$1" -name '*.lock' -o -name 'config.git-build*' -o -name 'HEAD.git-build*')" ]
  git -C "$1" fsck --strict --no-progress
}

# bats test_tags=long
@test "init --shared that is killed while it creates a repository is completed by the next run" {
  killed_at 0 git build init --shared counted.git
  last=$(changes)
  [ "$last" -gt 50 ]
  # The last ones come after git sees a repository.
  for at in $(points 8 "$last") $(seq $((last - 9)) "$last"); do
    echo "killed at change $at of $last"
    rm -rf fleet.git
    killed_at "$at" git build init --shared fleet.git || true
    git build init --shared fleet.git
    check_shared fleet.git
  done
  git clone -q fleet.git build1
  git -C build1 build init --server build1
}

@test "init --shared that is killed while it sets up a repository is completed by the next run" {
  git init -q --bare before.git
  git -C before.git symbolic-ref HEAD refs/heads/elsewhere
  cp -r before.git counted.git
  killed_at 0 git build init --shared counted.git
  last=$(changes)
  [ "$last" -gt 20 ]
  for at in $(points 8 "$last"); do
    echo "killed at change $at of $last"
    rm -rf fleet.git
    cp -r before.git fleet.git
    run ! killed_at "$at" git build init --shared fleet.git
    # A killed run has changed either all of the settings or none.
    settings=$(git -C fleet.git config --get-regexp '^(receive|gc|core.fsync)' | wc -l)
    [ "$settings" = 0 ] || [ "$settings" = 11 ]
    git build init --shared fleet.git
    check_shared fleet.git
    [ "$(git -C fleet.git symbolic-ref HEAD)" = refs/heads/main ]
  done
}

# bats test_tags=long
@test "init that is killed in a clone is completed by the next run" {
  shared_repo empty.git
  cp -r empty.git fleet.git
  git clone -q fleet.git counted
  killed_at 0 env KILL_PROGRAMS=git-build git -C counted build init --server build1
  last=$(changes)
  [ "$last" -gt 20 ]
  for at in $(points 6 "$last"); do
    echo "killed at change $at of $last"
    rm -rf fleet.git build1
    cp -r empty.git fleet.git
    git clone -q fleet.git build1
    run ! killed_at "$at" env KILL_PROGRAMS=git-build git -C build1 build init --server build1
    git -C build1 build init --server build1
    run -0 git -C build1 build init
    [ "$output" = "already set up; nothing changed" ]
    [ "$(git -C build1 config build.server)" = build1 ]
    [ "$(git -C build1 config core.fsync)" = all ]
    git -C fleet.git cat-file -e main:build1/status.json
    git -C fleet.git cat-file -e heartbeat-build1:build1/heartbeat.json
    git -C build1 build message send --to operator --subject "build1 is ready"
    git -C build1 build heartbeat --push
    [ -z "$(git -C build1 status --porcelain)" ]
  done
}

# bats test_tags=long
@test "init waits for a lock file on the settings that another program holds, and names it" {
  git init -q --bare fleet.git
  touch fleet.git/config.lock
  run -128 git build init --shared fleet.git
  [[ $output == *"fleet.git/config.lock"*"if no git process is running, remove this file"* ]]
  [ -e fleet.git/config.lock ]
  # A lock file that is older than the last boot belongs to no running program.
  touch -d 2000-01-01 fleet.git/config.lock
  git build init --shared fleet.git
  check_shared fleet.git
}
