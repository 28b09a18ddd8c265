#!/usr/bin/env bats
# git build install-service: units for systemd, and lines for cron.
# shellcheck disable=SC2154 # in_background sets $pid

load helper

setup() {
  e2e_setup
  shared_repo fleet.git >/dev/null
  git clone -q "$TMP/fleet.git" "$TMP/a 50% clone" 2>/dev/null
  cd "a 50% clone" || return
  git build init -q --server build1
}

# bats test_tags=long
@test "systemd accepts the units, for the system manager and the user manager" {
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

@test "units are written, the next commands are printed, and units are removed" {
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

@test "the unit of another clone is not overwritten" {
  git build install-service --user -q heartbeat
  git clone -q "$TMP/fleet.git" "$TMP/other" 2>/dev/null
  run -128 git -C "$TMP/other" build install-service --user heartbeat --server build1
  [[ $output == *"belongs to another clone with the same server ID"* ]]
  run -128 git -C "$TMP/other" build install-service --user --remove heartbeat --server build1
  run -0 git build install-service --user heartbeat
}

@test "the line for cron works" {
  run -0 git build install-service heartbeat --cron
  [[ $output == "* * * * * "*" heartbeat --server build1 -q" ]]
  # As cron does: remove the five fields, replace \% by %, and pass the rest to sh.
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

@test "the command of the unit runs as its server, and notifies its manager when it is ready" {
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

@test "system units run as the owner of the clone" {
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

@test "impossible requests are refused with the reason" {
  run -129 git build install-service
  run -129 git build install-service sandwich
  [[ $output == *"expected heartbeat, worker or archive"* ]]
  run -129 git build install-service --user --system worker
  run -129 git build install-service --user --remove --now worker
  [[ $output == *"--now"*"--remove cannot be combined"* ]]
}

@test "--now without a reachable systemd leaves no unit, and suggests --cron" {
  units=$XDG_CONFIG_HOME/systemd/user
  export XDG_RUNTIME_DIR=$TMP/none DBUS_SESSION_BUS_ADDRESS=unix:path=$TMP/none
  for service in heartbeat archive; do
    run -128 git build install-service --user --now $service
    [[ $output == "fatal: "*"; nothing was installed; on a host without systemd, use 'git build install-service --cron' to print a line for crontab" ]]
    [ "$(wc -l <<<"$output")" = 1 ]
    [ -z "$(ls "$units")" ]
  done
  # An existing unit is kept.
  git build install-service --user -q heartbeat
  run -128 git build install-service --user --now heartbeat
  [ "$(ls "$units")" = git-build-heartbeat-build1.service ]
  # --remove continues without systemd, and reports what it could not do.
  run -0 git build install-service --user --remove heartbeat
  [[ $output == *"systemctl could not stop the service"* ]]
  [ -z "$(ls "$units")" ]
}

@test "--remove disables a unit while its file still exists" {
  units=$XDG_CONFIG_HOME/systemd/user
  mkdir "$TMP/bin"
  # This systemctl records its arguments, and the units that exist at that time.
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
