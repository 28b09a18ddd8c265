#!/usr/bin/env bash
# Build and install git-build from a clone, with everything that it needs from the system.
# The required packages are listed only here.
set -euo pipefail
called_from=$PWD
apt_wait=${GIT_BUILD_APT_WAIT:-600}
cd "$(dirname "$0")"

usage() {
  cat <<'END'
usage: ./install.sh [--prefix DIR]         install git-build and the packages that it needs
   or: ./install.sh --uninstall [--prefix DIR]
   or: ./install.sh demo [--prefix DIR]    show a fleet of two servers at work, then delete it
   or: ./install.sh check                  run the tests; install the packages that they need
   or: ./install.sh deps [--print]         only install the packages for build and tests, or list them

    --prefix DIR   install under DIR (default: /usr/local as root, otherwise ~/.local; demo: a temporary directory)
    --uninstall    remove git-build from the prefix
    -h, --help     show this

If another program uses apt, install.sh waits for it, for at most GIT_BUILD_APT_WAIT seconds (600).
END
}

# ---- required packages: one Debian package per line, and how to check that it is installed ----

packages_run() {
  # The shared libraries are dependencies of the packages in packages_build.
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
libssl-dev          library libcrypto
libyajl-dev         library yajl
uuid-dev            library uuid
libpcre2-dev        library libpcre2-8
libidn2-dev         library libidn2
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
    # sshd is in a directory that is only in the PATH of root.
    command) PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin command -v "$2" >/dev/null ;;
    library) command -v pkg-config >/dev/null && pkg-config --exists "$2" ;;
    file) [ -e "$2" ] ;;
    clang-runtime)
      command -v clang >/dev/null && compgen -G "$(clang -print-runtime-dir)/libclang_rt.$2*" >/dev/null
      ;;
  esac
}

# missing <LIST: print the packages of a list that are not installed, on one line.
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

# run_apt ARGUMENT...: run apt-get; while another program uses apt or dpkg, wait and try again.
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

# need LIST...: install the missing packages of these lists with apt.
need() {
  local list packages as_root=()
  packages=$(for list in "$@"; do "$list"; done | missing)
  [ -n "$packages" ] || return 0
  if ! command -v apt-get >/dev/null; then
    die "apt-get is missing; install your system's equivalents of these Debian packages, then run this again: $packages"
  fi
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
      as_root=(sudo)
    else
      die "packages are missing; run as root: apt-get update && apt-get install --no-install-recommends $packages"
    fi
  fi
  say "Installing: $packages"
  apt=("${as_root[@]}" env LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -qq
    -o DPkg::Lock::Timeout=0 -o Dpkg::Use-Pty=0)
  # If the package lists cannot be updated, the old ones may be sufficient.
  run_apt update || say "install.sh: the package lists could not be updated" >&2
  # shellcheck disable=SC2086 # one word per package
  run_apt install -y --no-install-recommends $packages || die "apt-get could not install: $packages"
  packages=$(for list in "$@"; do "$list"; done | missing)
  [ -z "$packages" ] || die "still missing after apt-get: $packages"
}

# build TARGET...: run make on all cores, and print only what it does.
build() { make --no-print-directory -s -j"$(nproc)" "$@"; }

# Print every file of git-build below the prefix, with a checksum of its content.
installed() {
  find "$prefix/bin/git-build" "$prefix/libexec/git-build" "$prefix/share/doc/git-build" \
    "$prefix"/share/man/man1/git-build{,-*}.1 \
    "$prefix/share/bash-completion/completions/git-build" \
    "$prefix/share/zsh/site-functions/_git-build" \
    "$prefix/share/fish/vendor_completions.d/git-build.fish" \
    -type f -exec cksum {} + 2>/dev/null || true
}

# Check that this user can write to the prefix or, if it does not exist, to its nearest existing parent directory.
check_prefix() {
  local directory=$prefix
  while [ ! -e "$directory" ]; do directory=$(dirname "$directory"); done
  if [ ! -d "$directory" ] || [ ! -w "$directory" ]; then
    die "$prefix: no write permission; choose another directory with --prefix, or run this as root"
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
    say "  completions            bash, zsh and fish, below share/"
    say "  documents              share/doc/git-build/"
  fi
  case :$PATH: in
    *:"$prefix/bin":*) say "$prefix/bin is in PATH; try \`git build --help\`." ;;
    *) say "$prefix/bin is not in PATH; add it: export PATH=\"$prefix/bin:\$PATH\"" ;;
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
  say "Removed git-build from $prefix."
}

do_demo() {
  need packages_run packages_build
  directory=$(mktemp -d "${TMPDIR:-/tmp}/git-build-demo.XXXXXX")
  trap 'rm -rf "$directory"' EXIT
  if [ -z "$prefix" ]; then
    prefix=$directory/prefix
    say "Building and installing in $directory, which is deleted at the end."
  else
    check_prefix
    say "Building in $directory, which is deleted at the end; installing in $prefix, which is kept."
  fi
  build install BUILD="$directory/build" PREFIX="$prefix" >/dev/null
  TMPDIR=$directory PATH=$prefix/bin:$PATH git build demo
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

# choose ACTION: set the action; it is an error to set two.
choose() {
  [ "$action" = install ] || usage_error "$1: cannot be combined with $action"
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
      [ -n "$prefix" ] || usage_error "--prefix needs a directory"
      shift
      ;;
    --prefix=?*) prefix=${1#--prefix=} ;;
    --print) print=yes ;;
    demo | check | deps | --uninstall) choose "$1" ;;
    *) usage_error "$1: no such option or command" ;;
  esac
  shift
done
if [ "$print" = yes ] && [ "$action" != deps ]; then usage_error "--print can only be used with deps"; fi

if [ -z "$prefix" ] && [ "$action" != demo ]; then
  if [ "$(id -u)" = 0 ]; then prefix=/usr/local; else prefix=$HOME/.local; fi
fi
case $prefix in
  '' | /*) ;;
  *) prefix=$called_from/$prefix ;;
esac
prefix=${prefix%/}
"do_$action"
