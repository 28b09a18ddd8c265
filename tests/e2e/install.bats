#!/usr/bin/env bats
# install.sh and `make install`: installing, installing again, and uninstalling.
load helper

setup() {
  e2e_setup
  # Install the programs under test instead of building them again.
  export MAKEFLAGS="-- BUILD=$GIT_BUILD_BINDIR"
}

install_sh() { "$SOURCE_DIR/install.sh" "$@"; }

# Print every file below a directory with its content, mode and time.
listing() { (cd "$1" && find . -type f -printf '%p %m %T@ ' -exec cksum {} \; | sort); }

@test "installing puts the command, hooks, manual pages and completions below the prefix" {
  install_sh --prefix "$TMP/p"
  [ -x p/bin/git-build ]
  [ -f p/share/man/man1/git-build.1 ]
  for hook in "$GIT_BUILD_BINDIR"/hooks/*; do [ -x "p/libexec/git-build/${hook##*/}" ]; done
  [ -x p/libexec/git-build/pre-receive ]
  bash -n p/share/bash-completion/completions/git-build
  grep -q '^#compdef' p/share/zsh/site-functions/_git-build
  grep -q '^complete' p/share/fish/vendor_completions.d/git-build.fish
  [ -f p/share/doc/git-build/README.md ]
  PATH=$TMP/p/bin:$PATH git build --version
}

@test "installing prints the locations, and whether the command is in PATH" {
  run -0 install_sh --prefix "$TMP/p"
  [[ $output == *"$TMP/p"* ]]
  [[ $output == *"not in PATH"*"export PATH="* ]]
  PATH=$TMP/p/bin:$PATH run -0 install_sh --prefix "$TMP/p"
  [[ $output == *"is in PATH"* ]]
}

# bats test_tags=long
@test "installing again changes nothing" {
  install_sh --prefix "$TMP/p"
  listing p >before
  run -0 install_sh --prefix "$TMP/p"
  [[ $output == *"up to date"* ]]
  diff before <(listing p)
}

@test "uninstalling removes all installed files, and no others" {
  install_sh --prefix "$TMP/p"
  touch p/bin/other p/share/man/man1/git-builder.1
  install_sh --prefix "$TMP/p" --uninstall
  [ "$(cd p && find . -type f | sort | xargs)" = "./bin/other ./share/man/man1/git-builder.1" ]
  run -0 install_sh --prefix "$TMP/p" --uninstall
  [[ $output == *"not installed"* ]]
}

@test "a relative prefix is relative to the current directory, and may have a space" {
  mkdir here
  (cd here && install_sh --prefix "my tools")
  [ -x "here/my tools/bin/git-build" ]
  (cd here && install_sh --uninstall --prefix="my tools")
  [ -z "$(find here -type f)" ]
}

@test "make install stays below DESTDIR" {
  make -s -C "$SOURCE_DIR" install DESTDIR="$TMP/root" PREFIX=/opt/git-build
  [ -x root/opt/git-build/bin/git-build ]
  [ -f root/opt/git-build/share/man/man1/git-build.1 ]
  make -s -C "$SOURCE_DIR" uninstall DESTDIR="$TMP/root" PREFIX=/opt/git-build
  [ -z "$(find root -type f)" ]
}

@test "the installed manual page is rendered without warnings" {
  command -v man >/dev/null || skip "there is no man"
  install_sh --prefix "$TMP/p"
  MANWIDTH=80 run -0 --separate-stderr man -E UTF-8 --warnings -P cat -M "$TMP/p/share/man" git-build
  [[ $output == *NAME*SYNOPSIS* ]]
  [ -z "$stderr" ]
}

@test "a prefix without write permission is refused by name" {
  touch file
  run -1 install_sh --prefix "$TMP/file"
  [[ $output == *"$TMP/file"*"--prefix"* ]]
}

@test "unknown options end with the usage and 129" {
  for wrong in --frob frob "demo check" --prefix "--prefix=" "--print"; do
    # shellcheck disable=SC2086 # two words are two arguments
    run -129 install_sh $wrong
    [[ $output == *"usage: ./install.sh"* ]]
  done
  run -0 install_sh --help
  [[ $output == "usage: ./install.sh"* ]]
}

@test "without apt, missing packages are listed and nothing is done" {
  mkdir bin
  for tool in bash env dirname id cat find cksum grep sed rm mkdir make gcc git; do
    ln -s "$(command -v "$tool")" "bin/$tool"
  done
  PATH=$TMP/bin run -1 install_sh --prefix "$TMP/p"
  [[ $output == *"libgit2-dev"* ]]
  [[ $output != *" gcc"* ]]
  [ ! -e p ]
}

# scratch_apt: give apt an empty state without packages in $TMP/apt, and hide scdoc.
scratch_apt() {
  local tool
  mkdir -p bin apt/{state/lists/partial,cache/archives/partial,dpkg}
  touch apt/dpkg/status
  cat >apt.conf <<END
Dir::State "$TMP/apt/state";
Dir::State::status "$TMP/apt/dpkg/status";
Dir::Cache "$TMP/apt/cache";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "/dev/null";
END
  export APT_CONFIG=$TMP/apt.conf
  for tool in bash env dirname id cat grep sleep date git gcc make pkg-config apt-get; do
    ln -s "$(command -v "$tool")" "bin/$tool"
  done
  # Any user may write here: no password is needed.
  [ "$(id -u)" = 0 ] || { printf '#!/bin/sh\n[ "$1" != -n ] || shift\nexec "$@"\n' >bin/sudo && chmod +x bin/sudo; }
}

# hold FILE: lock FILE as apt does, until killed; the process ID is in $pid.
hold() {
  gcc -x c -o holder - <<'END'
#include <fcntl.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	int fd = open(argv[argc - 1], O_RDWR | O_CREAT, 0640);
	return fd < 0 || lockf(fd, F_TLOCK, 0) || write(1, "held\n", 5) < 0 || pause();
}
END
  in_background "$TMP/holder.log" ./holder "$1"
  wait_for 5 grep -q held "$TMP/holder.log"
}

# bats test_tags=long
@test "if another program holds the lock of dpkg or apt, it waits, and finally prints what to do" {
  scratch_apt
  for file in dpkg/lock-frontend state/lists/lock; do
    hold "$TMP/apt/$file"
    PATH=$TMP/bin GIT_BUILD_APT_WAIT=1 run -1 install_sh --prefix "$TMP/p"
    [[ $output == *"Another program uses apt or dpkg; waiting up to 1 s: "*"held by process $pid (holder)"* ]]
    [[ $output == *"install.sh: another program still uses apt or dpkg ("*"); run this again when it has finished" ]]
    kill "$pid"
  done
}

# bats test_tags=long
@test "when the other program has released the lock, the installation continues" {
  scratch_apt
  hold "$TMP/apt/dpkg/lock-frontend"
  local holder=$pid
  PATH=$TMP/bin in_background "$TMP/log" install_sh --prefix "$TMP/p"
  wait_for 10 grep -q "Another program uses apt or dpkg; waiting up to 600 s" "$TMP/log"
  kill "$holder"
  # This apt has no packages.
  wait_for 10 grep -q "apt-get could not install: .*scdoc" "$TMP/log"
  grep -q "Unable to locate package scdoc" "$TMP/log"
  [ "$(grep -c "Another program uses" "$TMP/log")" = 1 ]
}

# bats test_tags=long
@test "the demo ends with the heartbeats of two servers, and leaves no files" {
  export MAKEFLAGS='' CFLAGS=-O0 # the demo builds everything
  run -0 install_sh demo
  [[ $output == *heartbeat-* ]]
  [ -z "$(ls -A "$TMPDIR")" ]
  [ -z "$(find "$HOME" -newer "$HOME/.gitconfig" -type f)" ]
}
