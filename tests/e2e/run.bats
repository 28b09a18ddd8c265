#!/usr/bin/env bats
# git build run: the worker, with real builds of real repositories.
# shellcheck disable=SC2016,SC2154 # expanded by the command that runs; in_background sets $pid

load helper

setup() {
  e2e_setup
  fleet_of build1 build2 >/dev/null 2>&1
  for id in build1 build2; do
    git -C $id config build.source "$TMP/source"
    git -C $id config build.artifacts "$TMP/artifacts"
    git -C $id config build.pollInterval 1
  done
  source_repo
  cd build1 || return
}

# source_repo: create the source repository: a minimal Debian source package.
source_repo() {
  git init -q source
  mkdir -p source/debian/source
  printf '%s\n' 'Source: tiny' 'Maintainer: Test <test@example.com>' 'Standards-Version: 4.6.2' \
    'Section: misc' 'Priority: optional' 'Rules-Requires-Root: no' '' \
    'Package: tiny' 'Architecture: all' 'Description: a small package' ' It holds one file.' \
    >source/debian/control
  printf 'tiny (1.2) unstable; urgency=low\n\n  * First.\n\n -- Test <test@example.com>  Thu, 01 Jan 2026 00:00:00 +0000\n' \
    >source/debian/changelog
  printf '3.0 (native)\n' >source/debian/source/format
  cat >source/debian/rules <<'END'
#!/usr/bin/make -f
clean:
	rm -rf debian/tiny debian/files
build build-arch build-indep:
binary: binary-indep
binary-arch:
binary-indep:
	mkdir -p debian/tiny/DEBIAN debian/tiny/usr/share/tiny
	echo hello >debian/tiny/usr/share/tiny/hello
	dpkg-gencontrol -ptiny -Pdebian/tiny
	dpkg-deb --root-owner-group --build debian/tiny ..
END
  chmod +x source/debian/rules
  git -C source add -A
  git -C source commit -qm "First"
}

nap="sleep 1000.$$" # no other process on this machine runs this command
shown() { git -C "$TMP/fleet.git" show "main:$1"; }
job() { shown coordination/jobs.json | jq -re ".jobs[] | select(.id == \"$1\") | $2"; }
add() { git build job add --branch main --commit HEAD "$@"; }
# logged SERVER: print the newest log of SERVER on the shared branch.
logged() {
  local name
  name=$(git -C "$TMP/fleet.git" ls-tree --name-only main "$1/logs/" | grep '\.log' | tail -n 1)
  case $name in
    *.gz) shown "$name" | gzip -dc ;;
    *) shown "$name" ;;
  esac
}

# bats test_tags=long
@test "a job produces a Debian package, a manifest, a log and a status, in one push" {
  id=$(add)
  before=$(git -C ../fleet.git rev-list --count main)
  run -0 git build run --once
  [[ $output == *"$id succeeded in "*": $TMP/artifacts/"* ]]
  [ "$(job "$id" .status)" = completed ]
  # The claim, and the result.
  [ "$(git -C ../fleet.git rev-list --count main)" = $((before + 2)) ]
  manifest=build1/logs/$id-artifacts.json
  git -C ../fleet.git show --format= --name-only main | grep -qx "$manifest"
  folder=$(shown "$manifest" | jq -r .folder)
  [[ $folder == "$TMP/artifacts/$(hostname -s)/debs/"*Z ]]
  dpkg -I "$folder/tiny_1.2_all.deb" | grep -q 'Package: tiny'
  shown "$manifest" | jq -r '.artifacts[] | "\(.sha256)  \(.name)"' | (cd "$folder" && sha256sum -c)
  shown "$manifest" | jq -e --arg c "$(git -C ../source rev-parse HEAD)" '.job and .status == "success" and .commit == $c and .duration_seconds >= 0'
  [ "$(shown "$manifest" | jq -r .log)" = "build1/logs/$(git -C ../fleet.git ls-tree --name-only main:build1/logs | grep '\.log')" ]
  shown build1/status.json | jq -e --arg id "$id" '.status == "success" and .current_job == null
    and .last_build.id == $id and .last_build.status == "success" and (.last_build.artifacts | index("tiny_1.2_all.deb"))'
  logged build1 | grep -q "dpkg-deb: building package"
  # No files are left in the clone.
  [ -z "$(find .git/git-build/checkouts .git/git-build/jobs -mindepth 1)" ]
  git status --porcelain | wc -l | grep -qx 0
  run -1 git build run --once
  [ "$output" = "no job available" ]
}

# bats test_tags=long
@test "the environment describes the build, and does not refer to the clone" {
  git config build.command 'env; git rev-parse HEAD; git status --porcelain; : >"$GIT_BUILD_OUTPUT/own.deb"'
  id=$(add --branch main)
  run -0 git build run --once
  log=$(logged build1)
  for line in "GIT_BUILD_JOB=$id" GIT_BUILD_JOB_TYPE=build GIT_BUILD_BRANCH=main GIT_BUILD_ATTEMPT=1 GIT_BUILD_FENCE=1 \
    "GIT_BUILD_COMMIT=$(git -C ../source rev-parse HEAD)"; do
    grep -qx "$line" <<<"$log"
  done
  grep -qx "$(git -C ../source rev-parse HEAD)" <<<"$log"
  run ! grep -qE '^GIT_DIR=|^GIT_PREFIX=' <<<"$log"
}

# bats test_tags=long
@test "a build that fails, one without a package, a command that does not exist" {
  git config build.command 'echo no; exit 3'
  id=$(add)
  run -1 git build run --once
  [[ $output == *"$id failed after "*": exit code 3"* ]]
  [ "$(job "$id" '.status + " " + .reason')" = "failed exit code 3" ]
  shown "build1/logs/$id-artifacts.json" | jq -e '.status == "failed" and .reason == "exit code 3" and .artifacts == [] and .folder == null'
  shown build1/status.json | jq -e '.status == "failed" and .last_build.status == "failed"'

  git -C ../source rm -rq debian
  git -C ../source commit -qm "No package"
  git config build.command true
  id=$(add)
  run -1 git build run --once
  [ "$(job "$id" .reason)" = "no package was built; if the project has no packages, add the job with --no-packages" ]
  id=$(add --no-packages)
  run -0 git build run --once

  id=$(add --type test)
  git config --unset build.command
  run -1 git build run --once
  [[ $(job "$id" .reason) == "no command for jobs of type 'test'; "* ]]
  git config build.test.command nosuchprogram
  id=$(add --type test)
  run -1 git build run --once
  [ "$(job "$id" .reason)" = "exit code 127" ]

  id=$(git -c build.source= build job add --branch nowhere --commit "")
  run -1 git build run --once
  [[ $(job "$id" .reason) == "there is no "* ]]
  id=$(git -c build.source= build job add --branch main --commit --upload-pack=touch)
  run -1 git build run --once
  [[ $(job "$id" .reason) == "there is no commit '--upload-pack=touch' in "* ]]
}

# bats test_tags=long
@test "a hanging build is killed with all its child processes, even those in other sessions" {
  git config build.command "touch '$HOME/at-it'; setsid -f $nap & (trap '' TERM; $nap) & $nap"
  # The time limit includes the checkout: a busy machine needs more time to reach the build.
  for ((limit = 1; limit <= $(patience 10); limit *= 2)); do
    git config build.jobTimeout $limit
    id=$(add)
    run -1 git build run --once
    [ ! -e "$HOME/at-it" ] || break
  done
  [ "$(job "$id" .reason)" = "it took longer than $limit s" ]
  run ! pgrep -f "$nap"
}

@test "processes that a finished build has left are killed and reported" {
  git config build.command "setsid -f $nap; nohup $nap >/dev/null 2>&1 & exit 0"
  id=$(add --no-packages)
  run -0 git build run --once
  [[ $output == *"killed 2 processes left by the build"* ]]
  run ! pgrep -f "$nap"
}

# bats test_tags=long
@test "of a very long output, the beginning and the end are kept" {
  size=$(brief_or_thorough 100M 1G)
  git config build.command 'echo first; yes "a line of output" | head -c '"$size"'; echo; echo last'
  git config build.logLimit 1m
  id=$(add --no-packages)
  git build run --once -q
  logged build1 >"$TMP/log"
  [ "$(wc -c <"$TMP/log")" -lt $((1 << 20)) ]
  grep -qx first "$TMP/log"
  grep -qx last "$TMP/log"
  grep -q '^\[10.* bytes omitted\]$' "$TMP/log"
  [[ $(shown "build1/logs/$id-artifacts.json" | jq -r .log) == *.log.gz ]]
}

# bats test_tags=long
@test "secrets are blanked out, wherever the output is split" {
  git config build.redact 'hunter2secret'
  git config --add build.redactEnvironment '*_TOKEN'
  git config build.command 'printf hunter2; sleep 0.3; echo secret; echo "<$MY_TOKEN>"; echo hunter2; env'
  add --no-packages
  MY_TOKEN=tok-123456 run -0 git build run --once
  [[ $output != *hunter2secret* && $output != *tok-123456* ]]
  logged build1 >"$TMP/log"
  run ! grep -e hunter2secret -e tok-123456 "$TMP/log"
  grep -qx '\[redacted\]' "$TMP/log"
  grep -qx '<\[redacted\]>' "$TMP/log"
  grep -qx hunter2 "$TMP/log"
}

# bats test_tags=long
@test "a build that fills its disk fails, and the next one works" {
  [ "$(id -u)" = 0 ] || skip "mounting a small disk needs root"
  mkdir "$TMP/small"
  mount -t tmpfs -o size=12m tmpfs "$TMP/small" 2>/dev/null || skip "this machine mounts no tmpfs"
  git clone -q "$TMP/fleet.git" "$TMP/small/build3" 2>/dev/null
  cd "$TMP/small/build3"
  git build init -q --server build3
  git config build.source "$TMP/source"
  git config build.artifacts "$TMP/small/artifacts"
  git config build.command 'cat /dev/zero >full'
  id=$(add)
  run -1 git build run --once -q
  [[ $(job "$id" .reason) == "exit code "* ]]
  logged build3 | grep -q 'No space left on device'
  git config --unset build.command
  add
  git build run --once -q
  cd "$TMP"
  umount "$TMP/small"
}

# bats test_tags=long
@test "a job is stopped if it is cancelled or given to another server" {
  git config build.command "touch '$HOME/at-it'; exec $nap"
  for way in cancel lose; do
    rm -f "$HOME/at-it"
    id=$(add)
    in_background "$TMP/$way.out" git build run --once
    wait_for 10 test -e "$HOME/at-it"
    if [ $way = cancel ]; then
      git -C ../build2 build job cancel "$id"
      wait_for 10 grep -q "$id was cancelled after" "$TMP/cancel.out"
      [ "$(job "$id" .status)" = cancelled ]
    else
      # As an operator would do it: requeued, for another server.
      git clone -q "$TMP/fleet.git" "$TMP/other"
      jq --arg id "$id" '(.jobs[] | select(.id == $id)) |= (.status = "queued" | .assigned_to = null)' \
        "$TMP/other/coordination/jobs.json" >"$TMP/jobs" && cp "$TMP/jobs" "$TMP/other/coordination/jobs.json"
      git -C "$TMP/other" commit -qam "Take it away"
      git -C "$TMP/other" push -q --no-verify origin main
      wait_for 10 grep -q "$id is no longer assigned to this server" "$TMP/lose.out"
      [ "$(job "$id" .status)" = queued ]
    fi
    run ! pgrep -f "$nap"
    wait_for 5 eval 'shown build1/status.json | jq -e ".current_job == null"'
  done
}

# bats test_tags=long
@test "a signal requeues the job" {
  git config build.command "touch '$HOME/at-it'; exec $nap"
  for number in INT TERM; do
    rm -f "$HOME/at-it"
    id=$(add)
    in_background "$TMP/out" setsid git-build run --loop
    wait_for 10 test -e "$HOME/at-it"
    kill -$number "$pid"
    wait_for 10 grep -q "$id was requeued" "$TMP/out"
    [ "$(job "$id" '.status + " " + (.attempt | tostring)')" = "queued 1" ]
    run ! pgrep -f "$nap"
    wait_for 5 eval '! kill -0 '"$pid"
    git build job cancel "$id"
  done
}

# bats test_tags=long
@test "a worker that is killed at any step loses no job, and no job is built twice at the same time" {
  # The build holds a lock while it runs: a second one at the same time could not acquire it.
  git config build.command 'exec 9>"$HOME/one"; flock -n 9 || { touch "$HOME/twice"; exit 9; }
    touch "$HOME/at-it"; sleep 0.4; : >"$GIT_BUILD_OUTPUT/a.deb"'
  git config build.jobAttempts 100
  id=$(add)
  for n in 1 2 3 4 5 6 7 8; do
    rm -f "$HOME/at-it"
    setsid git-build -C "$TMP/build1" run --once >"$TMP/out.$n" 2>&1 3>&- &
    worker=$!
    # Later each time: before the claim, in the checkout, in the build, while the result is recorded.
    sleep "0.$((n * 12 % 100 / 10))$((n * 12 % 10))"
    # The worker alone, or its whole session at once.
    if [ $((n % 2)) = 0 ]; then kill -KILL $worker; else kill -KILL -- -$worker; fi || true
    wait $worker || true
    [ "$(job "$id" .status)" != completed ] || break
  done
  wait_for 20 eval '[ "$(job "$id" .status)" = completed ] || { git build run --once; false; }'
  [ ! -e "$HOME/twice" ]
  [ -z "$(find .git/git-build/checkouts -mindepth 1 2>/dev/null)" ]
  shown "build1/logs/$id-artifacts.json" | jq -e '.status == "success"'
}

# bats test_tags=long
@test "if a worker and its keeper are killed together, no build keeps running" {
  git config build.command "touch '$HOME/at-it'; setsid -f $nap; exec $nap"
  id=$(add)
  setsid git-build run --once >"$TMP/out" 2>&1 3>&- &
  worker=$!
  wait_for 10 test -e "$HOME/at-it"
  sleep 0.2
  kill -KILL $worker $(pgrep -P $worker)
  wait $worker || true
  git config build.command 'exit 0'
  run -0 git build run --once
  [[ $output == *"requeueing $id, whose worker was stopped"* ]]
  run ! pgrep -f "$nap"
  [ "$(job "$id" .attempt)" = 2 ]
}

# bats test_tags=long
@test "a job with retries is built again, and one that keeps killing its worker fails" {
  git config build.command '[ "$GIT_BUILD_ATTEMPT" = 3 ]'
  id=$(add --no-packages --retries 2)
  run -1 git build run --once
  [ "$(job "$id" '.status + " " + .reason')" = "queued exit code 1" ]
  run -1 git build run --once
  run -0 git build run --once
  [ "$(job "$id" .attempt)" = 3 ]

  git config build.jobAttempts 1
  git config build.command 'kill -KILL $(ps -o ppid= -p $PPID)'
  id=$(add)
  run git build run --once
  run git build run --once
  [[ $(job "$id" '.status + ": " + .reason') == "failed: its worker was stopped in the last attempt" ]]
}

# bats test_tags=long
@test "one worker per clone; types are selected; exit code 1 if there is nothing to do" {
  git config build.command 'touch "$HOME/at-it"; until [ -e "$HOME/go" ]; do sleep 0.1; done'
  id=$(add --no-packages --type deploy)
  run -1 git build run --once --type build,test
  [ "$output" = "no job available" ]
  in_background "$TMP/out" git build run --once --type test,deploy
  wait_for 10 test -e "$HOME/at-it"
  run -128 git build run --once
  [[ $output == *"another worker of this clone is already running"* ]]
  touch "$HOME/go"
  wait_for 10 grep -q succeeded "$TMP/out"
  run -1 git build run --json
  [ "$(jq .job <<<"$output")" = null ]
  run -129 git build run --once --loop
}

# bats test_tags=long
@test "a long build sends heartbeats if no loop does, so that no server takes its job" {
  git config build.heartbeatInterval 10
  git config build.heartbeatPushEvery 1
  git config build.command 'touch "$HOME/at-it"; until [ -e "$HOME/go" ]; do sleep 0.1; done'
  id=$(add --no-packages)
  in_background "$TMP/out" git build run --once
  wait_for 10 test -e "$HOME/at-it"
  before=$(git -C ../fleet.git rev-parse heartbeat-build1)
  wait_for 20 eval '[ "$(git -C ../fleet.git rev-parse heartbeat-build1)" != "$before" ]'
  run -0 git -C ../build2 build job reap
  [ "$(job "$id" .status)" = running ]
  git -C ../build2 build status --json | jq -e '.servers[] | select(.server == "build1").heartbeat.state == "alive"'
  touch "$HOME/go"
  wait_for 10 grep -q succeeded "$TMP/out"
}

# bats test_tags=long
@test "two workers build twenty jobs that depend on each other, each once" {
  for id in build1 build2; do
    git -C ../$id config build.command 'echo "$GIT_BUILD_JOB" >>"$HOME/done"; : >"$GIT_BUILD_OUTPUT/a.deb"'
  done
  for n in $(seq 20); do
    depends=()
    [ "$n" -le 4 ] || depends=(--depends "${ids[$((n - 4))]}")
    ids[n]=$(add "${depends[@]}")
  done
  for id in build1 build2; do in_background "$TMP/$id.out" git-build -C "$TMP/$id" run --loop; done
  wait_for 60 eval '[ "$(shown coordination/jobs.json | jq "[.jobs[] | select(.status == \"completed\")] | length")" = 20 ]'
  [ "$(sort "$HOME/done" | uniq | wc -l)" = 20 ]
  [ "$(wc -l <"$HOME/done")" = 20 ]
  grep -q succeeded "$TMP/build1.out"
  grep -q succeeded "$TMP/build2.out"
  # In the order that their dependencies require.
  for n in $(seq 5 20); do
    [ "$(grep -n "${ids[$((n - 4))]}" "$HOME/done" | cut -d: -f1)" -lt "$(grep -n "${ids[n]}" "$HOME/done" | cut -d: -f1)" ]
  done
}

# bats test_tags=long
@test "Maven builds a real project offline, with the options of the shared file, and then packages are made" {
  local plugin
  command -v mvn >/dev/null && command -v javac >/dev/null ||
    skip "there is no Maven: apt-get install maven default-jdk-headless and its plugins installs it"
  for plugin in compiler resources surefire jar install; do
    [ -d /usr/share/maven-repo/org/apache/maven/plugins/maven-$plugin-plugin ] ||
      skip "Debian's maven-$plugin-plugin is not installed"
  done
  cp -rL /usr/share/maven-repo "$HOME/repository" 2>/dev/null || true
  mkdir -p ../source/.mvn ../source/src/main/java
  printf '%s\n' -o "-Dmaven.repo.local=$HOME/repository" >../source/.mvn/maven.config
  echo 'public class Tiny { }' >../source/src/main/java/Tiny.java
  cat >../source/pom.xml <<'END'
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId><artifactId>tiny</artifactId><version>1.2</version>
  <properties><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target></properties>
  <profiles><profile><id>developer</id><properties><seen>developer</seen></properties></profile></profiles>
</project>
END
  git -C ../source add -A
  git -C ../source commit -qm "Maven"
  git pull -q
  jq '.build = {maven_opts: "-Xmx256m", profiles: ["developer"], skip_tests: true}' shared/build_config.json >"$TMP/config"
  cp "$TMP/config" shared/build_config.json
  git commit -qam "Build with Maven"
  git push -q --no-verify origin main
  id=$(add)
  run -0 git build run --once
  [ "$(job "$id" .status)" = completed ]
  logged build1 | grep -q "running: mvn -B -DskipTests -P 'developer' install"
  logged build1 | grep -q 'BUILD SUCCESS'
  [ -e "$HOME/repository/org/example/tiny/1.2/tiny-1.2.jar" ]
  shown "build1/logs/$id-artifacts.json" | jq -e '[.artifacts[].name] | index("tiny_1.2_all.deb")'
}

# bats test_tags=long
@test "invalid names: of a job, and of an artifact" {
  git pull -q
  jq '.jobs += [{id: "../x y", status: "queued", type: "build", branch: "main"}]' coordination/jobs.json >"$TMP/jobs"
  cp "$TMP/jobs" coordination/jobs.json
  git commit -qam "An odd job"
  git push -q --no-verify origin main
  run -1 git build run --once
  [ "$(job "../x y" .reason)" = "'../x y' cannot be part of a file name" ]
  git config build.command ': >"$GIT_BUILD_OUTPUT/-a.deb"'
  id=$(add)
  run -1 git build run --once
  [[ $(job "$id" .reason) == *"-a.deb"* ]]
}

# bats test_tags=long
@test "on a terminal, a line shows the elapsed time and the usual time" {
  command -v script >/dev/null || skip "there is no script(1)"
  git config build.command 'sleep 1.3'
  add --no-packages
  git build run --once -q
  add --no-packages
  script -qec "git build run --once" /dev/null </dev/null >"$TMP/seen"
  grep -qE 'job_[0-9a-f-]+: [0-9]+ s of usually [0-9]+ s' "$TMP/seen"
  # There is none without a terminal.
  add --no-packages
  run -0 git build run --once
  [[ $output != *usually* ]]
}
