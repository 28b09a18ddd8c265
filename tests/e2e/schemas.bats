#!/usr/bin/env bats
# docs/schemas.md: its example works, and it documents every annotation and built-in schema.

load helper
load guard

# Write the JSON block of docs/schemas.md that is marked as FILE to FILE.
from_the_page() {
  mkdir -p "$(dirname "$1")"
  awk -v mark="<!-- $1 -->" '
    $0 == mark { marked = 1 }
    /^```$/ && inside { exit }
    inside { print }
    /^```json$/ && marked { inside = 1 }
  ' "$SOURCE_DIR/docs/schemas.md" >"$1"
  [ -s "$1" ]
}

@test "the file of the example is valid by the schema of the example, without a repository" {
  from_the_page schemas/printer.json
  from_the_page printers/lobby.json
  run -0 git build validate --schema schemas/printer.json printers/lobby.json
  edit printers/lobby.json '.state = "redy"'
  run -1 git build validate --schema schemas/printer.json printers/lobby.json
  [[ $output == *'did you mean "ready"?'* ]]
}

# bats test_tags=long
@test "in a fleet, invalid changes of the example are refused, and the others are accepted" {
  new_fleet
  from_the_page schemas/printer.json
  from_the_page printers/lobby.json
  echo 'printers/*.json build-schema=printer merge=git-build' >>.gitattributes
  accepted
  edit printers/lobby.json '.pages = 1100'
  refused /pages "it may only increase"
  edit printers/lobby.json '.name = "hall"'
  refused /name "it may not change once it is set"
  edit printers/lobby.json 'del(.queue[1])'
  refused "Only a printed sheet may be removed from the queue."
  edit printers/lobby.json '.queue += [{"id": "a"}]'
  refused "has the same id as element 0"
  edit printers/lobby.json 'del(.queue[0])'
  accepted
}

# bats test_tags=long
@test "the example with tombstones: a task returns by no push or merge, and is removed after a month" {
  new_fleet
  from_the_page schemas/task.json
  from_the_page tasks.jsonl
  run -0 git build validate --schema schemas/task.json tasks.jsonl
  echo 'tasks.jsonl build-schema=task merge=git-build' >>.gitattributes
  accepted
  echo '{"id": "t3", "status": "tombstone", "updated_at": "2026-05-11T08:00:00Z"}' >>tasks.jsonl
  refused 'tasks.jsonl:3:1: /id=t3: the member "deleted_at" is missing'
  sed -i '/t1/d' tasks.jsonl
  refused "/id=t1: was removed. Set the status of the task to tombstone first."
  sed -i 's/tombstone/open/' tasks.jsonl
  refused '"tombstone" is final'
  now=$(date -u -d 2026-06-09 +%s)
  sed -i '/t2/d' tasks.jsonl
  GIT_BUILD_TEST_NOW=$now refused '/id=t2: was removed, but it may only be removed from 2026-06-10T08:00:00Z on'
  sed -i '/t2/d' tasks.jsonl
  GIT_BUILD_TEST_NOW=$((now + 2 * 86400)) accepted
}

@test "the page documents every built-in schema and every annotation" {
  git build schema list --json | jq -r '.schemas[].name' >names
  [ "$(wc -l <names)" -ge 8 ]
  grep -ohE '"x-[a-z-]+"' "$SOURCE_DIR/src/schema/annotation.c" | tr -d '"' | sort -u >>names
  while IFS= read -r name; do
    grep -q -- "\`$name\`" "$SOURCE_DIR/docs/schemas.md" || { echo "docs/schemas.md lacks $name" && false; }
  done <names
}
