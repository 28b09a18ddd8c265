#include "worker/package.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/file.h"
#include "git/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRIPT "packaging/build-deb.sh"
/* A build dependency of old packages that Debian no longer has. */
#define LEGACY "python-setuptools"
/* Seconds to wait for apt's lock if apt does not set a timeout. */
#define APT_WAITS "30"

enum { NAMES_LIMIT = 1 << 20 };

struct packaging {
	const struct package_plan *plan;
	char source[PATH_MAX], out[PATH_MAX];
	struct error *err;
};

static void tell(const struct packaging *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void tell(const struct packaging *p, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	if (p->plan->tell)
		p->plan->tell(text.data, p->plan->data);
	buf_release(&text);
}

/* Runs a program in `directory`; its output goes to ours. The error of a failure has its name. */
static int run(struct packaging *p, const char *directory, const char *const *argv)
{
	/* equivs-build writes its package to TMPDIR if that is set, else to its directory. */
	static const char *const environment[] = { "DEBIAN_FRONTEND=noninteractive", "TMPDIR",
		GIT_LOCAL_VARIABLES, NULL };
	struct child child = { .argv = argv,
		.directory = directory,
		.environment = environment,
		.timeout_ms = p->plan->timeout_ms };
	int status, rc = child_run(&child, &status, p->err);
	if (!rc && status)
		rc = error_set(p->err, ERR_FAILED, "%s failed with exit code %d in %s", argv[0],
			status, directory);
	return rc;
}

/* ---- the files of the packages ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_file(struct package_result *result, const char *name)
{
	result->files = xreallocarray(result->files, result->count + 1, sizeof(*result->files));
	result->files[result->count++] = xstrdup(name);
}

/* Lists the files that the script has written to `out` since `before`. */
static int find_made(
	struct packaging *p, const struct timespec *before, struct package_result *result)
{
	struct file_list names;
	struct buf path = BUF_INIT;
	int rc = file_list_read(&names, p->out, p->err);
	for (size_t i = 0; !rc && i < names.count; i++) {
		const char *name = names.names[i];
		struct stat st;
		if (!file_has_ending(name, ".deb") && !file_has_ending(name, ".changes") &&
			!file_has_ending(name, ".buildinfo"))
			continue;
		buf_reset(&path);
		buf_addf(&path, "%s/%s", p->out, name);
		if (stat(path.data, &st) < 0)
			rc = error_errno(
				p->err, ERR_FAILED, "cannot read the status of %s", path.data);
		else if (S_ISREG(st.st_mode) &&
			(st.st_mtim.tv_sec > before->tv_sec ||
				(st.st_mtim.tv_sec == before->tv_sec &&
					st.st_mtim.tv_nsec >= before->tv_nsec)))
			add_file(result, name);
	}
	file_list_release(&names);
	buf_release(&path);
	return rc;
}

static int move_file(struct packaging *p, const char *name)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	buf_addf(&from, "%s/../%s", p->source, name);
	buf_addf(&to, "%s/%s", p->out, name);
	int rc = rename(from.data, to.data) < 0 ? -errno : 0;
	if (rc == -EXDEV) {
		const char *argv[] = { "mv", "-f", "--", from.data, to.data, NULL };
		rc = run(p, p->out, argv);
	} else if (rc < 0) {
		errno = -rc;
		rc = error_errno(p->err, ERR_FAILED, "cannot move %s to %s", from.data, p->out);
	}
	buf_release(&from);
	buf_release(&to);
	return rc;
}

/* dpkg-buildpackage writes to the parent directory of the tree, and lists the files in
 * debian/files, one per line, with the name first. The .changes file is not listed; its name is
 * that of the .buildinfo file with another suffix. */
static int collect_made(struct packaging *p, struct package_result *result)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	buf_addf(&path, "%s/debian/files", p->source);
	int rc = file_read(&text, path.data, NAMES_LIMIT, p->err);
	for (char *at = text.data; !rc && *at;) {
		size_t line = strcspn(at, "\n"), len = strcspn(at, " \n");
		char *name = xstrndup(at, len);
		at += line + (at[line] == '\n');
		if (len && !strchr(name, '/')) {
			rc = move_file(p, name);
			add_file(result, name);
		}
		free(name);
	}
	for (size_t i = 0; !rc && i < result->count; i++) {
		char *name = result->files[i];
		if (!file_has_ending(name, ".buildinfo"))
			continue;
		buf_reset(&path);
		buf_addf(&path, "%.*s.changes", (int)(strlen(name) - strlen(".buildinfo")), name);
		rc = move_file(p, path.data);
		add_file(result, path.data);
		break;
	}
	buf_release(&path);
	buf_release(&text);
	return rc;
}

/* ---- build dependencies ---- */

/* Replaces `out` with the missing build dependencies, as dpkg-checkbuilddeps(1) prints them; empty
 * if there are none. */
static int find_missing(struct packaging *p, struct buf *out)
{
	static const char mark[] = "nmet build dependencies: ";
	const char *argv[] = { "dpkg-checkbuilddeps", NULL };
	const char *environment[] = { "LC_ALL=C", NULL };
	struct buf errors = BUF_INIT;
	struct child child = { .argv = argv,
		.directory = p->source,
		.environment = environment,
		.timeout_ms = p->plan->timeout_ms,
		.errors = &errors };
	int status, rc = child_run(&child, &status, p->err);
	buf_reset(out);
	if (!rc && status) {
		const char *names = strstr(errors.data, mark);
		if (names)
			buf_add(out, names + strlen(mark), strcspn(names + strlen(mark), "\n"));
		else
			rc = error_set(p->err, ERR_FAILED, "dpkg-checkbuilddeps in %s: %s",
				p->source, errors.data);
	}
	buf_release(&errors);
	return rc;
}

/* Does `missing` ("a (>= 1) | b, c") contain this package? */
static bool names_package(const char *missing, const char *package)
{
	size_t len = strlen(package);
	for (const char *at = missing; (at = strstr(at, package)); at += len)
		if ((at == missing || at[-1] == ' ') && (!at[len] || strchr(" :,", at[len])))
			return true;
	return false;
}

/* Installs an empty package of that name, for sources that depend on it without using it. */
static int install_dummy(struct packaging *p)
{
	static const char control[] =
		"Package: " LEGACY "\nVersion: 999\nArchitecture: all\nSection: misc\n"
		"Maintainer: git-build <root@localhost>\n"
		"Description: empty package for build dependencies of old packaging\n"
		" Created by git build package; remove it with: dpkg -r " LEGACY "\n";
	char directory[] = "/tmp/git-build-equivs.XXXXXX";
	struct buf path = BUF_INIT;
	if (!mkdtemp(directory))
		return error_errno(p->err, ERR_FAILED, "cannot create a directory in /tmp");
	buf_addf(&path, "%s/control", directory);
	const char *build[] = { "equivs-build", "control", NULL };
	const char *install[] = { "dpkg", "-i", LEGACY "_999_all.deb", NULL };
	const char *clean[] = { "rm", "-rf", "--", directory, NULL };
	tell(p, "creating an empty package " LEGACY ", which Debian no longer has (equivs-build)");
	int rc = file_replace(path.data, control, strlen(control), 0644, p->err);
	if (!rc)
		rc = run(p, directory, build);
	if (!rc)
		rc = run(p, directory, install);
	struct error ignored = ERROR_INIT, *kept = p->err;
	p->err = &ignored;
	run(p, "/", clean);
	p->err = kept;
	buf_release(&path);
	return rc;
}

/* The settings of apt: the path of its lock, and how many seconds it waits for it. */
struct apt {
	struct buf lock;
	long wait;
};

/* Appends the value of `name` in the output of "apt-config shell"; `fallback` if it is not set. */
static void read_setting(
	struct buf *out, const char *output, const char *name, const char *fallback)
{
	const char *start = strstr(output, name);
	const char *value = start ? start + strlen(name) : fallback;
	buf_add(out, value, strcspn(value, "'"));
}

static void ask_apt(struct packaging *p, struct apt *apt)
{
	const char *argv[] = { "apt-config", "shell", "file", "Dir::State::status/f", "wait",
		"DPkg::Lock::Timeout", NULL };
	struct buf output = BUF_INIT, ignored = BUF_INIT, wait = BUF_INIT;
	struct child child = { .argv = argv,
		.output = &output,
		.errors = &ignored,
		.timeout_ms = p->plan->timeout_ms };
	int status;
	if (child_run(&child, &status, NULL) < 0 || status)
		buf_reset(&output);
	apt->lock = (struct buf)BUF_INIT;
	read_setting(&apt->lock, output.data, "file='", "/var/lib/dpkg/status");
	read_setting(&wait, output.data, "wait='", APT_WAITS);
	apt->wait = strtol(wait.data, NULL, 10);
	const char *slash = strrchr(apt->lock.data, '/');
	buf_truncate(&apt->lock, slash ? (size_t)(slash - apt->lock.data) : 0);
	buf_addstr(&apt->lock, "/lock-frontend");
	buf_release(&output);
	buf_release(&ignored);
	buf_release(&wait);
}

/* The process that holds the lock of the package manager (a lock of fcntl(2)); 0: none. */
static long find_holder(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CLOEXEC);
	bool is_held = fd >= 0 && !fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK;
	if (fd >= 0)
		close(fd);
	return is_held ? (long)lock.l_pid : 0;
}

/* Waits for the lock as long as apt does; ERR_BUSY if it is still held then. */
static int wait_for_lock(struct packaging *p, struct error *err)
{
	struct apt apt;
	ask_apt(p, &apt);
	long holder = find_holder(apt.lock.data);
	if (holder)
		tell(p, "waiting for process %ld, which holds %s", holder, apt.lock.data);
	for (long left = apt.wait; holder && left > 0; left--) {
		sleep(1);
		holder = find_holder(apt.lock.data);
	}
	int rc = holder
		? error_set(err, ERR_BUSY, "%s is held by process %ld; try again when it has ended",
			  apt.lock.data, holder)
		: 0;
	buf_release(&apt.lock);
	return rc;
}

/* Installs build dependencies, as root, as far as possible. One that cannot be installed is not a
 * failure: the package is built without it. */
static int install_missing(struct packaging *p, struct buf *missing)
{
	struct error why = ERROR_INIT, *kept = p->err;
	const char *apt[] = { "apt-get", "build-dep", "-y", "-q", "--no-install-recommends", "./",
		NULL };
	int busy = wait_for_lock(p, p->err);
	if (busy < 0)
		return busy;
	p->err = &why;
	if (names_package(missing->data, LEGACY) && install_dummy(p) < 0)
		tell(p, "failed: %s", why.text);
	int rc = find_missing(p, missing);
	if (!rc && missing->len) {
		tell(p, "installing missing build dependencies: %s", missing->data);
		if (run(p, p->source, apt) < 0) {
			tell(p, "failed: %s", why.text);
			rc = wait_for_lock(p, &why);
		}
		if (!rc)
			rc = find_missing(p, missing);
	}
	p->err = kept;
	if (rc < 0)
		error_set(p->err, rc, "%s", why.text);
	return rc;
}

/* ---- building ---- */

static int build_by_script(struct packaging *p, struct package_result *result)
{
	const char *argv[] = { "./" SCRIPT, "-o", p->out, NULL };
	struct timespec before;
	clock_gettime(CLOCK_REALTIME_COARSE, &before);
	tell(p, "running " SCRIPT " -o %s", p->out);
	int rc = run(p, p->source, argv);
	return rc < 0 ? rc : find_made(p, &before, result);
}

static int build_by_dpkg(struct packaging *p, struct package_result *result)
{
	struct buf missing = BUF_INIT;
	const char *argv[] = { "dpkg-buildpackage", "-us", "-uc", "-b", NULL, NULL };
	int rc = find_missing(p, &missing);
	if (!rc && missing.len && !geteuid())
		rc = install_missing(p, &missing);
	if (!rc && missing.len) {
		tell(p, "building without %s", missing.data);
		argv[4] = "-d";
	}
	if (!rc) {
		tell(p, "running dpkg-buildpackage -us -uc -b%s", argv[4] ? " -d" : "");
		rc = run(p, p->source, argv);
	}
	if (!rc)
		rc = collect_made(p, result);
	buf_release(&missing);
	return rc;
}

static int open_directories(struct packaging *p)
{
	if (!realpath(p->plan->source, p->source))
		return error_errno(
			p->err, ERR_INVALID, "cannot find the source tree '%s'", p->plan->source);
	int rc = file_make_directories(p->plan->out, p->err);
	if (!rc && !realpath(p->plan->out, p->out))
		rc = error_errno(
			p->err, ERR_FAILED, "cannot find the directory '%s'", p->plan->out);
	return rc;
}

/* Both return 1, 0, or a negative code. */
static int has_script(const char *source, struct error *err)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/" SCRIPT, source);
	int found = file_may_run(path.data, err);
	buf_release(&path);
	return found;
}

static int has_debian(const char *source, struct error *err)
{
	struct buf path = BUF_INIT;
	buf_addf(&path, "%s/debian/control", source);
	int found = file_exists(path.data, err);
	buf_release(&path);
	return found;
}

int package_can_make(const char *source, struct error *err)
{
	int found = has_script(source, err);
	return found ? found : has_debian(source, err);
}

int package_build(const struct package_plan *plan, struct package_result *result, struct error *err)
{
	struct packaging p = { .plan = plan, .err = err };
	*result = (struct package_result){ 0 };
	int rc = open_directories(&p);
	if (rc < 0)
		return rc;
	int script = has_script(p.source, err);
	int debian = script ? 0 : has_debian(p.source, err);
	if (script < 0 || debian < 0)
		rc = ERR_FAILED;
	else if (script)
		rc = build_by_script(&p, result);
	else if (debian)
		rc = build_by_dpkg(&p, result);
	else
		rc = error_set(err, ERR_INVALID,
			"%s cannot be packaged: it has neither an executable " SCRIPT " nor "
			"debian/control",
			p.source);
	if (result->count)
		qsort(result->files, result->count, sizeof(*result->files), by_name);
	bool found = false;
	for (size_t i = 0; i < result->count; i++)
		found |= file_has_ending(result->files[i], ".deb");
	if (!rc && !found)
		rc = error_set(err, ERR_FAILED, "no .deb file was built in %s", p.out);
	return rc;
}

void package_result_release(struct package_result *result)
{
	for (size_t i = 0; i < result->count; i++)
		free(result->files[i]);
	free(result->files);
	*result = (struct package_result){ 0 };
}
