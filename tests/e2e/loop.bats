# git build heartbeat --loop: a service, and its behavior when something fails.
load helper

setup() {
  e2e_setup
  fleet_of build1 >/dev/null 2>&1
  cd build1 || return
}

heartbeats() {
  git rev-list --count heartbeat-build1
}

at_least() {
  [ "$(heartbeats)" -ge "$1" ]
}

pushed() {
  [ "$(git -C "$TMP/fleet.git" rev-parse heartbeat-build1)" = "$(git rev-parse heartbeat-build1)" ]
}

# lines_in FILE N: FILE has at least N lines.
lines_in() {
  [ "$(wc -l <"$1")" -ge "$2" ]
}

# logged LOG TEXT...: LOG has each TEXT.
logged() {
  grep -qF -- "${*:2}" "$1"
}

start_loop() {
  in_background "$TMP/log" git-build heartbeat --loop --interval 1 "$@"
}

# stop SIGNAL: end the loop; its exit code is in $status.
stop() {
  kill "-$1" "$pid"
  status=0
  wait "$pid" || status=$?
}

# bats test_tags=long
@test "the loop records heartbeats on time, and SIGTERM pushes the pending ones" {
  start=$(heartbeats)
  start_loop --push-every 100
  wait_for 5 at_least $((start + 5))
  run ! pushed
  stop TERM
  [ "$status" = 0 ]
  pushed
  logged ../log "build1: recording a heartbeat every 1 s on heartbeat-build1"
  logged ../log "build1: stopped, nothing is pending"
  # One per second: a busy machine may miss some, but they are not made up for in a burst.
  git log --format=%ct -5 heartbeat-build1 | sort -n >seconds
  [ $(($(tail -1 seconds) - $(head -1 seconds))) -ge 2 ]
}

@test "SIGINT ends it, too; without pending heartbeats, nothing is pushed" {
  start_loop --push-every 1
  wait_for 5 logged ../log "recording a heartbeat"
  wait_for 5 at_least 2
  stop INT
  [ "$status" = 0 ]
  pushed
}

# bats test_tags=long
@test "a second loop for the server is refused, and names the first" {
  start_loop
  wait_for 5 logged ../log "recording a heartbeat"
  run -1 git build heartbeat --loop
  [[ $output == "error: "*"build1"*"$pid"* ]]
  # Single heartbeats and other servers are allowed.
  git build heartbeat
  git clone -q ../fleet.git ../build2
  in_background "$TMP/log2" git-build -C ../build2 heartbeat --loop --server build2 --interval 1
  wait_for 5 logged ../log2 "recording a heartbeat"
  kill "$pid"
}

# bats test_tags=long
@test "--json prints one line per heartbeat, and nothing else on standard output" {
  git-build heartbeat --loop --interval 1 --push-every 2 --json >../out 2>../err 3>&- &
  pid=$!
  background_pids+=("$pid")
  wait_for 6 lines_in ../out 3
  stop TERM
  [ "$(jq -s 'length >= 3 and all(.server == "build1") and any(.pushed)' ../out)" = true ]
  [ ! -s ../err ]
}

# bats test_tags=long
@test "an unreachable remote is reported once, and its return once" {
  start_loop --push-every 1
  wait_for 5 logged ../log "recording a heartbeat"
  wait_for 5 pushed
  mv ../fleet.git ../gone.git
  wait_for 5 logged ../log "cannot be pushed"
  wait_for 6 at_least $(($(heartbeats) + 2))
  mv ../gone.git ../fleet.git
  wait_for 5 logged ../log "pushing works again"
  stop TERM
  [ "$status" = 0 ]
  pushed
  [ "$(grep -c "cannot be pushed" ../log)" = 1 ]
  [ "$(grep -c "pushing works again" ../log)" = 1 ]
}

@test "if it is stopped while the remote is unreachable, it reports the pending heartbeats" {
  start_loop --push-every 100
  wait_for 5 logged ../log "recording a heartbeat"
  wait_for 5 at_least 2
  mv ../fleet.git ../gone.git
  stop TERM
  [ "$status" = 128 ]
  logged ../log "fatal: heartbeats are pending in this clone"
  mv ../gone.git ../fleet.git
  git build heartbeat --push
  pushed
}

@test "legacy mode: the pending heartbeat is pushed at the end, with its health" {
  start_loop --branch main --push-every 100 --unhealthy
  wait_for 5 logged ../log "recording a heartbeat"
  wait_for 5 grep -q '^[1-9]' .git/git-build/beats-build1
  stop TERM
  [ "$status" = 0 ]
  [ "$(git -C ../fleet.git show main:build1/heartbeat.json | jq .healthy)" = false ]
}

# bats test_tags=long
@test "SIGHUP reloads the settings; invalid ones change nothing" {
  git config build.healthCheck 'echo first; false'
  start_loop
  wait_for 5 logged ../log "build.healthCheck: first"
  git config build.healthCheck 'echo second; false'
  kill -HUP "$pid"
  wait_for 5 logged ../log "loaded the settings"
  wait_for 5 logged ../log "build.healthCheck: second"
  git config build.heartbeatPushEvery never
  kill -HUP "$pid"
  wait_for 5 logged ../log "still using the old settings"
  git config build.heartbeatPushEvery 2
  git config build.healthCheck true
  kill -HUP "$pid"
  wait_for 5 logged ../log "healthy again"
  stop TERM
  [ "$status" = 0 ]
}

# bats test_tags=long
@test "the service manager is notified: ready, reloading, stopping" {
  for socket in "$TMP/notify" "@git-build-test-$$"; do
    : >../log
    : >../notified
    listen "$socket"
    NOTIFY_SOCKET=$socket start_loop
    wait_for 5 logged ../notified READY=1
    logged ../notified "STATUS=recording a heartbeat every 1 s on heartbeat-build1"
    kill -HUP "$pid"
    wait_for 5 logged ../notified RELOADING=1
    logged ../notified MONOTONIC_USEC=
    stop TERM
    wait_for 5 logged ../notified STOPPING=1
    [ "$(grep -c READY=1 ../notified)" = 2 ]
  done
  # A missing manager, or an invalid socket name, does not stop the heartbeats.
  for socket in /no/such/socket relative "$(printf '/%.0s' {1..200})"; do
    : >../log
    NOTIFY_SOCKET=$socket start_loop
    wait_for 5 logged ../log "recording a heartbeat"
    stop TERM
    [ "$status" = 0 ]
  done
}

# bats test_tags=long
@test "killed at any moment and started again: nothing is corrupt or stuck" {
  for _ in 1 2 3 4 5 6 7 8; do
    in_background "$TMP/log" git-build heartbeat --loop --interval 1 --push-every 1
    sleep "0.$((RANDOM % 9))$((RANDOM % 9))"
    kill -KILL "$pid"
    wait "$pid" || true
    # If it was killed during a push, git's child processes may still finish that push.
    git build heartbeat -q --push || git build heartbeat --push
    pushed
    git fsck --strict --no-dangling --no-progress
  done
  git -C ../fleet.git fsck --strict --no-dangling --no-progress
}

# bats test_tags=long
@test "a failed write is reported once, and heartbeats continue when writing works again" {
  before=$(heartbeats)
  start_loop
  wait_for 5 logged ../log "recording a heartbeat"
  # Not even root can write to a directory that does not exist.
  mv .git/objects .git/objects.away
  wait_for 5 logged ../log "cannot record heartbeats"
  sleep 2
  rm -rf .git/objects
  mv .git/objects.away .git/objects
  wait_for 5 logged ../log "recording heartbeats works again"
  stop TERM
  [ "$status" = 0 ]
  [ "$(grep -c "cannot record heartbeats" ../log)" = 1 ]
  at_least $((before + 1))
}

# bats test_tags=long
@test "it ends, with everything pushed, when no process reads its standard output any more" {
  bash -c 'git-build heartbeat --loop --interval 1 --push-every 100 --json 2>../err; echo $? >../code' 3>&- | head -1
  wait_for 5 test -s ../code
  [ "$(cat ../code)" = 141 ] # by SIGPIPE, as git
  pushed
}
