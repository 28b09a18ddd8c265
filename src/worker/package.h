/*
 * Making Debian packages of a source tree: by its own script where it has one, else by
 * dpkg-buildpackage(1).
 *
 *	packaging/build-deb.sh -o OUT       where that stands and may be run
 *	dpkg-buildpackage -us -uc -b        where there is a debian/ folder
 *	dpkg-buildpackage -us -uc -b -d     the same, where build dependencies stay missing
 *
 * Before the second, as root, missing build dependencies are installed: from apt, and
 * python-setuptools, which old packaging asks for and Debian no longer has, as an empty package
 * (equivs-build(1)).
 */
#ifndef WORKER_PACKAGE_H
#define WORKER_PACKAGE_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What `git build package` exits with if it could not begin: see ERR_BUSY below. */
enum { PACKAGE_BUSY_STATUS = 1 };

struct package_plan {
	const char *source; /* the tree */
	const char *out;    /* where packages go; made if it is not there */
	int64_t timeout_ms; /* of each program that is run; 0: none */
	/* Told each step in plain words before it is taken; the programs' own output goes to this
	 * process's. */
	void (*tell)(const char *what, void *data);
	void *data;
};

struct package_result {
	char **files; /* the names, in `out`, of what was made: .deb, .changes, .buildinfo */
	size_t count;
};
void package_result_release(struct package_result *result);

/* Has the tree one of them? */
int package_can_make(const char *source, struct error *err);

/*
 * Makes the packages. ERR_INVALID if the tree has neither the script nor debian/; ERR_FAILED if a
 * program fails, or none of what it made is a .deb; ERR_TIMEOUT; ERR_BUSY if build dependencies are
 * missing and another program holds the package manager's lock: then nothing was built. What was in
 * `out` before does not count as made, unless it was made anew.
 */
int package_build(
	const struct package_plan *plan, struct package_result *result, struct error *err);

#endif
