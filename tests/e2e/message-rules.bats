#!/usr/bin/env bats
# git build message rules: automatic replies, sent once, and never in an endless exchange.

load helper

setup() {
  e2e_setup
  fleet_of build1 build2 >/dev/null 2>&1
  cat >rules.json <<'END'
{ "rules": [
  { "name": "ping", "type": "request", "contains": "ARE you there", "reply": "I am." },
  { "name": "chatter", "from": "build2", "type": "info", "read": true } ] }
END
  cd build1 || return
}

messages() { git -C "$TMP/fleet.git" show main:coordination/messages.json | jq -c ".messages[] | $1"; }
send() { git -C "$TMP/build2" build message send --to build1 "$@"; }

# bats test_tags=long
@test "the first rule that matches replies or marks as read; other messages are kept" {
  ping=$(send --type request --subject "Hello" --body "Build1, are you there?")
  chat=$(send --type info --subject "Nice weather")
  other=$(send --type warning --subject "Disk")
  run -0 git build message rules ../rules.json --dry-run
  [ "$output" = "$ping from build2: would be answered, rule ping"$'\n'"$chat from build2: would be read, rule chatter" ]
  [ "$(messages 'select(.read)' | wc -l)" = 0 ]
  run -0 git build message rules ../rules.json --json
  jq -e --arg p "$ping" '.applied | length == 2 and .[0].message == $p and .[0].reply == "I am."' <<<"$output"
  messages "select(.in_reply_to == \"$ping\")" | jq -e '.from == "build1" and .to == "build2" and .body == "I am." and .auto == true'
  [ "$(messages 'select(.read) | .id' | sort)" = "$(printf '"%s"\n' "$ping" "$chat" | sort)" ]
  [ "$(git build message inbox --json | jq -r '.messages[].id')" = "$other" ]
  run -0 git build message rules ../rules.json
  [ -z "$output" ]
}

# bats test_tags=long
@test "two servers whose rules would reply to each other stop after one reply each" {
  echo '{ "rules": [ { "reply": "What?" } ] }' >../talk.json
  git build message send -q --to build2 --subject "hello" >/dev/null
  for _ in 1 2 3 4; do
    for id in build1 build2; do git -C "$TMP/$id" build message rules -q "$TMP/talk.json"; done
  done
  [ "$(messages . | wc -l)" = 2 ]
}

# bats test_tags=long
@test "many processes at the same time send one reply" {
  send --type request --subject "are you there" >/dev/null
  for _ in 1 2 3 4 5 6; do git build message rules -q ../rules.json & done
  wait
  [ "$(messages 'select(.auto)' | wc -l)" = 1 ]
}

# bats test_tags=long
@test "the rules of the fleet, those in git config, and none" {
  run -128 git build message rules
  [[ $output == *"shared/message_rules.json"* ]]
  git pull -q
  cp ../rules.json shared/message_rules.json
  git add shared
  git commit -qm "Rules"
  git push -q --no-verify origin main
  send --type info --subject "x" >/dev/null
  run -0 git build message rules
  [[ $output == *"read, rule chatter" ]]
  git config build.messageRules "$TMP/own.json"
  echo '{ "rules": [] }' >../own.json
  send --type info --subject "y" >/dev/null
  run -0 git build message rules -v
  [ "$output" = "no rule matches" ]
}

@test "invalid rules are refused with their location, here and by the shared repository" {
  echo '{ "rules": [ { "tpye": "info", "read": true } ] }' >../bad.json
  run -128 git build message rules ../bad.json
  [[ $output == *"../bad.json:1:"*"/rules/0/tpye"* ]]
  echo '{ "rules": [ { "type": "note", "read": true } ] }' >../bad.json
  run -128 git build message rules ../bad.json
  [[ $output == *'"note" is not one of info, warning, error, request'* ]]
  git pull -q
  cp ../bad.json shared/message_rules.json
  git add shared
  git commit -qm "Rules"
  run -1 git push --no-verify origin main
  [[ $output == *"shared/message_rules.json:1:"* ]]
}

# bats test_tags=long
@test "watch applies the rules as messages arrive" {
  git config build.messageRules "$TMP/rules.json"
  in_background "$TMP/out" git build message watch --rules --interval 1
  sleep 0.5
  send --type request --subject "are you there" >/dev/null
  wait_for 10 grep -q "answered, rule ping" "$TMP/out"
  [ "$(messages 'select(.auto)' | wc -l)" = 1 ]
}
