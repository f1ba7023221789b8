/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parent: `postern serve`.
 *
 * Opens the sockets, reads the settings, starts the roles and watches them: a
 * worker that died or is stuck is replaced at once on its socket, a role that
 * dies before it was ready is tried again ever more rarely.  SIGHUP reads
 * everything anew, all or nothing.  SIGTERM ends the roles, then itself.
 * It meets neither browsers nor directories nor metadata servers.
 */
#ifndef GATEWAY_PARENT_H
#define GATEWAY_PARENT_H

/* Exit status. */
int parent_serve(const char *settings_path);

#endif
