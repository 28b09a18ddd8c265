#!/usr/bin/env bats
# git build repos: the worktrees of this host.

load helper

# bats test_tags=long
@test "lists every worktree below, with branch, upstream and changes, and nothing else" {
  git init -q --bare up.git
  git clone -q up.git "root/a tree" 2>/dev/null
  git -C "root/a tree" commit -q --allow-empty -m one
  git -C "root/a tree" push -q origin main
  git -C "root/a tree" commit -q --allow-empty -m two
  touch "root/a tree/new"
  git init -q root/a\ tree/inner
  git clone -q up.git root/deep/er/b
  git -C root/deep/er/b checkout -q --detach
  mkdir -p root/none/.hidden root/broken/.git
  git -C root/deep/er/b worktree add -q "$TMP/root/linked"
  run -0 git build repos root
  [[ ${lines[0]} == "WORKTREE"*BRANCH*UPSTREAM*FILES* ]]
  [[ $output == *"root/a tree "*main*"+1 -0"*"2 changed"* ]]
  [[ $output == *"root/a tree/inner "*main*"-"*clean* ]]
  [[ $output == *"root/deep/er/b "*"(detached)"*clean* ]]
  [[ $output == *"root/linked "*linked*clean* ]]
  [[ $output == *"root/broken "*"not a git repository"* ]]
  [ "${#lines[@]}" = 6 ]
  [ "$(git build repos --json root | jq -c '[.repositories[] | select(.problem == null) | .changed] | add')" = 2 ]
  [ "$(git build repos --depth 2 --json root | jq '.repositories | length')" = 4 ]
  cd root/linked
  GIT_DIR=/nowhere run -0 git-build repos
  [[ $output == *". "*linked* ]]
}

@test "no worktree is 1, a missing directory is 128" {
  mkdir empty
  run -1 git build repos empty
  [ -z "$output" ]
  run -128 git build repos nowhere
  [[ $output == *"'nowhere': no such directory"* ]]
  run -128 git build repos -- -x
}
