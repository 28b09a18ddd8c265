#!/usr/bin/env bats
# The hook that existed before git-build's: it gets everything that git passes to a hook, and a push is
# accepted only if it has succeeded and received its input.

load helper
load guard

FAULTS=$GIT_BUILD_BINDIR/tests/faults
HOOKS=$GIT_BUILD_BINDIR/hooks

# kept HOOK SCRIPT: make SCRIPT the user's hook, which git-build's HOOK runs first.
kept() {
  printf '#!/bin/bash\n%s\n' "$2" >"$1.before-git-build"
  chmod +x "$1.before-git-build"
}

setup() {
  e2e_setup
  export TMP # the kept hooks write there
  new_fleet
  git commit -q --allow-empty -m "Change nothing"
  hook=../fleet.git/hooks/pre-receive
}

# bats test_tags=long
@test "the kept hook gets the arguments, input, environment, directory and streams from git" {
  local report='
    { printf "%s\n" "$@"; pwd; env | grep -v "^_=\|^SHLVL=\|^PWD=\|^OLDPWD=" | grep -v QUARANTINE | sort
      ps -o pgid= -p $$ | grep -cx " *$(ps -o pgid= -p $PPID)"
      sed s/^/input:/; } >"$TMP/said"
    echo out; echo err >&2'
  kept "$hook" "$report"
  run -0 git push origin HEAD:main
  [[ $output == *"remote: out"*"remote: err"* ]]
  grep -v OBJECT_DIRECTOR "$TMP/said" >"$TMP/chained"
  grep -q "^input:$(git rev-parse HEAD~1) $(git rev-parse HEAD) refs/heads/main$" "$TMP/chained"
  # The same hook, run by git itself.
  git -C "$TMP/fleet.git" update-ref refs/heads/main "$(git rev-parse HEAD~1)"
  cp "$hook.before-git-build" "$hook"
  run -0 git push origin HEAD:main
  grep -v OBJECT_DIRECTOR "$TMP/said" | diff - "$TMP/chained"
}

@test "a kept pre-push, post-merge and post-rewrite get the same as from git" {
  local name before
  git config --unset core.hooksPath
  for name in pre-push post-merge post-rewrite; do
    kept ".git/hooks/$name" 'echo "$(basename "$0"): $*: $(cat)"'
  done
  run -0 git push origin HEAD:main
  [[ $output == *"pre-push.before-git-build: origin $TMP/fleet.git: HEAD $(git rev-parse HEAD) refs/heads/main $(git rev-parse HEAD~1)"* ]]
  git checkout -q -b side HEAD~1
  git commit -q --allow-empty -m "Another side"
  run -0 git merge --no-edit main
  [[ $output == *"post-merge.before-git-build: 0: "* ]]
  before=$(git rev-parse HEAD)
  run -0 git commit --amend --allow-empty -m "Once more"
  [[ $output == *"post-rewrite.before-git-build: amend: $before $(git rev-parse HEAD)"* ]]
  # A failure of the kept hook fails the hook, as it would without git-build.
  kept .git/hooks/post-merge 'exit 3'
  run -3 .git/hooks/post-merge 0
}

@test "a push is accepted only if the kept hook succeeds" {
  kept "$hook" 'cat >/dev/null; echo closed; exit 7'
  push_refused closed -- HEAD:main
  kept "$hook" 'cat >/dev/null'
  git push -q origin HEAD:main
}

# bats test_tags=long
@test "a kept hook that is killed at any time refuses the push" {
  local signal point
  for signal in KILL TERM PIPE SEGV; do
    for point in '' 'read -r line;' 'read -r -n 1 byte;' 'cat >/dev/null;' 'cat >/dev/null; echo done;' 'exec <&-;'; do
      kept "$hook" "$point kill -$signal \$\$"
      push_refused "killed by signal" -- HEAD:main
    done
  done
}

@test "a kept hook that is killed while reading refuses the push" {
  kept "$hook" 'head -c 100000 >/dev/null; kill -9 $$'
  seq -f "$(git rev-parse HEAD~1) $(git rev-parse HEAD~1) refs/tags/%.0f" 5000 >"$TMP/input"
  cd ../fleet.git
  run -137 hooks/pre-receive <"$TMP/input"
  [[ $output == *"killed by signal 9"* ]]
}

@test "a hook that is killed while its kept hook runs refuses the push" {
  kept "$hook" 'cat >/dev/null; kill -9 $PPID'
  push_refused -- HEAD:main
}

# bats test_tags=long
@test "a kept hook need not read its input, as in git" {
  kept "$hook" 'exit 0'
  git push -q origin HEAD:main
  kept "$hook" 'exec <&-; sleep 0.2'
  seq -f "$(git rev-parse HEAD) $(git rev-parse HEAD) refs/tags/%.0f" 5000 >"$TMP/input"
  (cd ../fleet.git && hooks/pre-receive <"$TMP/input")
  kept "$hook" 'head -n 1 >/dev/null'
  (cd ../fleet.git && hooks/pre-receive <"$TMP/input")
}

# bats test_tags=long
@test "a large input reaches the kept hook completely, and then git-build" {
  seq -f "$(git rev-parse HEAD~1) 0000000000000000000000000000000000000000 refs/tags/%.0f" 100000 >"$TMP/input"
  kept "$hook" 'cat >"$TMP/given"'
  (cd ../fleet.git && hooks/pre-receive <"$TMP/input")
  cmp "$TMP/input" "$TMP/given"
  echo garbage >>"$TMP/input"
  (cd ../fleet.git && run -1 hooks/pre-receive <"$TMP/input")
}

@test "a kept hook is not run if the input is invalid" {
  kept "$hook" 'touch "$TMP/asked"'
  cd ../fleet.git
  run -1 hooks/pre-receive </dev/null
  run -1 hooks/pre-receive </
  run -1 hooks/pre-receive <<<garbage
  [ ! -e "$TMP/asked" ]
}

# bats test_tags=long
@test "a failed write to the kept hook refuses the push" {
  local line why n writes
  line="$(git rev-parse HEAD~1) $(git rev-parse HEAD~1) refs/heads/main"
  kept "$hook" 'cat >"$TMP/given"'
  export FAULT_PROGRAM=pre-receive FAULT_WRITE_SIZE=20 FAULT_COUNT=$TMP/count
  cd ../fleet.git
  # Short writes alone are continued.
  LD_PRELOAD=$FAULTS/input.so hooks/pre-receive <<<"$line"
  [ "$(cat "$TMP/given")" = "$line" ]
  writes=$(sed -n 's/^write //p' "$TMP/count" | tail -n 1)
  [ "$writes" -ge 5 ]
  for ((n = 1; n <= writes; n++)); do
    for why in EIO ENOSPC ENOMEM; do
      FAULT_WRITE="$n:$why" LD_PRELOAD=$FAULTS/input.so run -1 hooks/pre-receive <<<"$line"
      [[ $output == *"cannot write the input of"* ]]
    done
    for why in EINTR EAGAIN; do
      rm "$TMP/given"
      FAULT_WRITE="$n:$why" LD_PRELOAD=$FAULTS/input.so hooks/pre-receive <<<"$line"
      [ "$(cat "$TMP/given")" = "$line" ]
    done
  done
}

@test "a kept hook that cannot be started refuses the push" {
  kept "$hook" 'exit 0'
  sed -i '1s|.*|#!/no/such/program|' "$hook.before-git-build"
  push_refused "cannot run hooks/pre-receive.before-git-build" -- HEAD:main
  rm "$hook.before-git-build"
  mkdir "$hook.before-git-build"
  push_refused "cannot run hooks/pre-receive.before-git-build" -- HEAD:main
  rmdir "$hook.before-git-build"
  ln -s pre-receive.before-git-build "$hook.before-git-build"
  push_refused "hooks/pre-receive.before-git-build: cannot be accessed" -- HEAD:main
}

@test "a kept hook without a #! line is run by sh, and one that is not executable is ignored, as in git" {
  echo 'cat >/dev/null; echo plain; exit 1' >"$hook.before-git-build"
  chmod +x "$hook.before-git-build"
  push_refused plain -- HEAD:main
  chmod -x "$hook.before-git-build"
  git push -q origin HEAD:main
}

@test "the exit code of the kept hook is known even if the caller of git ignores SIGCHLD" {
  kept "$hook" 'cat >/dev/null; exit 5'
  cd ../fleet.git
  run -5 perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' hooks/pre-receive <<<"$(git rev-parse main) $(git rev-parse main) refs/heads/main"
}

@test "a clone's kept hook still runs if git-build is not installed any more" {
  git config --unset core.hooksPath
  kept .git/hooks/pre-push 'echo "kept: $*: $(cat)"; exit 1'
  sed -i 's|^program=.*|program=/nowhere/pre-push|' .git/hooks/pre-push
  run ! git push origin HEAD:main
  [[ $output == *"/nowhere/pre-push does not exist"*"kept: origin $TMP/fleet.git: HEAD "* ]]
}

# The script as written by git-build 0.1.
old_script() {
  cat <<END
#!/bin/sh
# git-build: installed by \`git build init\`, taken out by \`git build init --remove\`.
program='$HOOKS/$1'
before=\$0.before-git-build
if test -x "\$before"; then
	input=\$(cat; echo x)
	printf %s "\${input%x}" | "\$before" "\$@" || exit
	printf %s "\${input%x}" | "\$program" "\$@"
	exit
fi
exec "\$program" "\$@"
END
}

@test "init replaces a hook installed by an older version, and doctor finds it" {
  local name
  kept "$hook" 'cat >/dev/null; exit 1'
  old_script pre-receive >"$hook"
  run -1 git -C ../fleet.git build doctor
  [[ $output == *"the pre-receive hook was installed by an older version"*"git build init --shared"* ]]
  run -0 git build init --shared ../fleet.git
  [[ $output == *"installed the pre-receive hook"* ]]
  run -1 grep -F '$(cat' "$hook"
  push_refused -- HEAD:main
  kept "$hook" 'cat >/dev/null'
  git config --unset core.hooksPath
  kept .git/hooks/pre-push 'exit 0'
  for name in pre-push post-merge post-rewrite; do
    old_script "${name/rewrite/merge}" >".git/hooks/$name"
  done
  run -1 git build doctor
  [[ $output == *"the pre-push hook was installed by an older version"* ]]
  git build init --server build1
  run -1 grep -F '$(cat' .git/hooks/pre-push
  [ "$(cat .git/hooks/pre-push.before-git-build)" = "$(printf '#!/bin/bash\nexit 0\n')" ]
  run git build doctor
  [[ $output != *"older version"* ]]
}
