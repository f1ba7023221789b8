/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alarms of this host: what it writes to. */
#include "gateway/alarms.h"

#include "base/clock.h"
#include "base/encode.h"
#include "gateway/disks.h"
#include "gateway/metrics.h"

static const char *audit_fails(struct arena *a, const struct host_facts *f)
{
	char since[21];

	if (!f->audit_failing_since)
		return NULL;
	time_write(f->audit_failing_since, since);
	if (f->settings->provision == PROVISION_AUTO)   /* any process: which one, the log says */
		return arena_printf(a, "lines for %s, or of accounts for %s, are lost since %s; what they are about %s", f->settings->audit_file,
			f->settings->accounts.audit_file, since,
			f->settings->audit_failure == AUDIT_REFUSE ? "is refused until they can be written" : "goes on unrecorded");
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

#define NAMED 5

/* The newest first; bounded, since mails and products are what others wrote. */
static const char *billed_newly(struct arena *a, const struct host_facts *f)
{
	const struct accounts_news *news = &f->billed;
	const char *text;
	size_t i, all = news->count + news->more;

	if (!news->count)
		return NULL;
	text = arena_printf(a, "%zu %s billed since a day at most:", all, all == 1 ? "person is" : "people are");
	for (i = 0; i < news->count && i < NAMED; i++)
		text = arena_printf(a, "%s%s %s (%s)", text, i ? "," : "", news->people[i].mail,
			*news->people[i].products ? news->people[i].products : "product not said");
	return all > i ? arena_printf(a, "%s and %zu more; postern seats says whom no rule gives it", text, all - i) : text;
}

void alarms_judge_host(struct arena *a, const struct host_facts *facts, struct alarms *out)
{
	*out = (struct alarms){
		.text = {[ALARM_AUDIT_FAILS] = audit_fails(a, facts), [ALARM_DISK_LOW] = disk_low(a, facts),
			[ALARM_BILLED_NEWLY] = billed_newly(a, facts)},
		.judged = {[ALARM_AUDIT_FAILS] = true, [ALARM_DISK_LOW] = true, [ALARM_BILLED_NEWLY] = true},
	};
}

/* A file that cannot be read is no news: the next import writes it anew. */
void alarms_gather_billed(struct arena *a, const struct settings *s, struct host_facts *facts)
{
	struct error ignored;

	if (accounts_news_read(a, settings_accounts_path(a, s), clock_now(), &facts->billed, &ignored) < 0)
		facts->billed = (struct accounts_news){0};
}

void alarms_of_host(struct arena *a, const struct settings *s, const struct metrics *metrics, struct alarms *out)
{
	struct host_facts facts = {.settings = s, .audit_failing_since = metrics_audit_failing(metrics)};

	alarms_gather_billed(a, s, &facts);
	disks_look(a, s, facts.disks);
	alarms_judge_host(a, &facts, out);
	out->newest = facts.billed.newest;
}
