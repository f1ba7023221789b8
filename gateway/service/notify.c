/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See notify.h. */
#include "gateway/service/notify.h"
#include "base/clock.h"

#include <systemd/sd-daemon.h>

void notify_ready(const char *status)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=reading the settings again", (long long)clock_monotonic_us());
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1\nSTATUS=finishing what is in hand");
}

void notify_alive(void)
{
	sd_notify(0, "WATCHDOG=1");
}

int notify_sockets(int *out, size_t most)
{
	int n = sd_listen_fds(1), i;

	if (n < 0 || (size_t)n > most)
		return -1;
	for (i = 0; i < n; i++)
		out[i] = SD_LISTEN_FDS_START + i;
	return n;
}
