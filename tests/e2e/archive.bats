#!/usr/bin/env bats
# git build archive: old elements are moved, and at every moment each is in exactly one place.

load helper

setup() {
  e2e_setup
  fleet_of build1 build2 >/dev/null 2>&1
  cd build1 || return
}

shown() { git -C "$TMP/fleet.git" show "main:$1"; }

# seed: write messages and jobs of all kinds, and logs, as other programs would.
seed() {
  git pull -q
  cat >coordination/messages.json <<'END'
{
  "messages": [
    {"id": "m1", "from": "build2", "to": "build1", "type": "info", "subject": "old, read", "body": "x",  "timestamp": "2025-10-29 16:21", "read": true},
    { "id": "m2", "from": "build2", "to": "build1", "subject": "old, unread", "timestamp": "2025-10-29T16:00:00Z", "read": false },
    { "id": "m3", "from": "build2", "to": "all", "subject": "older, read", "timestamp": "2025-09-01T00:00:00Z", "read": true, "n": 100.00 },
    { "id": "m4", "from": "build2", "to": "build1", "subject": "new, read", "timestamp": "2099-01-01T00:00:00Z", "read": true }
  ]
}
END
  cat >coordination/jobs.json <<'END'
{
  "jobs": [
    { "id": "j1", "status": "completed", "completed_at": "2025-08-01T00:00:00Z" },
    { "id": "j2", "status": "completed", "completed_at": "2025-08-02T00:00:00Z" },
    { "id": "j3", "status": "queued", "depends": ["j2"] },
    { "id": "j4", "status": "failed", "completed_at": "2025-09-01T00:00:00Z" },
    { "id": "j5", "status": "cancelled" },
    { "id": "j6", "status": "completed", "completed_at": "2025-08-03T00:00:00Z" },
    { "id": "j7", "status": "failed", "completed_at": "2025-08-03T00:00:00Z", "depends": ["j6"] },
    { "id": "j8", "status": "cancelled", "completed_at": "2099-01-01T00:00:00Z", "depends": ["j7"] }
  ]
}
END
  mkdir -p build1/logs build2/logs
  seq 1000 >build1/logs/20251001T000000Z.log
  seq 1000 >build1/logs/20990101T000000Z.log
  seq 1000 >build1/logs/notes.log
  seq 1000 >build2/logs/20251001T000000Z.log
  git add -A
  git commit -qm "History"
  git push -q --no-verify origin main
}

ids() { shown "$1" | jq -r '(.messages // .jobs)[].id' | tr '\n' ' '; }

# bats test_tags=long
@test "a dry run changes nothing, and does not send the outbox" {
  seed
  git remote set-url origin ../away.git
  run -128 git -c build.attempts=1 build message send --to build2 --subject later --body text
  run -0 --separate-stderr git build archive --dry-run
  [[ $stderr == *"away.git"* ]]
  git remote set-url origin ../fleet.git
  run -0 git build archive --dry-run
  [[ $output == "would move 2 messages and 2 jobs to coordination/archive"* ]]
  [ "$(git -C ../fleet.git log -1 --format=%s main)" = History ]
  [ "$(git build outbox list --json | jq '.entries | length')" != 0 ]
}

# bats test_tags=long
@test "old elements are moved in one commit, unchanged" {
  seed
  run -0 git build archive --dry-run
  [[ $output == "would move 2 messages and 2 jobs to coordination/archive"* ]]
  [ "$(git -C ../fleet.git log -1 --format=%s main)" = History ]
  run -0 git build archive
  [[ $output == "moved 2 messages and 2 jobs to coordination/archive"*"compressed 1 logs, saving "*" bytes" ]]
  [ "$(git -C ../fleet.git rev-list --count main)" = "$(($(git -C ../fleet.git rev-list --count main~1) + 1))" ]
  [ "$(ids coordination/messages.json)" = "m2 m4 " ]
  [ "$(ids coordination/jobs.json)" = "j2 j3 j5 j6 j7 j8 " ]
  [ "$(ids coordination/archive/messages-2025-10.json)" = "m1 " ]
  [ "$(ids coordination/archive/messages-2025-09.json)" = "m3 " ]
  [ "$(ids coordination/archive/jobs-2025-08.json)" = "j1 " ]
  [ "$(ids coordination/archive/jobs-2025-09.json)" = "j4 " ]
  # All members are kept, with their notation.
  shown coordination/archive/messages-2025-10.json | jq -e '.messages[0] | .body == "x" and .timestamp == "2025-10-29 16:21" and length == 8'
  shown coordination/archive/messages-2025-09.json | grep -qE '"n": 100\.00$'
  [ "$(shown build1/logs/20251001T000000Z.log.gz | gzip -dc)" = "$(seq 1000)" ]
  [ "$(git -C ../fleet.git ls-tree --name-only main:build1/logs | tr '\n' ' ')" = ".gitkeep 20251001T000000Z.log.gz 20990101T000000Z.log notes.log " ]
  [ "$(git -C ../fleet.git ls-tree --name-only main:build2/logs | grep log)" = 20251001T000000Z.log ]
  run -0 git build archive
  [ "$output" = "nothing is old enough" ]
  run -0 git build archive --logs --all-servers --json
  [ "$(jq -c '[.messages, .jobs, .logs]' <<<"$output")" = "[0,0,1]" ]
  # The same rules apply to archived elements.
  git build audit -q
  git build validate coordination/archive/*.json
}

# bats test_tags=long
@test "the usual commands read archived elements" {
  seed
  git build archive -q
  [ "$(git build message list --json | jq '.messages | length')" = 2 ]
  [ "$(git build message list --archived --json | jq -r '[.messages[].id] | sort | join(" ")')" = "m1 m2 m3 m4" ]
  [ "$(git build job list --archived --json | jq -r '[.jobs[].id] | sort | join(" ")')" = "j1 j2 j3 j4 j5 j6 j7 j8" ]
  run -128 git build job show j1
  run -0 git build job show --archived j1
  run -0 git build message show --archived m3
  [[ $output == *"older, read"* ]]
  run -0 git build message inbox --all --archived
  [[ $output == *m1* && $output == *m3* ]]
}

# put FILE JQ: change FILE on the shared branch, without its hook.
put() {
  git pull -q
  jq "$2" "$1" >"$TMP/put" && cp "$TMP/put" "$1"
  git commit -qam "Change $1"
  git -C ../fleet.git config core.hooksPath /dev/null
  git push -q --no-verify origin main
  git -C ../fleet.git config --unset core.hooksPath
}

# bats test_tags=long
@test "archiving again adds to the month, and adds no element that the archive already has" {
  seed
  git build archive -q
  m1=$(shown coordination/archive/messages-2025-10.json | jq '.messages[0]')
  put coordination/messages.json ".messages += [$m1, {id: \"m9\", from: \"build2\", to: \"build1\", timestamp: \"2025-10-30T00:00:00Z\", read: true}]"
  run -0 git build archive --json
  [ "$(jq .messages <<<"$output")" = 2 ]
  [ "$(ids coordination/archive/messages-2025-10.json)" = "m1 m9 " ]
  [ "$(ids coordination/messages.json)" = "m2 m4 " ]
}

# bats test_tags=long
@test "elements with duplicate IDs are not archived" {
  seed
  git build archive -q
  put coordination/messages.json '.messages += [
    {id: "m1", from: "build2", to: "build1", timestamp: "2025-10-30T00:00:00Z", read: true},
    {id: "m9", from: "build2", to: "build1", timestamp: "2025-10-30T00:00:00Z", read: true},
    {id: "m9", from: "build2", to: "build1", timestamp: "2025-10-31T00:00:00Z", read: true}]'
  run -0 git build archive
  [ "$output" = "nothing is old enough" ]
  [ "$(ids coordination/messages.json)" = "m2 m4 m1 m9 m9 " ]
}

@test "a log is not compressed if a compressed log of that name exists" {
  seed
  echo another | gzip >build1/logs/20251001T000000Z.log.gz
  git add -A
  git commit -qm "Another"
  git push -q --no-verify origin main
  run -0 git build archive --logs
  [ "$output" = "nothing is old enough" ]
  [ "$(shown build1/logs/20251001T000000Z.log | wc -l)" = 1000 ]
}

# bats test_tags=long
@test "a server archives messages of others if the shared repository identifies who pushes" {
  seed
  git -C ../fleet.git config build.identity env:GIT_BUILD_SERVER
  GIT_BUILD_SERVER=build1 git build archive -q
  [ "$(ids coordination/archive/messages-2025-10.json)" = "m1 " ]
  GIT_BUILD_SERVER=build1 run -128 git build archive --logs --all-servers
  [[ $output == *"build2/logs/20251001T000000Z.log"* ]]
}

@test "a corrupt archive is reported with its location, and nothing is moved" {
  seed
  mkdir coordination/archive
  git -C ../fleet.git config core.hooksPath /dev/null
  echo '{ "messages": [' >coordination/archive/messages-2025-10.json
  git add -A
  git commit -qm "Broken" --no-verify
  git push -q --no-verify origin main
  before=$(git -C ../fleet.git rev-parse main)
  run -128 git build archive
  [[ $output == *"coordination/archive/messages-2025-10.json:2:1"* ]]
  [ "$(git -C ../fleet.git rev-parse main)" = "$before" ]
  run -0 --separate-stderr git build message list --archived
  [[ $stderr == *"warning: cannot read this archive: coordination/archive/messages-2025-10.json:2:1"* ]]
  run -0 git build message list
}

# bats test_tags=long
@test "with two concurrent writers and a kill, no element is lost or duplicated" {
  git pull -q
  jq -n '{messages: [range(300) | {id: "old\(.)", from: "build2", to: "build1", timestamp: "2025-10-29T00:00:00Z", read: true}]}' \
    >coordination/messages.json
  git commit -qam "Old ones"
  git push -q --no-verify origin main
  clone_server "$TMP/fleet.git" build3 >/dev/null 2>&1
  count=$(brief_or_thorough 6 15)
  for id in build2 build3; do
    for n in $(seq "$count"); do
      git -C ../$id -c build.attempts=50 build message send -q --to build1 --subject "$id $n" >/dev/null 2>>"$TMP/$id.err" || echo "$id $n" >>"$TMP/lost"
    done &
  done
  for n in 1 2 3 4 5 6 7 8; do
    setsid git build archive -q 2>/dev/null &
    sleep "0.0$((n * 2))"
    kill -KILL -- -$! 2>/dev/null || true
  done
  find .git -name '*.lock' -delete
  wait
  git -c build.attempts=50 build archive -q
  [ ! -e "$TMP/lost" ]
  [ "$(git build message list --archived --json | jq -r '.messages[].id' | sort | uniq -d)" = "" ]
  [ "$(git build message list --archived --json | jq '.messages | length')" = $((300 + 2 * count)) ]
  [ "$(git build message list --json | jq '.messages | length')" = $((2 * count)) ]
  # In every commit, each message was in one place.
  for commit in $(git -C ../fleet.git rev-list main --grep='^Archive' ); do
    total=0
    for file in $(git -C ../fleet.git ls-tree -r --name-only "$commit" coordination | grep messages); do
      total=$((total + $(git -C ../fleet.git show "$commit:$file" | jq '[.messages[] | select(.id | startswith("old"))] | length')))
    done
    [ "$total" = 300 ]
  done
}

# bats test_tags=long
@test "a month of many megabytes is split into several files, and continued in the last one" {
  git pull -q
  head -c 1048576 /dev/zero | tr '\0' x >"$TMP/body"
  jq -n --rawfile body "$TMP/body" '{messages: [range(9) | {id: "m\(.)", from: "build2", to: "build1",
    subject: "s", timestamp: "2025-10-29T16:00:00Z", read: true, body: $body}]}' >coordination/messages.json
  git commit -qam "Long ones" && git push -q --no-verify origin main
  run -0 git build archive
  [[ $output == "moved 9 messages and 0 jobs"* ]]
  local folder=coordination/archive
  [ "$(ids $folder/messages-2025-10.json)" = "m0 m1 m2 " ]
  [ "$(ids $folder/messages-2025-10_2.json)" = "m3 m4 m5 " ]
  [ "$(ids $folder/messages-2025-10_3.json)" = "m6 m7 m8 " ]

  # An element that is in any of them is not added to another; small elements go to the last file.
  jq -n --rawfile body "$TMP/body" '{messages: [range(2) | {id: (if . == 0 then "m1" else "n\(.)" end),
    from: "build2", to: "build1", subject: "s", timestamp: "2025-10-29T16:00:00Z", read: true,
    body: (if . == 0 then $body else "short" end)}]}' >coordination/messages.json
  git commit -qam "Two more" && git push -q --no-verify origin main
  run -0 git build archive
  [ "$(ids $folder/messages-2025-10_3.json)" = "m6 m7 m8 n1 " ]
  [ "$(ids $folder/messages-2025-10.json)" = "m0 m1 m2 " ]
  [ -z "$(ids coordination/messages.json)" ]
  run -0 git build message list --archived --json
  [ "$(jq -r '.messages[].id' <<<"$output" | sort | tr '\n' ' ')" = "m0 m1 m2 m3 m4 m5 m6 m7 m8 n1 " ]
}
