#!/usr/bin/env bats
# Coordination files that are not valid, on a host without hooks: git build doctor names the commit that broke
# them and restores them, and all other commands continue from the last valid version.

load helper

setup() {
  e2e_setup
  fleet_of build1 build2 >/dev/null
  rm -f fleet.git/hooks/pre-receive
  git -C build1 config core.hooksPath /dev/null
  git config --global user.name "Ada"
  git config --global user.email "ada@example.com"
  cd build1 || return
}

# Run in build2: the missing hooks of build1 are another problem.
doctor() { git -C "$TMP/build2" build doctor "$@"; }

# breaks FILE SUBJECT: FILE gets the content of standard input, in a commit on the newest tip.
breaks() {
  git fetch -q && git reset -q --hard origin/main
  cat >"$1"
  git add -A
  git commit -q -m "$2"
  git push -q origin HEAD:main
}

shared() { git -C "$TMP/fleet.git" show "main:$1"; }

# two_locks: two locks that were held, so that their fences are set.
two_locks() {
  git build lock acquire deploy --ttl 3600 >/dev/null
  git build lock release deploy >/dev/null
  git build lock acquire deploy --ttl 3600 >/dev/null
  git build lock acquire other --ttl 3600 >/dev/null
}

@test "doctor names the commit that broke a file, and its last valid version" {
  two_locks
  git fetch -q
  valid=$(git rev-parse origin/main)
  printf '{\n  "locks": {\n' | breaks coordination/locks.json "A half-written file"
  by=$(git rev-parse HEAD)
  git commit -q --allow-empty -m "Unrelated"
  git push -q origin HEAD:main
  run -1 doctor
  [[ $output == *"files  "*"wrong"*"coordination/locks.json:"* ]]
  [[ $output == *"broken by commit ${by:0:12} by Ada <ada@example.com>"* ]]
  [[ $output == *"last valid version: git show ${valid:0:12}:coordination/locks.json"* ]]
  [[ $output == *"fix files: git build doctor --fix"* ]]
  git -C "$TMP/build2" show "${valid:0:12}:coordination/locks.json" | jq -e .locks.deploy.fence
  run -1 git -C "$TMP/fleet.git" build doctor
  [[ $output == *"broken by commit ${by:0:12}"* ]]
  run -1 --separate-stderr doctor --json
  [ "$(jq -r '.findings[] | select(.check == "files") | .state' <<<"$output")" = wrong ]
}

# bats test_tags=long
@test "doctor checks and restores status.json only in the directories of servers" {
  mkdir -p tasks
  echo '{"tasks": []}' | breaks tasks/status.json "Plan the tasks"
  echo '{"tasks": [1]}' | breaks tasks/heartbeat.json "Start the tasks"
  run -0 doctor
  [[ $output == *"the coordination files are valid"* ]]
  run -0 doctor --fix
  [ "$(shared tasks/status.json)" = '{"tasks": []}' ]
  [ "$(git -C "$TMP/fleet.git" log -1 --format=%s main)" = "Start the tasks" ]
  # A server does not leave the fleet by damage to one of its files.
  valid=$(shared build1/status.json)
  echo '{"status": "idle"}' | breaks build1/status.json "Forget the server"
  run -1 doctor
  [[ $output == *"build1/status.json:1:1:"*"broken by commit"* ]]
  [[ $output != *"tasks/"* ]]
  run doctor --fix
  [ "$(shared build1/status.json | jq -r .server)" = "$(jq -r .server <<<"$valid")" ]
  [ "$(shared tasks/status.json)" = '{"tasks": []}' ]
}

# bats test_tags=long
@test "the committer is named if it is not the author" {
  git fetch -q && git reset -q --hard origin/main
  echo '[]' >coordination/jobs.json
  git commit -q -a -m "Not an object" --author "Bob <bob@example.com>"
  git push -q origin HEAD:main
  run -1 doctor
  [[ $output == *"by Bob <bob@example.com>, committed by Ada <ada@example.com> at "* ]]
}

@test "a file of which the end is missing: elements before it are applied, fences are kept" {
  two_locks
  git fetch -q && git reset -q --hard origin/main
  fence=$(jq .locks.deploy.fence coordination/locks.json)
  jq '{locks: ({fresh: {locked_by: null, fence: 7}} + .locks)}' coordination/locks.json >"$TMP/whole"
  head -c -20 "$TMP/whole" | breaks coordination/locks.json "Cut off"
  run -0 doctor --fix
  [[ $output == *"restored coordination/locks.json from commit "* ]]
  [[ $output == *"applied /locks/fresh"* ]]
  [[ $output == *"dropped the last "*" bytes, which cannot be read: line "* ]]
  shared coordination/locks.json | jq -e ".locks.deploy.fence == $fence and .locks.fresh.fence == 7 and .locks.other"
  git -C "$TMP/fleet.git" log -1 --format=%B main | grep "restored the version of commit"
  before=$(git -C "$TMP/fleet.git" rev-parse main)
  run -0 doctor --fix
  [[ $output != *restored* ]]
  [ "$(git -C "$TMP/fleet.git" rev-parse main)" = "$before" ]
}

# bats test_tags=long
@test "a missing brace does not put one element into another" {
  two_locks
  git fetch -q && git reset -q --hard origin/main
  jq '.locks.added = {locked_by: null, fence: 1}' coordination/locks.json >"$TMP/whole"
  # The brace after the first lock is missing; one at the end is too many for it.
  python3 - "$TMP/whole" >"$TMP/broken" <<'END'
import sys
text = open(sys.argv[1]).read()
at = text.index("    },")
print(text[:at] + "    " + text[at + 5:], end="")
END
  breaks coordination/locks.json "No brace" <"$TMP/broken"
  run -0 doctor --fix
  shared coordination/locks.json | jq -e '[.locks[] | has("locked_by")] | all'
  shared coordination/locks.json | jq -e '[.locks[][] | type] | any(. == "object") | not'
  shared coordination/locks.json | jq -e '.locks.deploy.fence == 2 and .locks.other.fence == 1'
}

@test "committed conflict markers: both sides are merged" {
  git build message send --to build2 --subject first --body x >/dev/null
  git fetch -q && git reset -q --hard origin/main
  jq '.messages += [{id: "ours", from: "a", to: "b", timestamp: "2026-01-01T00:00:00Z"}]' \
    coordination/messages.json >"$TMP/ours"
  jq '.messages += [{id: "theirs", from: "a", to: "b", timestamp: "2026-01-01T00:00:00Z"}]' \
    coordination/messages.json >"$TMP/theirs"
  {
    echo '<<<<<<< HEAD'
    cat "$TMP/ours"
    echo '======='
    cat "$TMP/theirs"
    echo '>>>>>>> topic'
  } | breaks coordination/messages.json "Markers"
  run -0 doctor --fix
  [[ $output == *"applied /messages/id=ours"*"applied /messages/id=theirs"* ]]
  [[ $output != *dropped* ]]
  [ "$(shared coordination/messages.json | jq -c '[.messages[].id] | length')" = 3 ]
}

# bats test_tags=long
@test "one side between conflict markers cannot be read" {
  git fetch -q && git reset -q --hard origin/main
  printf '<<<<<<< a\n{"messages": [{"id": "ours", "from": "a", "to": "b", "timestamp": "2026-01-01T00:00:00Z"}]}\n=======\n{"messages": [\n>>>>>>> b\n' |
    breaks coordination/messages.json "Markers"
  run -0 doctor --fix
  [[ $output == *"applied /messages/id=ours"* ]]
  [[ $output == *"dropped the second side between the conflict markers: "* ]]
}

# bats test_tags=long
@test "a violation of the schema: only that element is dropped" {
  two_locks
  git fetch -q && git reset -q --hard origin/main
  jq '.locks.bad = {fence: -1} | .locks.good = {locked_by: null, fence: 3} | .locks.deploy.fence = 1' \
    coordination/locks.json >"$TMP/new"
  breaks coordination/locks.json "Invalid" <"$TMP/new"
  run -1 doctor
  [[ $output == *"/locks/bad"* ]]
  run -0 doctor --fix
  [[ $output == *"applied /locks/good"* ]]
  [[ $output == *"dropped /locks/bad: "* ]]
  [[ $output == *"dropped /locks/deploy: /fence: may only increase"* ]]
  shared coordination/locks.json | jq -e '.locks.deploy.fence == 2 and .locks.good.fence == 3 and (.locks | has("bad") | not)'
}

# bats test_tags=long
@test "what the broken version lacks is kept, and listed" {
  two_locks
  printf '\xef\xbb\xbf{"locks": {"deploy": {"locked_by": null, "fence": 9}}}' |
    breaks coordination/locks.json "A byte-order mark"
  run -0 doctor --fix
  [[ $output == *"applied /locks/deploy"* ]]
  [[ $output == *"kept, although the broken version lacks it: /locks/other"* ]]
  shared coordination/locks.json | jq -e '.locks.deploy.fence == 9 and .locks.other.fence == 1'
}

# bats test_tags=long
@test "an empty file, and a deleted one" {
  two_locks
  git build job add --branch main --commit abc123 --type test >/dev/null
  breaks coordination/jobs.json "Empty" </dev/null
  git rm -q coordination/locks.json
  git commit -q -m "Delete"
  git push -q origin HEAD:main
  run -1 doctor
  [[ $output == *"coordination/jobs.json:1:1: the file is empty"*"broken by"* ]]
  [[ $output == *"coordination/locks.json does not exist; deleted by commit $(git rev-parse HEAD | head -c 12)"* ]]
  before=$(git -C "$TMP/fleet.git" rev-list --count main)
  run -0 doctor --fix
  [ "$(git -C "$TMP/fleet.git" rev-list --count main)" = $((before + 1)) ]
  [ "$(shared coordination/jobs.json | jq '.jobs | length')" = 1 ]
  shared coordination/locks.json | jq -e '.locks.deploy.fence == 2'
}

# bats test_tags=long
@test "other files: a status is restored, a file that was never valid is named" {
  echo '{"server": "build2", "status": 7, "extra": 1}' | breaks build2/status.json "Wrong type"
  echo '{]' | breaks shared/message_rules.json "Never valid"
  run -1 doctor --fix
  [[ $output == *"restored build2/status.json"*"applied /extra"*"dropped /status: "* ]]
  [[ $output == *"shared/message_rules.json: no version of it was ever valid"* ]]
  [[ $output == *"fix files: write or delete shared/message_rules.json by hand"* ]]
  shared build2/status.json | jq -e '.status == "idle" and .extra == 1'
}

# bats test_tags=long
@test "a merge that breaks the file loses nothing of either branch" {
  two_locks
  git fetch -q && git reset -q --hard origin/main
  base=$(git rev-parse HEAD)
  jq '.locks.left = {locked_by: null, fence: 4}' coordination/locks.json >"$TMP/left"
  jq '.locks.right = {locked_by: null, fence: 5} | .locks.other.fence = 8' coordination/locks.json >"$TMP/right"
  breaks coordination/locks.json "Left" <"$TMP/left"
  left=$(git rev-parse HEAD)
  git checkout -q -b topic "$base"
  cp "$TMP/right" coordination/locks.json
  git commit -q -a -m "Right"
  git checkout -q -b inner "$base"
  git commit -q --allow-empty -m "Nothing"
  git merge -q --no-edit topic
  git checkout -q -B main "$left"
  git merge -q --no-commit --no-ff inner 2>/dev/null || true
  echo 'not JSON' >coordination/locks.json
  git add -A
  git commit -q -m "A broken merge"
  merge=$(git rev-parse HEAD)
  git push -q origin HEAD:main
  run -1 doctor
  [[ $output == *"broken by commit ${merge:0:12}"* ]]
  run -0 doctor --fix
  shared coordination/locks.json | jq -e '.locks.left.fence == 4 and .locks.right.fence == 5 and .locks.other.fence == 8'
}

# bats test_tags=long
@test "a merge that took a broken file from a branch: the branch's commit is named" {
  two_locks
  git fetch -q && git reset -q --hard origin/main
  git checkout -q -b topic
  echo '{' >coordination/locks.json
  git commit -q -a -m "Broken on the branch"
  by=$(git rev-parse HEAD)
  git checkout -q main
  git commit -q --allow-empty -m "Nothing"
  git merge -q --no-edit topic
  git push -q origin HEAD:main
  run -1 doctor
  [[ $output == *"broken by commit ${by:0:12}"* ]]
  run -0 doctor --fix
  shared coordination/locks.json | jq -e '.locks.deploy.fence == 2'
}

# bats test_tags=long
@test "the hook, installed later, accepts the restored files" {
  two_locks
  printf '{' | breaks coordination/locks.json "Broken"
  echo '[]' | breaks coordination/jobs.json "Broken too"
  git build init --shared "$TMP/fleet.git" >/dev/null
  run -0 doctor --fix
  shared coordination/locks.json | jq -e '.locks.deploy.fence == 2'
  shared coordination/jobs.json | jq -e '.jobs == []'
}

# bats test_tags=long
@test "an object of the history that cannot be read is an error" {
  printf '{' | breaks coordination/locks.json "Broken"
  cd "$TMP/fleet.git"
  blob=$(git rev-parse main~1:coordination/locks.json)
  rm -f "objects/${blob:0:2}/${blob:2}"
  run -128 git build doctor
  [[ $output == *"coordination/locks.json"* ]]
  cd "$TMP" && rm -rf fleet.git
}

# bats test_tags=long
@test "lock, message and job continue from the last valid version, and restore it" {
  two_locks
  git build message send --to build2 --subject hello --body x >/dev/null
  git build job add --branch main --commit abc123 --type test >/dev/null
  printf '{"locks": {' | breaks coordination/locks.json "Cut off"
  printf '\xef\xbb\xbf{"messages": [' | breaks coordination/messages.json "Cut off"
  echo '<<<<<<<' | breaks coordination/jobs.json "Broken"
  cd "$TMP/build2"
  run -0 --separate-stderr git build message inbox
  [[ $output == *hello* ]]
  [[ $stderr == *"warning: coordination/messages.json:1:"*"git build doctor --fix"* ]]
  run -0 --separate-stderr git build lock list
  [[ $output == *deploy* ]]
  [[ $stderr == *"git build doctor --fix"* ]]
  run -0 --separate-stderr git build job list
  [[ $output == *queued* ]]
  run -0 --separate-stderr git build lock break deploy --reason stale
  [[ $stderr == *"warning: coordination/locks.json: restored the version of commit "* ]]
  [[ $stderr == *"coordination/locks.json: dropped all 11 bytes, which cannot be read: line 1, column 1"* ]]
  [[ $stderr != *"doctor --fix"* ]]
  shared coordination/locks.json | jq -e '.locks.deploy.locked_by == null and .locks.deploy.fence == 2 and .locks.other.locked_by == "build1"'
  git -C "$TMP/fleet.git" log -1 --format=%B main | grep "coordination/locks.json: dropped all 11 bytes"
  run -0 --separate-stderr git build message send --to build1 --subject back --body y
  [ "$(shared coordination/messages.json | jq '.messages | length')" = 2 ]
  run -0 --separate-stderr git build job claim
  [ "$(shared coordination/jobs.json | jq -r '.jobs[0].assigned_to')" = build2 ]
  run -0 git build doctor
}

# bats test_tags=long
@test "the worker builds, although the jobs and the build configuration are broken" {
  git init -q "$TMP/source"
  git -C "$TMP/source" commit -q --allow-empty -m "First"
  git fetch -q && git reset -q --hard origin/main
  jq --arg source "$TMP/source" '.repository = $source' shared/build_config.json >"$TMP/config"
  breaks shared/build_config.json "Source" <"$TMP/config"
  id=$(git build job add --branch main --commit "$(git -C "$TMP/source" rev-parse HEAD)" --no-packages 2>/dev/null)
  head -c 30 "$TMP/config" | breaks shared/build_config.json "Cut off"
  breaks coordination/jobs.json "Empty" </dev/null
  cd "$TMP/build2"
  git config build.command true
  git config build.artifacts "$TMP/artifacts"
  run -0 --separate-stderr git build run --once
  [[ $stderr == *"shared/build_config.json"*"git build doctor --fix"* ]]
  [[ $stderr == *"coordination/jobs.json: restored the version of commit "* ]]
  [ "$(shared coordination/jobs.json | jq -r ".jobs[] | select(.id == \"$id\") | .status")" = completed ]
}

# bats test_tags=long
@test "health still reports a file that is read from its last valid version" {
  git build job add --branch main --commit abc123 --type test >/dev/null
  echo '{"jobs": [' | breaks coordination/jobs.json "Cut off"
  run -0 --separate-stderr git -C "$TMP/build2" build health
  [ "$(grep -c '^critical.*coordination/jobs.json:' <<<"$output")" = 1 ]
  run -0 --separate-stderr git -C "$TMP/build2" build health --json
  [ "$(jq .jobs.queued <<<"$output")" = 1 ]
}

# bats test_tags=long
@test "the status of another server is read from its last valid version, and named as broken" {
  git -C "$TMP/build2" build status set building >/dev/null
  git fetch -q && git reset -q --hard origin/main
  jq '.ip = "192.0.2.7"' build2/status.json >"$TMP/status"
  breaks build2/status.json "An address" <"$TMP/status"
  head -c -10 "$TMP/status" | breaks build2/status.json "Cut off"
  run -0 --separate-stderr git build status
  [[ $output == *"build2 "*building* ]]
  [[ $stderr == "warning: build2/status.json:"*"; using its last valid version" ]]
  run -0 --separate-stderr git build status --json
  [ "$(jq -r '.servers[] | select(.server == "build2") | .ip, (.problem | length > 0)' <<<"$output")" = $'192.0.2.7\ntrue' ]
  git config build.ssh 'echo'
  run git build exec build2 -- true
  [[ $output != *"no address known"* ]]
  run -0 --separate-stderr git build health
  [[ $output == *"warning "*"build2/status.json:"*"using its last valid version"* ]]
  mkdir build3
  echo '{' | breaks build3/status.json "Never valid"
  run ! git build exec build3 -- true
  [[ $output == *"build3: no address known; set build.ssh.build3: build3/status.json:2:1:"* ]]
  # No file at all is not the same as one that cannot be read.
  git rm -q build2/status.json && ln -s /etc/passwd build2/status.json
  git add -A && git commit -q -m "A link" && git push -q origin HEAD:main
  run -0 --separate-stderr git build status
  [[ $output == *"build2 "*building* ]]
  [[ $stderr == *"build2/status.json is a symbolic link, not a file; using its last valid version"* ]]
  run -1 doctor
  [[ $output == *"fix files: replace build2/status.json by a file, by hand"* ]]
  [[ $output != *"git build doctor --fix"* ]]
}

@test "jobs of a server whose heartbeat cannot be read are not reaped" {
  git build job add --branch main --commit abc123 --type test >/dev/null
  id=$(git -C "$TMP/build2" build job claim | cut -d' ' -f1)
  git -C "$TMP/build2" build heartbeat --push >/dev/null
  git fetch -q
  git checkout -q -B broken origin/heartbeat-build2
  echo '{"server": "build2"' >build2/heartbeat.json
  git commit -q -a -m "Broken" && git push -q origin HEAD:heartbeat-build2
  git checkout -q main
  later 7200 run -0 --separate-stderr git build job reap
  [ -z "$output" ]
  [[ $stderr == *"warning: build2: its heartbeat cannot be read, so its jobs are not reaped: build2/heartbeat.json:"* ]]
  [ "$(shared coordination/jobs.json | jq -r ".jobs[] | select(.id == \"$id\") | .status")" = running ]
  # The next heartbeat keeps what the last valid one has, and is enough.
  git -C "$TMP/build2" build heartbeat --push >/dev/null
  run -0 --separate-stderr git build job reap
  [[ $stderr != *"cannot be read"* ]]
  later 7200 run -0 git build job reap
  [[ $output == *"$id"* ]]
}

# bats test_tags=long
@test "a heartbeat that is not valid is followed by one that keeps the members of the last valid one" {
  cd "$TMP/build2"
  git checkout -q heartbeat-build2
  jq '.rack = 7' build2/heartbeat.json >"$TMP/beat" && cp "$TMP/beat" build2/heartbeat.json
  git commit -q -a -m "A member"
  head -c 20 "$TMP/beat" >build2/heartbeat.json
  git commit -q -a -m "Broken"
  git checkout -q main
  git build heartbeat --push >/dev/null
  [ "$(git -C "$TMP/fleet.git" show heartbeat-build2:build2/heartbeat.json | jq .rack)" = 7 ]
}

# bats test_tags=long
@test "message rules and archives are read from their last valid version" {
  echo '{"rules": [{"name": "ping", "contains": "there", "reply": "I am."}]}' | breaks shared/message_rules.json "Rules"
  echo '{"messages": [{"id": "old", "from": "a", "to": "b", "timestamp": "2026-01-01T00:00:00Z", "read": true}]}' >"$TMP/archive"
  mkdir -p coordination/archive
  breaks coordination/archive/messages-2026-01.json "Archive" <"$TMP/archive"
  git -C "$TMP/build2" build message send --to build1 --subject hello --body "are you there" >/dev/null
  echo '{"rules": [{"contains": "there", "reply": 7}]}' | breaks shared/message_rules.json "Wrong type"
  head -c 30 "$TMP/archive" | breaks coordination/archive/messages-2026-01.json "Cut off"
  head -c 30 "$TMP/archive" | breaks coordination/archive/messages-2025-12.json "Never valid"
  run -0 --separate-stderr git build message rules
  [[ $output == *"answered, rule ping"* ]]
  [[ $stderr == "warning: shared/message_rules.json:1:"*"git build doctor --fix"* ]]
  run -0 --separate-stderr git build message list --archived
  [[ $output == *$'\nold '* && $output == *hello* ]]
  [[ $stderr == *"warning: cannot read this archive: coordination/archive/messages-2025-12.json:1:"* ]]
  [[ $stderr == *"warning: coordination/archive/messages-2026-01.json:1:"* ]]
  # It continues in the loop, too.
  echo '{"rules": [' | breaks shared/message_rules.json "Cut off"
  in_background "$TMP/watch" git build message watch --rules --interval 1
  git -C "$TMP/build2" build message send --to build1 --subject again --body "still there" >/dev/null
  # shellcheck disable=SC2317 # called by wait_for
  answered() { [ "$(shared coordination/messages.json | jq '[.messages[] | select(.auto)] | length')" = 2 ]; }
  wait_for 5 answered
  grep 'warning: shared/message_rules.json:2:1:' "$TMP/watch"
}

# bats test_tags=long
@test "message rules that were never valid do not end message watch" {
  echo '{"rules": [' | breaks shared/message_rules.json "Never valid"
  run -128 git build message rules
  in_background "$TMP/watch" git build message watch --rules --interval 1
  wait_for 5 grep 'warning: shared/message_rules.json:2:1:' "$TMP/watch"
  git -C "$TMP/build2" build message send --to build1 --subject hello --body "are you there" >/dev/null
  wait_for 5 grep hello "$TMP/watch"
  echo '{"rules": [{"contains": "there", "reply": "I am."}]}' | breaks shared/message_rules.json "Valid"
  answered() { shared coordination/messages.json | jq -e 'any(.messages[]; .auto)'; }
  wait_for 5 answered
}

# bats test_tags=long
@test "a file that is broken and restored announces nothing twice" {
  git config build.notifyCommand 'cat'
  git build message send --to build1 --subject own --body x >/dev/null
  git -C "$TMP/build2" build message send --to build1 --subject first --body x >/dev/null
  git build notify >/dev/null
  git -C "$TMP/build2" build message send --to build1 --subject second --body x >/dev/null
  run -0 git build notify
  [[ $output == *second* && $output != *first* ]]
  git fetch -q && git reset -q --hard origin/main
  head -c -5 coordination/messages.json >"$TMP/messages"
  breaks coordination/messages.json "Cut off" <"$TMP/messages"
  run -0 git build notify
  [[ $output != *second* ]]
  run -0 doctor --fix
  git -C "$TMP/build2" build message send --to build1 --subject third --body x >/dev/null
  run -0 git build notify
  [[ $output == *third* && $output != *second* && $output != *first* ]]
}

# bats test_tags=long
@test "the pause of a worker is known, although the status that has it is broken" {
  git init -q "$TMP/source"
  git -C "$TMP/source" commit -q --allow-empty -m "First"
  git build job add --branch main --commit abc123 --no-packages >/dev/null
  cd "$TMP/build2"
  git config build.command true
  git config build.artifacts "$TMP/artifacts"
  git config build.source "$TMP/gone"
  run ! git build run --once
  git fetch -q
  git show origin/main:build2/status.json | jq -e '.paused.reason'
  head -c -10 <(git show origin/main:build2/status.json) >"$TMP/status"
  (cd "$TMP/build1" && breaks build2/status.json "Cut off" <"$TMP/status")
  git fetch -q
  run -0 --separate-stderr git build health
  [[ $output == *"build2 does not claim jobs"* ]]
}

# bats test_tags=long
@test "a status is not written over what a shallow clone cannot restore" {
  git fetch -q && git reset -q --hard origin/main
  jq '.rack = 7' build2/status.json >"$TMP/status"
  breaks build2/status.json "A member" <"$TMP/status"
  echo '{"server":' | breaks build2/status.json "Broken"
  git commit -q --allow-empty -m "Nothing" && git push -q origin HEAD:main
  git clone -q --depth 1 "file://$TMP/fleet.git" "$TMP/shallow"
  cd "$TMP/shallow"
  git build init --server build2 >/dev/null
  run -128 git build status set building
  [[ $output == *"build2/status.json"*"the clone is shallow; run 'git fetch --unshallow'"* ]]
  [ "$(shared build2/status.json)" = '{"server":' ]
  git fetch -q --unshallow
  run -0 git build status set building
  shared build2/status.json | jq -e '.rack == 7 and .status == "building"'
}

# bats test_tags=long
@test "a repair that was killed, and one that races with other writers" {
  two_locks
  printf '{' | breaks coordination/locks.json "Broken"
  cd "$TMP/build2"
  for n in 1 2 3 4 5; do
    git build doctor --fix >/dev/null 2>&1 &
    pid=$!
    sleep "0.0$n"
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  git build doctor --fix >/dev/null &
  pids=$!
  git build lock acquire mine --ttl 3600 >/dev/null
  git -C "$TMP/build1" build message send --to build2 --subject s --body b >/dev/null 2>&1
  wait "$pids" || true
  run -0 git build doctor --fix
  shared coordination/locks.json | jq -e '.locks.deploy.fence == 2 and .locks.other.fence == 1 and .locks.mine.locked_by == "build2"'
  [ "$(shared coordination/messages.json | jq '.messages | length')" = 1 ]
}
