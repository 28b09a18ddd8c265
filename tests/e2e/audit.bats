#!/usr/bin/env bats
# git build audit: violations in a history that no hook has checked.

load helper
load guard

# A day in a repository without hooks: a file is broken for two hours, a merge removes messages, and a
# lock is taken from its holder.
at_hour() {
  git add -A
  GIT_COMMITTER_DATE="2026-01-01T$1:00:00Z" GIT_AUTHOR_DATE="2026-01-01T$1:00:00Z" git commit -q -m "$2"
}

a_wild_day() {
  git init -q wild
  cd wild || return
  some_messages
  what coordination/locks.json '{"locks": {"l": {"locked_by": "build1", "locked_at": "2026-01-01T00:30:00Z", "expires_at": "2026-01-01T12:00:00Z"}}}'
  at_hour 01 "Begin"
  what coordination/jobs.json '{"jobs": ['
  at_hour 02 "Break the queue"
  edit coordination/locks.json '.locks.l.locked_by = "build2"'
  at_hour 03 "Take the lock"
  what coordination/jobs.json '{"jobs": []}'
  at_hour 04 "Mend the queue"
  git checkout -q -b side HEAD~1
  edit coordination/messages.json '.messages += [{"id": "m3", "from": "a", "to": "b", "timestamp": "2026-01-01T00:00:00Z", "read": false}]'
  at_hour 05 "A message on the side"
  git checkout -q -
  GIT_COMMITTER_DATE="2026-01-01T06:00:00Z" git merge -q -s ours -m "Merge and drop" side
}

@test "reports files that were broken, for how long, what was removed or taken from its holder, and totals" {
  a_wild_day
  run -1 git build audit
  [[ $output == *"Break the queue"*"coordination/jobs.json:2:1: "*"(fixed after 2 h)"* ]]
  [[ $output == *"Take the lock"*"/locks/l: is held by build1"* ]]
  [[ $output == *"Merge and drop"*"/messages/id=m3: was removed"* ]]
  [[ $output == *"3 of 6 commits break the rules"* ]]
  git build audit --json >out || [ $? = 1 ]
  [ "$(jq -c '[.commits_looked_at, .totals.broken, .totals.removed, .totals.claim, .still_broken]' out)" = '[6,1,1,1,0]' ]
  [ "$(jq '.commits[0].violations[0].fixed_after_seconds' out)" = 7200 ]
}

@test "accepts a range and a revision, and a history without violations" {
  a_wild_day
  run -0 git build audit HEAD~2..HEAD~1
  [[ $output == "0 of 1 commits"* ]] || { echo "$output"; false; }
  run -1 git build audit -q HEAD~3
  [[ $output == "1 of 2 commits"* ]] || { echo "$output"; false; }
  run -128 git build audit nowhere
}

@test "reports files that are still broken, and limits the violations printed per commit" {
  git init -q wild
  cd wild
  for n in {1..30}; do what "n$n.json" "[$n,"; done
  at_hour 01 "All broken"
  run -1 git build audit --max-errors 3
  [[ $output == *"and 27 more"*"30 files are still broken or invalid"* ]]
}

@test "finds the same violations on one processor as on all" {
  a_wild_day
  git build audit --json >many || [ $? = 1 ]
  taskset 1 git build audit --json >one || [ $? = 1 ]
  cmp many one
}
