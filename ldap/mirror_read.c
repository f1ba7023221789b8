/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reading side: one person out of the file, or a refusal. */
#include "ldap/reader.h"

#include "base/encode.h"

#include <errno.h>
#include <sys/stat.h>

/* A file with tables and nothing else is about that large. */
#define NEW_FILE_MAX 65536

int mirror_open(const char *path, struct mirror **out, struct error *err)
{
	const struct store_options options = {.path = path, .use = STORE_READ, .schema = MIRROR_SCHEMA,
		.tables = mirror_tables};
	struct store *store;
	struct mirror *m;
	struct stat st;

	if (stat(path, &st) < 0 && errno == ENOENT)
		return error_set(err, REASON_MIRROR_EMPTY, "%s is not there yet: no directory was read", path);
	if (store_open(&options, &store, err) < 0) {
		/* perhaps the writer is making it at this moment: its tables appear with its first commit */
		if (stat(path, &st) == 0 && st.st_size < NEW_FILE_MAX)
			err->reason = REASON_MIRROR_EMPTY;
		return -1;
	}
	m = calloc(1, sizeof(*m));
	if (!m)
		abort();
	m->store = store;
	*out = m;
	return 0;
}

void mirror_close(struct mirror *m)
{
	if (!m)
		return;
	store_close(m->store);
	free(m);
}

int mirror_open_again(const char *path, struct mirror **m, struct error *err)
{
	if (*m && store_is_replaced((*m)->store)) {
		mirror_close(*m);
		*m = NULL;
	}
	return *m ? 0 : mirror_open(path, m, err);
}

int read_person(struct reading *r, node_id id, struct slice *out, struct error *err)
{
	struct id_key k = key_id(id);
	struct slice s;
	int found = store_get(r->txn, TABLE_PERSON, id_slice(&k), &s, err);

	if (found == 1)
		*out = arena_slice(r->arena, s);
	return found;
}

/* Who is missing from a mirror that is not whole may only not have arrived; and who is there may be there twice. */
int require_filled(struct reading *r, struct error *err)
{
	struct state state;

	if (r->count == 0)
		return error_set(err, REASON_MIRROR_EMPTY, "no directory is configured");
	for (size_t i = 0; i < r->count; i++) {
		const struct directory_options *d = &r->directories[i];

		if (state_read(r->txn, d->name, &state, err) < 0)
			return -1;
		if ((state.whole & STATE_WHOLE) != STATE_WHOLE)
			return error_set(err, REASON_MIRROR_EMPTY, "directory %s was not read whole yet%s%s", d->name,
				*state.error ? ": " : "", state.error);
		if (state.fingerprint != settings_fingerprint(d))
			return error_set(err, REASON_MIRROR_EMPTY,
				"directory %s was read under other settings, and is being read anew",
				d->name);
	}
	return 0;
}

const char *uuid_text(struct arena *a, const unsigned char u[UUID_SIZE])
{
	char hex[UUID_SIZE * 2 + 1], *out = arena_alloc(a, UUID_SIZE * 2 + 5), *p = out;

	hex_encode(u, UUID_SIZE, hex);
	for (size_t i = 0; i < UUID_SIZE * 2; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			*p++ = '-';
		*p++ = hex[i];
	}
	return out;
}

/*
 * The mail names the account at the other side, so two people with one mail
 * would share an account.  Entries that are switched off do not count.
 */
static int require_own_mail(struct reading *r, const struct found *person, const char *mail, struct error *err)
{
	struct found_list list = {NULL, 0};
	struct slice bytes = {0};
	struct record other;

	if (strlen(mail) > INDEX_VALUE_MAX)
		return error_set(err, REASON_PERSON_NO_MAIL, "a mail address of %zu bytes, at most %d: who else has it is not known",
			strlen(mail), INDEX_VALUE_MAX);
	for (size_t i = 0; i < r->count; i++)
		if (find_by_value(r, &r->directories[i], r->directories[i].mail_attribute, slice_c(mail), &list, err) < 0)
			return -1;
	for (size_t i = 0; i < list.n; i++) {
		int found = list.items[i].id == person->id ? 0 : read_person(r, list.items[i].id, &bytes, err);

		if (found < 0 || (found && record_read_head(bytes, &other, err) < 0))
			return -1;
		if (found && !other.disabled && other.name && strcasecmp(other.name, mail) == 0)
			return error_set(err, REASON_PERSON_FOUND_TWICE, "%s has the same mail address, %s", other.dn, mail);
	}
	return 0;
}

/* A step that may refuse the person: the first refusal is kept, and what else there is to know still found out. */
static int refused(const struct error *e, struct error *refusal, struct error *err)
{
	if (e->reason == REASON_STORE) {
		*err = *e;
		return -1;
	}
	if (refusal->reason == REASON_NONE)
		*refusal = *e;
	return 0;
}

int fill_person(struct reading *r, const struct found *f, struct mirror_person *out, struct error *refusal, struct error *err)
{
	struct mirror_person p = {.directory = f->directory->name, .joined_by = f->how};
	struct slice bytes = {0};
	struct record record;
	struct state state;
	struct error e;
	int found = read_person(r, f->id, &bytes, err);

	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(err, REASON_STORE, "the mirror's index names a person that is not there");
	if (record_read(r->arena, bytes, &record, err) < 0 || state_read(r->txn, f->directory->name, &state, err) < 0)
		return -1;
	*refusal = (struct error){.reason = REASON_NONE};
	if (record.disabled)
		error_set(refusal, REASON_PERSON_DISABLED, "%s is switched off in directory %s", record.dn, f->directory->name);
	else if (require_account(f->directory, &record, refusal) == 0 && record.name && require_own_mail(r, f, record.name, &e) < 0 &&
		refused(&e, refusal, err) < 0)
		return -1;
	if (walk_groups(r, f->directory, f->id, &p.groups, &p.group_count, &e) < 0 && refused(&e, refusal, err) < 0)
		return -1;
	p.dn = record.dn;
	p.entry_uuid = uuid_text(r->arena, record.uuid);
	p.mail = record.name;
	p.disabled = record.disabled;
	p.attributes = record.attributes;
	p.attribute_count = record.attribute_count;
	p.as_of = state.as_of;
	*out = p;
	return 0;
}

static int fill_or_refuse(struct reading *r, const struct found *f, struct mirror_person *out, struct error *err)
{
	struct mirror_person person;
	struct error refusal;

	if (fill_person(r, f, &person, &refusal, err) < 0)
		return -1;
	if (refusal.reason != REASON_NONE) {
		*err = refusal;
		return -1;
	}
	*out = person;
	return 0;
}

int mirror_person(struct arena *a, struct mirror *m, const struct directory_options *directories, size_t directory_count,
	const struct mirror_query *query, struct mirror_person *out, struct error *err)
{
	struct reading r = {a, NULL, directories, directory_count};
	struct found found;
	int rc = -1;

	if (store_begin_read(m->store, &r.txn, err) < 0)
		return -1;
	if (require_filled(&r, err) == 0 && find_by_claims(&r, query, &found, err) == 0)
		rc = fill_or_refuse(&r, &found, out, err);
	store_abort(r.txn);
	return rc;
}

int mirror_person_named(struct arena *a, struct mirror *m, const struct directory_options *directories, size_t directory_count,
	const char *name, struct mirror_person *out, struct error *err)
{
	struct reading r = {a, NULL, directories, directory_count};
	struct found found;
	int rc = -1;

	if (store_begin_read(m->store, &r.txn, err) < 0)
		return -1;
	if (require_filled(&r, err) == 0 && find_by_name(&r, name, &found, err) == 0)
		rc = fill_or_refuse(&r, &found, out, err);
	store_abort(r.txn);
	return rc;
}

