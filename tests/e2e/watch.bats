#!/usr/bin/env bats
# git build watch: the view on a real pseudo-terminal, and lines without a terminal.
# shellcheck disable=SC2154 # in_background sets $pid

load helper

setup() {
  e2e_setup
  fleet_of build1 build2 >/dev/null 2>&1
  cd build1 || return
}

other() { git -C ../build2 build "$@"; }

# on_terminal COLUMNS LINES: run watch on a terminal of this size. Its output is in $TMP/screen, keys are
# written to file descriptor 8, and the name of the terminal is in $TMP/tty.
on_terminal() {
  command -v script >/dev/null || skip "there is no script(1)"
  mkfifo "$TMP/keys"
  in_background "$TMP/script.log" sh -c "exec script -qefc 'stty cols $1 rows $2; tty >\"$TMP/tty\"; echo \$\$ >\"$TMP/watcher\"; exec git-build watch --interval 1' '$TMP/screen' <'$TMP/keys'"
  exec 8>"$TMP/keys"
  wait_for 10 grep -q 'q quit' "$TMP/screen"
}

# lines: print the lines that were sent since the screen was last cleared, as it is when its size changes,
# without colors, one per line: "ROW TEXT".
lines() {
  sed -z 's/.*\x1b\[2J//' "$TMP/screen" |
    sed 's/\x1b\[\([0-9]*\);1H\x1b\[2K/\n@\1 /g' | grep '^@' | sed 's/\x1b\[[0-9;?]*[a-zA-Z]//g; s/\r//g; s/^@//'
}
cleared() { grep -aoF $'\x1b[2J' "$TMP/screen" | wc -l; }
widest() { lines | sed 's/^[0-9]* //' | LC_ALL=C.UTF-8 wc -L; }
lowest() { lines | cut -d' ' -f1 | sort -n | tail -n 1; }

# bats test_tags=long
@test "the view shows servers, jobs and alerts, and ends on request" {
  id=$(git build job add --branch ExternalNew --commit abc --description "CloudStack packages")
  other job claim -q >/dev/null
  other message send -q --to all --type error --subject $'It \e[31mburns' >/dev/null
  on_terminal 80 24
  wait_for 10 eval 'lines | grep -q "1 warning"'
  lines | grep -qE 'build2 +alive .*building ExternalNew for'
  lines | grep -qE 'running +build +ExternalNew +build2 .*CloudStack packages'
  lines | grep -qF 'It \x1b[31mburns'
  lines | grep -qE '^1 .*1 warning +2 of 2 servers alive, 1 running, 0 queued'
  [ "$(widest)" -le 80 ]
  [ "$(lowest)" -le 24 ]
  # Changes appear by themselves.
  other job complete -q "$id"
  other message send -q --to build1 --subject "All done" >/dev/null
  wait_for 10 eval 'lines | grep -q "All done"'
  printf '?' >&8
  wait_for 5 eval 'lines | grep -q "r        fetch now"'
  printf '?q' >&8
  wait_for 5 eval '! kill -0 '"$pid"
  exec 8>&-
  # The terminal is restored: the cursor is visible, and the old content is back.
  tail -c 200 "$TMP/screen" | grep -qF $'\x1b[?25h\x1b[?1049l'
}

# bats test_tags=long
@test "a resized terminal, and a small one, get as much as there is room for" {
  for n in $(seq 30); do git build job add --branch "branch-$n-with-a-long-name" --commit abc >/dev/null; done
  on_terminal 200 60
  wait_for 10 eval 'lines | grep -q branch-30'
  [ "$(cleared)" = 1 ]
  stty -F "$(cat "$TMP/tty")" cols 40 rows 12
  # stty changes one after the other.
  wait_for 10 eval '[ "$(cleared)" -ge 2 ] && [ "$(lowest)" = 12 ] && [ "$(widest)" -le 40 ]'
  run ! eval 'lines | grep -q branch-10'
  # Scrolling shows the rest, with letters and with arrow keys.
  for _ in $(seq 12); do printf 'j\033[B' >&8; done
  wait_for 10 eval 'lines | grep -q "branch-1[0-9]"'
  [ "$(lowest)" -le 12 ]
  kill -TERM "$(cat "$TMP/watcher")"
  wait_for 5 eval '! kill -0 '"$pid"
  exec 8>&-
  tail -c 200 "$TMP/screen" | grep -qF $'\x1b[?1049l'
}

# bats test_tags=long
@test "keys work while a fetch hangs, and quitting ends all its processes" {
  printf '%s\n' '#!/bin/sh' "echo \$\$ >>'$TMP/hanging'" 'exec sleep 1000' >"$TMP/hang"
  chmod +x "$TMP/hang"
  git config remote.origin.uploadpack "$TMP/hang"
  for way in key signal; do
    rm -f "$TMP/hanging" "$TMP/keys" "$TMP/screen"
    on_terminal 80 24
    wait_for 10 test -s "$TMP/hanging"
    wait_for 10 eval 'lines | grep -q "fetching \.\.\."'
    printf '?' >&8
    wait_for 5 eval 'lines | grep -q "r        fetch now"'
    if [ "$way" = key ]; then printf 'q' >&8; else kill -INT "$(cat "$TMP/watcher")"; fi
    wait_for 5 eval '! kill -0 '"$pid"
    exec 8>&-
    while read -r process; do
      run ! kill -0 "$process"
    done <"$TMP/hanging"
    run ! pgrep -f "$TMP/fleet.git"
  done
  [ -z "$(find .git -name '*.lock')" ]
}

# bats test_tags=long
@test "the view shows why a fetch failed, until the remote answers" {
  mv ../fleet.git ../away.git
  on_terminal 150 24
  wait_for 10 eval 'lines | grep -q "cannot reach the shared repository: cannot fetch from .*fatal: "'
  wait_for 10 eval 'lines | grep -q "the remote does not answer; last fetched"'
  mv ../away.git ../fleet.git
  wait_for 10 eval '[[ $(lines | grep "^1 " | tail -n 1) != *critical* ]]'
  printf 'q' >&8
  wait_for 5 eval '! kill -0 '"$pid"
  exec 8>&-
}

# watching: print events from now on to $TMP/out; a message sent earlier is shown.
watching() { wait_for 10 seen_now; }
seen_now() {
  other message send -q --to build1 --subject "Are you there?" >/dev/null
  grep -q "Are you there" "$TMP/out"
}

# bats test_tags=long
@test "without a terminal, each event is a line" {
  in_background "$TMP/out" git-build watch --interval 1
  watching
  other message send -q --to build1 --type error --subject "It burns" >/dev/null
  wait_for 10 grep -qE 'Z message: new message msg_.* from build2: It burns' "$TMP/out"
  wait_for 10 grep -qE 'Z warning: 1 unread error' "$TMP/out"
  git build message read -q --all
  wait_for 10 grep -qE 'Z over: 1 unread error' "$TMP/out"
  [ "$(grep -c 'warning: 1 unread error' "$TMP/out")" = 1 ]
  run ! grep -q $'\e' "$TMP/out"
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  [ "$status" = 0 ]
}

@test "a terminal without UTF-8 gets ASCII" {
  other message send -q --to build1 --subject 'Grüße 日本'
  LC_ALL=C run -0 git build watch --once
  [[ $output == *"Gr??e ????"* ]]
  LC_ALL=C grep -q '[^ -~]' <<<"$output" && false
  LC_ALL=C.UTF-8 run -0 git build watch --once
  [[ $output == *"Grüße 日本"* && $output == *●* ]]
}

# bats test_tags=long
@test "--json, --once, --offline" {
  in_background "$TMP/out" git-build watch --interval 1 --json
  watching
  other lock acquire -q deploy
  wait_for 10 eval 'jq -e "select(.event == \"lock\") | .text == \"lock deploy is now held by build2\"" "$TMP/out"'
  run -0 git build watch --once
  [[ $output == *"SERVERS"*"build1"*"build2"*"LOCKS"*"deploy"* ]]
  [[ $output != *$'\e'* ]]
  mv ../fleet.git ../away.git
  run -0 git build watch --once --offline
  [[ $output == *build2* ]]
  run -0 git build watch --once
  [[ $output == *build2* ]]
  mv ../away.git ../fleet.git
}
