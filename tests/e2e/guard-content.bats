#!/usr/bin/env bats
# The content of a push, file by file: well-formed JSON, valid, not too large, and plain files.

load helper
load guard

@test "valid files are accepted, including those unknown to git-build" {
  new_fleet
  some_jobs && some_locks && some_messages
  what own/notes.json '[1, 2, {"free": true}]'
  what README.md '<<<<<<< what a marker looks like'
  what coordination/empty-folder/.gitkeep ''
  accepted
}

@test "malformed JSON is refused with its location and the problem" {
  new_fleet
  what coordination/jobs.json '{"jobs": [}'
  refused "coordination/jobs.json:1:11:"
  what notes.json '{"a": 1,}'
  refused "notes.json:1:9:"
  : >coordination/locks.json
  refused "coordination/locks.json:"
}

@test "conflict markers, duplicate members and invalid UTF-8 are refused by name" {
  new_fleet
  what coordination/messages.json '{
<<<<<<< HEAD
  "messages": []
=======
  "messages": [1]
>>>>>>> theirs
}'
  refused "coordination/messages.json:2:1:" "conflict"
  what coordination/jobs.json '{"jobs": [], "jobs": []}'
  refused "coordination/jobs.json:1:14:" '"jobs"'
  printf '{"jobs": [], "x": "\377"}' >coordination/jobs.json
  refused "coordination/jobs.json:1:" "UTF-8"
}

# bats test_tags=long
@test "a file that does not match its schema is refused with location, pointer and the nearest value" {
  new_fleet
  some_jobs
  edit coordination/jobs.json '.jobs[0].status = "queud"'
  refused "coordination/jobs.json:7:17:" "/jobs/0/status" "queud" 'did you mean "queued"?'
  some_messages
  edit coordination/messages.json '.messages[1].id = "m1"'
  refused "coordination/messages.json:13:5:" "/messages/1: element 1 has the same id as element 0"
  what build1/status.json '{"server": "build1", "timestamp": "now", "status": "idle"}'
  refused "build1/status.json:1:" "/timestamp"
  what build1/heartbeat.json '{"server": "build1", "timestamp": "2026-01-01T00:00:00Z", "healthy": "yes"}'
  refused "build1/heartbeat.json:1:" "/healthy"
}

@test "a broken commit is refused even if a later commit of the push fixes it" {
  new_fleet
  what notes.json '{'
  commit
  broken=$(git rev-parse --short=12 HEAD)
  what notes.json '{}'
  refused "refs/heads/main $broken: notes.json:"
}

# bats test_tags=long
@test "a broken file may be repaired; a push that leaves it broken is accepted with a warning" {
  git init -q --bare old.git
  git clone -q old.git first
  cd first
  what coordination/jobs.json '{"jobs": [{"id": "x", "status": "lost"}, {"id": "y", "status": "queued"}]}'
  what coordination/locks.json '{"locks": '
  commit
  git push -q origin HEAD:main
  cd ..
  mv old.git fleet.git
  shared_repo fleet.git
  git clone -q fleet.git build1
  cd build1

  what unrelated.json '{}'
  accepted
  edit coordination/jobs.json '.jobs[1].status = "running"'
  commit
  run -0 git push origin HEAD:main
  [[ $output == *"warning: "*"/jobs/0/status"*"not new in this push"* ]]
  edit coordination/jobs.json '.jobs[1].status = "nothing"'
  refused "/jobs/1/status"
  what coordination/locks.json '{"locks": {}}'
  accepted
  edit coordination/jobs.json '.jobs[0].status = "failed"'
  accepted
}

@test "an existing repository is adopted: existing content is not checked, new content is" {
  git init -q --bare fleet.git
  git clone -q fleet.git build1
  cd build1
  what broken.json '{'
  commit
  git push -q origin HEAD:main
  cd ..
  shared_repo fleet.git
  cd build1
  git fetch -q
  what sound.json '{}'
  accepted
  what other.json '{'
  refused "other.json:2:1:"
  # Its old commits may also be pushed to another branch.
  git push -q origin HEAD:refs/heads/copy HEAD:refs/tags/v1
}

@test "a large file is refused with a hint at artifacts and git LFS; the limit is a setting" {
  new_fleet
  head -c 200000 /dev/zero >large.bin
  accepted
  git -C ../fleet.git config build.maxFileSize 100k
  head -c 200000 /dev/urandom >large.bin
  refused "large.bin: has 200000 bytes" "build.maxFileSize" "(102400)" "artifacts" "LFS"
  head -c 100000 /dev/urandom >large.bin
  accepted
}

@test "symbolic links and submodules in the place of a coordination file are refused" {
  new_fleet
  ln -sf /etc/passwd coordination/jobs.json
  refused "coordination/jobs.json: is a symbolic link" "must be a regular file"
  git rm -q --cached coordination/jobs.json
  git update-index --add --cacheinfo "160000,$(git rev-parse HEAD),coordination/jobs.json"
  git commit -q -m "A submodule"
  push_refused "coordination/jobs.json: is a submodule" -- HEAD:main
  git reset -q --hard origin/main
  ln -s README.md elsewhere
  accepted
}

# bats test_tags=long
@test "paths with spaces, quotes, newlines and invalid UTF-8 are checked and shown on one line" {
  new_fleet
  what 'a b/it'\''s "so".json' '{'
  refused "a b/it's \"so\".json:2:1:"
  what $'two\nlines.json' '{'
  refused 'two\nlines.json:2:1:'
  what $'caf\351.json' '{'
  refused 'caf\xe9.json:2:1:'
  what $'\033[31mred.json' '{'
  refused '\x1b[31mred.json:2:1:'
  what '-rf.json' '{'
  refused ' -rf.json:2:1:'
  what 'a b/it'\''s "so".json' '{}'
  what $'two\nlines.json' '{}'
  what $'caf\351.json' '{}'
  accepted
}

@test "each violation is one line; at most twenty per ref are shown, and the rest is counted" {
  new_fleet
  for n in {1..30}; do what "n$n.json" "[$n,"; done
  commit
  run git push -q origin HEAD:main
  [ "$status" != 0 ]
  [ "$(grep -c 'n[0-9]*\.json:2:1:' <<<"$output")" = 20 ]
  [[ $output == *"refs/heads/main: and 10 more"* ]]
}

# root_commit FILE PATH: create a commit that has only FILE, at PATH.
root_commit() {
  local blob
  blob=$(git hash-object -w --no-filters "$1")
  rm -f index
  GIT_INDEX_FILE=index git update-index --add --cacheinfo "100644,$blob,$2"
  git commit-tree -m "As it was" "$(GIT_INDEX_FILE=index git write-tree)"
}

# bats test_tags=long
@test "files of a real fleet: the valid ones are accepted, and none of the others" {
  new_fleet
  local path version verdict says commit valid=() refused=0
  while IFS=$'\t' read -r path version verdict says; do
    [ "$path" != path ] || continue
    commit=$(root_commit "$CORPUS/${path%.json}/$version.json" "$path")
    if [ "$verdict" = valid ]; then
      valid+=("$commit:refs/heads/valid-${#valid[@]}")
    else
      push_refused "$path:" "$says" -- "$commit:refs/heads/refused"
      refused=$((refused + 1))
    fi
  done <"$CORPUS/index.tsv"
  git push -q origin "${valid[@]}"
  echo "${#valid[@]} landed, $refused did not"
  [ "${#valid[@]}" -ge 20 ]
  [ "$refused" -ge 10 ]
}
