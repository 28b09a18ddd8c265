#!/usr/bin/env bats
# git build doctor: finds each common problem, and the fix that it suggests works.

load helper

setup() {
  e2e_setup
  fleet_of file:// build1 >/dev/null
  cd build1 || return
}

# finds_and_fixes CHECK TEXT: doctor reports a problem with this text; the fix that it suggests solves it.
finds_and_fixes() {
  local check=$1 words=$2 fix
  run -1 git build doctor
  [[ $output == *"$words"* ]]
  fix=$(sed -n "s/^fix $check: //p" <<<"$output" | head -n 1)
  [ -n "$fix" ]
  eval "${fix/ID/build1}" >/dev/null
  run -0 git build doctor
}

# bats test_tags=long
@test "a clone after init has no problems" {
  run -0 git build doctor
  [[ $output == *"this clone is server build1"* ]]
  run -0 git build doctor -q
  [ -z "$output" ]
  run -0 --separate-stderr git build doctor --json
  [ "$(jq .fine <<<"$output")" = true ]
  run -0 git -C "$TMP/fleet.git" build doctor
}

@test "attributes without the driver in git config" {
  git config --unset merge.git-build.driver
  finds_and_fixes driver "git merges coordination files as text"
}

@test "a driver or a hook whose program does not exist" {
  git config merge.git-build.driver "if test -x '/gone/git-build'; then '/gone/git-build'; fi"
  finds_and_fixes driver "program does not exist: /gone/git-build"
  sed -i "s|^program=.*|program='/gone/pre-push'|" .git/hooks/pre-push
  finds_and_fixes hooks "program does not exist: /gone/pre-push"
}

@test "files of the fleet without the attribute" {
  git rm -q .gitattributes
  git commit -q -m 'No attributes'
  git push -q
  finds_and_fixes attributes "does not set merge=git-build for coordination/jobs.json"
}

@test "drivers that are not configured, and merge=union on a file with a schema" {
  mkdir docs
  printf '# merge=comment\n*.jsonl text merge=beads\n*.txt merge=union\nx.md merge=ours2 -diff\n' >docs/.gitattributes
  git config merge.ours2.driver true
  git add docs
  git commit -q -m 'Attributes of others'
  run -1 git build doctor
  [[ $output == *"docs/.gitattributes assigns the merge driver beads to *.jsonl, but the driver is not configured"* ]]
  [ "$(grep -c 'the driver is not configured' <<<"$output")" = 1 ]
  [[ $output != *union* ]]
  git config merge.beads.driver true
  run -0 git build doctor
  echo 'coordination/messages.json merge=union' >>.gitattributes
  git commit -q -a -m Union
  run -1 git build doctor
  [[ $output == *"coordination/messages.json has a schema and merge=union, so a merge can duplicate a member"* ]]
}

# bats test_tags=long
@test "merge=union on JSON Lines: an error if the lines have a key, and fine if they have none" {
  mkdir -p schemas logs/deep
  echo '{"type": "array", "x-list-type": "map", "x-list-map-keys": ["id"], "items": {"type": "object"}}' >schemas/task.json
  echo '{"type": "array", "items": {"type": "object"}}' >schemas/event.json
  printf '%s\n' 'tasks.jsonl build-schema=task' 'events.log build-format=lines build-schema=event merge=union' \
    'plain.jsonl merge=union' >>.gitattributes
  echo 'a.ndjson build-schema=task merge=union' >logs/deep/.gitattributes
  echo '{"id": "a"}' | tee tasks.jsonl logs/deep/a.ndjson events.log >plain.jsonl
  git add -A
  git commit -q -m Tasks
  run -1 git build doctor
  [ "$(grep -c 'merge=union' <<<"$output")" = 1 ]
  [[ $output == *"logs/deep/a.ndjson has a key for each line and merge=union, so a merge can duplicate a key"* ]]
  [[ $output == *"fix attributes: set merge=git-build in .gitattributes; 'git build merge --fold' keeps one record of each key"* ]]
  rm logs/deep/.gitattributes
  git commit -q -a -m "No attribute"
  run -0 git build doctor
  echo 'tasks.jsonl merge=union' >.git/info/attributes
  run -1 git build doctor
  [[ $output == *"tasks.jsonl has a key for each line and merge=union"* ]]
  echo '{"type": 7}' >schemas/task.json
  git commit -q -a -m "A broken schema"
  run git build doctor
  [[ $output == *"unknown"*"tasks.jsonl has merge=union, but its schema is not valid: schemas/task.json:1:10:"* ]]
}

# bats test_tags=long
@test "drivers that are not configured, in every place and form of attributes" {
  mkdir -p 'a/b'
  printf '%s\n' '[attr]mine merge=lost1' '"with space/*.x" merge=lost2' '  *.y   -text	merge=lost3' '#*.z merge=no' \
    '"quo\"te x" merge=lost4' >a/b/.gitattributes
  echo '*.y merge=git-build' >.gitattributes.y
  git add -A && git commit -q -m Attributes
  echo '*.w merge=lost5' >.git/info/attributes
  run -1 git build doctor
  [[ $output == *'a/b/.gitattributes assigns the merge driver lost1 to [attr]mine,'* ]]
  [[ $output == *'the merge driver lost2 to "with space/*.x",'* ]]
  [[ $output == *'the merge driver lost3 to *.y,'* ]]
  [[ $output == *'the merge driver lost4 to "quo\"te x",'* ]]
  [[ $output == *".git/info/attributes assigns the merge driver lost5 to *.w,"* ]]
  [ "$(grep -c 'the driver is not configured' <<<"$output")" = 5 ]
  # A driver that has a name, but no command.
  git config merge.lost5.name "A driver"
  run -1 git build doctor
  [[ $output == *"lost5 to *.w, but the driver is not configured"* ]]
  for n in 1 2 3 4 5; do git config "merge.lost$n.driver" true; done
  run -0 git build doctor
  git -C . config --unset merge.git-build.driver
  run -1 git build doctor
  [[ $output == *"the merge driver is not configured, so git merges coordination files as text"* ]]
}

# bats test_tags=long
@test "a .gitattributes file that is too large to read is unknown" {
  mkdir big
  yes '# A comment' | head -n 100000 >big/.gitattributes
  git add -A && git commit -q -m Large
  run git build doctor
  [[ $output == *"unknown  cannot check the attributes: big/.gitattributes:"* ]]
}

@test "hooks that are missing, not executable, or overridden" {
  rm .git/hooks/pre-push
  finds_and_fixes hooks "the pre-push hook is not installed"
  chmod -x .git/hooks/post-merge
  run -1 git build doctor
  [[ $output == *"the post-merge hook is not installed"* ]]
  chmod +x .git/hooks/post-merge
  mkdir ../team
  git config core.hooksPath ../team
  finds_and_fixes hooks "core.hooksPath is"
}

@test "no server ID, no remote, an unreachable remote" {
  git config --unset build.server
  finds_and_fixes server "this clone has no server ID"
  git remote rename origin elsewhere
  run -1 git build doctor
  [[ $output == *"remote origin does not exist"*"fix remote: git remote add origin URL"* ]]
  git remote rename elsewhere origin
  git remote set-url origin "file://$TMP/nowhere.git"
  run -1 git build doctor
  [[ $output == *"cannot reach the remote"* ]]
  run -0 git build doctor --no-fetch
}

# bats test_tags=long
@test "a lock file of a killed git, in the clone, its mirror or the shared repository" {
  for lock in refs/remotes/origin/main.lock index.lock packed-refs.lock objects/maintenance.lock; do
    touch ".git/$lock"
    sleep 1.1
    finds_and_fixes locks "stale lock file $PWD/.git/$lock"
  done
  git init -q --bare .git/git-build/source.git
  touch .git/git-build/source.git/config.lock
  sleep 1.1
  finds_and_fixes locks "stale lock file $PWD/.git/git-build/source.git/config.lock"
  touch ../fleet.git/packed-refs.lock
  sleep 1.1
  run -1 git -C ../fleet.git build doctor
  [[ $output == *"$TMP/fleet.git/packed-refs.lock"* ]]
  rm ../fleet.git/packed-refs.lock
}

@test "a lock file that a running git may own is neither 'fine' nor 'wrong'" {
  in_background "$TMP/log" git -c core.editor='sleep 100; true' commit --allow-empty
  wait_for 10 pgrep -P "$pid"
  touch .git/index.lock
  sleep 1.1
  run -0 git build doctor
  [[ $output == *"locks "*"unknown"*"index.lock: a running git process may hold this lock"* ]]
  rm .git/index.lock
}

@test "a clock behind the clock of another server" {
  run -0 git build doctor
  [[ $output == *"clock "*"unknown"* ]]
  clone_server "file://$TMP/fleet.git" build2 >/dev/null
  run -0 git build doctor
  [[ $output == *"the clock agrees with the last heartbeat of build2"* ]]
  GIT_BUILD_TEST_NOW=$(($(date +%s) - 8000)) run -1 git build doctor
  [[ $output == *"this clock is 2 h behind the clock of build2"* ]]
  [[ $output == *"fix clock: "* ]]
}

@test "an old git" {
  local git
  git=$(command -v git)
  mkdir "$TMP/bin"
  cat >"$TMP/bin/git" <<END
#!/bin/sh
[ "\$1" != version ] || { echo git version 2.25.1; exit; }
exec $git "\$@"
END
  chmod +x "$TMP/bin/git"
  PATH=$TMP/bin:$PATH run -1 git-build doctor
  [[ $output == *"git 2.25 is too old"* ]]
}
