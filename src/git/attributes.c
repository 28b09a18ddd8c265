#include "git/attributes.h"

#include "git/internal.h"

#include <git2/sys/repository.h>

/* Opens the repository once more, with an empty index: libgit2 would read the index in addition to
 * the commit, and it may have attributes that the commit has not. */
static int open_without_index(struct repo *repo, struct error *err)
{
	unsigned how = GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE;
	git_repository *git = NULL;
	git_index *none = NULL;
	if (repo->attributes)
		return 0;
	bool ok = !git_repository_open_ext(&git, repo->place.git_dir, how, NULL) &&
		!git_index_new(&none) && !git_repository_set_index(git, none) &&
		!git_repository_set_odb(git, repo->odb);
	git_index_free(none);
	if (ok) {
		repo->attributes = git;
		return 0;
	}
	store_error(err, ERR_FAILED, "cannot read the attributes in %s", repo->place.git_dir);
	git_repository_free(git);
	return ERR_FAILED;
}

static int look_up(const char **value, struct repo *repo, const struct oid *commit,
	const char *path, const char *name, struct error *err)
{
	git_attr_options options = {
		.version = GIT_ATTR_OPTIONS_VERSION,
		.flags = GIT_ATTR_CHECK_INDEX_ONLY | GIT_ATTR_CHECK_NO_SYSTEM |
			GIT_ATTR_CHECK_INCLUDE_COMMIT,
		.attr_commit_id = store_git_oid(commit),
	};
	int rc = open_without_index(repo, err);
	if (rc < 0)
		return rc;
	if (git_attr_get_ext(value, repo->attributes, &options, path, name) < 0)
		return store_error(err, ERR_FAILED, "cannot read the attributes of %s in %.12s",
			path, commit->hex);
	return 0;
}

int attribute_of(struct repo *repo, const struct oid *commit, const char *path, const char *name,
	struct buf *out, struct error *err)
{
	const char *value;
	buf_reset(out);
	int rc = look_up(&value, repo, commit, path, name, err);
	if (rc < 0 || git_attr_value(value) != GIT_ATTR_VALUE_STRING)
		return rc;
	buf_addstr(out, value);
	return 1;
}

int attribute_is_unset(struct repo *repo, const struct oid *commit, const char *path,
	const char *name, struct error *err)
{
	const char *value;
	int rc = look_up(&value, repo, commit, path, name, err);
	return rc < 0 ? rc : git_attr_value(value) == GIT_ATTR_VALUE_FALSE;
}
