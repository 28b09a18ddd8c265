#!/usr/bin/env bats
# git build size: what takes space in the repository.

load helper

setup() {
  e2e_setup
  fleet_of build1 >/dev/null 2>&1
  cd build1 || return
}

# bats test_tags=long
@test "every object is counted once, in its category" {
  for _ in 1 2 3; do git build heartbeat -q --push; done
  git build message send -q --to all --subject hello >/dev/null
  head -c 3000000 /dev/urandom >big.bin
  mkdir -p build1/logs
  seq 100 >build1/logs/20251001T000000Z.log
  git add -A
  git commit -qm "Something big"
  git push -q --no-verify origin HEAD:main
  git build size --json >size.json
  jq -e --argjson n "$(git rev-list --objects --all | wc -l)" '.all.objects == $n and ([.kinds[].objects] | add) == $n' size.json
  jq -e --argjson n "$(git rev-list --all | wc -l)" '.kinds.commits.objects == $n' size.json
  jq -e '.kinds.heartbeats.objects >= 3 and .kinds.logs.objects >= 1 and .kinds.messages.objects >= 2' size.json
  jq -e '.files[0].path == "big.bin" and .files[0].content_bytes == 3000000 and .files[0].versions == 1' size.json
  jq -e '(.branches[] | select(.ref == "refs/heads/heartbeat-build1")) | .commits >= 3 and .disk_bytes > 0' size.json
  jq -e '[.hints[].command] | index("git lfs track") and index("git build archive --logs --all-servers")' size.json
  run -0 git build size --top 1
  [[ $output == *"big.bin"* && $output == *"git lfs track: 1 files are or were larger than 1 MiB"* ]]
  [ "$(grep -c coordination <<<"$output")" = 0 ]
}

# bats test_tags=long
@test "elements that can be archived are counted, until they are" {
  git build size --json | jq -e '.archivable == {messages: 0, jobs: 0, content_bytes: 0, logs: 0}'
  git pull -q
  jq '.messages += [{id: "m1", from: "build2", to: "build1", timestamp: "2025-10-29T00:00:00Z", read: true}]' coordination/messages.json >"$TMP/m"
  jq '.jobs += [{id: "j1", status: "completed", completed_at: "2025-10-29T00:00:00Z"}]' coordination/jobs.json >"$TMP/j"
  cp "$TMP/m" coordination/messages.json
  cp "$TMP/j" coordination/jobs.json
  mkdir -p build1/logs
  seq 100 >build1/logs/20251001T000000Z.log
  git add -A
  git commit -qm "Old"
  git push -q --no-verify origin HEAD:main
  run -0 git build size
  [[ $output == *"git build archive: 1 messages and 1 finished jobs can be archived: "* ]]
  [[ $output == *"git build archive --logs --all-servers: 1 old logs are not compressed"* ]]
  git -C ../fleet.git build size --json | jq -e '.archivable | .messages == 1 and .jobs == 1 and .logs == 1'
  git build archive -q
  run -0 git build size
  [[ $output != *"git build archive"* ]]
}

# bats test_tags=long
@test "a long heartbeat branch is reported, with the command that shortens it" {
  for _ in 1 2 3 4; do git build heartbeat -q --push; done
  git config build.heartbeatHistory 2
  run -0 git build size
  [[ $output == *"git build squash --all: "*" heartbeat branches have more than 2 commits"* ]]
}

@test "the shared repository, and one without a commit" {
  run -0 git -C ../fleet.git build size
  [[ $output == *"heartbeats"* ]]
  git init -q --bare ../empty.git
  run -0 git -C ../empty.git build size --json
  [ "$(jq .all.objects <<<"$output")" = 0 ]
}

# bats test_tags=long
@test "the repository can be named relative to any directory, in size and validate" {
  git build size --json | jq .all >here
  git --git-dir=.git build size --json | jq .all | diff here -
  mkdir below
  git -C below build size --json | jq .all | diff here -
  cd ..
  git --git-dir=build1/.git --work-tree=build1 build size --json | jq .all | diff build1/here -
  git --git-dir=build1/.git --work-tree=build1 build validate
  echo '{}' >build1/coordination/locks.json
  git -C build1 add coordination/locks.json
  run -1 git --git-dir=build1/.git --work-tree=build1 build validate --staged
}

@test "a status.json outside of the directories of servers is another file" {
  mkdir tasks
  echo '{"tasks": []}' >tasks/status.json
  git add -A
  git commit -qm "Plan the tasks"
  git push -q --no-verify origin HEAD:main
  git build size --json | jq -e '.kinds.status.objects == 1'
  echo '{"server": "tasks"}' >tasks/status.json
  git commit -qam "Is a server"
  git update-ref refs/remotes/origin/main HEAD
  git build size --json | jq -e '.kinds.status.objects == 3'
}
