#!/usr/bin/env bats
# git build artifacts: manifests on the shared branch, and artifacts that are downloaded from a real sshd.
# shellcheck disable=SC2154 # in_background sets $pid

load helper

# The test runs in build2; build1 is the remote server, reached over ssh.
setup() {
  e2e_setup
  fleet_of build1 build2 >/dev/null
  cd build2 || return
}

# built SERVER JOB DIRECTORY [FILTER]: publish a manifest of the artifacts of SERVER in DIRECTORY; FILTER
# changes the manifest first.
built() {
  local files=()
  mapfile -t files < <(cd "$3" && find . -maxdepth 1 -type f -printf '%f\n' | sort)
  for file in "${files[@]}"; do
    jq -n --arg n "$file" --arg h "$(sha256sum <"$3/$file" | cut -c1-64)" --argjson s "$(stat -c %s "$3/$file")" \
      '{name: $n, size: $s, sha256: $h}'
  done | jq -s --arg server "$1" --arg job "$2" --arg folder "$3" --arg now "$(date -u +%FT%TZ)" \
    "{job: \$job, server: \$server, branch: \"main\", commit: \"0123456789abcdef\", status: \"success\",
      created_at: \$now, duration_seconds: 7, folder: \$folder, log: null, artifacts: .} | ${4-.}" >"$TMP/manifest"
  (
    cd "$TMP/$1" && git pull -q && mkdir -p "$1/logs" && cp "$TMP/manifest" "$1/logs/$2-artifacts.json" &&
      git add . && git commit -q -m "Build $2" && git push -q --no-verify origin HEAD:main
  )
}

# tiny VERSION DIRECTORY [FILE...]: make a real package with the FILEs in DIRECTORY.
tiny() {
  local tree=$TMP/tree.$1
  mkdir -p "$tree/DEBIAN" "$tree/usr/share/tiny" "$2"
  printf 'Package: tiny\nVersion: %s\nArchitecture: all\nMaintainer: a <a@b>\nDescription: small\n' "$1" \
    >"$tree/DEBIAN/control"
  local file
  for file in "${@:3}"; do echo "$file" >"$tree/usr/share/tiny/$file"; done
  dpkg-deb --root-owner-group --build "$tree" "$2/tiny_$1_all.deb" >/dev/null
}

over_ssh() {
  start_sshd || return
  git config build.ssh.build1 "$SSH_URL"
}

@test "list and show: all builds with their artifacts, newest first; a corrupt manifest hides no other" {
  run -0 git build artifacts list
  [ -z "$output" ]
  mkdir "$TMP/one" "$TMP/two"
  echo a >"$TMP/one/a.txt"
  echo bcd >"$TMP/two/b.txt"
  echo e >"$TMP/two/e.txt"
  built build1 job_1 "$TMP/one" '.created_at = "2025-10-29T12:00:00Z"'
  built build2 job_2 "$TMP/two" '.status = "failed" | .reason = "exit code 2" | .more = [1]'
  run -0 git build artifacts list
  [[ ${lines[0]} == JOB*BYTES ]]
  [[ ${lines[1]} == job_2*build2*failed*main*0123456789ab*2*6 ]]
  [[ ${lines[2]} == job_1*build1*success*1*2 ]]
  run -0 git build artifacts list --server build1
  [ "${#lines[@]}" = 2 ]
  [ "$(git build artifacts list --json | jq -c '[.builds[] | [.job, .bytes, (.artifacts | length)]]')" = \
    '[["job_2",6,2],["job_1",2,1]]' ]
  run -0 git build artifacts show job_2
  [[ $output == *"failed: exit code 2"*"$TMP/two"*b.txt*4*"$(sha256sum <"$TMP/two/b.txt" | cut -c1-64)"* ]]
  [ "$(git build artifacts show job_1 --json | jq -r '.artifacts[0].name')" = a.txt ]

  # An unambiguous abbreviation is accepted, as in git.
  run -128 git build artifacts show job_
  [[ $output == *"job ID 'job_' is ambiguous: job_2, job_1"* ]]
  built build1 other "$TMP/one"
  run -0 git build artifacts show oth
  [[ $output == *"other (build) on build1"* ]]
  run -128 git build artifacts show job_3
  [[ $output == *"no manifest of job 'job_3'"* ]]

  # The guard rejects corrupt manifests; if one exists anyway, it is reported.
  run -1 built build1 job_4 "$TMP/one" '.artifacts[0].name = "../../etc/cron.d/x"'
  rm "$TMP/fleet.git/hooks/pre-receive"
  git -C ../build1 push -q --no-verify origin HEAD:main
  run -0 git build artifacts list
  [ "${#lines[@]}" = 5 ]
  [[ ${lines[4]} == job_4*build1*'"name" is not valid'* ]]
  [ "$(git build artifacts list --json | jq -r '.builds[3].problem' | cut -d: -f1)" = build1/logs/job_4-artifacts.json ]
}

# bats test_tags=long
@test "fetch: over ssh, verified; a second fetch does nothing; an interrupted one is resumed" {
  over_ssh
  mkdir "$TMP/made here"
  head -c 3000000 /dev/urandom >"$TMP/made here/big file.deb"
  echo small >"$TMP/made here/it's small.txt"
  built build1 job_1 "$TMP/made here"

  # An ssh whose connection ends in the middle of the third megabyte.
  printf '#!/bin/bash\n%s "$@" | head -c 2500000\nexit 255\n' "$GIT_SSH_COMMAND" >"$TMP/cut"
  chmod +x "$TMP/cut"
  GIT_SSH_COMMAND=$TMP/cut run -128 git build artifacts fetch job_1
  [[ $output == *"cannot fetch big file.deb from $SSH_URL"*"fetch again to continue (2500000 of 3000000 bytes received)"* ]]
  [ "$(stat -c %s 'job_1/big file.deb.part')" = 2500000 ]
  cmp -n 2500000 "$TMP/made here/big file.deb" "job_1/big file.deb.part"

  run -0 git build artifacts fetch job_1
  [ "${lines[0]}" = "job_1/big file.deb (resumed at byte 2500000)" ]
  [ "${lines[1]}" = "job_1/it's small.txt" ]
  cmp "$TMP/made here/big file.deb" "job_1/big file.deb"
  [ "$(ls job_1)" = $'big file.deb\nit\'s small.txt' ]
  run -0 git build artifacts verify job_1
  [ "$output" = $'job_1/big file.deb: ok\njob_1/it\'s small.txt: ok' ]

  # Everything is here: the server is not contacted.
  GIT_SSH_COMMAND=false run -0 git build artifacts fetch job_1 --json
  [ "$(jq -c '[.artifacts[].was_here]' <<<"$output")" = '[true,true]' ]

  # An existing file that differs is not overwritten.
  echo mine >"job_1/it's small.txt"
  run -128 git build artifacts fetch job_1
  [[ $output == *"it's small.txt already exists and does not match the manifest"* ]]
  [ "$(cat "job_1/it's small.txt")" = mine ]
  run -1 git build artifacts verify -q job_1
  [ "$output" = "job_1/it's small.txt: other size" ]
  rm "job_1/it's small.txt"
  run -1 git build artifacts verify job_1 --json
  [ "$(jq -c '[.whole, .artifacts[1].state]' <<<"$output")" = '[false,"missing"]' ]

  git config build.ssh.build1 ssh://127.0.0.1:1
  run -128 git build artifacts fetch job_1
  [[ $output == *"cannot fetch "*" from ssh://127.0.0.1:1"* ]]
  [ "$(ls job_1)" = 'big file.deb' ]
}

@test "fetch: killed in the middle, and two at the same time" {
  over_ssh
  mkdir "$TMP/made"
  head -c 3000000 /dev/urandom >"$TMP/made/a.deb"
  built build1 job_1 "$TMP/made"
  # Send two megabytes, then nothing for as long as the test takes.
  printf '#!/bin/bash\n%s "$@" | head -c 2000000\nwhile [ -e "%s" ]; do sleep 0.1; done\n' "$GIT_SSH_COMMAND" \
    "$TMP/made" >"$TMP/slow"
  chmod +x "$TMP/slow"
  GIT_SSH_COMMAND=$TMP/slow in_background "$TMP/said" git-build artifacts fetch job_1
  wait_for 10 eval '[ "$(stat -c %s job_1/a.deb.part)" = 2000000 ]'
  run -128 git build artifacts fetch job_1
  [[ $output == *"job_1/a.deb.part: another process is fetching it"* ]]
  kill -KILL "$pid"
  run -0 git build artifacts fetch job_1
  [ "$output" = "job_1/a.deb (resumed at byte 2000000)" ]
  cmp "$TMP/made/a.deb" job_1/a.deb
  mv "$TMP/made" "$TMP/unmade"
}

@test "artifacts of the worker can be listed, fetched and installed" {
  over_ssh
  git init -q "$TMP/source"
  git -C "$TMP/source" commit -q --allow-empty -m "First"
  git -C ../build1 config build.source "$TMP/source"
  git -C ../build1 config build.artifacts "$TMP/artifacts"
  git -C ../build1 config build.command "mkdir -p d/DEBIAN && printf 'Package: own\\nVersion: 3\\nArchitecture: all\\nMaintainer: a <a@b>\\nDescription: x\\n' >d/DEBIAN/control && dpkg-deb --build d \"\$GIT_BUILD_OUTPUT/own_3_all.deb\""
  job=$(git build job add --branch main --commit HEAD)
  git -C ../build1 build run -q
  run -0 git build artifacts list
  [[ ${lines[1]} == "$job"*build1*success*main*1* ]]
  run -0 git build artifacts fetch "${job:0:10}" --out debs
  dpkg -I debs/own_3_all.deb | grep -q 'Package: own'
  run -0 git build artifacts verify "$job" --in debs
  run -0 git -C ../build1 build artifacts verify "$job"
}

# bats test_tags=long
@test "fetch: data that does not match the manifest is deleted" {
  over_ssh
  mkdir "$TMP/made"
  echo "what was built" >"$TMP/made/a.deb"
  built build1 job_1 "$TMP/made"
  echo "what an evil g" >"$TMP/made/a.deb"
  run -128 git build artifacts fetch job_1
  [[ $output == *"a.deb does not match its manifest: its SHA-256 is "*"it was deleted"* ]]
  [ -z "$(ls job_1)" ]
  # Endless data: the download stops at the size in the manifest.
  ln -sf /dev/zero "$TMP/made/a.deb"
  run -128 git build artifacts fetch job_1
  [[ $output == *"a.deb is larger on the server than in its manifest (15 bytes)"* ]]
  [ -z "$(ls job_1)" ]
  rm "$TMP/made/a.deb"
  echo short >"$TMP/made/a.deb"
  run -128 git build artifacts fetch job_1
  [[ $output == *"a.deb is smaller on the server than in its manifest: 6 of 15 bytes"* ]]
  rm "$TMP/made/a.deb"
  run -128 git build artifacts fetch job_1
  [[ $output == *"cannot fetch a.deb from "*"No such file"* ]]
  # Half of a different file is not resumed forever.
  echo "what was built" >"$TMP/made/a.deb"
  printf 'some' >job_1/a.deb.part
  run -128 git build artifacts fetch job_1
  [[ $output == *"it was deleted"* ]]
  run -0 git build artifacts fetch job_1
  [ "$(cat job_1/a.deb)" = "what was built" ]
}

# bats test_tags=long
@test "fetch: names from a manifest cannot lead outside the directory" {
  mkdir "$TMP/made"
  echo a >"$TMP/made/a"
  rm "$TMP/fleet.git/hooks/pre-receive"
  local name
  for name in '../x' '/etc/x' '..' '-rf' '.bashrc' 'a\nb' 'a\u001b[2Jb' 'a.part' ''; do
    built build1 job_1 "$TMP/made" ".artifacts[0].name = \"$name\""
    run -128 git build artifacts fetch job_1
    [[ $output == *'"name" is not valid'* ]]
    [ "$(find .. -name x -newer "$TMP/manifest" | wc -l)" = 0 ]
  done
  built build1 job_1 "$TMP/made" '.folder = "made"'
  run -128 git build artifacts fetch job_1
  [[ $output == *'"folder" must be an absolute path'* ]]
  built build1 job_1 "$TMP/made" '.server = "build2"'
  run -128 git build artifacts fetch job_1
  [[ $output == *"build1/logs/job_1-artifacts.json is in the name of another server, 'build2'"* ]]
  # A .part file that is a symbolic link is not followed either.
  echo precious >"$TMP/precious"
  built build2 job_2 "$TMP/made"
  mkdir out
  ln -s "$TMP/precious" out/a.part
  run -128 git build artifacts fetch job_2 --out out
  [ "$(cat "$TMP/precious")" = precious ]
}

# bats test_tags=long
@test "fetch and verify on the server that built the artifacts need no ssh" {
  mkdir "$TMP/made"
  head -c 200000 /dev/urandom >"$TMP/made/a.deb"
  built build2 job_1 "$TMP/made"
  run -0 git build artifacts verify job_1
  [ "$output" = "$TMP/made/a.deb: ok" ]
  mkdir out
  head -c 1000 "$TMP/made/a.deb" >out/a.deb.part
  GIT_SSH_COMMAND=false run -0 git build artifacts fetch job_1 --out out
  [ "$output" = "out/a.deb (resumed at byte 1000)" ]
  run -0 git build artifacts verify job_1 --in out
  truncate -s 100 "$TMP/made/a.deb"
  rm out/a.deb
  run -128 git build artifacts fetch job_1 --out out
  [[ $output == *"$TMP/made/a.deb is smaller than in its manifest"* ]]
  mkdir "$TMP/none"
  built build2 job_3 "$TMP/none" '.status = "failed"'
  run -1 git build artifacts fetch job_3
  [[ $output == *"this build has no artifacts"* ]]
}

# bats test_tags=long
@test "a download from a server that stops sending is abandoned, and the received part is kept" {
  mkdir "$TMP/made"
  head -c 200000 /dev/zero >"$TMP/made/a.deb"
  built build1 job_1 "$TMP/made"
  printf '#!/bin/bash\nhead -c 5000 /dev/zero\nsleep 100000\n' >"$TMP/silent"
  chmod +x "$TMP/silent"
  git config build.ssh.build1 nowhere
  GIT_SSH_COMMAND=$TMP/silent run -128 git -c build.timeout=5 build artifacts fetch job_1
  [[ $output == *"a.deb: no data received for 5 s; fetch again to continue (5000 of 200000 bytes received)"* ]]
  [ "$(stat -c %s job_1/a.deb.part)" = 5000 ]
}

# bats test_tags=long
@test "compare: which artifacts differ, and how, for packages on this host" {
  over_ssh
  tiny 1.2 "$TMP/one" hello old
  echo same >"$TMP/one/same.txt"
  echo 1 >"$TMP/one/log.txt"
  echo 1 >"$TMP/one/only one.txt"
  tiny 1.3 "$TMP/two" hello new
  echo same >"$TMP/two/same.txt"
  echo 22 >"$TMP/two/log.txt"
  built build1 job_1 "$TMP/one"
  built build2 job_2 "$TMP/two"
  run -0 git build artifacts compare job_1 job_1
  [ "$output" = "4 the same, 0 different" ]

  # One of the packages is not on this host: only the difference is reported.
  run -1 git build artifacts compare job_1 job_2
  [[ $output == *"only job_1: only one.txt (2 bytes)"* ]]
  [[ $output == *"differs: log.txt (2 -> 3 bytes)"* ]]
  [[ $output == *"differs: tiny_1.2_all.deb -> tiny_1.3_all.deb"* ]]
  [[ $output != *"Version"* && $output != *same.txt* ]]
  [ "${lines[-1]}" = "1 the same, 3 different" ]

  git build artifacts fetch -q job_1
  run -1 git build artifacts compare job_1 job_2
  [[ $output == *"    ~ Version: 1.2 -> 1.3"* ]]
  [[ $output == *"    + ./usr/share/tiny/new: -rw-r--r-- root/root 4"* ]]
  [[ $output == *"    - ./usr/share/tiny/old: -rw-r--r-- root/root 4"* ]]
  [[ $output != *tiny/hello* ]]
  git build artifacts compare job_2 job_1 --json >said || [ $? = 1 ]
  [ "$(jq -c '[.same, [.differing[] | [.a.name, .b.name, .opened]]]' said)" = \
    '[1,[["log.txt","log.txt",false],["tiny_1.3_all.deb","tiny_1.2_all.deb",true],[null,"only one.txt",false]]]' ]
  [ "$(jq -c '[.differing[1].fields[] | [.name, .a, .b]]' said)" = '[["Version","1.3","1.2"]]' ]

  # A file that is not a package, despite its name, does not stop the comparison.
  echo x >"$TMP/one/tiny_1.2_all.deb"
  built build1 job_5 "$TMP/one"
  git build artifacts fetch -q job_5
  run -1 git build artifacts compare job_5 job_2
  [[ $output == *"dpkg-deb cannot read job_5/tiny_1.2_all.deb"* ]]
  run -129 git build artifacts compare job_1
}
