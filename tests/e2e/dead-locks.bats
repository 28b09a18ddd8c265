#!/usr/bin/env bats
# Lock files of a killed git: the next command works without a person. Lock files in use are kept.

load helper

setup() {
  e2e_setup
  shared_repo fleet.git >/dev/null
  for id in build1 build2; do clone_server "$TMP/fleet.git" $id >/dev/null 2>&1; done
  cd build1 || return
  git config build.attempts 3
}

# moved: let build2 change the shared branch, so that build1 must fetch.
moved() { git -C ../build2 build message send -q --to all --subject moved; }
is_current() { [ "$(git rev-parse main)" = "$(git -C ../fleet.git rev-parse main)" ] && [ -z "$(git status --porcelain)" ]; }

# bats test_tags=long
@test "the remote-tracking ref: fetches and requests continue, and the outbox stays empty" {
  for lock in refs/remotes/origin/main.lock packed-refs.lock refs/remotes/origin/HEAD.lock; do
    touch ".git/$lock"
    moved
    run -0 git build lock acquire -q "${lock//\//_}"
    moved
    run -0 git build lock acquire -q "second_${lock//\//_}"
    # A lock file that was not in the way may still exist.
    [[ $lock != *main.lock ]] || [ ! -e ".git/$lock" ]
  done
  [ "$(git build outbox list --json | jq '.entries | length')" = 0 ]
  is_current
}

# bats test_tags=long
@test "commands that only read also continue" {
  touch .git/refs/remotes/origin/main.lock
  moved
  run -0 --separate-stderr git build message list --json
  jq -e '.offline == null and (.messages | length == 1)' <<<"$output"
  [ ! -e .git/refs/remotes/origin/main.lock ]
}

# bats test_tags=long
@test "the heartbeat branch" {
  touch .git/refs/heads/heartbeat-build1.lock
  run -0 git build heartbeat --push
  [ ! -e .git/refs/heads/heartbeat-build1.lock ]
}

# bats test_tags=long
@test "index, HEAD and branch: reported at most once, and the worktree is updated" {
  for lock in index.lock HEAD.lock refs/heads/main.lock; do
    touch ".git/$lock"
    run -0 git build status set building
    run -0 git build status set idle
    sleep 1.1
    run -0 git build status set success
    [[ $output != *"warning"* ]]
    [ ! -e ".git/$lock" ]
    is_current
  done
  run -0 git build doctor
}

@test "init removes the lock of the config, and those that no command meets" {
  locks=(config.lock ORIG_HEAD.lock packed-refs.lock shallow.lock logs/HEAD.lock)
  for lock in "${locks[@]}"; do touch ".git/$lock"; done
  run -0 git build init --server build1
  for lock in "${locks[@]}"; do [ ! -e ".git/$lock" ]; done
}

# bats test_tags=long
@test "a worktree that cannot follow is reported once, and updated when possible" {
  printf '\n' >>build1/status.json
  run -0 git build status set building
  [[ $output == *"warning: cannot update the worktree to 'main'"*"build1/status.json"* ]]
  run -0 git build status set idle
  [[ $output != *"warning"* ]]
  run -1 git build doctor
  [[ $output == *"worktree "*"wrong"* ]]
  git checkout -q build1/status.json
  run -0 git build status set building
  [[ $output != *"warning"* ]]
  is_current
  [ ! -e .git/git-build/worktree-problem ]
  # The next occurrence is reported again.
  printf '\n' >>build1/status.json
  run -0 git build status set idle
  [[ $output == *"warning: cannot update the worktree"* ]]
  git checkout -q build1/status.json
}

# bats test_tags=long
@test "a lock file in use is kept, also that of a commit that waits for an editor" {
  echo text >file
  git add file
  # A commit of some files has index.lock while its editor runs, but has closed it.
  in_background "$TMP/log" git -c core.editor="touch '$TMP/editing'; while [ ! -e '$TMP/saved' ]; do sleep 0.1; done; echo done >" commit file
  wait_for 20 test -e "$TMP/editing"
  [ -e .git/index.lock ]
  sleep 1.1
  run -0 git build status set building
  [[ $output == *"warning: cannot update the worktree"* ]]
  run -0 git build status set idle
  [ -e .git/index.lock ]
  touch "$TMP/saved"
  wait_for 20 eval "! kill -0 $pid"
  [ "$(git log -1 --format=%s)" = "done" ]
  # Another program than git has the file open.
  exec 8>.git/refs/remotes/origin/main.lock
  moved
  run -0 git build message list
  [[ $output == *"warning: cannot fetch from 'origin': "*"refs/remotes/origin/main.lock is in the way"* ]]
  [ -e .git/refs/remotes/origin/main.lock ]
  run git build doctor
  [[ $output == *"may hold this lock"* && $output != *"does not answer"* ]]
  exec 8>&-
  run -0 git build message list
  [[ $output != *warning* ]]
  git reset -q --hard origin/main
}

# bats test_tags=long
@test "another git, of another repository, does not keep a dead lock file alive" {
  git init -q ../elsewhere
  in_background "$TMP/log" git -C ../elsewhere -c core.editor='sleep 100; true' commit --allow-empty
  touch .git/refs/remotes/origin/main.lock
  moved
  run -0 git build message list
  [[ $output != *warning* ]]
}

# bats test_tags=long
@test "a checkout that was killed halfway is undone, and no changes of a user are published or lost" {
  git build status set -q building
  git -C ../build2 build status set -q building
  # Published content, the beginning of it, and a new file.
  moved
  git fetch -q
  for part in all half none; do
    git show origin/main:coordination/messages.json >"$TMP/whole"
    case $part in
      all) cp "$TMP/whole" coordination/messages.json ;;
      half) head -c 100 "$TMP/whole" >coordination/messages.json ;;
      none) : >coordination/messages.json ;;
    esac
    touch .git/index.lock
    sleep 1.1
    run -0 git build status set idle
    [[ $output != *warning* ]]
    is_current
    moved
    git fetch -q
  done
  # A user's own change is kept.
  moved
  echo '{"mine": true}' >coordination/messages.json
  run -0 git build status set building
  [[ $output == *"warning: cannot update the worktree"* ]]
  [ "$(cat coordination/messages.json)" = '{"mine": true}' ]
  git checkout -q .
}

# bats test_tags=long
@test "the worker mirror" {
  git init -q ../source
  git -C ../source commit -q --allow-empty -m First
  git config build.source "$TMP/source"
  git config build.artifacts "$TMP/artifacts"
  git config build.command true
  git build job add -q --branch main --commit HEAD --no-packages
  git build run --once -q
  for lock in config.lock HEAD.lock packed-refs.lock refs/heads/main.lock; do
    touch ".git/git-build/source.git/$lock"
    git -C ../source commit -q --allow-empty -m Next
    git build job add -q --branch main --commit HEAD --no-packages
    run -0 git build run --once
    [ ! -e ".git/git-build/source.git/$lock" ]
  done
  git -C ../fleet.git show main:coordination/jobs.json |
    jq -e '(.jobs | length) == 5 and all(.jobs[]; .status == "completed")'
}
