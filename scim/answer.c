/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a path and a method to what is to be done, in one transaction. */
#include "scim/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <unistd.h>

#define HEARD_EVERY 60

struct slice scim_error_body(struct arena *a, int status, const char *type, const char *detail)
{
	char number[16];
	json_t *body;
	char *text;
	struct slice out;

	snprintf(number, sizeof(number), "%d", status);
	body = json_pack("{s:[s], s:s, s:s*, s:s}", "schemas", URN_ERROR, "status", number, "scimType", type, "detail", detail);
	/* a detail may quote bytes that are no UTF-8 */
	if (!body)
		body = json_pack("{s:[s], s:s, s:s*}", "schemas", URN_ERROR, "status", number, "scimType", type);
	text = json_dumps(body, JSON_COMPACT);
	if (!text)
		abort();
	out = slice_c(arena_strdup(a, text));
	free(text);
	json_decref(body);
	return out;
}

static void refuse(struct work *w)
{
	struct scim_reply *r = w->reply;

	*r = (struct scim_reply){.status = w->fault.status, .type = w->fault.type, .allow = r->allow};
	r->body = scim_error_body(w->arena, w->fault.status, w->fault.type, w->fault.detail);
}

/* ---- what is asked for ---- */

struct target {
	const char *what;               /* "Users" */
	const char *name;               /* behind it; NULL: nothing */
};

/* "//Users/" as "Users": of a Tenant URL that ends in a slash Entra ID makes two, and one at the end says nothing. */
static const char *plain_path(struct arena *a, const char *path)
{
	char *copy = arena_alloc(a, strlen(path) + 1);
	size_t n = 0;

	for (; *path; path++)
		if (*path != '/' || (n && copy[n - 1] != '/'))
			copy[n++] = *path;
	copy[n && copy[n - 1] == '/' ? n - 1 : n] = 0;
	return copy;
}

static int read_target(struct work *w, struct target *out)
{
	const char *path = w->request->path, *slash;

	if (*path != '/')
		return fault_set(&w->fault, 404, NULL, "There is nothing at this address.");
	path = plain_path(w->arena, path);
	slash = strchr(path, '/');
	out->what = slash ? arena_copy(w->arena, slice_of(path, (size_t)(slash - path))) : path;
	out->name = slash ? slash + 1 : NULL;
	if (out->name && strchr(out->name, '/'))
		return fault_set(&w->fault, 404, NULL, "There is nothing at this address.");
	return 0;
}

static int wrong_method(struct work *w, const char *allow)
{
	w->reply->allow = allow;
	return fault_set(&w->fault, 405, NULL, "This address cannot be used that way; it takes %s.", allow);
}

static int answer_one(struct work *w, const struct resource_kind *k, const char *name)
{
	static int (*const methods[])(struct work *w, const struct resource_kind *k, const struct id *id) = {
		[SCIM_GET] = resource_read, [SCIM_PUT] = resource_replace, [SCIM_PATCH] = resource_patch, [SCIM_DELETE] = resource_delete,
		[SCIM_POST] = NULL,
	};
	struct id id;

	if (!methods[w->request->method])
		return wrong_method(w, "GET, PUT, PATCH, DELETE");
	if (!id_read(name, &id))
		return fault_set(&w->fault, 404, NULL, "There is no such %s.", k->kind == RESOURCE_USER ? "user" : "group");
	return methods[w->request->method](w, k, &id);
}

static int answer_resources(struct work *w, const struct resource_kind *k, const char *name)
{
	if (name)
		return answer_one(w, k, name);
	if (w->request->method == SCIM_GET)
		return list_answer(w, k->kind);
	if (w->request->method == SCIM_POST)
		return resource_create(w, k);
	return wrong_method(w, "GET, POST");
}

static int dispatch(struct work *w)
{
	struct target target;

	if (read_target(w, &target) < 0)
		return -1;
	if (strcmp(target.what, "Users") == 0)
		return answer_resources(w, &user_kind, target.name);
	if (strcmp(target.what, "Groups") == 0)
		return answer_resources(w, &group_kind, target.name);
	if (w->request->method != SCIM_GET)
		return wrong_method(w, "GET");
	return discovery_answer(w, target.what, target.name);
}

/* ---- one request ---- */

static int write_heard(struct scim *s, int64_t now, struct error *err)
{
	struct store_txn *t;

	if (store_begin_write(s->store, &t, err) < 0)
		return -1;
	if (data_meta_put(t, DATA_HEARD, now, err) < 0) {
		store_abort(t);
		return -1;
	}
	return store_commit(t, err);
}

/* That somebody asked at all: for `postern scim status`.  On a disk that is full, what only reads goes on without. */
static void note_heard(struct scim *s)
{
	int64_t now = clock_now();
	struct error err;

	if (now >= s->heard && now - s->heard < HEARD_EVERY)
		return;
	if (write_heard(s, now, &err) < 0)
		log_error("when Entra ID was heard cannot be kept", "detail", err.detail, NULL);
	s->heard = now;
}

static int run(struct work *w)
{
	bool reads = w->request->method == SCIM_GET;
	struct error err;
	int rc;

	note_heard(w->scim);
	if ((reads ? store_begin_read(w->scim->store, &w->t, &err) : store_begin_write(w->scim->store, &w->t, &err)) < 0)
		return fault_store(&w->fault, &err);
	rc = dispatch(w);
	if (rc < 0 || reads || !w->reply->done) {
		store_abort(w->t);
		return rc;
	}
	return store_commit(w->t, &err) < 0 ? fault_store(&w->fault, &err) : 0;
}

void scim_answer(struct scim *s, struct arena *a, const struct scim_request *request, struct scim_reply *out)
{
	struct work w = {.scim = s, .arena = a, .request = request, .reply = out};

	*out = (struct scim_reply){.status = 0};
	if (run(&w) < 0)
		refuse(&w);
}

/* ---- the file ---- */

int scim_open(const char *path, const char *base, struct scim **out, struct error *err)
{
	struct scim *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->base = strdup(base);
	if (!s->base)
		abort();
	if (data_open(path, STORE_WRITE, &s->store, err) < 0 || reindex_if_needed(s->store, err) < 0) {
		scim_close(s);
		return -1;
	}
	*out = s;
	return 0;
}

void scim_close(struct scim *s)
{
	if (!s)
		return;
	store_close(s->store);
	free(s->base);
	free(s);
}

static int count_disabled(struct slice key, struct slice value, void *context)
{
	struct scim_state *state = context;

	(void)key;
	/* as it is written: compact, the name and its value in one piece */
	if (memmem(value.p, value.n, "\"active\":false", 14))
		state->disabled++;
	return 0;
}

int scim_state(const char *path, struct scim_state *out, struct error *err)
{
	struct scim_state state = {0};
	struct store *s;
	struct store_txn *t;
	int rc;

	if (access(path, F_OK) < 0)
		return errno == ENOENT ? 0 : error_set(err, REASON_FILE, "%s: %s", path, strerror(errno));
	if (data_open(path, STORE_READ, &s, err) < 0)
		return -1;
	rc = store_begin_read(s, &t, err);
	if (rc == 0) {
		if (store_count(t, DATA_USERS, &state.users, err) < 0 || store_count(t, DATA_GROUPS, &state.groups, err) < 0 ||
			store_each(t, DATA_USERS, (struct slice){NULL, 0}, count_disabled, &state, err) < 0 ||
			data_meta_get(t, DATA_HEARD, &state.heard, err) < 0 || data_meta_get(t, DATA_CHANGED_AT, &state.changed, err) < 0)
			rc = -1;
		store_abort(t);
	}
	store_close(s);
	if (rc < 0)
		return -1;
	*out = state;
	return 1;
}
