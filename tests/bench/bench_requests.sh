#!/usr/bin/env bash
# A change to a coordination file, by separate clones without a common lock, over file://: as a request that
# the shared repository applies, and as a commit that the client pushes; compared with a bare push of a
# prepared commit to a separate ref, in the same repository, in the same run. First by one clone alone,
# alternating, the median of each; then by HOSTS clones at the same time: how long all of them together take.
#
# usage: bench_requests.sh [ROUNDS [HOSTS [OPERATIONS]]]
# shellcheck source=tests/bench/scratch.bash
. "$(dirname "${BASH_SOURCE[0]}")/scratch.bash"
rounds=${1:-15} hosts=${2:-16} each=${3:-3}
git config --global build.hostQueue false
git config --global build.attempts 20

git build init -q --shared fleet.git >/dev/null
git clone -q "file://$folder/fleet.git" h0 2>/dev/null
git -C h0 build init -q --server h0 >/dev/null
for i in $(seq "$hosts"); do
  git clone -q "file://$folder/fleet.git" "h$i"
  git -C "h$i" config build.server "h$i"
  for n in $(seq $((rounds + each))); do # commits for bare pushes
    git -C "h$i" update-ref "refs/ready/$n" \
      "$(git -C "h$i" commit-tree -m "$i-$n" -p "$([ "$n" = 1 ] && echo HEAD || echo "refs/ready/$((n - 1))")" 'HEAD^{tree}')"
  done
done
next() { # next HOST: print the number of its next prepared commit
  local n
  n=$(($(cat "next-$1" 2>/dev/null || echo 0) + 1))
  echo "$n" | tee "next-$1"
}

bare() { git -C "h$1" push -q --no-verify origin "refs/ready/$(next "$1"):refs/heads/bare-$1"; }
asked() { git -C "h$1" -c build.requests=true build message send -q --to h0 --subject "$1"; }
pushed() { git -C "h$1" -c build.requests=false build message send -q --to h0 --subject "$1"; }

now() { echo $(($(date +%s%N) / 10000)); } # hundredths of milliseconds
timed() { # timed KIND HOST
  local start
  start=$(now)
  "$1" "$2"
  echo $(($(now) - start)) >>"$1.times"
}
for _ in $(seq "$rounds"); do
  for kind in bare asked pushed; do timed $kind 1; done
done
median() { sort -n "$1.times" | sed -n "$((($(wc -l <"$1.times") + 1) / 2))p"; }
figure() { # figure NAME VALUE PER TARGET WHAT
  awk -v name="$1" -v value="$2" -v per="$3" -v target="$4" -v what="$5" \
    'BEGIN { printf "%s\t%.2f\t%s\t%s\n", name, value / per, target, what }'
}
figure request-alone "$(median asked)" "$(median bare)" '<= 1.0' 'a request that the shared repository applies, against a bare push'
figure push-alone "$(median pushed)" "$(median bare)" '' 'the same as a pushed commit, against a bare push'

together() { # together KIND: print how long HOSTS clones take for EACH operations of each
  local start pids=() i
  start=$(now)
  for i in $(seq "$hosts"); do
    (for _ in $(seq "$each"); do "$1" "$i" || echo "$1 $i" >>failed; done) &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i"; done
  echo $(($(now) - start))
}
bare_took=$(together bare)
asked_took=$(together asked)
pushed_took=$(together pushed)
figure requests-together "$bare_took" "$asked_took" '>= 1.25' "$hosts clones at the same time: the rate of requests, against that of bare pushes"
figure pushes-together "$bare_took" "$pushed_took" '' 'the same as pushed commits'
[ ! -e failed ] || { echo "failed: $(sort failed | uniq -c | xargs)" >&2; }
