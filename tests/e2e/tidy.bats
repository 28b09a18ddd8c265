# The objects of git-build in a server's clone, and in the shared repository, are packed and pruned.

load helper

setup() {
  e2e_setup
  fleet_of build1 >/dev/null 2>&1
  cd build1 || return
  git config gc.auto 1 # git estimates more loose objects than that if two are in objects/17
}

# Create as many unreachable loose objects in this repository as days of heartbeats leave.
many_loose_objects() {
  local i
  for i in $(seq 3000); do echo "$RANDOM$i" >"$TMP/tmp/$i"; done
  find "$TMP/tmp" -type f -name '[0-9]*' | git hash-object -w --stdin-paths >/dev/null
}

loose() { git count-objects | cut -d ' ' -f 1; }

# bats test_tags=long
@test "after a push of heartbeats; old positions of their branch are forgotten" {
  for _ in 1 2 3 4; do git build heartbeat; done
  many_loose_objects
  [ "$(git reflog heartbeat-build1 | wc -l)" -ge 4 ]
  run -0 git build heartbeat --push
  [ "$(loose)" -lt 100 ]
  [ "$(git reflog heartbeat-build1 | wc -l)" = 0 ]
  [ -n "$(git reflog main)" ] # all other reflogs are kept
}

# bats test_tags=long
@test "unreachable objects are pruned when there are many packs" {
  many_loose_objects
  git build heartbeat --push
  [ "$(git count-objects -v | sed -n 's/^in-pack: //p')" -gt 2900 ]
  git config gc.autoPackLimit 1
  git config gc.pruneExpire now
  many_loose_objects
  git build heartbeat --push
  [ "$(git count-objects -v | sed -n 's/^in-pack: //p')" -lt 200 ]
}

# bats test_tags=long
@test "after a request, and after a fetch" {
  many_loose_objects
  run -0 git build lock acquire one
  [ "$(loose)" -lt 100 ]
  many_loose_objects
  run -0 git build lock list
  [ "$(loose)" -lt 100 ]
}

# bats test_tags=long
@test "by a loop, after a heartbeat" {
  many_loose_objects
  in_background loop.log git build heartbeat --loop --interval 1 --push-every 1
  wait_for 20 packed
}
packed() { [ "$(loose)" -lt 100 ]; }

@test "many remote-tracking refs are packed, unless gc.auto forbids it" {
  local tip
  git config gc.auto 6700
  tip=$(git -C ../fleet.git rev-parse heartbeat-build1)
  seq 600 | sed "s|.*|create refs/heads/heartbeat-s& $tip|" | git -C ../fleet.git update-ref --stdin
  git -c gc.auto=0 build status
  [ "$(find .git/refs/remotes/origin -type f | wc -l)" -gt 600 ]
  git build status
  [ "$(find .git/refs/remotes/origin -type f | wc -l)" -lt 10 ]
  [ "$(git for-each-ref refs/remotes/origin/heartbeat-s* | grep -c "$tip")" = 600 ]
  # A packed ref follows its branch.
  git -C ../fleet.git update-ref refs/heads/heartbeat-s7 main
  git build status
  [ "$(git rev-parse origin/heartbeat-s7)" = "$(git -C ../fleet.git rev-parse main)" ]
}

# bats test_tags=long
@test "not if gc.auto or maintenance.auto forbids it, not for a few objects, not offline" {
  many_loose_objects
  git config gc.auto 0
  git build lock acquire one
  git config gc.auto 1
  git config maintenance.auto false
  git build lock acquire two
  git config --unset maintenance.auto
  git config --unset gc.auto
  git build lock acquire three
  git config gc.auto 1
  git build lock list --offline
  [ "$(loose)" -gt 2900 ]
}

# bats test_tags=long
@test "the shared repository prunes old heartbeats by itself, even after a gc that found too many" {
  cd ../fleet.git
  git config gc.auto 1
  many_loose_objects
  git -C ../build1 build lock acquire one
  wait_for 20 test -s gc.log # they are younger than an hour: git stops collecting for a while
  wait_for 20 test ! -e gc.pid
  [ "$(loose)" -gt 2900 ]
  find objects gc.log -type f -exec touch -d '2 hours ago' {} +
  git -C ../build1 build lock acquire two
  wait_for 20 packed
}

# bats test_tags=long
@test "temporary files of dead processes are removed, and no others" {
  mkdir -p .git/git-build/outbox .git/git-build/queue
  dead=(.git/git-build/fetched-branch.git-build-aB3dE6 .git/git-build/outbox/1.json.git-build-000000
    .git/git-build/queue/1.git-build-zzzzzz .git/hooks/pre-push.git-build-Q1w2E3
    .merge_file_aaaaaa.git-build-bbbbbb)
  others=(.git/git-build/outbox/notes.abcdef .git/hooks/pre-commit.sample notes.git-build-long-name
    used.git-build-cccccc)
  touch "${dead[@]}" "${others[@]}"
  # In use: a process holds it.
  exec 9<used.git-build-cccccc
  flock -s 9
  git build status set -q building
  for file in "${dead[@]}"; do [ ! -e "$file" ] || { echo "left: $file"; false; }; done
  for file in "${others[@]}"; do [ -e "$file" ] || { echo "gone: $file"; false; }; done
  exec 9<&-
  git build status set -q idle
  [ ! -e used.git-build-cccccc ]
}

# bats test_tags=long
@test "files of a killed write are removed by the next command" {
  # It dies in the rename: a preloaded library kills it instead.
  cat >"$TMP/die.c" <<'END'
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
int rename(const char *from, const char *to)
{
	if (strstr(from, ".git-build-"))
		kill(getpid(), SIGKILL);
	return (int)syscall(SYS_rename, from, to);
}
END
  "${CC:-gcc}" -shared -fPIC -o "$TMP/die.so" "$TMP/die.c"
  for _ in 1 2 3; do
    run env LD_PRELOAD="$TMP/die.so" git-build message send --to all --subject x
    [ "$status" = 137 ]
  done
  [ -n "$(find . -name '*.git-build-??????')" ]
  git build status set -q building
  [ -z "$(find . -name '*.git-build-??????')" ]
  # The same for the hooks of the shared repository.
  touch ../fleet.git/hooks/pre-receive.git-build-aaaaaa
  git build init -q --shared ../fleet.git
  [ -z "$(find .. -name '*.git-build-??????')" ]
}
