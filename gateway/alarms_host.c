/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alarms of this host: what it writes to. */
#include "gateway/alarms.h"

#include "base/calendar.h"
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

#define NAMED 50                        /* people */
#define NAMED_BYTES 3000                /* of text: a line of the log has 4096 */
#define API_KEY_SOON (30 * CALENDAR_DAY)

/* The newest first; bounded, since mails and products are what others wrote. */
static const char *billed_newly(struct arena *a, const struct host_facts *f)
{
	const struct accounts_news *news = &f->billed;
	const char *text;
	size_t i, all = news->count + news->more;

	if (!news->count)
		return NULL;
	text = arena_printf(a, "%zu %s billed since a day at most:", all, all == 1 ? "person is" : "people are");
	for (i = 0; i < news->count && i < NAMED && strlen(text) < NAMED_BYTES; i++)
		text = arena_printf(a, "%s%s %s (%s)", text, i ? "," : "", news->people[i].mail,
			*news->people[i].products ? news->people[i].products : "product not said");
	return all > i ? arena_printf(a, "%s and %zu more; postern seats --csv names everybody who is billed", text, all - i) : text;
}

/* ---- accounts at Atlassian ---- */

static const char *instant(struct arena *a, int64_t t)
{
	char text[21];

	time_write(t, text);
	return arena_strdup(a, text);
}

/* Then nobody who is billed newly can be told of. */
static const char *inventory_old(struct arena *a, const struct host_facts *f)
{
	int64_t as_of = f->billed.as_of;

	if (!as_of)
		return "who is billed was never read from Atlassian; the log says why, postern accounts refresh tries it at once";
	if (f->now - as_of <= 2 * f->settings->accounts.refresh)
		return NULL;
	return arena_printf(a, "who is billed is known as of %s, so nobody who is billed since then is told of; the log says why, "
		"postern accounts refresh tries it at once", instant(a, as_of));
}

static const char *plan_stopped(struct arena *a, const struct host_facts *f)
{
	if (!f->accounts.stopped)
		return NULL;
	return arena_printf(a, "since %s: %s; postern plan shows it, postern apply --accept does it once", instant(a, f->accounts.stopped_since),
		f->accounts.stopped);
}

static const char *accounts_fail(struct arena *a, const struct host_facts *f)
{
	const struct provision_status *s = &f->accounts;

	if (s->failing_since && f->now - s->failing_since >= PROVISION_FAILING_SECONDS)
		return arena_printf(a, "accounts could not be looked after since %s: %s", instant(a, s->failing_since),
			s->detail ? s->detail : "no reason known");
	if (s->tried && f->now - s->tried > 2 * f->settings->accounts.refresh + PROVISION_FAILING_SECONDS)
		return arena_printf(a, "nobody has looked after accounts since %s", instant(a, s->tried));
	return NULL;
}

static const char *add_key(struct arena *a, const char *text, const struct api_key *k, int64_t now)
{
	const char *before = text ? arena_printf(a, "%s; ", text) : "";

	if (!k->ends || k->ends - now > API_KEY_SOON)
		return text;
	if (k->written)
		return arena_printf(a, "%sthe key of %s %s on %.10s at the latest (reckoned: its file is of %.10s, and such a key lives for a year at "
			"most; %s says it exactly)", before, k->of, k->ends > now ? "ends" : "ended", instant(a, k->ends), instant(a, k->written), k->setting);
	return arena_printf(a, "%sthe key of %s %s on %.10s", before, k->of, k->ends > now ? "ends" : "ended",
		instant(a, k->ends - 1));       /* its last day */
}

static const char *api_key_ends(struct arena *a, const struct host_facts *f)
{
	const char *text = NULL;

	for (size_t i = 0; i < f->api_key_count; i++)
		text = add_key(a, text, &f->api_keys[i], f->now);
	return text;
}

static void judge_accounts(struct arena *a, const struct host_facts *f, struct alarms *out)
{
	if (f->settings->provision == PROVISION_OFF && !f->settings->accounts.organization)
		return;
	out->judged[ALARM_API_KEY_ENDS] = true;
	out->text[ALARM_API_KEY_ENDS] = api_key_ends(a, f);
	if (f->settings->accounts.organization) {
		out->judged[ALARM_INVENTORY_OLD] = true;
		out->text[ALARM_INVENTORY_OLD] = inventory_old(a, f);
	}
	if (f->settings->provision == PROVISION_OFF)
		return;
	out->judged[ALARM_ACCOUNTS_STOPPED] = out->judged[ALARM_ACCOUNTS_FAIL] = true;
	out->text[ALARM_ACCOUNTS_STOPPED] = plan_stopped(a, f);
	out->text[ALARM_ACCOUNTS_FAIL] = accounts_fail(a, f);
}

void alarms_judge_host(struct arena *a, const struct host_facts *facts, struct alarms *out)
{
	*out = (struct alarms){
		.text = {[ALARM_AUDIT_FAILS] = audit_fails(a, facts), [ALARM_DISK_LOW] = disk_low(a, facts),
			[ALARM_BILLED_NEWLY] = billed_newly(a, facts)},
		.judged = {[ALARM_AUDIT_FAILS] = true, [ALARM_DISK_LOW] = true, [ALARM_BILLED_NEWLY] = true},
	};
	judge_accounts(a, facts, out);
}

/* A file that cannot be read is no news: the next import, or plan, writes it anew. */
void alarms_gather_accounts(struct arena *a, const struct settings *s, struct host_facts *facts)
{
	struct error ignored;

	facts->now = clock_now();
	facts->api_key_count = api_keys_look(a, s, &facts->api_keys);
	if (accounts_news_read(a, settings_accounts_path(a, s), facts->now, &facts->billed, &ignored) < 0)
		facts->billed = (struct accounts_news){0};
	if (provision_status_read(a, s, &facts->accounts, &ignored) < 0)
		facts->accounts = (struct provision_status){0};
}

void alarms_of_host(struct arena *a, const struct settings *s, const struct metrics *metrics, struct alarms *out)
{
	struct host_facts facts = {.settings = s, .audit_failing_since = metrics_audit_failing(metrics)};

	alarms_gather_accounts(a, s, &facts);
	disks_look(a, s, facts.disks);
	alarms_judge_host(a, &facts, out);
	out->newest = facts.billed.newest;
}
