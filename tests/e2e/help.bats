# The manual pages agree with the programs.
load helper

commands() {
  git build -h | sed -n 's/^    \([a-z][a-z-]*\)  *[a-z].*/\1/p'
}

# synopsis PAGE: print the SYNOPSIS of a manual page's source, one line per form, without markup.
synopsis() {
  sed -n '/^# SYNOPSIS/,/^# DESCRIPTION/p' "$SOURCE_DIR/docs/man/$1.1.scd" | sed -e '/^#/d' -e '/^$/d' \
    -e 's/++$//' -e 's/\*//g' -e 's/\b_\([A-Z.]*\)_\b/\1/g' -e 's/\\//g'
}

# usage [COMMAND]: print the same from -h.
usage() {
  git build "$@" -h | sed -nE 's/^(usage:|   or:) (.*)/\2/p'
}

# verbs COMMAND: print the subcommands in its usage, such as list, one per line.
verbs() {
  usage "$1" | sed -nE "s/^git build $1 ([a-z]+)( .*|$)/\\1/p" | sort -u
}

# bats test_tags=long
@test "-h prints to standard output and exits 0" {
  for command in '' $(commands); do
    # shellcheck disable=SC2086 # no word, or one
    run -0 --separate-stderr git build $command -h
    [[ $output == "usage: git build"* ]]
    [ -z "$stderr" ]
  done
}

# bats test_tags=long
@test "-h of a subcommand shows only the usage and options of that subcommand" {
  [ "$(verbs job | wc -l)" = 9 ]
  for command in $(commands); do
    for verb in $(verbs "$command"); do
      [[ $command != *-* ]] || continue
      # The usage has its own forms, which have all its options.
      diff <(usage "$command" "$verb") <(usage "$command" | grep -E "^git build $command $verb( |$)")
      usage "$command" "$verb" | grep -oE -e '--[a-z-]+' | sort -u >"$TMP/forms"
      git build "$command" "$verb" -h | sed -nE 's/^    (-., )?(--[a-z-]+).*/\2/p' |
        grep -vxE -e '--(quiet|verbose|help)' | sort -u >"$TMP/options"
      diff "$TMP/forms" "$TMP/options"
    done
  done
}

# bats test_tags=long
@test "the synopsis in the manual is the usage" {
  [ "$(commands | wc -l)" -ge 7 ]
  diff <(usage) <(synopsis git-build)
  for command in $(commands); do
    diff <(usage "$command") <(synopsis "git-build-$command")
  done
}

# bats test_tags=long
@test "every option has an entry in the manual, and every entry is an option" {
  local common='-C -q --quiet -v --verbose -h --help --json'
  for command in $(commands); do
    for verb in '' $(verbs "$command"); do
      # shellcheck disable=SC2086 # no word, or one
      git build "$command" $verb -h
    done | grep -oE '^    -[^ ]*(, --[^ ]+)?' | tr -s ' ,' '\n' | sed '/^$/d' | sort -u >shown
    sed -n 's/^\*\(-.*\)/\1/p' "$SOURCE_DIR/docs/man/git-build-$command.1.scd" |
      grep -oE -e '(^|\*)--?[A-Za-z][a-z-]*' | tr -d '*' | sort -u >written
    # Entries of the page itself, and those of git-build(1) for all commands.
    comm -23 shown written >missing
    while read -r option; do
      [[ " $common " == *" $option "* ]] || { echo "$command $option has no entry"; false; }
    done <missing
    comm -13 shown written >unknown
    [ ! -s unknown ] || { echo "$command does not know:" "$(cat unknown)"; false; }
    if grep -qx -e --json shown; then grep -qx -e --json written; fi
  done
  for option in $common --version; do
    grep -qE "^\*.*\*?$option\*" "$SOURCE_DIR/docs/man/git-build.1.scd" || { echo "$option"; false; }
  done
}

# bats test_tags=long
@test "every command has a page, listed in git-build(1) with its summary" {
  for command in $(commands); do
    grep -q "^\*git-build-$command\*(1)$" "$SOURCE_DIR/docs/man/git-build.1.scd"
    [ -f "$GIT_BUILD_BINDIR/man/git-build-$command.1" ]
    for section in NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
      grep -q "^# $section$" "$SOURCE_DIR/docs/man/git-build-$command.1.scd"
    done
  done
}

@test "every setting in the sources is documented in git-build(1)" {
  local setting
  for setting in $(grep -rhoE '"build\.[a-zA-Z]+' "$SOURCE_DIR/src" "$SOURCE_DIR/hooks" | tr -d '"' | sort -u); do
    grep -q "^\*$setting\*$" "$SOURCE_DIR/docs/man/git-build.1.scd" || { echo "$setting"; false; }
  done
}

@test "help opens the installed page of the program" {
  export MANPAGER=cat PAGER=cat MANWIDTH=80
  for how in 'help heartbeat' 'heartbeat --help' 'heartbeat --push --help'; do
    # shellcheck disable=SC2086 # words
    run -0 git-build $how
    [[ $output == *"git-build-heartbeat - record a heartbeat"* ]]
  done
  for how in help --help; do
    run -0 git-build "$how"
    [[ $output == *"git-build - coordinate a fleet of build servers"* ]]
  done
}

@test "without man(1), the output of -h is printed" {
  mkdir bin
  ln -s "$(command -v git-build)" bin/git-build
  PATH=$TMP/bin run -0 git-build heartbeat --help
  [[ $output == "usage: git build heartbeat"* ]]
  PATH=$TMP/bin run -0 git-build help
  [[ $output == "usage: git build"* ]]
}
