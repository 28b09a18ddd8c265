#include "deliver/applied.h"

#include "git/history.h"
#include "git/refs.h"
#include "request/exchange.h"

#include <string.h>

void applied_release(struct applied *applied)
{
	buf_release(&applied->answer);
}

void applied_add_trailers(struct buf *out, const char *id, const struct buf *answer)
{
	buf_addf(out, OPERATION_TRAILER "%s\n", id);
	if (!answer)
		return;
	buf_addstr(out, EXCHANGE_TRAILER);
	exchange_add_line(out, answer);
	buf_addch(out, '\n');
}

struct search {
	struct repo *repo;
	struct error *err;
	const char *line; /* the trailer, with the line feeds around it */
	struct commit commit;
	struct applied *out;
};

static int look_at(const struct oid *id, void *data)
{
	struct search *search = data;
	int rc = repo_commit(search->repo, id, &search->commit, search->err);
	const char *found = rc < 0 ? NULL : strstr(search->commit.message.data, search->line);
	if (!found)
		return rc;
	found += strlen(search->line);
	search->out->commit = *id;
	buf_reset(&search->out->answer);
	if (!strncmp(found, EXCHANGE_TRAILER, strlen(EXCHANGE_TRAILER))) {
		found += strlen(EXCHANGE_TRAILER);
		buf_add(&search->out->answer, found, strcspn(found, "\n"));
	}
	return 1;
}

int applied_find(struct repo *repo, const struct oid *tip, const struct oid *since, const char *id,
	struct applied *out, struct error *err)
{
	if (oid_is_none(tip))
		return 0;
	struct buf line = BUF_INIT;
	buf_addf(&line, "\n" OPERATION_TRAILER "%s\n", id);
	struct search search = { repo, err, line.data, { .message = BUF_INIT }, out };
	int has = oid_is_none(since) ? 0 : repo_has(repo, since, err);
	int rc = has < 0
		? has
		: history_each_new(repo, tip, since, (size_t)has, NULL, look_at, &search, err);
	buf_release(&search.commit.message);
	buf_release(&line);
	return rc;
}
