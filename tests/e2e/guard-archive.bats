#!/usr/bin/env bats
# Finished jobs and read messages are moved to an archive, and stay there.

load helper
load guard

# move FILE ARCHIVE LIST ID [FILTER]: move one element from FILE to ARCHIVE, changed by FILTER.
move() {
  local element
  element=$(jq ".$3[] | select(.id == \"$4\") | ${5:-.}" "$1")
  mkdir -p coordination/archive
  [ -e "$2" ] || echo "{\"$3\": []}" >"$2"
  edit "$2" ".$3 += [$element]"
  edit "$1" "del(.$3[] | select(.id == \"$4\"))"
}

# bats test_tags=long
@test "finished elements may only be moved to an archive, unchanged" {
  new_fleet
  some_jobs
  accepted
  jobs=coordination/jobs.json archive=coordination/archive/jobs-2026-01.json
  edit $jobs 'del(.jobs[] | select(.id == "c"))'
  refused "$jobs:" "/jobs/id=c: was removed, but not archived unchanged in coordination/archive/jobs-*.json" "git build archive"
  git rm -q $jobs
  refused "/jobs/id=c: was removed, but not archived unchanged in coordination/archive/jobs-*.json"
  move $jobs $archive jobs c '.type = "test"'
  refused "$jobs:" "/jobs/id=c: was removed"
  move $jobs coordination/archive/old-jobs.json jobs c
  refused "/jobs/id=c: was removed"
  move $jobs $archive jobs q
  refused "/jobs/id=q: was removed. Only finished jobs may be removed from the queue."
  move $jobs $archive jobs c
  git checkout -q HEAD $jobs
  accepted
  edit $jobs 'del(.jobs[] | select(.id == "c"))'
  accepted
}

# bats test_tags=long
@test "nothing may be removed from an archive or changed in it" {
  new_fleet
  some_jobs
  accepted
  archive=coordination/archive/jobs-2026-01.json
  move coordination/jobs.json $archive jobs c
  accepted
  edit $archive '.jobs[0].note = "x"'
  refused "$archive:" "/jobs/id=c: changed from" "archived elements may not change"
  edit $archive '.jobs = []'
  refused "$archive:" "/jobs/id=c: was removed from an archive; archived elements may not be removed"
  git rm -q $archive
  refused "$archive: /jobs/id=c: was removed from an archive"
  move $archive coordination/archive/jobs-2026-02.json jobs c
  refused "/jobs/id=c: was removed from an archive"
}

# bats test_tags=long
@test "a server archives elements of others, but adds none in their name" {
  new_fleet
  some_jobs
  some_messages
  accepted
  identify operator
  move coordination/messages.json coordination/archive/messages-2026-01.json messages m2
  move coordination/jobs.json coordination/archive/jobs-2026-01.json jobs c
  as build3 accepted
  what coordination/archive/messages-2026-02.json '{"messages": [{"id": "f", "from": "build2", "to": "build1", "timestamp": "2026-02-01T00:00:00Z", "read": true}]}'
  as build1 refused "/messages/id=f: is from build2; build1 may send only as itself"
  what coordination/archive/jobs-2026-02.json '{"jobs": [{"id": "f", "status": "completed", "assigned_to": "build2"}]}'
  as build1 refused "/jobs/id=f: is claimed for build2"
}

@test "a custom schema can have archives too" {
  new_fleet
  what schemas/sheets.json '{"type": "object", "properties": {"sheets": {"type": "array",
    "x-list-type": "map", "x-list-map-keys": ["id"],
    "items": {"type": "object", "x-remove-when": {"required": ["printed"]}, "x-archive": "printed/"}}}}'
  echo '*/sheets*.json build-schema=sheets' >>.gitattributes
  what office/sheets.json '{"sheets": [{"id": "a", "printed": 1}, {"id": "b"}]}'
  accepted
  edit office/sheets.json '.sheets = [.sheets[1]]'
  refused "office/sheets.json:" "/sheets/id=a: was removed, but not archived unchanged in printed/*.json"
  what printed/sheets-1.json '{"sheets": [{"id": "a", "printed": 1}]}'
  edit office/sheets.json '.sheets = [.sheets[1]]'
  accepted
  what printed/sheets-1.json '{"sheets": []}'
  refused "printed/sheets-1.json:" "/sheets/id=a: was removed from an archive"
}
