/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lasso in tests, where every leak is a failure.  The key that it makes of a
 * server's PEM for each signature leaks, one of its partner's does not; and
 * where it verifies a query it leaks in any case: that belongs into a process
 * of its own.
 */
#ifndef TESTS_UNIT_LEND_KEY_H
#define TESTS_UNIT_LEND_KEY_H

#include "tests/unit/unit.h"

#include <lasso/key.h>
#include <lasso/lasso.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* What this server sends to the partner is signed with the key (PEM). */
static inline void lend_key(LassoServer *server, const char *partner, struct slice pem)
{
	LassoKey *key = lasso_key_new_for_signature_from_memory(pem.p, pem.n, NULL, LASSO_SIGNATURE_METHOD_RSA_SHA256, NULL);

	assert_int_equal(lasso_provider_set_server_signing_key(lasso_server_get_provider(server, partner), key), 0);
	g_object_unref(key);
}

/* What the function says, 0 to 255, said by a process that is killed before anybody counts what it leaked. */
static inline int in_a_child(int (*says)(const void *context), const void *context)
{
	unsigned char said = 0;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		said = (unsigned char)says(context);
		if (write(fds[1], &said, 1) == 1)
			raise(SIGKILL);
		_exit(1);
	}
	close(fds[1]);
	assert_true(pid > 0);
	assert_int_equal(read(fds[0], &said, 1), 1);
	close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return said;
}

#endif
