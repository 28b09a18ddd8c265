#!/usr/bin/env bash
# The cost of having a push on disk before it is acknowledged: a bare push of a prepared commit to a
# shared repository as `git build init --shared` creates it, compared with one without core.fsync and
# the reference-transaction hook, and with one with only core.fsync; alternating, the median of each.
# shellcheck source=tests/bench/scratch.bash
. "$(dirname "${BASH_SOURCE[0]}")/scratch.bash"

for kind in durable fsync plain; do
  git build init -q --shared "$kind.git" >/dev/null
  git init -q "$kind"
  git -C "$kind" commit -q --allow-empty -m start
  git -C "$kind" push -q "$folder/$kind.git" main
done
rm fsync.git/hooks/reference-transaction plain.git/hooks/reference-transaction
git -C plain.git config --unset core.fsync

# push KIND: print the time of one push, in hundredths of milliseconds; its commit of one file is made before.
push() {
  local start commit
  echo "$RANDOM $SECONDS" >"$1/file"
  git -C "$1" add file && git -C "$1" commit -q --allow-empty -m change
  commit=$(git -C "$1" rev-parse HEAD)
  start=$(date +%s%N)
  git -C "$1" push -q "$folder/$1.git" "$commit:refs/heads/main"
  echo "$((($(date +%s%N) - start) / 10000))" >>"$1.times"
}
for _ in $(seq "${1:-25}"); do
  for kind in durable fsync plain; do push "$kind"; done
done

median() {
  sort -n "$1.times" | sed -n "$((($(wc -l <"$1.times") + 1) / 2))p"
}
plain=$(median plain)
for kind in durable fsync; do
  awk -v name="push-$kind" -v took="$(median $kind)" -v plain="$plain" -v kind="$kind" 'BEGIN {
    printf "%s\t%.2f\t\t%s: %.1f ms against %.1f ms\n", name, took / plain,
      kind == "durable" ? "a push that is on disk, against one that is not" : "core.fsync alone, without the hook",
      took / 100, plain / 100 }'
done
