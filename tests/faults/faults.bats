#!/usr/bin/env bats
# A sample of what `make faults` does, and that it finds what it is there for.

setup() {
  cd "$BATS_TEST_DIRNAME/../.." || return
  : "${GIT_BUILD_BINDIR:=$PWD/build}"
  export GIT_BUILD_BINDIR
  [ -e "$GIT_BUILD_BINDIR/tests/faults/fault.so" ] ||
    skip "a program with sanitizers cannot be preloaded into"
}

@test "each subcommand has a call in the table, and a read that fails does no harm" {
  FAULTS_SECONDS=15 tests/faults/run
}

@test "a subcommand without a call is a failure" {
  mkdir -p "$BATS_TEST_TMPDIR/tests/faults"
  cp tests/faults/run "$BATS_TEST_TMPDIR/tests/faults"
  grep -v '^lock renew:' tests/faults/commands >"$BATS_TEST_TMPDIR/tests/faults/commands"
  run env FAULTS_SECONDS=0 "$BATS_TEST_TMPDIR/tests/faults/run"
  [ "$status" = 1 ]
  [[ $output == *"has no line for 'lock renew'"* ]]
}
