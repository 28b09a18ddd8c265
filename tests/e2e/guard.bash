# For tests of what may land: `load guard` after `load helper`.
#
# new_fleet makes $TMP/fleet.git with the hooks, and in $TMP/build1, where it goes, a clone whose own
# pre-push hook is off, so that the shared repository decides. Then a test changes files, and says
# `lands` or `refused TEXT...`. Each of these commits all changes and pushes them to main.

new_fleet() {
  fleet_of build1 >/dev/null
  cd build1 || return
  git config core.hooksPath /dev/null
}

# what FILE JSON: gives FILE this content.
what() {
  mkdir -p -- "$(dirname -- "$1")"
  printf '%s\n' "$2" >"$1"
}

# edit FILE FILTER: changes FILE by a jq filter.
edit() {
  jq "$2" "$1" >"$TMP/edited" && cat "$TMP/edited" >"$1"
}

commit() {
  git add -A && git commit -q -m "Change something"
}

# push_refused TEXT... -- PUSH-ARGUMENTS: the push is refused with each TEXT, and nothing moves.
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

# lands: what is changed lands on main.
lands() {
  commit || return
  git push -q origin HEAD:main || return
  [ "$(git -C "$TMP/fleet.git" rev-parse main)" = "$(git rev-parse HEAD)" ]
}

# refused TEXT...: what is changed does not, and is taken back here.
refused() {
  commit || return
  push_refused "$@" "nothing of this push has landed" -- HEAD:main || return
  git reset -q --hard origin/main
}

# as NAME COMMAND...: with the identity that the shared repository knows the pusher by.
as() {
  GIT_BUILD_SERVER=$1 "${@:2}"
}

# identify OPERATOR: from now on the shared repository knows who pushes.
identify() {
  git -C "$TMP/fleet.git" config build.identity env:GIT_BUILD_SERVER
  git -C "$TMP/fleet.git" config build.operators "$1"
}

# at OFFSET: the time then, as files have it ("-1 hour", "+10 minutes").
at() {
  date -u -d "$1" +%Y-%m-%dT%H:%M:%SZ
}

# Three files in which something stands.
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
