#!/usr/bin/env bats
# git build logs: live logs, logs on the shared branch, and logs of other servers, over a real sshd.
# shellcheck disable=SC2154 # in_background sets $pid

load helper

# build1 has the worker; the test runs in build2, which reaches it over ssh.
setup() {
  e2e_setup
  fleet_of build1 build2 >/dev/null
  git init -q source
  git -C source commit -q --allow-empty -m "First"
  git -C build1 config build.source "$TMP/source"
  git -C build1 config build.artifacts "$TMP/artifacts"
  git -C build1 config build.pollInterval 1
  cd build2 || return
}

over_ssh() {
  start_sshd || return
  git config build.ssh.build1 "$SSH_URL"
  git config build.clone.build1 "$TMP/build1"
}

# add COMMAND: queue a job that runs COMMAND on build1; its ID is in $job.
add() {
  git -C "$TMP/build1" config build.command "$1"
  job=$(git build job add --branch main --commit HEAD --type test)
}

# slow FILE: queue a job that prints one, waits for FILE, and prints two.
slow() { add "echo one; until [ -e '$TMP/$1' ]; do sleep 0.1; done; echo two"; }

worker() { in_background "$TMP/worker" git-build -C "$TMP/build1" run -q --once; }

shown() { grep -q "$@"; }

# bats test_tags=long
@test "a finished log: by job, by server, the newest, listed, compressed" {
  run -128 git build logs
  [[ $output == *"build2 has no logs yet"* ]]
  run -128 git build logs --here --server build1
  add 'echo the first'
  first=$job
  git -C ../build1 build run -q
  run -0 git build logs "$first"
  [[ $output == *"the first"* ]]
  run -0 git build logs --server build1
  [[ $output == *"the first"* ]]
  sleep 1 # the name of a log has its time in seconds
  add 'seq 20000'
  git -C ../build1 -c build.logCompress=1000 build run -q
  git fetch -q
  git ls-tree --name-only origin/main build1/logs/ | grep -q 'log.gz$'
  run -0 git build logs "$job"
  [[ $output == *$'\n19999\n20000'* ]]
  run -0 git build logs --server build1
  [[ $output == *$'\n20000'* ]]
  run -0 git -C ../build1 build logs
  [[ $output == *$'\n20000'* ]]

  run -0 git build logs --list
  [ "${#lines[@]}" = 3 ]
  [[ ${lines[1]} == "$job"*build1*shared*ago*build1/logs/*.log.gz ]]
  [[ ${lines[2]} == "$first"*build1*shared*build1/logs/*.log ]]
  [ "$(git build logs --list --json --server build2 | jq '.logs | length')" = 0 ]
  [ "$(git build logs "$first" --json | jq -r '[.server, (.text | test("the first"))] | @csv')" = '"build1",true' ]

  # Its manifest names the .log file, which has been compressed since.
  git -C ../build1 pull -q
  gzip ../build1/build1/logs/*.log
  git -C ../build1 add -A .
  git -C ../build1 commit -qm "Upkeep"
  git -C ../build1 push -q origin HEAD:main
  run -0 git build logs "$first"
  [[ $output == *"the first"* ]]
  [[ $(git build logs --list) == *"$first"*.log.gz* ]]

  run -128 git build logs nothing
  [[ $output == *"no such job"* ]]
  run -129 git build logs --list x
  run -129 git build logs -f --json
}

# bats test_tags=long
@test "logs that the shell scripts have left in the worktree are found" {
  mkdir -p build2/logs
  echo "of a script" >build2/logs/20251029T120000Z.log
  gzip -c >build2/logs/20251030T120000Z.log.gz <<<"of the next day"
  touch build2/logs/notes.txt
  run -0 git build logs
  [ "$output" = "of the next day" ]
  [ "$(git build logs --list --json --server build2 | jq -c '[.logs[] | [.state, .job, .started_at]]')" = \
    '[["local",null,"2025-10-30T12:00:00Z"],["local",null,"2025-10-29T12:00:00Z"]]' ]
  # And from another server, which asks the one that has them.
  start_sshd
  cd ../build1
  git config build.ssh.build2 "$SSH_URL"
  run -128 git build logs --server build2
  [[ $output == *"cannot read a log of build2 at $SSH_URL"*"fleet"* ]]
  # shellcheck disable=SC2088 # expanded by the remote shell
  git config build.clone.build2 '~/../build2'
  run -0 git build logs --server build2
  [ "$output" = "of the next day" ]
  run -128 git build logs --here --server build2
}

# bats test_tags=long
@test "a live log in this clone: followed until the job ends" {
  slow go
  worker
  cd ../build1
  wait_for 20 eval "git build logs --offline '$job' | grep -qx one"
  run -0 git build logs
  [[ $output == *$'\none'* && $output != *$'\ntwo'* ]]
  [[ $(git build logs --list) == *"$job"*running* ]]
  run -128 git build logs --json "$job"
  [[ $output == *"still being written"* ]]
  in_background "$TMP/followed" git build logs --follow "$job"
  follower=$pid
  wait_for 5 shown -x one "$TMP/followed"
  kill -0 "$follower"
  touch "$TMP/go"
  wait_for 20 eval "! kill -0 $follower"
  wait "$follower"
  grep -qx two "$TMP/followed"
}

# bats test_tags=long
@test "a live log on another server: over ssh, followed until the job ends" {
  over_ssh
  slow go
  worker
  wait_for 20 eval "git build logs '$job' | grep -qx one"
  run -0 git build logs --server build1
  [[ $output == *$'\none'* && $output != *$'\ntwo'* ]]
  run -128 git build logs --here "$job"
  [[ $output == *"has no log in this clone or on the shared branch"* ]]
  in_background "$TMP/followed" git build logs -f "$job"
  follower=$pid
  wait_for 10 shown -x one "$TMP/followed"
  kill -0 "$follower"
  touch "$TMP/go"
  wait_for 20 eval "! kill -0 $follower"
  wait "$follower"
  grep -qx two "$TMP/followed"
  # Now it is on the shared branch: no server is contacted.
  wait_for 10 eval "[ \"\$(git build job show $job --json | jq -r .job.status)\" = completed ]"
  GIT_SSH_COMMAND=false run -0 git build logs "$job"
  [[ $output == *$'\none\ntwo'* ]]
}

# bats test_tags=long
@test "ending --follow leaves no process, here or on the other server" {
  over_ssh
  slow never
  worker
  wait_for 20 eval "git build logs '$job' | grep -qx one"
  in_background "$TMP/followed" git-build logs -f "$job"
  wait_for 10 shown -x one "$TMP/followed"
  pgrep -f "logs --here --follow.*$job"
  kill -TERM "$pid"
  wait_for 5 eval "! pgrep -f 'logs.*$job'"
}

@test "--follow waits for a queued job" {
  over_ssh
  add 'echo one'
  run -128 git build logs "$job"
  [[ $output == *"(queued) has no log yet"* ]]
  in_background "$TMP/followed" git-build logs -f "$job"
  wait_for 5 shown "waiting for a server to take the job" "$TMP/followed"
  git -C ../build1 build run -q
  wait_for 20 eval "! kill -0 $pid"
  wait "$pid"
  grep -qx one "$TMP/followed"
}

# bats test_tags=long
@test "decompression is limited" {
  mkdir -p build2/logs
  head -c 300000000 /dev/zero | gzip >build2/logs/20251029T120000Z.log.gz
  run -128 git build logs
  [[ $output == *"20251029T120000Z.log.gz has more than 256 MiB"* ]]
  echo broken >build2/logs/20251029T120000Z.log.gz
  run -128 git build logs
  [[ $output == *"cannot decompress "* ]]
}

# bats test_tags=long
@test "the log of a killed worker is not followed forever" {
  slow never
  worker
  cd ../build1
  wait_for 20 eval "git build logs '$job' | grep -qx one"
  kill -KILL "$pid"
  git build job cancel -q "$job"
  run -0 timeout "$(patience 25)" git build logs --follow "$job"
  [[ $output == *$'\none'* ]]
  # The part that was written is still shown.
  run -0 git build logs "$job"
  [[ $output == *$'\none'* ]]
}

# bats test_tags=long
@test "escape sequences in a log do not reach a terminal, unless requested" {
  add "printf '\\033[31mred\\033[0m \\033]0;title\\007bell\\a 10%%\\r20%%\\r\\n\\302\\233x\\n'"
  git -C ../build1 build run -q
  run -0 git build logs "$job"
  [[ $output == *$'\e[31mred\e[0m \e]0;title\abell\a 10%\r20%\r'* ]]
  run -0 script -qec "git build logs $job" /dev/null
  [[ $output == *'red bell\a 10%'*'20%'*'\u009bx'* ]]
  [[ $output != *$'\e'* && $output != *$'\a'* ]]
  run -0 script -qec "git build logs --raw $job" /dev/null
  [[ $output == *$'\e[31mred'* ]]
}
