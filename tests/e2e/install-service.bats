#!/usr/bin/env bats
# git build install-service: units that systemd takes, and lines that cron takes.
# shellcheck disable=SC2154 # $pid is of in_background

load helper

setup() {
  e2e_setup
  shared_repo fleet.git >/dev/null
  git clone -q "$TMP/fleet.git" "$TMP/a 50% clone" 2>/dev/null
  cd "a 50% clone" || return
  git build init -q --server build1
}

@test "systemd finds nothing wrong with the units, system's or user's" {
  command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
  mkdir "$TMP/units"
  for manager in system user; do
    for service in heartbeat worker archive; do
      git build install-service --$manager --print "$service" >"$TMP/all"
      # One file for each unit, as it would be written.
      awk -v d="$TMP/units/" '/^# git-build-.*\.(service|timer)$/ { f = d $2; next } { print >f }' "$TMP/all"
    done
    run systemd-analyze verify --man=no "$TMP"/units/*
    echo "$output"
    [ "$status" = 0 ]
    run ! grep "$TMP/units" <<<"$output"
  done
  [ "$(find "$TMP/units" -type f -printf '%f\n' | sort | tr '\n' ' ')" = "git-build-archive-build1.service git-build-archive-build1.timer git-build-heartbeat-build1.service git-build-worker-build1.service " ]
}

@test "units are written, say what comes next, and are removed" {
  run -0 git build install-service --user heartbeat
  unit=$XDG_CONFIG_HOME/systemd/user/git-build-heartbeat-build1.service
  [[ $output == "wrote $unit"*"systemctl --user enable --now git-build-heartbeat-build1.service" ]]
  grep -qF "ExecStart=\"$GIT_BUILD_BINDIR/git-build\" -C \"$TMP/a 50%% clone\" heartbeat --loop --server build1" "$unit"
  grep -qx 'Type=notify' "$unit"
  git build install-service --user archive -q
  [ -e "$XDG_CONFIG_HOME/systemd/user/git-build-archive-build1.timer" ]
  for service in heartbeat archive; do git build install-service --user --remove -q $service; done
  [ -z "$(ls "$XDG_CONFIG_HOME/systemd/user")" ]
  git build install-service --user --json worker | jq -e '.done == "written" and .units[0].name == "git-build-worker-build1.service"'
}

@test "a clone does not take another one's unit" {
  git build install-service --user -q heartbeat
  git clone -q "$TMP/fleet.git" "$TMP/other" 2>/dev/null
  run -128 git -C "$TMP/other" build install-service --user heartbeat --server build1
  [[ $output == *"belongs to another clone whose server has the same id"* ]]
  run -128 git -C "$TMP/other" build install-service --user --remove heartbeat --server build1
  run -0 git build install-service --user heartbeat
}

@test "cron's line does what it says" {
  run -0 git build install-service heartbeat --cron
  [[ $output == "* * * * * "*" heartbeat --server build1 -q" ]]
  # As cron does: the five fields go, \% is %, and sh runs the rest.
  line=${output#\* \* \* \* \* }
  before=$(git rev-list --count heartbeat-build1)
  sh -c "${line//\\%/%}"
  [ "$(git rev-list --count heartbeat-build1)" = $((before + 1)) ]
  line=$(git build install-service worker --cron)
  line=${line#\* \* \* \* \* }
  run sh -c "${line//\\%/%}"
  [ "$status" = 1 ]
  [ -z "$output" ]
  line=$(git build install-service archive --cron)
  [[ $line == '17 4 * * 0 '* ]]
  sh -c "$(sed 's/^17 4 \* \* 0 //; s/\\%/%/g' <<<"$line")"
}

@test "what the unit starts runs as its server, and tells its manager that it is ready" {
  git build install-service --user -q worker --server other
  start=$(sed -n 's/^ExecStart=//; s/%%/%/g; T; p' "$XDG_CONFIG_HOME/systemd/user/git-build-worker-other.service")
  git config build.source "$TMP/none"
  listen "$TMP/notify"
  NOTIFY_SOCKET=$TMP/notify in_background "$TMP/out" sh -c "exec $start"
  wait_for 5 grep -q READY=1 "$TMP/notified"
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  [ "$status" = 0 ]
}

@test "the system's units run as the user to whom the clone belongs" {
  run -0 git build install-service --system --print heartbeat
  grep -qx "User=$(stat -c %U .)" <<<"$output"
  run -0 git build install-service --user --print heartbeat
  [[ $output != *User=* ]]
  [ "$(id -u)" = 0 ] || skip "only root can give a clone away"
  chown nobody .
  git config --global --add safe.directory "$PWD"
  run -0 git build install-service --system --print worker
  grep -qx User=nobody <<<"$output"
}

@test "what cannot be is said" {
  run -129 git build install-service
  run -129 git build install-service sandwich
  [[ $output == *"there are heartbeat, worker and archive"* ]]
  run -129 git build install-service --user --system worker
  run -129 git build install-service --user --remove --now worker
  [[ $output == *"--now"*"--remove exclude each other"* ]]
}

@test "--now on a host whose systemd cannot be reached leaves no unit, and names --cron" {
  units=$XDG_CONFIG_HOME/systemd/user
  export XDG_RUNTIME_DIR=$TMP/none DBUS_SESSION_BUS_ADDRESS=unix:path=$TMP/none
  for service in heartbeat archive; do
    run -128 git build install-service --user --now $service
    [[ $output == "fatal: "*"; nothing was installed: on a host without systemd 'git build install-service --cron' prints a line for crontab" ]]
    [ "$(wc -l <<<"$output")" = 1 ]
    [ -z "$(ls "$units")" ]
  done
  # A unit that was there before stays.
  git build install-service --user -q heartbeat
  run -128 git build install-service --user --now heartbeat
  [ "$(ls "$units")" = git-build-heartbeat-build1.service ]
  # Removing goes on without systemd, and says what it could not do.
  run -0 git build install-service --user --remove heartbeat
  [[ $output == *"systemctl could not stop it"* ]]
  [ -z "$(ls "$units")" ]
}

@test "--remove disables a unit while its file is still there" {
  units=$XDG_CONFIG_HOME/systemd/user
  mkdir "$TMP/bin"
  # This one writes down what it was asked, and which units there were then.
  printf '#!/bin/sh\necho "$* | $(ls "%s" | tr "\\n" " ")" >>"%s/asked"\n' "$units" "$TMP" >"$TMP/bin/systemctl"
  chmod +x "$TMP/bin/systemctl"
  export PATH=$TMP/bin:$PATH
  git build install-service --user --now -q archive
  : >"$TMP/asked"
  run -0 git build install-service --user --remove archive
  [[ $output != *next:* ]]
  [ "$(sed -n 1p "$TMP/asked")" = "--user disable --now git-build-archive-build1.timer | git-build-archive-build1.service git-build-archive-build1.timer " ]
  [ "$(sed -n 2p "$TMP/asked")" = "--user daemon-reload | " ]
  [ "$(wc -l <"$TMP/asked")" = 2 ]
}
