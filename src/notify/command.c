#include "notify/command.h"

#include "base/child.h"
#include "base/timestamp.h"
#include "json/write.h"

enum { COMMAND_MS = 30000 };

int alert_run(struct repo *repo, const struct settings *settings, const char *setting,
	const char *command, const char *event, const char *text, const struct buf *input,
	struct error *err)
{
	struct buf variables[3] = { BUF_INIT, BUF_INIT, BUF_INIT }, output = BUF_INIT;
	buf_addf(&variables[0], "GIT_BUILD_EVENT=%s", event);
	buf_addf(&variables[1], "GIT_BUILD_SERVER=%s", settings->server ? settings->server : "");
	buf_addf(&variables[2], "GIT_BUILD_TEXT=%s", text);
	const char *argv[] = { "sh", "-c", command, NULL };
	const char *environment[] = { variables[0].data, variables[1].data, variables[2].data,
		NULL };
	struct child child = { .argv = argv,
		.directory = repo_work_tree(repo),
		.environment = environment,
		.input = input->data,
		.input_len = input->len,
		.timeout_ms = COMMAND_MS,
		.output = &output,
		.errors = &output };
	int status, rc = child_run(&child, &status, err);
	buf_trim(&output);
	if (!rc && status)
		rc = error_set(err, ERR_FAILED, "%s exited with %d%s%s", setting, status,
			output.len ? ": " : "", output.data);
	buf_release(&output);
	for (int i = 0; i < 3; i++)
		buf_release(&variables[i]);
	return rc;
}

int alert_operator(struct repo *repo, const struct settings *settings, const char *event,
	const char *text, const struct env *env, struct error *err)
{
	if (!settings->alert_command)
		return 0;
	char timestamp[TIMESTAMP_SIZE];
	struct buf input = BUF_INIT;
	struct json_writer w = { .out = &input, .compact = true };
	json_begin(&w, '{');
	json_put_string(&w, "event", event);
	json_put_string(&w, "server", settings->server ? settings->server : "");
	json_put_string(&w, "timestamp", timestamp_format(env_now(env), timestamp));
	json_put_string(&w, "text", text);
	json_end(&w);
	buf_addch(&input, '\n');
	int rc = alert_run(repo, settings, "build.alertCommand", settings->alert_command, event,
		text, &input, err);
	buf_release(&input);
	return rc;
}
