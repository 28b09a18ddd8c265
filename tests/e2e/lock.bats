#!/usr/bin/env bats
# git build lock: holders of locks, with real pushes to a real shared repository.
# shellcheck disable=SC2016,SC2154 # expanded by the command that runs; in_background sets $pid

load helper

setup() {
  e2e_setup
  fleet_of build1 build2 >/dev/null 2>&1
  cd build1 || return
}

lock() { git -C "$TMP/fleet.git" show main:coordination/locks.json | jq -c ".locks[\"$1\"]"; }

# answer NAME COMMAND...: write the output of COMMAND to NAME.out, and its exit code to NAME.code.
answer() {
  local name=$1 code=0
  shift
  "$@" >"$TMP/$name.out" 2>&1 || code=$?
  echo "$code" >"$TMP/$name.code"
}

# on_main FILE: write standard input to FILE on the shared branch, as another program would.
on_main() {
  rm -rf "$TMP/other"
  git clone -q "$TMP/fleet.git" "$TMP/other"
  cat >"$TMP/other/$1"
  git -C "$TMP/other" commit -qam "Change $1"
  git -C "$TMP/other" push -q --no-verify origin main
}

@test "a held lock is refused to others, and can be acquired once it is free" {
  run -0 git build lock acquire deploy
  [[ $output == "acquired deploy until "*" (fence 1)" ]]
  run -1 git -C ../build2 build lock acquire deploy
  [[ $output == "deploy is held by build1 until "*" (fence 1)" ]]
  run -1 git -C ../build2 build lock release deploy
  run -1 git build lock acquire deploy
  git build lock release deploy
  run -0 git -C ../build2 build lock acquire deploy --json
  jq -e '.acquired and .locked_by == "build2" and .fence == 2 and .state == "held" and (.commit | length) == 40' <<<"$output"
  run -1 git build lock acquire deploy --json
  jq -e '(.acquired | not) and .locked_by == "build2" and .commit == null' <<<"$output"
}

# bats test_tags=long
@test "the file has the members that the old scripts know, and keeps unknown ones" {
  git -C ../fleet.git show main:coordination/locks.json |
    jq '.locks.deploy = {locked_by: null, locked_at: null, expires_at: null, owner_note: "ask Ada"} | .metadata = {a: 150}' |
    sed 's/150/1.50/' | on_main coordination/locks.json
  git build lock acquire deploy --ttl 60
  [[ $(lock deploy) == '{"locked_by":"build1","locked_at":"2'*'Z","expires_at":"2'*'Z","owner_note":"ask Ada","fence":1}' ]]
  git -C ../fleet.git show main:coordination/locks.json | grep -q '"a": 1.50'
  git build lock release deploy
  [ "$(lock deploy)" = '{"locked_by":null,"locked_at":null,"expires_at":null,"owner_note":"ask Ada","fence":1}' ]
}

# bats test_tags=long
@test "a lock held by the old scripts is respected, and can be acquired after it has expired" {
  git -C ../fleet.git show main:coordination/locks.json | jq --arg until "$(date -u -d '+1 hour' +%FT%TZ)" \
    '.locks.config_update = {locked_by: "build2", locked_at: "2025-10-29T12:00:00Z", expires_at: $until}' |
    on_main coordination/locks.json
  run -1 git build lock acquire config_update
  GIT_BUILD_TEST_NOW=$(date -d '+2 hours' +%s) run -0 git build lock list
  [[ $output == *"config_update   expired  build2"* ]]
}

@test "an expired lock can be acquired; its former holder is notified once, at the next command" {
  git build lock acquire deploy --ttl 60
  later 100 run -0 git -C ../build2 build lock acquire deploy --json
  jq -e '.fence == 2 and .expired_for == "build1"' <<<"$output"
  later 100 run -0 git build status set idle
  [[ $output == *"warning: lock deploy was lost: it expired, and build2 acquired it"*"(fence 2, yours was 1)"* ]]
  run -0 git build status set idle
  [[ $output != *lost* ]]
  run -1 git build lock renew deploy --fence 1
  run -1 git build lock release deploy --fence 1
  [[ $(lock deploy) == *build2* ]]
}

# bats test_tags=long
@test "renew extends the lease from now; an expired lock that no server has acquired can be renewed" {
  git build lock acquire deploy --ttl 60
  git build lock renew deploy --ttl 600
  later 100 run -1 git -C ../build2 build lock acquire deploy
  git build lock acquire other --ttl 60
  later 100 run -0 git build lock renew other --ttl 60
  [[ $(lock other) == *'"fence":1}' ]]
}

# bats test_tags=long
@test "--wait acquires the lock when it is released" {
  git build lock acquire deploy
  in_background "$TMP/log" git -C "$TMP/build2" build lock acquire deploy --wait "$(patience 30)"
  sleep 0.5
  git build lock release deploy
  wait_for 10 grep -q "acquired deploy" "$TMP/log"
  run -1 git build lock acquire deploy --wait 1
}

# bats test_tags=long
@test "a command runs with the lock held and its fence, and its exit code is returned" {
  run -7 git build lock acquire deploy -- sh -c \
    'echo "$GIT_BUILD_LOCK $GIT_BUILD_FENCE"; git -C ../build2 build lock acquire -q deploy || echo "held $?"; exit 7'
  [ "$output" = $'deploy 1\nheld 1' ]
  [[ $(lock deploy) == '{"locked_by":null,'* ]]
  run -129 git build lock acquire deploy -- sh -c 'exit 129'
  [ -z "$output" ]
  run -128 git build lock acquire deploy -- no-such-program
  [[ $output == *"cannot run 'no-such-program'"* ]]
  [[ $(lock deploy) == '{"locked_by":null,'* ]]
}

renewed() { git -C "$TMP/fleet.git" log --format=%s main | grep -q 'renews deploy'; }

# bats test_tags=long
@test "the lease of a lock is renewed while its command runs" {
  in_background "$TMP/log" git build lock acquire deploy --ttl 20 -- sh -c 'until [ -e ../done ]; do sleep 0.1; done'
  wait_for 5 eval '[[ $(lock deploy) == *build1* ]]'
  until=$(lock deploy | jq -r '.expires_at | fromdate')
  wait_for 10 renewed
  # After the first lease, it would still be held.
  GIT_BUILD_TEST_NOW=$((until + 1)) run -1 git -C ../build2 build lock acquire deploy
  touch ../done
  wait_for 5 eval '[[ $(lock deploy) != *build1* ]]'
}

# bats test_tags=long
@test "if the lock is lost, the command is stopped, unless --keep-running is given" {
  run -128 git build lock acquire deploy --ttl 20 -- sh -c \
    'git -C ../build2 build lock break deploy --reason "the demo wants it"; sleep 100000; echo "not stopped"'
  [[ $output == *"lock deploy was lost"* ]]
  [[ $output != *"not stopped"* ]]
  git build lock acquire deploy --ttl 20 --keep-running -- sh -c \
    'git -C ../build2 build lock break -q deploy --reason "once more"
    until grep -q "lock deploy was lost" ../log; do sleep 0.1; done; echo "went on"' >../log 2>&1
  grep -q "went on" ../log
}

# bats test_tags=long
@test "if nothing can be pushed, the command is stopped when the lease expires" {
  run -128 git build lock acquire deploy --ttl 10 -- sh -c \
    'mv ../fleet.git ../away.git; sleep 100000; echo "not stopped"'
  mv ../away.git ../fleet.git
  [[ $output == *"it has expired and could not be renewed"* ]]
  [[ $output != *"not stopped"* ]]
}

# bats test_tags=long
@test "a signal is passed to the command, and the lock is released" {
  in_background "$TMP/log" git build lock acquire deploy -- sh -c 'trap "echo told; exit 3" TERM; while :; do sleep 0.1; done'
  wait_for 5 eval '[[ $(lock deploy) == *build1* ]]'
  sleep 0.3
  kill -TERM "$pid"
  wait_for 5 grep -q told "$TMP/log"
  wait_for 5 eval '[[ $(lock deploy) != *build1* ]]'
}

# bats test_tags=long
@test "break needs a reason, which is recorded in the history" {
  git -C ../build2 build lock acquire deploy
  run -129 git build lock break deploy
  [[ $output == *"--reason TEXT"* ]]
  run -0 git build lock break deploy --reason "build2 is on fire"
  [ "$output" = "broke deploy, which was held by build2" ]
  [ "$(git -C ../fleet.git log -1 --format=%s main)" = "Lock: build1 breaks deploy of build2: build2 is on fire" ]
  run -1 git build lock break deploy --reason again
  run -0 git -C ../build2 build lock list
  [[ $output == *"warning: lock deploy was lost"* ]]
}

# bats test_tags=long
@test "a corrupt lock cannot be acquired until it is broken" {
  rm ../fleet.git/hooks/pre-receive
  git -C ../fleet.git show main:coordination/locks.json |
    jq '.locks.deploy = 7 | .locks.other = {locked_by: "build2", expires_at: "soon", fence: 41}' |
    on_main coordination/locks.json
  run -128 git build lock acquire deploy
  [[ $output == *"lock deploy is corrupt"*"git build lock break deploy"* ]]
  run -0 git build lock list
  [[ $output == *"deploy          corrupt"* ]]
  git build lock break deploy --reason "it is a number"
  git build lock break other --reason "it never ends"
  run -0 git build lock acquire other --json
  jq -e '.fence == 42' <<<"$output"
  git build lock acquire deploy
}

# bats test_tags=long
@test "invalid names are refused" {
  for name in '' '../x' '-x' 'a b' .hidden $'a\nb' "$(printf 'x%.0s' {1..101})"; do
    run -129 git build lock acquire -- "$name"
    [[ $output == "error: "*"invalid lock name"* ]]
  done
  run -129 git build lock acquire
  run -129 git build lock
  run -129 git build lock acqire deploy
  [[ $output == *"did you mean 'acquire'?"* ]]
}

# bats test_tags=long
@test "clones of one host take turns: none of them loses a race" {
  shared_repo "$TMP/turns.git" >/dev/null
  git config --global build.hostQueue true
  for id in t1 t2 t3 t4; do clone_server "$TMP/turns.git" "$id" >/dev/null; done
  for id in t1 t2 t3 t4; do git -C "$TMP/$id" build lock acquire -q "$id"; done
  for id in t1 t2 t3 t4; do
    (for n in 1 2 3 4 5; do git -C "$TMP/$id" build lock acquire --json "$id-$n"; done >"$TMP/$id.said") &
  done
  wait
  [ "$(cat "$TMP"/t?.said | jq -s 'map(select(.attempts == 1)) | length')" = 20 ]
  # A clone that takes too long is overtaken.
  (
    exec 9>>"$(grep -l "git-build in $TMP/" "/tmp/git-build-$(id -u)"/*)"
    flock 9
    LOCK_WAIT=1 git -C "$TMP/t1" build lock acquire -q late
  )
}

@test "many servers race for one lock: one gets it, the others see its holder" {
  for id in $(racers); do clone_server "$TMP/fleet.git" "$id" >/dev/null 2>&1; done
  git config --global build.attempts 50
  others=$(($(racers | wc -w) - 1))
  for round in 1 2 3; do
    for id in $(racers); do
      answer "$id" git -C "$TMP/$id" build lock acquire "race$round" &
    done
    wait
    [ "$(cat "$TMP"/s?.code | sort | uniq -c | tr -s ' \n' ' ')" = " 1 0 $others 1 " ]
    winner=$(lock "race$round" | jq -r .locked_by)
    [ "$(cat "$TMP/$winner.code")" = 0 ]
    [ "$(grep -lE "is held by $winner until" "$TMP"/s?.out | wc -l)" = "$others" ]
  done
}

@test "requests of one clone are pushed together, and each has its own answer" {
  for n in $(seq 12); do
    answer "$n" git build lock acquire "lock$((n % 6))" &
  done
  wait
  [ "$(cat "$TMP"/*.code | sort | uniq -c | tr -s ' \n' ' ')" = " 6 0 6 1 " ]
  [ "$(git -C ../fleet.git show main:coordination/locks.json | jq '[.locks[] | select(.locked_by == "build1")] | length')" = 6 ]
  [ -z "$(ls .git/git-build/queue)" ]
}

# bats test_tags=long
@test "a process that is killed midway does not affect the others" {
  # A push that hangs: the leader holds the queue until it is killed.
  cat >../fleet.git/hooks/pre-receive.slow <<'END'
#!/bin/sh
[ ! -e ../slow ] || { touch ../arrived; while [ -e ../slow ]; do sleep 0.1; done; }
END
  mv ../fleet.git/hooks/pre-receive ../fleet.git/hooks/pre-receive.fast
  cat ../fleet.git/hooks/pre-receive.slow - >../fleet.git/hooks/pre-receive <<'END'
exec "$0.fast"
END
  chmod +x ../fleet.git/hooks/pre-receive
  touch ../slow
  setsid git build lock acquire first >"$TMP/1.out" 2>&1 3>&- &
  leader=$!
  wait_for 5 test -e ../arrived
  in_background "$TMP/2.out" git build lock acquire second
  wait_for 5 eval "ls .git/git-build/queue | grep -q request"
  kill -KILL -- -$leader
  rm ../slow
  wait_for 10 grep -q "acquired second" "$TMP/2.out"
  [[ $(lock second) == *build1* ]]
  [ -z "$(ls .git/git-build/queue)" ]
}

# bats test_tags=long
@test "if the remote does not respond, acquire fails after some attempts, and nothing is held" {
  git build lock list >/dev/null
  mv ../fleet.git ../away.git
  run -128 git build lock acquire deploy
  [[ $output == *"gave up after 5 attempts"* ]]
  run -0 git build lock list
  [[ $output == *"warning: "*"showing the state of "*" ago"* ]]
  run -0 git build lock list --json
  mv ../away.git ../fleet.git
  git build lock list >/dev/null
  [ "$(lock deploy)" = null ]
}

# bats test_tags=long
@test "list shows the locks of a server" {
  git build lock acquire one
  git build lock acquire other
  git build lock release other
  git -C ../build2 build lock acquire two
  names() { git build lock list --json "$@" | jq -r '[.locks[].name] | sort | join(" ")'; }
  [ "$(names)" = "config_update job_assignment one other two" ]
  [ "$(names --server build1)" = one ]
  [ "$(names --server build2)" = two ]
  [ "$(names --server build2,build1)" = "one two" ]
  [ "$(SERVER_ID=build2 names)" = "$(names)" ]
  run -0 git build lock list --server build2
  [[ ${#lines[@]} = 2 && $output == *build2* && $output != *build1* ]]
  run -129 git build lock list --ttl 5
  run -129 git build lock release --ttl 5 one
  run -129 git build lock renew --reason x one
  run -129 git build lock acquire --fence 1 one
}
