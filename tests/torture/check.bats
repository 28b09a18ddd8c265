#!/usr/bin/env bats
# The checker of `make torture` finds each kind of wrong history: a checker that finds nothing would be
# useless.

load ../e2e/helper

setup() {
  e2e_setup
  git init -q --bare fleet.git
  git -C fleet.git config core.logAllRefUpdates always
  tip=
  documents='{"locks": {"locks": {}}, "jobs": {"jobs": []}, "messages": {"messages": []}}'
  operation=0
}

# state TIME EDIT [REQUESTS]: the next state of the branch, pushed at second TIME: EDIT (jq) changes
# .locks, .jobs and .messages. REQUESTS: the IDs in its message.
state() {
  local tree id index=$TMP/index name
  documents=$(jq -c "$2" <<<"$documents")
  operation=$((operation + 1))
  for name in locks jobs messages; do
    id=$(jq ".$name" <<<"$documents" | git -C fleet.git hash-object -w --stdin)
    GIT_INDEX_FILE=$index git -C fleet.git update-index --add --cacheinfo "100644,$id,coordination/$name.json"
  done
  tree=$(GIT_INDEX_FILE=$index git -C fleet.git write-tree)
  commit=$(
    {
      printf 'State %d\n\n' "$operation"
      # shellcheck disable=SC2086 # ids
      printf 'Operation-Id: %s\n' ${3-op$operation}
    } | git -C fleet.git commit-tree ${tip:+-p "$tip"} "$tree"
  )
  GIT_COMMITTER_DATE="@$1 +0000" git -C fleet.git update-ref refs/heads/main "$commit"
  tip=$commit
}

at() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ; }

# lock TIME HOLDER FENCE UNTIL: a state in which HOLDER holds lock l1 from TIME on; "": it is free.
lock() {
  if [ -n "$2" ]; then
    state "$1" ".locks.locks.l1 = {locked_by: \"$2\", locked_at: \"$(at "$1")\", expires_at: \"$(at "$4")\", fence: $3}"
  else
    state "$1" ".locks.locks.l1 = {locked_by: null, locked_at: null, expires_at: null, fence: $3}"
  fi
}

# job TIME STATUS SERVER ATTEMPT
job() {
  state "$1" ".jobs.jobs = [{id: \"j1\", description: \"words\", status: \"$2\", assigned_to: \"$3\", attempt: $4}]"
}

# answered LOG SERVER ASKED ANSWERED OPERATION OBJECT CODE ANSWER [KEPT]: times in seconds; ANSWERED "": never.
answered() {
  local n
  n=$(($(wc -l 2>/dev/null <"$1" || echo 0) + 1))
  jq -cn "{n: $n, at: ($3 * 1000000), server: \"$2\", op: \"$5\", object: \"$6\"}" >>"$1"
  [ -z "$4" ] || jq -cn "{n: $n, at: ($4 * 1000000), code: $7, kept: ${9-false}, answer: $8}" >>"$1"
}

acquired() { # LOG SERVER ASKED ANSWERED FENCE UNTIL COMMIT
  answered "$1" "$2" "$3" "$4" "lock acquire" l1 0 \
    "{acquired: true, locked_by: \"$2\", fence: $5, expires_at: \"$(at "$6")\", commit: \"$7\"}"
}

claimed() { # LOG SERVER ASKED ANSWERED ATTEMPT COMMIT
  answered "$1" "$2" "$3" "$4" "job claim" "" 0 "{claimed: true, job: {id: \"j1\", attempt: $5}, commit: \"$6\"}"
}

check_history() { "$GIT_BUILD_BINDIR/tests/torture/check" fleet.git "$@"; }

finds() { # TEXT LOG...: the checker reports exactly one error, with TEXT
  local text=$1
  shift
  run -1 check_history "$@"
  [[ $output == *"$text"* && $output == *"; 1 wrong" ]] || {
    echo "$output"
    return 1
  }
}

# bats test_tags=long
@test "a valid history has no errors" {
  state 100 .
  lock 110 s1 1 120 && acquired a.log s1 109 111 1 120 "$tip"
  lock 120 s2 2 140 && acquired b.log s2 119 121 2 140 "$tip"
  answered a.log s1 122 123 "lock acquire" l1 1 '{acquired: false, locked_by: "s2", fence: 2, commit: null}'
  lock 125 "" 2 && answered b.log s2 124 126 "lock release" l1 0 "{released: true, locked_by: null, fence: 2, commit: \"$tip\"}"
  job 130 queued "" 0 && answered a.log s1 129 131 "job add" words 0 "{id: \"j1\", commit: \"$tip\"}"
  job 140 running s1 1 && claimed a.log s1 139 141 1 "$tip"
  job 150 queued "" 1
  job 160 running s2 2 && claimed b.log s2 159 161 2 "$tip"
  state 170 '.messages.messages = [{id: "m1", subject: "hello"}]'
  answered a.log s1 169 171 "message send" hello 0 "{id: \"m1\", commit: \"$tip\"}"
  answered b.log s2 172 "" "message send" "never heard of" 0 null
  run -0 check_history a.log b.log
  [[ $output == *"7 acknowledged; 9 states of the shared branch; 0 wrong" ]]
}

# bats test_tags=long
@test "a lock changes its holder before it has expired" {
  state 100 . && lock 110 s1 1 120 && lock 119 s2 2 130
  finds "lock l1 goes from s1 to s2 1 s before it has expired"
}

# bats test_tags=long
@test "the fence does not increase when a lock is acquired" {
  state 100 . && lock 110 s1 1 120 && lock 120 s2 1 130
  finds "lock l1 of s2 has fence 1, after 1"
}

# bats test_tags=long
@test "the fence does not increase when the same server acquires again" {
  state 100 . && lock 110 s1 1 120 && lock 121 s1 1 130
  finds "has fence 1, after 1"
}

# bats test_tags=long
@test "the fence decreases when a lock is released" {
  state 100 . && lock 110 s1 7 120 && lock 115 "" 6
  finds "lock l1 of no server has fence 6, after 7"
}

# bats test_tags=long
@test "two acquisitions have the same fence" {
  state 100 . && lock 110 s1 1 120
  acquired a.log s1 109 111 1 120 "$tip"
  acquired b.log s1 108 112 1 120 "$tip"
  finds "fence l1 1 was already given in another answer" a.log b.log
}

# bats test_tags=long
@test "an acknowledged acquisition did not happen" {
  state 100 . && lock 110 s1 1 120
  acquired a.log s2 109 111 1 120 "$tip"
  finds "in the history, it belongs to s1" a.log
}

# bats test_tags=long
@test "an acknowledged renewal did not happen" {
  state 100 . && lock 110 s1 1 120
  answered a.log s1 109 111 "lock renew" l1 0 "{renewed: true, fence: 1, expires_at: \"$(at 150)\", commit: \"$tip\"}"
  finds "in the history, it has another expiry" a.log
}

# bats test_tags=long
@test "an acknowledged release did not happen" {
  state 100 . && lock 110 s1 1 120
  answered a.log s1 109 111 "lock release" l1 0 "{released: true, fence: 1, commit: \"$tip\"}"
  finds "in the history, it belongs to s1" a.log
}

# bats test_tags=long
@test "a lock was refused because of a holder that did not exist" {
  state 100 . && lock 110 s1 1 120 && lock 112 "" 1
  answered a.log s2 114 115 "lock acquire" l1 1 '{acquired: false, locked_by: "s1", fence: 1, commit: null}'
  finds "the answer names the holder s1 with fence 1, which did not exist" a.log
}

@test "an acknowledged commit does not exist" {
  state 100 .
  answered a.log s1 101 102 "job cancel" j1 0 '{cancelled: true, commit: "1234567890123456789012345678901234567890"}'
  finds "123456789012 was never on the shared branch" a.log
}

@test "a commit existed before it was requested" {
  state 100 . && lock 110 s1 1 120
  acquired a.log s1 111 112 1 120 "$tip"
  finds "was not pushed between request and answer" a.log
}

# bats test_tags=long
@test "a request took effect before one that was answered before it was made" {
  state 100 .
  state 101 '.messages.messages = [{id: "m1", subject: "one"}]' && first=$tip
  state 101 '.messages.messages += [{id: "m2", subject: "two"}]'
  answered a.log s1 101.1 101.2 "message send" two 0 "{id: \"m2\", commit: \"$tip\"}"
  answered b.log s2 101.3 101.4 "message send" one 0 "{id: \"m1\", commit: \"$first\"}"
  finds "it took effect before operation 1 of a.log, which was already answered" a.log b.log
}

# bats test_tags=long
@test "a running job changes its server" {
  state 100 . && job 110 queued "" 0 && job 120 running s1 1 && job 130 running s2 2
  finds "job j1 goes from s1 to s2 while it runs"
}

# bats test_tags=long
@test "a job is claimed at an attempt that already existed" {
  state 100 . && job 110 queued "" 0 && job 120 running s1 1 && job 130 queued "" 1 && job 140 running s2 1
  finds "job j1 is claimed by s2 at attempt 1, after 1"
}

# bats test_tags=long
@test "a job was given to two servers" {
  state 100 . && job 110 queued "" 0 && job 120 running s1 1
  claimed a.log s1 119 121 1 "$tip"
  claimed b.log s1 118 122 1 "$tip"
  finds "attempt j1 1 was already given in another answer" a.log b.log
}

@test "an acknowledged claim did not happen" {
  state 100 . && job 110 queued "" 0
  answered a.log s1 109 111 "job claim" "" 0 "{claimed: true, job: {id: \"j1\", attempt: 0}, commit: \"$tip\"}"
  finds "in the history, it is queued" a.log
}

@test "an acknowledged claim belongs to another server" {
  state 100 . && job 110 queued "" 0 && job 120 running s1 1
  claimed a.log s2 119 121 1 "$tip"
  finds "in the history, it belongs to s1" a.log
}

# bats test_tags=long
@test "a completed job runs again" {
  state 100 . && job 110 queued "" 0 && job 120 running s1 1 && job 130 completed s1 1 && job 140 queued "" 1
  finds "job j1 was completed, and is queued"
}

@test "a job was removed" {
  state 100 . && job 110 queued "" 0 && state 120 '.jobs.jobs = []'
  finds "job j1 was removed"
}

@test "an acknowledged message is lost" {
  state 100 .
  answered a.log s1 101 102 "message send" hello 0 '{id: "m1", commit: null}'
  finds "it was acknowledged, and is lost" a.log
}

@test "a message kept in the outbox is lost" {
  state 100 .
  answered a.log s1 101 102 "message send" hello 128 null true
  finds "it was kept, and is lost" a.log
}

# bats test_tags=long
@test "a message is removed later" {
  state 100 . && state 110 '.messages.messages = [{id: "m1", subject: "hello"}]' && state 120 '.messages.messages = []'
  finds "message m1 was removed"
}

@test "a message exists twice" {
  state 100 . && state 110 '.messages.messages = [{id: "m1", subject: "hello"}, {id: "m1", subject: "hello"}]'
  finds "message m1 exists twice"
}

@test "a message exists twice with two IDs" {
  state 100 . && state 110 '.messages.messages = [{id: "m1", subject: "hello"}, {id: "m2", subject: "hello"}]'
  answered a.log s1 109 "" "message send" hello 0 null
  finds "it exists 2 times" a.log
}

@test "a message exists although its sender got an error" {
  state 100 . && state 110 '.messages.messages = [{id: "m1", subject: "hello"}]'
  answered a.log s1 109 111 "message send" hello 128 null
  finds "the answer is a failure, and it exists" a.log
}

# bats test_tags=long
@test "a request was applied twice" {
  state 100 . && state 110 . same && state 120 . same
  finds "operation same was already applied"
}

# bats test_tags=long
@test "a request was applied twice, among others" {
  state 100 . && state 110 . "one two" && state 120 . "three two"
  finds "operation two was already applied"
}

# bats test_tags=long
@test "the branch was rewound" {
  state 100 . && first=$tip
  lock 110 s1 1 120
  GIT_COMMITTER_DATE="@120 +0000" git -C fleet.git update-ref refs/heads/main "$first"
  run -1 check_history
  [[ $output == *"does not follow the previous state"* ]]
}

# bats test_tags=long
@test "a document is missing or corrupt" {
  state 100 . && lock 110 s1 1 120
  tree=$(git -C fleet.git mktree </dev/null)
  commit=$(git -C fleet.git commit-tree -p "$tip" -m empty "$tree")
  GIT_COMMITTER_DATE="@120 +0000" git -C fleet.git update-ref refs/heads/main "$commit"
  run -1 check_history
  [[ $output == *"coordination/locks.json was removed"* ]]
}
