#!/usr/bin/env bats
# Custom schemas of a repository: which files they check, and how they may change.

load helper
load guard

# A schema for tools/*.json: each tool has a name, and its version only increases.
schema_fleet() {
  new_fleet
  what schemas/tools.json '{
  "type": "object",
  "required": ["name"],
  "properties": {
    "name": {"type": "string", "x-immutable": true},
    "version": {"type": "integer", "x-increasing": true}
  }
}'
  echo 'tools/*.json build-schema=tools' >>.gitattributes
  what tools/gcc.json '{"name": "gcc", "version": 12}'
  accepted
}

# bats test_tags=long
@test "a file with a schema in .gitattributes is checked with it, including annotations" {
  schema_fleet
  what tools/gcc.json '{"version": 13}'
  refused 'tools/gcc.json:1:1:' '"name"'
  what tools/gcc.json '{"name": "gcc", "version": 11}'
  refused '/version: changed from 12 to 11'
  what tools/gcc.json '{"name": "clang", "version": 12}'
  refused '/name: changed from "gcc" to "clang"'
  what tools/gcc.json '{"name": "gcc", "version": 13}'
  accepted
}

# bats test_tags=long
@test "a push cannot relax the rules that apply to it: the schemas and attributes of the old tip are used" {
  schema_fleet
  what schemas/tools.json 'true'
  what tools/gcc.json '{"version": 1}'
  refused "tools/gcc.json:1:1:"
  sed -i '/tools/d' .gitattributes
  what tools/gcc.json '{"version": 1}'
  refused "tools/gcc.json:1:1:"
  # In two pushes it can: the first is a visible change of the rules.
  sed -i '/tools/d' .gitattributes
  accepted
  what tools/gcc.json '{"version": 1}'
  accepted
}

@test "a time that does not exist is not accepted, and the refusal names what is right" {
  new_fleet
  local hooks=$TMP/fleet.git/hooks case time right
  for case in '2025-02-30T00:00:00Z|February 2025 has 28 days; write 01 to 28 as the day' \
    '2025-13-01T00:00:00Z|a year has 12 months; write 01 to 12 as the month' \
    '2025-10-29T24:00:00Z|a day has 24 hours; write 00 to 23 as the hour' \
    '2025-10-29T23:59:61Z|a minute has 60 seconds; write 00 to 59 as the second' \
    '2025-10-29T15:39:13.979587|the time zone is missing; add Z for UTC'; do
    time=${case%|*} right="/locks/x/expires_at: \"${case%|*}\" is not a time: ${case#*|}"
    what coordination/locks.json '{"locks": {"x": {"locked_by": "build1", "locked_at": null, "expires_at": "'"$time"'"}}}'
    run -1 git build validate
    [[ $output == *"$right"* ]]
    git config --unset core.hooksPath
    mv "$hooks/pre-receive" "$TMP/kept"
    commit
    push_refused "$right" 'nothing was pushed' -- HEAD:main # by pre-push alone
    mv "$TMP/kept" "$hooks/pre-receive"
    git config core.hooksPath /dev/null
    push_refused "$right" -- HEAD:main
    [[ $output != *'[0-9]'* ]]
    git reset -q --hard origin/main
  done
}

# bats test_tags=long
@test "a changed schema must compile, and must accept the existing files" {
  schema_fleet
  what schemas/tools.json '{"type": "objekt"}'
  refused "schemas/tools.json:1:10:" 'did you mean "object"?'
  what schemas/tools.json '{"type":'
  refused "schemas/tools.json:2:1:"
  what schemas/tools.json '{"properties": {"version": {"minimum": 20}}}'
  refused "tools/gcc.json:1:28: /version: does not match the new schemas/tools.json"
  what schemas/tools.json '{"properties": {"version": {"minimum": 20}}}'
  what tools/gcc.json '{"name": "gcc", "version": 20}'
  accepted
  what schemas/other.json '{"x-merge": "never"}'
  refused "schemas/other.json:1:13:" "x-merge"
}

@test "schemas may reference each other by file name" {
  new_fleet
  what schemas/name.json '{"type": "string", "minLength": 2}'
  what schemas/tools.json '{"properties": {"name": {"$ref": "name.json"}}}'
  echo 'tools/*.json build-schema=tools' >>.gitattributes
  accepted
  what tools/a.json '{"name": "a"}'
  refused "tools/a.json:1:10: /name"
  what schemas/lost.json '{"$ref": "nowhere.json"}'
  refused "schemas/lost.json:1:" "nowhere.json"
}

# bats test_tags=long
@test "attributes cannot disable a built-in schema, and only an operator can replace one" {
  new_fleet
  some_jobs
  echo 'coordination/*.json -build-schema' >>.gitattributes
  accepted
  edit coordination/jobs.json '.jobs[0].status = "nothing"'
  refused "/jobs/0/status"
  identify ada
  what schemas/jobs.json 'true'
  as build1 refused "schemas/jobs.json: replaces the built-in schema 'jobs'" "build.operators"
  what schemas/jobs.json 'true'
  as ada accepted
  edit coordination/jobs.json '.jobs[0].colour = "green" | .jobs[0].status = "nothing"'
  as build1 accepted
}

# Both hooks refuse, or accept, the push of all changes.
both_refuse() {
  git config --unset core.hooksPath
  commit
  push_refused "$@" 'nothing was pushed' -- HEAD:main
  git config core.hooksPath /dev/null
  push_refused "$@" 'push rejected: fix the error' -- HEAD:main
  run -1 git build validate --range origin/main..HEAD
  [[ $output == *"$1"* ]]
  git reset -q --hard origin/main
}

both_accept() {
  git config --unset core.hooksPath
  commit
  run -0 git build validate --range origin/main..HEAD
  git push -q origin HEAD:main
  git config core.hooksPath /dev/null
}

comments=$'{\n  // strict\n  "strict": true\n}'

@test "a file that -build-schema exempts need not be JSON, once the shared branch has the attribute" {
  new_fleet
  what web/tsconfig.json "$comments"
  both_refuse 'web/tsconfig.json:2:3:'
  echo 'tsconfig.json -build-schema' >>.gitattributes
  what web/tsconfig.json "$comments"
  both_refuse 'web/tsconfig.json:2:3:' 'counts once the shared branch has it'
  echo 'tsconfig.json -build-schema' >>.gitattributes
  commit
  what web/tsconfig.json "$comments"
  both_refuse 'web/tsconfig.json:2:3:' # in a separate commit, too
  echo 'tsconfig.json -build-schema' >>.gitattributes
  both_accept
  what web/tsconfig.json "$comments"
  run -0 git build validate web/tsconfig.json
  both_accept
  what web/other.json "$comments"
  both_refuse 'web/other.json:2:3:'
  git push -q origin HEAD:refs/heads/topic
  ln -s web/tsconfig.json tsconfig.json
  both_accept
  # The limit of the size applies to every file.
  git -C ../fleet.git config build.maxFileSize 2000
  what web/tsconfig.json "$comments $(printf '%02000d' 1)"
  refused 'web/tsconfig.json: has' 'build.maxFileSize'
  # Without the attribute, the next version must be valid.
  sed -i '/tsconfig/d' .gitattributes
  accepted
  what web/tsconfig.json "$comments "
  refused 'web/tsconfig.json:2:3:'
}

@test "no attribute exempts a file of the fleet, or a schema" {
  new_fleet
  local file
  printf '* -build-schema\n*.json -build-schema\n' >>.gitattributes
  both_accept
  for file in coordination/{jobs,locks,messages}.json coordination/archive/{jobs-1,other}.json \
    build1/{status,heartbeat}.json build1/logs/1-artifacts.json shared/build_config.json schemas/new.json; do
    what "$file" "$comments"
    refused "$file:2:3:"
  done
  what free.json "$comments"
  both_accept
}

# bats test_tags=long
@test "only in the directory of a server, status.json and heartbeat.json are those of a server" {
  new_fleet
  what tasks/status.json '{"status": "three of seven", "tasks": [1, 2]}'
  what tasks/heartbeat.json '{"bpm": 60}'
  what a/b/status.json '{"server": "b"}'
  what docs/list.json '[]'
  both_accept
  run -0 git build validate
  run -128 git build validate tasks/status.json
  edit tasks/status.json '.tasks = []'
  both_accept
  # A merge keeps the changes of both sides, although .gitattributes has */status.json.
  git checkout -q -b side
  edit tasks/status.json '.left = 1'
  commit
  git checkout -q main
  edit tasks/status.json '.right = 2'
  commit
  git merge -q --no-edit side
  jq -e '.left == 1 and .right == 2' tasks/status.json
  git push -q origin HEAD:main
  # Another schema can be given to it.
  what schemas/tasks.json '{"required": ["tasks"]}'
  echo 'tasks/status.json build-schema=tasks' >>.gitattributes
  both_accept
  what tasks/status.json '{}'
  both_refuse 'tasks/status.json:1:1:' '"tasks"'
}

# bats test_tags=long
@test "the files of a server are always checked, also those of a new one, and those that no longer name it" {
  new_fleet
  what build1/status.json '{"status": "idle"}'
  both_refuse 'build1/status.json:1:1:' '"server"'
  git rm -q build1/heartbeat.json
  git commit -q -m 'No heartbeat here'
  git push -q origin HEAD:main
  what build1/status.json '{"status": "idle"}'
  run -1 git build validate
  both_refuse 'build1/status.json:1:1:' '"server"'
  what build9/status.json '{"server": "build9", "status": "resting"}'
  both_refuse 'build9/status.json:1:1:' '"timestamp"'
  what build9/status.json '{"status": "resting"}'
  what build9/heartbeat.json '{"server": "build9", "timestamp": "2026-01-01T00:00:00Z", "healthy": true}'
  both_refuse 'build9/status.json:1:1:' '"server"'
  what tasks/status.json '{"tasks":'
  both_refuse 'tasks/status.json:2:1:'
  git push -q origin HEAD:refs/heads/other
  git checkout -q --orphan heartbeat-build8
  git rm -rfq .
  what build8/heartbeat.json '{"healthy": true}'
  commit
  push_refused 'build8/heartbeat.json:1:1:' '"server"' -- HEAD:heartbeat-build8
}

# bats test_tags=long
@test "no push takes the directory of a server out of the fleet, or leaves a wrong file in that of a new one" {
  new_fleet
  # The directory is a server's in each commit, even if it is empty in between.
  git rm -q build1/status.json build1/heartbeat.json
  commit
  what build1/status.json '{"tasks": []}'
  both_refuse 'build1/status.json:1:1:' '"server"'
  echo 'build1/*.json -build-schema -merge' >>.gitattributes
  accepted
  what build1/status.json '{"tasks": []}'
  what build1/heartbeat.json '{"tasks": []}'
  both_refuse 'build1/status.json:1:1:' 'build1/heartbeat.json:1:1:'
  ln -sf ../README build1/status.json
  both_refuse 'build1/status.json: is a symbolic link'
  # status.json is not changed, but only now is that of a server.
  what plans/status.json '{"status": "resting"}'
  both_accept
  what plans/heartbeat.json '{"server": "plans", "timestamp": "2026-01-01T00:00:00Z", "healthy": true}'
  both_refuse 'plans/status.json:1:1:' '"server"'
  what docs/status.json/list.json '[]'
  both_accept
  what docs/heartbeat.json '{"server": "docs", "timestamp": "2026-01-01T00:00:00Z", "healthy": true}'
  both_accept
  what plans/heartbeat.json '{"server": "plans", "timestamp": "2026-01-01T00:00:00Z", "healthy": true}'
  edit build1/status.json '.status = "idle"'
  commit
  run -1 --separate-stderr git build audit --json HEAD~1..HEAD
  jq -e '[.commits[].violations[].file] | unique == ["plans/status.json"]' <<<"$output"
}

@test "a schema must accept a file that was exempt" {
  new_fleet
  echo 'tools/*.json -build-schema' >>.gitattributes
  accepted
  what tools/a.json "$comments"
  accepted
  what schemas/tools.json '{"type": "object"}'
  sed -i 's/ -build-schema/ build-schema=tools/' .gitattributes
  refused 'tools/a.json:2:3: does not match the new schemas/tools.json'
  what schemas/tools.json '{"type": "object"}'
  sed -i 's/ -build-schema/ build-schema=tools/' .gitattributes
  what tools/a.json '{}'
  accepted
}
