/*
 * Builds Debian packages of a source tree, with its own script if it has one, otherwise with
 * dpkg-buildpackage(1):
 *
 *	packaging/build-deb.sh -o OUT       if that file exists and is executable
 *	dpkg-buildpackage -us -uc -b        if there is a file debian/control
 *	dpkg-buildpackage -us -uc -b -d     the same, if build dependencies are missing
 *
 * Before dpkg-buildpackage, missing build dependencies are installed with apt, if run as root.
 * python-setuptools, which old packages depend on and Debian no longer has, is replaced by an empty
 * package (equivs-build(1)).
 */
#ifndef WORKER_PACKAGE_H
#define WORKER_PACKAGE_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The exit code of `git build package` if it could not begin: see ERR_BUSY below. */
enum { PACKAGE_BUSY_STATUS = 1 };

struct package_plan {
	const char *source; /* the tree */
	const char *out;    /* the directory for packages; created if it does not exist */
	int64_t timeout_ms; /* for each program that is run; 0: no limit */
	/* Called with a description before each step. The output of the programs goes to the
	 * output of this process. */
	void (*tell)(const char *what, void *data);
	void *data;
};

struct package_result {
	char **files; /* the names, in `out`, of the new .deb, .changes and .buildinfo files */
	size_t count;
};
void package_result_release(struct package_result *result);

/* Does the tree have the script or debian/control? 1, 0, or a negative code. */
int package_can_make(const char *source, struct error *err);

/*
 * Builds the packages. ERR_INVALID if the tree has neither the script nor debian/control;
 * ERR_FAILED if a program fails or builds no .deb file; ERR_TIMEOUT; ERR_BUSY if build dependencies
 * are missing and another program holds the lock of the package manager: then nothing was built. A
 * file that already was in `out` is not part of the result, unless it was written again. Release
 * `result` with package_result_release().
 */
int package_build(
	const struct package_plan *plan, struct package_result *result, struct error *err);

#endif
