# The manual pages say what the program says.
load helper

commands() {
  git build -h | sed -n 's/^    \([a-z][a-z-]*\)  *[a-z].*/\1/p'
}

# synopsis PAGE: the SYNOPSIS of a manual page's source, a line for each form, without markup.
synopsis() {
  sed -n '/^# SYNOPSIS/,/^# DESCRIPTION/p' "$SOURCE_DIR/docs/man/$1.1.scd" | sed -e '/^#/d' -e '/^$/d' \
    -e 's/++$//' -e 's/\*//g' -e 's/\b_\([A-Z.]*\)_\b/\1/g' -e 's/\\//g'
}

# usage [COMMAND]: the same of -h.
usage() {
  git build "$@" -h | sed -nE 's/^(usage:|   or:) (.*)/\2/p'
}

# verbs COMMAND: the subcommands that its usage names, such as list; a line each.
verbs() {
  usage "$1" | sed -nE "s/^git build $1 ([a-z]+)( .*|$)/\\1/p" | sort -u
}

@test "-h prints to standard output and exits 0" {
  for command in '' $(commands); do
    # shellcheck disable=SC2086 # no word, or one
    run -0 --separate-stderr git build $command -h
    [[ $output == "usage: git build"* ]]
    [ -z "$stderr" ]
  done
}

@test "-h of a subcommand of a command shows what that takes, and nothing else" {
  [ "$(verbs job | wc -l)" = 9 ]
  for command in $(commands); do
    for verb in $(verbs "$command"); do
      [[ $command != *-* ]] || continue
      # Its own forms, and in them each of its options.
      diff <(usage "$command" "$verb") <(usage "$command" | grep -E "^git build $command $verb( |$)")
      usage "$command" "$verb" | grep -oE -e '--[a-z-]+' | sort -u >"$TMP/forms"
      git build "$command" "$verb" -h | sed -nE 's/^    (-., )?(--[a-z-]+).*/\2/p' |
        grep -vxE -e '--(quiet|verbose|help)' | sort -u >"$TMP/options"
      diff "$TMP/forms" "$TMP/options"
    done
  done
}

@test "the manual's synopsis is the usage" {
  [ "$(commands | wc -l)" -ge 7 ]
  diff <(usage) <(synopsis git-build)
  for command in $(commands); do
    diff <(usage "$command") <(synopsis "git-build-$command")
  done
}

@test "every option has an entry in the manual, and the other way round" {
  local common='-C -q --quiet -v --verbose -h --help --json'
  for command in $(commands); do
    for verb in '' $(verbs "$command"); do
      # shellcheck disable=SC2086 # no word, or one
      git build "$command" $verb -h
    done | grep -oE '^    -[^ ]*(, --[^ ]+)?' | tr -s ' ,' '\n' | sed '/^$/d' | sort -u >shown
    sed -n 's/^\*\(-.*\)/\1/p' "$SOURCE_DIR/docs/man/git-build-$command.1.scd" |
      grep -oE -e '(^|\*)--?[A-Za-z][a-z-]*' | tr -d '*' | sort -u >written
    # Entries that the page has itself, and those that git-build(1) has for all.
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

@test "every command has a page, listed in git-build(1) with its summary" {
  for command in $(commands); do
    grep -q "^\*git-build-$command\*(1)$" "$SOURCE_DIR/docs/man/git-build.1.scd"
    [ -f "$GIT_BUILD_BINDIR/man/git-build-$command.1" ]
    for section in NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
      grep -q "^# $section$" "$SOURCE_DIR/docs/man/git-build-$command.1.scd"
    done
  done
}

@test "every setting that the sources read is in git-build(1)" {
  local setting
  for setting in $(grep -rhoE '"build\.[a-zA-Z]+' "$SOURCE_DIR/src" "$SOURCE_DIR/hooks" | tr -d '"' | sort -u); do
    grep -q "^\*$setting\*$" "$SOURCE_DIR/docs/man/git-build.1.scd" || { echo "$setting"; false; }
  done
}

@test "help opens the page that belongs to the program" {
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

@test "where there is no man, -h has to do" {
  mkdir bin
  ln -s "$(command -v git-build)" bin/git-build
  PATH=$TMP/bin run -0 git-build heartbeat --help
  [[ $output == "usage: git build heartbeat"* ]]
  PATH=$TMP/bin run -0 git-build help
  [[ $output == "usage: git build"* ]]
}
