/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See provision_status.h. */
#include "gateway/provision_status.h"

#include "gateway/json_file.h"
#include "provision/left_alone.h"

const char *provision_status_path(struct arena *a, const struct settings *s)
{
	return arena_printf(a, "%s/provision/status.json", s->state_dir);
}

/* ---- reading ---- */

static size_t count_of(const json_t *o, const char *key)
{
	return (size_t)json_file_time(o, key);
}

static void read_places(struct arena *a, const json_t *list, struct provision_status *out)
{
	struct provision_place *places = NULL;
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		const char *connection = json_file_text(a, one, "connection");

		if (!connection)
			continue;
		places = arena_grow(a, places, out->place_count, sizeof(*places));
		places[out->place_count++] = (struct provision_place){
			.connection = connection, .wanted = count_of(one, "wanted"), .kept = count_of(one, "kept"),
			.waiting = count_of(one, "waiting"), .licensed = count_of(one, "licensed"),
		};
	}
	out->places = places;
}

static void read_waits(struct arena *a, const json_t *list, struct provision_status *out)
{
	struct provision_wait *waits = NULL;
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		const char *connection = json_file_text(a, one, "connection");

		if (!connection)
			continue;
		waits = arena_grow(a, waits, out->wait_count, sizeof(*waits));
		waits[out->wait_count++] = (struct provision_wait){connection, json_file_time(one, "until")};
	}
	out->waits = waits;
}

int64_t provision_status_wait(const struct provision_status *s, const char *connection, int64_t now)
{
	for (size_t i = 0; i < s->wait_count; i++)
		if (strcmp(s->waits[i].connection, connection) == 0 && left_alone_still(s->waits[i].until, now))
			return s->waits[i].until;
	return 0;
}

int provision_status_read(struct arena *a, const struct settings *s, struct provision_status *out, struct error *err)
{
	struct provision_status status;
	json_t *o;

	if (json_file_read(a, provision_status_path(a, s), &o, err) < 0)
		return -1;
	status = (struct provision_status){
		.tried = json_file_time(o, "tried"), .planned = json_file_time(o, "planned"), .succeeded = json_file_time(o, "succeeded"),
		.failing_since = json_file_time(o, "failing_since"), .reason = json_file_text(a, o, "reason"),
		.detail = json_file_text(a, o, "detail"), .plan = json_file_text(a, o, "plan"), .stopped = json_file_text(a, o, "stopped"),
		.stopped_since = json_file_time(o, "stopped_since"), .left = count_of(o, "left"), .held = count_of(o, "held"),
	};
	for (int i = 0; i < TASK_KINDS; i++)
		status.tasks[i] = count_of(json_object_get(o, "tasks"), plan_task_word((enum plan_task_kind)i));
	read_places(a, json_object_get(o, "places"), &status);
	read_waits(a, json_object_get(o, "left_alone"), &status);
	json_decref(o);
	*out = status;
	return 0;
}

/* ---- what a look adds ---- */

static void take_plan(struct arena *a, const struct provision_look *look, struct provision_status *s)
{
	const struct plan *plan = look->plan;
	struct provision_place *places = arena_alloc(a, (plan->target_count + 1) * sizeof(*places));

	s->plan = plan->id;
	s->held = 0;
	memset(s->tasks, 0, sizeof(s->tasks));
	for (size_t i = 0; i < plan->problem_count; i++)
		s->held += plan->problems[i].kind == PROBLEM_HELD && plan->problems[i].person;
	for (size_t i = 0; i < plan->task_count; i++)
		s->tasks[plan->tasks[i].kind]++;
	for (size_t i = 0; i < plan->target_count; i++) {
		const struct plan_count *c = &plan->counts[i];

		places[i] = (struct provision_place){.connection = plan->targets[i], .wanted = c->wanted, .kept = look->kept ? look->kept[i] : c->ours,
			.waiting = c->waiting, .licensed = c->seats_after};
	}
	s->places = places;
	s->place_count = plan->target_count;
}

/* New ones, and those of before that are not over. */
static void take_waits(struct arena *a, const struct provision_look *look, int64_t now, struct provision_status *s)
{
	struct provision_wait *waits = arena_alloc(a, (look->wait_count + s->wait_count + 1) * sizeof(*waits));
	struct provision_status new = {.waits = look->waits, .wait_count = look->wait_count};
	size_t n = look->wait_count;

	if (n)
		memcpy(waits, look->waits, n * sizeof(*waits));
	for (size_t i = 0; i < s->wait_count; i++)
		if (left_alone_still(s->waits[i].until, now) && !provision_status_wait(&new, s->waits[i].connection, now))
			waits[n++] = s->waits[i];
	s->waits = waits;
	s->wait_count = n;
}

static void take_look(struct arena *a, const struct provision_look *look, int64_t now, struct provision_status *s)
{
	const struct error *failure = look->failure;
	bool stopped = look->stopped || (failure && failure->reason == REASON_PLAN_STOPPED);

	s->tried = now;
	take_waits(a, look, now, s);
	if (look->plan) {
		take_plan(a, look, s);
		s->left = look->left;
	}
	if (look->plan || stopped)
		s->planned = now;
	if (look->plan || stopped || !s->stopped) {
		s->stopped_since = !stopped ? 0 : s->stopped ? s->stopped_since : now;
		s->stopped = !stopped ? NULL : look->stopped ? look->stopped : failure->detail;
	}
	s->reason = failure ? reason_word(failure->reason) : NULL;
	s->detail = failure ? failure->detail : NULL;
	if (failure && failure->reason != REASON_PLAN_STOPPED) {
		s->failing_since = s->failing_since ? s->failing_since : now;
		return;
	}
	s->failing_since = 0;
	s->succeeded = failure ? s->succeeded : now;
}

/* ---- writing ---- */

static json_t *places_json(const struct provision_status *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->place_count; i++) {
		const struct provision_place *p = &s->places[i];
		json_t *o = json_object();

		json_file_add_text(o, "connection", p->connection);
		json_file_add_time(o, "wanted", (int64_t)p->wanted);
		json_file_add_time(o, "kept", (int64_t)p->kept);
		json_file_add_time(o, "waiting", (int64_t)p->waiting);
		json_file_add_time(o, "licensed", (int64_t)p->licensed);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *waits_json(const struct provision_status *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->wait_count; i++) {
		json_t *o = json_object();

		json_file_add_text(o, "connection", s->waits[i].connection);
		json_file_add_time(o, "until", s->waits[i].until);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *status_json(const struct provision_status *s)
{
	json_t *o = json_object(), *tasks = json_object();

	json_file_add_time(o, "tried", s->tried);
	json_file_add_time(o, "planned", s->planned);
	json_file_add_time(o, "succeeded", s->succeeded);
	json_file_add_time(o, "failing_since", s->failing_since);
	json_file_add_text(o, "reason", s->reason);
	json_file_add_text(o, "detail", s->detail);
	json_file_add_text(o, "plan", s->plan);
	json_file_add_text(o, "stopped", s->stopped);
	json_file_add_time(o, "stopped_since", s->stopped_since);
	json_file_add_time(o, "left", (int64_t)s->left);
	json_file_add_time(o, "held", (int64_t)s->held);
	for (int i = 0; i < TASK_KINDS; i++)
		json_file_add_time(tasks, plan_task_word((enum plan_task_kind)i), (int64_t)s->tasks[i]);
	json_object_set_new(o, "tasks", tasks);
	json_object_set_new(o, "places", places_json(s));
	json_object_set_new(o, "left_alone", waits_json(s));
	return o;
}

int provision_status_note(struct arena *a, const struct settings *s, const struct provision_look *look, int64_t now, struct error *err)
{
	struct provision_status status;
	struct error ignored;

	if (provision_status_read(a, s, &status, &ignored) < 0)
		status = (struct provision_status){0};
	take_look(a, look, now, &status);
	return json_file_write(provision_status_path(a, s), 0640, status_json(&status), err);
}
