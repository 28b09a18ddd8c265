#!/usr/bin/env bats
# What is acknowledged is on disk. Here: that each thing is synced, and what happens if it cannot be;
# tests/power cuts the power.

load helper

fleet() {
  shared_repo fleet.git
  clone_server fleet.git build1
  cd build1 || return
}

@test "a push is refused if the shared repository cannot be synced" {
  fleet
  before=$(git -C ../fleet.git rev-parse main)
  # Where the hook cannot open the repository, it cannot sync it.
  sed -i '2i GIT_DIR=/nonexistent; export GIT_DIR' ../fleet.git/hooks/reference-transaction
  run -128 git build message send --to operator --subject lost
  [ "$(git -C ../fleet.git rev-parse main)" = "$before" ]
}

@test "objects and references are synced before a push is acknowledged, by name as well" {
  command -v strace >/dev/null || skip "there is no strace"
  strace -f -o /dev/null true 2>/dev/null || skip "strace may not trace here"
  fleet
  strace -f -y -e trace=fsync,fdatasync,syncfs,rename -o trace git build message send --to operator --subject kept
  # Objects, then the references' lock, then all directories; the reference moves, and again.
  awk '/fsync.*fleet.git.*(pack|obj)/ { objects = NR }
       /syncfs/ { syncs++; if (syncs == 1) first = NR; last = NR }
       /rename.*refs\/heads\/main.lock/ && !moved { moved = NR }
       END { exit !(objects && objects < first && first < moved && moved < last && syncs == 2) }' trace
}

@test "the first outbox entry of a clone is on disk with its directories" {
  command -v strace >/dev/null || skip "there is no strace"
  strace -f -o /dev/null true 2>/dev/null || skip "strace may not trace here"
  fleet
  rm -rf .git/git-build
  mv ../fleet.git ../away.git
  run strace -f -y -e trace=fsync -o trace git -c build.attempts=1 build message send --to operator --subject kept
  [ -n "$(ls .git/git-build/outbox)" ]
  for synced in .git .git/git-build .git/git-build/outbox; do
    grep -q "fsync([0-9]*<$PWD/$synced>)" trace
  done
  grep -q "fsync([0-9]*<$PWD/.git/git-build/outbox/.*json" trace
  mv ../away.git ../fleet.git
}

@test "a lock that a power cut has left on the shared branch stops no push" {
  fleet
  for lock in refs/heads/main packed-refs; do
    touch -d 2000-01-01 "../fleet.git/$lock.lock"
    git build message send --to operator --subject "after the cut"
    [ ! -e "../fleet.git/refs/heads/main.lock" ]
  done
  [ ! -e ../fleet.git/packed-refs.lock ]
  git -C ../fleet.git show main:coordination/messages.json | grep -q "after the cut"
}

@test "a lock of a program that may still run is left" {
  fleet
  touch ../fleet.git/refs/heads/main.lock
  commit=$(git commit-tree -m x "HEAD^{tree}" -p HEAD)
  run ! git push --no-verify origin "$commit:refs/heads/main"
  [ -e ../fleet.git/refs/heads/main.lock ]
  rm ../fleet.git/refs/heads/main.lock
}

@test "a hostile name in a push leads to no file outside the refs" {
  fleet
  touch -d 2000-01-01 ../keep.lock ../fleet.git/keep.lock
  zero=0000000000000000000000000000000000000000 tip=$(git rev-parse HEAD)
  for name in ../keep refs/../../keep refs/heads/../../keep /keep; do
    (cd ../fleet.git && echo "$zero $tip $name" | hooks/pre-receive) || true
  done
  [ -e ../keep.lock ] && [ -e ../fleet.git/keep.lock ]
  rm ../fleet.git/keep.lock
}
