/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of the ledger are JSON objects: a later version may add a field, and mdb_dump shows what is in them. */
#include "provision/ledger_record.h"

#include "provision/step_json.h"

const char *call_state_word(enum call_state state)
{
	static const char *const words[] = {[CALL_BEGUN] = "begun", [CALL_DONE] = "done", [CALL_FAILED] = "failed"};

	return words[state];
}

char *lower_case(struct arena *a, const char *s)
{
	char *out = arena_strdup(a, s);

	for (char *p = out; p && *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return out;
}

int ledger_key(struct arena *a, const char *target, const char *second, struct slice *out, struct error *err)
{
	size_t n = strlen(target), m = strlen(second);
	struct text key;

	if (n == 0 || m == 0 || n > LEDGER_KEY_MAX || m > LEDGER_KEY_MAX || n + 1 + m > STORE_KEY_MAX)
		return error_set(err, REASON_STORE, "%.80s at %.80s cannot be kept in the ledger: empty, or too long", second, target);
	text_begin(&key, a, n + m + 2);
	text_add(&key, slice_of(target, n + 1));
	text_add(&key, slice_c(second));
	*out = text_slice(&key);
	return 0;
}

const char *ledger_attachment(struct arena *a, const char *desk, const char *organization)
{
	return arena_printf(a, "%s\n%s", desk, organization);
}

int ledger_attachment_read(struct arena *a, const struct ledger_group *g, const char **desk_out, const char **organization_out)
{
	const char *end = strchr(g->name, '\n');

	if (!end)
		return 0;
	*desk_out = arena_copy(a, slice_of(g->name, (size_t)(end - g->name)));
	*organization_out = end + 1;
	return 1;
}

struct slice ledger_number(unsigned char bytes[8], uint64_t number)
{
	for (int i = 7; i >= 0; i--, number >>= 8)
		bytes[i] = (unsigned char)number;
	return slice_of(bytes, 8);
}

uint64_t ledger_number_read(struct slice value)
{
	uint64_t number = 0;

	for (size_t i = 0; i < value.n; i++)
		number = number << 8 | (unsigned char)value.p[i];
	return number;
}

int ledger_run_key(struct arena *a, const char *word, const char *target, const char *user, struct slice *out, struct error *err)
{
	struct text key;
	struct slice pair;

	if (ledger_key(a, target, user, &pair, err) < 0)
		return -1;
	text_begin(&key, a, 16 + pair.n);
	text_add_c(&key, word);
	text_add(&key, pair);
	*out = text_slice(&key);
	return out->n <= STORE_KEY_MAX ? 0 : error_set(err, REASON_STORE, "%.80s at %.80s cannot be kept in the ledger: too long", user, target);
}

int ledger_run_key_read(struct arena *a, const char *word, struct slice key, const char **target_out, const char **user_out)
{
	const size_t prefix = strlen(word);
	const char *nul = key.n > prefix ? memchr(key.p, 0, key.n) : NULL;

	if (!nul)
		return -1;
	*target_out = arena_copy(a, slice_of(key.p + prefix, (size_t)(nul - key.p) - prefix));
	*user_out = arena_copy(a, slice_of(nul + 1, key.n - (size_t)(nul - key.p) - 1));
	return 0;
}

/* ---- writing ---- */

static struct slice ended(struct text *t)
{
	text_add_c(t, "}");
	return text_slice(t);
}

static const char *deed_word(enum ledger_deed deed)
{
	return deed == LEDGER_CREATED ? "created" : "adopted";
}

struct slice ledger_person_write(struct arena *a, const struct ledger_person *p)
{
	struct text t;

	text_begin(&t, a, 256);
	text_add_c(&t, "{");
	json_add_text(&t, "user", p->user);
	json_add_text(&t, "account", p->account_id);
	json_add_text(&t, "mail", p->mail);
	json_add_text(&t, "deed", deed_word(p->deed));
	json_add_number(&t, "since", p->since);
	json_add_number(&t, "unwanted_since", p->unwanted_since);
	json_add_number(&t, "ended", p->ended);
	return ended(&t);
}

struct slice ledger_group_write(struct arena *a, const struct ledger_group *g)
{
	struct text t;

	text_begin(&t, a, 128);
	text_add_c(&t, "{");
	json_add_text(&t, "id", g->id);
	json_add_number(&t, "since", g->since);
	return ended(&t);
}

struct slice ledger_mail_write(struct arena *a, const struct ledger_mail *m)
{
	struct text t;

	text_begin(&t, a, 128);
	text_add_c(&t, "{");
	json_add_text(&t, "person", m->person);
	return ended(&t);
}

struct slice ledger_call_write(struct arena *a, const struct ledger_call *c)
{
	struct text t;

	text_begin(&t, a, 512);
	step_write(&t, &c->step, c->target);
	json_add_number(&t, "at", c->at);
	json_add_text(&t, "run", c->run);
	json_add_text(&t, "state", call_state_word(c->state));
	if (c->state != CALL_BEGUN) {
		json_add_number(&t, "ended", c->ended);
		json_add_number(&t, "status", c->status);
		json_add_number(&t, "requests", c->requests);
		json_add_text(&t, "answer", c->answer);
	}
	return ended(&t);
}

/* ---- reading ---- */

/* The two halves of a key, and the object of a value. */
static int open_record(struct arena *a, struct slice key, struct slice value, const char **first, const char **second, json_t **out,
	struct error *err)
{
	const char *nul = key.n > 0 ? memchr(key.p, 0, key.n) : NULL;
	json_error_t why;

	if (!nul)
		return error_set(err, REASON_STORE, "a key of the ledger is damaged");
	*first = arena_copy(a, slice_of(key.p, (size_t)(nul - key.p)));
	*second = arena_copy(a, slice_of(nul + 1, key.n - (size_t)(nul - key.p) - 1));
	*out = json_loadb(value.p, value.n, JSON_REJECT_DUPLICATES, &why);
	if (!*out)
		return error_set(err, REASON_STORE, "the record of %.80s at %.80s in the ledger is damaged: %s", *second, *first, why.text);
	return 0;
}

int ledger_loss_read(struct arena *a, struct slice key, struct slice value, struct ledger_loss *out, struct error *err)
{
	struct ledger_loss loss = {.at = (int64_t)ledger_number_read(value)};

	if (value.n != 8 || ledger_run_key_read(a, LEDGER_LOSS, key, &loss.target, &loss.user) < 0)
		return error_set(err, REASON_STORE, "a loss in the ledger is damaged");
	*out = loss;
	return 0;
}

int ledger_person_read(struct arena *a, struct slice key, struct slice value, struct ledger_person *out, struct error *err)
{
	struct ledger_person p = {0};
	const char *deed;
	json_t *object;

	if (open_record(a, key, value, &p.target, &p.person, &object, err) < 0)
		return -1;
	deed = json_string_value(json_object_get(object, "deed"));
	p.user = json_get_text(a, object, "user");
	p.account_id = json_get_text(a, object, "account");
	p.mail = json_get_text(a, object, "mail");
	p.deed = deed && strcmp(deed, "created") == 0 ? LEDGER_CREATED : LEDGER_ADOPTED;
	p.since = json_get_number(object, "since");
	p.unwanted_since = json_get_number(object, "unwanted_since");
	p.ended = json_get_number(object, "ended");
	json_decref(object);
	*out = p;
	return 0;
}

int ledger_group_read(struct arena *a, struct slice key, struct slice value, struct ledger_group *out, struct error *err)
{
	struct ledger_group g = {0};
	json_t *object;

	if (open_record(a, key, value, &g.target, &g.name, &object, err) < 0)
		return -1;
	g.id = json_get_text(a, object, "id");
	g.since = json_get_number(object, "since");
	json_decref(object);
	*out = g;
	return 0;
}

int ledger_mail_read(struct arena *a, struct slice key, struct slice value, struct ledger_mail *out, struct error *err)
{
	struct ledger_mail m = {0};
	json_t *object;

	if (open_record(a, key, value, &m.target, &m.mail, &object, err) < 0)
		return -1;
	m.person = json_get_text(a, object, "person");
	json_decref(object);
	if (!m.person)
		return error_set(err, REASON_STORE, "the record of the mail %.80s in the ledger is damaged: it names nobody", m.mail);
	*out = m;
	return 0;
}

static enum call_state state_read(const char *word)
{
	for (int i = CALL_BEGUN; word && i <= CALL_FAILED; i++)
		if (strcmp(word, call_state_word((enum call_state)i)) == 0)
			return (enum call_state)i;
	return CALL_BEGUN;
}

int ledger_call_read(struct arena *a, struct slice key, struct slice value, struct ledger_call *out, struct error *err)
{
	struct ledger_call c = {0};
	json_error_t why;
	json_t *object = json_loadb(value.p, value.n, JSON_REJECT_DUPLICATES, &why);
	int rc = -1;

	if (!object || key.n != 8 || step_read(a, object, &c.step, &c.target) < 0) {
		error_set(err, REASON_STORE, "a call in the ledger is damaged");
		goto out;
	}
	c.number = ledger_number_read(key);
	c.at = json_get_number(object, "at");
	c.ended = json_get_number(object, "ended");
	c.run = json_get_text(a, object, "run");
	c.state = state_read(json_string_value(json_object_get(object, "state")));
	c.status = (int)json_get_number(object, "status");
	c.requests = (unsigned)json_get_number(object, "requests");
	c.answer = json_get_text(a, object, "answer");
	*out = c;
	rc = 0;
out:
	json_decref(object);
	return rc;
}
