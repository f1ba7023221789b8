/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A real slapd for tests: a folder, a port of its own, loaded by slapadd, ended
 * by its process id.  And a process that follows it, as `postern serve` has.
 */
#ifndef TESTS_INTEGRATION_SLAPD_H
#define TESTS_INTEGRATION_SLAPD_H

#include "tests/unit/unit.h"

#include "ldap/mirror.h"

#include <sys/types.h>

struct slapd {
	char folder[64];
	char config[96], mirror[96];
	char uri[64], tls_uri[64];
	const char *listen;             /* more addresses for -h, or NULL */
	const char *log;                /* file for all that the follower logs, or NULL: its errors on stderr */
	pid_t pid;
	pid_t follower;
};

#define SLAPD_SUFFIX "dc=example,dc=org"
#define SLAPD_ROOT "cn=admin," SLAPD_SUFFIX
#define SLAPD_PASSWORD "secret"

/* First in main; an argument is a filter of tests.  -1: slapd is not installed, which was said. */
int slapd_begin(int argc, char **argv);
void slapd_make(struct slapd *s, const char *database_settings);        /* folder, settings, empty database */
void slapd_load(struct slapd *s, const char *ldif);                     /* while it is stopped */
void slapd_start(struct slapd *s);
void slapd_stop(struct slapd *s);
void slapd_forget_data(struct slapd *s);                                /* while it is stopped */
void slapd_end(struct slapd *s);                                        /* everything, the folder too */
void slapd_change(struct slapd *s, const char *ldif);                   /* ldapmodify */

int port_free(void);                                                    /* on 127.0.0.1, given to nobody who lives */
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));      /* must succeed */

void follower_start(struct slapd *s, const struct directory_options *d);
void follower_stop(struct slapd *s);

#endif
