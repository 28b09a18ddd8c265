load helper

# bats test_tags=long
@test "the demo shows the fleet at work, and leaves no files" {
  before=$(find "$TMP" | sort)
  run -0 git build demo
  [[ $output == *'$ git build init --shared fleet.git'* ]]
  [[ $output == *'$ git -C build1 build heartbeat'* ]]
  [[ $output == *"commits became 1"* ]]
  [[ $output == *'coordination/jobs.json:1:37: /jobs/0/status: "queud" is not one of'*'did you mean "queued"?'* ]]
  # Two servers want the job, and one gets it.
  [ "$(grep -c '^no job: no queued job can start$' <<<"$output")" = 1 ]
  [ "$(grep -cE '^job_[^ ]+ build main d8e22ab$' <<<"$output")" = 1 ]
  [ "$(grep -cE '^job_[^ ]+ is completed$' <<<"$output")" = 1 ]
  # Two workers build two jobs into packages.
  [ "$(grep -cE '^job_[^ ]+ succeeded in ' <<<"$output")" = 2 ]
  [ "$(grep -c '^Package: hello$' <<<"$output")" = 2 ]
  [ "$(grep -cE '^build[12] +(Ada|Grace) +success +- .* healthy$' <<<"$output")" = 2 ]
  # Both profiles are present.
  [[ $output == *'"profiles": ["of-build1", "of-build2"]'* ]]
  [ "$(find "$TMP" | sort)" = "$before" ]
}

# bats test_tags=long
@test "the demo needs no identity, no home directory, and no settings of the user" {
  # A user whose git settings differ from the defaults in every way.
  cat >"$HOME/.gitconfig" <<'END'
[init]
	defaultBranch = trunk
[commit]
	gpgSign = true
[push]
	default = nothing
[core]
	hooksPath = /no/such/hooks
[build]
	server = other
END
  before=$(find "$TMP" | sort)
  SERVER_ID=../x HEARTBEAT_PUSH_EVERY=x GIT_DIR=/nowhere GIT_AUTHOR_DATE=never run -0 git-build demo
  [ "$(find "$TMP" | sort)" = "$before" ]
  rm "$HOME/.gitconfig"
  HOME=/nonexistent run -0 git-build demo -q
  [ -z "$output" ]
}

# bats test_tags=long
@test "--keep keeps a working fleet, and the commands that were run are those that were shown" {
  git build demo --keep new/one >log
  grep -qF "Everything is in $TMP/new/one" log
  mkdir two
  # Run each shown command in an empty directory: the result has the same branches and the same table.
  sed -n 's/^\$ //p' log >commands
  [ "$(wc -l <commands)" -ge 10 ]
  (cd two && bash -e ../commands) >log2 2>&1
  files() { git -C "$1/fleet.git" ls-tree -r --name-only main | sed -E 's/[0-9]{8}T[0-9]{6}Z/TIME/; s/job_[0-9a-f-]+[0-9a-f]/JOB/'; }
  diff <(files new/one) <(files two)
  [ "$(tail -2 log2 | awk '{ print $3 }' | sort)" = $'success\nsuccess' ]
  grep -q '2 of 2 servers healthy' new/one/dashboard.html

  [ "$(git -C new/one/fleet.git rev-list --count heartbeat-build1)" = 1 ]
  git -C new/one/build2 build heartbeat --push
  run -0 git -C new/one/build1 build status
  [[ $output == *build1*build2* ]]
  run -128 git build demo --keep new/one
  [[ $output == *"not empty"* ]]
  [ -d new/one/fleet.git ]
  touch file
  run -128 git build demo --keep file
}

@test "an interrupted demo leaves no files" {
  in_background log git-build demo
  wait_for 5 grep -q fleet.git log
  kill -INT "$pid"
  status=0
  wait "$pid" || status=$?
  [ "$status" = 128 ]
  grep -q interrupted log
  [ -z "$(ls -A "$TMPDIR")" ]
}

@test "if a step fails, the demo prints which one and its output" {
  mkdir bin
  cat >bin/git <<END
#!/bin/sh
if [ "\$1" = clone ]; then echo no disk >&2; exit 7; fi
exec "$(command -v git)" "\$@"
END
  chmod +x bin/git
  # The program's own directory is first in PATH; it has no git.
  PATH=$TMP/bin:$PATH run -128 git-build demo -q
  [[ $output == *"'git clone "*"ended with exit code 7"*"no disk"* ]]
  [ -z "$(ls -A "$TMPDIR")" ]
}
