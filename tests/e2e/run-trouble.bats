#!/usr/bin/env bats
# git build run: failures before the command of a job runs do not count as the job's, and the result of a
# build does not depend on whether it could be pushed.
# shellcheck disable=SC2016,SC2154 # expanded by the command that runs; in_background sets $pid

load helper

setup() {
  e2e_setup
  shared_repo fleet.git >/dev/null
  for id in build1 build2; do clone_server "$TMP/fleet.git" $id >/dev/null 2>&1; done
  git init -q source
  echo one >source/file
  git -C source add -A
  git -C source commit -qm "First"
  cd build1 || return
  git config build.source "$TMP/source"
  git config build.artifacts "$TMP/artifacts"
  git config build.pollInterval 1
  git config build.command true
  mirror=.git/git-build/source.git
}

shown() { git -C "$TMP/fleet.git" show "main:$1"; }
job() { shown coordination/jobs.json | jq -r ".jobs[] | select(.id == \"$1\") | $2"; }
add() { git build job add --branch main --commit HEAD --no-packages "$@"; }
state() { job "$1" '"\(.status) \(.attempt) \(.uncounted // 0)"'; }
paused() { shown build1/status.json | jq -re '.paused.reason'; }

# goes_back ID TEXT: a run requeues the job, with TEXT as the reason, without counting the attempt.
goes_back() {
  local tries
  tries=$(job "$1" '.attempt - (.uncounted // 0)')
  run -128 git build run --once
  [[ $output == *"$1: could not start; requeued: "*"$2"* ]]
  [ "$(job "$1" .status)" = queued ]
  [ "$(job "$1" '.attempt - .uncounted')" = "$tries" ]
  [[ $(job "$1" .reason) == *"$2"* ]]
  [[ $(paused) == *"$2"* ]]
  shown build1/status.json | jq -e '.status == "idle" and .current_job == null'
}

# works ID: the next run builds the job, and the pause has ended.
works() {
  run -0 git build run --once
  [ "$(job "$1" '.status + " " + (.reason | tostring)')" = "completed null" ]
  shown build1/status.json | jq -e '.status == "success" and .paused == null'
}

# bats test_tags=long
@test "three jobs and a mirror that git cannot use: the mirror is fetched again, and all three are built" {
  add >/dev/null
  git build run --once -q
  for broken in 'touch $mirror/config.lock' 'touch $mirror/HEAD.lock' ': >$mirror/config' ': >$mirror/HEAD' \
    'find $mirror/objects -type f -exec sh -c ": | tee \"\$@\"" - {} +' 'touch $mirror/packed-refs.lock $mirror/refs/heads/main.lock' \
    'rm -rf $mirror/objects' 'rm -rf $mirror; echo >$mirror' 'rm -rf $mirror; mkdir -p $mirror/objects'; do
    # Something new, so that the references are written.
    git -C ../source commit -q --allow-empty -m "Next"
    chmod -R u+w "$mirror"
    eval "$broken"
    ids=("$(add)")
    [[ $broken != *config.lock ]] || ids+=("$(add)" "$(add)")
    for id in "${ids[@]}"; do
      run git build run --once
      [ "$(state "$id")" = "completed 1 0" ] || { echo "$broken: $output"; false; }
    done
  done
}

# bats test_tags=long
@test "three jobs and a mirror that cannot be created: all three stay queued" {
  # A directory that no user can write to, not even root.
  add >/dev/null
  git build run --once -q
  rm -rf "$mirror"
  ln -s /proc/none "$mirror"
  ids=("$(add)" "$(add)" "$(add)")
  for _ in 1 2 3 4; do run -128 git build run --once; done
  for id in "${ids[@]}"; do [ "$(job "$id" .status)" = queued ]; done
  # Once paused, a worker claims nothing that it could not prepare.
  [ "$(shown coordination/jobs.json | jq '[.jobs[].attempt] | add')" = 2 ]
  in_background "$TMP/out" git-build run --loop
  wait_for 10 eval '[ "$(grep -c "next attempt in" "$TMP/out")" -ge 2 ]'
  for id in "${ids[@]}"; do [ "$(job "$id" .status)" = queued ]; done
  rm "$mirror"
  for id in "${ids[@]}"; do wait_for 30 eval '[ "$(job '"$id"' .status)" = completed ]'; done
  grep -q "resumed" "$TMP/out"
  shown build1/status.json | jq -e '.paused == null'
}

# bats test_tags=long
@test "a source that does not respond is not the job's failure, and the mirror is kept" {
  first=$(add)
  works "$first"
  touch "$mirror/kept"
  mv ../source ../away
  id=$(add)
  goes_back "$id" "does not appear to be a git repository"
  # Still unreachable: nothing is claimed, and the reason is printed.
  run -128 git build run --once
  [[ $output == *"does not claim jobs: git fetch: "*"does not appear to be a git repository"* ]]
  [ "$(state "$id")" = "queued 1 1" ]
  mv ../away ../source
  [ -e "$mirror/kept" ]
  works "$id"
  [ "$(job "$id" .attempt)" = 2 ]
}

# bats test_tags=long
@test "a missing source, an invalid source, and invalid build settings are not the job's failure" {
  id=$(add)
  git config --unset build.source
  goes_back "$id" "the source repository is not configured"
  git config build.source "$TMP/source"
  git config build.artifacts not/absolute
  run -128 git build run --once
  [ "$(state "$id")" = "queued 1 1" ]
  git config build.artifacts "$TMP/artifacts"
  works "$id"
}

# bats test_tags=long
@test "directories that cannot be created: for packages, for checkouts, for the job itself" {
  id=$(add)
  echo >"$TMP/artifacts"
  goes_back "$id" "$TMP/artifacts"
  rm "$TMP/artifacts"
  works "$id"
  [ "$(id -u)" = 0 ] || skip "mounting a disk without room needs root"
  for name in checkouts jobs; do
    mkdir -p .git/git-build/$name
    mount -t tmpfs -o nr_inodes=1 tmpfs .git/git-build/$name || skip "this machine mounts no tmpfs"
    id=$(add)
    goes_back "$id" ".git/git-build/$name"
    umount .git/git-build/$name
    works "$id"
  done
}

# bats test_tags=long
@test "a full disk of the worker is not the job's failure" {
  [ "$(id -u)" = 0 ] || skip "mounting a small disk needs root"
  mkdir "$TMP/small"
  mount -t tmpfs -o size=8m tmpfs "$TMP/small" 2>/dev/null || skip "this machine mounts no tmpfs"
  head -c 6M /dev/urandom >../source/big
  git -C ../source add big
  git -C ../source commit -qm "Big"
  mv .git/git-build .git/git-build.old
  mkdir -p "$TMP/small/state"
  cp -a .git/git-build.old/. "$TMP/small/state"
  ln -s "$TMP/small/state" .git/git-build
  head -c 3M /dev/zero >"$TMP/small/full"
  id=$(add)
  goes_back "$id" "No space left on device"
  rm "$TMP/small/full"
  mount -o remount,size=64m "$TMP/small"
  works "$id"
  rm .git/git-build
  umount "$TMP/small"
}

# bats test_tags=long
@test "a git that is killed during the checkout, and a shell that cannot be run" {
  echo 'file filter=deadly' >../source/.gitattributes
  git -C ../source add -A
  git -C ../source commit -qm "A filter"
  id=$(add)
  git config --global filter.deadly.smudge 'kill -KILL $PPID'
  goes_back "$id" "git worktree: "
  git config --global --unset filter.deadly.smudge
  works "$id"
  mkdir "$TMP/bin"
  ln -s sh "$TMP/bin/sh"
  id=$(add)
  PATH=$TMP/bin:$PATH goes_back "$id" "cannot run 'sh': "
  works "$id"
}

# bats test_tags=long
@test "errors of the job itself are still its failure, and the worker continues" {
  # The branch is not checked while the source is away.
  mv ../source ../away
  bad=$(git build job add --branch nowhere --commit HEAD --no-packages)
  mv ../away ../source
  good=$(add)
  run -1 git build run --once
  [ "$(job "$bad" '.status + " " + .reason')" = "failed there is no branch 'nowhere' in $TMP/source" ]
  works "$good"
  bad=$(git build job add --branch main --commit 1234567890123456789012345678901234567890 --no-packages)
  run -1 git build run --once
  [ "$(job "$bad" .status)" = failed ]
  # A branch whose reference the mirror has lost is a different case.
  good=$(add)
  : >"$mirror/refs/heads/main"
  works "$good"
}

# bats test_tags=long
@test "an attempt that does not count leaves the retries and the limit of attempts unchanged" {
  git config build.jobAttempts 2
  git config build.command 'exit 3'
  echo 'file filter=deadly' >../source/.gitattributes
  git -C ../source add -A
  git -C ../source commit -qm "A filter"
  git config --global filter.deadly.smudge 'kill -KILL $PPID'
  id=$(add --retries 1)
  for n in 1 2 3; do
    goes_back "$id" "git worktree: "
    [ "$(state "$id")" = "queued $n $n" ]
  done
  git config --global --unset filter.deadly.smudge
  before=$(job "$id" .attempt)
  run -1 git build run --once
  [ "$(job "$id" .status)" = queued ]
  run -1 git build run --once
  [ "$(job "$id" .status)" = failed ]
  [ "$(job "$id" .attempt)" = $((before + 2)) ]
}

# bats test_tags=long
@test "health reports a paused worker with its reason, until the problem is solved" {
  id=$(add)
  mv ../source ../away
  run -128 git build run --once
  git -C ../build2 build health --json | jq -e '.alerts[] | select(.kind == "paused") | .severity == "warning" and .server == "build1"
    and (.message | startswith("build1 does not claim jobs: git fetch: ")) and .since != null'
  run -1 git -C ../build2 build health --check
  mv ../away ../source
  works "$id"
  git -C ../build2 build health --json | jq -e '[.alerts[] | select(.kind == "paused")] == []'
}

# bats test_tags=long
@test "a pause ends by itself, even if there is nothing to build" {
  id=$(add)
  mv ../source ../away
  in_background "$TMP/out" git-build run --loop
  wait_for 20 paused
  git build job cancel "$id"
  mv ../away ../source
  wait_for 30 eval 'shown build1/status.json | jq -e ".paused == null"'
  kill -0 "$pid"
}

# refuse_while FILE: let the shared repository reject every push that changes jobs.json while FILE exists.
refuse_while() {
  mkdir -p ../fleet.git/hooks/kept
  mv ../fleet.git/hooks/update ../fleet.git/hooks/kept 2>/dev/null || true
  printf '#!/bin/sh\n[ ! -e "%s" ] || ! git diff --name-only "$2" "$3" | grep -qx "build1/logs/.*json"\n' "$1" >../fleet.git/hooks/update
  chmod +x ../fleet.git/hooks/update
}

# bats test_tags=long
@test "a rejected report does not change the result of a successful build, and is sent again" {
  id=$(add)
  refuse_while "$TMP/no"
  touch "$TMP/no"
  run -128 git build run --once
  [[ $output == *"$id succeeded, but the result could not be pushed; it is kept in this clone"* ]]
  [ "$(job "$id" .status)" = running ]
  # No matter how often.
  for _ in 1 2 3 4; do run -128 git build run --once; done
  [ "$(job "$id" .status)" = running ]
  rm "$TMP/no"
  run -1 git build run --once
  [ "$(state "$id")" = "completed 1 0" ]
  shown "build1/logs/$id-artifacts.json" | jq -e '.status == "success"'
}

# bats test_tags=long
@test "a report that stays rejected is sent without its files, with the same result" {
  good=$(add)
  refuse_while "$TMP/no"
  touch "$TMP/no"
  run -128 git build run --once
  GIT_BUILD_TEST_NOW=$(($(date +%s) + 700)) run -1 git build run --once
  [ "$(job "$good" .status)" = completed ]
  [[ $(job "$good" .reason) == "log and manifest could not be recorded: "* ]]
  git config build.command 'exit 3'
  bad=$(add)
  run -128 git build run --once
  GIT_BUILD_TEST_NOW=$(($(date +%s) + 700)) run -1 git build run --once
  [ "$(job "$bad" .status)" = failed ]
  [[ $(job "$bad" .reason) == "exit code 3; log and manifest could not be recorded: "* ]]
}

# bats test_tags=long
@test "a report that cannot be sent is kept, and sent when the shared repository is back" {
  git config build.command 'mv "$HOME/../fleet.git" "$HOME/../gone.git"'
  git config build.attempts 1
  id=$(add)
  run -128 git build run --once
  [[ $output == *"$id succeeded, but the result could not be pushed; it is kept in this clone"* ]]
  mv ../gone.git ../fleet.git
  run -1 git build run --once
  [ "$(state "$id")" = "completed 1 0" ]
  shown "build1/logs/$id-artifacts.json" | jq -e '.status == "success"'
}

# killed_when CONDITION: run a worker, and kill it and its children when CONDITION is true.
killed_when() {
  setsid git-build run --once >"$TMP/out" 2>&1 3>&- &
  local worker=$!
  wait_for 20 eval "$1"
  kill -KILL -- -$worker
  wait $worker || true
}

# bats test_tags=long
@test "a worker that is killed before the command of its job runs does not use up an attempt" {
  git config build.jobAttempts 1
  # A slow source: the worker is killed after the claim, during the fetch.
  printf '#!/bin/sh\ntouch "%s/fetching"\nwhile [ -e "%s/hold" ]; do sleep 0.1; done\nexec git-upload-pack "$@"\n' \
    "$TMP" "$TMP" >"$TMP/slow"
  chmod +x "$TMP/slow"
  git config --global remote.slow.url "$TMP/source"
  git config --global remote.slow.uploadpack "$TMP/slow"
  git config build.source slow
  id=$(add)
  touch "$TMP/hold"
  for n in 1 2 3; do
    killed_when '[ "$(job "$id" .status)" = running ] && [ -e "$TMP/fetching" ]'
    # The next worker finds the job and requeues it; then the same happens again.
    [ "$(job "$id" .attempt)" = "$n" ]
    rm "$TMP/fetching"
  done
  rm "$TMP/hold"
  works "$id"
  [ "$(state "$id")" = "completed 4 3" ]
  # During the checkout.
  echo 'file filter=slow' >../source/.gitattributes
  git -C ../source add -A
  git -C ../source commit -qm "A filter"
  git config --global filter.slow.smudge 'touch "$HOME/smudging"; while [ -e "$HOME/hold" ]; do sleep 0.1; done; cat'
  touch "$HOME/hold"
  id=$(add)
  killed_when '[ -e "$HOME/smudging" ]'
  rm "$HOME/hold"
  works "$id"
  [ "$(state "$id")" = "completed 2 1" ]
  run ! pgrep -f "$TMP/slow"
}

@test "a worker that is killed while the command of its job runs has used up an attempt" {
  git config build.jobAttempts 2
  git config build.command 'touch "$HOME/at-it"; [ ! -e "$HOME/hold" ] || exec sleep 1003.5'
  touch "$HOME/hold"
  id=$(add)
  killed_when '[ -e "$HOME/at-it" ]'
  rm "$HOME/hold" "$HOME/at-it"
  works "$id"
  [ "$(state "$id")" = "completed 2 0" ]
}

# bats test_tags=long
@test "a worker that is killed before its report arrived does not lose the result" {
  git config build.jobAttempts 1
  printf '#!/bin/sh\ngit diff --name-only "$2" "$3" | grep -q "build1/logs/" || exit 0\nwhile [ -e "%s/hold" ]; do touch "%s/held"; sleep 0.1; done\n' \
    "$TMP" "$TMP" >../fleet.git/hooks/update
  chmod +x ../fleet.git/hooks/update
  touch "$TMP/hold"
  git config build.command 'echo once >>"$HOME/runs"'
  id=$(add)
  killed_when '[ -e "$TMP/held" ]'
  rm "$TMP/hold"
  wait_for 10 eval '! pgrep -f "$TMP/fleet.git"'
  run -1 git build run --once
  [ "$(job "$id" '"\(.status) \(.attempt)"')" = "completed 1" ]
  [ "$(wc -l <"$HOME/runs")" = 1 ]
}

# bats test_tags=long
@test "another program holds the lock of the package manager: the job is requeued, and the holder is named" {
  [ "$(id -u)" = 0 ] || skip "only root installs build dependencies"
  command -v apt-get >/dev/null && command -v dpkg-checkbuilddeps >/dev/null || skip "there is no apt"
  mkdir -p "$TMP/dpkg" ../source/debian
  : >"$TMP/dpkg/status"
  printf 'Dir::State::status "%s";\nDPkg::Lock::Timeout "1";\n' "$TMP/dpkg/status" >"$TMP/apt.conf"
  printf 'Source: tiny\nMaintainer: T <t@example.com>\nBuild-Depends: no-such-package\n\nPackage: tiny\nArchitecture: all\nDescription: x\n' \
    >../source/debian/control
  git -C ../source add -A
  git -C ../source commit -qm "Debian"
  id=$(git build job add --branch main --commit HEAD)
  in_background "$TMP/lock.out" perl -e 'use Fcntl; open(my $f, "+>", $ARGV[0]) or die;
    my $l = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0); fcntl($f, F_SETLK, $l) or die $!; $| = 1; print "held\n"; sleep 1000' "$TMP/dpkg/lock-frontend"
  wait_for 10 grep -q held "$TMP/lock.out"
  export APT_CONFIG=$TMP/apt.conf
  goes_back "$id" "another program has locked the package manager"
  run -1 git build package --repo ../source --out "$TMP/out"
  [[ $output == *"lock-frontend is held by process $pid"* ]]
}
