#!/bin/sh
# git build demo: show a fleet of two servers at work. demo.c embeds this script and runs it.
#
# usage: sh -c SCRIPT sh PROGRAM-DIR QUIET [DIR]
#
# PROGRAM-DIR has the git-build to use, QUIET is 1 for -q, and DIR is kept. The demo is confined to one
# directory: it does not read the user's settings for git, and writes nothing elsewhere.
set -u
program=$1 quiet=$2 directory='' interrupted='' said=''
keep() { false; }
[ $# -lt 3 ] || keep() { true; }

fatal() {
  printf 'fatal: %s\n' "$1" >&2
  exit 128
}

say() {
  [ "$quiet" = 1 ] || printf '%s\n' "$1" 2>/dev/null || fatal 'cannot write to standard output'
}

clean_up() {
  keep || [ -z "$directory" ] || rm -rf "$directory"
}

# A signal ends the demo between two steps, so that no process uses the directory when it is removed. If
# the reader of the output exits, the demo ends as other programs do.
trap clean_up EXIT
trap interrupted=1 INT TERM HUP
trap 'clean_up; trap - PIPE; kill -s PIPE $$' PIPE

# Remove everything that git or git-build would read from the user's environment. The path of git's own
# programs is not a preference.
forget_user() {
  for name in $(env | sed -nE 's/^((GIT|XDG|HEARTBEAT)_[A-Za-z0-9_]*)=.*/\1/p'); do
    [ "$name" = GIT_EXEC_PATH ] || unset "$name"
  done
  unset SERVER_ID LOCK_WAIT NOTIFY_SOCKET
}

# make_directory [DIR]: make the directory of the demo, and work in it.
make_directory() {
  if keep; then
    said=$(mkdir -p -- "$1" 2>&1 && ls -A -- "$1" 2>&1) || fatal "$said"
    [ -z "$said" ] || fatal "the directory '$1' is not empty; the demo needs an empty one"
    directory=$1
  else
    said=$(mktemp -d "${TMPDIR:-/tmp}/git-build-demo.XXXXXX" 2>&1) || fatal "$said"
    directory=$said
  fi
  directory=$(CDPATH='' cd -- "$directory" && pwd -P) && cd "$directory" || exit 128
}

# run COMMAND: run it exactly as shown, without the terminal's signals.
run() {
  say "\$ $1"
  status=0
  said=$(exec timeout -k 1 120 sh -c "$1" </dev/null 2>&1) || status=$?
  [ -z "$said" ] || say "$said"
  [ "$quiet" = 1 ] || said=''
  case $status in
    0) ;;
    124) fatal "'$1' did not end within 120 seconds and was stopped" ;;
    *) fatal "'$1' ended with exit code $status${said:+:
$said}" ;;
  esac
  [ -z "$interrupted" ] || fatal 'the demo was interrupted'
}

shift 2
make_directory "$@"
forget_user
PATH=$program:${PATH:-/bin} HOME=$directory TMPDIR=$directory GIT_CONFIG_NOSYSTEM=1
export PATH HOME TMPDIR GIT_CONFIG_NOSYSTEM

while IFS= read -r line; do
  case $line in
    '#'*) say "
$line" ;;
    '$ '*) run "${line#??}" ;;
  esac
done <<'END'
# The shared repository is bare, and has the hooks and settings that a fleet needs.
$ git build init --shared fleet.git

# Each server is a clone of it. Usually these two would be on different machines.
$ git clone -q fleet.git build1 && git clone -q fleet.git build2

# init gives a clone its server ID, writes the files that the fleet shares, and announces the server.
$ git -C build1 build init --server build1 --manager Ada --ip 10.1.3.175
$ git -C build2 build init --server build2 --manager Grace --ip 10.1.3.177

# A heartbeat is a commit on the server's own branch. It is recorded in the clone at once, and every fifth is pushed; --push pushes immediately. A service would run 'git build heartbeat --loop'.
$ git -C build1 build heartbeat
$ git -C build1 build heartbeat
$ git -C build1 build heartbeat --push
$ git -C build2 build heartbeat --push

# Each server has its own branch for heartbeats; main, which everyone fetches, has none of them.
$ git -C fleet.git log --graph --oneline --all

# Someone edits the queue by hand, and makes a mistake. The push is rejected: the hook of the shared repository reports the position and the expected value.
$ echo '{"jobs": [{"id": "job_1", "status": "queud"}]}' >build2/coordination/jobs.json
$ git -C build2 -c user.name=Grace -c user.email=grace@localhost commit -q -a -m 'Add a job'
$ ! git -C build2 push -q --no-verify
$ git -C build2 reset -q --hard origin/main

# There is a job. Both servers claim it at the same moment: the server whose push arrives first gets it, and the other is refused.
$ git -C build1 build job add --branch main --commit d8e22ab --description 'DEB packages'
$ for i in 1 2; do git -C build$i build job claim >claim$i 2>&1 & done; wait; tail -n +1 claim1 claim2
$ git -C build1 build job list

# The server that runs a job reports its result.
$ for i in 1 2; do job=$(sed -n 's/^\(job_[^ ]*\) .*/\1/p' claim$i); [ -z "$job" ] || git -C build$i build job complete $job; done

# Both change one line of a file at the same time, by hand. git alone would report a conflict; the merge driver knows from the schema that profiles are a set.
$ for i in 1 2; do git -C build$i pull -q --rebase && sed -i 's/"profiles": .*\]/"profiles": ["of-build'$i'"]/' build$i/shared/build_config.json; done
$ for i in 1 2; do git -C build$i config user.name build$i && git -C build$i config user.email build$i@localhost && git -C build$i commit -q -a -m 'Add a profile'; done
$ git -C build1 push -q && git -C build2 pull -q --rebase && git -C build2 push -q
$ grep profiles build2/shared/build_config.json

# Workers do all of that automatically. There is a source repository with a script that makes a Debian package,
$ git init -q -b main hello && mkdir hello/packaging && printf '%s\n' '#!/bin/sh' 'mkdir -p root/DEBIAN' 'printf "Package: hello\\nVersion: 1.0\\nArchitecture: all\\nMaintainer: Ada <ada@localhost>\\nDescription: a small package\\n" >root/DEBIAN/control' 'dpkg-deb --root-owner-group --build root "$2/hello_1.0_all.deb"' >hello/packaging/build-deb.sh && chmod +x hello/packaging/build-deb.sh
$ git -C hello add -A && git -C hello -c user.name=Ada -c user.email=ada@localhost commit -q -m 'A small package'

# and there are two jobs.
$ for i in 1 2; do git -C build$i config build.source "$PWD/hello" && git -C build$i config build.artifacts "$PWD/artifacts"; done
$ for i in 1 2; do git -C build$i build job add --branch main --commit HEAD; done

# Each worker takes one job, builds it in a separate source tree, and records the result in one push.
$ for i in 1 2; do git -C build$i build run --once >run$i 2>&1 & done; wait; tail -n +1 run1 run2
$ git -C build1 build artifacts list

# The output of a build is on the shared branch, too.
$ git -C build2 build logs
$ find artifacts -name '*.deb' -exec dpkg-deb -f {} Package Version ';'

# A heartbeat branch is kept short automatically. It can be squashed at any time, and its history can be kept.
$ git -C build1 build squash --server build1 --backup
$ git -C fleet.git branch

# The whole fleet, from any of its clones; and as an HTML page.
$ git -C build1 build status
$ git -C build1 build dashboard -o "$PWD/dashboard.html"
END

if keep; then
  say "
# Everything is in $directory: fleet.git is the shared repository,
# build1 and build2 are the servers, and dashboard.html is the HTML page. Continue there, or remove it."
else
  say "
# Deleted $directory. Use --keep DIR to keep it."
fi
