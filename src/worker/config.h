/*
 * The build settings of this server, from git config (build.*) or else from the file
 * shared/build_config.json:
 *
 *	build.source            the URL of the source repository; else "repository" in the file, at
 *	                        the top level or in the first object that has it
 *	build.<type>.command    the command of jobs of that type, for sh; else "commands" in the
 *	                        file
 *	build.command           the command of all other types
 *	build.artifacts         the directory for packages; default: ~/artifacts
 *	build.jobTimeout        seconds that a build may take; default: 4 hours; 0: no limit
 *	build.logLimit          approximate maximum size of a log in bytes; default: 4 MiB
 *	build.logCompress       size in bytes above which a log is compressed; default: 64 KiB
 *	build.redact            a secret that is redacted in logs; may be given several times
 *	build.redactEnvironment a pattern of variable names whose values are redacted
 *
 * A job of type build without a command runs Maven if the tree has a pom.xml, with the options of
 * "build" in the file ("maven_opts", "profiles", "skip_tests", "parallel_builds"). Packages are
 * built afterwards in either case.
 */
#ifndef WORKER_CONFIG_H
#define WORKER_CONFIG_H

#include "base/env.h"
#include "clone/reading.h"
#include "worker/log.h"

struct build_config {
	/* The strings are released by build_config_release(). */
	char *source;
	char *command;    /* a line for sh(1); NULL: none is configured for this type */
	bool maven;       /* `command` is the default, for trees with a pom.xml */
	char *maven_opts; /* MAVEN_OPTS; NULL: none */
	char *java_home;  /* JAVA_HOME; NULL: unchanged */
	char *artifacts;  /* the absolute path of a directory */
	int64_t timeout_ms, log_limit, log_compress;
	struct secrets secrets;
};

/*
 * Reads the settings for a job of `type`, from git config and from the shared branch at `reading`.
 * HOME and the values of secrets are taken from `environment`. ERR_INVALID: a value is not valid
 * (with its location), or there is no source. A type without a command is not a failure.
 */
int build_config_load(struct build_config *out, const struct reading *reading, const char *type,
	char *const *environment, struct error *err);
void build_config_release(struct build_config *config);

#endif
