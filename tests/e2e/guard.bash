# Helpers for tests of what may be pushed: `load guard` after `load helper`.
#
# new_fleet creates $TMP/fleet.git with the hooks, and changes to $TMP/build1, a clone without a pre-push
# hook, so that the shared repository decides. A test then changes files and calls `accepted` or
# `refused TEXT...`. Each of these commits all changes and pushes them to main.

new_fleet() {
  fleet_of build1 >/dev/null
  cd build1 || return
  git config core.hooksPath /dev/null
}

# what FILE JSON: write JSON to FILE.
what() {
  mkdir -p -- "$(dirname -- "$1")"
  printf '%s\n' "$2" >"$1"
}

# edit FILE FILTER: change FILE with a jq filter.
edit() {
  jq "$2" "$1" >"$TMP/edited" && cat "$TMP/edited" >"$1"
}

commit() {
  git add -A && git commit -q -m "Change something"
}

# push_refused TEXT... -- PUSH-ARGUMENTS: the push is refused with each TEXT, and no ref changes.
push_refused() {
  local texts=() text before
  while [ "$1" != -- ]; do
    texts+=("$1")
    shift
  done
  shift
  before=$(git -C "$TMP/fleet.git" for-each-ref)
  run git push -q origin "$@"
  if [ "$status" = 0 ]; then
    echo "this push must not land: $*" >&2
    return 1
  fi
  for text in "${texts[@]}"; do
    if [[ $output != *"$text"* ]]; then
      printf 'the refusal lacks: %s\nit says:\n%s\n' "$text" "$output" >&2
      return 1
    fi
  done
  [ "$before" = "$(git -C "$TMP/fleet.git" for-each-ref)" ]
}

# accepted: the changes are pushed to main.
accepted() {
  commit || return
  git push -q origin HEAD:main || return
  [ "$(git -C "$TMP/fleet.git" rev-parse main)" = "$(git rev-parse HEAD)" ]
}

# refused TEXT...: the push of the changes is refused, and they are reverted here.
refused() {
  commit || return
  push_refused "$@" "push rejected: fix the error" -- HEAD:main || return
  git reset -q --hard origin/main
}

# as NAME COMMAND...: run COMMAND with NAME as the identity that the shared repository knows.
as() {
  GIT_BUILD_SERVER=$1 "${@:2}"
}

# identify OPERATOR: let the shared repository identify who pushes from now on.
identify() {
  git -C "$TMP/fleet.git" config build.identity env:GIT_BUILD_SERVER
  git -C "$TMP/fleet.git" config build.operators "$1"
}

# at OFFSET: print the time at that offset, in the format of the files ("-1 hour", "+10 minutes").
at() {
  date -u -d "$1" +%Y-%m-%dT%H:%M:%SZ
}

# Three files with content.
some_jobs() {
  what coordination/jobs.json '{
  "jobs": [
    {"id": "q", "type": "build", "assigned_to": null, "status": "queued", "created_at": "2026-01-01T00:00:00Z"},
    {"id": "r", "type": "build", "assigned_to": "build1", "status": "running", "attempt": 2},
    {"id": "c", "type": "build", "assigned_to": "build1", "status": "completed"}
  ]
}'
}

some_locks() {
  what coordination/locks.json "{
  \"locks\": {
    \"job_assignment\": {\"locked_by\": null, \"locked_at\": null, \"expires_at\": null},
    \"config_update\": {\"locked_by\": null, \"locked_at\": null, \"expires_at\": null},
    \"free\": {\"locked_by\": null, \"locked_at\": null, \"expires_at\": null},
    \"old\": {\"locked_by\": \"build1\", \"locked_at\": \"$(at '-2 hours')\", \"expires_at\": \"$(at '-1 hour')\", \"fence\": 3},
    \"held\": {\"locked_by\": \"build1\", \"locked_at\": \"$(at '-1 minute')\", \"expires_at\": \"$(at '+1 hour')\", \"fence\": 7}
  }
}"
}

some_messages() {
  what coordination/messages.json '{
  "messages": [
    {"id": "m1", "from": "build2", "to": "build1", "type": "info", "subject": "s", "body": "b", "timestamp": "2026-01-01T00:00:00Z", "read": false},
    {"id": "m2", "from": "build1", "to": "all", "type": "info", "subject": "s", "body": "b", "timestamp": "2026-01-01T00:00:00Z", "read": true}
  ]
}'
}
