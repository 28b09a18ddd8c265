#!/usr/bin/env bash
# Commands that read the whole fleet, with 200 servers, 10,000 messages and 500 builds: milliseconds in
# addition to `git --version` in the same run; and the post-merge hook if it has nothing to report.
# shellcheck source=tests/bench/scratch.bash
. "$(dirname "${BASH_SOURCE[0]}")/scratch.bash"

git build init -q --shared fleet.git >/dev/null
git clone -q fleet.git clone 2>/dev/null
cd clone
git build init -q --server s1 >/dev/null
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
for n in $(seq 200); do
  mkdir -p "s$n/logs"
  echo "{\"server\": \"s$n\", \"timestamp\": \"$now\", \"status\": \"idle\"}" >"s$n/status.json"
  echo "{\"server\": \"s$n\", \"timestamp\": \"$now\", \"healthy\": true}" >"s$n/heartbeat.json"
done
for n in $(seq 500); do
  s=s$((n % 200 + 1))
  echo "{\"job\": \"j$n\", \"server\": \"$s\", \"status\": \"success\", \"created_at\": \"$now\", \"duration_seconds\": $n, \"artifacts\": []}" \
    >"$s/logs/j$n-artifacts.json"
done
jq -n --arg now "$now" '{messages: [range(10000) | {id: "m\(.)", from: "s2", to: "s3", type: "info", subject: "message \(.)",
  body: "a body of some words, as people write them", timestamp: $now, read: false}]}' >coordination/messages.json
git add -A
git commit -q -m Fleet
git push -q --no-verify origin main
git update-ref ORIG_HEAD HEAD

# median COMMAND...: print the median of nine runs, in milliseconds.
median() {
  local start end
  for _ in 1 2 3 4 5 6 7 8 9; do
    start=$(date +%s%N)
    "$@" >/dev/null
    end=$(date +%s%N)
    echo "$(((end - start) / 10000))"
  done | sort -n | sed -n 5p
}
base=$(median git --version)
# row NAME TARGET WHAT COMMAND...
row() {
  local name=$1 target=$2 what=$3 took
  shift 3
  took=$(($(median "$@") - base))
  printf '%s\t%d.%02d ms\t<= %s ms\t%s\n' "$name" $((took / 100)) $((took % 100)) "$target" "$what"
}
row dashboard-ms 300 "the page of 200 servers and 10,000 messages, beyond \`git --version\`" git build dashboard --offline
row health-ms 300 "git build health of the same" git build health --offline
row post-merge-ms 20 "the post-merge hook with nothing to report" "$GIT_BUILD_BINDIR/hooks/post-merge" 0
printf 'watch-redraw-ms\t%s ms\t<= 50 ms\t%s\n' "$("$GIT_BUILD_BINDIR/tests/bench/frames" .)" "one frame of git build watch, 200 by 60, of the same"
