load helper

@test "git build alone lists its commands and fails" {
  run -129 git build
  [[ $output == usage:* ]]
  [[ $output == *heartbeat*squash* ]]
}

@test "--version prints the version" {
  run -0 git build --version
  [[ $output =~ ^git-build\ version\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "a mistyped command gets a suggestion" {
  run -129 --separate-stderr git build heartbeet
  [ -z "$output" ]
  [ "$stderr" = "git build: 'heartbeet' is not a git-build command. Did you mean heartbeat?" ]
  run -129 git build qqqqqq
  [[ $output == *"See 'git build -h'"* ]]
  run -129 git build help sqash
  [[ $output == *"did you mean 'squash'?"* ]]
}

@test "a mistyped option prints one line on standard error, which names the problem and the -h to read" {
  run -129 --separate-stderr git build squash --bakup
  [ -z "$output" ]
  [ "$stderr" = "error: unknown option '--bakup' (did you mean '--backup'?); see 'git build squash -h'" ]
  run -129 --separate-stderr git build --frobnicate
  [ "$stderr" = "error: unknown option '--frobnicate'; see 'git build -h'" ]
  run -129 git build -x status
  git init -q repo
  run -129 git -C repo build status here
  [ "$output" = "error: unknown subcommand 'here'; see 'git build status -h'" ]
  run -129 git -C repo build status sett
  [ "$output" = "error: unknown subcommand 'sett' (did you mean 'set'?); see 'git build status -h'" ]
  run -129 git -C repo build job
  [ "$output" = "error: missing subcommand; see 'git build job -h'" ]
  run -129 git -C repo build job show
  [ "$output" = "error: missing argument after 'show'; see 'git build job show -h'" ]
  run -129 git build demo too much
  run -129 git build demo --json
}

# bats test_tags=long
@test "an option that a subcommand does not use is an error, and is never ignored" {
  git init -q repo
  cd repo
  local command verb option line
  for command in job lock message artifacts outbox status schema; do
    for verb in $(git build "$command" -h | sed -nE "s/.* git build $command ([a-z]+)( .*|$)/\1/p" | sort -u); do
      git build "$command" "$verb" -h | sed -nE 's/^    (-., )?--([a-z-]+).*/\2/p' | sort -u >"$TMP/$verb.$command"
    done
    sort -u "$TMP"/*."$command" >"$TMP/all"
    for verb in "$TMP"/*."$command"; do
      # The first option that another subcommand has and this one does not; then one that none has.
      option=$(comm -23 "$TMP/all" "$verb" | head -n 1)
      verb=$(basename "$verb" ".$command")
      run -129 --separate-stderr git build "$command" "$verb" "--${option:-job}"
      [[ $stderr == "error: unknown option '--${option:-job}'"*"; see 'git build $command $verb -h'" ]]
    done
  done
  export SERVER_ID=a
  # The same before the name of the subcommand, which does not select another subcommand.
  for line in 'job --artifact list list' 'job --attempt 1 list' 'lock --ttl=5 list' 'message --body x list' \
    'artifacts --in x show job' 'outbox --all list'; do
    # shellcheck disable=SC2086 # words
    run -129 git build $line
    [[ ${lines[0]} == "error: unknown option '--"* ]]
  done
  for line in 'logs --list --raw' 'logs --list --here' 'logs --list --follow' 'logs --raw --json job' \
    'dashboard --port 8000' 'dashboard --serve --offline' 'watch --once --interval 3' 'watch --once --json' \
    'health --nagios --json' 'health --nagios --check' 'validate --range A..B --format' \
    'install-service --cron --print heartbeat' 'lock acquire x --keep-running' 'lock acquire --json x -- true' \
    'schema show job --json' 'status set idle --offline' 'archive --jobs --all-servers --server a'; do
    # shellcheck disable=SC2086 # words
    run -129 git build $line
  done
}

@test "-C is accepted before and after the command, and several are cumulative" {
  fleet_of build1
  mkdir -p build1/a
  run -0 git build -C build1 status --offline
  [[ $output == *build1* ]]
  run -0 git build status --offline -C build1 -Ca
  [[ $output == *build1* ]]
  run -128 git build -C nowhere status
  [ "$output" = "fatal: cannot change to 'nowhere': No such file or directory" ]
  run -128 git build status -C nowhere
}

@test "commands fail with a clear error outside of a repository" {
  export GIT_CEILING_DIRECTORIES=$TMP
  for command in status heartbeat 'squash --all' init; do
    # shellcheck disable=SC2086 # words
    run -128 git build $command
    [[ $output == fatal:* ]]
  done
}

@test "repositories that libgit2 cannot open are refused with the reason" {
  git init -q --object-format=sha256 new
  # libgit2 1.5 leaks memory when it reads the extensions of a repository.
  ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 run -128 git -C new build status
  [[ $output == fatal:*[sS][hH][aA]*256* ]]
}

# bats test_tags=long
@test "IDs that would leave their directory, or look like options, are refused" {
  shared_repo fleet.git
  git clone -q fleet.git clone
  cd clone
  for id in ../x -x .hidden 'a b' a/b a..b x.lock '' coordination all null $'a\nb' "$(printf 'a%.0s' {1..64})"; do
    run git build init --server="$id"
    [ "$status" = 128 ] || { echo "$id: $status $output"; false; }
    run git build squash --server="$id"
    [ "$status" = 128 ]
    [ -z "$id" ] || SERVER_ID=$id run -128 git build heartbeat
  done
  [ -z "$(ls -A)" ] || [ "$(ls -A)" = .git ]
  [ "$(git config --get build.server || echo none)" = none ]
  [ ! -e ../x ]
}

@test "a value can look like an option" {
  shared_repo fleet.git
  git clone -q fleet.git clone
  git -C clone build init --server build1 --manager --quiet
  [ "$(git -C clone config build.manager)" = --quiet ]
}

@test "the server ID comes from the option, then SERVER_ID, then git config, then the file" {
  shared_repo fleet.git
  git clone -q fleet.git clone
  cd clone
  run -128 git build heartbeat
  [[ $output == *--server*SERVER_ID*build.server*.build_server_id* ]]
  # shellcheck disable=SC2119 # the function of the shell
  who() { git build heartbeat --json --push-every 1000 "$@" | jq -r .server; }
  echo by-file >.build_server_id
  [ "$(who)" = by-file ]
  git config build.server by-config
  [ "$(who)" = by-config ]
  [ "$(SERVER_ID=by-environment who)" = by-environment ]
  [ "$(SERVER_ID=by-environment who --server by-option)" = by-option ]
  [ "$(SERVER_ID='' who)" = by-config ]
}

# bats test_tags=long
@test "a failed write to standard output is an error" {
  fleet_of build1
  cd build1
  for command in status 'status --json' heartbeat 'heartbeat --json' -h 'completion bash' --version; do
    # shellcheck disable=SC2086 # words
    run -128 --separate-stderr bash -c "git build $command >/dev/full"
    [[ $stderr == "fatal: cannot write to standard output"* ]]
    run -128 bash -c "git-build $command >&-"
  done
}

# bats test_tags=long
@test "if the reader of standard output has exited, the command is killed by SIGPIPE and prints no error" {
  shared_repo fleet.git
  clone_server fleet.git build1
  cd build1
  for command in status 'status --json' 'job list --json' 'lock list' -h 'completion bash' 'schema show jobs'; do
    # 128 + SIGPIPE
    run -141 --separate-stderr bash -c "set -o pipefail; (sleep 0.2; exec git-build $command) | true"
    [ -z "$stderr" ] || { echo "$command: $stderr"; false; }
  done
  # Other errors are still printed.
  run -128 --separate-stderr bash -c "set -o pipefail; (sleep 0.2; exec git-build job show none) | true"
  [[ $stderr == "fatal: no such job: 'none'"* ]]
}

@test "with --json, an error is JSON on standard output, and text on standard error" {
  shared_repo fleet.git
  clone_server fleet.git build1
  cd build1
  run -128 --separate-stderr git build job show --json none
  [ "$stderr" = "fatal: $(jq -r .error <<<"$output")" ]
  [[ $stderr == *"no such job: 'none'"* ]]
  run -129 --separate-stderr git build job list --attempt 3 --json
  [ "$(jq -r .error <<<"$output")" = "unknown option '--attempt'" ]
  [ "$stderr" = "error: unknown option '--attempt'; see 'git build job list -h'" ]
  run -129 --separate-stderr git build message list --json --type "\"w"
  [[ $(jq -r .error <<<"$output") == *'"w'* ]]
  run -128 --separate-stderr git build job show none
  [ -z "$output" ]
  # A command that has printed its result prints no second object.
  run -1 --separate-stderr git build job claim --json
  jq -es 'length == 1' <<<"$output"
}

@test "closed standard streams do not damage files" {
  fleet_of build1
  git-build -C build1 heartbeat --push -q <&- >&- 2>&- || true
  git -C build1 build heartbeat --push
}

@test "color is used only on terminals, and not with NO_COLOR" {
  fleet_of build1
  cd build1
  run -0 script -qec 'git-build status' /dev/null
  [[ $output == *$'\e[32mhealthy'* ]]
  NO_COLOR=1 run -0 script -qec 'git-build status' /dev/null
  [[ $output != *$'\e'* ]]
  run -0 git build status
  [[ $output != *$'\e'* ]]
}

# completed WORD...: print the completions that bash offers for the last word.
completed() {
  bash -c '
    eval "$(git-build completion bash)"
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    if [ "$1" = git ]; then _git_build; else _git_build_command; fi
    printf "%s\n" "${COMPREPLY[@]}"' - "$@"
}

@test "bash completes commands, options and words, for git build and for git-build" {
  [ "$(completed git build heart)" = heartbeat ]
  [ "$(completed git-build heart)" = heartbeat ]
  [ "$(completed git -C x build sq)" = squash ]
  [ "$(completed git build heartbeat --pu)" = $'--push\n--push-every=' ]
  [ "$(completed git-build squash --b)" = $'--branch=\n--backup' ]
  [ "$(completed git build status set bu)" = building ]
  [ "$(completed git build job list --b)" = --branch= ]
  [ "$(completed git build job cancel '')" = "" ]
  [ "$(completed git build job --attempt)" = "" ]
  [ "$(completed git build status set --off)" = "" ]
  [ "$(completed git build completion '')" = $'bash\nzsh\nfish' ]
  [ "$(completed git build help dem)" = demo ]
  run -129 git build completion
  run -129 git build completion tcsh
}

# bats test_tags=long
@test "the completion of each shell has every command and every option" {
  local shell command verb option
  for command in $(git build -h | sed -n 's/^    \([a-z][a-z-]*\)  *[a-z].*/\1/p'); do
    echo "$command"
    for verb in '' $(git build "$command" -h | sed -nE "s/.* git build $command ([a-z]+)( .*|$)/\1/p" | sort -u); do
      git build "$command" ${verb:+"$verb"} -h
    done | sed -nE 's/^    (-., )?--([a-z-]+).*/--\2/p'
  done | sort -u >words
  [ "$(wc -l <words)" -ge 80 ]
  for shell in bash zsh fish; do
    git build completion "$shell" >"script.$shell"
    while read -r option; do
      [[ $option != --* ]] || option="(--|-l )${option#--}"
      grep -qE -e "$option\b" "script.$shell" || { echo "$shell: $option"; false; }
    done <words
  done
  bash -n script.bash
  if command -v zsh; then zsh -n script.zsh; fi
  if command -v fish; then fish -n script.fish; fi
}
