#!/usr/bin/env bats
# JSON Lines: what may be pushed, git build validate, merges, and audits.

load helper
load guard

schema='{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "array", "x-list-type": "map", "x-list-map-keys": ["id"],
  "items": { "type": "object", "required": ["id", "status"], "x-merge-clock": "updated_at",
    "properties": {
      "id": { "type": "string", "x-immutable": true },
      "status": { "enum": ["open", "closed", "tombstone"], "x-merge": "order",
        "x-transitions": { "open": ["closed", "tombstone"], "closed": ["open", "tombstone"], "tombstone": [] } },
      "n": { "type": "integer", "x-increasing": true },
      "updated_at": { "type": "string", "x-merge": "max" } },
    "x-remove-when": { "description": "Only a tombstone may leave.", "required": ["status"],
      "properties": { "status": { "const": "tombstone" } } } } }'

# A fleet with tasks.jsonl, which has the schema.
tasks_fleet() {
  new_fleet
  what schemas/task.json "$schema"
  echo '*.jsonl build-schema=task merge=git-build' >>.gitattributes
  what tasks.jsonl '{"id": "a", "status": "open", "n": 1}
{"id": "b", "status": "closed", "n": 2}'
  accepted
}

# bats test_tags=long
@test "each line of a pushed *.jsonl or *.ndjson must be JSON" {
  new_fleet
  what log.jsonl '{"id": 1}
{"id": 2'
  refused 'log.jsonl:2:9: the line ends inside the object that was opened in column 1; } is missing'
  printf '{"id": 1}\r\n\r\n[2]\r\n"x"' >log.jsonl
  accepted
  what log.ndjson '{} {}'
  refused 'log.ndjson:1:4: { follows the end of the value; a line has only one JSON value'
  what log.ndjson '{"a": 1}
<<<<<<< HEAD'
  refused 'log.ndjson:2:1: conflict marker'
  printf '\xef\xbb\xbf{}\n' >log.ndjson
  refused 'log.ndjson:1:1: starts with a byte-order mark'
  ln -s log.jsonl link.jsonl
  refused 'link.jsonl: is a symbolic link'
  : >log.ndjson
  accepted
}

# bats test_tags=long
@test "the attribute build-format decides against the name, but not for the files of the fleet" {
  new_fleet
  printf '%s\n' '*.log build-format=lines' '/one.jsonl build-format=json' \
    'coordination/*.json build-format=lines' >>.gitattributes
  accepted
  what events.log '{} {}'
  refused 'events.log:1:4:'
  what one.jsonl '{
}'
  what events.log '{}'
  accepted
  what coordination/jobs.json '{"jobs": []}
{"jobs": []}'
  refused 'coordination/jobs.json:2:1: { follows the end of the document'
}

# bats test_tags=long
@test "a push that sets build-format must find the files in this format" {
  new_fleet
  what events.log 'no JSON'
  accepted
  echo '*.log build-format=lines' >>.gitattributes
  refused 'events.log:1:1: is not valid in the format that build-format sets: no is not a JSON value'
}

# bats test_tags=long
@test "a schema on a name that is neither JSON nor JSON Lines is refused" {
  new_fleet
  what schemas/task.json "$schema"
  what notes.txt 'text'
  accepted
  echo '*.txt build-schema=task' >>.gitattributes
  refused 'notes.txt: has a schema, but is neither JSON nor JSON Lines by its name'
  echo '*.yaml build-schema=task' >>.gitattributes
  accepted
  what a.yaml 'a: 1'
  refused 'a.yaml: has a schema, but is neither JSON nor JSON Lines by its name'
  echo '*.yaml build-format=lines' >>.gitattributes
  what a.yaml '{"id": "a", "status": "open"}'
  accepted
}

@test "each line is checked with the schema, and named by its number and its key" {
  tasks_fleet
  echo '{"id": "c", "status": "opn"}' >>tasks.jsonl
  refused 'tasks.jsonl:3:23: /id=c/status: "opn" is not one of'
  echo '{"id": "a", "status": "open"}' >>tasks.jsonl
  refused 'tasks.jsonl:3:1: /id=a: this line has the same id as line 1'
  what tasks.jsonl '{"id": "a", "status": "open"}'
  refused '/id=b: was removed. Only a tombstone may leave.'
  sed -i 's/"n": 2/"n": 1/' tasks.jsonl
  refused 'tasks.jsonl:2:38: /id=b/n: changed from 2 to 1'
  sed -i 's/"closed"/"tombstone"/' tasks.jsonl
  accepted
  sed -i '/tombstone/d' tasks.jsonl
  echo '{"id": "c", "status": "open"}' >>tasks.jsonl
  accepted
  what schemas/task.json "${schema/open\", \"closed/closed}"
  refused 'tasks.jsonl:1:23: /id=a/status: does not match the new schemas/task.json: "open"'
}

# bats test_tags=long
@test "pre-push refuses a broken line, too" {
  tasks_fleet
  git config --unset core.hooksPath
  echo '{"id": "c"' >>tasks.jsonl
  commit
  run ! git push -q origin HEAD:main
  [[ $output == *'tasks.jsonl:3:11: the line ends inside the object'* ]]
}

# bats test_tags=long
@test "git build validate checks JSON Lines with and without a schema" {
  tasks_fleet
  run -0 git build validate -v
  [[ $output == *'files are valid'* ]]
  sed -i '1s/1/"1"/' tasks.jsonl
  what notes.ndjson '{} {}'
  git add -N notes.ndjson
  run -1 git build validate
  [ "$output" = 'notes.ndjson:1:4: { follows the end of the value; a line has only one JSON value
tasks.jsonl:1:36: /id=a/n: "1" must be a whole number' ]
  run -1 git build validate tasks.jsonl notes.ndjson
  [[ $output == *'tasks.jsonl:1:36: /id=a/n:'*'notes.ndjson:1:4:'* ]]
  run -1 git build validate --json tasks.jsonl
  [ "$(jq -r '.errors[0] | .line, .instanceLocation' <<<"$output")" = $'1\n/0/n' ]
  run -1 git build validate --schema schemas/task.json tasks.jsonl
  [[ $output == 'tasks.jsonl:1:36: /id=a/n:'* ]]
  echo 'notes.txt build-schema=task' >>.gitattributes
  echo text >notes.txt
  run -1 git build validate notes.txt
  [[ $output == 'notes.txt:1:1: has a schema, but is neither JSON nor JSON Lines'* ]]
}

# A fleet with tasks.jsonl, of which tombstones may be removed after a day.
tombstone_fleet() {
  new_fleet
  what schemas/task.json "$(jq '.items.properties.deleted_at = {type: "string", "x-time": true}
    | .items["x-remove-after"] = {member: "deleted_at", seconds: 86400}' <<<"$schema")"
  echo '*.jsonl build-schema=task merge=git-build' >>.gitattributes
  what tasks.jsonl "{\"id\": \"a\", \"status\": \"tombstone\", \"deleted_at\": \"$(at '-1 hour')\"}
{\"id\": \"b\", \"status\": \"tombstone\"}
{\"id\": \"c\", \"status\": \"open\"}"
  accepted
}

@test "x-remove-after: a tombstone may be removed once it is old enough by the clock of the host" {
  tombstone_fleet
  sed -i '1d' tasks.jsonl
  refused 'tasks.jsonl:1:1: /id=a: was removed, but it may only be removed from 2' 'Z on, 86400 s after its "deleted_at"'
  sed -i '1s/"deleted_at": "[^"]*"/"deleted_at": "2020-01-01T00:00:00Z"/' tasks.jsonl
  refused 'tasks.jsonl:1:1: /id=a: its "deleted_at" was removed or set to an earlier time'
  sed -i '1d' tasks.jsonl
  later 86400 accepted
}

# bats test_tags=long
@test "x-remove-after: no time, no tombstone, and a file that is deleted" {
  tombstone_fleet
  sed -i '2d' tasks.jsonl
  refused '/id=b: was removed, but its "deleted_at" is not a time; set it first, then wait for 86400 s'
  sed -i '3d' tasks.jsonl
  refused '/id=c: was removed. Only a tombstone may leave.'
  rm tasks.jsonl
  refused '/id=a: was removed, but it may only be removed from' '/id=b: was removed, but its'
  sed -i '1s/, "deleted_at": "[^"]*"//' tasks.jsonl
  refused '/id=a: its "deleted_at" was removed or set to an earlier time'
  sed -i "2s/}/, \"deleted_at\": \"$(at '-25 hours')\"}/; 1s/a\", /a\", \"note\": 1, /" tasks.jsonl
  accepted
  sed -i '2d' tasks.jsonl
  accepted
}

# bats test_tags=long
@test "x-remove-after: the audit finds a tombstone that was removed too early" {
  tombstone_fleet
  git -C "$TMP/fleet.git" config core.hooksPath /dev/null
  sed -i '1d' tasks.jsonl
  accepted
  run -1 git build audit
  [[ $output == *'tasks.jsonl'*'/id=a: was removed, but it may only be removed from'* ]]
}

# bats test_tags=long
@test "x-remove-after: a schema with a wrong value is refused with its location" {
  tombstone_fleet
  sed -i 's/86400/0/' schemas/task.json
  refused 'schemas/task.json:' '"seconds" must be a whole number from 1 to 3155760000'
  jq '.["x-append-only"] = true' schemas/task.json >"$TMP/s" && cp "$TMP/s" schemas/task.json
  refused 'a list with "x-append-only" cannot have elements with "x-remove-after"'
}

# bats test_tags=long
@test "x-remove-after: a removed tombstone does not return in a merge, and its record only if it was changed" {
  tombstone_fleet
  two_clones
  sed -i '1d' tasks.jsonl
  later 90000 accepted
  cd "$TMP/build2"
  sed -i '1s/}/, "note": "x"}/; 3s/}/, "n": 1}/' tasks.jsonl
  commit
  later 90000 run -0 git pull -q --no-rebase --no-edit
  [[ $output == *'tasks.jsonl /id=a: removed, because one side removed this tombstone; discarded {"id": "a"'* ]]
  git log -1 --format=%B | grep '/id=a: removed, because one side removed this tombstone'
  [ "$(cat tasks.jsonl)" = '{"id": "b", "status": "tombstone"}
{"id": "c", "status": "open", "n": 1}' ]
  later 90000 git push -q origin HEAD:main
}

# A fleet with log.jsonl, which only grows.
log_fleet() {
  new_fleet
  what schemas/log.json '{
  "type": "array", "x-append-only": true, "x-list-type": "map", "x-list-map-keys": ["id"],
  "items": {"type": "object", "required": ["id"], "properties": {"n": {"type": "integer"}}}}'
  echo 'log.jsonl build-schema=log merge=git-build' >>.gitattributes
  printf '{"id": "%s", "n": 1}\n' a b >log.jsonl
  accepted
}

@test "x-append-only: lines may only be added at the end" {
  log_fleet
  sed -i '1s/1/2/' log.jsonl
  refused 'log.jsonl:1:1: this line was changed or removed; x-append-only'
  sed -i '1s/ //' log.jsonl
  refused 'log.jsonl:1:1: this line was changed or removed'
  sed -i '2d' log.jsonl
  refused 'log.jsonl:2:1: this line was changed or removed'
  sed -i '1a {"id": "c"}' log.jsonl
  refused 'log.jsonl:2:1: this line was changed or removed'
  rm log.jsonl
  refused 'log.jsonl: element 0 was changed or removed'
  printf '{"id": "c"}\n\n{"id": "d"}' >>log.jsonl
  accepted
  # The last line does not end yet: more bytes would change it.
  printf '{"id": "e"}\n' >>log.jsonl
  refused 'log.jsonl:5:12: { follows the end of the value'
  printf '\n{"id": "e"}\n' >>log.jsonl
  accepted
}

# bats test_tags=long
@test "x-append-only: added lines are checked like all others" {
  log_fleet
  echo '{"id": "c", "n": "1"}' >>log.jsonl
  refused 'log.jsonl:3:18: /id=c/n: "1" must be a whole number'
  echo '{"id": "c"' >>log.jsonl
  refused 'log.jsonl:3:11: the line ends inside the object'
  echo '{"id": "a"}' >>log.jsonl
  refused 'log.jsonl:3:1: /id=a: this line has the same id as line 1'
  printf '{"id": "c"}\n{"id": "c"}\n' >>log.jsonl
  refused 'log.jsonl:4:1: /id=c: this line has the same id as line 3'
  echo '{"id": "\u0061"}' >>log.jsonl
  refused 'log.jsonl:3:1: /id=a: this line has the same id as line 1'
  echo '{"id": "\u0063"}' >>log.jsonl
  accepted
  echo '{"id": "c"}' >>log.jsonl
  refused 'log.jsonl:4:1: /id=c: this line has the same id as line 3'
  # Several commits in one push.
  echo '{"id": "d"}' >>log.jsonl
  commit
  echo '{"id": "e", "n": []}' >>log.jsonl
  commit
  push_refused 'log.jsonl:5:18: /id=e/n:' -- HEAD:main
}

# bats test_tags=long
@test "x-append-only: only the added lines of a push are parsed" {
  log_fleet
  # An invalid line that was pushed before is not read.
  git -C "$TMP/fleet.git" config core.hooksPath /dev/null
  echo 'no JSON' >>log.jsonl
  accepted
  git -C "$TMP/fleet.git" config --unset core.hooksPath
  echo '{"id": "c"}' >>log.jsonl
  accepted
  sed -i '1s/1/2/' log.jsonl
  refused 'log.jsonl:3:1: no is not a JSON value'
}

# bats test_tags=long
@test "x-append-only: a merge puts the published lines first, so that it can be pushed" {
  log_fleet
  two_clones
  printf '{"id": "z", "n": %d}\n' 26 >>log.jsonl
  accepted
  cd "$TMP/build2"
  echo '{"id": "c"}' >>log.jsonl
  commit
  git pull -q --no-rebase --no-edit
  [ "$(tail -n 2 log.jsonl)" = '{"id": "z", "n": 26}
{"id": "c"}' ]
  git push -q origin HEAD:main
  cd "$TMP/build1"
  echo '{"id": "y"}' >>log.jsonl
  commit
  git pull -q --rebase
  [ "$(tail -n 2 log.jsonl)" = '{"id": "c"}
{"id": "y"}' ]
  git push -q origin HEAD:main
}

# two_clones: a second clone in $TMP/build2, with the merge driver in both.
two_clones() {
  git clone -q "file://$TMP/fleet.git" "$TMP/build2"
  (cd "$TMP/build2" && git build init --server build2 >/dev/null 2>&1 && git pull -q --ff-only)
  git pull -q --ff-only origin main
}

@test "git pull merges the records that two clones have appended and changed" {
  tasks_fleet
  two_clones
  echo '{"id": "d", "status": "open", "updated_at": "2026-01-02T00:00:00Z"}' >>tasks.jsonl
  sed -i '1s/"n": 1/"n": 5/' tasks.jsonl
  accepted
  cd "$TMP/build2"
  echo '{"id":"c","status":"open","updated_at":"2026-01-01T00:00:00Z"}' >>tasks.jsonl
  sed -i '2s/closed/open/' tasks.jsonl
  commit
  git pull -q --no-rebase --no-edit
  [ "$(cat tasks.jsonl)" = '{"id": "a", "status": "open", "n": 5}
{"id": "b", "status": "open", "n": 2}
{"id":"c","status":"open","updated_at":"2026-01-01T00:00:00Z"}
{"id": "d", "status": "open", "updated_at": "2026-01-02T00:00:00Z"}' ]
  git push -q origin HEAD:main
}

# bats test_tags=long
@test "without a schema, records are matched by a unique id, and only a line that both changed is a conflict" {
  new_fleet
  echo '*.log build-format=lines merge=git-build' >>.gitattributes
  printf '{"id": %d, "n": 0}\n' 1 2 3 >x.log
  accepted
  two_clones
  sed -i '2s/"n": 0/"n": 1/' x.log
  echo '{"id": 5}' >>x.log
  accepted
  cd "$TMP/build2"
  sed -i '2s/"n": 0/"n": 2/; 3s/"n": 0/"n": 3/' x.log
  echo '{"id": 4}' >>x.log
  commit
  run ! git pull -q --no-rebase --no-edit
  [ "$(sed 's/^\([<>]*\) .*/\1/' x.log)" = '{"id": 1, "n": 0}
<<<<<<<
{"id": 2, "n": 2}
=======
{"id": 2, "n": 1}
>>>>>>>
{"id": 3, "n": 3}
{"id": 4}
{"id": 5}' ]
}

# bats test_tags=long
@test "a torn last line is a conflict in a merge, and nothing is lost" {
  tasks_fleet
  two_clones
  echo '{"id": "c", "status": "open"}' >>tasks.jsonl
  accepted
  cd "$TMP/build2"
  printf '{"id": "d", "status": "open"}\n{"id": "e", "sta' >>tasks.jsonl
  commit
  run ! git pull -q --no-rebase --no-edit
  [[ $output == *'tasks.jsonl:4:13: the line ends inside this string'* ]]
  grep -q '"id": "c"' tasks.jsonl
  grep -q '"id": "d"' tasks.jsonl
  grep -q '^<<<<<<<' tasks.jsonl
}

# bats test_tags=long
@test "git build audit finds broken lines in the history, and how long they stayed" {
  tasks_fleet
  git -C "$TMP/fleet.git" config core.hooksPath /dev/null
  echo '{"id": "c"' >>tasks.jsonl
  accepted
  sed -i '$d' tasks.jsonl
  accepted
  run git build audit
  [[ $output == *'tasks.jsonl:3:11: the line ends inside the object'* ]]
}
