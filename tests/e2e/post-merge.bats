#!/usr/bin/env bats
# The post-merge hook: reports changes of a pull that concern this server, and records a due heartbeat.

load helper

setup() {
  e2e_setup
  fleet_of build1 build2 build3 >/dev/null 2>&1
  for id in build1 build2 build3; do git -C $id pull -q --no-rebase; done
  # Commands of git-build update the worktree themselves; here, git does.
  for id in build1 build2 build3; do git -C $id config user.name $id; git -C $id config user.email $id@localhost; done
  cd build1 || return
}

other() { git -C ../build2 build "$@"; }

@test "nothing is printed if nothing concerns this server" {
  other message send -q --to build3 --subject "not for you" >/dev/null
  other status set -q building
  run -0 git pull -q --no-rebase
  [ -z "$output" ]
}

# bats test_tags=long
@test "messages, jobs and locks that concern this server are reported, after a merge and after a rebase" {
  other lock acquire -q deploy
  git pull -q --no-rebase
  for way in --no-rebase --rebase; do
    # Both sides have something new, so that there is a merge.
    echo "$way" >>notes
    git add notes
    git commit -qm "Notes $way"
    id=$(other message send --to build1 --type request --subject $'look \e[31m here')
    [ $way = --rebase ] && other lock acquire -q deploy2
    [ $way = --rebase ] || other lock release -q deploy
    job=$(other job add --branch main --commit abc)
    other job claim -q >/dev/null
    other job fail -q --reason "exit code 2" "$job"
    run -0 git pull -q $way
    [[ $output == *"git-build: new message $id from build2: look "* ]]
    [[ $output != *$'\e'* ]]
    [[ $output == *"job $job failed on build2, main: exit code 2"* ]]
    [ $way = --rebase ] && [[ $output == *"lock deploy2 is now held by build2"* ]]
    [ $way = --rebase ] || [[ $output == *"lock deploy is now free"* ]]
    git push -q --no-verify origin main
  done
  # The server's own changes are not reported.
  git commit -q --amend -m "Amended" --allow-empty 2>"$TMP/said"
  [ ! -s "$TMP/said" ]
}

# bats test_tags=long
@test "a lost lock is reported, and a long list is shortened" {
  git build lock acquire -q deploy --ttl 60
  later 100 other lock acquire -q deploy
  git reset -q --hard origin/main
  git pull -q --no-rebase
  git update-ref ORIG_HEAD "$(git log -1 --format=%H --grep='build1 acquires deploy')"
  run -0 .git/hooks/post-merge 0
  [[ $output == *"lock deploy was lost: it is now held by build2 (fence 2)"* ]]
  for n in $(seq 12); do other message send -q --to all --subject "$n" >/dev/null; done
  run -0 git pull -q --no-rebase
  [ "$(grep -c 'new message' <<<"$output")" = 10 ]
  [[ $output == *"and 2 more"* ]]
}

# bats test_tags=long
@test "a due heartbeat is recorded, and the hook does not wait for its push" {
  git config build.heartbeatInterval 60
  before=$(git rev-list --count heartbeat-build1)
  other status set -q building
  later 100 git pull -q --no-rebase
  wait_for 5 eval '[ "$(git rev-list --count heartbeat-build1)" -gt '"$before"' ]'
  # A heartbeat that is not due is not recorded.
  git config build.heartbeatInterval 1000
  before=$(git rev-list --count heartbeat-build1)
  other status set -q idle
  git pull -q --no-rebase
  sleep 0.5
  [ "$(git rev-list --count heartbeat-build1)" = "$before" ]
}

# bats test_tags=long
@test "a clone without a server, a corrupt file, a directory that is not a fleet: no merge fails" {
  git config --unset build.server
  other message send -q --to all --subject hello >/dev/null
  run -0 git pull -q --no-rebase
  [ -z "$output" ]
  git config build.server ../x
  other message send -q --to all --subject again >/dev/null
  run -0 git pull -q --no-rebase
  git config build.server build1
  git -C ../fleet.git config core.hooksPath /dev/null
  git -C ../build3 pull -q --no-rebase
  echo '{"messages": [' >../build3/coordination/messages.json
  git -C ../build3 commit -qam "Break"
  git -C ../build3 push -q --no-verify origin main
  run -0 git pull -q --no-rebase
  [[ $output == *"warning: coordination/messages.json:"* ]]
}
