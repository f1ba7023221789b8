/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan as a file: one JSON object, one step, task or problem a line, keys always in the same order. */
#include "provision/plan.h"
#include "provision/step_json.h"

#define PLAN_VERSION 1

/* The row is the key, and where it is in struct plan_count. */
static const struct {
	const char *key;
	size_t at;
} counts_table[] = {
	{"wanted", offsetof(struct plan_count, wanted)},
	{"ours", offsetof(struct plan_count, ours)},
	{"active_now", offsetof(struct plan_count, active_now)},
	{"active_after", offsetof(struct plan_count, active_after)},
	{"created", offsetof(struct plan_count, created)},
	{"adopted", offsetof(struct plan_count, adopted)},
	{"updated", offsetof(struct plan_count, updated)},
	{"activated", offsetof(struct plan_count, activated)},
	{"deactivated", offsetof(struct plan_count, deactivated)},
	{"added", offsetof(struct plan_count, added)},
	{"removed", offsetof(struct plan_count, removed)},
	{"losing", offsetof(struct plan_count, losing)},
	{"lost", offsetof(struct plan_count, lost)},
	{"waiting", offsetof(struct plan_count, waiting)},
	{"seats_now", offsetof(struct plan_count, seats_now)},
	{"seats_after", offsetof(struct plan_count, seats_after)},
};
#define COUNTS (sizeof(counts_table) / sizeof(counts_table[0]))

/* ---- writing ---- */

#define PIECE 65536

struct writing {
	struct text text;
	void (*put)(struct slice piece, void *context);         /* NULL: all stays in `text` */
	void *context;
};

/* The last byte stays: what comes next looks whether a comma is due. */
static void pour(struct writing *w)
{
	struct text *t = &w->text;

	if (!w->put || t->n < PIECE)
		return;
	w->put(slice_of(t->p, t->n - 1), w->context);
	t->p[0] = t->p[t->n - 1];
	t->n = 1;
}

static size_t *count_at(struct plan_count *c, size_t i)
{
	return (size_t *)(void *)((char *)c + counts_table[i].at);
}

static void begin_list(struct text *t, const char *key)
{
	json_add_key(t, key);
	text_add_c(t, "[");
}

static void begin_line(struct text *t, size_t i)
{
	text_add_c(t, i > 0 ? ",\n" : "\n");
}

static void write_counts(struct text *t, const struct plan *p)
{
	begin_list(t, "targets");
	for (size_t i = 0; i < p->target_count; i++) {
		struct plan_count copy = p->counts[i];

		begin_line(t, i);
		text_add_c(t, "{");
		json_add_text(t, "name", p->targets[i]);
		for (size_t k = 0; k < COUNTS; k++)
			json_add_number(t, counts_table[k].key, (int64_t)*count_at(&copy, k));
		text_add_c(t, "}");
	}
	text_add_c(t, "]");
}

/* What a human does about it; for readers, and not read again. */
static void write_help(struct text *t, enum plan_task_kind kind)
{
	const char *const *steps = plan_task_steps(kind);
	size_t n = 0;

	while (steps[n])
		n++;
	json_add_list(t, "steps", steps, n);
	json_add_text(t, "link", plan_task_link(kind));
}

static void write_tasks(struct writing *w, const struct plan *p)
{
	struct text *t = &w->text;

	begin_list(t, "tasks");
	for (size_t i = 0; i < p->task_count; i++) {
		begin_line(t, i);
		text_add_c(t, "{");
		json_add_text(t, "task", plan_task_word(p->tasks[i].kind));
		json_add_text(t, "target", p->targets[p->tasks[i].target]);
		json_add_text(t, "person", p->tasks[i].person);
		json_add_text(t, "mail", p->tasks[i].mail);
		json_add_text(t, "group", p->tasks[i].group);
		json_add_text(t, "what", p->tasks[i].what);
		write_help(t, p->tasks[i].kind);
		text_add_c(t, "}");
		pour(w);
	}
	text_add_c(t, "]");
}

static void write_problems(struct writing *w, const struct plan *p)
{
	struct text *t = &w->text;

	begin_list(t, "problems");
	for (size_t i = 0; i < p->problem_count; i++) {
		begin_line(t, i);
		text_add_c(t, "{");
		json_add_text(t, "problem", plan_problem_word(p->problems[i].kind));
		json_add_text(t, "target", p->targets[p->problems[i].target]);
		json_add_text(t, "person", p->problems[i].person);
		json_add_text(t, "what", p->problems[i].what);
		text_add_c(t, "}");
		pour(w);
	}
	text_add_c(t, "]");
}

static void write_plan(struct writing *w, const struct plan *p)
{
	struct text *t = &w->text;

	text_add_c(t, "{");
	json_add_number(t, "postern_plan", PLAN_VERSION);
	json_add_number(t, "made", p->made);
	json_add_text(t, "id", p->id);
	json_add_text(t, "fingerprint", p->fingerprint);
	json_add_text(t, "stopped", p->stopped);
	write_counts(t, p);
	begin_list(t, "steps");
	for (size_t i = 0; i < p->step_count; i++) {
		begin_line(t, i);
		step_write(t, &p->steps[i], p->targets[p->steps[i].target]);
		text_add_c(t, "}");
		pour(w);
	}
	text_add_c(t, "]");
	write_tasks(w, p);
	write_problems(w, p);
}

void plan_write_open(const struct plan *p, void (*put)(struct slice piece, void *context), void *context)
{
	struct writing w = {.put = put, .context = context};
	struct arena *a = arena_new();

	text_begin(&w.text, a, 2 * PIECE);
	write_plan(&w, p);
	put(text_slice(&w.text), context);
	arena_free(a);
}

struct slice plan_write(struct arena *a, const struct plan *p)
{
	struct writing w = {.put = NULL};

	text_begin(&w.text, a, 4096 + p->step_count * 256);
	write_plan(&w, p);
	text_add_c(&w.text, "}\n");
	return text_slice(&w.text);
}

/* ---- reading ---- */

struct reading {
	struct arena *arena;
	const json_t *root;
	struct plan plan;
	struct error *err;
};

static int bad(struct reading *r, const char *what)
{
	return error_set(r->err, REASON_FILE, "not a plan of this version of Postern: %s", what);
}

static int find_target(struct reading *r, const char *name, size_t *out)
{
	for (size_t i = 0; name && i < r->plan.target_count; i++)
		if (strcmp(r->plan.targets[i], name) == 0) {
			*out = i;
			return 0;
		}
	return bad(r, "a target is named that it does not list");
}

static const json_t *list_of(struct reading *r, const char *key, size_t *n)
{
	const json_t *list = json_object_get(r->root, key);

	*n = json_array_size(list);
	return list;
}

static void read_targets(struct reading *r)
{
	size_t n;
	const json_t *list = list_of(r, "targets", &n);
	const char **names = arena_alloc(r->arena, (n + 1) * sizeof(*names));
	struct plan_count *counts = arena_alloc(r->arena, (n + 1) * sizeof(*counts));

	for (size_t i = 0; i < n; i++) {
		const json_t *target = json_array_get(list, i);

		names[i] = json_get_text(r->arena, target, "name");
		for (size_t k = 0; k < COUNTS; k++)
			*count_at(&counts[i], k) = (size_t)json_get_number(target, counts_table[k].key);
		r->plan.target_count += names[i] != NULL;
	}
	r->plan.targets = names;
	r->plan.counts = counts;
}

static int read_steps(struct reading *r)
{
	size_t n;
	const json_t *list = list_of(r, "steps", &n);
	struct step *steps = arena_alloc(r->arena, (n + 1) * sizeof(*steps));
	const char *target;

	for (size_t i = 0; i < n; i++) {
		if (step_read(r->arena, json_array_get(list, i), &steps[i], &target) < 0)
			return bad(r, "one of its steps is none");
		if (find_target(r, target, &steps[i].target) < 0)
			return -1;
	}
	r->plan.steps = steps;
	r->plan.step_count = n;
	return 0;
}

static int read_tasks(struct reading *r)
{
	size_t n;
	const json_t *list = list_of(r, "tasks", &n);
	struct plan_task *tasks = arena_alloc(r->arena, (n + 1) * sizeof(*tasks));

	for (size_t i = 0; i < n; i++) {
		const json_t *o = json_array_get(list, i);
		const char *word = json_string_value(json_object_get(o, "task"));

		while (tasks[i].kind < TASK_KINDS && (!word || strcmp(word, plan_task_word(tasks[i].kind)) != 0))
			tasks[i].kind++;
		if (tasks[i].kind == TASK_KINDS)
			return bad(r, "one of its tasks is none");
		if (find_target(r, json_string_value(json_object_get(o, "target")), &tasks[i].target) < 0)
			return -1;
		tasks[i].person = json_get_text(r->arena, o, "person");
		tasks[i].mail = json_get_text(r->arena, o, "mail");
		tasks[i].group = json_get_text(r->arena, o, "group");
		tasks[i].what = json_get_text(r->arena, o, "what");
	}
	r->plan.tasks = tasks;
	r->plan.task_count = n;
	return 0;
}

static int read_problems(struct reading *r)
{
	size_t n;
	const json_t *list = list_of(r, "problems", &n);
	struct plan_problem *problems = arena_alloc(r->arena, (n + 1) * sizeof(*problems));

	for (size_t i = 0; i < n; i++) {
		const json_t *o = json_array_get(list, i);
		const char *word = json_string_value(json_object_get(o, "problem"));

		while (problems[i].kind < PROBLEM_KINDS && (!word || strcmp(word, plan_problem_word(problems[i].kind)) != 0))
			problems[i].kind++;
		if (problems[i].kind == PROBLEM_KINDS)
			return bad(r, "one of its problems is none");
		if (find_target(r, json_string_value(json_object_get(o, "target")), &problems[i].target) < 0)
			return -1;
		problems[i].person = json_get_text(r->arena, o, "person");
		problems[i].what = json_get_text(r->arena, o, "what");
	}
	r->plan.problems = problems;
	r->plan.problem_count = n;
	return 0;
}

static int read_all(struct reading *r)
{
	if (json_get_number(r->root, "postern_plan") != PLAN_VERSION)
		return bad(r, "it does not say that it is one");
	r->plan.made = json_get_number(r->root, "made");
	r->plan.id = json_get_text(r->arena, r->root, "id");
	r->plan.fingerprint = json_get_text(r->arena, r->root, "fingerprint");
	r->plan.stopped = json_get_text(r->arena, r->root, "stopped");
	if (!r->plan.id || !r->plan.fingerprint)
		return bad(r, "it has no id or no fingerprint");
	read_targets(r);
	return read_steps(r) < 0 || read_tasks(r) < 0 || read_problems(r) < 0 ? -1 : 0;
}

int plan_read(struct arena *a, struct slice json, struct plan *out, struct error *err)
{
	struct reading r = {.arena = a, .err = err};
	json_error_t why;
	json_t *root = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, &why);
	int rc;

	if (!root)
		return error_set(err, REASON_FILE, "not a plan: line %d: %s", why.line, why.text);
	r.root = root;
	rc = read_all(&r);
	json_decref(root);
	if (rc < 0)
		return -1;
	*out = r.plan;
	return 0;
}
