/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is newly billed: see accounts_news.h.  jansson for the file, which others read as well. */
#include "provision/accounts_news.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/text.h"
#include "provision/account_record.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MOST ((size_t)1 << 18)
#define PRODUCTS_SHOWN 6
#define PRODUCT_MOST 60
#define TEXT_MOST 400

struct one {
	const char *key;                /* as in the inventory */
	const char *id;                 /* NULL: not told */
	int billable;
	const char *const *products;
};

struct accounts_before {
	struct arena *arena;
	bool known;                     /* there was an inventory */
	struct one *accounts;           /* by key, as they stand in the store */
	size_t count;
	const struct one **by_id;       /* those that have one */
	size_t id_count;
	const char **products;          /* that any of them had */
	size_t product_count;
	struct accounts_newly *found;
	size_t found_count, more;
};

/* ---- what was ---- */

static bool is_among(const char *const *list, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], word) == 0)
			return true;
	return false;
}

static size_t length(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

static int keep(struct slice key, struct slice value, void *context)
{
	struct accounts_before *b = context;
	struct account account;
	struct error ignored;

	/* one that cannot be read was no account to anybody else either */
	if (account_read(b->arena, value, &account, &ignored) < 0)
		return 0;
	b->accounts = arena_grow(b->arena, b->accounts, b->count, sizeof(*b->accounts));
	b->accounts[b->count++] = (struct one){arena_copy(b->arena, key), account.id, account.billable, account.products};
	for (size_t i = 0; account.products[i]; i++) {
		if (is_among(b->products, b->product_count, account.products[i]))
			continue;
		b->products = arena_grow(b->arena, b->products, b->product_count, sizeof(*b->products));
		b->products[b->product_count++] = account.products[i];
	}
	return 0;
}

static int by_id(const void *x, const void *y)
{
	return strcmp((*(const struct one *const *)x)->id, (*(const struct one *const *)y)->id);
}

static void sort_by_id(struct accounts_before *b)
{
	b->by_id = arena_alloc(b->arena, (b->count + 1) * sizeof(*b->by_id));
	for (size_t i = 0; i < b->count; i++)
		if (b->accounts[i].id)
			b->by_id[b->id_count++] = &b->accounts[i];
	if (b->id_count)
		qsort(b->by_id, b->id_count, sizeof(*b->by_id), by_id);
}

int accounts_before_read(struct arena *a, struct store_txn *t, struct accounts_before **out, struct error *err)
{
	struct accounts_before *b = arena_alloc(a, sizeof(*b));
	struct slice as_of;
	int rc = store_get(t, ACCOUNTS_IMPORTED, accounts_as_of_key, &as_of, err);

	if (rc < 0)
		return -1;
	*b = (struct accounts_before){.arena = a, .known = rc == 1};
	if (b->known && store_each(t, ACCOUNTS_MANAGED, (struct slice){"", 0}, keep, b, err) < 0)
		return -1;
	sort_by_id(b);
	*out = b;
	return 0;
}

/* ---- what is new ---- */

static int by_key(const void *key, const void *one)
{
	return strcmp(key, ((const struct one *)one)->key);
}

/* At most PRODUCT_MOST bytes. */
static size_t whole_characters(const char *text)
{
	size_t n = strlen(text);

	if (n > PRODUCT_MOST)
		for (n = PRODUCT_MOST; n && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
			;
	return n;
}

/* Products that the account has now and had not; with `all`, all of them. */
static const char *new_products(struct accounts_before *b, const struct account *account, const struct one *was, bool all)
{
	size_t had = was ? length(was->products) : 0, n = 0;
	struct text t;

	text_begin(&t, b->arena, 32);
	for (size_t i = 0; account->products && account->products[i]; i++) {
		const char *product = account->products[i];

		if (!all && (is_among(was->products, had, product) || !is_among(b->products, b->product_count, product)))
			continue;
		if (n == PRODUCTS_SHOWN)
			text_add_c(&t, ", ...");
		if (n++ >= PRODUCTS_SHOWN)
			continue;
		text_addf(&t, "%s%.*s", n > 1 ? ", " : "", (int)whole_characters(product), product);
	}
	return n ? t.p : "";
}

/* The same account as it was: by its id, since a mail may be told one day and not the next; by mail where one of both has no id. */
static const struct one *was_of(struct accounts_before *b, const struct account *account)
{
	const struct one wanted = {.id = account->id}, *key = &wanted, *was = NULL;
	const struct one *const *found = account->id && b->id_count ? bsearch(&key, b->by_id, b->id_count, sizeof(*b->by_id), by_id) : NULL;

	if (found)
		return *found;
	if (account->mail && b->count)
		was = bsearch(account_key(b->arena, account->mail).p, b->accounts, b->count, sizeof(*b->accounts), by_key);
	return was && !(was->id && account->id) ? was : NULL;
}

void accounts_before_compare(struct accounts_before *b, const struct account *account)
{
	const char *products;
	const struct one *was;
	bool newly;

	if (!b->known || account->billable != 1)
		return;
	was = was_of(b, account);
	if (was && was->billable < 0)
		return;
	newly = !was || was->billable == 0;
	products = new_products(b, account, was, newly);
	if (!newly && !*products)
		return;
	if (b->found_count == ACCOUNTS_NEWS_MOST) {
		b->more++;
		return;
	}
	b->found = arena_grow(b->arena, b->found, b->found_count, sizeof(*b->found));
	b->found[b->found_count++] = (struct accounts_newly){.products = products,
		.mail = account->mail ? arena_strdup(b->arena, account->mail) : arena_printf(b->arena, "account %s", account->id)};
}

/* ---- the file ---- */

static const char *file_of(struct arena *a, const char *path)
{
	return arena_printf(a, "%s.billed", path);
}

/* Bounded and clean: roles with fewer rights than the reader's may have written it. */
static const char *text_of(struct arena *a, const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text && strlen(text) <= TEXT_MOST && utf8_is_clean(slice_c(text)) ? arena_strdup(a, text) : NULL;
}

static void read_people(struct arena *a, const json_t *list, int64_t now, struct accounts_news *out)
{
	struct accounts_newly *people = arena_alloc(a, (ACCOUNTS_NEWS_MOST + 1) * sizeof(*people));
	const json_t *o;
	size_t i;

	json_array_foreach(list, i, o) {
		struct accounts_newly one = {text_of(a, o, "mail"), text_of(a, o, "products"), json_integer_value(json_object_get(o, "since"))};

		if (!one.mail || !one.products || one.since <= 0 || one.since > now || now - one.since >= ACCOUNTS_NEWS_TIME ||
			out->count == ACCOUNTS_NEWS_MOST)
			continue;
		people[out->count++] = one;
		out->newest = one.since > out->newest ? one.since : out->newest;
	}
	out->people = people;
}

int accounts_news_read(struct arena *a, const char *path, int64_t now, struct accounts_news *out, struct error *err)
{
	const char *file = file_of(a, path);
	struct accounts_news news = {0};
	struct slice bytes;
	json_int_t more;
	json_t *o;

	if (access(file, F_OK) < 0 && errno == ENOENT) {
		*out = news;
		return 0;
	}
	if (file_read(a, file, FILE_PUBLIC, FILE_MOST, &bytes, err) < 0)
		return -1;
	o = json_loadb(bytes.p, bytes.n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(o)) {
		json_decref(o);
		return error_set(err, REASON_FILE, "%s: is not what Postern writes there", file);
	}
	read_people(a, json_object_get(o, "people"), now, &news);
	news.as_of = json_integer_value(json_object_get(o, "as_of"));
	if (news.as_of < 0 || news.as_of > now)         /* a clock that was wrong */
		news.as_of = 0;
	more = json_integer_value(json_object_get(o, "more"));
	if (news.count && more > 0 && more < 100000000)
		news.more = (size_t)more;
	json_decref(o);
	*out = news;
	return 0;
}

static void add(json_t *list, const struct accounts_newly *one, int64_t since)
{
	json_t *o = json_object();

	json_object_set_new(o, "mail", json_string(one->mail));
	json_object_set_new(o, "products", json_string(one->products));
	json_object_set_new(o, "since", json_integer(since));
	json_array_append_new(list, o);
}

int accounts_before_tell(struct accounts_before *b, const char *path, int64_t now, struct error *err)
{
	json_t *o = json_object(), *list = json_array();
	struct accounts_news old = {0};
	struct error ignored;
	size_t kept = 0, more, i;
	char *text;
	int rc;

	/* a damaged file is written anew */
	if (accounts_news_read(b->arena, path, now, &old, &ignored) < 0)
		old = (struct accounts_news){0};
	for (i = 0; i < b->found_count; i++)
		add(list, &b->found[i], now);
	for (; kept < old.count && i + kept < ACCOUNTS_NEWS_MOST; kept++)
		add(list, &old.people[kept], old.people[kept].since);
	json_object_set_new(o, "as_of", json_integer(now));
	json_object_set_new(o, "people", list);
	more = b->more + old.more + (old.count - kept);
	json_object_set_new(o, "more", json_integer((json_int_t)more));
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	rc = text ? file_write(file_of(b->arena, path), 0640, slice_c(text), err) :
		error_set(err, REASON_INTERNAL, "who is newly billed cannot be written as JSON");
	free(text);
	return rc;
}
