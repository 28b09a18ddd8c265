#!/usr/bin/env bats
# git build init: set up a clone as a server, a bare repository as the shared one, and undo both.

load helper

new_fleet() {
  shared_repo fleet.git
  git clone -q fleet.git build1
  cd build1 || return
}

# A hook that records that it ran and its input, and exits with the given code.
write_hook() {
  cat >"$1" <<END
#!/bin/sh
echo "own hook: \$*: \$(cat)"
exit $2
END
  chmod +x "$1"
}

commit_file() {
  mkdir -p "$(dirname "$1")"
  printf '%s\n' "$2" >"$1"
  git add -A
  git commit -q -m "Change $1"
}

# ---- a clone ----

@test "init writes all files in one commit" {
  new_fleet
  git build init --server build1 --manager Ada --ip 10.1.3.175
  [ "$(git rev-list --count origin/main)" = 1 ]
  [ "$(git ls-tree -r --name-only origin/main | LC_ALL=C sort)" = ".gitattributes
.gitignore
build1/heartbeat.json
build1/logs/.gitkeep
build1/status.json
coordination/jobs.json
coordination/locks.json
coordination/messages.json
shared/build_config.json
shared/health_dashboard.json" ]
  [ -z "$(git status --porcelain)" ]
  grep -q '"manager": "Ada"' build1/status.json
  grep -q '"ip": "10.1.3.175"' build1/status.json
  grep -q '"status": "idle"' build1/status.json
  run -0 git check-attr merge build-schema -- coordination/jobs.json build1/status.json
  [[ $output == *"coordination/jobs.json: merge: git-build"* ]]
  [[ $output == *"coordination/jobs.json: build-schema: jobs"* ]]
  [[ $output == *"build1/status.json: build-schema: status"* ]]
  git rev-parse -q --verify origin/heartbeat-build1
}

@test "a second init changes nothing and makes no commit" {
  new_fleet
  git build init --server build1
  cp .git/config ../config
  before=$(git ls-remote origin)
  run -0 git build init --server build1
  [ "$output" = "already set up; nothing changed" ]
  [ "$before" = "$(git ls-remote origin)" ]
  cmp .git/config ../config
  [ ! -e .git/hooks/pre-push.before-git-build ]
}

# bats test_tags=long
@test "two servers that run init in an empty repository at the same time both succeed" {
  shared_repo fleet.git
  git clone -q fleet.git build1
  git clone -q fleet.git build2
  in_background log1 git -C build1 build init --server build1
  first=$pid
  in_background log2 git -C build2 build init --server build2
  wait "$first"
  wait "$pid"
  git -C fleet.git cat-file -e main:build1/status.json
  git -C fleet.git cat-file -e main:build2/status.json
  [ "$(git -C fleet.git rev-list --count --merges main)" = 0 ]
  git -C fleet.git rev-parse -q --verify heartbeat-build1
  git -C fleet.git rev-parse -q --verify heartbeat-build2
}

@test "init keeps the content written by users, byte for byte" {
  new_fleet
  mkdir coordination
  printf '{"jobs":[ ],"mine":1.50}' >coordination/jobs.json
  printf '*.bin binary' >.gitattributes
  printf 'target/\r\n# end\n' >.gitignore
  git add -A
  git commit -q -m "What was there"
  git push -q origin main
  git build init --server build1
  [ "$(cat coordination/jobs.json)" = '{"jobs":[ ],"mine":1.50}' ]
  [ "$(head -n 1 .gitattributes)" = '*.bin binary' ]
  printf 'target/\r\n# end\n' | cmp -n 15 - .gitignore
}

# bats test_tags=long
@test "init updates its own block and keeps the lines around it" {
  new_fleet
  git build init --server build1
  { echo "first line"; sed '/jobs.json/d' .gitattributes; echo "last line"; } >new
  mv new .gitattributes
  git commit -q -a -m "Lose a line"
  git push -q origin main
  git build init --server build1
  [ "$(head -n 1 .gitattributes)" = "first line" ]
  [ "$(tail -n 1 .gitattributes)" = "last line" ]
  grep -q '^coordination/jobs.json merge=git-build' .gitattributes
}

@test "without a remote, everything local is set up, and the rest is reported" {
  git init -q alone
  cd alone
  run -0 git build init --server build1
  [[ $output == *"no remote 'origin'"* ]]
  [ "$(git config build.server)" = build1 ]
  [ -x .git/hooks/pre-push ]
}

# bats test_tags=long
@test "the server ID can also come from the environment or .build_server_id" {
  new_fleet
  SERVER_ID=build7 git build init
  [ "$(git config build.server)" = build7 ]
  git config --unset build.server
  echo build8 >.build_server_id
  git build init
  [ "$(git config build.server)" = build8 ]
  [ -z "$(git status --porcelain)" ]
}

@test "an ID that is not a valid directory name is refused, and nothing is changed" {
  new_fleet
  for id in ../x .. -x a/b all null coordination shared 'a b' ''; do
    run ! git build init "--server=$id"
    [ ! -e .git/hooks/pre-push ]
  done
  [ -z "$(git ls-remote --heads origin)" ]
}

@test "a dirty worktree is not touched" {
  new_fleet
  commit_file notes.txt "one"
  git push -q origin main
  echo two >notes.txt
  git build init --server build1
  [ "$(cat notes.txt)" = two ]
}

# ---- the merge driver ----

# bats test_tags=long
@test "the merge driver works in a path with spaces and quotes" {
  odd="$TMP/it's a \"program\" 100%"
  mkdir -p "$odd"
  cp -r "$GIT_BUILD_BINDIR"/git-build{,-full} "$GIT_BUILD_BINDIR/hooks" "$odd"
  shared_repo fleet.git
  git clone -q fleet.git build1
  cd build1
  PATH=$odd:$PATH git build init --server build1
  git checkout -q -b theirs
  commit_file build1/extra.json '{"a":1}'
  sed -i 's/"skip_tests": false/"skip_tests": true/' shared/build_config.json
  git commit -q -a -m theirs
  git checkout -q main
  sed -i 's/"repository": null/"repository": "x"/' shared/build_config.json
  git commit -q -a -m ours
  run -0 git merge -q theirs
  [[ $output != *"not found"* ]]
  grep -q '"skip_tests": true' shared/build_config.json
  grep -q '"repository": "x"' shared/build_config.json
}

@test "if the program does not exist, git's text merge leaves markers" {
  new_fleet
  git build init --server build1
  git config merge.git-build.driver \
    "$(git config merge.git-build.driver | sed "s|$GIT_BUILD_BINDIR/hooks|/nowhere|g")"
  git checkout -q -b theirs
  sed -i 's/"healthy"/"degraded"/' shared/health_dashboard.json
  git commit -q -a -m theirs
  git checkout -q main
  sed -i 's/"healthy"/"down"/' shared/health_dashboard.json
  git commit -q -a -m ours
  run ! git merge -q theirs
  grep -q '^<<<<<<<' shared/health_dashboard.json
  grep -q '^>>>>>>>' shared/health_dashboard.json
}

# ---- hooks ----

@test "an existing hook is kept and runs first, with the same input" {
  new_fleet
  write_hook .git/hooks/pre-push 0
  run -0 git build init --server build1
  [[ $output == *"installed the pre-push hook (your existing hook runs first)"* ]]
  commit_file coordination/jobs.json '{"jobs":[}'
  run ! git push origin main
  [[ $output == *"own hook: origin"*"refs/heads/main"* ]]
  [[ $output == *"coordination/jobs.json:1:10"* ]]
  git build init --server build1
  [ "$(grep -c 'own hook' .git/hooks/pre-push.before-git-build)" = 1 ]
}

@test "if the kept hook fails, the push fails" {
  new_fleet
  git build init --server build1
  git build init --remove
  write_hook .git/hooks/pre-push 3
  git build init --server build1
  commit_file notes.txt one
  run ! git push origin main
  [[ $output == *"own hook"* ]]
  [ "$(git rev-parse origin/main)" != "$(git rev-parse main)" ]
}

@test "if git-build is not installed, a clone's hooks accept everything with a warning" {
  new_fleet
  git build init --server build1
  sed -i 's|^program=.*|program=/nowhere/pre-push|' .git/hooks/pre-push
  commit_file notes.txt one
  run -0 git push origin main
  [[ $output == *"/nowhere/pre-push does not exist"* ]]
}

@test "if git-build is not installed, the shared repository rejects everything" {
  new_fleet
  git build init --server build1
  sed -i 's|^program=.*|program=/nowhere/pre-receive|' ../fleet.git/hooks/pre-receive
  commit_file notes.txt one
  run ! git push origin main
  [[ $output == *"/nowhere/pre-receive does not exist, so every push is rejected"* ]]
}

@test "a core.hooksPath that overrides the hooks is reported" {
  new_fleet
  mkdir "$TMP/own"
  git config core.hooksPath "$TMP/own"
  run -0 git build init --server build1
  [[ $output == *"hooks not installed: core.hooksPath is $TMP/own"* ]]
  [ ! -e "$TMP/own/pre-push" ]
}

@test "core.hooksPath inside the git directory is used" {
  new_fleet
  git config core.hooksPath .git/my-hooks
  git build init --server build1
  [ -x .git/my-hooks/pre-push ]
  commit_file broken.json '{'
  run ! git push origin main
  [[ $output == *"broken.json:2:1"* ]]
}

# ---- removing it ----

@test "init --remove restores a clone, with its own hooks" {
  new_fleet
  write_hook .git/hooks/pre-push 0
  cp .git/hooks/pre-push ../own-hook
  git config --list --local | LC_ALL=C sort >../config
  git build init --server build1 --manager Ada
  git build init --remove
  cmp .git/hooks/pre-push ../own-hook
  [ ! -e .git/hooks/post-merge ]
  [ ! -e .git/hooks/pre-push.before-git-build ]
  git config --list --local | LC_ALL=C sort | cmp - ../config
  run -0 git build init --remove
  [ "$output" = "nothing to remove" ]
}

@test "init --remove removes the hook from the shared repository" {
  shared_repo fleet.git
  write_hook own 0
  cp own fleet.git/hooks/pre-receive
  git build init --shared fleet.git
  git -C fleet.git build init --remove
  cmp fleet.git/hooks/pre-receive own
}

# ---- the shared repository ----

@test "init --shared creates a bare repository with everything that heartbeats need" {
  run -0 git build init --shared "$TMP/some where/fleet.git"
  cd "some where/fleet.git"
  [ "$(git rev-parse --is-bare-repository)" = true ]
  [ "$(git symbolic-ref HEAD)" = refs/heads/main ]
  [ "$(git config --type=bool receive.denyNonFastForwards)" = false ]
  [ "$(git config --type=bool gc.cruftPacks)" = true ]
  [ "$(git config --type=bool receive.fsckObjects)" = true ]
  [ -x hooks/pre-receive ]
  run -0 git build init --shared .
  [ "$output" = "already set up; nothing changed" ]
}

@test "init --shared sets up a repository created by git init --shared, and keeps its history" {
  git init -q --bare --shared -b main fleet.git
  git clone -q fleet.git work
  cd work
  commit_file coordination/jobs.json '{ "broken": '
  git push -q origin main
  tip=$(git rev-parse main)
  git build init --shared ../fleet.git
  [ "$(git -C ../fleet.git rev-parse main)" = "$tip" ]
  [ "$(git -C ../fleet.git config receive.denyNonFastForwards)" = false ]
  commit_file notes.txt one
  git push -q origin main
  commit_file other.json '{ "broken": '
  run ! git push -q origin main
}

@test "an unborn HEAD is set to the shared branch" {
  git init -q --bare -b master fleet.git
  run -0 git build init --shared fleet.git
  [ "$(git -C fleet.git symbolic-ref HEAD)" = refs/heads/main ]
}

@test "a HEAD that has commits is kept, and a warning names its branch" {
  git init -q --bare -b master fleet.git
  git clone -q fleet.git work
  git -C work commit -q --allow-empty -m one
  git -C work push -q origin HEAD:master
  run -0 git build init --shared fleet.git
  [[ $output == *"but HEAD points to master"* ]]
  git -C fleet.git config build.branch master
  run -0 git build init --shared fleet.git
  [ "$output" = "already set up; nothing changed" ]
}

@test "a repository with a worktree is refused" {
  git init -q work
  run ! git build init --shared work
  [[ $output == *"has a worktree, but the shared repository must be bare"* ]]
  run ! git build init --shared work/.git
  [[ $output == *"not bare, but the shared repository must be"* ]]
  [ ! -e work/.git/hooks/pre-receive ]
}

@test "a path that git would quote for its hooks is refused" {
  mkdir a:b
  run ! git build init --shared a:b/fleet.git
  [[ $output == *"colon"* ]]
  run ! git -C a:b build init --shared fleet.git
  [[ $output == *"colon"* ]]
  run ! git build init --shared '"fleet".git'
  run ! git build init --shared=-x
  [ ! -e '"fleet".git' ]
}

@test "a directory that is neither empty nor a repository is refused and unchanged" {
  mkdir d empty
  echo x >d/file
  run -128 git build init --shared d
  [[ $output == *"d: neither an empty directory nor a git repository"* ]]
  [ "$(ls -A d)" = file ]
  run -128 git -C d build init --shared .
  [ "$(ls -A d)" = file ]
  (cd empty && git build init --shared . && git rev-parse --is-bare-repository)
  git build init --shared new/deep.git/
  [ -f new/deep.git/HEAD ]
}

# bats test_tags=long
@test "init never changes the status of an existing server" {
  new_fleet
  git build init --server build1
  git build job add -q --branch main --commit abc
  git build job claim
  before=$(git -C ../fleet.git show main:build1/status.json)
  [[ $before == *'"status": "building"'* ]]
  rm .git/hooks/pre-push
  run -0 git build init
  [ "$output" = "installed the pre-push hook" ]
  [ "$(git -C ../fleet.git show main:build1/status.json)" = "$before" ]
}

@test "build.server is set once the shared repository has accepted the server" {
  new_fleet
  git build init --server build1
  cat >../fleet.git/hooks/pre-receive <<'END'
#!/bin/sh
exit 1
END
  run -128 git build init --server build2
  [ "$(git config build.server)" = build1 ]
}

@test "an existing pre-receive hook is kept, runs first, and can reject" {
  shared_repo fleet.git
  git -C fleet.git build init --remove
  write_hook fleet.git/hooks/pre-receive 0
  git build init --shared fleet.git
  git clone -q fleet.git work
  cd work
  commit_file broken.json '{'
  run ! git push origin main
  [[ $output == *"own hook"*"refs/heads/main"*"broken.json:2:1"* ]]
  echo '{}' >broken.json
  git commit -q -a --amend -m "Sound"
  run -0 git push origin main
  sed -i 's/exit 0/exit 1/' ../fleet.git/hooks/pre-receive.before-git-build
  commit_file notes.txt one
  run ! git push origin main
  [[ $output == *"own hook"* ]]
}

# bats test_tags=long
@test "init refuses a directory whose status.json is not that of a server" {
  fleet_of build1 >/dev/null
  cd build1
  mkdir tasks
  echo '{"tasks": []}' >tasks/status.json
  git add -A
  git commit -qm "Plan the tasks"
  git push -q origin HEAD:main
  before=$(git -C ../fleet.git rev-parse main)
  git clone -q ../fleet.git ../tasks 2>/dev/null
  cd ../tasks
  run -128 git build init --server tasks
  [[ $output == *"tasks/status.json: exists, but is not the file of a server; choose another server ID"* ]]
  [ "$before" = "$(git -C ../fleet.git rev-parse main)" ]
  run -0 git build init --server build2
}
