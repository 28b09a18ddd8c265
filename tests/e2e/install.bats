#!/usr/bin/env bats
# install.sh and `make install`: what lands where, twice, and away again.
load helper

setup() {
  e2e_setup
  # Install what is under test instead of building it once more.
  export MAKEFLAGS="-- BUILD=$GIT_BUILD_BINDIR"
}

install_sh() { "$SOURCE_DIR/install.sh" "$@"; }

# Every file below a folder with its content, mode and time.
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

@test "installing says where things went and whether the command will be found" {
  run -0 install_sh --prefix "$TMP/p"
  [[ $output == *"$TMP/p"* ]]
  [[ $output == *"not in PATH"*"export PATH="* ]]
  PATH=$TMP/p/bin:$PATH run -0 install_sh --prefix "$TMP/p"
  [[ $output == *"is in PATH"* ]]
}

@test "installing again changes nothing" {
  install_sh --prefix "$TMP/p"
  listing p >before
  run -0 install_sh --prefix "$TMP/p"
  [[ $output == *"up to date"* ]]
  diff before <(listing p)
}

@test "uninstalling takes every file away, and nothing that is not ours" {
  install_sh --prefix "$TMP/p"
  touch p/bin/other p/share/man/man1/git-builder.1
  install_sh --prefix "$TMP/p" --uninstall
  [ "$(cd p && find . -type f | sort | xargs)" = "./bin/other ./share/man/man1/git-builder.1" ]
  run -0 install_sh --prefix "$TMP/p" --uninstall
  [[ $output == *"not installed"* ]]
}

@test "a relative prefix is meant from where one stands, and may have a space" {
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

@test "the installed manual page renders without a complaint" {
  command -v man >/dev/null || skip "there is no man"
  install_sh --prefix "$TMP/p"
  MANWIDTH=80 run -0 --separate-stderr man -E UTF-8 --warnings -P cat -M "$TMP/p/share/man" git-build
  [[ $output == *NAME*SYNOPSIS* ]]
  [ -z "$stderr" ]
}

@test "a prefix that may not be written is refused by name" {
  touch file
  run -1 install_sh --prefix "$TMP/file"
  [[ $output == *"$TMP/file"*"--prefix"* ]]
}

@test "options that install.sh does not know end with the usage and 129" {
  for wrong in --frob frob "demo check" --prefix "--prefix=" "--print"; do
    # shellcheck disable=SC2086 # two words are two arguments
    run -129 install_sh $wrong
    [[ $output == *"usage: ./install.sh"* ]]
  done
  run -0 install_sh --help
  [[ $output == "usage: ./install.sh"* ]]
}

@test "without apt, missing packages are named and nothing is done" {
  mkdir bin
  for tool in bash env dirname id cat find cksum grep sed rm mkdir make gcc git; do
    ln -s "$(command -v "$tool")" "bin/$tool"
  done
  PATH=$TMP/bin run -1 install_sh --prefix "$TMP/p"
  [[ $output == *"libgit2-dev"* ]]
  [[ $output != *" gcc"* ]]
  [ ! -e p ]
}

@test "the demo ends with two servers' beats, and leaves nothing behind" {
  export MAKEFLAGS=
  run -0 install_sh demo
  [[ $output == *heartbeat-* ]]
  [ -z "$(ls -A "$TMPDIR")" ]
  [ -z "$(find "$HOME" -newer "$HOME/.gitconfig" -type f)" ]
}
