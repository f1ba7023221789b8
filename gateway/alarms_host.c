/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alarms of this host: what it writes to. */
#include "gateway/alarms.h"

#include "base/encode.h"
#include "gateway/disks.h"
#include "gateway/metrics.h"

static const char *audit_fails(struct arena *a, const struct host_facts *f)
{
	char since[21];

	if (!f->audit_failing_since)
		return NULL;
	time_write(f->audit_failing_since, since);
	return arena_printf(a, "lines for %s are lost since %s; sign-ons %s", f->settings->audit_file, since,
		f->settings->audit_failure == AUDIT_REFUSE ? "are refused until it can be written" : "go on unrecorded");
}

static const char *disk_low(struct arena *a, const struct host_facts *f)
{
	const char *text = NULL;
	size_t i;

	for (i = 0; i < DISKS; i++) {
		const struct disk *d = &f->disks[i];

		if (disk_is_low(d))
			text = arena_printf(a, "%s%sthe disk of %s (%s) has %lld of %lld MiB left", text ? text : "", text ? "; " : "", d->folder,
				d->setting, (long long)(d->free >> 20), (long long)(d->size >> 20));
	}
	return text;
}

void alarms_judge_host(struct arena *a, const struct host_facts *facts, struct alarms *out)
{
	*out = (struct alarms){
		.text = {[ALARM_AUDIT_FAILS] = audit_fails(a, facts), [ALARM_DISK_LOW] = disk_low(a, facts)},
		.judged = {[ALARM_AUDIT_FAILS] = true, [ALARM_DISK_LOW] = true},
	};
}

void alarms_of_host(struct arena *a, const struct settings *s, const struct metrics *metrics, struct alarms *out)
{
	struct host_facts facts = {.settings = s, .audit_failing_since = metrics_audit_failing(metrics)};

	disks_look(a, s, facts.disks);
	alarms_judge_host(a, &facts, out);
}
