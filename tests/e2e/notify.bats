#!/usr/bin/env bats
# git build notify: each event is reported once, even after failures.
# shellcheck disable=SC2016,SC2154 # in_background sets $pid; the shell of the command expands it

load helper

setup() {
  e2e_setup
  fleet_of build1 build2 build3 >/dev/null 2>&1
  cd build1 || return
  git config build.notifyCommand 'cat >>"$HOME/reported"'
}

other() { git -C ../build2 build "$@"; }
reported() { jq -r "$1" "$HOME/reported" 2>/dev/null; }

# bats test_tags=long
@test "each event is reported once, with its subject" {
  other message send -q --to build1 --subject "before" >/dev/null
  run -0 git build notify
  [ -z "$output" ]
  message=$(other message send --to build1 --subject $'Hello "you" \e[1m')
  other message send -q --to build3 --subject "not for you" >/dev/null
  job=$(other job add --branch main --commit abc)
  other job claim -q >/dev/null
  other job fail -q --reason "exit code 2" "$job"
  run -0 git build notify --dry-run
  [ "${#lines[@]}" = 2 ]
  [ ! -e "$HOME/reported" ]
  run -0 git build notify
  [ "$(reported '.event + " " + .id')" = "message message:$message"$'\n'"build-failed build-failed:$job:1" ]
  [ "$(reported 'select(.event == "message") | .message')" = "$message" ]
  [ "$(reported 'select(.event == "build-failed") | .job')" = "$job" ]
  [ "$(reported .server | sort -u)" = build1 ]
  reported 'select(.event == "build-failed") | .text' | grep -q "job $job failed on build2, main: exit code 2"
  for _ in 1 2 3; do git build notify; done
  [ "$(wc -l <"$HOME/reported")" = 2 ]
}

# bats test_tags=long
@test "a lock and a job that moved to others, a server that became silent and returned" {
  git build lock acquire -q deploy --ttl 60
  git build job add --branch main --commit abc >/dev/null
  git build job claim -q >/dev/null
  git -C ../build3 config build.heartbeatInterval 60
  git -C ../build3 build heartbeat -q --push
  git build notify
  later 100 other lock acquire -q deploy
  # As an operator would do it: the job is given to build2.
  git -C ../build3 pull -q 2>/dev/null
  jq '.jobs[0].status = "queued" | .jobs[0].assigned_to = null' ../build3/coordination/jobs.json >"$TMP/jobs"
  cp "$TMP/jobs" ../build3/coordination/jobs.json
  git -C ../build3 commit -qam "Put it back"
  git -C ../build3 push -q --no-verify origin main
  other job claim -q >/dev/null
  now=$(date +%s)
  GIT_BUILD_TEST_NOW=$((now + 5000)) git build notify -q
  reported .event | sort | tr '\n' ' ' | grep -q "job-lost lock-lost"
  reported 'select(.event == "silent") | .about' | grep -qx build3
  [ "$(reported 'select(.event == "lock-lost") | .lock')" = deploy ]
  git -C ../build3 build heartbeat -q --push
  git build notify -q
  reported 'select(.event == "back") | .about' | grep -qx build3
  before=$(wc -l <"$HOME/reported")
  git build notify -q
  [ "$(wc -l <"$HOME/reported")" = "$before" ]
}

# bats test_tags=long
@test "a command that fails or hangs is run again, but not forever; other events are still reported" {
  git build notify
  first=$(other message send --to build1 --subject one)
  other message send -q --to build1 --subject two >/dev/null
  git config build.notifyCommand 'read -r l; case $l in *one*) echo no mail >&2; exit 3;; esac; echo "$l" >>"$HOME/reported"'
  for _ in 1 2 3 4 5; do
    run -128 git build notify
    [[ $output == *"build.notifyCommand exited with 3: no mail"* ]]
  done
  run -0 git build notify
  [ "$(reported .text | wc -l)" = 1 ]
  reported .text | grep -q two
  [ "$(reported "select(.message == \"$first\")")" = "" ]
}

# bats test_tags=long
@test "many processes at the same time, some of them killed, report each event once" {
  git build notify
  git config build.notifyCommand 'cat >>"$HOME/reported"; sleep 0.05'
  for n in 1 2 3 4 5 6 7 8; do other message send -q --to build1 --subject "m$n" >/dev/null; done
  for n in 1 2 3 4 5 6; do
    setsid git build notify -q 2>/dev/null &
    sleep "0.0$n"
    kill -KILL -- -$! 2>/dev/null || true
  done
  find .git -name '*.lock' -path '*refs*' -delete
  for _ in 1 2 3 4; do git build notify -q 2>/dev/null & done
  wait
  wait_for 10 git build notify -q
  # All were reported; one that was reported twice, because its process was killed then, has the same ID.
  [ "$(reported .id | sort -u | wc -l)" = 8 ]
  [ "$(reported .id | wc -l)" -le 14 ]
}

# bats test_tags=long
@test "a heartbeat loop reports events too, and continues if the command fails" {
  git build notify
  git config build.heartbeatInterval 1
  in_background "$TMP/out" git build heartbeat --loop
  other message send -q --to build1 --subject "while you beat" >/dev/null
  wait_for 10 grep -q "while you beat" "$HOME/reported"
  git config build.notifyCommand 'exit 7'
  kill -HUP "$pid"
  other message send -q --to build1 --subject "and again" >/dev/null
  wait_for 10 grep -q "cannot notify: build.notifyCommand exited with 7" "$TMP/out"
  before=$(git rev-list --count heartbeat-build1)
  wait_for 10 eval '[ "$(git rev-list --count heartbeat-build1)" -gt '"$before"' ]'
}

@test "without a command, notify fails" {
  git config --unset build.notifyCommand
  run -128 git build notify
  [[ $output == "fatal: no notify command; set build.notifyCommand" ]]
  run -0 git build notify --dry-run
}
