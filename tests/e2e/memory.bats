#!/usr/bin/env bats
# Memory runs out, at one allocation or from one on: no program crashes, a hook refuses the push, and a
# command ends with 128 and one line. Each test tries some of the allocations that a program makes;
# GIT_BUILD_TEST_ALLOCATIONS sets their number (12).

load helper
load guard

HOOKS=$GIT_BUILD_BINDIR/hooks

setup() {
  e2e_setup
  new_fleet
  export TMP FAULT_COUNT=$TMP/count
}

# short_of_memory COMMAND...: run COMMAND, whose program FAULT_PROGRAM runs out of memory.
short_of_memory() {
  LD_PRELOAD=$GIT_BUILD_BINDIR/tests/faults/memory.so "$@"
}

# A sanitizer has its own allocator.
need_own_allocator() {
  ! nm -D "$HOOKS/pre-receive" 2>/dev/null | grep -q __asan_init || skip "the sanitizer allocates"
}

# each_allocation CHECK COMMAND...: run COMMAND with one failing allocation, and again with all of them
# failing from that one on; after each run, call CHECK, which uses $status and $output.
each_allocation() {
  local check=$1 all step n
  shift
  rm -f "$FAULT_COUNT"
  short_of_memory "$@" >/dev/null 2>&1 || true
  all=$(tail -n 1 "$FAULT_COUNT")
  [ "$all" -gt 100 ]
  step=$((all / ${GIT_BUILD_TEST_ALLOCATIONS:-12} + 1))
  for ((n = 1 + RANDOM % step; n <= all; n += step)); do
    for fault in "$n" "$n+"; do
      export FAULT_MEMORY=$fault
      run short_of_memory "$@"
      unset FAULT_MEMORY
      if ! "$check"; then
        printf 'allocation %s of %s: exit code %s\n%s\n' "$fault" "$all" "$status" "$output" >&2
        return 1
      fi
    done
  done
}

refused_or_found() {
  [ "$status" = 1 ] && [[ $output == "git-build: out of memory" || $output == *broken.json:1:3* ||
    $output == *"cannot be checked"* || $output == *"push "* ]]
}

# bats test_tags=long
@test "pre-receive and pre-push refuse a bad push, whichever allocation fails" {
  need_own_allocator
  local tip bad
  tip=$(git rev-parse origin/main)
  what broken.json '{ broken'
  commit
  bad=$(git rev-parse HEAD)
  git --git-dir=../fleet.git fetch -q "$PWD" HEAD
  echo "refs/heads/main $bad refs/heads/main $tip" >"$TMP/input"
  export FAULT_PROGRAM=pre-push
  each_allocation refused_or_found sh -c '"$0/pre-push" origin x <"$TMP/input"' "$HOOKS"
  echo "$tip $bad refs/heads/main" >"$TMP/input"
  export FAULT_PROGRAM=pre-receive
  cd ../fleet.git
  each_allocation refused_or_found sh -c '"$0/pre-receive" <"$TMP/input"' "$HOOKS"
}

@test "a bad push by git is refused if the hook runs out of memory" {
  need_own_allocator
  export FAULT_PROGRAM=pre-receive FAULT_MEMORY
  what broken.json '{ broken'
  commit
  export LD_PRELOAD=$GIT_BUILD_BINDIR/tests/faults/memory.so
  for FAULT_MEMORY in 150+ 400+ 700+ 1000+; do
    push_refused "out of memory" -- HEAD:main
  done
}

ended() {
  [ "$status" = 0 ] || { [ "$status" = 1 ] && [[ $output == *"git-build: out of memory" ]]; }
}

# bats test_tags=long
@test "post-merge does not crash, whichever allocation fails" {
  need_own_allocator
  export FAULT_PROGRAM=post-merge
  each_allocation ended "$HOOKS/post-merge" 0
}

# An acknowledged change exists; one that was not acknowledged may exist.
sent_or_fatal() {
  case $status in
    0) git -C "$TMP/fleet.git" show main:coordination/messages.json | grep -q "$(grep -o 'msg_.*' <<<"$output")" ;;
    128) [[ $output == *"fatal: "* ]] ;;
    *) false ;;
  esac
}

# bats test_tags=long
@test "a command ends with 128, and never crashes, whichever allocation fails" {
  need_own_allocator
  export FAULT_PROGRAM=git-build-full
  each_allocation sent_or_fatal git build message send --to all --subject s --body b
  export FAULT_PROGRAM=git-build
  run -128 env FAULT_MEMORY=1+ LD_PRELOAD="$GIT_BUILD_BINDIR/tests/faults/memory.so" git-build status
  [ "$output" = "fatal: out of memory" ]
}
