/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A status as text, the worst first.  Names of people do not stand in it. */
#include "gateway/commands/status.h"

#include "base/encode.h"
#include "gateway/report.h"

#include <inttypes.h>

#define DAY INT64_C(86400)
#define REASONS_SHOWN 5

enum colour { PLAIN, BOLD, GREEN, YELLOW, RED };

static const char *const codes[] = {[PLAIN] = "", [BOLD] = "\x1b[1m", [GREEN] = "\x1b[32m", [YELLOW] = "\x1b[33m", [RED] = "\x1b[31m"};

static const struct {
	enum colour colour;
	const char *words;
} verdicts[] = {
	[STATUS_OK] = {GREEN, "ok"}, [STATUS_WARNING] = {YELLOW, "running, with warnings"}, [STATUS_DOWN] = {RED, "down"},
	[STATUS_NOT_KNOWN] = {YELLOW, "not known"},
};

/* ---- pieces of text ---- */

static void put(bool colours, enum colour colour, const char *text)
{
	bool on = colours && colour != PLAIN;

	printf("%s%s%s", on ? codes[colour] : "", text, on ? "\x1b[0m" : "");
}

static void head(bool colours, const char *title)
{
	putchar('\n');
	put(colours, BOLD, title);
	putchar('\n');
}

/* "2 d 3 h", "5 min 12 s": two units, which is all that anybody reads. */
static const char *span(struct arena *a, int64_t seconds)
{
	static const struct {
		int64_t size;
		const char *name;
	} units[] = {{DAY, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;

	if (seconds < 0)
		return arena_printf(a, "-%s", span(a, -seconds));
	while (i < 3 && seconds < units[i].size)
		i++;
	if (i == 3 || seconds % units[i].size < units[i + 1].size)
		return arena_printf(a, "%lld %s", (long long)(seconds / units[i].size), units[i].name);
	return arena_printf(a, "%lld %s %lld %s", (long long)(seconds / units[i].size), units[i].name,
		(long long)(seconds % units[i].size / units[i + 1].size), units[i + 1].name);
}

static const char *instant(struct arena *a, int64_t t)
{
	char text[21];

	time_write(t, text);
	return arena_strdup(a, text);
}

static const char *bytes(struct arena *a, int64_t n)
{
	if (n < INT64_C(10) << 20)
		return arena_printf(a, "%lld KiB", (long long)(n >> 10));
	return n < INT64_C(10) << 30 ? arena_printf(a, "%lld MiB", (long long)(n >> 20)) : arena_printf(a, "%lld GiB", (long long)(n >> 30));
}

static const char *counts_text(struct arena *a, const struct status_counts *counts, size_t most)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < counts->n && i < most; i++)
		text = arena_printf(a, "%s%s%s %" PRIu64, text, i ? ", " : "", counts->list[i].name, counts->list[i].n);
	return counts->n > most ? arena_printf(a, "%s, …", text) : text;
}

/* ---- parts ---- */

static void print_service(const struct status *s, bool c)
{
	struct arena *a = s->arena;

	put(c, verdicts[s->verdict].colour, verdicts[s->verdict].words);
	if (s->verdict == STATUS_NOT_KNOWN) {
		puts(": who asks may not see whether the service runs");
	} else if (!s->running.pid && !s->running.units) {
		printf(": no service runs with %s that can be seen from here\n", report_clean(a, s->settings->file));
	} else {
		if (s->running.units)
			printf(": postern " PACKAGE_VERSION ", as units of systemd");
		else
			printf(": postern " PACKAGE_VERSION ", process %ld", (long)s->running.pid);
		if (s->started)
			printf(", for %s (since %s)", span(a, s->now - s->started), instant(a, s->started));
		printf("\nsettings %s, read %s ago\n", report_clean(a, s->settings->file), span(a, s->now - (int64_t)s->running.read_at.tv_sec));
	}
	for (size_t i = 0; i < s->alarm_count; i++) {
		put(c, RED, "alarm ");
		printf("%s, %s: %s\n", s->alarms[i].word, s->alarms[i].subject, s->alarms[i].detail);
	}
	for (size_t i = 0; i < s->warning_count; i++) {
		put(c, YELLOW, "warning ");
		printf("%s\n", s->warnings[i]);
	}
}

static void print_processes(const struct status *s, bool c)
{
	if (!s->running.pid && !s->running.units)
		return;
	head(c, "processes");
	for (size_t i = 0; i < s->process_count; i++) {
		const struct status_process *p = &s->processes[i];

		printf("  %-20s pid %-8ld for %s\n", arena_printf(s->arena, "%s %s", p->role, p->instance), (long)p->pid,
			span(s->arena, s->now - p->started));
	}
	if (s->counted)
		printf("  %-20s %s\n", "died and replaced", s->restarts.n ? counts_text(s->arena, &s->restarts, 9) : "none");
}

static void print_sign_ons(const struct status *s, bool c)
{
	struct arena *a = s->arena;

	if (!s->audited)
		return;
	head(c, arena_printf(a, "sign-ons of the last %d minutes", STATUS_MINUTES));
	if (s->door_count == 0)
		puts("  nobody came");
	for (size_t i = 0; i < s->door_count; i++) {
		const struct status_door *d = &s->doors[i];

		printf("  %-20s %" PRIu64 " signed on", *d->name ? d->name : "(no door)", d->signed_on);
		if (d->outcomes.n)
			printf(" (%s)", counts_text(a, &d->outcomes, 9));
		if (d->refused) {
			printf(", ");
			put(c, YELLOW, arena_printf(a, "%" PRIu64 " refused", d->refused));
			printf(" (%s)", counts_text(a, &d->reasons, REASONS_SHOWN));
		}
		if (d->again)
			printf(", %" PRIu64 " started again", d->again);
		putchar('\n');
	}
	if (s->audited_since > s->now - STATUS_MINUTES * 60)
		printf("  (the audit file begins %s ago)\n", span(a, s->now - s->audited_since));
}

static void print_directories(const struct status *s, bool c)
{
	struct arena *a = s->arena;

	if (!s->mirrored)
		return;
	head(c, "directories");
	for (size_t i = 0; i < s->settings->directory_count; i++) {
		const struct status_directory *d = &s->directories[i];

		printf("  %-20s ", d->name);
		if (!d->state.filled)
			put(c, RED, "not read yet");
		else
			put(c, strcmp(d->staleness, "fresh") == 0 ? GREEN : RED, d->age == FACTS_AGE_UNKNOWN ? "of unknown age" :
				arena_printf(a, "%s, %s old", d->staleness, span(a, d->age)));
		printf(", %s, %s, %s %s\n", report_count(a, d->state.people, "person", "people"), report_count(a, d->state.groups, "group", "groups"),
			d->state.connected ? "connected to" : "not connected, last to", d->state.server ? report_cell(a, d->state.server, 200) : "none");
	}
	printf("  %-20s %s\n", "the mirror's file", bytes(a, s->mirror_bytes));
}

static void print_providers(const struct status *s, bool c)
{
	struct arena *a = s->arena;

	head(c, "identity providers");
	for (size_t i = 0; i < s->settings->provider_count; i++) {
		const struct status_provider *p = &s->providers[i];

		printf("  %-20s ", p->name);
		put(c, !p->known ? PLAIN : p->usable ? GREEN : RED, !p->known ? "not known" : p->usable ? "metadata usable" : "no usable metadata");
		if (p->confirmed)
			printf(", confirmed %s ago", span(a, s->now - p->confirmed));
		if (p->key_until)
			printf(", key ends in %lld days", (long long)((p->key_until - s->now) / DAY));
		putchar('\n');
	}
}

static void print_certificates(const struct status *s, bool c)
{
	if (!s->certificate_count)
		return;
	head(c, "certificates");
	for (size_t i = 0; i < s->certificate_count; i++) {
		const struct status_certificate *k = &s->certificates[i];
		int64_t left = k->until - s->now;

		printf("  %-20s ", report_cell(s->arena, arena_printf(s->arena, "%s %s", k->use, k->name), 200));
		put(c, !k->in_use ? PLAIN : left < 0 ? RED : left < KEYRING_SOON ? YELLOW : GREEN,
			arena_printf(s->arena, left < 0 ? "ended %lld days ago" : "%lld days left", (long long)((left < 0 ? -left : left) / DAY)));
		printf("%s\n", k->in_use ? "" : ", not in use");
	}
}

/* Tasks of all kinds together: postern plan says which. */
static size_t tasks_of(const struct provision_status *p)
{
	size_t n = 0;

	for (int i = 0; i < TASK_KINDS; i++)
		n += p->tasks[i];
	return n;
}

static void print_accounts(const struct status *s, bool c)
{
	const struct provision_status *p = &s->accounts;
	struct arena *a = s->arena;
	char until[21];

	if (s->settings->provision == PROVISION_OFF)
		return;
	head(c, "accounts at Atlassian");
	printf("  %-20s ", "last look");
	if (!p->tried)
		puts("none yet");
	else if (p->detail)
		printf("%s ago: %s\n", span(a, s->now - p->tried), report_clean(a, p->detail));
	else
		printf("%s ago, went well\n", span(a, s->now - p->tried));
	if (p->planned)
		printf("  %-20s %s ago: %s left to be done, %s left as they are, %s for somebody\n", "last plan", span(a, s->now - p->planned),
			report_count(a, p->left, "step", "steps"), report_count(a, p->held, "person", "people"),
			report_count(a, tasks_of(p), "task", "tasks"));
	for (size_t i = 0; i < p->place_count; i++)
		printf("  %-20s %s wanted, %s kept (%s in their grace time), %s licensed\n", report_clean(a, p->places[i].connection),
			report_number(a, p->places[i].wanted), report_number(a, p->places[i].kept), report_number(a, p->places[i].waiting),
			report_number(a, p->places[i].licensed));
	for (size_t i = 0; i < p->wait_count; i++) {
		if (!provision_status_wait(p, p->waits[i].connection, s->now))
			continue;
		time_write(p->waits[i].until, until);
		printf("  %-20s asked to be left alone until %s; nothing is sent before\n", report_clean(a, p->waits[i].connection), until);
	}
}

static void print_disks(const struct status *s, bool c)
{
	head(c, "disks");
	for (size_t i = 0; i < DISKS; i++) {
		const struct disk *d = &s->disks[i];

		printf("  %-20s ", d->setting);
		if (d->size < 0)
			printf("not known");
		else
			put(c, disk_is_low(d) ? RED : PLAIN, arena_printf(s->arena, "%s of %s free", bytes(s->arena, d->free), bytes(s->arena, d->size)));
		printf(" (%s)\n", d->folder ? report_cell(s->arena, d->folder, 200) : "not known");
	}
}

void status_print(const struct status *s, bool colours)
{
	print_service(s, colours);
	print_processes(s, colours);
	print_sign_ons(s, colours);
	print_directories(s, colours);
	print_providers(s, colours);
	print_certificates(s, colours);
	print_accounts(s, colours);
	print_disks(s, colours);
	if (s->unread_count)
		head(colours, "could not be read");
	for (size_t i = 0; i < s->unread_count; i++)
		printf("  %s\n", s->unread[i]);
}
