#!/usr/bin/env bats
# Acknowledged data is on disk. These tests check that everything is synced, and what happens if that
# fails; tests/power cuts the power.

load helper

fleet() {
  shared_repo fleet.git
  clone_server fleet.git build1
  cd build1 || return
}

# bats test_tags=long
@test "a push is refused if the shared repository cannot be synced" {
  fleet
  before=$(git -C ../fleet.git rev-parse main)
  # If the hook cannot open the repository, it cannot sync it.
  sed -i '2i GIT_DIR=/nonexistent; export GIT_DIR' ../fleet.git/hooks/reference-transaction
  run -128 git build message send --to operator --subject lost
  [ "$(git -C ../fleet.git rev-parse main)" = "$before" ]
}

@test "objects and references, and their names, are synced before a push is acknowledged" {
  command -v strace >/dev/null || skip "there is no strace"
  strace -f -o /dev/null true 2>/dev/null || skip "strace may not trace here"
  fleet
  git config build.requests false
  ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -y -e trace=fsync,fdatasync,syncfs,rename -o trace git build message send --to operator --subject kept
  # Objects, then the lock file of the reference, then all directories; the reference moves; again.
  awk '/fsync.*fleet.git.*(pack|obj)/ { objects = NR }
       /syncfs/ { syncs++; if (syncs == 1) first = NR; last = NR }
       /rename.*refs\/heads\/main.lock/ && !moved { moved = NR }
       END { exit !(objects && objects < first && first < moved && moved < last && syncs == 2) }' trace
}

# bats test_tags=long
@test "what a request changes is synced, with its names, before the answer" {
  command -v strace >/dev/null || skip "there is no strace"
  strace -f -o /dev/null true 2>/dev/null || skip "strace may not trace here"
  fleet
  git config build.requests true
  ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -y -e trace=fsync,rename,write -o trace git build message send --to operator --subject kept
  # Each object and its directory, the lock file of the reference; the reference moves; its directory.
  awk '/fsync.*fleet.git\/objects\/tmp_object/ { objects++ }
       /fsync.*fleet.git\/objects\/[0-9a-f][0-9a-f]>/ { named++ }
       /fsync.*fleet.git\/refs\/heads\/main.lock/ { locked = NR }
       /rename.*fleet.git\/refs\/heads\/main.lock/ { moved = NR }
       /fsync.*fleet.git\/refs\/heads>/ && moved { last = NR }
       /write.*git-build-answer: / && !answered { answered = NR }
       END { exit !(objects >= 3 && named == objects && locked < moved && moved < last && last < answered) }' trace
}

@test "the first outbox entry of a clone is on disk with its directories" {
  command -v strace >/dev/null || skip "there is no strace"
  strace -f -o /dev/null true 2>/dev/null || skip "strace may not trace here"
  fleet
  rm -rf .git/git-build
  mv ../fleet.git ../away.git
  ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 run strace -f -y -e trace=fsync -o trace git -c build.attempts=1 build message send --to operator --subject kept
  [ -n "$(ls .git/git-build/outbox)" ]
  for synced in .git .git/git-build .git/git-build/outbox; do
    grep -q "fsync([0-9]*<$PWD/$synced>)" trace
  done
  grep -q "fsync([0-9]*<$PWD/.git/git-build/outbox/.*json" trace
  mv ../away.git ../fleet.git
}

# bats test_tags=long
@test "a lock file that a power cut has left on the shared branch blocks no push" {
  fleet
  for lock in refs/heads/main packed-refs HEAD; do
    touch -d 2000-01-01 "../fleet.git/$lock.lock"
    git build message send --to operator --subject "after the cut"
    [ ! -e "../fleet.git/$lock.lock" ]
  done
  git -C ../fleet.git show main:coordination/messages.json | grep -q "after the cut"
}

@test "a lock file of a program that may still be running is kept" {
  fleet
  touch ../fleet.git/refs/heads/main.lock
  commit=$(git commit-tree -m x "HEAD^{tree}" -p HEAD)
  run ! git push --no-verify origin "$commit:refs/heads/main"
  [ -e ../fleet.git/refs/heads/main.lock ]
  rm ../fleet.git/refs/heads/main.lock
}

@test "a hostile ref name in a push leads to no file outside of the refs" {
  fleet
  touch -d 2000-01-01 ../keep.lock ../fleet.git/keep.lock
  zero=0000000000000000000000000000000000000000 tip=$(git rev-parse HEAD)
  for name in ../keep refs/../../keep refs/heads/../../keep /keep; do
    (cd ../fleet.git && echo "$zero $tip $name" | hooks/pre-receive) || true
  done
  [ -e ../keep.lock ] && [ -e ../fleet.git/keep.lock ]
  rm ../fleet.git/keep.lock
}

# ---- a damaged clone ----

# works_again COMMAND...: each command works in this clone, and one warning reports the repair.
works_again() {
  local warnings
  for command in "$@"; do
    # shellcheck disable=SC2086 # words
    git build $command >>out 2>>errors || { echo "git build $command"; cat errors; return 1; }
  done
  warnings=$(grep -c '^warning: this clone was damaged' errors) || true
  [ "$warnings" = 1 ] || { cat errors; return 1; }
  git fsck --strict --no-dangling --no-reflogs --no-progress
  rm -f errors out
}

send="message send --to operator --subject again"
reads=("job list" "message list" status health)

busy_fleet() {
  fleet
  git build message send --to operator --subject first
  git build heartbeat --push
  git build message send --to operator --subject second
}

# loose REVISION: print the file of an object.
loose() {
  local oid
  oid=$(git rev-parse "$1") && echo ".git/objects/${oid:0:2}/${oid:2}"
}

# bats test_tags=long
@test "objects emptied by a power cut are fetched again" {
  busy_fleet
  for object in origin/main "origin/main^{tree}" origin/main:coordination/messages.json; do
    echo "$object"
    chmod u+w "$(loose "$object")" && : >"$(loose "$object")"
    works_again "$send" "heartbeat --push"
  done
  for object in heartbeat-build1 heartbeat-build1:build1; do
    echo "$object"
    chmod u+w "$(loose "$object")" && : >"$(loose "$object")"
    works_again "heartbeat --push" "$send"
  done
}

# bats test_tags=long
@test "objects that are missing or truncated are fetched again" {
  busy_fleet
  rm "$(loose origin/main:coordination/messages.json)"
  works_again "message list"
  # The refetched objects are in a pack now.
  git build message send --to operator --subject new
  # libgit2 would read a truncated object forever.
  object=$(loose origin/main:coordination)
  chmod u+w "$object" && truncate -s 20 "$object"
  works_again "lock acquire again --ttl 60"
}

# bats test_tags=long
@test "an object replaced by a directory is fetched again" {
  busy_fleet
  object=$(loose origin/main:coordination)
  rm "$object" && mkdir "$object"
  works_again "message list"
  [ ! -e "$object" ]
  git fsck
}

# bats test_tags=long
@test "a name that does not exist is not taken for damage" {
  busy_fleet
  local before command
  # An examination of the clone takes this lock.
  before=$(stat -c %y .git/git-build/repair)
  for command in "job show nosuch" "message show nosuch" "job cancel nosuch"; do
    # shellcheck disable=SC2086 # words
    run -128 git build $command
  done
  [ "$(stat -c %y .git/git-build/repair)" = "$before" ]
}

# bats test_tags=long
@test "a truncated object ends each command, and each push to it" {
  busy_fleet
  local size
  for size in -1 -5 -20 30 12; do
    git build message send --to operator --subject "new $size"
    object=$(loose origin/main:coordination/messages.json)
    chmod u+w "$object" && truncate -s "$size" "$object"
    works_again "message list"
  done
  git build message send --to operator --subject last
  object=$(cd ../fleet.git && oid=$(git rev-parse main:coordination/messages.json) &&
    echo "$PWD/objects/${oid:0:2}/${oid:2}")
  cp "$object" "$TMP/whole"
  chmod u+w "$object" && truncate -s -5 "$object"
  run -128 timeout 60 git build message send --to operator --subject lost
  cp "$TMP/whole" "$object"
}

# bats test_tags=long
@test "references damaged by a power cut are restored" {
  busy_fleet
  for content in "" garbage 1111111111111111111111111111111111111111; do
    for ref in remotes/origin/main heads/heartbeat-build1; do
      echo "$ref: $content"
      printf '%s' "$content" >".git/refs/$ref"
      works_again "heartbeat --push" "$send"
    done
  done
  : >.git/refs/remotes/origin/main
  works_again "${reads[@]}"
}

# bats test_tags=long
@test "data that only the damaged clone had is kept separately and reported" {
  busy_fleet
  git update-ref refs/heads/topic "$(git commit-tree -m topic "HEAD^{tree}")"
  was=$(git rev-parse topic)
  rm "$(loose topic)" "$(loose origin/main)"
  run -0 git build message send --to operator --subject new
  [[ $output == *"warning: this clone was damaged"*"git-build/damaged"* ]]
  grep -qx "$was refs/heads/topic" .git/git-build/damaged/refs
  run ! git rev-parse -q --verify topic
}

# bats test_tags=long
@test "a damaged clone without a reachable shared repository continues once that is reachable" {
  busy_fleet
  : >.git/refs/remotes/origin/main
  mv ../fleet.git ../away.git
  run -128 git -c build.attempts=1 build message send --to operator --subject waits
  mv ../away.git ../fleet.git
  works_again "heartbeat --push" "$send"
}

# bats test_tags=long
@test "an unreadable index is created again" {
  busy_fleet
  : >.git/index
  : >.git/refs/remotes/origin/main
  works_again "$send"
  [ -z "$(git status --porcelain)" ]
}

# bats test_tags=long
@test "an index that is damaged alone is created again when the worktree is updated" {
  busy_fleet
  : >.git/index
  run -0 git build message send --to operator --subject new
  [[ $output == *"warning: this clone was damaged"* ]]
  [ -z "$(git status --porcelain)" ]
  git fsck
}

# bats test_tags=long
@test "a damaged HEAD is restored, and costs no reference" {
  busy_fleet
  local refs content
  for content in "" garbage "ref: elsewhere"; do
    refs=$(git for-each-ref --format='%(refname)')
    printf '%s' "$content" >.git/HEAD
    works_again "${reads[@]}" "$send"
    [ "$(git symbolic-ref HEAD)" = refs/heads/main ]
    [ "$(git for-each-ref --format='%(refname)')" = "$refs" ]
  done
}

# bats test_tags=long
@test "a damaged HEAD is restored to what was checked out" {
  busy_fleet
  git tag -a -m release v1
  git branch topic
  local checkout
  for checkout in topic v1 main; do
    git checkout -q "$checkout"
    cp .git/HEAD "$TMP/HEAD"
    : >.git/HEAD
    works_again "job list"
    cmp .git/HEAD "$TMP/HEAD"
    [ -e .git/git-build/damaged/HEAD ]
  done
}

# bats test_tags=long
@test "damaged packed references are restored" {
  busy_fleet
  git tag v1
  git tag -a -m release v2
  local damage
  for damage in "sed -i 's/^\(.\{20\}\).*main$/\1/'" "truncate -s -12" "sed -i 's/heads/\x00\x00\x00\x00\x00/'"; do
    git pack-refs --all
    eval "$damage .git/packed-refs"
    works_again "$send" "heartbeat --push" "${reads[@]}"
    [ "$(git rev-parse main)" = "$(git -C ../fleet.git rev-parse main)" ]
    [ "$(git rev-parse v1 "v2^{commit}" | uniq | wc -l)" = 1 ]
  done
  # What is known about the tag of a lost line must not become part of the line before it.
  git pack-refs --all
  sed -i 's/^[0-9a-f]* refs\/tags\/v2$/damaged/' .git/packed-refs
  works_again "$send"
  [ "$(git rev-parse v1)" = "$(git rev-parse "v1^{}")" ]
  run ! grep '^\^' .git/packed-refs
}
