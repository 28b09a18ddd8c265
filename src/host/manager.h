/*
 * Notifies the service manager of the state of this process, without a library: sends a datagram to
 * the socket in NOTIFY_SOCKET, as described in sd_notify(3).
 */
#ifndef HOST_MANAGER_H
#define HOST_MANAGER_H

/*
 * Sends `state`, for example "READY=1\nSTATUS=text". Does nothing if NOTIFY_SOCKET is not set or is
 * not a Unix socket, or if no process receives from it: a missing service manager is not an error.
 */
void manager_notify(const char *state);

#endif
