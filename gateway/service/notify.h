/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a service manager is told, and what it gives: sd_notify(3),
 * sd_listen_fds(3).  Where none listens (NOTIFY_SOCKET is not set), telling
 * does nothing.
 */
#ifndef GATEWAY_NOTIFY_H
#define GATEWAY_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void notify_ready(const char *status);          /* serving; also the end of a reload */
void notify_reloading(void);
void notify_stopping(void);
void notify_alive(void);                        /* feeds the watchdog */

/* The sockets that were handed over, at most `most`, set to close on exec.  -1: more than that. */
int notify_sockets(int *out, size_t most);

#endif
