#!/usr/bin/env bash
# What git-build costs with many servers. The commands that read a whole fleet: processor time for 10,000
# servers, compared with 1,000 (each with a heartbeat on main and a newer one on its branch). And one
# push of a heartbeat: processor time of both ends with 10,000 heartbeat branches, compared with 10.
set -eu
directory=$(mktemp -d "${TMPDIR:-/tmp}/git-build-bench.XXXXXX")
trap 'rm -rf "$directory"' EXIT
cd "$directory"
export HOME=$directory GIT_CONFIG_NOSYSTEM=1
git config --global init.defaultBranch main
git config --global core.fsync none

# fleet COUNT: print a fleet of COUNT servers, for git fast-import.
fleet() {
  awk -v count="$1" -v now="$(date +%s)" -v time="$(date -u +%Y-%m-%dT%H:%M:%SZ)" '
    function put(path, text) { printf "M 100644 inline %s\ndata %d\n%s\n", path, length(text), text }
    function commit(branch) {
      printf "commit refs/heads/%s\ncommitter bench <bench@localhost> %d +0000\ndata 1\nx\n", branch, now
    }
    function heartbeat(id) {
      put(id "/heartbeat.json", "{\"server\": \"" id "\", \"timestamp\": \"" time "\", \"healthy\": true, " \
        "\"interval_seconds\": 60, \"push_every\": 5, \"system\": {\"uptime_seconds\": 5, \"cpu_usage\": 3.5}}")
    }
    BEGIN {
      commit("main")
      put("coordination/jobs.json", "{\"jobs\": []}")
      put("coordination/locks.json", "{\"locks\": {}}")
      put("coordination/messages.json", "{\"messages\": []}")
      for (i = 0; i < count; i++) {
        id = sprintf("s%05d", i)
        put(id "/status.json", "{\"server\": \"" id "\", \"timestamp\": \"" time "\", \"status\": \"idle\"}")
        heartbeat(id)
        put(id "/logs/.gitkeep", "")
      }
      for (i = 0; i < count; i++) {
        id = sprintf("s%05d", i)
        commit("heartbeat-" id)
        heartbeat(id)
      }
    }'
}

for count in 10 1000 10000; do
  git init -q --bare "fleet$count.git"
  fleet $count | git -C "fleet$count.git" fast-import --quiet
  git -C "fleet$count.git" pack-refs --all
done
for count in 1000 10000; do
  git clone -q --no-checkout "fleet$count.git" $count
done

# cpu COMMAND...: print the median processor time of five runs, in units of 10 ms.
cpu() {
  local user system
  for _ in 1 2 3 4 5; do
    read -r user system < <({ TIMEFORMAT='%3U %3S'; time "$@" >/dev/null; } 2>&1)
    echo "$user $system" | awk '{ print int(($1 + $2) * 100 + 0.5) }'
  done | sort -n | sed -n 3p
}

for command in status health dashboard metrics; do
  few=$(cd 1000 && cpu git-build $command --offline)
  many=$(cd 10000 && cpu git-build $command --offline)
  awk -v name="servers-$command" -v few="$few" -v many="$many" -v command="$command" 'BEGIN {
    printf "%s\t%.1f\t<= 10\t%s\n", name, many / few, "`git build " command " --offline` of 10,000 servers, compared with 1,000" }'
done

# pushed COUNT: print the processor time of one pushed heartbeat, in units of 10 ms.
pushed() {
  git init -q "push$1"
  cd "push$1"
  git fetch -q "$directory/fleet$1.git" heartbeat-s00005
  git checkout -q FETCH_HEAD
  cpu push_next "$directory/fleet$1.git"
  cd ..
}
push_next() {
  git commit -q --allow-empty -m "next"
  git push -q "$1" HEAD:heartbeat-s00005
}
git config --global user.name bench
git config --global user.email bench@localhost
for hooks in without with; do
  if [ $hooks = with ]; then
    for count in 10 10000; do
      git build init -q --shared "fleet$count.git" >/dev/null
      git -C "fleet$count.git" config core.fsync none
      rm -rf "push$count"
    done
  fi
  few=$(pushed 10)
  many=$(pushed 10000)
  awk -v hooks="$hooks" -v few="$few" -v many="$many" 'BEGIN {
    printf "servers-push%s\t%.1f\t%s\t%s\n", hooks == "with" ? "" : "-bare", many / few, hooks == "with" ? "<= 1.5" : "",
      "one pushed heartbeat, both ends, with 10,000 heartbeat branches, compared with 10" (hooks == "with" ? "" : "; without hooks") }'
done
