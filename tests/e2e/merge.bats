#!/usr/bin/env bats
# git build merge and git build merge-driver: merging coordination files that two servers have changed,
# with every git command that merges.

load helper

# new_fleet ID...: create a shared repository, and a clone for each ID.
new_fleet() {
  local id
  fleet_of file:// "$@"
  for id in "$@"; do git -C "$id" pull -q --ff-only; done
}

# in_clone ID COMMAND...: run COMMAND in that clone.
in_clone() {
  (cd "$TMP/$1" && shift && "$@")
}

# edit ID FILE FILTER: change FILE in that clone with jq, and commit.
edit() {
  jq "$3" "$TMP/$1/$2" >"$TMP/edited"
  cp "$TMP/edited" "$TMP/$1/$2"
  git -C "$TMP/$1" commit -q -a -m "Change $2 on $1"
}

# message ID SECOND: a message of that time, from the server with which the ID starts.
message() {
  printf '{"id":"%s","from":"%s","to":"all","type":"info","subject":"s","body":"b","timestamp":"2025-10-29T12:00:%02dZ","read":false}' \
    "$1" "${1%%-*}" "$2"
}

add_message() {
  edit "$1" coordination/messages.json ".messages += [$(message "$1-$2" "$2")]"
}

# ids ID: the IDs of the messages in that clone, sorted.
ids() {
  jq -r '.messages[].id' "$TMP/$1/coordination/messages.json" | sort | tr '\n' ' '
}

push() {
  git -C "$TMP/$1" push -q origin main
}

clean() {
  [ -z "$(git -C "$TMP/$1" status --porcelain)" ]
  run ! grep '^<<<<<<<' "$TMP/$1"/coordination/*.json
}

# both_changed: build1 and build2 each add a message and read the first one; build1's change is pushed.
both_changed() {
  new_fleet build1 build2
  add_message build1 1
  push build1
  in_clone build2 git pull -q --ff-only
  add_message build1 2
  edit build1 coordination/messages.json '.messages[0].read = true'
  push build1
  add_message build2 3
  edit build2 coordination/messages.json '.messages[0].read_by = ["build2"]'
}

# ---- every command that merges ----

# bats test_tags=long
@test "git pull merges" {
  both_changed
  in_clone build2 git pull -q --no-rebase --no-edit
  [ "$(ids build2)" = "build1-1 build1-2 build2-3 " ]
  [ "$(jq '.messages[0].read' build2/coordination/messages.json)" = true ]
  clean build2
  push build2
}

# bats test_tags=long
@test "git pull --rebase merges" {
  both_changed
  in_clone build2 git pull -q --rebase
  [ "$(ids build2)" = "build1-1 build1-2 build2-3 " ]
  clean build2
  push build2
}

# bats test_tags=long
@test "git cherry-pick, git revert and git am -3 merge" {
  both_changed
  in_clone build2 git fetch -q
  git -C build2 format-patch -q -o "$TMP/patches" origin/main..main
  mine=$(git -C build2 rev-parse main~1)
  in_clone build2 git checkout -q -b picked origin/main
  in_clone build2 git cherry-pick "$mine" >/dev/null
  [ "$(ids build2)" = "build1-1 build1-2 build2-3 " ]
  clean build2
  in_clone build2 git revert --no-edit HEAD~1 >/dev/null
  [ "$(jq '.messages[0].read' build2/coordination/messages.json)" = false ]
  clean build2
  in_clone build2 git checkout -q -b mailed origin/main
  in_clone build2 git am -q -3 "$TMP/patches"/0001*
  [ "$(ids build2)" = "build1-1 build1-2 build2-3 " ]
  clean build2
}

# bats test_tags=long
@test "git stash pop merges" {
  both_changed
  in_clone build2 git reset -q --soft HEAD~2
  in_clone build2 git stash -q
  in_clone build2 git pull -q --ff-only
  in_clone build2 git stash pop -q
  [ "$(ids build2)" = "build1-1 build1-2 build2-3 " ]
  run ! grep '^<<<<<<<' build2/coordination/messages.json
}

# bats test_tags=long
@test "a rebase of fifty commits succeeds" {
  new_fleet build1 build2
  local n
  for n in $(seq 1 50); do add_message build2 "$n"; done
  add_message build1 1
  edit build1 coordination/jobs.json '.jobs += [{"id":"j","status":"queued"}]'
  push build1
  in_clone build2 git pull -q --rebase
  [ "$(git -C build2 rev-list --count origin/main..main)" = 50 ]
  [ "$(jq '.messages | length' build2/coordination/messages.json)" = 51 ]
  clean build2
  push build2
}

# bats test_tags=long
@test "an octopus merge runs no driver: it succeeds or changes nothing" {
  new_fleet build1 build2 build3
  add_message build1 1
  edit build2 coordination/jobs.json '.jobs += [{"id":"j","status":"queued"}]'
  edit build3 shared/build_config.json '.repository = "x"'
  in_clone build1 git fetch -q ../build2 main:two
  in_clone build1 git fetch -q ../build3 main:three
  in_clone build1 git merge -q --no-edit two three
  [ "$(ids build1)" = "build1-1 " ]
  [ "$(jq '.jobs | length' build1/coordination/jobs.json)" = 1 ]
  # git-merge-octopus(1) merges only text; if that conflicts, merging one by one works.
  add_message build2 2
  add_message build3 2
  in_clone build1 git fetch -q ../build2 +main:two
  in_clone build1 git fetch -q ../build3 +main:three
  run in_clone build1 git merge -q --no-edit two three
  [ "$status" != 0 ]
  git -C build1 reset -q --hard
  in_clone build1 git merge -q --no-edit two
  in_clone build1 git merge -q --no-edit three
  [ "$(ids build1)" = "build1-1 build2-2 build3-2 " ]
  clean build1
}

# bats test_tags=long
@test "a criss-cross merge keeps everything" {
  new_fleet build1 build2 build3
  add_message build2 1
  add_message build3 1
  # Each merges the first commit of the other and continues: two merge bases.
  in_clone build2 git fetch -q ../build3 main:three
  in_clone build3 git fetch -q ../build2 main:two
  in_clone build2 git merge -q --no-edit three
  in_clone build3 git merge -q --no-edit two
  add_message build2 2
  add_message build3 2
  in_clone build2 git fetch -q ../build3 main:crossed
  in_clone build2 git merge -q --no-edit crossed
  [ "$(ids build2)" = "build2-1 build2-2 build3-1 build3-2 " ]
  clean build2
}

# ---- races ----

# bats test_tags=long
@test "two clones change the same values, push in any order, and end identical" {
  new_fleet build1 build2
  edit build1 coordination/jobs.json '.jobs = [{"id":"job_7","status":"queued","assigned_to":null,"started_at":null}]'
  add_message build1 1
  push build1
  in_clone build2 git pull -q --ff-only
  local id
  for id in build1 build2; do
    add_message $id 2
    edit $id coordination/messages.json '.messages[0].read = true'
    edit $id coordination/jobs.json ".jobs += [{\"id\":\"of-$id\",\"status\":\"queued\"}]"
    edit $id coordination/jobs.json ".jobs[0] += {\"status\":\"running\",\"assigned_to\":\"$id\",\"started_at\":\"2025-10-29T12:00:0${id#build}Z\"}"
    edit $id coordination/locks.json ".locks.job_assignment = {\"locked_by\":\"$id\",\"locked_at\":\"2025-10-29T12:00:0${id#build}Z\",\"expires_at\":\"2035-10-29T12:00:00Z\"}"
  done
  # build2's time is later, but it is pushed first: the published value is kept.
  push build2
  in_clone build1 git pull -q --rebase 2>report
  push build1
  in_clone build2 git pull -q --ff-only
  [ "$(git -C build1 rev-parse main)" = "$(git -C build2 rev-parse main)" ]
  [ "$(ids build1)" = "build1-1 build1-2 build2-2 " ]
  [ "$(jq -r '.jobs[].id' build1/coordination/jobs.json | sort | tr '\n' ' ')" = "job_7 of-build1 of-build2 " ]
  [ "$(jq -r '.jobs[0].assigned_to' build1/coordination/jobs.json)" = build2 ]
  [ "$(jq -r '.locks.job_assignment.locked_by' build1/coordination/locks.json)" = build2 ]
  grep -q 'coordination/jobs.json /jobs/id=job_7/assigned_to: kept build2 (published), discarded build1' report
  clean build1
}

# bats test_tags=long
@test "adjacent versions of a fleet's messages, recombined as concurrent changes, merge" {
  local path version verdict base ours theirs merged=0
  while IFS=$'\t' read -r path version verdict _; do
    [ "$path $verdict" = "coordination/messages.json valid" ] || continue
    ours=$CORPUS/coordination/messages/$version.json
    if [ -n "${theirs-}" ] && [ -n "${base-}" ]; then
      run git build merge "$base" "$theirs" "$ours" --schema messages -o out.json
      [ "$status" = 0 ]
      jq -r '.messages[].id' "$base" "$theirs" "$ours" | sort -u >expected
      # Exactly the messages that one side removed and the other left alone are removed.
      comm -12 <(jq -r '.messages[].id' "$theirs" | sort -u) <(jq -r '.messages[].id' "$ours" | sort -u) >stays
      jq -r '.messages[].id' out.json | sort -u >got
      [ -z "$(comm -23 stays got)" ]
      [ -z "$(comm -13 expected got)" ]
      merged=$((merged + 1))
    fi
    base=${theirs-} theirs=$ours
  done <"$CORPUS/index.tsv"
  [ "$merged" -ge 7 ]
}

# ---- what git decides before it runs the driver ----

# bats test_tags=long
@test "a file added on both sides, renamed, or with a changed mode" {
  new_fleet build1 build2
  echo '*.json merge=git-build' >>build1/.gitattributes
  git -C build1 commit -q -a -m 'More files to merge'
  push build1
  in_clone build2 git pull -q --ff-only
  echo '{"a": 1, "same": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}' | jq . >build1/new.json
  echo '{"b": 2, "same": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}' | jq . >build2/new.json
  local id
  for id in build1 build2; do
    git -C $id add new.json
    git -C $id commit -q -m Add
  done
  push build1
  in_clone build2 git pull -q --no-rebase --no-edit
  [ "$(jq -c '[.a, .b, (.same | length)]' build2/new.json)" = '[1,2,10]' ]
  push build2
  in_clone build1 git pull -q --ff-only
  # Renamed and made executable on one side, changed on both.
  git -C build1 mv new.json other.json
  edit build1 other.json '.a = 7'
  chmod +x build2/new.json
  edit build2 new.json '.b = 9'
  push build1
  in_clone build2 git pull -q --no-rebase --no-edit
  [ "$(jq -c '[.a, .b, (.same | length)]' build2/other.json)" = '[7,9,10]' ]
  [ -x build2/other.json ]
}

@test "git reports a file deleted on one side and changed on the other" {
  new_fleet build1 build2
  git -C build1 rm -q shared/health_dashboard.json
  git -C build1 commit -q -m Delete
  edit build2 shared/health_dashboard.json '.overall_status = "bad"'
  run in_clone build2 git pull -q --no-rebase --no-edit ../build1 main
  [ "$status" != 0 ]
  git -C build2 status --porcelain | grep -q '^UD shared/health_dashboard.json'
  git -C build2 merge --abort
}

# bats test_tags=long
@test "without the program, git merges text and leaves markers" {
  both_changed
  # The driver's command line has the path of the program: replace it by one that does not exist.
  git -C build2 config merge.git-build.driver \
    "$(git -C build2 config merge.git-build.driver | sed "s|$GIT_BUILD_BINDIR/hooks/merge-driver|$TMP/gone|g")"
  run in_clone build2 git pull -q --no-rebase --no-edit
  [ "$status" != 0 ]
  grep -q '^<<<<<<<' build2/coordination/messages.json
  grep -q 'build1-2' build2/coordination/messages.json
  grep -q 'build2-3' build2/coordination/messages.json
  git -C build2 merge --abort
}

# bats test_tags=long
@test "a killed driver leaves the file unchanged, and git reports a conflict" {
  both_changed
  cat >"$TMP/killed" <<END
#!/bin/sh
kill -9 \$\$
END
  chmod +x "$TMP/killed"
  git -C build2 config merge.git-build.driver \
    "$(git -C build2 config merge.git-build.driver | sed "s|$GIT_BUILD_BINDIR/hooks/merge-driver|$TMP/killed|g")"
  before=$(cat build2/coordination/messages.json)
  run in_clone build2 git pull -q --no-rebase --no-edit
  [ "$status" != 0 ]
  [ "$(cat build2/coordination/messages.json)" = "$before" ]
  git -C build2 merge --abort || git -C build2 reset -q --hard
}

# bats test_tags=long
@test "custom schemas merge the files of users" {
  new_fleet build1 build2
  mkdir -p build1/schemas build1/stock
  cat >build1/schemas/stock.json <<'END'
{"type": "object", "properties": {"count": {"type": "integer", "x-merge": "sum"},
  "parts": {"type": "array", "x-list-type": "map", "x-list-map-keys": ["name"], "items": {"type": "object"}}}}
END
  echo 'stock/*.json merge=git-build build-schema=stock' >>build1/.gitattributes
  printf '{\n  "count": 5,\n  "parts": []\n}\n' >build1/stock/a.json
  git -C build1 add -A
  git -C build1 commit -q -m Stock
  push build1
  in_clone build2 git pull -q --ff-only
  edit build1 stock/a.json '.count += 2 | .parts += [{"name":"x"}]'
  edit build2 stock/a.json '.count += 3 | .parts += [{"name":"y"}]'
  push build1
  in_clone build2 git pull -q --rebase
  [ "$(jq -c . build2/stock/a.json)" = '{"count":10,"parts":[{"name":"x"},{"name":"y"}]}' ]
  clean build2
}

# bats test_tags=long
@test "post-merge reports problems, and never fails a merge" {
  new_fleet build1 build2
  add_message build1 1
  push build1
  run -0 in_clone build2 git pull -q --no-rebase
  [[ $output != *warning* ]]
  git -C build2 config --unset merge.git-build.driver
  add_message build1 2
  push build1
  run -0 in_clone build2 git pull -q --no-rebase
  [[ $output == *"the merge driver is not configured"*"run git build init"* ]]
  git -C build2 build init >/dev/null
  echo '{"messages": [' >build1/coordination/messages.json
  git -C build1 commit -q -a -m Break
  run -0 in_clone build2 git pull -q --no-rebase ../build1 main
  [[ $output == *"warning: coordination/messages.json:"* ]]
}

# ---- by hand ----

@test "git build merge works without a repository, and reports discarded values" {
  echo '{"jobs":[{"id":"1","status":"queued"}]}' >base
  echo '{"jobs":[{"id":"1","status":"running"}]}' >ours
  echo '{"jobs":[{"id":"1","status":"completed"}]}' >theirs
  run -0 --separate-stderr git-build merge base ours theirs --path coordination/jobs.json
  [ "$output" = '{"jobs":[{"id":"1","status":"completed"}]}' ]
  [ "$stderr" = "coordination/jobs.json /jobs/id=1/status: kept completed (further along), discarded running" ]
  run -0 --separate-stderr git-build merge -q base ours theirs --schema jobs -o out
  [ -z "$output$stderr" ]
  [ "$(cat out)" = '{"jobs":[{"id":"1","status":"completed"}]}' ]
  run -1 git-build merge base ours theirs
  [[ $output == *"<<<<<<< ours"*"======="*">>>>>>> theirs"* ]]
  run -128 git-build merge base ours nothing
  run -128 git-build merge base ours theirs --schema jbos
  [[ $output == *"did you mean jobs?"* ]]
  run -129 git-build merge base ours
  printf 'one\ntwo\nthree\n' >base.txt
  printf 'ONE\ntwo\nthree\n' >ours.txt
  printf 'one\ntwo\nTHREE\n' >theirs.txt
  run -0 git-build merge base.txt ours.txt theirs.txt --path notes.txt
  [ "$output" = $'ONE\ntwo\nTHREE' ]
  run -0 git-build merge /dev/null base base
  [ "$output" = '{"jobs":[{"id":"1","status":"queued"}]}' ]
}

@test "git build merge --fold keeps one record of each key" {
  cd "$TMP"
  printf '%s\n' '{"id": "a", "at": "2026-01-02T00:00:00Z", "n": 1}' '{"id":"b"}' \
    '{"id": "a", "at": "2026-01-01T00:00:00Z", "n": 2}' '{"id": "b",  "n": 3}' >x.jsonl
  run -0 git build merge --fold x.jsonl -o folded.jsonl
  [[ $output == *'x.jsonl:1: was discarded: line 3 has the same id and is the last one'* ]]
  [ "$(cat folded.jsonl)" = '{"id": "a", "at": "2026-01-01T00:00:00Z", "n": 2}
{"id": "b",  "n": 3}' ]
  echo '{"type": "array", "x-list-type": "map", "x-list-map-keys": ["id"], "items": {"x-merge-clock": "at"}}' >s.json
  run -0 git build merge --fold x.jsonl --schema ./s.json -o folded.jsonl
  [[ $output == *'x.jsonl:3: was discarded: line 1 has the same id and a later time'* ]]
  [ "$(cat folded.jsonl)" = '{"id": "a", "at": "2026-01-02T00:00:00Z", "n": 1}
{"id": "b",  "n": 3}' ]
  git build merge --fold folded.jsonl | cmp - folded.jsonl
  # A tombstone is kept, although the other record is newer.
  echo '{"type": "array", "x-list-type": "map", "x-list-map-keys": ["id"], "items": {"x-merge-clock": "at",
    "x-remove-when": {"required": ["gone"]}, "x-remove-after": {"member": "gone", "seconds": 1}}}' >t.json
  printf '%s\n' '{"id": "a", "at": "2026-01-03T00:00:00Z"}' '{"id": "a", "at": "2026-01-01T00:00:00Z", "gone": "x"}' \
    '{"id": "a", "at": "2026-01-04T00:00:00Z"}' >y.jsonl
  run -0 git build merge --fold y.jsonl --schema ./t.json -o folded.jsonl
  [[ $output == *'y.jsonl:1: was discarded: line 2 has the same id and is a tombstone'*'y.jsonl:3: '* ]]
  [ "$(cat folded.jsonl)" = '{"id": "a", "at": "2026-01-01T00:00:00Z", "gone": "x"}' ]
  printf '%s\n' '{"kind": "x", "id": 1}' '{"kind": "x", "id": 2}' '{"kind": "x", "id": 1, "n": 1}' >two.jsonl
  echo '{"type": "array", "x-list-type": "map", "x-list-map-keys": ["kind", "id"]}' >s.json
  run -0 git build merge --fold two.jsonl --schema ./s.json -o folded.jsonl
  [[ $output == *'two.jsonl:1: was discarded: line 3 has the same kind and id and is the last one'* ]]
  echo '[1, 2]' >no.json
  run -128 git build merge --fold no.json
  [[ $output == *'no.json: its records have no key; name a schema that has x-list-map-keys'* ]]
  run -129 git build merge --fold x.jsonl no.json
}

@test "the driver accepts missing placeholders, and a failure leaves the file" {
  echo '{"a":1}' >base
  echo '{"a":1,"b":1}' >ours
  echo '{"a":2}' >theirs
  git-build merge-driver base ours theirs %L %P %S %X %Y
  [ "$(cat ours)" = '{"a":2,"b":1}' ]
  run -255 git-build merge-driver base ours nothing
  [ "$(cat ours)" = '{"a":2,"b":1}' ]
  run -129 git-build merge-driver base ours
  # Markers have git's size and labels.
  run -1 git-build merge-driver base ours <(echo '{"a":3,"b":1}') 9 x.json base main topic
  grep -qx '<<<<<<<<< main' ours
  grep -qx '=========' ours
  grep -qx '>>>>>>>>> topic' ours
}

# ---- what the driver needs of git ----

# two_sides BASE OURS THEIRS: a repository with the driver, in which branch "side" has THEIRS.
two_sides() {
  new_fleet build1
  cd build1 || return
  echo '*.json merge=git-build' >>.gitattributes
  printf '%b' "$1" >x.json
  git add .
  git commit -q -m base
  git checkout -q -b side
  printf '%b' "$3" >x.json
  git commit -q -a -m theirs
  git checkout -q main
  printf '%b' "$2" >x.json
  git commit -q -a -m ours
}

# bats test_tags=long
@test "a file without build-schema merges without a warning" {
  two_sides '{"a":1,"b":1}\n' '{"a":2,"b":1}\n' '{"a":1,"b":3}\n'
  run -0 --separate-stderr git merge -q --no-edit side
  [ -z "$stderr" ]
  [ "$(cat x.json)" = '{"a":2,"b":3}' ]
  # The attribute without a value, and unset.
  local attribute
  for attribute in build-schema -build-schema; do
    git reset -q --hard HEAD~1
    echo "x.json $attribute" >.git/info/attributes
    run -0 --separate-stderr git merge -q --no-edit side
    [ -z "$stderr" ]
  done
}

@test "a broken side is a conflict for git" {
  two_sides '{\n  "a": 1,\n  "b": 2\n}\n' '{\n  "a": 1,\n  "b": 2,\n  "n": 9,\n}\n' '{\n  "a": 7,\n  "b": 2\n}\n'
  run -1 git merge -q --no-edit side
  [[ $output == *"ours is broken, so resolve the conflict by hand"* ]]
  grep -q '"n": 9' x.json
  grep -q '"a": 7' x.json
  git diff --name-only --diff-filter=U | grep -qx x.json
}

@test "merge.conflictStyle is honored" {
  two_sides '{\n  "a": 1\n}\n' '{\n  "a": 2\n}\n' '{\n  "a": 3\n}\n'
  run -1 git -c merge.conflictStyle=diff3 merge -q --no-edit side
  [ "$(sed -n '/^|||||||/,/^=======/p' x.json | sed 1d)" = $'  "a": 1\n=======' ]
  git merge --abort
  git config merge.conflictStyle zdiff3
  run -1 git merge -q --no-edit side
  grep -q '^|||||||' x.json
  git config --unset merge.conflictStyle
  git merge --abort
  run -1 git merge -q --no-edit side
  run ! grep '^|||||||' x.json
}

# claim_twice: both clones claim job 1; build1's claim is on the shared branch.
claim_twice() {
  new_fleet build1 build2
  edit build1 coordination/jobs.json '.jobs = [{"id":"1","status":"queued","assigned_to":null,"started_at":null}]'
  push build1
  in_clone build2 git pull -q --ff-only
  local id
  for id in build1 build2; do
    edit $id coordination/jobs.json ".jobs[0] += {\"status\":\"running\",\"assigned_to\":\"$id\",\"started_at\":\"2025-10-29T12:00:0${id#build}Z\"}"
  done
  push build1
}

# bats test_tags=long
@test "the message of a merge commit names the discarded values" {
  claim_twice
  in_clone build2 git pull -q --no-rebase --no-edit 2>report
  git -C build2 log -1 --format=%B >message
  [ "$(sed -n 2,3p message)" = $'\nDiscarded values:' ]
  grep -qx '  coordination/jobs.json /jobs/id=1/assigned_to: kept build1 (published), discarded build2' message
  [ "$(grep -c discarded message)" = "$(grep -c discarded report)" ]
  # Only this commit.
  add_message build2 1
  git -C build2 commit -q --allow-empty -m next
  run ! grep -q Discarded <(git -C build2 log -1 --format=%B)
}

# bats test_tags=long
@test "an aborted merge leaves no discarded values for another one" {
  claim_twice
  in_clone build2 git fetch -q
  in_clone build2 git merge -q --no-commit origin/main 2>/dev/null
  git -C build2 merge --abort
  git -C build2 checkout -q -b other main~1
  add_message build2 1
  in_clone build2 git merge -q --no-edit main
  run ! grep -q Discarded <(git -C build2 log -1 --format=%B)
  # The same merge again, in an editor that adds nothing.
  git -C build2 checkout -q main
  in_clone build2 env GIT_EDITOR=true git merge -q --edit origin/main 2>/dev/null
  git -C build2 log -1 --format=%B >message
  [ "$(grep -c '^  coordination' message)" = "$(grep -c discarded message)" ]
  [ "$(grep -c assigned_to message)" = 1 ]
}

# bats test_tags=long
@test "a hook of the clone's own runs before prepare-commit-msg" {
  claim_twice
  cd build2
  git build init --remove >/dev/null
  printf '#!/bin/sh\nprintf "\\n\\nown\\n" >>"$1"\n' >.git/hooks/prepare-commit-msg
  chmod +x .git/hooks/prepare-commit-msg
  git build init --server build2 >/dev/null
  git pull -q --no-rebase --no-edit 2>/dev/null
  git log -1 --format=%B | grep -qx own
  git log -1 --format=%B | grep -q '^  coordination/jobs.json /jobs/id=1/assigned_to: '
}
