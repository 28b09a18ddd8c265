load helper

setup() {
  e2e_setup
  fleet_of build1 >/dev/null 2>&1
  cd build1 || return
}

# shared BRANCH [PATH]: print the content in the shared repository.
shared() {
  git -C "$TMP/fleet.git" rev-parse -q --verify "refs/heads/$1" >/dev/null || return
  git -C "$TMP/fleet.git" show "$1:${2-build1/heartbeat.json}"
}

count() {
  git -C "$TMP/fleet.git" rev-list --count "$1"
}

# bats test_tags=long
@test "every fifth heartbeat is pushed, and main gets none" {
  local main
  main=$(count main)
  git build heartbeat --push # heartbeats are counted from here
  before=$(git -C ../fleet.git rev-parse heartbeat-build1)
  for _ in 1 2 3 4; do
    run -0 git build heartbeat
    [[ $output == "build1: heartbeat "*" of 5 until the next push" ]]
  done
  [ "$(git -C ../fleet.git rev-parse heartbeat-build1)" = "$before" ]
  run -0 git build heartbeat
  [[ $output == *", pushed" ]]
  [ "$(git -C ../fleet.git rev-parse heartbeat-build1)" = "$(git rev-parse heartbeat-build1)" ]
  [ "$(count main)" = "$main" ]
}

@test "a heartbeat has the server, time, health, readings and expected interval" {
  GIT_BUILD_TEST_NOW=1761739200 run -0 git build heartbeat --push --interval 30 --push-every 2
  shared heartbeat-build1 | tee beat.json
  [ "$(jq -r '[.server, .timestamp, .healthy, (.uptime_seconds > 0)] | @csv' beat.json)" = \
    '"build1","2025-10-29T12:00:00Z",true,true' ]
  [ "$(jq -r '.system | [.cpu_usage, .memory_used_gb, .disk_free_gb] | map(type) | unique[]' beat.json)" = number ]
  jq -e '[.. | numbers] | index(30) and index(2)' beat.json
  [ "$(git -C ../fleet.git ls-tree -r --name-only heartbeat-build1)" = build1/heartbeat.json ]
}

@test "--json prints the same data as one line" {
  run -0 git build heartbeat --json
  [ "${#lines[@]}" = 1 ]
  jq -e '.server == "build1" and .healthy and (.pushed | not) and .pending == 1 and .error == null' <<<"$output"
  run -0 git build heartbeat --json --push
  [ "$(jq -r .commit <<<"$output")" = "$(git -C ../fleet.git rev-parse heartbeat-build1)" ]
  jq -e '.pushed and .pending == 0 and .branch == "heartbeat-build1"' <<<"$output"
}

@test "-q prints nothing" {
  run -0 git build heartbeat -q --push
  [ -z "$output" ]
}

@test "build.healthCheck decides, and its output is passed on" {
  git config build.healthCheck 'test -f well || { echo no disk left; exit 3; }'
  run -0 git build heartbeat --push
  [[ $output == *"warning: build.healthCheck: no disk left"* ]]
  [[ $output == *"unhealthy heartbeat"* ]]
  [ "$(shared heartbeat-build1 | jq .healthy)" = false ]
  touch well
  run -0 git build heartbeat --push
  [[ $output != *warning* ]]
  [ "$(shared heartbeat-build1 | jq .healthy)" = true ]
  git build heartbeat --push --unhealthy
  [ "$(shared heartbeat-build1 | jq .healthy)" = false ]
}

# bats test_tags=long
@test "the environment variables of the shell scripts are accepted" {
  HEARTBEAT_PUSH_EVERY=1 run -0 git build heartbeat
  [[ $output == *pushed ]]
  HEARTBEAT_PUSH_EVERY=2 git build heartbeat --push-every 1
  HEARTBEAT_BRANCH=auto HEARTBEAT_PUSH_EVERY=1 run -0 git build heartbeat --json
  [ "$(jq -r .branch <<<"$output")" = heartbeat-build1 ]
  HEARTBEAT_BRANCH=1 run -0 git build heartbeat --json
  [ "$(jq -r .branch <<<"$output")" = heartbeat-build1 ]
  HEARTBEAT_BRANCH=beats run -0 git build heartbeat --push --json
  [ "$(jq -r .branch <<<"$output")" = beats ]
  shared beats
  HEARTBEAT_PUSH_EVERY=many run -128 git build heartbeat
  [[ $output == *HEARTBEAT_PUSH_EVERY*many* ]]
  run -128 git build heartbeat --branch 'a b'
  run -128 git build heartbeat --branch=-x
  run -129 git build heartbeat --push-every 0
  run -129 git build heartbeat --interval 1h
}

@test "legacy mode: heartbeats go to the shared branch, one commit per push" {
  local before
  before=$(count main)
  for _ in 1 2 3; do
    run -0 git build heartbeat --branch main --push-every 2 --json
  done
  [ "$(count main)" = $((before + 1)) ]
  [ "$(shared main | jq -r .server)" = build1 ]
}

# bats test_tags=long
@test "the branch stays within build.heartbeatHistory" {
  git config build.heartbeatHistory 4
  for _ in 1 2 3 4 5 6 7 8 9 10 11; do
    git build heartbeat -q --push
    [ "$(count heartbeat-build1)" -le 4 ]
  done
}

@test "worktree, index and branch are not touched, whether dirty, detached or read-only" {
  echo mine >>coordination/jobs.json
  echo new >untracked
  git add untracked
  before=$(git status --porcelain=v2 --branch)
  git build heartbeat --push
  [ "$(git status --porcelain=v2 --branch)" = "$before" ]
  git checkout -q --detach
  head=$(git rev-parse HEAD)
  git build heartbeat --push
  [ "$(git rev-parse HEAD)" = "$head" ]
  run ! git symbolic-ref -q HEAD
  git worktree add -q ../second
  git -C ../second build heartbeat --push
  [ "$(git rev-parse HEAD)" = "$head" ]
}

@test "a bare clone can record heartbeats" {
  git clone -q --bare ../fleet.git ../bare.git
  git -C ../bare.git build heartbeat --server build7 --push
  shared heartbeat-build7 build7/heartbeat.json
}

@test "without a remote, a heartbeat is kept, and a push that is due fails" {
  git remote remove origin
  run -0 git build heartbeat
  run -128 git build heartbeat --push
  [[ $output == *"fatal: the heartbeat was recorded in this clone, but could not be pushed: "*origin* ]]
  [ "$(git rev-list --count heartbeat-build1)" -ge 2 ]
  run -128 --separate-stderr git build heartbeat --push --json
  jq -e '(.pushed | not) and .pending >= 2 and (.error | contains("origin"))' <<<"$output"
}

@test "when the remote is back, it gets the kept heartbeats" {
  mv ../fleet.git ../gone.git
  run -128 git build heartbeat --push
  run -128 git build heartbeat --push
  mv ../gone.git ../fleet.git
  run -0 git build heartbeat --push
  [ "$(git -C ../fleet.git rev-parse heartbeat-build1)" = "$(git rev-parse heartbeat-build1)" ]
}

@test "no identity is needed" {
  git config --global --unset user.name
  git config --global --unset user.email
  run -0 git build heartbeat --push
  [[ $(git -C ../fleet.git log -1 --format=%an heartbeat-build1) == *build1* ]]
}

@test "the output of a rejecting hook in the shared repository is shown" {
  mkdir -p ../fleet.git/hooks
  printf '#!/bin/sh\necho closed for the night >&2; echo "\033[31mred" >&2\nexit 1\n' >../fleet.git/hooks/update
  chmod +x ../fleet.git/hooks/update
  run -128 git build heartbeat --push
  [[ $output == *"remote: closed for the night"*"fatal: "*rejected* ]]
  [ "$(grep -c "closed for the night" <<<"$output")" = 1 ]
  [[ $output != *$'\e'* ]]
  printf '#!/bin/sh\necho thank you >&2\n' >../fleet.git/hooks/update
  run -0 git build heartbeat --push
  [[ $output == *"remote: thank you"* ]]
}

@test "eight concurrent heartbeats from one clone: none is lost" {
  git build heartbeat --push -q
  local before
  before=$(git rev-list --count heartbeat-build1)
  for _ in 1 2 3 4 5 6 7 8; do
    git build heartbeat -q --push-every 3 3>&- &
  done
  wait
  [ "$(git rev-list --count heartbeat-build1)" = $((before + 8)) ]
}

# bats test_tags=long
@test "an unresponsive remote costs at most build.timeout" {
  git remote set-url origin ssh://nowhere/fleet.git
  export GIT_SSH_COMMAND="sh -c 'sleep 100000'"
  run -128 git -c build.timeout=1 build heartbeat --push
  [[ $output == *"cannot push to 'origin'"*"1000 ms"* ]]
  run -0 --separate-stderr git -c build.timeout=1 build status
  [[ $stderr == "warning: cannot fetch from 'origin'"* ]]
  [[ $output == *build1* ]]
}

# bats test_tags=long
@test "heartbeats work over ssh as over a file" {
  start_sshd
  git remote set-url origin "$SSH_URL$TMP/fleet.git"
  run -0 git build heartbeat --push
  [ "$(git -C ../fleet.git rev-parse heartbeat-build1)" = "$(git rev-parse heartbeat-build1)" ]
  git remote set-url origin "$SSH_URL$TMP/nowhere.git"
  run -128 git build heartbeat --push
  [[ $output == *nowhere.git* ]]
}
