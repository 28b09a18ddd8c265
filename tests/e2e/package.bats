#!/usr/bin/env bats
# git build package: real packages, made with real tools.

load helper

# source_tree DIR [FIELD]: create a minimal source package: debian/rules requires nothing but dpkg. FIELD is
# an additional line for the source section of debian/control.
source_tree() {
  mkdir -p "$1/debian/source"
  {
    printf '%s\n' 'Source: tiny' 'Maintainer: Test <test@example.com>' 'Standards-Version: 4.6.2' \
      'Section: misc' 'Priority: optional' 'Rules-Requires-Root: no' ${2+"$2"} ''
    printf '%s\n' 'Package: tiny' 'Architecture: all' 'Description: a small package' ' It holds one file.'
  } >"$1/debian/control"
  printf 'tiny (1.2) unstable; urgency=low\n\n  * First.\n\n -- Test <test@example.com>  Thu, 01 Jan 2026 00:00:00 +0000\n' \
    >"$1/debian/changelog"
  printf '3.0 (native)\n' >"$1/debian/source/format"
  cat >"$1/debian/rules" <<'END'
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
  chmod +x "$1/debian/rules"
}

# bats test_tags=long
@test "a Debian source tree becomes a package that dpkg can read" {
  source_tree "a tree/tiny-1.2"
  run -0 git build package --repo "a tree/tiny-1.2" --out "new/out folder"
  [[ $output == *"package: running dpkg-buildpackage -us -uc -b"* ]]
  [[ $output == *"new/out folder/tiny_1.2_all.deb"* ]]
  dpkg -I "new/out folder/tiny_1.2_all.deb" | grep -q 'Package: tiny'
  dpkg -c "new/out folder/tiny_1.2_all.deb" | grep -q usr/share/tiny/hello
  compgen -G "new/out folder/tiny_1.2_*.changes"
  [ -z "$(find 'a tree' -name '*.deb')" ]
  git build package --repo "a tree/tiny-1.2" --out "new/out folder" --json -q 2>err | tail -n +1 >said
  sed -n '/^{/,$p' said | jq -e '.files | index("tiny_1.2_all.deb")'
}

@test "the tree's own script has priority, and its packages are found" {
  source_tree tree
  mkdir tree/packaging
  printf '#!/bin/sh\nset -e\n[ "$1" = -o ]\nmkdir -p d/DEBIAN\nprintf "Package: own\\nVersion: 3\\nArchitecture: all\\nMaintainer: a <a@b>\\nDescription: x\\n" >d/DEBIAN/control\ndpkg-deb --build d "$2/own_3_all.deb"\n' \
    >tree/packaging/build-deb.sh
  chmod +x tree/packaging/build-deb.sh
  mkdir out
  touch -d yesterday out/old.deb
  run -0 git build package --repo tree --out out
  [[ $output == *"running packaging/build-deb.sh -o $TMP/out"* ]]
  [ "${lines[-1]}" = out/own_3_all.deb ]
  dpkg -I out/own_3_all.deb | grep -q 'Package: own'
}

# bats test_tags=long
@test "a build that fails, one without a package, one that hangs, and a directory that is not a source tree" {
  source_tree tree
  printf '#!/usr/bin/make -f\n%%:\n\tfalse\n' >tree/debian/rules
  run -128 git build package --repo tree --out out
  [[ $output == *"fatal: dpkg-buildpackage failed with exit code "* ]]
  rm -r tree
  mkdir -p tree/packaging
  printf '#!/bin/sh\ntrue\n' >tree/packaging/build-deb.sh
  chmod +x tree/packaging/build-deb.sh
  run -128 git build package --repo tree --out out
  [[ $output == *"no .deb file was built in $TMP/out"* ]]
  printf '#!/bin/sh\n%s & %s\n' "sleep 1017.$$" "sleep 1017.$$" >tree/packaging/build-deb.sh
  run -128 git build package --repo tree --out out --timeout 1
  run ! pgrep -f "sleep 1017.$$"
  rm -r tree/packaging
  run -128 git build package --repo tree --out out
  [[ $output == *"has neither an executable packaging/build-deb.sh"*"nor debian/control"* ]]
  run -128 git build package --repo nowhere --out out
  run -129 git build package --repo tree
}

# bats test_tags=long
@test "a build dependency that is not available: the build continues without it, with a warning" {
  source_tree tree 'Build-Depends: no-such-package-anywhere (>= 1)'
  # Only root installs; other users always build without it.
  run -0 git build package --repo tree --out out
  [[ $output == *"building without no-such-package-anywhere (>= 1)"* ]]
  [[ $output == *"running dpkg-buildpackage -us -uc -b -d"* ]]
  [ -f out/tiny_1.2_all.deb ]
}

# bats test_tags=long
@test "python-setuptools, which Debian no longer has, becomes an empty package" {
  [ "$(id -u)" = 0 ] || skip "only root installs packages"
  command -v equivs-build >/dev/null || skip "there is no equivs-build"
  ! dpkg -s python-setuptools >/dev/null 2>&1 || skip "python-setuptools is installed"
  source_tree tree 'Build-Depends: python-setuptools'
  git build package --repo tree --out out >log 2>&1 || {
    cat log
    dpkg -r python-setuptools || true
    false
  }
  dpkg -r python-setuptools
  grep -q "package: creating an empty package python-setuptools" log
  ! grep -q "building without" log || false
  [ -f out/tiny_1.2_all.deb ]
}
