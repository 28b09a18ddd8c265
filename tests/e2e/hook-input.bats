#!/usr/bin/env bats
# The hooks accept a push only if they have read git's whole list of refs. The tests truncate the input at
# each byte, make each read fail, and send input that git never writes.
#
# If git itself must meet the fault, the installed script starts a program of the test instead of the
# hook.

load helper
load guard

FAULTS=$GIT_BUILD_BINDIR/tests/faults
HOOKS=$GIT_BUILD_BINDIR/hooks

# $tip is the commit of main in the shared repository. $bad is a commit that every hook must reject;
# it is the HEAD of the clone, and its objects are in the shared repository as well.
setup() {
  e2e_setup
  new_fleet
  tip=$(git rev-parse origin/main)
  what broken.json '{ broken'
  commit
  bad=$(git rev-parse HEAD)
  git --git-dir=../fleet.git fetch -q "$PWD" HEAD
  good_line="$tip $tip refs/heads/main"
  bad_line="$tip $bad refs/heads/main"
  local_line="refs/heads/main $bad refs/heads/main $tip"
}

# receive COMMAND...: run COMMAND, which starts pre-receive, in the shared repository.
receive() {
  (cd "$TMP/fleet.git" && "$@")
}

# broken_hook HOOK SCRIPT: let git's HOOK run SCRIPT instead of the program "$real".
broken_hook() {
  printf '#!/bin/bash\nreal=%q\n%s\n' "$HOOKS/$(basename "$1")" "$2" >"$TMP/program"
  chmod +x "$TMP/program"
  sed -i "s|^program=.*|program=$TMP/program|" "$1"
}

# never_accepted: a push of $bad by git is refused, with and without the hook of the clone.
never_accepted() {
  push_refused "$@" -- HEAD:main
}

# bats test_tags=long
@test "input truncated at any byte is refused" {
  local input=$bad_line$'\n' n
  for ((n = 0; n <= ${#input}; n++)); do
    printf %s "${input:0:n}" >"$TMP/input"
    run -1 receive "$HOOKS/pre-receive" <"$TMP/input"
    [ "$n" = "${#input}" ] || [[ $output == *"push rejected"* ]]
  done
  [[ $output == *"broken.json:1:3"* ]]
  # Even if it has a complete and valid line.
  input="$good_line"$'\n'"$bad_line"$'\n'
  for ((n = ${#good_line} + 2; n <= ${#input}; n += 9)); do
    printf %s "${input:0:n}" >"$TMP/input"
    run -1 receive "$HOOKS/pre-receive" <"$TMP/input"
  done
}

# bats test_tags=long
@test "pre-push refuses input truncated within a line" {
  local input=$local_line$'\n' n
  git config --unset core.hooksPath
  for ((n = 1; n <= ${#input}; n++)); do
    printf %s "${input:0:n}" >"$TMP/input"
    run -1 "$HOOKS/pre-push" origin "$TMP/fleet.git" <"$TMP/input"
  done
}

# bats test_tags=long
@test "a push is refused if the hook gets only a part of the list of refs" {
  local n
  for n in 0 1 41 82 97; do
    broken_hook ../fleet.git/hooks/pre-receive "head -c $n | \"\$real\" \"\$@\""
    never_accepted "push rejected"
  done
}

# bats test_tags=long
@test "a push is refused if the list of refs cannot be read" {
  local fault
  for fault in '</' '<&-' '</dev/null' '< <(perl -e "fcntl(STDOUT, 4, 2048); sleep 1")'; do
    broken_hook ../fleet.git/hooks/pre-receive "exec \"\$real\" \"\$@\" $fault"
    never_accepted "push rejected"
  done
}

@test "an empty pipe that is still open is not the end of the input" {
  # With O_NONBLOCK, as set by a process that shares the pipe, read(2) fails with EAGAIN.
  local hook
  for hook in pre-receive pre-push; do
    run -1 receive perl -e '
      pipe(R, W); fcntl(R, 4, 2048); open(STDIN, "<&R"); fcntl(W, 2, 0); exec @ARGV' "$HOOKS/$hook"
    [[ $output == *"cannot read standard input: Resource temporarily unavailable"* ]]
  done
}

# bats test_tags=long
@test "a failed read of the input refuses the push" {
  local why reads n
  export FAULT_READ_SIZE=20 FAULT_PROGRAM=pre-receive FAULT_COUNT=$TMP/count
  printf '%s\n' "$good_line" "$good_line" >"$TMP/input"
  receive env LD_PRELOAD="$FAULTS/input.so" "$HOOKS/pre-receive" <"$TMP/input"
  reads=$(sed -n 's/^read //p' "$TMP/count")
  [ "$reads" -gt 8 ]
  for ((n = 1; n <= reads; n++)); do
    for why in EIO EAGAIN ENOMEM; do
      run -1 receive env FAULT_READ="$n:$why" LD_PRELOAD="$FAULTS/input.so" "$HOOKS/pre-receive" <"$TMP/input"
      [[ $output == *"cannot read standard input"*"push rejected"* ]]
    done
    # An interrupted read is not a failure: it is repeated.
    receive env FAULT_READ="$n:EINTR" LD_PRELOAD="$FAULTS/input.so" "$HOOKS/pre-receive" <"$TMP/input"
    run -1 env FAULT_PROGRAM=pre-push FAULT_READ="$n:EIO" LD_PRELOAD="$FAULTS/input.so" \
      "$HOOKS/pre-push" origin "$TMP/fleet.git" <<<"$local_line
$local_line"
    [[ $output == *"cannot read standard input"*"push stopped"* ]]
  done
}

# bats test_tags=long
@test "git refuses a push if one read of its list of refs fails" {
  local why n
  export FAULT_READ_SIZE=40 FAULT_PROGRAM=pre-receive
  broken_hook ../fleet.git/hooks/pre-receive "LD_PRELOAD=$FAULTS/input.so exec \"\$real\" \"\$@\""
  for why in EIO EAGAIN EINTR; do
    for n in 1 2 4; do
      FAULT_READ="$n:$why" never_accepted
    done
  done
  # If the same read is only interrupted, a valid push is accepted.
  git reset -q --hard "$tip"
  git commit -q --allow-empty -m "Change nothing"
  FAULT_READ=1:EINTR git push -q origin HEAD:main
}

# bats test_tags=long
@test "a line that git never writes is refused, with all others" {
  local line
  for line in '' ' ' x "$tip" "$tip $tip" "$tip $tip " "$tip $tip refs/" "$tip $tip main" "$tip  $tip refs/heads/main" \
    "$tip $tip refs/heads/a b" "${tip:1} $tip refs/heads/main" "$tip ${tip}0 refs/heads/main" \
    "g${tip:1} $tip refs/heads/main" $'\r' "$good_line"$'\r' "$good_line"$'\t' "$(printf '%070000d' 1)"; do
    printf '%s\n' "$good_line" "$line" "$good_line" >"$TMP/input"
    run -1 receive "$HOOKS/pre-receive" <"$TMP/input"
    [[ $output == *"standard input, line 2: unexpected input from git"*"push rejected"* ]]
    printf '%s\n' "x $good_line" | sed 's/\(.*\) \(.*\) \(.*\) \(.*\)/\1 \2 \4 \3/' >"$TMP/input"
    "$HOOKS/pre-push" origin "$TMP/fleet.git" <"$TMP/input"
    printf '%s\n' "$line" >>"$TMP/input"
    run -1 "$HOOKS/pre-push" origin "$TMP/fleet.git" <"$TMP/input"
    [[ $output == *"standard input, line 2: unexpected input from git"*"push stopped"* ]]
  done
}

@test "a NUL byte is refused, wherever it is" {
  local n
  for n in 0 10 40 60 81 85 97; do
    printf '%s\0%s\n' "${good_line:0:n}" "${good_line:n}" >"$TMP/input"
    run -1 receive "$HOOKS/pre-receive" <"$TMP/input"
    [[ $output == *"line 1: unexpected input from git"* ]]
    printf '%s\0%s\n' "${local_line:0:n}" "${local_line:n}" >"$TMP/input"
    run -1 "$HOOKS/pre-push" origin "$TMP/fleet.git" <"$TMP/input"
    [[ $output == *"line 1: unexpected input from git"* ]]
  done
}

# bats test_tags=long
@test "one bad ref of 100,000 refuses the push" {
  local none=0000000000000000000000000000000000000000 # deletions are checked quickly
  seq -f "$tip $none refs/tags/%.0f" 100000 >"$TMP/input"
  receive "$HOOKS/pre-receive" <"$TMP/input"
  printf '%s\n' "$bad_line" >>"$TMP/input"
  run -1 receive "$HOOKS/pre-receive" <"$TMP/input"
  [[ $output == *"broken.json:1:3"* ]]
  truncate -s -1 "$TMP/input"
  run -1 receive "$HOOKS/pre-receive" <"$TMP/input"
  [[ $output == *"ends in the middle of line 100001"* ]]
}

@test "pre-push without input succeeds, as when nothing is to be pushed" {
  git config --unset core.hooksPath
  git reset -q --hard "$tip"
  broken_hook .git/hooks/pre-push 'tee "$0.input" | "$real" "$@"'
  run -0 git push origin HEAD:main
  [[ $output == *"Everything up-to-date"* ]]
  [ -e "$TMP/program.input" ]
  [ ! -s "$TMP/program.input" ]
  run -1 "$HOOKS/pre-push" origin "$TMP/fleet.git" </
  run -1 sh -c '"$0" origin x <&-' "$HOOKS/pre-push"
}

@test "pre-push accepts a source with spaces" {
  git config --unset core.hooksPath
  git push -q --no-verify origin "$tip:refs/heads/other"
  run ! git push origin "HEAD^{/Change something}:refs/heads/main"
  [[ $output == *"broken.json:1:3"*"nothing was pushed"* ]]
  git reset -q --hard "$tip"
  git commit -q --allow-empty -m "Two words"
  git push -q origin "HEAD^{/Two words}:refs/heads/main"
  git push -q origin :refs/heads/other
}
