#!/usr/bin/env bats
# Ownership, if the shared repository identifies who pushes.

load helper
load guard

owners_fleet() {
  new_fleet
  some_jobs && some_locks && some_messages
  what build2/status.json '{"server": "build2", "timestamp": "2026-01-01T00:00:00Z", "status": "idle"}'
  accepted
  identify "ada, grace"
}

# bats test_tags=long
@test "a server may change its own directory and no other; an operator may change all" {
  owners_fleet
  what build2/status.json '{"server": "build2", "timestamp": "2026-01-02T00:00:00Z", "status": "failed"}'
  as build1 refused "build2/status.json: the directory belongs to build2; build1 may change only its own directory build1/"
  what build2/logs/x.log 'text'
  as build1 refused "build2/logs/x.log"
  what build1/logs/x.log 'text'
  what other/notes.txt 'no server'
  as build1 accepted
  what build2/status.json '{"server": "build2", "timestamp": "2026-01-02T00:00:00Z", "status": "failed"}'
  as grace accepted
  what build2/status.json '{"server": "build2", "timestamp": "2026-01-03T00:00:00Z", "status": "idle"}'
  as build2 accepted
}

@test "a heartbeat branch belongs to its server, which may squash it" {
  owners_fleet
  beat=$(git rev-parse origin/heartbeat-build1)
  GIT_BUILD_SERVER=build2 push_refused "the branch belongs to build1; build2 may not change it" -- \
    ":heartbeat-build1"
  squashed=$(git commit-tree -m squashed "$beat^{tree}")
  GIT_BUILD_SERVER=build2 push_refused "build2 may not change it" -- "+$squashed:heartbeat-build1"
  GIT_BUILD_SERVER=build1 git push -q origin "+$squashed:heartbeat-build1"
  GIT_BUILD_SERVER=ada git push -q origin :heartbeat-build1
}

# bats test_tags=long
@test "a server acquires, renews and releases locks only for itself" {
  owners_fleet
  edit coordination/locks.json '.locks.free |= (.locked_by = "build2" | .expires_at = "2030-01-01T00:00:00Z")'
  as build1 refused "/locks/free: is locked for build2; build1 may lock only for itself"
  edit coordination/locks.json '.locks.held |= (.locked_by = null | .expires_at = null)'
  as build2 refused "/locks/held: is held by build1; build2 may not change it"
  edit coordination/locks.json '.locks.held.expires_at = "2030-01-01T00:00:00Z"'
  as build2 refused "/locks/held: is held by build1"
  as build1 accepted_with '.locks.held.expires_at = "2030-01-01T00:00:00Z"'
  edit coordination/locks.json '.locks.held |= (.locked_by = "ada" | .fence = 8)'
  as ada accepted
}

accepted_with() {
  edit coordination/locks.json "$1"
  accepted
}

# bats test_tags=long
@test "a server claims and finishes jobs only for itself; any server may requeue one" {
  owners_fleet
  edit coordination/jobs.json '.jobs[0] |= (.status = "running" | .assigned_to = "build2")'
  as build1 refused "/jobs/id=q: is claimed for build2; build1 may claim only for itself"
  edit coordination/jobs.json '.jobs[1].status = "completed"'
  as build2 refused "/jobs/id=r: is claimed by build1; build2 may not finish it"
  edit coordination/jobs.json '.jobs[0] |= (.status = "running" | .assigned_to = "build2")'
  as build2 accepted
  edit coordination/jobs.json '.jobs[1] |= (.status = "queued" | .assigned_to = null)'
  as build2 accepted
}

# bats test_tags=long
@test "a server sends only as itself, and marks as read only messages sent to it" {
  owners_fleet
  local new='{"id": "m3", "from": "build1", "to": "build2", "type": "info", "subject": "s", "body": "b", "timestamp": "2026-01-01T00:00:00Z", "read": false}'
  edit coordination/messages.json ".messages += [$new]"
  as build2 refused "/messages/id=m3: is from build1; build2 may send only as itself"
  edit coordination/messages.json ".messages += [$new]"
  as build1 accepted
  edit coordination/messages.json '.messages[2].read = true'
  as build1 refused "/messages/id=m3: was sent to build2; build1 may not mark it as read"
  edit coordination/messages.json '.messages[2].read = true'
  as build2 accepted
  edit coordination/messages.json '.messages[1].read_by = ["build1"]'
  as build2 refused "build2 may not add or remove build1 as a reader"
  edit coordination/messages.json '.messages[1].read_by = ["build2"]'
  as build2 accepted
}

# bats test_tags=long
@test "ownership does not apply to unidentified pushers, unless build.requireIdentity refuses them" {
  owners_fleet
  what build2/status.json '{"server": "build2", "timestamp": "2026-01-02T00:00:00Z", "status": "failed"}'
  accepted
  git -C ../fleet.git config build.requireIdentity true
  what a.json '{}'
  refused "the pusher is unknown, but build.requireIdentity is set"
  what a.json '{}'
  as build1 accepted
}

@test "an invalid setting refuses the push and is named" {
  owners_fleet
  git -C ../fleet.git config build.identity GL_USER
  what a.json '{}'
  refused_by_failure "build.identity: invalid value 'GL_USER'; expected env:NAME" "certificate"
  git -C ../fleet.git config build.identity env:GL_USER
  git -C ../fleet.git config build.maxFileSize plenty
  what a.json '{}'
  refused_by_failure "build.maxFileSize"
}

refused_by_failure() {
  commit
  push_refused "$@" "push rejected: it cannot be checked" -- HEAD:main
  git reset -q --hard origin/main
}

# bats test_tags=long
@test "over ssh, the environment of a key in authorized_keys identifies who pushes" {
  owners_fleet
  start_sshd || false
  echo "PermitUserEnvironment yes" >>"$TMP/ssh/sshd_config"
  kill -HUP "$(cat "$TMP/ssh/pid")"
  sed -i 's/^/environment="GIT_BUILD_SERVER=build2" /' "$TMP/ssh/authorized_keys"
  git remote set-url origin "$SSH_URL$TMP/fleet.git"
  wait_for 5 git ls-remote origin
  what build1/logs/x.log 'text'
  refused "the directory belongs to build1; build2 may change only"
  what build2/logs/x.log 'text'
  accepted
}

# bats test_tags=long
@test "a signed push identifies who pushes; an unsigned one does not" {
  owners_fleet
  git -C ../fleet.git config build.identity certificate
  git -C ../fleet.git config build.requireIdentity true
  git -C ../fleet.git config receive.certNonceSeed "some secret"
  ssh-keygen -q -t ed25519 -N '' -f "$TMP/key"
  echo "build1 $(cat "$TMP/key.pub")" >"$TMP/signers"
  git -C ../fleet.git config gpg.ssh.allowedSignersFile "$TMP/signers"
  git config gpg.format ssh
  git config user.signingKey "$TMP/key"
  git config gpg.ssh.allowedSignersFile "$TMP/signers"
  what build1/a.json '{}'
  refused "the pusher is unknown"
  what build1/a.json '{}'
  commit
  git push -q --signed origin HEAD:main
  what build2/a.json '{}'
  commit
  push_refused "the directory belongs to build2; build1 may change only" -- --signed HEAD:main
}
