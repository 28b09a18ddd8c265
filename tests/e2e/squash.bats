load helper

setup() {
  e2e_setup
  fleet_of build1 >/dev/null 2>&1
  cd build1 || return
  heartbeats 3
}

heartbeats() {
  local i
  for ((i = 0; i < $1; i++)); do git build heartbeat -q --push; done
}

count() {
  git -C "$TMP/fleet.git" rev-list --count "$1"
}

tip() {
  git -C "$TMP/fleet.git" rev-parse -q --verify "$1"
}

# bats test_tags=long
@test "the branch becomes one commit with the same files" {
  tree=$(tip "heartbeat-build1^{tree}")
  main=$(tip main)
  [ "$(count heartbeat-build1)" -ge 3 ]
  run -0 git build squash --server build1
  [[ $output == "heartbeat-build1: "*" commits became 1 "* ]]
  [ "$(count heartbeat-build1)" = 1 ]
  [ "$(tip "heartbeat-build1^{tree}")" = "$tree" ]
  [ "$(tip main)" = "$main" ]
  run -0 git build squash --branch heartbeat-build1
  [ "$output" = "heartbeat-build1: has only one commit" ]
  # Heartbeats continue on the new commit.
  heartbeats 2
  [ "$(count heartbeat-build1)" = 3 ]
}

# bats test_tags=long
@test "--backup keeps the history on another branch" {
  before=$(tip heartbeat-build1)
  run -0 git build squash --server build1 --backup
  backup=$(git -C ../fleet.git for-each-ref --format='%(refname:short)' refs/heads/backup)
  [[ $backup =~ ^backup/heartbeat-build1-[0-9TZ]+$ ]]
  [[ $output == *"$backup"* ]]
  [ "$(tip "$backup")" = "$before" ]
}

@test "--dry-run changes nothing" {
  before=$(git -C ../fleet.git for-each-ref)
  mine=$(git for-each-ref)
  run -0 git build squash --server build1 --backup --dry-run
  [[ $output == *"would become 1"* ]]
  [ "$(git -C ../fleet.git for-each-ref)" = "$before" ]
  [ "$(git for-each-ref)" = "$mine" ]
  [ "$(git build squash --server build1 -n -q)" = "" ]
}

# bats test_tags=long
@test "--no-push does not change the shared repository" {
  before=$(tip heartbeat-build1)
  git build squash --server build1 --no-push
  [ "$(tip heartbeat-build1)" = "$before" ]
  [ "$(git rev-list --count heartbeat-build1)" = 1 ]
  heartbeats 1
}

# bats test_tags=long
@test "--all squashes every heartbeat branch, and no others" {
  clone_server "$TMP/fleet.git" build2 >/dev/null 2>&1
  git -C ../build2 build heartbeat --push -q
  main=$(count main)
  run -0 git build squash --all
  [ "${#lines[@]}" = 2 ]
  [ "$(count heartbeat-build1)" = 1 ]
  [ "$(count heartbeat-build2)" = 1 ]
  [ "$(count main)" = "$main" ]
}

# bats test_tags=long
@test "--json prints the same data" {
  before=$(tip heartbeat-build1)
  run -0 git build squash --all --backup --json
  jq -e --arg old "$before" --arg new "$(tip heartbeat-build1)" '.branches | length == 1 and
    (.[0] | .branch == "heartbeat-build1" and .old == $old and .new == $new and .squashed and
    .commits >= 3 and (.backup | startswith("backup/heartbeat-build1-")) and .error == null)' <<<"$output"
}

# bats test_tags=long
@test "a branch that cannot be squashed is refused, and --all continues with the rest" {
  run -129 git build squash
  [[ ${lines[0]} == "error: give one of --server ID, --branch NAME and --all; see 'git build squash -h'" ]]
  run -129 git build squash --all --server build1
  run -128 git build squash --branch main
  run -128 git build squash --branch nobody
  run -128 git build squash --branch 'a b'
  run -128 git build squash --branch=--all
  run -128 git build squash --server ../main
  clone_server "$TMP/fleet.git" build2 >/dev/null 2>&1
  git -C ../build2 build heartbeat --push -q
  cat >../fleet.git/hooks/update <<'END'
#!/bin/sh
case $1 in */heartbeat-build1) echo not this one >&2; exit 1 ;; esac
END
  chmod +x ../fleet.git/hooks/update
  run -128 --separate-stderr git build squash --all --json
  [[ $stderr == *"remote: not this one"*"fatal: 1 of 2 branches could not be squashed"* ]]
  jq -e '.branches | map(.squashed) == [false, true]' <<<"$output"
  [ "$(count heartbeat-build2)" = 1 ]
}

# bats test_tags=long
@test "nothing is lost while the server records heartbeats" {
  in_background "$TMP/log" bash -c 'for _ in 1 2 3 4 5 6 7 8; do git-build heartbeat -q --push || exit; done; echo "all heartbeats are pushed"'
  git clone -q ../fleet.git ../watcher
  for _ in 1 2 3 4; do
    git -C ../watcher build squash --server build1 -q
  done
  wait_for 20 grep -q "all heartbeats are pushed" "$TMP/log"
  [ "$(git -C ../fleet.git show heartbeat-build1:build1/heartbeat.json)" = \
    "$(git show heartbeat-build1:build1/heartbeat.json)" ]
}

# bats test_tags=long
@test "over ssh" {
  start_sshd
  git remote set-url origin "$SSH_URL$TMP/fleet.git"
  git build squash --server build1 --backup
  [ "$(count heartbeat-build1)" = 1 ]
}

# bats test_tags=long
@test "a backup that cannot be created ends it immediately, with the reason" {
  local before
  git push -q --no-verify origin main:refs/heads/backup
  before=$(git -C ../fleet.git for-each-ref)
  run -128 timeout 60 git build squash --server build1 --backup
  [[ $output == *"cannot be created at 'origin', which has a branch 'backup'"* ]]
  run -128 --separate-stderr timeout 60 git build squash --server build1 --backup --json
  jq -e '.branches[0] | .squashed == false and .backup == null and .error != null' <<<"$output"
  [ "$(git -C ../fleet.git for-each-ref)" = "$before" ]
  # The same if the name itself exists.
  git push -q --no-verify origin :refs/heads/backup
  now=$(date +%s)
  git push -q --no-verify origin "main:refs/heads/backup/heartbeat-build1-$(date -u -d "@$now" +%Y%m%dT%H%M%SZ)"
  before=$(git -C ../fleet.git for-each-ref)
  GIT_BUILD_TEST_NOW=$now run -128 timeout 60 git build squash --server build1 --backup
  [[ $output == *"cannot be created"* ]]
  [ "$(git -C ../fleet.git for-each-ref)" = "$before" ]
}

# bats test_tags=long
@test "a lost race leaves no second backup" {
  # The branch moves in the shared repository before each of the first three squashes is checked.
  echo 3 >"$TMP/races"
  mkdir "$TMP/bin"
  git=$(command -v git)
  cat >"$TMP/bin/git" <<END
#!/bin/bash
left=\$(cat "$TMP/races")
if [[ " \$* " == *" push "* && " \$* " == *heartbeat-build1* ]] && [ "\$left" -gt 0 ]; then
  echo \$((left - 1)) >"$TMP/races"
  (cd "$TMP/fleet.git" && unset GIT_DIR && tip=\$("$git" rev-parse heartbeat-build1) &&
    "$git" update-ref refs/heads/heartbeat-build1 \
      "\$("$git" commit-tree -p "\$tip" -m "Heartbeat" "\$tip^{tree}")")
fi
exec "$git" "\$@"
END
  chmod +x "$TMP/bin/git"
  PATH=$TMP/bin:$PATH git-build squash --server build1 --backup
  [ "$(cat "$TMP/races")" = 0 ]
  backups=$(git -C ../fleet.git for-each-ref --format='%(refname:short)' refs/heads/backup)
  [ "$(wc -l <<<"$backups")" = 1 ]
  [ "$(count heartbeat-build1)" = 1 ]
  # The backup has the history that was squashed.
  [ "$(tip "$backups^{tree}")" = "$(tip "heartbeat-build1^{tree}")" ]
  [ "$(count "$backups")" -ge 6 ]
}

# bats test_tags=long
@test "an error that no retry can change is not retried a hundred times" {
  printf '#!/bin/sh\necho once >>"%s"\n' "$TMP/pushes" >../fleet.git/hooks/update
  chmod +x ../fleet.git/hooks/update
  touch ../fleet.git/refs/heads/heartbeat-build1.lock
  run -128 timeout 120 git build squash --server build1
  rm ../fleet.git/refs/heads/heartbeat-build1.lock
  [ "$(wc -l <"$TMP/pushes")" -le 6 ]
}
