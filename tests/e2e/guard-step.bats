#!/usr/bin/env bats
# The step from the old tip to the new one: what may become of jobs, locks and messages.

load helper
load guard

# refused_at LINE...: what is changed is refused with exactly these lines about the file, without the
# hook's name, the ref and the commit that start each of them.
refused_at() {
  refused "$1" || return
  sed -nE 's/^remote: git-build: refs\/heads\/main [0-9a-f]{12}: (.*[^ ]) *$/\1/p' <<<"$output" >"$TMP/refusal"
  diff "$TMP/refusal" <(printf '%s\n' "$@")
}

# ---- jobs ----

jobs_fleet() {
  new_fleet
  some_jobs
  lands
}

@test "a job's status goes only where its schema lets it, in one step or several" {
  jobs_fleet
  edit coordination/jobs.json '(.jobs[] | select(.id == "c")).status = "running"'
  refused_at 'coordination/jobs.json:21:17: /jobs/id=c/status: was "completed" and is "running"; nothing may follow "completed"'
  edit coordination/jobs.json '(.jobs[] | select(.id == "q")) |= (.status = "running" | .assigned_to = "build1")'
  lands
  edit coordination/jobs.json '(.jobs[] | select(.id == "q")).status = "queued" | (.jobs[] | select(.id == "r")).status = "failed"'
  lands
  # From queued through running, in one push.
  edit coordination/jobs.json '(.jobs[] | select(.id == "q")) |= (.status = "completed" | .assigned_to = "build1")'
  lands
}

@test "a status that its own schema does not let follow is refused in one line, with those that may" {
  new_fleet
  mkdir schemas
  cat >schemas/notes.json <<'END'
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "properties": {
    "state": { "type": "string", "x-transitions": { "off": ["on", "gone"], "on": ["off", "broken"], "broken": [], "gone": [] } }
  }
}
END
  echo 'notes.json build-schema=notes' >>.gitattributes
  what notes.json '{"state": "off"}'
  lands
  edit notes.json '.state = "lost"'
  refused_at 'notes.json:2:12: /state: was "off" and is "lost"; only "on" or "gone" may follow "off"'
  edit notes.json '.state = "broken"'
  lands
  edit notes.json '.state = "off"'
  refused_at 'notes.json:2:12: /state: was "broken" and is "off"; nothing may follow "broken"'
}

@test "what is immutable stays, what increases never becomes less" {
  jobs_fleet
  edit coordination/jobs.json '(.jobs[] | select(.id == "q")).created_at = "2026-01-02T00:00:00Z"'
  refused "/jobs/id=q/created_at" "may not change once it is set"
  edit coordination/jobs.json 'del(.jobs[] | select(.id == "q").type)'
  refused "/jobs/id=q/type" "may not change"
  edit coordination/jobs.json '(.jobs[] | select(.id == "r")).attempt = 1'
  refused "/jobs/id=r/attempt: was 2 and is 1" "may never become less"
  edit coordination/jobs.json '(.jobs[] | select(.id == "r")) |= (.attempt = 3 | .created_at = "2026-01-02T00:00:00Z")'
  lands
}

@test "a job leaves the queue only when it is over" {
  jobs_fleet
  edit coordination/jobs.json 'del(.jobs[] | select(.id == "q"))'
  refused "/jobs/id=q: has been taken out. A job may leave the queue only when it is over."
  git rm -q coordination/jobs.json
  refused "/jobs/id=q" "/jobs/id=r"
  edit coordination/jobs.json 'del(.jobs[] | select(.id == "c"))'
  refused "/jobs/id=c: has been taken out, and no coordination/archive/jobs-*.json has it as it was"
}

@test "a job that one server has taken is another's only after it was put back in the queue" {
  jobs_fleet
  edit coordination/jobs.json '(.jobs[] | select(.id == "r")).assigned_to = "build2"'
  refused "/jobs/id=r: was taken by build1" "put back in the queue"
  edit coordination/jobs.json '(.jobs[] | select(.id == "r")) |= (.assigned_to = "build2" | .status = "completed")'
  refused "/jobs/id=r: was taken by build1"
  edit coordination/jobs.json '(.jobs[] | select(.id == "r")) |= (.assigned_to = null | .status = "queued")'
  lands
  edit coordination/jobs.json '(.jobs[] | select(.id == "r")) |= (.assigned_to = "build2" | .status = "running")'
  lands
}

# ---- locks ----

locks_fleet() {
  new_fleet
  some_locks
  lands
}

@test "a lock that has not expired is nobody else's; a free or expired one is" {
  locks_fleet
  edit coordination/locks.json '.locks.held.locked_by = "build2" | .locks.held.fence = 8'
  refused "/locks/held: is held by build1 until" "build2 cannot take it before"
  edit coordination/locks.json 'del(.locks.held)'
  refused "/locks/held: is held by build1"
  git rm -q coordination/locks.json
  refused "/locks/held"
  edit coordination/locks.json ".locks.old |= (.locked_by = \"build2\" | .expires_at = \"$(at '+10 minutes')\" | .fence = 4)"
  lands
  edit coordination/locks.json ".locks.free |= (.locked_by = \"build2\" | .expires_at = \"$(at '+10 minutes')\")"
  lands
  edit coordination/locks.json '.locks.held |= (.locked_by = null | .expires_at = null)'
  lands
}

@test "a lock's entry stays, with or without a fence, whoever pushes" {
  locks_fleet
  gone="has been taken out; a lock stays in the file once it is there"
  edit coordination/locks.json 'del(.locks.old)'
  refused "/locks/old: $gone"
  edit coordination/locks.json 'del(.locks.free)'
  refused "/locks/free: $gone" "git build lock release"
  edit coordination/locks.json '.locks = {}'
  refused "/locks/held: is held by build1" "/locks/old: $gone" "/locks/free: $gone"
  identify operator
  edit coordination/locks.json 'del(.locks.free)'
  as operator refused "/locks/free: $gone"
  git rm -q coordination/locks.json
  as operator refused "/locks/free: $gone" "/locks/held: $gone"
}

@test "each acquisition adds to the fence" {
  locks_fleet
  edit coordination/locks.json ".locks.old |= (.locked_by = \"build2\" | .expires_at = \"$(at '+10 minutes')\")"
  refused "/locks/old: has a new holder, and its fence is 3 as before"
  edit coordination/locks.json ".locks.old |= (.locked_by = \"build2\" | .expires_at = \"$(at '+10 minutes')\" | .fence = 2)"
  refused "/locks/old/fence: was 3 and is 2"
}

@test "the receiving server's clock decides: what is dated more than five minutes ahead is refused" {
  locks_fleet
  edit coordination/locks.json ".locks.free |= (.locked_by = \"build2\" | .locked_at = \"$(at '+10 minutes')\" | .expires_at = \"$(at '+20 minutes')\")"
  refused "/locks/free: the lock is dated" "ahead of this server's clock" "set the clock"
  what build1/heartbeat.json "{\"server\": \"build1\", \"timestamp\": \"$(at '+10 minutes')\", \"healthy\": true}"
  refused "build1/heartbeat.json:1:" "the beat is dated"
  what build1/heartbeat.json "{\"server\": \"build1\", \"timestamp\": \"$(at '+2 minutes')\", \"healthy\": true}"
  lands
}

# ---- messages ----

@test "messages never change, are never unread again, and leave only when read" {
  new_fleet
  some_messages
  lands
  edit coordination/messages.json '.messages[0].body = "another"'
  refused '/messages/id=m1/body: was "b" and is "another"'
  edit coordination/messages.json '.messages[0].to = "build3"'
  refused "/messages/id=m1/to"
  edit coordination/messages.json '.messages[1].read = false'
  refused "/messages/id=m2/read: was true and is false"
  edit coordination/messages.json 'del(.messages[0])'
  refused "/messages/id=m1: has been taken out. A message may leave the list only when it has been read."
  edit coordination/messages.json '.messages |= reverse | .messages[1].read = true'
  lands
  edit coordination/messages.json 'del(.messages[0])'
  refused "/messages/id=m2: has been taken out, and no coordination/archive/messages-*.json has it as it was"
}

@test "what a merge takes over from a branch that nobody judged is judged" {
  new_fleet
  some_messages
  lands
  git -C ../fleet.git config core.hooksPath /dev/null
  what coordination/messages.json '{"messages": ['
  commit
  git push -q origin HEAD:refs/heads/smuggled
  git -C ../fleet.git config --unset core.hooksPath
  push_refused "coordination/messages.json:2:1:" -- HEAD:main
  what coordination/messages.json '{"messages": []}'
  commit
  push_refused "/messages/id=m1: has been taken out" -- HEAD:main
}
