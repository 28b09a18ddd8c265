#!/usr/bin/env bats
# shellcheck disable=SC2016 # expanded by the command that runs
# A push arrives but its result does not: the answer is found out, once, and in time.

load helper

setup() {
  e2e_setup
  shared_repo fleet.git >/dev/null
  clone_server "$TMP/fleet.git" build1 >/dev/null 2>&1
  cd build1 || return
  git config build.attempts 2
  git config build.requests false # tests/e2e/serve.bats tests the answers to requests
  git config build.alertCommand true
  # An ssh without a network: it runs the command here, and prints ssh's last message if a push was cut.
  cat >"$TMP/relay" <<END
#!/bin/bash
[ ! -e "$TMP/down" ] || { cat "$TMP/words" >&2; exit 255; }
sh -c "\${@: -1}"
status=\$?
[ ! -e "$TMP/landed" ] || { rm -f "$TMP/landed"; cat "$TMP/words" >&2; exit 255; }
exit "\$status"
END
  chmod +x "$TMP/relay"
  export GIT_SSH_COMMAND=$TMP/relay
  git remote set-url origin "ssh://fleet$TMP/fleet.git"
}

shown() { git -C "$TMP/fleet.git" show "main:coordination/$1.json"; }
entries() { git build outbox list --json | jq -r '.entries[].request.operation'; }

# cut TEXT [COMMAND]: the next push arrives; then COMMAND runs, the server dies without a result, and ssh ends with TEXT.
cut() {
  printf '%s\n' "$1" >"$TMP/words"
  printf '#!/bin/sh\nif [ "$1" = committed ] && [ -e "%s" ]; then rm "%s"; touch "%s"; %s\nkill -9 "$PPID"; fi\n' \
    "$TMP/cut" "$TMP/cut" "$TMP/landed" "${2:-:}" >"$TMP/fleet.git/hooks/reference-transaction"
  chmod +x "$TMP/fleet.git/hooks/reference-transaction"
  touch "$TMP/cut"
}

# Messages of ssh when an established connection breaks. It prints some of them also if there was no connection.
endings=(
  'Read from remote host fleet: Connection timed out'
  'Connection to fleet closed by remote host.'
  'Timeout, server fleet not responding.'
  'client_loop: send disconnect: Broken pipe'
  'Read from remote host fleet: Connection reset by peer'
  'packet_write_wait: Connection to 192.0.2.1 port 22: Connection refused'
  'fatal: Permission denied'
  'sh: No such file or directory'
)

# bats test_tags=long
@test "a lost connection: the request is found on the branch and answered as done" {
  local n=0 words
  for words in "${endings[@]}"; do
    n=$((n + 1))
    cut "$words"
    run -0 timeout 60 git build lock acquire "lock$n"
    [[ $output == *"(fence 1)"* ]]
    [ ! -e "$TMP/cut" ]
    shown locks | jq -e --arg name "lock$n" '.locks[$name].fence == 1 and .locks[$name].locked_by == "build1"'
    cut "$words"
    run -0 timeout 60 git build message send --to all --subject "s$n"
    shown messages | jq -e --arg s "s$n" '[.messages[] | select(.subject == $s)] | length == 1'
  done
  [ -z "$(entries)" ]
}

# bats test_tags=long
@test "a lost connection, and no later one: the answer is 'unknown', and later the correct one" {
  local n=0 words
  for words in "${endings[@]}"; do
    n=$((n + 1))
    cut "$words" "touch '$TMP/down'"
    run -128 timeout 60 git build lock acquire "lock$n"
    [[ $output == *"kept in the outbox"* ]]
    [[ $(entries) == *"lock acquire"* ]]
    shown locks | jq -e --arg name "lock$n" '.locks[$name].locked_by == "build1"'
    rm "$TMP/down"
    timeout 60 git build outbox retry
    [ -z "$(entries)" ]
    shown locks | jq -e --arg name "lock$n" '.locks[$name].fence == 1'
  done
}

# bats test_tags=long
@test "a connection that was never made is not 'unknown'" {
  local words
  for words in "${endings[@]}" 'ssh: connect to host fleet port 22: Connection timed out'; do
    echo "$words" >"$TMP/words"
    touch "$TMP/down"
    run -128 timeout 60 git build lock acquire never
    [[ $output == *"gave up after"* && $output != *"cannot find out"* && $output != *"kept in the outbox"* ]]
    [[ $(entries) != *"lock acquire"* ]]
    rm "$TMP/down"
  done
  timeout 60 git build outbox retry
  shown locks | jq -e '.locks.never == null'
}

@test "after a push with an unknown result, a failure of this host is not reported as 'nothing happened'" {
  cut 'Connection to fleet closed by remote host.' \
    "prlimit --pid \"\$(sed 's/.*process //' '$TMP/build1/.git/git-build/write')\" --nofile=4:4"
  # LeakSanitizer opens files.
  ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 run -128 timeout 60 git build lock acquire deploy
  [[ $output == *"it is not known whether the change arrived"* ]]
  shown locks | jq -e '.locks.deploy.locked_by == "build1"'
}

# Two processes wait together; the one that pushes for both is killed after its push has arrived.
# bats test_tags=long
@test "a killed leader: the waiting process finds its request on the branch, and reports it as done" {
  local one two leader other
  for round in 1 2 3; do
    # The first push is slow, so that two more requests wait for it and are then pushed together.
    printf '#!/bin/sh\n[ "$1" = committed ] || exit 0\n%s\n' "
      if [ -e '$TMP/slow' ]; then touch '$TMP/began'; while [ -e '$TMP/slow' ]; do sleep 0.05; done
      elif [ -e '$TMP/hold' ]; then touch '$TMP/pushed'; while [ -e '$TMP/hold' ]; do sleep 0.05; done; fi" \
      >"$TMP/fleet.git/hooks/reference-transaction"
    chmod +x "$TMP/fleet.git/hooks/reference-transaction"
    rm -f "$TMP/began" "$TMP/pushed"
    touch "$TMP/slow" "$TMP/hold"
    in_background "$TMP/first" git-build lock acquire "first$round"
    first=$pid
    wait_for 30 test -e "$TMP/began"
    in_background "$TMP/one" git-build lock acquire "one$round"
    one=$pid
    in_background "$TMP/two" git-build lock acquire "two$round"
    two=$pid
    wait_for 30 eval '[ "$(ls .git/git-build/queue/*.request | wc -l)" = 2 ]'
    rm "$TMP/slow"
    wait_for 30 test -e "$TMP/pushed"
    leader=$(sed 's/.*process //' .git/git-build/write)
    other=$one
    [ "$leader" != "$one" ] || other=$two
    [ "$leader" = "$one" ] || [ "$leader" = "$two" ]
    kill -KILL "$leader"
    rm "$TMP/hold"
    wait "$first"
    wait_for 60 eval "! kill -0 $other 2>/dev/null"
    wait "$other"
    shown locks | jq -e --arg n "$round" '.locks["one" + $n].fence == 1 and .locks["two" + $n].fence == 1'
    cat "$TMP/one" "$TMP/two" | grep -q "(fence 1)"
    # The reported commit is the one on the branch.
    [ -z "$(git -C ../fleet.git log --format=%B main | grep ^Operation-Id | sort | uniq -d)" ]
  done
  [ -z "$(ls .git/git-build/queue)" ]
}
