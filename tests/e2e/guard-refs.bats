#!/usr/bin/env bats
# Refs and histories: which refs may be pushed, kinds of pushes, races, and a hook that dies.

load helper
load guard

# bats test_tags=long
@test "main can never be deleted, and only an operator can rewind it" {
  new_fleet
  what a.json '1'
  accepted
  git -C ../fleet.git config receive.denyDeleteCurrent ignore
  push_refused "the shared branch may not be deleted" -- :main
  git reset -q --hard HEAD~1
  push_refused "may not be rewound" "fetch and merge" -- +HEAD:main
  identify ada
  GIT_BUILD_SERVER=build1 push_refused "may not be rewound" -- +HEAD:main
  GIT_BUILD_SERVER=ada push_refused "may not be deleted" -- :main
  GIT_BUILD_SERVER=ada git push -q origin +HEAD:main
}

@test "a heartbeat branch may have only the directory of its server" {
  new_fleet
  push_refused "a heartbeat branch may have only the directory build1/ of its server" "coordination" -- \
    +HEAD:heartbeat-build1
  push_refused "directory build9/" -- origin/heartbeat-build1:refs/heads/heartbeat-build9
  beat=$(git rev-parse origin/heartbeat-build1)
  git push -q origin :heartbeat-build1
  git push -q origin "$beat:refs/heads/heartbeat-build1"
}

@test "all refs of a push are updated, or none" {
  new_fleet
  what a.json '{}'
  commit
  sound=$(git rev-parse HEAD)
  what b.json '{'
  commit
  push_refused "refs/heads/other" "b.json:2:1:" -- "$sound:main" HEAD:refs/heads/other
  git push -q origin "$sound:main" "$sound:refs/heads/other" "$sound:refs/tags/v1"
  git push -q origin :refs/heads/other :refs/tags/v1
}

@test "annotated tags, tags of blobs, and notes" {
  new_fleet
  what a.json '{'
  commit
  git tag -a -m "A broken one" broken
  push_refused "refs/tags/broken" "a.json:2:1:" -- refs/tags/broken
  git reset -q --hard HEAD~1
  git tag -a -m "A sound one" sound
  git tag blob "$(git hash-object -w --stdin <<<text)"
  git notes add -m "a note" HEAD
  git push -q origin refs/tags/sound refs/tags/blob refs/notes/commits
}

# bats test_tags=long
@test "a merge is checked for its own changes, not for those it takes over; a new root may be merged" {
  new_fleet
  some_jobs
  accepted
  git checkout -q -b side
  what side.json '{}'
  commit
  git checkout -q main
  what main.json '{}'
  accepted
  git merge -q --no-edit side
  accepted_unchanged
  git checkout -q --orphan root
  git rm -q -r -f .
  what root.json '{}'
  commit
  git checkout -q main
  git merge -q --no-edit --allow-unrelated-histories root
  accepted_unchanged
  git checkout -q -b evil
  what evil.json '{}'
  commit
  git checkout -q main
  git merge -q --no-ff --no-commit evil
  what coordination/jobs.json '{"jobs": []}'
  refused "/jobs/id=q: was removed"
}

accepted_unchanged() {
  git push -q origin HEAD:main
}

# bats test_tags=long
@test "ten thousand commits, one of them broken" {
  new_fleet
  git fast-export --all >/dev/null
  {
    echo "reset refs/heads/long"
    echo "from $(git rev-parse HEAD)"
    echo
    for n in {1..10000}; do
      text="{\"n\": $n}"
      [ "$n" != 7777 ] || text="{\"n\": }"
      printf 'commit refs/heads/long\ncommitter T <t@example.com> %d +0000\ndata 1\nc\nM 100644 inline n.json\ndata %d\n%s\n' \
        "$((1790000000 + n))" "${#text}" "$text"
    done
  } | git fast-import --quiet
  push_refused "n.json:1:7:" -- long:main
  git push -q origin long~2224:main
}

# bats test_tags=long
@test "of two racing pushes, the guard accepts both and git exactly one" {
  new_fleet
  some_jobs
  accepted
  git clone -q ../fleet.git ../build2
  git -C ../build2 config core.hooksPath /dev/null
  for round in 1 2 3 4 5; do
    what "one-$round.json" '{}'
    commit
    git -C ../build2 pull -q --rebase
    what "../build2/two-$round.json" '{}'
    git -C ../build2 add -A
    git -C ../build2 commit -q -m two
    in_background ../log git push -q origin HEAD:main
    first=$pid
    second=0
    git -C ../build2 push -q origin HEAD:main 2>/dev/null || second=1
    one=0
    wait "$first" || one=1
    [ $((one + second)) = 1 ]
    git pull -q --rebase
    git push -q origin HEAD:main
  done
}

@test "a hook that is killed midway, or cannot open the repository, refuses the push" {
  new_fleet
  what a.json '{}'
  commit
  before=$(git ls-remote origin)
  cat >../fleet.git/hooks/pre-receive <<'END'
#!/bin/sh
"$GIT_BUILD_BINDIR/hooks/pre-receive" & kill -9 $!
wait $!
END
  run ! git push -q origin HEAD:main
  [ "$before" = "$(git ls-remote origin)" ]
  cat >../fleet.git/hooks/pre-receive <<'END'
#!/bin/sh
GIT_DIR=/nowhere exec "$GIT_BUILD_BINDIR/hooks/pre-receive"
END
  push_refused "push rejected: it cannot be checked" -- HEAD:main
  git -C ../fleet.git fsck --strict
}

@test "the hook only reads: a refused push changes neither the quarantine nor the repository" {
  new_fleet
  what a.json '{'
  commit
  before=$(cd ../fleet.git && find . -type f | LC_ALL=C sort | xargs sha1sum)
  push_refused "a.json" -- HEAD:main
  [ "$before" = "$(cd ../fleet.git && find . -type f | LC_ALL=C sort | xargs sha1sum)" ]
}

@test "pre-push reports the same before the network is used; --no-verify bypasses it" {
  fleet_of build1
  cd build1
  rm ../fleet.git/hooks/pre-receive
  some_jobs
  commit
  git push -q
  edit coordination/jobs.json 'del(.jobs[0])'
  commit
  run ! git push -q
  [[ $output == *"/jobs/id=q: was removed"* ]]
  [[ $output != *"remote:"* ]]
  git reset -q --hard origin/main
  what b.json '{'
  commit
  run ! git push -q origin HEAD:refs/heads/other
  [[ $output == *"b.json:2:1:"* ]]
  git push -q --no-verify origin HEAD:refs/heads/other
  git reset -q --hard origin/main
  what c.json '{}'
  commit
  git push -q "$TMP/fleet.git" HEAD:main
}
