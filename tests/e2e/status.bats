load helper

setup() {
  e2e_setup
  shared_repo fleet.git >/dev/null
  git clone -q fleet.git build1 2>/dev/null
  git clone -q fleet.git build2 2>/dev/null
  git -C build1 build init -q --server build1 --manager Ada --ip 10.0.0.1
  git -C build2 build init -q --server build2 --manager Grace --ip 10.0.0.2
  cd build1 || return
}

# row SERVER: print its line of the table.
row() {
  git build status 2>/dev/null | grep "^$1 "
}

# on_main FILE: write standard input to FILE on the shared branch, as another program would.
on_main() {
  rm -rf "$TMP/other"
  git clone -q "$TMP/fleet.git" "$TMP/other"
  mkdir -p "$TMP/other/$(dirname "$1")"
  cat >"$TMP/other/$1"
  git -C "$TMP/other" add .
  git -C "$TMP/other" commit -q -m "Change $1"
  git -C "$TMP/other" push -q --no-verify origin main
}

@test "the fleet, one line per server" {
  run -0 git build status
  [[ ${lines[0]} =~ ^SERVER\ +MANAGER\ +STATE\ +JOB\ +HEARTBEAT\ +HEALTH$ ]]
  [[ ${lines[1]} =~ ^build1\ +Ada\ +idle\ +-\ +[0-9]+\ (s|min)\ ago\ +healthy$ ]]
  [[ ${lines[2]} =~ ^build2\ +Grace\ +idle\ +-\ +[0-9]+\ (s|min)\ ago\ +healthy$ ]]
  [ "${#lines[@]}" = 3 ]
}

@test "a status that is set is visible to all, and unknown members are kept" {
  jq '. + {"rack": 7, "big": 12345678901234567890}' build1/status.json >changed 2>/dev/null ||
    git show origin/main:build1/status.json | jq '. + {"rack": 7}' >changed
  on_main build1/status.json <changed
  run -0 git build status set building
  [ "$output" = "build1 is building" ]
  cd ../build2
  [[ $(row build1) == *" building "* ]]
  git -C ../fleet.git show main:build1/status.json | jq -e '.rack == 7 and .status == "building" and .manager == "Ada"'
  run -0 git -C ../build1 build status set -q idle
  [ -z "$output" ]
  run -0 git -C ../build1 build status set success --json
  jq -e '.server == "build1" and .status == "success" and (.commit | length) == 40' <<<"$output"
}

# bats test_tags=long
@test "an invalid status is refused with the valid ones" {
  for word in bored '' Idle -; do
    run -129 git build status set "$word"
    [[ ${lines[0]} == "error: "*idle*building*failed*success* ]]
  done
  run -129 git build status set
  run -129 git build status sett idle
  run -129 git build status set idle now
}

# bats test_tags=long
@test "a silent server is marked as text" {
  now=$(git -C ../fleet.git show -s --format=%ct heartbeat-build1)
  GIT_BUILD_TEST_NOW=$((now + 240)) run -0 git build status
  [[ ${lines[1]} == *healthy ]]
  GIT_BUILD_TEST_NOW=$((now + 700)) run -0 git build status
  [[ ${lines[1]} == *"11 min ago"*"late: expected every 5 min" ]]
  GIT_BUILD_TEST_NOW=$((now + 7200)) run -0 git build status
  [[ ${lines[1]} == *"2 h ago"*"silent: expected every 5 min" ]]
  GIT_BUILD_TEST_NOW=$((now - 3600)) run -0 git build status
  [[ ${lines[1]} == *"ahead of this clock"* ]]
  GIT_BUILD_TEST_NOW=$((now + 7200)) run -0 git build status --json
  [ "$(jq -r '.servers[].heartbeat.state' <<<"$output")" = $'silent\nsilent' ]
}

# bats test_tags=long
@test "an unhealthy server is shown" {
  git -C ../build2 build heartbeat --push --unhealthy
  [[ $(row build2) == *unhealthy ]]
}

# bats test_tags=long
@test "--json prints the same data" {
  run -0 git build status --json
  jq -e '.offline == null and (.servers | map(.server) == ["build1", "build2"]) and
    (.servers[0] | .manager == "Ada" and .ip == "10.0.0.1" and .status == "idle" and .current_job == null
    and .problem == null and (.heartbeat | .state == "alive" and .healthy and .age_seconds < 60
    and .interval_seconds == 60 and .push_every == 5))' <<<"$output"
  [[ $(jq -r .timestamp <<<"$output") =~ ^[0-9-]+T[0-9:]+Z$ ]]
}

# bats test_tags=long
@test "the current job is shown" {
  git show origin/main:build1/status.json |
    jq '.current_job = {"id": "job_7", "branch": "ExternalNew"}' >changed
  on_main build1/status.json <changed
  [[ $(row build1) == *"job_7 on ExternalNew"* ]]
  git build status --json | jq -e '.servers[0].current_job == {"id": "job_7", "branch": "ExternalNew"}'
}

# bats test_tags=long
@test "with an unreachable remote, the known state is shown, with a warning" {
  git build status
  mv ../fleet.git ../gone.git
  run -0 --separate-stderr git build status
  [ "${#lines[@]}" = 3 ]
  [[ $stderr == warning:*"showing the state of"* ]]
  run -0 --separate-stderr git build status --json
  jq -e '(.offline | length) > 0 and (.servers | length) == 2' <<<"$output"
  # With --offline, it does not fetch.
  run -0 --separate-stderr git build status --offline
  [ -z "$stderr" ]
  run -128 git build status set building
  [[ $output == fatal:* ]]
}

# bats test_tags=long
@test "a corrupt file is a warning with its location, and hides no server" {
  rm ../fleet.git/hooks/pre-receive
  printf '{\n  "server": "build2",\n<<<<<<< HEAD\n' | on_main build2/status.json
  run -0 --separate-stderr git build status
  [[ $stderr == warning:*build2/status.json*3* ]]
  [[ ${lines[2]} == build2* ]]
  git build status --json | jq -e '.servers[1].problem | contains("status.json")'
}

# bats test_tags=long
@test "a status.json outside of the directories of servers creates no server" {
  local shown
  echo '{"tasks": []}' | on_main tasks/status.json
  echo '{"bpm": 60}' | on_main tasks/heartbeat.json
  echo '{"server": "b"}' | on_main a/b/status.json
  echo '{"server": "c"}' | on_main plans/status.json/c.json
  git build status --json | jq -e '[.servers[].server] == ["build1", "build2"]'
  for shown in 'status' 'health' 'metrics' 'dashboard --offline'; do
    # shellcheck disable=SC2086
    run git build $shown
    [[ $output == *build2* ]] || { echo "$shown: $output"; false; }
    [[ $output != *tasks* && $output != *plans* ]]
  done
  # No sender waits for it to read a message to all.
  git build message send --to all --subject hello
  git -C ../build2 build message read --all
  git fetch -q
  git show origin/main:coordination/messages.json | jq -e '.messages[0].read'
}

# bats test_tags=long
@test "the content of a file cannot control the terminal" {
  rm ../fleet.git/hooks/pre-receive
  printf '{"server": "build2", "manager": "\\u001b]0;owned\\u0007\\u202eevil", "status": "a\\nb"}' |
    on_main build2/status.json
  run -0 git build status
  [[ $output != *$'\e'* ]]
  [[ $output == *'\x1b]0;owned\a\u202eevil'*'a\nb'* ]]
}

@test "an empty fleet prints how to start" {
  git build init -q --shared ../empty.git
  git clone -q ../empty.git ../nobody 2>/dev/null
  run -0 git -C ../nobody build status
  [[ $output == *"git build init"* ]]
  run -0 git -C ../nobody build status --json
  jq -e '.servers == []' <<<"$output"
  run -128 git -C ../nobody build status set idle
  [[ $output == *--server*SERVER_ID* ]]
}

# bats test_tags=long
@test "a repository that is not a fleet is reported; a fleet with empty lists, and damage, are not" {
  git init -q --bare ../other.git
  git clone -q ../other.git ../other 2>/dev/null
  cd ../other
  git commit -q --allow-empty -m Begin
  git push -q origin HEAD:main
  for command in status 'status --json' 'status --offline' 'job list' 'job show x' 'lock list' 'message list' 'artifacts list' \
    'logs --list' health metrics dashboard 'watch --once' 'watch --json' 'exec all -- true' 'message inbox --server a' 'message watch --server a'; do
    # shellcheck disable=SC2086 # words
    run -128 --separate-stderr git build $command
    [ "$stderr" = "fatal: not the repository of a fleet: 'main' has no coordination/" ] || { echo "$command: $stderr"; false; }
  done
  run -3 git build health --nagios
  # A file of that name does not make it a fleet.
  echo x >coordination
  git add . && git commit -q -m "Add a file" && git push -q origin HEAD:main
  run -128 git build job list
  [ "$output" = "fatal: not the repository of a fleet: 'main' has no coordination/" ]
  git -C ../other.git config receive.denyDeleteCurrent ignore
  git push -q origin HEAD:master :main
  git fetch -q --prune
  run -128 git build status
  [ "$output" = "fatal: not the repository of a fleet: it has branches, but not 'main'" ]
  # A fleet with nothing to list.
  cd ../build1
  git pull -q && git rm -q coordination/jobs.json coordination/messages.json
  git commit -q -m "Take the lists away" && git push -q --no-verify
  run -0 git build job list --json
  jq -e '.jobs == []' <<<"$output"
  run -0 git build message list
  # An unreadable repository is a failure, with a different message. It is repaired if the shared
  # repository can be reached.
  local tree
  mv ../fleet.git ../away.git
  tree=$(git rev-parse 'origin/main^{tree}')
  mv ".git/objects/${tree:0:2}/${tree:2}" "$TMP/tree"
  for command in 'status --offline' 'job list --offline' 'lock list --offline'; do
    # shellcheck disable=SC2086 # words
    run -128 git build $command
    [[ $output != *"not a fleet"* && $output == *fatal:* ]]
  done
  mv "$TMP/tree" ".git/objects/${tree:0:2}/${tree:2}"
  mv ../away.git ../fleet.git
}

# bats test_tags=long
@test "in a worktree, a subdirectory, and with git's -C and --git-dir" {
  git worktree add -q ../second 2>/dev/null
  run -0 git -C ../second build status
  [[ $output == *build2* ]]
  mkdir -p sub/folder
  cd sub/folder
  run -0 git build status
  [[ $output == *build2* ]]
  cd /
  run -0 git --git-dir="$TMP/build1/.git" build status
  [[ $output == *build2* ]]
  run -0 git --git-dir="$TMP/build1/.git" --work-tree="$TMP/build1" build status
  [[ $output == *build2* ]]
}

# bats test_tags=long
@test "over ssh" {
  start_sshd
  git remote set-url origin "$SSH_URL$TMP/fleet.git"
  git build status set building
  run -0 git build status
  [[ ${lines[1]} == *building* ]]
}

# bats test_tags=long
@test "an update of the worktree that was interrupted is completed; a user's changes are kept" {
  for state in building failed success; do git -C ../build2 build status set $state; done
  git fetch -q
  # As if killed between the files and the branch.
  git read-tree -m -u HEAD origin/main~1
  [ -n "$(git status --porcelain)" ]
  git build status set building
  [ "$(git rev-parse HEAD)" = "$(git rev-parse origin/main)" ]
  [ -z "$(git status --porcelain)" ]
  # A user's own changes are a different case.
  echo mine >>build2/status.json
  git add -A
  before=$(git rev-parse HEAD)
  git -C ../build2 build status set idle
  git build status set idle
  [ "$(git rev-parse HEAD)" = "$before" ]
  tail -1 build2/status.json | grep -q mine
}

# bats test_tags=long
@test "schema, manual and command have the same statuses" {
  local word names
  names=$(git build schema show status | jq -r '.properties.status.enum | join("|")')
  [[ $(git build status set -h) == *" ($names)"* ]]
  grep -qF "($names)" "$SOURCE_DIR/docs/man/git-build-status.1.scd"
  grep -qF "\`status\` is $(sed -E 's/\|/, /g; s/, ([a-z]+)$/ or \1/' <<<"$names");" "$SOURCE_DIR/docs/schemas.md"
  for word in ${names//|/ }; do
    run -0 --separate-stderr git build status set "$word"
    [ "$output" = "build1 is $word" ]
    [ "$(git -C ../fleet.git show main:build1/status.json | jq -r .status)" = "$word" ]
  done
  run -129 git build status set gone
  [ "${lines[0]}" = "error: 'gone': invalid status; expected $(sed -E 's/\|/, /g; s/, ([a-z]+)$/ or \1/' <<<"$names"); see 'git build status set -h'" ]
}
