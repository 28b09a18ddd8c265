#!/usr/bin/env bats
# git build validate and schema: files are checked against schemas, in and outside of a repository.

load helper
load guard

own_schema() {
  what name.schema.json '{"$schema": "http://json-schema.org/draft-07/schema#", "required": ["name"], "properties": {"name": {"type": "string"}, "state": {"enum": ["open", "closed"]}, "since": {"format": "date"}}}'
}

# bats test_tags=long
@test "outside of a repository, with a given schema: valid 0, invalid 1, unusable schema 128, usage 129" {
  own_schema
  what good.json '{"name": "x"}'
  what bad.json '{"name": 1,
  "state": "opn"}'
  run -0 git build validate --schema name.schema.json good.json
  [ -z "$output" ]
  run -1 git build validate --schema name.schema.json good.json bad.json
  [ "${lines[0]}" = 'bad.json:1:10: /name: 1 must be a string' ]
  [[ ${lines[1]} == 'bad.json:2:12: /state: "opn" is not one of open, closed; did you mean "open"?' ]]
  what broken.schema.json '{"type": "strin"}'
  run -128 git build validate --schema broken.schema.json good.json
  [[ $output == *'broken.schema.json:1:10:'*'did you mean "string"?'* ]]
  run -128 git build validate --schema nosuch.json good.json
  run -128 git build validate --schema name.schema.json nosuch.json
  run -129 git build validate --schema name.schema.json
  run -129 git build validate --staged good.json
  run -129 git build validate --map nonsense good.json
}

@test "standard input, malformed JSON, and --format" {
  own_schema
  run -0 git build validate -s name.schema.json - <<<'{"name": "x", "since": "tomorrow"}'
  run -1 git build validate -s name.schema.json --format - <<<'{"name": "x", "since": "tomorrow"}'
  [[ $output == '<stdin>:1:24: /since: '*date* ]]
  run -1 git build validate -s name.schema.json - <<<'{"name": "x",}'
  [[ $output == '<stdin>:1:14:'* ]]
  run -1 git build validate -s name.schema.json - </dev/null
}

# bats test_tags=long
@test "--json prints the basic output of the specification with locations; --max-errors limits it" {
  own_schema
  what bad.json '{"name": 1, "state": "opn"}'
  git build validate --json -s name.schema.json bad.json >out || [ $? = 1 ]
  [ "$(jq -r '.valid' out)" = false ]
  [ "$(jq -c '.errors[0] | [.file, .line, .column, .instanceLocation, .keywordLocation]' out)" = \
    '["bad.json",1,10,"/name","/properties/name/type"]' ]
  run -1 git build validate --max-errors 1 -s name.schema.json bad.json
  [ "${#lines[@]}" = 2 ]
  [ "${lines[1]}" = "bad.json: and 1 more" ]
  what bad.json '{'
  git build validate --json -s name.schema.json bad.json >out || [ $? = 1 ]
  [ "$(jq -c '.errors[0] | [.line, .column]' out)" = '[2,1]' ]
}

@test "references are resolved in neighboring files and with --map, and nowhere else" {
  what a.json '{"$ref": "b.json#/$defs/n"}'
  what b.json '{"$defs": {"n": {"type": "number"}}}'
  what c.json '{"$ref": "https://example.org/s/b.json#/$defs/n"}'
  run -0 git build validate -s a.json - <<<'1'
  run -1 git build validate -s a.json - <<<'"x"'
  run -128 git build validate -s c.json - <<<'1'
  [[ $output == *'c.json:1:10:'*'https://example.org/s/b.json'* ]]
  run -0 git build validate -s c.json --map https://example.org/s/=. - <<<'1'
  run -1 git build validate -s c.json --map https://example.org/s/=. - <<<'"x"'
}

# bats test_tags=long
@test "in a repository, each file is checked with its own schema; --staged checks the staged content" {
  new_fleet
  some_jobs
  what schemas/tool.json '{"required": ["name"]}'
  echo 'tools/*.json build-schema=tool' >>.gitattributes
  what tools/a.json '{"name": "a"}'
  what free.json 'not judged'
  git add -A
  run -0 git build validate -v
  [[ $output == *" of "*" files are valid" ]]
  what tools/a.json '{}'
  run -1 git build validate
  [[ $output == 'tools/a.json:1:1: '*'"name"'* ]]
  run -0 git build validate --staged
  cd tools
  run -1 git build validate a.json
  cd ..
  git add -A
  run -1 git build validate --staged
  run -128 git build validate free.json
  [[ $output == *"free.json has no schema"* ]]
}

# bats test_tags=long
@test "--range checks commits as the hook would check a push of them" {
  new_fleet
  some_messages
  accepted
  run -0 git build validate --range origin/main..HEAD
  what coordination/messages.json '{"messages": []}'
  what broken.json '{'
  commit
  run -1 git build validate --range origin/main..HEAD
  [[ $output == *"broken.json:2:1:"*"/messages/id=m1: was removed"* ]]
  git build validate --json --range origin/main.. >out || [ $? = 1 ]
  [ "$(jq -c '[.errors[].kind] | unique' out)" = '["broken","removed"]' ]
  run -1 git build validate --range 0000000000000000000000000000000000000000..HEAD
  [[ $output == *"broken.json:2:1:"* ]]
  git -c build.identity=env:WHO -c build.operators=ada build validate --range origin/main~1..origin/main
  WHO=build2 run -1 git -c build.identity=env:WHO build validate --range origin/main~1..origin/main
  [[ $output == *"may send only as itself"* ]]
  run -128 git build validate --range nowhere..HEAD
}

# bats test_tags=long
@test "the built-in schemas are listed and shown, and each is valid by its own draft" {
  run -0 git build schema list
  for name in artifacts heartbeat status jobs locks messages build_config health_dashboard message_stats; do
    [[ $output == *"$name"* ]]
    git build schema show "$name" >shown.json
    cmp shown.json "$SOURCE_DIR/src/schema/builtin/$name.json"
    [ "$(git build schema list --json | jq -r --arg n "$name" '.schemas[] | select(.name == $n).description')" = \
      "$(jq -r .description shown.json)" ]
  done
  run -128 git build schema show job
  [[ $output == *'jobs'* ]]
  run -129 git build schema show
}
