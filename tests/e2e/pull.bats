#!/usr/bin/env bats
# git build pull, and loops that do the same: the clone follows the shared branch.

load helper

setup() {
  e2e_setup
  fleet_of build1 build2 >/dev/null
  git config --global build.requests true
  cd build1 || return
}

tip() { git -C "$TMP/fleet.git" rev-parse main; }

# other NAME: build2 changes the shared branch.
other() { git -C "$TMP/build2" build lock acquire "$1" -q; }

follows() { [ "$(git rev-parse HEAD)" = "$(tip)" ]; }

@test "pull updates the worktree to what requests have changed" {
  git build lock acquire mine -q
  other theirs
  run -0 git build pull
  [ "$output" = "main: updated to $(tip | cut -c1-7)" ]
  jq -e '.locks | .mine.locked_by == "build1" and .theirs.locked_by == "build2"' coordination/locks.json
  [ -z "$(git status --porcelain)" ]
  follows
  run -0 git build pull
  [ "$output" = "main: up to date at $(tip | cut -c1-7)" ]
  run -0 git build pull --json
  [ "$(jq -c . <<<"$output")" = \
    '{"commit":"'"$(tip)"'","worktree":"current","updated":false,"why":null,"sent":0,"left":0}' ]
}

# bats test_tags=long
@test "pull never overwrites local changes and commits, and prints why it did not update" {
  # On another branch, only the branch of the remote is updated.
  git checkout -q -b topic
  other one
  run -0 --separate-stderr git build pull
  [[ $output == "main: fetched at "* ]]
  [ "$stderr" = "warning: the worktree is not on 'main', and was not changed" ]
  [ "$(git rev-parse origin/main)" = "$(tip)" ]
  git checkout -q main

  # A file with local changes.
  echo >>coordination/locks.json
  cp coordination/locks.json "$TMP/edited"
  run -1 --separate-stderr git build pull
  [[ $stderr == *"coordination/locks.json"* ]]
  cmp coordination/locks.json "$TMP/edited"
  git build pull --json | jq -e '.worktree == "blocked" and (.why | length > 0)' || [ "${PIPESTATUS[0]}" = 1 ]
  git checkout -q coordination/locks.json
  git build pull
  follows

  # A change that leaves the beginning of a published file, or an empty file in the way of a new one.
  printf 'one\ntwo\n' >"$TMP/build2/notes" && git -C "$TMP/build2" pull -q && git -C "$TMP/build2" add notes &&
    git -C "$TMP/build2" commit -q -m Notes && git -C "$TMP/build2" push -q
  : >notes
  run -1 git build pull
  [ ! -s notes ] && rm notes
  git build pull
  echo three >>"$TMP/build2/notes" && git -C "$TMP/build2" commit -q -a -m Notes && git -C "$TMP/build2" push -q
  echo one >notes
  run -1 git build pull
  [ "$(cat notes)" = one ]
  git checkout -q notes
  git build pull
  follows

  # Local commits, with nothing to fetch, and with something to fetch.
  git commit -q --allow-empty -m Local
  run -0 git build pull --json
  jq -e '.worktree == "ahead" and (.updated | not)' <<<"$output"
  other two
  run -1 --separate-stderr git build pull
  [[ $stderr == *"run 'git pull --rebase origin main'"* ]]
  [ "$(git log -1 --format=%s)" = Local ]
  git pull -q --rebase origin main
  git build pull
}

@test "pull sends the outbox" {
  mv ../fleet.git ../away.git
  git config build.attempts 1
  run -128 git build message send --to build2 --subject hello --body text
  run -128 git build pull
  [[ $output == *"cannot fetch from 'origin'"* ]]
  mv ../away.git ../fleet.git
  run -0 git build pull
  [[ $output == *"outbox: 2 sent, 0 left"* ]] # and the message about the outage
  git -C ../build2 build message inbox | grep hello
  [ "$(git build outbox list --json | jq '.entries | length')" = 0 ]
  follows
}

# bats test_tags=long
@test "pull needs neither a server ID nor a worktree" {
  git clone -q --bare "$TMP/fleet.git" "$TMP/mirror.git"
  other one
  run -0 git -C "$TMP/mirror.git" build pull --json
  jq -e '.worktree == "none" and .commit == "'"$(tip)"'"' <<<"$output"
  git clone -q "$TMP/fleet.git" "$TMP/reader"
  other two
  git -C "$TMP/reader" build pull
  [ "$(git -C "$TMP/reader" rev-parse HEAD)" = "$(tip)" ]
}

# bats test_tags=long
@test "the loops of the heartbeat and of the worker follow the shared branch" {
  local loop
  for loop in 'heartbeat --loop --interval 1 --push-every 1' 'run --loop'; do
    # shellcheck disable=SC2086 # words
    in_background "$TMP/log" git-build $loop
    git build lock acquire "${loop%% *}" -q
    wait_for 3 follows
    echo >>coordination/locks.json
    other "${loop%% *}-2"
    wait_for 3 grep -q "warning: cannot update the worktree" "$TMP/log"
    git checkout -q coordination/locks.json
    wait_for 3 follows
    kill "$pid" && wait "$pid"
    [ "$(grep -c "warning: cannot update the worktree" "$TMP/log")" = 1 ]
  done
}

# bats test_tags=long
@test "pulls and requests at the same time leave a valid clone" {
  local pids=() n
  for n in 1 2 3 4; do
    git build pull -q 3>&- & pids+=($!)
    git build lock acquire "lock$n" -q 3>&- & pids+=($!)
  done
  for n in "${pids[@]}"; do wait "$n"; done
  git build pull
  follows
  [ "$(jq '[.locks[] | select(.locked_by == "build1")] | length' coordination/locks.json)" = 4 ]
}
