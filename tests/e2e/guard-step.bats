#!/usr/bin/env bats
# The change from the old tip to the new one: rules for jobs, locks and messages.

load helper
load guard

# refused_at LINE...: the push is refused with exactly these lines about the file, without the name of the
# hook, the ref and the commit at the start of each line.
refused_at() {
  refused "$1" || return
  sed -nE 's/^remote: git-build: refs\/heads\/main [0-9a-f]{12}: (.*[^ ]) *$/\1/p' <<<"$output" >"$TMP/refusal"
  diff "$TMP/refusal" <(printf '%s\n' "$@")
}

# ---- jobs ----

jobs_fleet() {
  new_fleet
  some_jobs
  accepted
}

# bats test_tags=long
@test "the status of a job changes only as its schema allows, in one or several steps" {
  jobs_fleet
  edit coordination/jobs.json '(.jobs[] | select(.id == "c")).status = "running"'
  refused_at 'coordination/jobs.json:21:17: /jobs/id=c/status: changed from "completed" to "running"; "completed" is final'
  edit coordination/jobs.json '(.jobs[] | select(.id == "q")) |= (.status = "running" | .assigned_to = "build1")'
  accepted
  edit coordination/jobs.json '(.jobs[] | select(.id == "q")).status = "queued" | (.jobs[] | select(.id == "r")).status = "failed"'
  accepted
  # From queued through running, in one push.
  edit coordination/jobs.json '(.jobs[] | select(.id == "q")) |= (.status = "completed" | .assigned_to = "build1")'
  accepted
}

# bats test_tags=long
@test "a status that may not follow is refused in one line, with those that may" {
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
  accepted
  edit notes.json '.state = "lost"'
  refused_at 'notes.json:2:12: /state: changed from "off" to "lost"; "off" may only change to "on" or "gone"'
  edit notes.json '.state = "broken"'
  accepted
  edit notes.json '.state = "off"'
  refused_at 'notes.json:2:12: /state: changed from "broken" to "off"; "broken" is final'
}

# bats test_tags=long
@test "immutable values stay, and increasing values never decrease" {
  jobs_fleet
  edit coordination/jobs.json '(.jobs[] | select(.id == "q")).created_at = "2026-01-02T00:00:00Z"'
  refused "/jobs/id=q/created_at" "may not change once it is set"
  edit coordination/jobs.json 'del(.jobs[] | select(.id == "q").type)'
  refused "/jobs/id=q/type" "may not change"
  edit coordination/jobs.json '(.jobs[] | select(.id == "r")).attempt = 1'
  refused "/jobs/id=r/attempt: changed from 2 to 1" "may only increase"
  edit coordination/jobs.json '(.jobs[] | select(.id == "r")) |= (.attempt = 3 | .created_at = "2026-01-02T00:00:00Z")'
  accepted
}

# bats test_tags=long
@test "a job may leave the queue only when it has finished" {
  jobs_fleet
  edit coordination/jobs.json 'del(.jobs[] | select(.id == "q"))'
  refused "/jobs/id=q: was removed. Only finished jobs may be removed from the queue."
  git rm -q coordination/jobs.json
  refused "/jobs/id=q" "/jobs/id=r"
  edit coordination/jobs.json 'del(.jobs[] | select(.id == "c"))'
  refused "/jobs/id=c: was removed, but not archived unchanged in coordination/archive/jobs-*.json"
}

# bats test_tags=long
@test "a job that one server has claimed may go to another only after it was requeued" {
  jobs_fleet
  edit coordination/jobs.json '(.jobs[] | select(.id == "r")).assigned_to = "build2"'
  refused "/jobs/id=r: is claimed by build1" "must be requeued"
  edit coordination/jobs.json '(.jobs[] | select(.id == "r")) |= (.assigned_to = "build2" | .status = "completed")'
  refused "/jobs/id=r: is claimed by build1"
  edit coordination/jobs.json '(.jobs[] | select(.id == "r")) |= (.assigned_to = null | .status = "queued")'
  accepted
  edit coordination/jobs.json '(.jobs[] | select(.id == "r")) |= (.assigned_to = "build2" | .status = "running")'
  accepted
}

# ---- locks ----

locks_fleet() {
  new_fleet
  some_locks
  accepted
}

# bats test_tags=long
@test "an unexpired lock belongs to its holder; a free or expired one may be acquired" {
  locks_fleet
  edit coordination/locks.json '.locks.held.locked_by = "build2" | .locks.held.fence = 8'
  refused "/locks/held: is held by build1 until" "build2 may not acquire it before"
  edit coordination/locks.json 'del(.locks.held)'
  refused "/locks/held: is held by build1"
  git rm -q coordination/locks.json
  refused "/locks/held"
  edit coordination/locks.json ".locks.old |= (.locked_by = \"build2\" | .expires_at = \"$(at '+10 minutes')\" | .fence = 4)"
  accepted
  edit coordination/locks.json ".locks.free |= (.locked_by = \"build2\" | .expires_at = \"$(at '+10 minutes')\")"
  accepted
  edit coordination/locks.json '.locks.held |= (.locked_by = null | .expires_at = null)'
  accepted
}

# bats test_tags=long
@test "the entry of a lock stays, with or without a fence, no matter who pushes" {
  locks_fleet
  gone="was removed; a lock must stay in the file"
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

# bats test_tags=long
@test "each acquisition increases the fence" {
  locks_fleet
  edit coordination/locks.json ".locks.old |= (.locked_by = \"build2\" | .expires_at = \"$(at '+10 minutes')\")"
  refused "/locks/old: has a new holder with fence 3, but already had fence 3"
  edit coordination/locks.json ".locks.old |= (.locked_by = \"build2\" | .expires_at = \"$(at '+10 minutes')\" | .fence = 2)"
  refused "/locks/old/fence: changed from 3 to 2"
}

# bats test_tags=long
@test "the clock of the shared repository decides: times more than five minutes ahead are refused" {
  locks_fleet
  edit coordination/locks.json ".locks.free |= (.locked_by = \"build2\" | .locked_at = \"$(at '+10 minutes')\" | .expires_at = \"$(at '+20 minutes')\")"
  refused "/locks/free: the lock is dated" "ahead of this host's clock" "set the clock"
  what build1/heartbeat.json "{\"server\": \"build1\", \"timestamp\": \"$(at '+10 minutes')\", \"healthy\": true}"
  refused "build1/heartbeat.json:1:" "the heartbeat is dated"
  what build1/heartbeat.json "{\"server\": \"build1\", \"timestamp\": \"$(at '+2 minutes')\", \"healthy\": true}"
  accepted
}

# ---- messages ----

# bats test_tags=long
@test "messages never change, never become unread again, and may be removed only when read" {
  new_fleet
  some_messages
  accepted
  edit coordination/messages.json '.messages[0].body = "another"'
  refused '/messages/id=m1/body: changed from "b" to "another"'
  edit coordination/messages.json '.messages[0].to = "build3"'
  refused "/messages/id=m1/to"
  edit coordination/messages.json '.messages[1].read = false'
  refused "/messages/id=m2/read: changed from true to false"
  edit coordination/messages.json 'del(.messages[0])'
  refused "/messages/id=m1: was removed. Only messages that were read may be removed."
  edit coordination/messages.json '.messages |= reverse | .messages[1].read = true'
  accepted
  edit coordination/messages.json 'del(.messages[0])'
  refused "/messages/id=m2: was removed, but not archived unchanged in coordination/archive/messages-*.json"
}

@test "content that a merge takes over from an unchecked branch is checked" {
  new_fleet
  some_messages
  accepted
  git -C ../fleet.git config core.hooksPath /dev/null
  what coordination/messages.json '{"messages": ['
  commit
  git push -q origin HEAD:refs/heads/smuggled
  git -C ../fleet.git config --unset core.hooksPath
  push_refused "coordination/messages.json:2:1:" -- HEAD:main
  what coordination/messages.json '{"messages": []}'
  commit
  push_refused "/messages/id=m1: was removed" -- HEAD:main
}

@test "only an operator may remove a file with a value that may not change or decrease" {
  new_fleet
  what schemas/printer.json '{"type": "object", "properties": {
    "name": {"type": ["string", "null"], "x-immutable": true}, "pages": {"type": "integer", "x-increasing": true}, "note": {"type": "string"}}}'
  echo '/printers/*.json build-schema=printer' >>.gitattributes
  accepted
  what printers/a.json '{"name": "a", "pages": 1200, "note": "x"}'
  what printers/b.json '{"name": null, "note": "x"}'
  accepted
  git rm -q printers/a.json
  refused "printers/a.json: /name: was removed with its file" "/pages: was removed with its file, but it may only increase"
  git rm -q printers/a.json
  mkdir -p printers/a.json
  what printers/a.json/x '{}'
  refused "printers/a.json: /name: was removed with its file"
  git mv printers/a.json printers/c.json
  refused "printers/a.json: /name: was removed with its file"
  git rm -q printers/b.json
  accepted
  identify operator
  git rm -q printers/a.json
  as build1 refused "/name: was removed with its file"
  git rm -q printers/a.json
  as operator accepted
}
