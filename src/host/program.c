#include "host/program.h"

#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char quick_name[] = "git-build", full_name[] = "git-build-full";

/* Finds the program `name`: in the directory of the calling one, in `other_directory` if they are
 * installed, or one above the directory of the hooks as built. */
static int find_beside(
	struct buf *out, const char *other_directory, const char *name, struct error *err)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		return error_errno(err, ERR_FAILED, "cannot find the directory of git-build");
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	struct buf path = BUF_INIT;
	char resolved[PATH_MAX];
	const char *const directories[] = { ".", other_directory, ".." };
	for (size_t i = 0; i < 3; i++) {
		buf_reset(&path);
		buf_addf(&path, "%s/%s/%s", self, directories[i], name);
		if (realpath(path.data, resolved)) {
			buf_release(&path);
			buf_addstr(out, resolved);
			return 0;
		}
	}
	buf_release(&path);
	return error_set(err, ERR_FAILED,
		"missing program %s next to %s; git-build is only partly installed, install it "
		"again",
		name, self);
}

int program_path(struct buf *out, struct error *err)
{
	return find_beside(out, "../../bin", quick_name, err);
}

int program_full_path(struct buf *out, struct error *err)
{
	return find_beside(out, "../libexec/git-build", full_name, err);
}

/* Installed next to the directory of the program, or built in it. */
int hooks_path(struct buf *out, struct error *err)
{
	struct buf program = BUF_INIT;
	size_t before = out->len;
	int rc = program_path(&program, err);
	if (!rc) {
		int directory = (int)(strrchr(program.data, '/') - program.data);
		buf_addf(out, "%.*s/../libexec/git-build", directory, program.data);
		int installed = file_exists(out->data + before, err);
		rc = installed < 0 ? installed : 0;
		if (!installed) {
			buf_truncate(out, before);
			buf_addf(out, "%.*s/hooks", directory, program.data);
		}
	}
	buf_release(&program);
	return rc;
}
