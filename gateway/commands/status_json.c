/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A status as JSON, for other programs: fields are only ever added.  What could not be read is null, or not there. */
#include "gateway/commands/status.h"

#include "base/encode.h"
#include "gateway/report.h"

static const char *const words[] = {[STATUS_OK] = "ok", [STATUS_WARNING] = "warning", [STATUS_DOWN] = "down",
	[STATUS_NOT_KNOWN] = "not known"};

static json_t *time_json(int64_t t)
{
	char text[21];

	if (!t)
		return json_null();
	time_write(t, text);
	return json_string(text);
}

/* A counter in memory that others write to may hold more than JSON's integers. */
static json_int_t number(uint64_t n)
{
	return n < INT64_MAX ? (json_int_t)n : INT64_MAX;
}

static json_t *counts_json(const struct status_counts *counts)
{
	json_t *o = json_object();

	for (size_t i = 0; i < counts->n; i++)
		json_object_set_new(o, counts->list[i].name, json_integer(number(counts->list[i].n)));
	return o;
}

static json_t *texts_json(const char *const *list, size_t n)
{
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(out, json_string(list[i]));
	return out;
}

static json_t *processes_json(const struct status *s)
{
	json_t *out = json_array();

	for (size_t i = 0; i < s->process_count; i++) {
		const struct status_process *p = &s->processes[i];
		json_t *o = json_pack("{s:I, s:o}", "pid", (json_int_t)p->pid, "started", time_json(p->started));

		report_json(s->arena, o, "role", p->role);
		report_json(s->arena, o, "instance", p->instance);
		json_array_append_new(out, o);
	}
	return out;
}

static json_t *sign_ons_json(const struct status *s)
{
	json_t *doors = json_object();

	if (!s->audited) {
		json_decref(doors);
		return json_null();
	}
	for (size_t i = 0; i < s->door_count; i++) {
		const struct status_door *d = &s->doors[i];

		json_object_set_new(doors, d->name, json_pack("{s:I, s:o, s:I, s:o, s:I}", "signed_on", (json_int_t)d->signed_on,
			"outcomes", counts_json(&d->outcomes), "refused", (json_int_t)d->refused, "reasons", counts_json(&d->reasons),
			"started_again", (json_int_t)d->again));
	}
	return json_pack("{s:i, s:o}", "minutes", STATUS_MINUTES, "doors", doors);
}

static json_t *directories_json(const struct status *s)
{
	json_t *out = json_object();

	for (size_t i = 0; s->mirrored && i < s->settings->directory_count; i++) {
		const struct status_directory *d = &s->directories[i];
		json_t *o = json_pack("{s:b, s:b, s:o, s:s, s:I, s:I, s:I, s:I}", "filled", d->state.filled, "connected", d->state.connected,
			"age_s", d->age == FACTS_AGE_UNKNOWN ? json_null() : json_integer(d->age), "data", d->staleness,
			"people", (json_int_t)d->state.people, "groups", (json_int_t)d->state.groups,
			"people_held", (json_int_t)d->state.people_held.n, "groups_held", (json_int_t)d->state.groups_held.n);

		report_json(s->arena, o, "server", d->state.server);
		report_json(s->arena, o, "error", d->state.error);
		json_object_set_new(out, d->name, o);
	}
	return out;
}

static json_t *providers_json(const struct status *s)
{
	json_t *out = json_object();

	for (size_t i = 0; i < s->settings->provider_count; i++) {
		const struct status_provider *p = &s->providers[i];

		json_object_set_new(out, p->name, json_pack("{s:o, s:o, s:o}", "metadata",
			p->known ? json_boolean(p->usable) : json_null(), "confirmed",
			time_json(p->confirmed), "key_ends", time_json(p->key_until)));
	}
	return out;
}

static json_t *certificates_json(const struct status *s)
{
	json_t *out = json_array();

	for (size_t i = 0; i < s->certificate_count; i++) {
		const struct status_certificate *k = &s->certificates[i];

		json_array_append_new(out, json_pack("{s:s, s:s, s:o, s:I, s:b}", "use", k->use, "name", k->name, "ends", time_json(k->until),
			"left_s", (json_int_t)(k->until - s->now), "in_use", k->in_use));
	}
	return out;
}

static json_t *alarms_json(const struct status *s)
{
	json_t *out = json_array();

	for (size_t i = 0; i < s->alarm_count; i++)
		json_array_append_new(out, json_pack("{s:s, s:s, s:s}", "alarm", s->alarms[i].word, "subject", s->alarms[i].subject,
			"detail", s->alarms[i].detail));
	return out;
}

static json_t *accounts_json(const struct status *s)
{
	const struct provision_status *p = &s->accounts;
	json_t *o, *tasks, *places, *left_alone;

	if (s->settings->provision == PROVISION_OFF || !p->tried)
		return json_null();
	tasks = json_object();
	places = json_object();
	for (int i = 0; i < TASK_KINDS; i++)
		json_object_set_new(tasks, plan_task_word((enum plan_task_kind)i), json_integer((json_int_t)p->tasks[i]));
	for (size_t i = 0; i < p->place_count; i++)
		json_object_set_new(places, p->places[i].connection, json_pack("{s:I, s:I, s:I, s:I}", "wanted", (json_int_t)p->places[i].wanted,
			"kept", (json_int_t)p->places[i].kept, "waiting", (json_int_t)p->places[i].waiting, "licensed",
			(json_int_t)p->places[i].licensed));
	left_alone = json_object();
	for (size_t i = 0; i < p->wait_count; i++)
		if (provision_status_wait(p, p->waits[i].connection, s->now))
			json_object_set_new(left_alone, p->waits[i].connection, time_json(p->waits[i].until));
	o = json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o}", "tried", time_json(p->tried), "planned", time_json(p->planned), "succeeded",
		time_json(p->succeeded), "failing_since", time_json(p->failing_since), "steps_left", (json_int_t)p->left, "held",
		(json_int_t)p->held, "tasks", tasks, "connections", places, "left_alone", left_alone);
	report_json(s->arena, o, "reason", p->reason);
	report_json(s->arena, o, "detail", p->detail);
	report_json(s->arena, o, "stopped", p->stopped);
	return o;
}

static json_t *disks_json(const struct status *s)
{
	json_t *out = json_object();

	for (size_t i = 0; i < DISKS; i++) {
		json_t *o = json_object();

		report_json(s->arena, o, "folder", s->disks[i].folder);
		json_object_set_new(o, "free_bytes", s->disks[i].free < 0 ? json_null() : json_integer(s->disks[i].free));
		json_object_set_new(o, "size_bytes", s->disks[i].size < 0 ? json_null() : json_integer(s->disks[i].size));
		json_object_set_new(out, s->disks[i].setting, o);
	}
	return out;
}

int status_print_json(const struct status *s)
{
	json_t *o = json_object();
	int rc;

	json_object_set_new(o, "state", json_string(words[s->verdict]));
	json_object_set_new(o, "version", json_string(PACKAGE_VERSION));
	json_object_set_new(o, "pid", s->running.pid ? json_integer(s->running.pid) : json_null());
	json_object_set_new(o, "units", json_boolean(s->running.units));
	json_object_set_new(o, "started", time_json(s->started));
	report_json(s->arena, o, "settings", s->settings->file);
	json_object_set_new(o, "settings_read", time_json((int64_t)s->running.read_at.tv_sec));
	json_object_set_new(o, "settings_changed", json_boolean(s->settings_changed));
	json_object_set_new(o, "alarms", alarms_json(s));
	json_object_set_new(o, "warnings", texts_json(s->warnings, s->warning_count));
	json_object_set_new(o, "processes", processes_json(s));
	json_object_set_new(o, "died_and_replaced", s->counted ? counts_json(&s->restarts) : json_null());
	json_object_set_new(o, "sign_ons", sign_ons_json(s));
	json_object_set_new(o, "directories", s->mirrored ? directories_json(s) : json_null());
	json_object_set_new(o, "mirror_bytes", s->mirrored ? json_integer(s->mirror_bytes) : json_null());
	json_object_set_new(o, "identity_providers", providers_json(s));
	json_object_set_new(o, "certificates", certificates_json(s));
	json_object_set_new(o, "accounts", accounts_json(s));
	json_object_set_new(o, "disks", disks_json(s));
	json_object_set_new(o, "not_readable", texts_json(s->unread, s->unread_count));
	rc = json_dumpf(o, stdout, JSON_INDENT(1));
	json_decref(o);
	return rc < 0 || putchar('\n') == EOF ? -1 : 0;
}
