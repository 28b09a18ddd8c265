/*
 * Ends processes of this host, found in Linux's /proc.
 *
 * The descendants of this process are its children, their children, and so on. A descendant whose
 * parent ends remains one if this process adopts orphans (PR_SET_CHILD_SUBREAPER, prctl(2)).
 */
#ifndef HOST_PROCESSES_H
#define HOST_PROCESSES_H

#include <stddef.h>
#include <sys/types.h>

/* Sends a signal to all descendants. Returns their number; negative if not all were found. */
ssize_t processes_signal_descendants(int number);

/* Kills all descendants, and waits for them. Returns how many there were. */
size_t processes_end_descendants(void);

/*
 * Kills every other process that has `variable` ("NAME=value") in its environment. Returns how many
 * there were. Processes whose environment may not be read are not found.
 */
size_t processes_end_with(const char *variable);

#endif
