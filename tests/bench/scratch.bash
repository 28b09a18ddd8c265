# The scratch directory of a benchmark in bash, with an environment that does not depend on this machine:
# source it first.
# shellcheck shell=bash
set -eu
folder=$(mktemp -d "${TMPDIR:-/tmp}/git-build-bench.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export HOME=$folder GIT_CONFIG_NOSYSTEM=1
git config --global user.name bench
git config --global user.email bench@localhost
git config --global init.defaultBranch main
