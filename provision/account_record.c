/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An account as a JSON object, so that a later version may add a field and an
 * administrator can read the file with mdb_dump.  jansson stays in this file.
 */
#include "provision/account_record.h"

#include "base/encode.h"

#include <jansson.h>
#include <stdlib.h>

const char *const accounts_tables[] = {"managed", "imported", NULL};
const struct slice accounts_as_of_key = {"as_of", 5};
const char accounts_cure[] = "run that version, or move the file away and import Atlassian's export again: postern accounts import FILE.csv";

static const char *const kinds[] = {
	[ACCOUNT_UNKNOWN] = "unknown",
	[ACCOUNT_MANAGED] = "managed",
	[ACCOUNT_PORTAL] = "portal",
};

static enum account_kind read_kind(const char *word)
{
	for (size_t i = 0; word && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(word, kinds[i]) == 0)
			return (enum account_kind)i;
	return ACCOUNT_UNKNOWN;
}

struct slice account_key(struct arena *a, const char *mail)
{
	char *key = arena_strdup(a, mail);

	for (char *p = key; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return slice_c(key);
}

/* ---- where it was seen ---- */

const char *const seen_tables[] = {"accounts", "sources", NULL};

const char *account_seen_path(struct arena *a, const char *path)
{
	return arena_printf(a, "%s.seen", path);
}

struct slice account_seen_prefix(struct arena *a, const char *mail)
{
	return slice_c(arena_printf(a, "%s\n", account_key(a, mail).p));
}

struct slice account_seen_key(struct arena *a, const char *source, const struct account *account)
{
	const struct slice none = {NULL, 0};
	struct slice key;

	if (!account->mail || strlen(account->mail) > ACCOUNT_MAIL_MAX || strchr(account->mail, '\n'))
		return none;
	key = slice_c(arena_printf(a, "%s%s\n%s", account_seen_prefix(a, account->mail).p, source, kinds[account->kind]));
	return key.n <= STORE_KEY_MAX ? key : none;
}

struct slice account_seen_source(struct slice key)
{
	const char *begin = memchr(key.p, '\n', key.n), *end;

	if (!begin)
		return slice_of(key.p, 0);
	begin++;
	end = memchr(begin, '\n', key.n - (size_t)(begin - key.p));
	return slice_of(begin, end ? (size_t)(end - begin) : 0);
}

bool account_of_seen_key(struct arena *a, struct slice key, struct account *out)
{
	struct slice source = account_seen_source(key);

	if (source.n == 0)
		return false;
	*out = (struct account){.mail = arena_printf(a, "%.*s", (int)(source.p - 1 - key.p), key.p), .billable = -1};
	out->kind = read_kind(arena_printf(a, "%.*s", (int)(key.p + key.n - source.p - source.n - 1), source.p + source.n + 1));
	return out->kind != ACCOUNT_UNKNOWN;
}

int account_time_read(struct slice value, int64_t *out, struct error *err)
{
	uint64_t seconds;

	if (number_read(value, 0, TIME_LAST, &seconds) < 0)
		return error_set(err, REASON_STORE, "the time of the inventory of accounts is damaged");
	*out = (int64_t)seconds;
	return 0;
}

/* ---- writing ---- */

/* Memory that ran out ends the process, as in base/arena.h. */
static json_t *made(json_t *j)
{
	if (!j)
		abort();
	return j;
}

static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, made(value)) < 0)
		abort();
}

static void set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		set(object, key, json_string(text));
}

static json_t *texts(const char *const *list)
{
	json_t *array = made(json_array());

	for (; list && *list; list++)
		if (json_array_append_new(array, made(json_string(*list))) < 0)
			abort();
	return array;
}

struct slice account_write(struct arena *a, const struct account *account)
{
	json_t *object = made(json_object());
	struct slice out;
	char *text;

	set_text(object, "mail", account->mail);
	set_text(object, "name", account->name);
	set_text(object, "id", account->id);
	set_text(object, "kind", kinds[account->kind]);
	set_text(object, "status", account->status);
	set(object, "billable", json_integer(account->billable));
	set_text(object, "last_active", account->last_active);
	set(object, "products", texts(account->products));
	if (account->products_active)
		set(object, "products_active", texts(account->products_active));
	set(object, "as_of", json_integer(account->as_of));
	text = json_dumps(object, JSON_COMPACT);
	if (!text)
		abort();
	out = slice_c(arena_strdup(a, text));
	free(text);
	json_decref(object);
	return out;
}

/* ---- into the table ---- */

static bool has_mail(const struct account *account)
{
	return account->mail && *account->mail && strlen(account->mail) <= ACCOUNT_MAIL_MAX;
}

/* The key of an account beside the mails; {NULL, 0}: it has no id that could be one. */
static struct slice key_beside(struct arena *a, const struct account *account)
{
	struct slice none = {NULL, 0};

	if (!account->id || !*account->id || strlen(account->id) >= STORE_KEY_MAX)
		return none;
	return slice_c(arena_printf(a, ACCOUNT_BESIDE "%s", account->id));
}

static int put_beside(struct arena *a, struct store_txn *t, const struct account *account, struct error *err)
{
	struct slice key = key_beside(a, account);

	return key.n == 0 ? 0 : store_put_new(t, ACCOUNTS_MANAGED, key, account_write(a, account), err);
}

/* Another account has the mail already. */
static int put_twin(struct arena *a, struct store_txn *t, struct slice key, const struct account *account, const char **why_beside,
	struct error *err)
{
	struct account first;
	struct slice record;
	int beside;

	*why_beside = "another account has the same mail; the first is found by it";
	if (store_get(t, ACCOUNTS_MANAGED, key, &record, err) != 1 || account_read(a, record, &first, err) < 0)
		return -1;
	if (first.id && account->id && strcmp(first.id, account->id) == 0) {
		*why_beside = "it is listed twice";
		return 0;
	}
	if (account->billable != 1 || first.billable == 1)
		return put_beside(a, t, account, err);
	*why_beside = "another account has the same mail; this one is billed, and found by it";
	beside = put_beside(a, t, &first, err);
	if (beside < 0 || store_put(t, ACCOUNTS_MANAGED, key, account_write(a, account), err) < 0)
		return -1;
	return beside == 1 ? 1 : 2;
}

int account_put(struct arena *a, struct store_txn *t, const struct account *account, const char **why_beside, struct error *err)
{
	struct slice key;
	int rc;

	*why_beside = "no mail address is told";
	if (!has_mail(account))
		return put_beside(a, t, account, err);
	*why_beside = NULL;
	key = account_key(a, account->mail);
	rc = store_put_new(t, ACCOUNTS_MANAGED, key, account_write(a, account), err);
	return rc != 0 ? rc : put_twin(a, t, key, account, why_beside, err);
}

/* ---- reading ---- */

static const char *get_text(struct arena *a, const json_t *object, const char *key)
{
	return arena_strdup(a, json_string_value(json_object_get(object, key)));
}

static const char *const *get_products(struct arena *a, const json_t *object)
{
	const json_t *list = json_object_get(object, "products");
	size_t n = json_array_size(list), kept = 0;
	const char **products = arena_alloc(a, (n + 1) * sizeof(*products));

	for (size_t i = 0; i < n; i++) {
		products[kept] = arena_strdup(a, json_string_value(json_array_get(list, i)));
		kept += products[kept] != NULL;
	}
	return products;
}

/* Only where there is one for each product. */
static const char *const *get_activity(struct arena *a, const json_t *object)
{
	const json_t *list = json_object_get(object, "products_active");
	size_t n = json_array_size(list);
	const char **active;

	if (n == 0 || n != json_array_size(json_object_get(object, "products")))
		return NULL;
	active = arena_alloc(a, (n + 1) * sizeof(*active));
	for (size_t i = 0; i < n; i++) {
		active[i] = arena_strdup(a, json_string_value(json_array_get(list, i)));
		if (!active[i] || !json_is_string(json_array_get(json_object_get(object, "products"), i)))
			return NULL;
	}
	return active;
}

int account_read(struct arena *a, struct slice bytes, struct account *out, struct error *err)
{
	json_error_t why;
	json_t *object = json_loadb(bytes.p, bytes.n, JSON_REJECT_DUPLICATES, &why);
	struct account account;
	int rc = -1;

	account = (struct account){
		.mail = get_text(a, object, "mail"),
		.name = get_text(a, object, "name"),
		.id = get_text(a, object, "id"),
		.kind = read_kind(json_string_value(json_object_get(object, "kind"))),
		.status = get_text(a, object, "status"),
		.last_active = get_text(a, object, "last_active"),
		.as_of = json_integer_value(json_object_get(object, "as_of")),
		.products = get_products(a, object),
		.products_active = get_activity(a, object),
	};
	account.billable = -1;
	if (json_is_integer(json_object_get(object, "billable")))
		account.billable = (int)json_integer_value(json_object_get(object, "billable"));
	if ((!account.mail && !account.id) || account.kind == ACCOUNT_UNKNOWN) {
		error_set(err, REASON_STORE, "a record of the inventory of accounts is damaged: %s",
			object ? "neither mail nor id, or no kind" : why.text);
		goto out;
	}
	*out = account;
	rc = 0;
out:
	json_decref(object);
	return rc;
}
