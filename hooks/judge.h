/*
 * What pre-receive and pre-push share: asking the guard about each ref of a push, and telling a
 * person what it found, a line a violation.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "guard/guard.h"

/* Says `text` on standard error, as "git-build: text", escaped. */
void judge_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Asks the guard about `update` and says what it found on standard error, at most 20 lines a ref.
 * Returns how many violations there are, or a negative code, said as well, for a failure.
 */
int judge_update(struct guard *guard, const struct guard_update *update);

#endif
