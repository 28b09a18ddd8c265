load helper

setup() {
  e2e_setup
  fleet_of build1 build2 >/dev/null 2>&1
  now=$(date +%s) # not before the first heartbeats
  for server in build1 build2; do
    after 0 git -C "$server" build heartbeat --push -q
  done
  # The free disk space of this machine does not matter to the tests.
  git config --global build.diskLow 0
  cd build1 || return
}

# after SECONDS COMMAND...: run COMMAND as if this many seconds later. The clock continues to run,
# so the result must not depend on a single second.
after() {
  local seconds=$1
  shift
  GIT_BUILD_TEST_NOW=$((now + seconds)) "$@"
}

# on_main FILE: write standard input to FILE on the shared branch, without its guard.
on_main() {
  rm -rf "$TMP/other"
  git clone -q "$TMP/fleet.git" "$TMP/other"
  cat >"$TMP/other/$1"
  git -C "$TMP/other" add .
  git -C "$TMP/other" commit -q -m "Change $1"
  git -C "$TMP/other" push -q --no-verify --receive-pack='git -c core.hooksPath=/dev/null receive-pack' origin main
}

# kinds: print the kinds of all alerts on one line.
kinds() {
  "$@" git build health --json | jq -r '[.alerts[].kind] | join(" ")'
}

dashboard() {
  git -C "$TMP/fleet.git" show main:shared/health_dashboard.json
}

# bats test_tags=long
@test "a healthy fleet" {
  run -0 git build health --check
  [[ ${lines[0]} == SERVER*HEALTH*STATE*"HEARTBEAT"*"DISK FREE"* ]]
  [[ ${lines[1]} == build1*healthy*idle*ago* ]]
  [[ ${lines[2]} == build2*healthy* ]]
  [[ $output == *"No problems." ]]
  run -0 git build health --check -q
  [ -z "$output" ]
  run -0 git build health --json
  jq -e '.overall_status == "healthy" and .alerts == [] and .servers.build2.healthy' <<<"$output"
}

# bats test_tags=long
@test "heartbeats pushed five at a time cause no alert, silence does" {
  after 590 git build health --check
  [ "$(kinds after 630)" = "late late" ]
  run -1 after 630 git build health --check
  [ "$(kinds after 930)" = "silent silent" ]
  run -0 after 930 git build health
  [[ $output == *critical*"15 min ago"*"build1 is silent: expected a heartbeat every 5 min"* ]]
  # A server with a shorter expected interval is silent earlier.
  git -C ../build2 config build.heartbeatInterval 3600
  git -C ../build2 build heartbeat --push -q
  [ "$(after 930 git build health --json | jq -r '[.alerts[].server] | join(" ")')" = build1 ]
  [ "$(kinds after 3000 | wc -w)" = 1 ]
  run -1 after 100 git build health --check --max-age 60
  run -0 after 3000 git build health --check --max-age 4000
}

@test "an outage is one alert, not one for each server" {
  git build health -q
  mv ../fleet.git ../away.git
  [ "$(kinds after 86400)" = remote ]
  run -0 after 86400 git build health
  [[ $output == *"critical"*"cannot reach the shared repository"* ]]
  [ "$(after 86400 git build health --offline --json | jq '.alerts | length')" = 0 ]
  mv ../away.git ../fleet.git
}

# bats test_tags=long
@test "jobs, locks, builds and messages that need attention" {
  at=$(date -u -d "@$((now - 40000))" +%Y-%m-%dT%H:%M:%SZ)
  on_main coordination/jobs.json <<END
{"jobs": [
  {"id": "long", "type": "build", "status": "running", "assigned_to": "build1", "created_at": "$at", "started_at": "$at"},
  {"id": "lost", "type": "build", "status": "running", "assigned_to": "build9", "created_at": "$at", "started_at": "$at"},
  {"id": "bad", "type": "build", "status": "failed", "assigned_to": "build2", "created_at": "$at", "started_at": "$at",
   "completed_at": "$at", "branch": "topic", "reason": "exit code 2"},
  {"id": "far", "type": "build", "status": "queued", "assigned_to": "build9", "created_at": "$at"}]}
END
  on_main coordination/locks.json <<END
{"locks": {"deploy": {"locked_by": "build2", "locked_at": "$at", "expires_at": "$at"}, "odd": {"locked_by": "b"}}}
END
  git -C ../build2 build message send -q --to build1 --type error --subject 'no | disk' --body x
  run -1 git build health --check
  [[ $output == *critical*"job lost is running on build9, which is not in the fleet"* ]]
  [[ $output == *critical*"lock odd is corrupt"* ]]
  [[ $output == *warning*"11 h ago"*"job long has been running on build1 for longer than 6 h (build.stuckAfter)"* ]]
  [[ $output == *warning*"job bad failed on build2, branch topic: exit code 2"* ]]
  [[ $output == *warning*"job far is queued for build9, which is not in the fleet"* ]]
  [[ $output == *warning*"lock deploy has expired, but build2 has not released it"* ]]
  [[ $output == *warning*"1 unread error for build1, the newest from build2: no | disk"* ]]
  [ "$(git build health --json | jq '.alerts | length')" = 7 ]
  # Thresholds are settings.
  git config build.stuckAfter 50000
  git config build.failedFor 30000
  [ "$(kinds env)" = "stuck lock waiting lock errors" ]
  git config build.stuckAfter never
  run -128 git build health
  [[ $output == *build.stuckAfter* ]]
}

# bats test_tags=long
@test "a corrupt file is an alert, and hides no other" {
  echo '{"jobs": [}' | on_main coordination/jobs.json
  echo '{' | on_main build2/status.json
  run -1 git build health --check
  [[ $output == *critical*"coordination/jobs.json:1:11:"* ]]
  [[ $output == *warning*"build2/status.json:"* ]]
  [[ $output == *"build1 "*healthy* ]]
}

# bats test_tags=long
@test "the line of a monitoring plugin" {
  run -0 git build health --nagios
  [ "$output" = "GIT-BUILD OK - servers: 2 of 2 healthy, jobs: 0 running, 0 queued | \
servers=2;;;0 healthy=2;;;0 running=0;;;0 queued=0;;;0 warnings=0;;;0 criticals=0;;;0" ]
  git -C ../build2 build message send -q --to build1 --type error --subject 'no | disk' --body x
  run -1 git build health --nagios
  [[ $output == "GIT-BUILD WARNING - 1 unread error for build1, the newest from build2: no / disk | servers=2"* ]]
  run -2 after 930 git build health --nagios
  [[ $output == "GIT-BUILD CRITICAL - build1 is silent"*"(and 2 more) | "*"criticals=2;;;0" ]]
  [ "${#lines[@]}" = 1 ]
  git config build.diskLow much
  run -3 git build health --nagios
  [[ $output == "GIT-BUILD UNKNOWN - "*build.diskLow* ]]
  cd "$TMP"
  run -3 git build health --nagios
  [[ $output == "GIT-BUILD UNKNOWN - "* ]]
}

# bats test_tags=long
@test "--write records changes, and nothing twice" {
  git build health --write -q
  # With the members and the formatting that users expect.
  dashboard >first
  jq -e '.overall_status == "healthy" and .server == "build1" and .servers.build1.status == "idle"
    and .jobs == {queued: 0, running: 0, completed_today: 0, failed_today: 0} and .alerts == []' first
  grep -qx '    "build1": {' first
  git build validate first --schema health_dashboard
  tip=$(git -C ../fleet.git rev-parse main)
  after 60 git build health --write -q
  after 60 git -C ../build2 build health --write -q
  [ "$(git -C ../fleet.git rev-parse main)" = "$tip" ]
  # Something has changed, but a file that another server has just written is kept.
  after 700 git -C ../build2 build health --write -q
  [ "$(dashboard | jq -r '.server, .overall_status')" = $'build2\nwarning' ]
  tip=$(git -C ../fleet.git rev-parse main)
  git -C ../build2 build job add -q --branch main --commit d8e22ab
  after 730 git build health --write -q
  [ "$(dashboard | jq -r '.server, .jobs.queued')" = $'build2\n0' ]
  after 770 git build health --write -q
  [ "$(dashboard | jq -r '.server, .jobs.queued')" = $'build1\n1' ]
  # An older state does not overwrite a newer one.
  after 0 git -C ../build2 build health --write -q
  [ "$(dashboard | jq -r '.server, .overall_status')" = $'build1\nwarning' ]
  [ "$(git -C ../fleet.git log --format=%s -1 main -- shared/health_dashboard.json)" = "Health: warning, 2 servers, 2 alerts" ]
}

# bats test_tags=long
@test "two concurrent writers make one commit" {
  before=$(git -C ../fleet.git rev-list --count main)
  git build health --write -q &
  git -C ../build2 build health --write -q
  wait
  [ "$(git -C ../fleet.git rev-list --count main)" = $((before + 1)) ]
}

# bats test_tags=long
@test "--write keeps members added by others, and replaces a corrupt file" {
  echo '{"timestamp": "2025-10-29T00:00:00Z", "note": "ours", "servers": {"build1": {"status": "idle"}}}' |
    on_main shared/health_dashboard.json
  git build health --write -q
  [ "$(dashboard | jq -r '.note, .overall_status')" = $'ours\nhealthy' ]
  echo '{"timestamp"' | on_main shared/health_dashboard.json
  git build health --write -q
  [ "$(dashboard | jq -r .overall_status)" = healthy ]
  git config --unset build.server
  run -128 git build health --write
  [[ $output == *"build.server"* ]]
}
