#include "clone/own_status.h"

#include "host/machine.h"
#include "request/status.h"

void own_status_request(struct buf *out, struct repo *repo, const struct settings *settings,
	const char *status, const struct env *env)
{
	struct server_facts facts = { settings->server, settings->ip, settings->manager };
	struct machine machine;
	struct machine_sample sample = { 0 };
	machine_read(&machine, &sample,
		repo_work_tree(repo) ? repo_work_tree(repo) : repo_git_dir(repo));
	status_request(out, &facts, &machine, status, env);
}
