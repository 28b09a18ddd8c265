#!/usr/bin/env bats
# shellcheck disable=SC2154 # in_background sets $pid, run sets $output
# git build message: messages between servers, and which of them have been read.

load helper

setup() {
  e2e_setup
  fleet_of build1 build2 build3 >/dev/null 2>&1
  cd build1 || return
}

messages() { git -C "$TMP/fleet.git" show main:coordination/messages.json | jq -e "$@"; }
# unread SERVER: print the subjects in its inbox.
unread() { git -C "$TMP/$1" build message inbox --json | jq -r '.messages[].subject'; }

# on_main FILE: write standard input to FILE on the shared branch, as another program would.
on_main() {
  rm -rf "$TMP/other"
  git clone -q "$TMP/fleet.git" "$TMP/other"
  cat >"$TMP/other/$1"
  git -C "$TMP/other" commit -qam "Change $1"
  git -C "$TMP/other" push -q --no-verify origin main
}

# bats test_tags=long
@test "a message to one server is in its inbox until the server has read it" {
  id=$(git build message send --to build2 --subject hello --body 'one "two"' --type request)
  [[ $id =~ ^msg_[0-9a-f-]{36}$ ]]
  messages ".messages == [{id: \"$id\", from: \"build1\", to: \"build2\", type: \"request\", subject: \"hello\",
    body: \"one \\\"two\\\"\", timestamp: .messages[0].timestamp, read: false}]"
  [ "$(unread build2)" = hello ]
  [ -z "$(unread build1)$(unread build3)" ]
  run -128 git -C ../build3 build message read "$id"
  [[ $output == *"sent to another server; build3 cannot read it" ]]
  git -C ../build2 build message read "$id"
  messages '.messages[0].read == true'
  [ -z "$(unread build2)" ]
  git -C ../build2 build message inbox --all --json | jq -e '.messages | length == 1 and (.[0].unread | not)'
  run -128 git build message read msg_nowhere
}

# bats test_tags=long
@test "a message to all is read by each server, and counts as read for the old scripts when all have" {
  id=$(git build message send --to all --subject "to all")
  [ "$(unread build2)$(unread build3)" = "to allto all" ]
  [ -z "$(unread build1)" ]
  git -C ../build2 build message read --all
  messages '.messages[0] | .read_by == ["build2"] and .read == false'
  [ -z "$(unread build2)" ]
  [ "$(unread build3)" = "to all" ]
  git -C ../build3 build message read "$id"
  messages '.messages[0] | .read_by == ["build2", "build3"] and .read == true'
  # If nothing is unread, nothing is written.
  before=$(git -C ../fleet.git rev-parse main)
  git -C ../build3 build message read --all
  [ "$(git -C ../fleet.git rev-parse main)" = "$before" ]
}

# bats test_tags=long
@test "messages of the old scripts are accepted" {
  on_main coordination/messages.json <<'END'
{"messages": [
  {"id": "msg_1", "from": "build1", "to": "all", "type": "info", "subject": "old, read", "body": "", "timestamp": "2025-10-29T12:00:00Z", "read": true},
  {"id": "msg_2", "from": "build1", "to": "all", "type": "info", "subject": "old, new", "body": "", "timestamp": "2025-10-29 12:00", "read": false, "priority": "normal"}
]}
END
  [ "$(unread build2)" = "old, new" ]
  git -C ../build2 build message read msg_2
  messages '.messages[1] | .read_by == ["build2"] and .read == false and .priority == "normal"'
  [ "$(unread build3)" = "old, new" ]
  git -C ../build3 build message read msg_2
  messages '.messages[1].read == true'
}

# bats test_tags=long
@test "a reply goes to the sender, and marks the message as read" {
  id=$(git build message send --to build2 --subject "ready?" --body x)
  run -0 git -C ../build2 build message reply "$id" --body yes
  messages ".messages | length == 2 and .[0].read and (.[1] | .to == \"build1\" and .subject == \"Re: ready?\"
    and .body == \"yes\" and .in_reply_to == \"$id\")"
  git build message reply "$output" --body good
  messages '.messages[2].subject == "Re: ready?"'
  run -128 git build message reply "$id" --body mine
}

# bats test_tags=long
@test "a body comes from the command line, standard input or a file" {
  printf 'two\nlines' | git build message send --to build2 --subject a --body -
  printf 'a file\n' >"$TMP/body"
  id=$(git build message send --to build2 --subject b --body "@$TMP/body")
  messages '.messages | .[0].body == "two\nlines" and .[1].body == "a file\n"'
  run -0 git -C ../build2 build message show "$id"
  [ "${lines[0]}" = "message      $id" ]
  [ "${lines[-1]}" = "a file" ]
  git -C ../build2 build message show "$id" --json | jq -e '.message.unread and .message.body == "a file\n"'
  run -128 git build message send --to build2 --subject c --body @/no/where
}

@test "content of others cannot control the terminal" {
  git build message send --to build2 --subject $'\e[2Jboo' --body $'\e]0;boo\a\nline'
  run -0 git -C ../build2 build message inbox
  [[ $output == *'\x1b[2Jboo' ]]
  run -0 git -C ../build2 build message show "$(git build message list --json | jq -r '.messages[0].id')"
  [[ $output == *'\x1b]0;boo\a'$'\n'line ]]
}

# watching: a message that is sent now is shown.
watching() {
  git build message send -q --to build2 --subject "Are you there?" >/dev/null
  grep -q "Are you there" "$TMP/log"
}

# bats test_tags=long
@test "watch shows messages as they arrive, and waits while the remote is unreachable" {
  git build message send --to build2 --subject before
  in_background "$TMP/log" git -C "$TMP/build2" build message watch --interval 1
  wait_for 10 watching
  git build message send --to build2 --subject first
  git build message send --to build3 --subject "not for build2"
  wait_for 10 grep -q 'build1 info: first' "$TMP/log"
  mv ../fleet.git ../away.git
  wait_for 10 grep -q 'warning: cannot fetch' "$TMP/log"
  mv ../away.git ../fleet.git
  git build message send --to all --subject second --type warning
  wait_for 10 grep -q 'build1 warning: second' "$TMP/log"
  [ "$(grep '^msg_' "$TMP/log" | grep -vc 'Are you there')" = 2 ]
}

# bats test_tags=long
@test "many servers send at the same time, and every message exists once" {
  for id in $(racers); do clone_server "$TMP/fleet.git" "$id" >/dev/null 2>&1; done
  git config --global build.attempts 50
  for id in $(racers); do
    for n in 1 2 3; do
      git -C "$TMP/$id" build message send --to all --subject "$id $n" >>"$TMP/$id.ids" 2>>"$TMP/$id.log" || echo "$id $n" >>"$TMP/bad"
    done &
  done
  wait
  [ ! -e "$TMP/bad" ]
  [ "$(messages -r '.messages[].id' | sort)" = "$(cat "$TMP"/s?.ids | sort)" ]
  messages --argjson n "$(racers | wc -w)" '.messages | length == 3 * $n'
}

# bats test_tags=long
@test "errors in the command line are reported" {
  run -129 git build message send --to build2
  run -129 git build message send --to ../x --subject y
  [[ ${lines[0]} == *"a receiver must be a server, 'all' or 'operator'"* ]]
  run -129 git build message send --to build2 --subject y --type shout
  [[ $output == *"expected info, warning, error or request; see 'git build message send -h'" ]]
  run -129 git build message read
  run -129 git build message reply msg_1
  run -128 git build message show msg_1
}

# bats test_tags=long
@test "a message to a server that does not exist is refused, with a suggestion" {
  run -128 git build message send --to bulid2 --subject x
  [ "$output" = "fatal: no such server: 'bulid2' (did you mean build2?)" ]
  run -128 git build message send --to somebody --subject x
  [ "$output" = "fatal: no such server: 'somebody' (see 'git build status')" ]
  [ "$(git build message list --json | jq '.messages | length')" = 0 ]
  for to in all operator operators build2; do git build message send -q --to "$to" --subject x; done
  # A server that was added since, and that this clone has not fetched yet.
  clone_server "$TMP/fleet.git" late >/dev/null
  git build message send -q --to late --subject x
  [ "$(git build message list --json | jq '.messages | length')" = 5 ]
  # Offline, a message to a known server gives no warning, to any other it does.
  mv ../fleet.git ../away.git
  run -128 git build message send --to late --subject later
  [[ $output == *outbox* && $output != *warning* ]]
  run -128 git build message send --to later --subject x
  [[ $output == "warning: server 'later' is unknown to this clone, and the remote cannot be reached: "*outbox* ]]
  mv ../away.git ../fleet.git
}

# listed OPTION...: print the IDs that `message list` prints.
listed() { git build message list --offline --json "$@" | jq -r '[.messages[].id] | join(" ")'; }

# bats test_tags=long
@test "list prints messages that match every filter" {
  on_main coordination/messages.json <<'END'
{
  "messages": [
    {"id": "a", "from": "build1", "to": "build2", "type": "info", "subject": "s", "body": "b", "timestamp": "2026-01-01T00:00:00Z", "read": true},
    {"id": "b", "from": "build2", "to": "all", "type": "error", "subject": "s", "body": "b", "timestamp": "2026-01-02T00:00:00Z", "read": false, "read_by": ["build1"]},
    {"id": "c", "from": "build2", "to": "operator", "type": "request", "subject": "s", "body": "b", "timestamp": "2026-01-03T00:00:00Z", "read": false}
  ]
}
END
  git build message list >/dev/null
  [ "$(listed)" = "a b c" ]
  [ "$(listed --type error)" = b ]
  [ "$(listed --type error,request)" = "b c" ]
  [ "$(listed --to operator)" = c ]
  [ "$(listed --to operator --to all)" = "b c" ]
  [ "$(listed --from build1)" = a ]
  [ "$(listed --from build2 --type request)" = c ]
  [ "$(listed --unread)" = "b c" ]
  [ "$(listed --since 2026-01-02)" = "b c" ]
  [ "$(GIT_BUILD_TEST_NOW=$(date -d 2026-01-03T12:00:00Z +%s) listed --since 1d)" = c ]
  run -0 git build message list --offline --to operator
  [ "${#lines[@]}" = 2 ]
  for wrong in '--type warn' '--since soon' '--all' '--server build1' '--body x' '--subject x' '--interval 3' '--rules'; do
    # shellcheck disable=SC2086 # words
    run -129 git build message list --offline $wrong
  done
  run -129 git build message inbox --to build1
}
