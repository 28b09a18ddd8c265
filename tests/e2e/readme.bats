#!/usr/bin/env bats
# The tour of README.md, pasted as a reader would.
load helper

# Print the first block of shell code below a heading of README.md.
block_below() {
  awk -v heading="$1" '
    $0 == heading { below = 1 }
    /^```$/ && inside { exit }
    inside { print }
    /^```sh$/ && below { inside = 1 }
  ' "$SOURCE_DIR/README.md"
}

# bats test_tags=long
@test "the tour works as pasted, and shows what README.md describes" {
  block_below '## A tour' >tour.sh
  grep -q 'git build init --shared' tour.sh
  run -0 bash -eu tour.sh
  [[ $output == *build2*building* ]]

  # The tour created its own directory, inside that of the test.
  fleet=$(echo "$TMPDIR"/*/fleet.git)
  [ "$(git -C "$fleet" rev-list --count heartbeat-build1)" = 1 ]
  [ "$(git -C "$fleet" rev-list --count heartbeat-build2)" -ge 3 ]
  [ -n "$(git -C "$fleet" for-each-ref 'refs/heads/backup/heartbeat-build1-*')" ]
  git -C "$fleet" show main:build2/status.json | jq -e '.status == "building" and .manager == "Grace"'
  git -C "$fleet" show heartbeat-build2:build2/heartbeat.json | jq -e '.server == "build2"'
}

@test "README.md names existing files" {
  while IFS= read -r file; do
    [ -e "$SOURCE_DIR/$file" ] || { echo "README.md links to $file, which is not there" && false; }
  done < <(grep -oE '\]\([^):#]+\)' "$SOURCE_DIR/README.md" | tr -d '[]()')
}
