#!/usr/bin/env bats
# git build exec: commands on other servers, over a real sshd.

load helper

fleet() {
  fleet_of build1 build2 >/dev/null
  start_sshd || return
  cd build1 || return
  git fetch -q
  git config build.ssh.build1 "$SSH_URL"
  git config build.ssh.build2 "$SSH_URL"
}

# bats test_tags=long
@test "one server: the output is prefixed with its name; the exit code is passed on" {
  fleet
  run -0 git build exec build2 -- echo 'two  words' "it's" '$HOME'
  [ "$output" = "build2| two  words it's \$HOME" ]
  run -0 git build exec build2 -- 'echo a; echo b >&2'
  [ "$output" = $'build2| a\nbuild2| b' ]
  run -3 git build exec build2 -- exit 3
  [[ $output == *"error: build2: exit code 3"* ]]
  run -128 git build exec build9 -- true
  [[ $output == *"no such server: 'build9'"* ]]
  run -129 git build exec build2
}

# bats test_tags=long
@test "all servers: in parallel, with prefixes and a summary" {
  fleet
  # Each command waits for the other; in sequence, this would never end.
  run -0 git build exec --timeout "$(patience 20)" all -- \
    "d=$TMP/meet; mkdir -p \$d; touch \$d/\$\$; until [ \$(ls \$d | wc -l) = 2 ]; do sleep 0.1; done; echo met"
  [[ $output == *"build1| met"* && $output == *"build2| met"* && $output == *"2 of 2 servers: exit code 0"* ]]
  git config build.ssh.build2 ssh://127.0.0.1:1
  run -1 git build exec all -- true
  [[ $output == *"build2: cannot connect to ssh://127.0.0.1:1"*"1 of 2 servers: exit code 0"* ]]
  git build exec --json all -- 'echo out; exit 5' >out || [ $? = 1 ]
  [ "$(jq -c '[.results[] | [.server, .exit_code]] | sort' out)" = '[["build1",5],["build2",255]]' ]
  run -1 git build exec --timeout 1 build1 -- sleep 100
  [[ $output == *"build1: "* ]]
}

@test "an invalid address in the repository is refused; it never becomes an option" {
  fleet
  git config --unset build.ssh.build2
  git -C ../build2 pull -q
  jq '.ip = "-oProxyCommand=touch hacked"' ../build2/build2/status.json >../edited
  cp ../edited ../build2/build2/status.json
  git -C ../build2 commit -q -a -m hostile
  git -C ../build2 push -q origin HEAD:main
  run -1 git build exec build2 -- true
  [[ $output == *"build2: invalid address '-oProxyCommand=touch hacked'"* ]]
  [ ! -e hacked ]
}
