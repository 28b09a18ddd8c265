load helper

setup() {
  e2e_setup
  fleet_of build1 build2 >/dev/null 2>&1
  now=$(date +%s) # not before the first heartbeats
  for server in build1 build2; do
    GIT_BUILD_TEST_NOW=$now git -C "$server" build heartbeat --push -q
  done
  cd build1 || return
}

# on_main FILE: write standard input to FILE on the shared branch, without its guard.
on_main() {
  rm -rf "$TMP/other"
  git clone -q "$TMP/fleet.git" "$TMP/other"
  cat >"$TMP/other/$1"
  git -C "$TMP/other" add .
  git -C "$TMP/other" commit -q -m "Change $1"
  git -C "$TMP/other" push -q --no-verify --receive-pack='git -c core.hooksPath=/dev/null receive-pack' origin main
}

# value SAMPLE [OPTION...]: print the value of a sample.
value() {
  local sample=$1
  shift
  git build metrics "$@" | awk -v name="$sample" 'substr($0, 1, length(name) + 1) == name " " { print $NF }'
}

# near A B: a clock that was set continues, and may have advanced.
near() { [ $(($1 - $2)) -ge "-$(patience 2)" ] && [ $(($1 - $2)) -le "$(patience 2)" ]; }

# check_format FILE: every line is a sample or a comment, every sample follows the TYPE of its family,
# and no sample occurs twice.
check_format() {
  awk '
    function fail(why) { print FILENAME ":" FNR ": " why ": " $0; bad = 1 }
    /^# HELP [a-z_]+ ./ { next }
    /^# TYPE [a-z_]+ (gauge|counter|histogram)$/ { if ($3 in type) fail("twice"); type[$3] = $4; next }
    !/^[a-z_]+(\{([a-z]+="([^"\\]|\\["\\n])*",?)+\})? (-?[0-9.e+]+)$/ { fail("no sample"); next }
    {
      name = $0; sub(/[{ ].*/, "", name)
      base = name; sub(/_(bucket|sum|count)$/, "", base)
      if (!(name in type) && type[base] != "histogram") fail("no TYPE")
      key = $0; sub(/ [^ ]*$/, "", key)
      if (key in seen) fail("twice")
      seen[key] = 1
    }
    END { exit bad }' "$1"
}

# bats test_tags=long
@test "the metrics of servers" {
  export GIT_BUILD_TEST_NOW=$((now + 100))
  near "$(value 'git_build_heartbeat_age_seconds{server="build1"}')" 100
  near "$(value 'git_build_heartbeat_timestamp_seconds{server="build2"}')" "$now"
  [ "$(value 'git_build_heartbeat_promise_seconds{server="build1"}')" = 300 ]
  [ "$(value 'git_build_server_healthy{server="build1"}')" = 1 ]
  [ "$(value 'git_build_server_disk_free_bytes{server="build1"}')" -ge 0 ]
  [ "$(value git_build_remote_reachable)" = 1 ]
  near "$(value git_build_last_fetch_timestamp_seconds)" "$GIT_BUILD_TEST_NOW"
  [ "$(value 'git_build_jobs{status="queued"}')" = 0 ]
  export GIT_BUILD_TEST_NOW=$((now + 1000))
  [ "$(value 'git_build_server_healthy{server="build1"}')" = 0 ]
  [ "$(value 'git_build_alerts{severity="critical"}')" -ge 2 ]
}

# bats test_tags=long
@test "the metrics of jobs, builds, locks and messages" {
  at() { date -u -d "@$((now - $1))" +%Y-%m-%dT%H:%M:%SZ; }
  on_main coordination/jobs.json <<END
{"jobs": [
  {"id": "a", "type": "build", "status": "queued", "assigned_to": null, "created_at": "$(at 500)"},
  {"id": "b", "type": "build", "status": "queued", "assigned_to": null, "created_at": "$(at 900)"},
  {"id": "c", "type": "build", "status": "completed", "assigned_to": "build1", "created_at": "$(at 900)",
   "started_at": "$(at 800)", "completed_at": "$(at 100)"},
  {"id": "d", "type": "build", "status": "failed", "assigned_to": "build1", "created_at": "$(at 900)",
   "started_at": "$(at 190)", "completed_at": "$(at 100)"}]}
END
  git build lock acquire -q deploy
  git build message send -q --to build2 --type error --subject 'no disk' --body x
  export GIT_BUILD_TEST_NOW=$now
  [ "$(value 'git_build_jobs{status="queued"}')" = 2 ]
  near "$(value git_build_oldest_queued_job_age_seconds)" 900
  [ "$(value 'git_build_build_duration_seconds_bucket{result="success",le="600"}')" = 0 ]
  [ "$(value 'git_build_build_duration_seconds_bucket{result="success",le="900"}')" = 1 ]
  [ "$(value 'git_build_build_duration_seconds_bucket{result="success",le="+Inf"}')" = 1 ]
  [ "$(value 'git_build_build_duration_seconds_sum{result="success"}')" = 700 ]
  [ "$(value 'git_build_build_duration_seconds_count{result="failed"}')" = 1 ]
  [ "$(value 'git_build_lock_held{lock="deploy",holder="build1"}')" = 1 ]
  [ "$(value git_build_messages_unread_errors)" = 1 ]
}

# bats test_tags=long
@test "pushes of this clone are counted, and rejected ones" {
  [ "$(value 'git_build_pushes_total{result="done"}')" -ge 1 ]
  [ "$(value 'git_build_push_duration_seconds_bucket{le="+Inf"}')" = "$(value 'git_build_pushes_total{result="done"}')" ]
  printf '#!/bin/sh\nexit 1\n' >../fleet.git/hooks/pre-receive
  run -128 git build status set building
  [ "$(value 'git_build_pushes_total{result="refused"}')" = 1 ]
  mv ../fleet.git ../away.git
  run -128 git build status set building
  [ "$(value git_build_remote_reachable)" = 0 ]
  [ -z "$(value git_build_remote_reachable --offline)" ]
  mv ../away.git ../fleet.git
}

# bats test_tags=long
@test "text of others cannot break the format" {
  on_main coordination/locks.json <<'END'
{"locks": {"a\"} 1\ngit_build_x 2": {"locked_by": "b\\\" \u001b[31m ä", "expires_at": "2999-01-01T00:00:00Z"}}}
END
  echo '{' | on_main build2/status.json
  git build metrics >all
  check_format all
  grep -qF 'git_build_lock_held{lock="a\"} 1\ngit_build_x 2",holder="b\\\"' all
  run -1 grep -q '^git_build_x' all
  [ "$(value git_build_unreadable_files)" = 1 ]
}

# bats test_tags=long
@test "--textfile replaces the file atomically, readable by all users" {
  umask 077
  run -0 git build metrics --textfile "$TMP/git_build.prom"
  [ -z "$output" ]
  [ "$(stat -c %a "$TMP/git_build.prom")" = 644 ]
  check_format "$TMP/git_build.prom"
  inode=$(stat -c %i "$TMP/git_build.prom")
  git build metrics --textfile "$TMP/git_build.prom"
  [ "$(stat -c %i "$TMP/git_build.prom")" != "$inode" ]
  [ "$(find "$TMP" -maxdepth 1 -name 'git_build*')" = "$TMP/git_build.prom" ]
  run -128 git build metrics --textfile "$TMP/none/x.prom"
}

@test "promtool accepts the metrics" {
  command -v promtool >/dev/null || skip "there is no promtool (Debian: prometheus)"
  git build metrics | promtool check metrics
  promtool check rules "$SOURCE_DIR/docs/monitoring/alerts.yml"
}

# bats test_tags=long
@test "every metric is in docs/monitoring.md, and those in rules and dashboard exist" {
  git build metrics | sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' | sort >made
  grep -ohE '`git_build_[a-z_]+`' "$SOURCE_DIR/docs/monitoring.md" | tr -d '`' | sort -u >written
  diff made written
  grep -ohE 'git_build_[a-z_]+' "$SOURCE_DIR/docs/monitoring/alerts.yml" "$SOURCE_DIR/docs/monitoring/grafana.json" |
    sed -E 's/_(bucket|sum|count)$//' | sort -u >used
  # The names of node_exporter's file and of the dashboard are not metrics.
  [ -z "$(comm -13 made used)" ]
  jq -e '.panels | length > 5' "$SOURCE_DIR/docs/monitoring/grafana.json"
}
