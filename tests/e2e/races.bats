#!/usr/bin/env bats
# Concurrency and failures: servers that record heartbeats and set their status at the same time, servers
# that are killed while they push, and disks that are full or read-only.

load helper

setup() {
  e2e_setup
  shared_repo "$TMP/shared.git" >/dev/null
}
teardown() { e2e_teardown; }

# heartbeats ID COUNT: record COUNT heartbeats, one process each; each failure is a line in ID.bad.
heartbeats() {
  local n
  for ((n = 0; n < $2; n++)); do
    git -C "$TMP/$1" build heartbeat -q 2>>"$TMP/$1.log" || echo "$n" >>"$TMP/$1.bad"
  done
}

# bats test_tags=long
@test "many servers record many heartbeats at the same time: none is lost or refused" {
  count=$(brief_or_thorough 15 200)
  for id in $(racers); do clone_server "$TMP/shared.git" "$id" >/dev/null 2>&1; done
  for id in $(racers); do heartbeats "$id" "$count" & done
  wait
  [ -z "$(cat "$TMP"/*.bad 2>/dev/null)" ]
  for id in $(racers); do
    git -C "$TMP/$id" build heartbeat -q --push
    # With the first one of init and this one: each was committed, and the newest is pushed.
    [ "$(git -C "$TMP/$id" reflog show --format=%gs heartbeat-"$id" | grep -c '^heartbeat')" = $((count + 2)) ]
    [ "$(git -C "$TMP/$id" rev-parse heartbeat-"$id")" = "$(git -C "$TMP/shared.git" rev-parse heartbeat-"$id")" ]
    [ "$(git -C "$TMP/shared.git" rev-list --count heartbeat-"$id")" -le 60 ]
    [ "$(git -C "$TMP/shared.git" ls-tree -r --name-only heartbeat-"$id")" = "$id/heartbeat.json" ]
  done
  [ "$(git -C "$TMP/shared.git" log --format=%s main | grep -c Heartbeat)" = 0 ]
}

# bats test_tags=long
@test "four servers set their status on main at the same time: every change is a commit" {
  for id in s1 s2 s3 s4; do clone_server "$TMP/shared.git" $id >/dev/null 2>&1; done
  for id in s1 s2 s3 s4; do
    for state in building failed building success idle; do
      git -C "$TMP/$id" -c build.attempts=50 build status set -q $state || echo "$state" >>"$TMP/$id.bad"
    done &
  done
  wait
  [ -z "$(cat "$TMP"/*.bad 2>/dev/null)" ]
  [ "$(git -C "$TMP/shared.git" log --format=%s main | grep -c '^Status: ')" = 20 ]
  for id in s1 s2 s3 s4; do
    git -C "$TMP/shared.git" show "main:$id/status.json" | jq -e '.status == "idle"'
  done
}

# bats test_tags=long
@test "servers that are killed during pushes leave no corruption and no locks" {
  clone_server "$TMP/shared.git" s1 >/dev/null 2>&1
  for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
    setsid git -C "$TMP/s1" build heartbeat -q --push 2>/dev/null &
    sleep "0.0$((RANDOM % 9))"
    kill -KILL -- -$! 2>/dev/null || true
    setsid git -C "$TMP/s1" build status set -q building 2>/dev/null &
    sleep "0.0$((RANDOM % 9))"
    kill -KILL -- -$! 2>/dev/null || true
    wait
  done
  # A killed receive-pack may have left a lock file in the shared repository; git-build removes those in the clone.
  find "$TMP/shared.git" -name '*.lock' -path '*refs*' -delete
  fsck_all
  git -C "$TMP/s1" build heartbeat --push
  git -C "$TMP/s1" build status set idle
  [ "$(git -C "$TMP/s1" rev-parse heartbeat-s1)" = "$(git -C "$TMP/shared.git" rev-parse heartbeat-s1)" ]
}

# bats test_tags=long
@test "on a full disk, a heartbeat fails with a clear error, and the next one works" {
  [ "$(id -u)" = 0 ] || skip "mounting a small disk needs root"
  mkdir "$TMP/small"
  mount -t tmpfs -o size=3m tmpfs "$TMP/small" 2>/dev/null || skip "this machine mounts no tmpfs"
  git clone -q "$TMP/shared.git" "$TMP/small/s1" 2>/dev/null
  git -C "$TMP/small/s1" build init -q --server s1
  dd if=/dev/zero of="$TMP/small/fill" bs=4k 2>/dev/null || true
  run git -C "$TMP/small/s1" build heartbeat --push
  [ "$status" = 128 ]
  [[ $output == *"No space left on device"* || $output == *"cannot"* ]]
  rm "$TMP/small/fill"
  git -C "$TMP/small/s1" build heartbeat --push
  git -C "$TMP/small/s1" fsck --strict
  [ -z "$(find "$TMP/small/s1/.git/git-build" -name '*.git-build-??????')" ]
  umount "$TMP/small"
}

@test "on a read-only disk, a heartbeat fails with a clear error, and reading works" {
  [ "$(id -u)" = 0 ] || skip "mounting a disk needs root"
  clone_server "$TMP/shared.git" s1 >/dev/null 2>&1
  mount --bind "$TMP/s1" "$TMP/s1" 2>/dev/null || skip "this machine mounts nothing"
  mount -o remount,ro,bind "$TMP/s1"
  run git -C "$TMP/s1" build heartbeat
  umount "$TMP/s1"
  [ "$status" = 128 ]
  [[ $output == *"Read-only file system"* ]]
  git -C "$TMP/s1" build heartbeat --push
}

# bats test_tags=long
@test "a fetch that collides with another process of the clone is tried again" {
  clone_server "$TMP/shared.git" s1 >/dev/null 2>&1
  mkdir bin
  # A git that finds that the ref has moved, as often as $TMP/times has.
  cat >bin/git <<END
#!/bin/bash
left=\$(cat "$TMP/times")
if [[ " \$* " == *" fetch "* ]] && [ "\$left" -gt 0 ]; then
  echo \$((left - 1)) >"$TMP/times"
  echo "error: cannot lock ref 'refs/remotes/origin/main': is at 2cd84ef8 but expected 841ff2a8" >&2
  exit 1
fi
exec "$(command -v git)" "\$@"
END
  chmod +x bin/git
  cd s1
  echo 3 >"$TMP/times"
  PATH=$TMP/bin:$PATH run -0 git-build job list
  [[ $output != *"cannot"* ]]
  [ "$(cat "$TMP/times")" = 0 ]
  # A lock file that stays is reported.
  echo 1000 >"$TMP/times"
  PATH=$TMP/bin:$PATH run -0 git-build job list
  [[ $output == *"cannot lock ref"* ]]
  [ "$(cat "$TMP/times")" -gt 900 ]
}
