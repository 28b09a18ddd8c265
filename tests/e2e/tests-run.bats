#!/usr/bin/env bats
# tests/run: how results are counted, what is printed when, and what happens on a full disk.

load helper

# program NAME LINE...: create a test program that prints these lines of TAP.
program() {
  local name=$1
  shift
  printf '#!/bin/sh\ncat <<END\n%s\nEND\n' "$(printf '%s\n' "$@")" >"$name"
  chmod +x "$name"
}

tests_run() { JOBS=1 "$SOURCE_DIR/tests/run" "$@"; }

# bats test_tags=long
@test "a skipped test counts as neither, whichever word precedes it, and prints its reason" {
  program skips 1..4 'ok 1 - good' 'not ok 2 # SKIP no disk' 'ok 3 - slow # skip no time' 'not ok 4 - bad # of it'
  run -1 tests_run "$TMP/skips"
  [[ ${lines[0]} == "$TMP/skips "*" 1 passed, 2 skipped, 1 FAILED  ("*" s, 0 left)" ]]
  [[ $output == *"    not ok 2 # SKIP no disk"$'\n'*"    ok 3 - slow # skip no time"$'\n'* ]]
  [ "${lines[-1]}" = "1 passed, 1 failed" ]
  program skips-all 1..1 'not ok 1 # SKIP no disk'
  program good 1..1 'ok 1 - good'
  run -0 tests_run "$TMP/skips-all" "$TMP/good"
  [ "${lines[-1]}" = "1 passed, 0 failed" ]
}

# bats test_tags=long
@test "the line of each program is printed when it finishes, with the number left to run" {
  program first 1..1 'ok 1 - first'
  # The second program waits for the line of the first.
  printf '#!/bin/sh\nuntil grep -q first "%s"; do sleep 0.1; done\necho 1..1; echo ok 1\n' "$TMP/shown" >second
  chmod +x second
  in_background "$TMP/shown" tests_run "$TMP/first" "$TMP/second"
  wait_for 10 grep -q '1 passed  (.* s, 0 left)' "$TMP/shown"
  grep -q 'first .* 1 passed  (.* s, 1 left)' "$TMP/shown"
  wait_for 5 grep -q '^2 passed, 0 failed' "$TMP/shown"
}

@test "a failure prints the whole output of its program" {
  program bad 1..2 'ok 1 - good' 'not ok 2 - bad' '# the reason'
  run -1 tests_run "$TMP/bad"
  [[ $output == *"    not ok 2 - bad"$'\n'"    # the reason"$'\n'* ]]
}

# bats test_tags=long
@test "a program that dies, stops early, or runs no test has failed" {
  program stops 1..3 'ok 1 - good' 'ok 2 - good'
  program nothing 1..0
  program silent
  printf '#!/bin/sh\necho 1..1; echo ok 1; kill -9 $$\n' >dies
  chmod +x dies
  run -1 tests_run "$TMP/stops" "$TMP/nothing" "$TMP/silent" "$TMP/dies"
  [ "${lines[-1]}" = "3 passed, 4 failed" ]
  run -1 tests_run "$TMP/none"
  [ "$output" = "tests/run: $TMP/none: no such test" ]
}

@test "if nothing can be written, it stops with a clear message, and counts nothing" {
  program good 1..1 'ok 1 - good'
  # A limit to the size of files, instead of a full disk.
  run -1 bash -c "trap '' XFSZ; ulimit -f 1; '$SOURCE_DIR/tests/run' '$TMP/good'"
  [[ $output == *"tests/run: cannot write to $TMPDIR; free some space"*"(File too large)"* ]]
  [[ $output != *passed* ]]
  [[ $output != *FAILED* ]]
}

@test "if the disk fills up during a run, the program that ran is not counted" {
  program good 1..1 'ok 1 - good'
  # The directory of the results can no longer be written to.
  printf '#!/bin/sh\necho 1..1; rm -rf "$results"; echo not ok 1\n' >fills
  chmod +x fills
  run -1 tests_run "$TMP/good" "$TMP/fills" "$TMP/good"
  [[ $output == *"tests/run: cannot write to $TMPDIR; free some space"* ]]
  [[ $output == *"the results are incomplete"* ]]
  [[ $output != *FAILED* ]]
}

@test "the tests that are tagged long run only if they are selected" {
  printf '@test "short" { :; }\n# bats test_tags=long\n@test "long" { :; }\n' >tags.bats
  GIT_BUILD_TEST_LONG='' run -0 tests_run "$TMP/tags.bats"
  [[ ${lines[0]} == *" 1 passed  ("* ]]
  GIT_BUILD_TEST_LONG=only run -0 tests_run "$TMP/tags.bats"
  [[ ${lines[0]} == *" 1 passed  ("* ]]
  GIT_BUILD_TEST_LONG=1 run -0 tests_run "$TMP/tags.bats"
  [[ ${lines[0]} == *" 2 passed  ("* ]]
}
