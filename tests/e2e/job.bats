#!/usr/bin/env bats
# shellcheck disable=SC2016 # expanded by the command that runs
# git build job: claims and results, with real pushes to a real shared repository.

load helper

setup() {
  e2e_setup
  fleet_of build1 build2 >/dev/null 2>&1
  cd build1 || return
}

shown() { git -C "$TMP/fleet.git" show "main:$1"; }
jobs() { shown coordination/jobs.json | jq -e "$@"; }
add() { git build job add --branch main --commit abc "$@"; }

# on_main FILE: write standard input to FILE on the shared branch, as another program would.
on_main() {
  rm -rf "$TMP/other"
  git clone -q "$TMP/fleet.git" "$TMP/other"
  cat >"$TMP/other/$1"
  git -C "$TMP/other" commit -qam "Change $1"
  git -C "$TMP/other" push -q --no-verify origin main
}

@test "a job is claimed by a server, and its result is in the status of that server" {
  id=$(git build job add --branch ExternalNew --commit abc --description 'Say "hi"')
  [[ $id =~ ^job_[0-9a-f-]{36}$ ]]
  jobs ".jobs == [{id: \"$id\", type: \"build\", priority: 5, branch: \"ExternalNew\", commit: \"abc\",
    description: \"Say \\\"hi\\\"\", assigned_to: null, status: \"queued\", attempt: 0, depends: [],
    created_at: .jobs[0].created_at, started_at: null, completed_at: null}]"
  run -0 git -C ../build2 build job claim
  [ "$output" = "$id build ExternalNew abc" ]
  jobs '.jobs[0] | .status == "running" and .assigned_to == "build2" and .attempt == 1 and .started_at != null'
  shown build2/status.json | jq -e ".status == \"building\" and .current_job.id == \"$id\" and .current_job.branch == \"ExternalNew\""
  # One push does both.
  [ "$(git -C ../fleet.git show --format= --name-only main | sort | tr '\n' ' ')" = "build2/status.json coordination/jobs.json " ]
  run -0 git -C ../build2 build job complete "$id" --artifact a.deb --artifact b.deb
  [ "$output" = "$id is completed" ]
  jobs '.jobs[0] | .status == "completed" and .completed_at != null'
  shown build2/status.json | jq -e ".status == \"success\" and .current_job == null and
    .last_build.id == \"$id\" and .last_build.status == \"success\" and .last_build.duration_seconds >= 0 and
    .last_build.artifacts == [\"a.deb\", \"b.deb\"]"
  # Repeating the request has no further effect.
  before=$(git -C ../fleet.git rev-parse main)
  git -C ../build2 build job complete "$id"
  [ "$(git -C ../fleet.git rev-parse main)" = "$before" ]
}

@test "the lowest priority number first, then the oldest, and by type" {
  third=$(add --priority 5) second=$(add --priority 2 --type test) first=$(add --priority 1)
  fourth=$(add --priority 5)
  for id in "$first" "$second" "$third" "$fourth"; do
    run -0 git build job claim
    [[ $output == "$id "* ]]
  done
  run -1 git build job claim
  [ "$output" = "no job: no queued job can start" ]
  add >/dev/null
  test=$(add --type test)
  run -1 git build job claim --type deploy
  run -0 git build job claim --type test --json
  jq -e ".claimed and .job.id == \"$test\" and .job.attempt == 1" <<<"$output"
}

# bats test_tags=long
@test "a job waits for all its dependencies, and cycles are refused" {
  a=$(add) b=$(add) c=$(add --priority 1 --depends "$a,$b") d=$(add --priority 1 --depends "$a" --depends "$c")
  run -0 git build job list
  [[ $output == *"$c"*"queued, waiting"* ]]
  git build job show "$d" --json | jq -e ".job.blocked_by == \"$a\""
  git build job claim
  git build job complete "$a"
  run -0 git build job claim
  [[ $output == "$b "* ]]
  run -1 git -C ../build2 build job claim
  git build job complete "$b"
  run -0 git build job claim
  [[ $output == "$c "* ]]
  run -128 add --depends job_nowhere
  [[ $output == *"no such job to depend on: 'job_nowhere'"* ]]
  shown coordination/jobs.json | jq '.jobs += [{id: "x", status: "queued", depends: ["y"]}, {id: "y", status: "queued", depends: ["x"]}]' |
    on_main coordination/jobs.json
  run -128 add --depends x
  [[ $output == *"dependencies: circular"*"x -> y -> x"* ]]
}

@test "content written by others is kept: members, order, notation" {
  cat >"$TMP/jobs" <<'END'
{
    "jobs": [
        {"id": "job_1761778190_1804", "type": "test", "priority": 5, "weight": 1.50, "status": "queued", "assigned_to": null}
    ],
    "metadata": {"next_job_id": 1}
}
END
  on_main coordination/jobs.json <"$TMP/jobs"
  git build job claim
  shown coordination/jobs.json >"$TMP/after"
  grep -q '"weight": 1.50' "$TMP/after"
  grep -q '^    "metadata": {"next_job_id": 1}$' "$TMP/after"
  [ "$(diff "$TMP/jobs" "$TMP/after" | grep -c '^[<>]')" = 2 ]
}

# bats test_tags=long
@test "a user of the old scripts who holds job_assignment blocks claims" {
  add >/dev/null
  git -C ../build2 build lock acquire job_assignment
  run -1 git build job claim
  [[ $output == "no job: the lock job_assignment is held by build2 until "* ]]
  git -C ../build2 build job claim
  git -C ../build2 build lock release job_assignment
}

# bats test_tags=long
@test "only the server that runs a job can finish it, at its current attempt" {
  id=$(add)
  run -1 git build job complete "$id"
  [ "$output" = "cannot complete $id: it is queued" ]
  git -C ../build2 build job claim
  run -1 git build job fail "$id"
  [ "$output" = "cannot fail $id: it is assigned to build2" ]
  run -1 git build job requeue "$id"
  git -C ../build2 build job requeue "$id"
  shown build2/status.json | jq -e '.status == "idle" and .current_job == null'
  git -C ../build2 build job claim
  run -1 git -C ../build2 build job complete "$id" --attempt 1
  [[ $output == *"it is at attempt 2, not 1" ]]
  git -C ../build2 build job fail "$id" --attempt 2 --reason "no disk"
  jobs '.jobs[0] | .status == "failed" and .reason == "no disk"'
  shown build2/status.json | jq -e '.status == "failed" and .last_build.status == "failed"'
  git build job requeue "$id"
  git build job claim
  run -0 git -C ../build2 build job cancel "$id"
  run -1 git build job complete "$id"
  [ "$output" = "cannot complete $id: it is cancelled" ]
  run -128 git build job complete job_nowhere
  [[ $output == *"no such job: 'job_nowhere'"* ]]
}

# bats test_tags=long
@test "a server with two jobs shows the other one when one is finished" {
  a=$(add) b=$(add)
  git build job claim
  git build job claim
  git build job complete "$b"
  shown build1/status.json | jq -e ".status == \"building\" and .current_job.id == \"$a\" and .last_build.id == \"$b\""
}

# bats test_tags=long
@test "jobs of a silent server are requeued, and fail after three attempts" {
  id=$(add)
  now=$(date +%s)
  for attempt in 1 2 3; do
    GIT_BUILD_TEST_NOW=$((now - 3000 + attempt)) git -C ../build2 build job claim
    run -0 git build job reap
    if [ "$attempt" -lt 3 ]; then
      # The recent heartbeat of build2 counts: it is alive.
      [ -z "$output" ]
      GIT_BUILD_TEST_NOW=$((now + 1000)) run -0 git build job reap
      [[ $output == "$id is queued: build2 was silent for "*", at attempt $attempt" ]]
      jobs '.jobs[0] | .assigned_to == null and .started_at == null'
    fi
  done
  GIT_BUILD_TEST_NOW=$((now + 1000)) run -0 git build job reap --json
  jq -e '.reaped[0] | .status == "failed" and .attempt == 3 and .server == "build2"' <<<"$output"
  GIT_BUILD_TEST_NOW=$((now + 1000)) run -0 git build job reap
  [ -z "$output" ]
  # With its own expected interval of an hour, it is not silent yet.
  git -C ../build2 build heartbeat --push --interval 3600 --push-every 1
  git build job requeue "$id"
  git -C ../build2 build job claim
  GIT_BUILD_TEST_NOW=$((now + 1000)) run -0 git build job reap
  [ -z "$output" ]
  mv ../fleet.git ../away.git
  run -128 git build job reap
  [[ $output == *"cannot check which servers are silent"* ]]
  mv ../away.git ../fleet.git
}

# bats test_tags=long
@test "many servers claim from twenty jobs: each job is claimed once" {
  for id in $(racers); do clone_server "$TMP/fleet.git" "$id" >/dev/null 2>&1; done
  shown coordination/jobs.json | jq '.jobs = [range(20) | {id: "job_\(.)", status: "queued", assigned_to: null}]' |
    on_main coordination/jobs.json
  git config --global build.attempts 50
  work() {
    local job code=0
    while job=$(git -C "$TMP/$1" build job claim 2>>"$TMP/$1.log"); do
      echo "${job%% *}" >>"$TMP/$1.claimed"
      git -C "$TMP/$1" build job complete -q "${job%% *}" 2>>"$TMP/$1.log" || echo "${job%% *}" >>"$TMP/bad"
    done
    git -C "$TMP/$1" build job claim >/dev/null 2>&1 || code=$?
    [ "$code" = 1 ] || echo "$1: $code" >>"$TMP/bad"
  }
  for id in $(racers); do work "$id" & done
  wait
  [ ! -e "$TMP/bad" ]
  [ "$(cat "$TMP"/s?.claimed | sort | uniq | wc -l)" = 20 ]
  [ "$(cat "$TMP"/s?.claimed | wc -l)" = 20 ]
  jobs '.jobs | all(.status == "completed" and .attempt == 1)'
  for id in $(racers); do
    [ ! -e "$TMP/$id.claimed" ] || jobs --arg id "$id" --arg claimed "$(cat "$TMP/$id.claimed")" \
      '.jobs | map(select(.assigned_to == $id).id) | sort == ($claimed | split("\n") | sort)'
  done
}

# bats test_tags=long
@test "errors in the command line are reported" {
  run -129 git build job add --branch main
  [ "$output" = "error: --branch B and --commit C are required; see 'git build job add -h'" ]
  run -129 git build job list --status 'done'
  [[ $output == *"queued, running, completed, failed or cancelled; see 'git build job list -h'" ]]
  run -129 git build job complete
  run -129 git build job complete a b
  run -129 git build job clam
  [[ $output == *"did you mean 'claim'?"* ]]
  run -128 git build job show nothing
}

# bats test_tags=long
@test "a push that arrives after two more of its leaders have died is found" {
  claims() { jobs '[.jobs[] | select(.status == "running")] | length'; }
  leader() { grep -oE '[0-9]+$' .git/git-build/write; }
  for _ in 1 2 3 4 5 6; do add >/dev/null; done
  # Push number n arrives, and waits in the hook while hold.n exists.
  mv ../fleet.git/hooks/pre-receive ../fleet.git/hooks/judge
  cat >../fleet.git/hooks/pre-receive <<'END'
#!/bin/sh
n=1
while [ -e "../arrived.$n" ]; do n=$((n + 1)); done
touch "../arrived.$n"
while [ -e "../hold.$n" ]; do sleep 0.05; done
exec hooks/judge
END
  chmod +x ../fleet.git/hooks/pre-receive
  touch ../hold.1 ../hold.2 ../hold.3
  LOCK_WAIT=$(patience 10)
  export LOCK_WAIT
  in_background "$TMP/lock.out" git build lock acquire zero
  wait_for 10 test -e ../arrived.1
  for n in 1 2 3; do
    in_background "$TMP/claim.$n" git build job claim --json
    wait_for 10 eval "[ \$(ls .git/git-build/queue | grep -c request) = $n ]"
  done
  rm ../hold.1
  # The first of the three leaders takes all requests, and dies during its push.
  wait_for 10 test -e ../arrived.2
  kill -KILL "$(leader)"
  # The second one, too.
  wait_for 10 test -e ../arrived.3
  second=$(leader)
  rm ../hold.2
  wait_for 10 eval '[ "$(claims)" = 3 ]'
  kill -KILL "$second"
  wait_for 10 grep -q '"attempts"' "$TMP"/claim.?
  [ "$(claims)" = 3 ]
  # Its answer is that of the push that arrived.
  [ "$(sed '/^error:/d' "$TMP"/claim.? | jq -r .commit)" = "$(git -C ../fleet.git rev-parse main)" ]
  rm ../hold.3
}

# bats test_tags=long
@test "with build.source, add queues an existing commit, and refuses a missing one" {
  git init -q ../source
  git -C ../source commit -q --allow-empty -m One
  git -C ../source tag light
  git -C ../source tag -a -m Tag heavy
  one=$(git -C ../source rev-parse HEAD)
  git -C ../source commit -q --allow-empty -m Two
  git -C ../source branch side light
  two=$(git -C ../source rev-parse HEAD)
  git config build.source "$TMP/source"
  queued() { git build job add --branch main --commit "$1" >/dev/null && jobs -r '.jobs[-1].commit'; }
  for tip in HEAD main '' "$two" "${two:0:9}"; do [ "$(queued "$tip")" = "$two" ]; done
  for older in light heavy side "$one"; do [ "$(queued "$older")" = "$one" ]; done
  count=$(jobs '.jobs | length')
  run -128 git build job add --branch nosuch --commit HEAD
  [ "$output" = "fatal: no branch 'nosuch' in $TMP/source" ]
  run -128 git build job add --branch main --commit deadbeef
  [ "$output" = "fatal: 'deadbeef' is not a branch or tag in $TMP/source; give the commit by its full ID" ]
  for branch in '*' ../x -x 'a b' ''; do
    run -128 git build job add --branch "$branch" --commit HEAD
    [[ $output == "fatal: '"*"' is not a valid branch name" || $output == "fatal: no branch '"* ]]
  done
  for commit in '*' --upload-pack=x "${two:0:4}"; do run -128 git build job add --branch main --commit "$commit"; done
  [ "$(jobs '.jobs | length')" = "$count" ]
  # If the source does not respond, the commit is checked only by the build.
  mv ../source ../away
  run -0 --separate-stderr git build job add --branch main --commit HEAD
  [[ $stderr == "warning: the branch and the commit were not checked: "* ]]
  [ "$(jobs -r '.jobs[-1].commit')" = HEAD ]
}

# listed OPTION...: print the IDs that `job list` prints, as a table and as JSON.
listed() {
  local ids
  ids=$(git build job list --offline --json "$@" | jq -r '[.jobs[].id] | join(" ")') || return
  diff <(git build job list --offline "$@" | sed 1d | cut -d ' ' -f 1) <(tr ' ' '\n' <<<"$ids" | sed '/^$/d') >&2 || return
  echo "$ids"
}

# bats test_tags=long
@test "list prints jobs that match every filter, and refuses an unknown filter" {
  on_main coordination/jobs.json <<'END'
{
  "jobs": [
    {"id": "a", "type": "build", "priority": 5, "branch": "main", "status": "completed", "assigned_to": "build1", "created_at": "2026-01-01T00:00:00Z", "completed_at": "2026-01-03T00:00:00Z"},
    {"id": "b", "type": "test", "priority": 1, "branch": "main", "status": "failed", "assigned_to": "build2", "created_at": "2026-01-02T00:00:00Z", "completed_at": "2026-01-02T12:00:00Z"},
    {"id": "c", "type": "build", "priority": 1, "branch": "x,y", "status": "running", "assigned_to": "build1", "created_at": "2026-01-03T00:00:00Z", "started_at": "2026-01-04T00:00:00Z"},
    {"id": "d", "type": "deploy", "priority": 5, "branch": "broken", "status": "queued", "assigned_to": null, "created_at": "2026-01-05T00:00:00Z"},
    {"id": "e", "type": "build", "branch": "broken", "status": "queued"}
  ]
}
END
  git build job list >/dev/null
  [ "$(listed)" = "a b c d e" ]
  [ "$(listed --branch broken)" = "d e" ]
  [ "$(listed --branch main --branch x,y)" = "a b c" ]
  [ "$(listed --branch x)" = "" ]
  [ "$(listed --server build2)" = b ]
  [ "$(listed --server build1,build2 --type build)" = "a c" ]
  [ "$(listed --type test --type deploy)" = "b d" ]
  [ "$(listed --status queued,running)" = "c d e" ]
  [ "$(listed --status failed --status completed)" = "a b" ]
  [ "$(listed --priority 1)" = "b c" ]
  [ "$(listed --since 2026-01-03)" = "a c d" ]
  [ "$(listed --since 2026-01-04T00:00:00Z)" = "c d" ]
  [ "$(GIT_BUILD_TEST_NOW=$(date -d 2026-01-06T00:00:00Z +%s) listed --since 36h)" = d ]
  [ "$(listed --limit 2)" = "d e" ]
  [ "$(listed --limit 1 --branch main)" = b ]
  [ "$(listed --limit 99 --status queued)" = "d e" ]
  # The server ID of this clone does not change the list.
  [ "$(SERVER_ID=build2 listed)" = "a b c d e" ]
  for wrong in '--status queud' '--status queued,over' '--since yesterday' '--since 3' '--since 5x' '--since 9999999999d' \
    '--limit 0' '--priority x' '--commit abc' '--depends a' '--attempt 1' '--description x'; do
    # shellcheck disable=SC2086 # words
    run -129 git build job list --offline $wrong
    [[ $output == "error: "* ]]
  done
}
