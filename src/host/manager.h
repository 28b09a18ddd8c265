/*
 * Telling the service manager how we are: the protocol of sd_notify(3), a datagram to the socket
 * that NOTIFY_SOCKET names, in a few lines instead of a library.
 */
#ifndef HOST_MANAGER_H
#define HOST_MANAGER_H

/*
 * Sends `state` ("READY=1\nSTATUS=beating"). Nothing happens where NOTIFY_SOCKET is not set, names
 * no Unix socket, or nobody listens: no service manager is no failure.
 */
void manager_notify(const char *state);

#endif
