#!/usr/bin/env bash
# From a clone to a git-build that works: dependencies, build, installation.
# This is the one place that knows what git-build needs from the system.
set -euo pipefail
called_from=$PWD
apt_wait=${GIT_BUILD_APT_WAIT:-600}
cd "$(dirname "$0")"

usage() {
  cat <<'END'
usage: ./install.sh [--prefix DIR]         install git-build, and what it needs
   or: ./install.sh --uninstall [--prefix DIR]
   or: ./install.sh demo [--prefix DIR]    show a fleet of two servers at work, and leave no trace
   or: ./install.sh check                  run every test, and install what the tests need
   or: ./install.sh deps [--print]         only install all that build and tests need, or name it

    --prefix DIR   where to: default /usr/local as root, else ~/.local; demo: a temporary folder
    --uninstall    take away what was installed under the prefix
    -h, --help     show this

If another program uses apt, install.sh waits for it, GIT_BUILD_APT_WAIT seconds (600) at most.
END
}

# ---- what git-build needs: a Debian package a line, and how to see that it is there ----

packages_run() {
  # The shared libraries come with the packages that building needs.
  cat <<'END'
git                 command git
END
}

packages_build() {
  cat <<'END'
gcc                 command gcc
libc6-dev           file /usr/include/stdio.h
make                command make
pkg-config          command pkg-config
libgit2-dev         library libgit2
zlib1g-dev          library zlib
libyajl-dev         library yajl
uuid-dev            library uuid
libpcre2-dev        library libpcre2-8
scdoc               command scdoc
END
}

packages_test() {
  cat <<'END'
libcmocka-dev       library cmocka
bats                command bats
procps              command ps
jq                  command jq
man-db              command man
openssh-client      command ssh-keygen
openssh-server      command sshd
clang               command clang
libclang-rt-dev     clang-runtime fuzzer
clang-format        command clang-format
cppcheck            command cppcheck
shellcheck          command shellcheck
valgrind            command valgrind
xz-utils            command xz
dpkg-dev            command dpkg-buildpackage
equivs              command equivs-build
spin                command spin
END
}

# is_there command|library|file|clang-runtime WHAT
is_there() {
  case $1 in
    # sshd lives where only root looks.
    command) PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin command -v "$2" >/dev/null ;;
    library) command -v pkg-config >/dev/null && pkg-config --exists "$2" ;;
    file) [ -e "$2" ] ;;
    clang-runtime)
      command -v clang >/dev/null && compgen -G "$(clang -print-runtime-dir)/libclang_rt.$2*" >/dev/null
      ;;
  esac
}

# Reads a list as above; prints the packages that are missing, in one line.
missing() {
  local package kind what names=()
  while read -r package kind what; do
    is_there "$kind" "$what" || names+=("$package")
  done
  echo "${names[*]}"
}

say() { printf '%s\n' "$*"; }
die() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

# run_apt ARGUMENT...: apt-get, which waits its turn: another program may be using apt or dpkg.
run_apt() {
  local errors status holder end=
  while :; do
    status=0
    errors=$("${apt[@]}" "$@" 2>&1 >/dev/null </dev/null) || status=$?
    holder=$(grep -m 1 -E 'held by process|locked by another process|is another process using it|Resource temporarily unavailable' <<<"$errors") || break
    if [ -z "$end" ]; then
      say "Another program uses apt or dpkg; waiting up to $apt_wait s: ${holder#E: }"
      end=$((SECONDS + apt_wait))
    elif [ "$SECONDS" -ge "$end" ]; then
      die "another program still uses apt or dpkg (${holder#E: }); run this again when it has finished"
    fi
    sleep 1
  done
  [ -z "$errors" ] || printf '%s\n' "$errors" >&2
  return "$status"
}

# need LIST...: installs what is missing from the lists, by apt.
need() {
  local list packages as_root=()
  packages=$(for list in "$@"; do "$list"; done | missing)
  [ -n "$packages" ] || return 0
  if ! command -v apt-get >/dev/null; then
    die "please install what these Debian packages contain, by your system's own names, and run this again: $packages"
  fi
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
      as_root=(sudo)
    else
      die "packages are missing; as root run: apt-get update && apt-get install --no-install-recommends $packages"
    fi
  fi
  say "Installing: $packages"
  apt=("${as_root[@]}" env LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -qq
    -o DPkg::Lock::Timeout=0 -o Dpkg::Use-Pty=0)
  # If the lists cannot be brought up to date, the old ones may still do.
  run_apt update || say "install.sh: the package lists could not be updated" >&2
  # shellcheck disable=SC2086 # one word a package
  run_apt install -y --no-install-recommends $packages || die "apt-get could not install: $packages"
  packages=$(for list in "$@"; do "$list"; done | missing)
  [ -z "$packages" ] || die "still missing after apt-get: $packages"
}

# Runs make, on every core, saying only what it does.
build() { make --no-print-directory -s -j"$(nproc)" "$@"; }

# Every file below the prefix that is ours, with a checksum of what is in it.
installed() {
  find "$prefix/bin/git-build" "$prefix/libexec/git-build" "$prefix/share/doc/git-build" \
    "$prefix"/share/man/man1/git-build{,-*}.1 \
    "$prefix/share/bash-completion/completions/git-build" \
    "$prefix/share/zsh/site-functions/_git-build" \
    "$prefix/share/fish/vendor_completions.d/git-build.fish" \
    -type f -exec cksum {} + 2>/dev/null || true
}

# The prefix, or the nearest folder above it that there is, takes files from this user.
check_prefix() {
  local folder=$prefix
  while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
  if [ ! -d "$folder" ] || [ ! -w "$folder" ]; then
    die "$prefix: you may not write there; choose another folder with --prefix, or run this as root"
  fi
}

do_install() {
  local before
  need packages_run packages_build
  check_prefix
  before=$(installed)
  build all
  build install PREFIX="$prefix" >/dev/null
  if [ "$before" = "$(installed)" ]; then
    say "git-build is up to date in $prefix."
  else
    say "Installed in $prefix:"
    say "  the command            bin/git-build"
    say "  hooks                  libexec/git-build/"
    say "  manual pages           share/man/man1/"
    say "  completions            bash, zsh, fish below share/"
    say "  documents              share/doc/git-build/"
  fi
  case :$PATH: in
    *:"$prefix/bin":*) say "$prefix/bin is in PATH: try \`git build --help\`." ;;
    *) say "$prefix/bin is not in PATH. Add it: export PATH=\"$prefix/bin:\$PATH\"" ;;
  esac
}

do_uninstall() {
  command -v make >/dev/null || die "make is needed to uninstall: apt-get install make"
  if [ -z "$(installed)" ]; then
    say "git-build is not installed in $prefix."
    return 0
  fi
  check_prefix
  build uninstall PREFIX="$prefix" >/dev/null
  say "git-build is gone from $prefix."
}

do_demo() {
  need packages_run packages_build
  folder=$(mktemp -d "${TMPDIR:-/tmp}/git-build-demo.XXXXXX")
  trap 'rm -rf "$folder"' EXIT
  if [ -z "$prefix" ]; then
    prefix=$folder/prefix
    say "Building and installing in $folder, which goes away at the end."
  else
    check_prefix
    say "Building in $folder, which goes away at the end; installing in $prefix, which stays."
  fi
  build install BUILD="$folder/build" PREFIX="$prefix" >/dev/null
  TMPDIR=$folder PATH=$prefix/bin:$PATH git build demo
}

do_check() {
  need packages_run packages_build packages_test
  build check
}

do_deps() {
  if [ "$print" = yes ]; then
    { packages_run && packages_build && packages_test; } | while read -r package _; do say "$package"; done
  else
    need packages_run packages_build packages_test
  fi
}

usage_error() {
  printf 'install.sh: %s\n' "$1" >&2
  usage >&2
  exit 129
}

# The one thing to do; asking for two is a mistake.
choose() {
  [ "$action" = install ] || usage_error "$1: one thing at a time"
  action=${1#--}
}

action=install prefix='' print=no
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --prefix)
      prefix=${2-}
      [ -n "$prefix" ] || usage_error "--prefix needs a folder"
      shift
      ;;
    --prefix=?*) prefix=${1#--prefix=} ;;
    --print) print=yes ;;
    demo | check | deps | --uninstall) choose "$1" ;;
    *) usage_error "$1: no such option or command" ;;
  esac
  shift
done
if [ "$print" = yes ] && [ "$action" != deps ]; then usage_error "--print belongs to deps"; fi

if [ -z "$prefix" ] && [ "$action" != demo ]; then
  if [ "$(id -u)" = 0 ]; then prefix=/usr/local; else prefix=$HOME/.local; fi
fi
case $prefix in
  '' | /*) ;;
  *) prefix=$called_from/$prefix ;;
esac
prefix=${prefix%/}
"do_$action"
