#!/usr/bin/env bats
# Many at once, and the worst moments: a fleet that beats and changes its states together, servers
# killed while they push, disks that are full or read-only.

load helper

setup() {
  e2e_setup
  shared_repo "$TMP/shared.git" >/dev/null
}
teardown() { e2e_teardown; }

# beats ID COUNT: so many beats, one process each; a line in ID.bad for every one that failed.
beats() {
  local n
  for ((n = 0; n < $2; n++)); do
    git -C "$TMP/$1" build heartbeat -q 2>>"$TMP/$1.log" || echo "$n" >>"$TMP/$1.bad"
  done
}

@test "many servers beat at once, many times each: none is lost or refused" {
  count=$(brief_or_thorough 15 200)
  for id in $(racers); do clone_server "$TMP/shared.git" "$id" >/dev/null 2>&1; done
  for id in $(racers); do beats "$id" "$count" & done
  wait
  [ -z "$(cat "$TMP"/*.bad 2>/dev/null)" ]
  for id in $(racers); do
    git -C "$TMP/$id" build heartbeat -q --push
    # Two more with the first of init and this one: every one was committed, and the newest is there.
    [ "$(git -C "$TMP/$id" reflog show --format=%gs heartbeat-"$id" | grep -c '^heartbeat')" = $((count + 2)) ]
    [ "$(git -C "$TMP/$id" rev-parse heartbeat-"$id")" = "$(git -C "$TMP/shared.git" rev-parse heartbeat-"$id")" ]
    [ "$(git -C "$TMP/shared.git" rev-list --count heartbeat-"$id")" -le 60 ]
    [ "$(git -C "$TMP/shared.git" ls-tree -r --name-only heartbeat-"$id")" = "$id/heartbeat.json" ]
  done
  [ "$(git -C "$TMP/shared.git" log --format=%s main | grep -c Heartbeat)" = 0 ]
}

@test "four servers change their states on main at once: every change is a commit" {
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

@test "servers killed at any moment while they push leave nothing corrupt and nothing locked" {
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
  # A receive-pack that was killed may have left a lock on the server; those in the clone are git-build's to remove.
  find "$TMP/shared.git" -name '*.lock' -path '*refs*' -delete
  fsck_all
  git -C "$TMP/s1" build heartbeat --push
  git -C "$TMP/s1" build status set idle
  [ "$(git -C "$TMP/s1" rev-parse heartbeat-s1)" = "$(git -C "$TMP/shared.git" rev-parse heartbeat-s1)" ]
}

@test "on a full disk a beat fails with a sentence, and the next one works" {
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

@test "on a read-only disk a beat fails with a sentence, and what is there can be read" {
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

@test "who fetches while another process of the clone does tries again" {
  clone_server "$TMP/shared.git" s1 >/dev/null 2>&1
  mkdir bin
  # A git that finds the ref moved, as often as $TMP/times says.
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
  # A lock that stays is told.
  echo 1000 >"$TMP/times"
  PATH=$TMP/bin:$PATH run -0 git-build job list
  [[ $output == *"cannot lock ref"* ]]
  [ "$(cat "$TMP/times")" -gt 900 ]
}
