#include "worker/keepalive.h"

#include "base/file.h"
#include "heartbeat/heartbeat.h"

void keepalive_send(struct pulse *pulse)
{
	const struct env *env = pulse->env;
	int64_t now = env_ms(env);
	struct file_lock lock = FILE_LOCK_INIT;
	struct heartbeat_sender *heartbeat = NULL;
	struct heartbeat_result result = HEARTBEAT_RESULT_INIT;
	struct buf output = BUF_INIT;
	if (now < pulse->next_ms)
		return;
	pulse->next_ms = now + pulse->settings->interval * 1000;
	/* Released at once, so that a heartbeat loop can be started later. */
	if (heartbeat_loop_acquire(&lock, pulse->repo, pulse->settings, env, NULL) < 0)
		return;
	if (!heartbeat_open(&heartbeat, pulse->repo, pulse->settings, env, NULL)) {
		bool healthy = heartbeat_check_health(pulse->repo, pulse->settings, &output);
		heartbeat_send(heartbeat, healthy, false, &result, NULL);
	}
	heartbeat_close(heartbeat);
	heartbeat_result_release(&result);
	buf_release(&output);
	file_lock_release(&lock);
}
