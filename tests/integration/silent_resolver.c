/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Preloaded: names are looked up for ever, as where the resolver hangs, and alarms ring after a thirtieth of their time.
 */
#include <netdb.h>
#include <unistd.h>

#include <sys/time.h>

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	(void)name;
	(void)service;
	(void)hints;
	(void)out;
	for (;;)
		pause();
}

unsigned alarm(unsigned seconds)
{
	const struct itimerval when = {.it_value = {.tv_sec = seconds / 30, .tv_usec = seconds % 30 * 33333}};

	setitimer(ITIMER_REAL, &when, NULL);
	return 0;
}
