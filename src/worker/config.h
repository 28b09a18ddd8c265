/*
 * How this server builds: git config (build.*), and where that says nothing the fleet's
 * shared/build_config.json.
 *
 *	build.source            where the source repository is; else "repository" in the file, at
 *	                        its top or in the one object that has it
 *	build.<type>.command    what a job of that type runs, for sh; else "commands" in the file
 *	build.command           the same for every type
 *	build.artifacts         where packages go; ~/artifacts
 *	build.jobTimeout        seconds a build may take; 4 hours; 0: any
 *	build.logLimit          bytes of a log that are kept, about; 4 MiB
 *	build.logCompress       bytes from which on it is compressed; 64 KiB
 *	build.redact            a secret, blanked in logs; may stand several times
 *	build.redactEnvironment the same of variables' values, by a pattern of their names
 *
 * A job of type build without a command runs Maven with what "build" in the file says
 * ("maven_opts", "profiles", "skip_tests", "parallel_builds") where the tree has a pom.xml;
 * packages are made afterwards either way.
 */
#ifndef WORKER_CONFIG_H
#define WORKER_CONFIG_H

#include "base/env.h"
#include "clone/reading.h"
#include "worker/log.h"

struct build_config {
	/* Yours through build_config_release(); NULL where nothing says. */
	char *source;
	char *command;    /* a line for sh(1); NULL: no setting names one for this type */
	bool maven;       /* it is the default's, and for trees with a pom.xml */
	char *maven_opts; /* MAVEN_OPTS; NULL: none */
	char *java_home;  /* JAVA_HOME; NULL: as it is */
	char *artifacts;  /* an absolute folder */
	int64_t timeout_ms, log_limit, log_compress;
	struct secrets secrets;
};

/*
 * Reads it for a job of `type`, from git config and the shared branch as `reading` has it.
 * `environment` is what secrets are taken from, and HOME. ERR_INVALID: a value that cannot be, with
 * its place; no source. A type that no setting has a command for is not a failure.
 */
int build_config_load(struct build_config *out, const struct reading *reading, const char *type,
	char *const *environment, struct error *err);
void build_config_release(struct build_config *config);

#endif
