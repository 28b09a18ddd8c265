# The environment of every end-to-end test: `load helper` is the first line of a bats file.
#
# Each test starts in its own directory, $TMP, with an environment that does not depend on this machine:
# a separate home directory and git config, no system config, UTC, untranslated messages, and the
# git-build under test first in PATH, so that `git build` finds it. At the end, every repository
# below $TMP must pass `git fsck --strict`; a failing test keeps its directory and prints its path.
#
# A file that needs more defines setup() or teardown() after the load, and calls e2e_setup and
# e2e_teardown in them.

bats_require_minimum_version 1.5.0 # for `run -0`

setup() { e2e_setup; }
teardown() { e2e_teardown; }

SOURCE_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${GIT_BUILD_BINDIR:=$SOURCE_DIR/build}"
# The coordination files of an invented fleet, listed in its index.tsv.
CORPUS=$(realpath "${GIT_BUILD_TEST_CORPUS:-$SOURCE_DIR/tests/data}")
export CORPUS
: "${GIT_BUILD_TEST_PATIENCE:=1}"

e2e_setup() {
  TMP=$(mktemp -d "${TMPDIR:-/tmp}/git-build-e2e.XXXXXX") || return 1
  TMP=$(cd "$TMP" && pwd -P)
  background_pids=()

  # Unset variables of the caller that git, git-build, or a make started by a test would use.
  local name
  for name in $(compgen -e); do
    case $name in
      GIT_BUILD_BINDIR | GIT_BUILD_TEST_PATIENCE | GIT_BUILD_TEST_LONG | GIT_BUILD_TEST_REQUESTS) ;;
      GIT_* | SERVER_ID | HEARTBEAT_* | LOCK_WAIT | BUILD_* | NOTIFY_SOCKET | XDG_* | SSH_*) unset "$name" ;;
      MAKE* | MFLAGS | SANITIZE | CC | PREFIX | DESTDIR | EDITOR | VISUAL | PAGER | NO_COLOR) unset "$name" ;;
    esac
  done

  mkdir -p "$TMP/home/.config" "$TMP/tmp"
  export HOME=$TMP/home XDG_CONFIG_HOME=$TMP/home/.config TMPDIR=$TMP/tmp
  export GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 TZ=UTC LC_ALL=C
  # A test may preload a library of tests/faults into a program that was built with a sanitizer.
  export ASAN_OPTIONS=verify_asan_link_order=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}
  export GIT_BUILD_BINDIR PATH=$GIT_BUILD_BINDIR:$PATH
  # The servers of a test are on one host, but must race as if they were on several. Processes wait for each
  # other, and for the remote, as long as the tests wait for them.
  cat >"$HOME/.gitconfig" <<END
[user]
	name = Test
	email = test@example.com
[init]
	defaultBranch = main
[advice]
	detachedHead = false
[build]
	hostQueue = false
	requests = ${GIT_BUILD_TEST_REQUESTS:-false}
	lockWait = $(patience 3)
	timeout = $(patience 6)
END
  cd "$TMP" || return 1
}

e2e_teardown() {
  local pid status=0
  for pid in "${background_pids[@]}"; do
    kill "$pid" 2>/dev/null || true
  done
  for pid in "${background_pids[@]}"; do
    wait "$pid" 2>/dev/null || true
  done
  cd / || return 1
  [ -n "${BATS_TEST_COMPLETED-}" ] || [ -n "${BATS_TEST_SKIPPED-}" ] || status=1
  fsck_all || status=1
  if [ "$status" = 0 ]; then
    chmod -R u+rwX "$TMP"
    rm -rf "$TMP"
  else
    echo "the directory of the test is kept: $TMP" >&2
  fi
  return "$status"
}

# shared_repo PATH: create a bare repository, set up as the shared one.
shared_repo() {
  git build init --shared "$1"
}

# clone_server SHARED ID: clone SHARED to $TMP/ID, as server ID. SHARED is a path or a URL.
clone_server() {
  git clone -q "$1" "$TMP/$2" && git -C "$TMP/$2" build init --server "$2"
}

# A different value for each of the servers that race in a test.
racers() { brief_or_thorough "s1 s2 s3 s4" "s1 s2 s3 s4 s5 s6 s7 s8"; }

# fleet_of [file://] ID...: create the shared repository fleet.git and a clone for each ID in $TMP. Later tests
# of a bats file get copies of the first one's, unless these are so old that their heartbeats are late.
fleet_of() {
  local url='' id kept=$BATS_RUN_TMPDIR/fleet "made_at=0" made_in=''
  if [ "$1" = file:// ]; then
    url=$1
    shift
  fi
  kept=$(IFS=- && echo "$kept${url:+-url}-$*")
  [ ! -e "$kept/made" ] || read -r made_at made_in <"$kept/made"
  if [ $(($(date +%s) - made_at)) -lt 30 ]; then
    cp -a "$kept/." "$TMP" || return
    rm "$TMP/made"
    sed -i "s|$made_in/|$TMP/|" fleet.git/config "${@/%//.git/config}"
    return
  fi
  shared_repo fleet.git || return
  for id in "$@"; do clone_server "$url$TMP/fleet.git" "$id" || return; done
  rm -rf "$kept" && mkdir "$kept" && cp -a fleet.git "$@" "$kept" && date "+%s $TMP" >"$kept/made"
}

# Check every repository below $TMP. A test that damages one on purpose deletes it at the end.
fsck_all() {
  local objects repo bad=0
  while IFS= read -r -d '' objects; do
    repo=${objects%/objects}
    if [ ! -e "$repo/HEAD" ] || [ ! -d "$repo/refs" ]; then continue; fi
    if ! git --git-dir="$repo" fsck --strict --no-dangling --no-progress >"$TMP/fsck" 2>&1; then
      echo "git fsck --strict finds errors in $repo:" >&2
      cat "$TMP/fsck" >&2
      bad=1
    fi
  done < <(find "$TMP" -type d -name objects -print0)
  return "$bad"
}

# in_background LOG COMMAND...: start COMMAND; teardown kills it. Its process ID is in $pid.
in_background() {
  local log=$1
  shift
  # bats waits for every process that has descriptor 3 open.
  "$@" >"$log" 2>&1 </dev/null 3>&- &
  pid=$!
  background_pids+=("$pid")
}

# patience SECONDS: print how many seconds to wait for something that takes SECONDS on an idle machine. It
# can take ten times as long on a busy one, and GIT_BUILD_TEST_PATIENCE times that on a slow one.
patience() { echo $(($1 * 10 * GIT_BUILD_TEST_PATIENCE)); }

# brief_or_thorough N MANY: print N in `make check`, and MANY if GIT_BUILD_TEST_LONG is set, as in CI.
brief_or_thorough() { [ -n "${GIT_BUILD_TEST_LONG-}" ] && echo "$2" || echo "$1"; }

# wait_for SECONDS COMMAND...: try COMMAND ten times a second until it succeeds; return 1 if it does not
# within patience SECONDS.
wait_for() {
  local end
  end=$((SECONDS + $(patience "$1")))
  shift
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$end" ]; then
      echo "timed out waiting for: $*" >&2
      return 1
    fi
    sleep 0.1
  done
}

# later SECONDS COMMAND...: run COMMAND and its child processes with a clock that is SECONDS ahead.
later() {
  local now
  now=$(($(date +%s) + $1))
  shift
  GIT_BUILD_TEST_NOW=$now "$@"
}

# Start a real sshd on a loopback port, as this user, with its own keys. Afterwards, git can reach any
# path of this machine as "$SSH_URL/path", with the environment of the test on both ends.
start_sshd() {
  local sshd user dir=$TMP/ssh port tries
  # sshd must be called by its absolute path, and /usr/sbin is not in the PATH of every user.
  sshd=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v sshd) || {
    echo "sshd is missing; ./install.sh check installs it" >&2
    return 1
  }
  user=$(id -un)
  # The privilege separation directory of root's sshd; it does not exist if sshd has never run.
  [ "$(id -u)" != 0 ] || mkdir -p /run/sshd
  mkdir -m 700 "$dir" || return 1
  ssh-keygen -q -t ed25519 -N '' -f "$dir/host" && ssh-keygen -q -t ed25519 -N '' -f "$dir/user" ||
    return 1
  cp "$dir/user.pub" "$dir/authorized_keys"
  for tries in 1 2 3 4 5 6 7 8 9 10; do
    port=$((20000 + (RANDOM % 20000)))
    cat >"$dir/sshd_config" <<END
Port $port
ListenAddress 127.0.0.1
HostKey $dir/host
PidFile $dir/pid
AuthorizedKeysFile $dir/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
StrictModes no
UsePAM no
MaxStartups 100
SetEnv HOME=$HOME PATH=$PATH GIT_CONFIG_NOSYSTEM=1 LC_ALL=C TZ=UTC GIT_BUILD_BINDIR=$GIT_BUILD_BINDIR
END
    in_background "$dir/log.$tries" "$sshd" -D -e -f "$dir/sshd_config"
    # If the port is in use, sshd exits immediately.
    wait_for 5 eval "grep -q 'Server listening' '$dir/log.$tries' || ! kill -0 $pid"
    if kill -0 "$pid" 2>/dev/null; then
      echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$dir/host.pub")" >"$dir/known_hosts"
      export GIT_SSH_COMMAND="ssh -F /dev/null -i '$dir/user' -o IdentitiesOnly=yes -o BatchMode=yes \
-o UserKnownHostsFile='$dir/known_hosts' -o StrictHostKeyChecking=yes -o LogLevel=ERROR"
      export SSH_URL=ssh://$user@127.0.0.1:$port
      return 0
    fi
  done
  cat "$dir"/log.* >&2
  return 1
}

# listen SOCKET: a minimal service manager; it writes the notifications that it gets to $TMP/notified.
listen() {
  # shellcheck disable=SC2016 # perl's
  in_background "$TMP/notified" perl -MSocket -e '
    socket(S, AF_UNIX, SOCK_DGRAM, 0) or die; bind(S, pack_sockaddr_un($ARGV[0] =~ s/^@/\0/r)) or die;
    $| = 1; while (defined recv(S, $m, 4096, 0)) { print "$m\n" }' "$1"
  wait_for 5 listening "$1"
}

# A name that begins with @ is not in the file system; the kernel lists both kinds.
listening() { awk -v name="$1" '$NF == name { found = 1 } END { exit !found }' /proc/net/unix; }
