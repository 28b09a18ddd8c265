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
