#include "git/attributes.h"

#include "git/internal.h"

int attribute_of(struct repo *repo, const struct oid *commit, const char *path, const char *name,
	struct buf *out, struct error *err)
{
	git_attr_options options = {
		.version = GIT_ATTR_OPTIONS_VERSION,
		.flags = GIT_ATTR_CHECK_INDEX_ONLY | GIT_ATTR_CHECK_NO_SYSTEM |
			GIT_ATTR_CHECK_INCLUDE_COMMIT,
		.attr_commit_id = store_git_oid(commit),
	};
	const char *value;
	buf_reset(out);
	if (git_attr_get_ext(&value, repo->git, &options, path, name) < 0)
		return store_error(err, ERR_FAILED, "cannot read the attributes of %s in %.12s",
			path, commit->hex);
	if (git_attr_value(value) != GIT_ATTR_VALUE_STRING)
		return 0;
	buf_addstr(out, value);
	return 1;
}
