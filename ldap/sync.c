/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RFC 4533 by hand: libldap's ldap_sync_init blocks for a whole refresh, hides
 * cookies that come alone, and mixes up two searches on one handle.
 *
 * Whatever is not built as the standard says ends the connection: a message
 * that was misread could delete people.
 *
 * Units are followed by searches of their own (containers.h).
 */
#include "ldap/sync.h"

#include "base/clock.h"
#include "base/log.h"

#include <ldap.h>
#include <sys/time.h>

/* After the search for units ended; and after there were too many of them. */
#define UNITS_AGAIN INT64_C(60000000)
#define UNITS_MUCH_LATER INT64_C(3600000000)

struct sync {
	int searches[MIRROR_KINDS];     /* message ids; 0: none */
	int probe;
};

static int malformed(const struct feed *f, const char *what, struct error *err)
{
	return error_set(err, REASON_DIRECTORY, "%s: %s is not built as RFC 4533 says", f->connection->uri, what);
}

/* ---- requests ---- */

/* syncRequestValue (RFC 4533 section 2.2); reloadHint is false. */
static int request_value(struct slice cookie, struct berval *out)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	struct berval c = {cookie.n, (char *)cookie.p};
	int rc = -1;

	if (!ber)
		abort();
	if (cookie.p)
		rc = ber_printf(ber, "{eOb}", LDAP_SYNC_REFRESH_AND_PERSIST, &c, 0);
	else
		rc = ber_printf(ber, "{eb}", LDAP_SYNC_REFRESH_AND_PERSIST, 0);
	if (rc >= 0)
		rc = ber_flatten2(ber, out, 1);
	ber_free(ber, 1);
	return rc < 0 ? -1 : 0;
}

static int sync_start(struct feed *f, enum mirror_kind kind, struct slice cookie, struct error *err)
{
	const struct directory_options *d = f->directory;
	const char *group_attributes[GROUP_ATTRIBUTES_MAX + 3];
	const char *const *const attributes[MIRROR_KINDS] = {
		[MIRROR_PEOPLE] = f->person_attributes, [MIRROR_GROUPS] = group_attributes, [MIRROR_RULES] = d->rules_attributes,
	};
	const struct feed_source source = feed_source(d, kind);
	LDAPControl control = {(char *)SYNC_CONTROL_OID, {0, NULL}, 1};
	LDAPControl *controls[] = {&control, NULL};
	struct sync *own = f->own;
	int rc;

	feed_group_attributes(d, group_attributes);
	if (request_value(cookie, &control.ldctl_value) < 0)
		return error_set(err, REASON_DIRECTORY, "the request for changes could not be written");
	/* the one before would go on telling news */
	if (own->searches[kind])
		ldap_abandon_ext(f->connection->ld, own->searches[kind], NULL, NULL);
	own->searches[kind] = 0;
	rc = ldap_search_ext(f->connection->ld, source.base, LDAP_SCOPE_SUBTREE, source.filter, (char **)attributes[kind], 0,
		controls, NULL, NULL, LDAP_NO_LIMIT, &own->searches[kind]);
	ber_memfree(control.ldctl_value.bv_val);
	return rc == LDAP_SUCCESS ? 0 : connection_error(f->connection, "search for changes", rc, err);
}

/* Whatever is wrong with it harms nothing else, and is told once. */
static void units_warn(const struct feed *f, struct branch *b, const char *text)
{
	char detail[sizeof(b->warned)];

	snprintf(detail, sizeof(detail), "%s: %s", b->base, text);
	if (strcmp(detail, b->warned) == 0)
		return;
	memcpy(b->warned, detail, sizeof(detail));
	log_warning("units that are renamed or moved are noticed only when everything is read again", "directory", f->directory->name,
		"detail", detail, NULL);
}

static void units_end(struct feed *f, struct branch *b, const char *text, int64_t again_after)
{
	if (b->search)
		ldap_abandon_ext(f->connection->ld, b->search, NULL, NULL);
	branch_drop(b);
	b->again_at = clock_monotonic_us() + again_after;
	units_warn(f, b, text);
}

/* Always from the beginning: what is known of them is compared, and no cookie is kept. */
static void units_start(struct feed *f, struct branch *b)
{
	static const char *const attributes[] = {"hasSubordinates", NULL};
	LDAPControl control = {(char *)SYNC_CONTROL_OID, {0, NULL}, 1};
	LDAPControl *controls[] = {&control, NULL};
	int rc = LDAP_ENCODING_ERROR;

	branch_begin(b);
	if (request_value((struct slice){NULL, 0}, &control.ldctl_value) == 0)
		rc = ldap_search_ext(f->connection->ld, b->base, LDAP_SCOPE_SUBTREE, container_filter, (char **)attributes, 0, controls,
			NULL, NULL, LDAP_NO_LIMIT, &b->search);
	ber_memfree(control.ldctl_value.bv_val);
	if (rc != LDAP_SUCCESS) {
		b->search = 0;
		units_end(f, b, ldap_err2string(rc), UNITS_AGAIN);
	}
}

static void units_when_due(struct feed *f)
{
	for (size_t i = 0; f->containers && i < f->containers->n; i++) {
		struct branch *b = &f->containers->branches[i];

		if (b->again_at && clock_monotonic_us() >= b->again_at)
			units_start(f, b);
	}
}

/* Before people and groups are read, so that what is moved while they are is told. */
static int sync_begin(struct feed *f, struct error *err)
{
	(void)err;
	f->own = calloc(1, sizeof(struct sync));
	if (!f->own)
		abort();
	for (size_t i = 0; f->containers && i < f->containers->n; i++)
		units_start(f, &f->containers->branches[i]);
	return 0;
}

static void sync_end(struct feed *f)
{
	for (size_t i = 0; f->containers && i < f->containers->n; i++)
		branch_drop(&f->containers->branches[i]);
	free(f->own);
	f->own = NULL;
}

static int sync_probe(struct feed *f, struct error *err)
{
	static const char *const none[] = {LDAP_NO_ATTRS, NULL};
	struct sync *own = f->own;
	int rc = ldap_search_ext(f->connection->ld, "", LDAP_SCOPE_BASE, NULL, (char **)none, 0, NULL, NULL, NULL, 1,
		&own->probe);

	f->probing = rc == LDAP_SUCCESS;
	return rc == LDAP_SUCCESS ? 0 : connection_error(f->connection, "probe", rc, err);
}

/* ---- answers ---- */

static struct slice copy(struct arena *a, const struct berval *v)
{
	return arena_slice(a, slice_of(v->bv_val ? v->bv_val : "", v->bv_len));
}

/* NULL for an empty value: liblber reads from address 0 then. */
static BerElement *reader_of(const struct berval *value)
{
	return value->bv_val && value->bv_len ? ber_init((struct berval *)value) : NULL;
}

static int take_uuids(struct arena *a, const struct berval *values, struct sync_event *out)
{
	unsigned char (*list)[UUID_SIZE];
	size_t n = 0;

	while (values && values[n].bv_val)
		n++;
	list = arena_alloc(a, n * UUID_SIZE + 1);
	for (size_t i = 0; i < n; i++) {
		if (values[i].bv_len != UUID_SIZE)
			return -1;
		memcpy(list[i], values[i].bv_val, UUID_SIZE);
	}
	out->uuids = (const unsigned char (*)[UUID_SIZE])list;
	out->uuid_count = n;
	return 0;
}

static int optional_cookie(struct arena *a, BerElement *ber, struct sync_event *out)
{
	struct berval cookie;
	ber_len_t n;

	if (ber_peek_tag(ber, &n) != LDAP_TAG_SYNC_COOKIE)
		return 0;
	if (ber_scanf(ber, "m", &cookie) == LBER_ERROR)
		return -1;
	out->cookie = copy(a, &cookie);
	return 0;
}

static int optional_boolean(BerElement *ber, bool *value)
{
	ber_int_t b;
	ber_len_t n;

	if (ber_peek_tag(ber, &n) != LBER_BOOLEAN)
		return 0;
	if (ber_scanf(ber, "b", &b) == LBER_ERROR)
		return -1;
	*value = b != 0;
	return 0;
}

/* syncStateValue (section 2.3) */
static int take_state(struct arena *a, const struct berval *value, struct sync_event *out, unsigned char uuid[UUID_SIZE])
{
	static const enum sync_what meaning[] = {
		[LDAP_SYNC_PRESENT] = SYNC_PRESENT, [LDAP_SYNC_ADD] = SYNC_ENTRY, [LDAP_SYNC_MODIFY] = SYNC_ENTRY,
		[LDAP_SYNC_DELETE] = SYNC_GONE
	};
	struct berval id, both[2] = {{0, NULL}, {0, NULL}};
	BerElement *ber = reader_of(value);
	ber_int_t state;
	int rc = -1;

	if (!ber)
		return -1;
	if (ber_scanf(ber, "{em", &state, &id) == LBER_ERROR || id.bv_len != UUID_SIZE)
		goto out;
	if (state < LDAP_SYNC_PRESENT || state > LDAP_SYNC_DELETE || optional_cookie(a, ber, out) < 0)
		goto out;
	memcpy(uuid, id.bv_val, UUID_SIZE);
	both[0] = id;
	out->what = meaning[state];
	rc = take_uuids(a, both, out);
out:
	ber_free(ber, 1);
	return rc;
}

static int take_entry(struct feed *f, struct arena *a, LDAPMessage *message, struct sync_event *out, struct error *err)
{
	unsigned char uuid[UUID_SIZE];
	LDAPControl **controls = NULL, *state;
	int rc = ldap_get_entry_controls(f->connection->ld, message, &controls);

	if (rc != LDAP_SUCCESS)
		return connection_error(f->connection, "an entry's state", rc, err);
	state = ldap_control_find(LDAP_CONTROL_SYNC_STATE, controls, NULL);
	rc = state ? take_state(a, &state->ldctl_value, out, uuid) : -1;
	ldap_controls_free(controls);
	if (rc < 0)
		return malformed(f, "the state of an entry", err);
	if (out->what != SYNC_ENTRY)
		return 0;
	if (entry_take(f->connection, a, message, &out->entry, err) < 0)
		return -1;
	entry_keep(a, &out->entry);
	memcpy(out->entry.uuid, uuid, UUID_SIZE);
	return 0;
}

static int take_phase(struct arena *a, BerElement *ber, enum sync_what what, struct sync_event *out)
{
	ber_tag_t tag;

	out->what = what;
	out->refresh_done = true;
	if (ber_scanf(ber, "t{", &tag) == LBER_ERROR || optional_cookie(a, ber, out) < 0)
		return -1;
	return optional_boolean(ber, &out->refresh_done);
}

static int take_id_set(struct arena *a, BerElement *ber, struct sync_event *out)
{
	BerVarray uuids = NULL;
	bool deletes = false;
	ber_tag_t tag;
	int rc;

	if (ber_scanf(ber, "t{", &tag) == LBER_ERROR || optional_cookie(a, ber, out) < 0 ||
		optional_boolean(ber, &deletes) < 0 ||
		ber_scanf(ber, "[W]", &uuids) == LBER_ERROR)
		return -1;
	out->what = deletes ? SYNC_GONE : SYNC_PRESENT;
	rc = take_uuids(a, uuids, out);
	ber_bvarray_free(uuids);
	return rc;
}

/* syncInfoValue (section 2.5) */
static int take_info_value(struct arena *a, const struct berval *value, struct sync_event *out)
{
	BerElement *ber = reader_of(value);
	struct berval cookie;
	ber_tag_t tag;
	ber_len_t n;
	int rc = -1;

	if (!ber)
		return -1;
	switch (ber_peek_tag(ber, &n)) {
	case LDAP_TAG_SYNC_NEW_COOKIE:
		if (ber_scanf(ber, "tm", &tag, &cookie) == LBER_ERROR)
			break;
		out->what = SYNC_COOKIE;
		out->cookie = copy(a, &cookie);
		rc = 0;
		break;
	case LDAP_TAG_SYNC_REFRESH_PRESENT:
		rc = take_phase(a, ber, SYNC_PRESENT_PHASE_OVER, out);
		break;
	case LDAP_TAG_SYNC_REFRESH_DELETE:
		rc = take_phase(a, ber, SYNC_DELETE_PHASE_OVER, out);
		break;
	case LDAP_TAG_SYNC_ID_SET:
		rc = take_id_set(a, ber, out);
		break;
	default:
		break;
	}
	ber_free(ber, 1);
	return rc;
}

static int take_info(struct feed *f, struct arena *a, LDAPMessage *message, struct sync_event *out, struct error *err)
{
	struct berval *value = NULL;
	char *oid = NULL;
	int rc = ldap_parse_intermediate(f->connection->ld, message, &oid, &value, NULL, 0);

	if (rc != LDAP_SUCCESS) {
		rc = connection_error(f->connection, "a message about changes", rc, err);
	} else if (oid && strcmp(oid, LDAP_SYNC_INFO) == 0) {
		rc = value ? take_info_value(a, value, out) : -1;
		if (rc < 0)
			malformed(f, "a message about changes", err);
	}
	ldap_memfree(oid);
	ber_bvfree(value);
	return rc == 0 ? 0 : -1;
}

static int take_result(struct feed *f, struct arena *a, LDAPMessage *message, struct sync_event *out, struct error *err)
{
	char *said = NULL;
	int code, rc = ldap_parse_result(f->connection->ld, message, &code, NULL, &said, NULL, NULL, 0);

	if (rc != LDAP_SUCCESS)
		return connection_error(f->connection, "the end of a search", rc, err);
	/* slapd is unwilling when the cookie is newer than its data */
	out->what = code == LDAP_SYNC_REFRESH_REQUIRED || code == LDAP_UNWILLING_TO_PERFORM ? SYNC_AGAIN : SYNC_ENDED;
	out->is_behind = code == LDAP_UNWILLING_TO_PERFORM;
	out->text = arena_printf(a, "%s%s%s", ldap_err2string(code), said && *said ? ": " : "", said ? said : "");
	ldap_memfree(said);
	return 0;
}

static int take_any(struct feed *f, struct arena *a, LDAPMessage *message, struct sync_event *out, struct error *err)
{
	switch (ldap_msgtype(message)) {
	case LDAP_RES_SEARCH_ENTRY:
		return take_entry(f, a, message, out, err);
	case LDAP_RES_INTERMEDIATE:
		return take_info(f, a, message, out, err);
	case LDAP_RES_SEARCH_RESULT:
		return take_result(f, a, message, out, err);
	default:
		return 0;
	}
}

/* ---- units ---- */

/* A message that cannot be read ends the search for units, not the connection. */
static void take_unit(struct feed *f, struct arena *a, LDAPMessage *message, struct branch *b, struct sync_event *out)
{
	struct sync_event e = {.what = SYNC_OTHER};
	struct error why = {0};

	if (take_any(f, a, message, &e, &why) < 0) {
		units_end(f, b, why.detail, UNITS_AGAIN);
	} else if (e.what == SYNC_AGAIN || e.what == SYNC_ENDED) {
		b->search = 0;
		units_end(f, b, e.text, UNITS_AGAIN);
	} else if (branch_event(b, &e)) {
		out->what = SYNC_MOVED;
		out->text = e.what == SYNC_ENTRY ? e.entry.dn : arena_printf(a, "one left, or was deleted: %s", b->base);
	}
	if (b->is_known && b->known.n == 0)
		units_warn(f, b, "no unit may be seen there, not even the base");
	if (branch_is_full(b)) {
		units_end(f, b, "there are too many units to follow", UNITS_MUCH_LATER);
		branch_forget(b);
	}
}

static struct branch *branch_of(const struct feed *f, int id)
{
	for (size_t i = 0; f->containers && i < f->containers->n; i++)
		if (f->containers->branches[i].search == id)
			return &f->containers->branches[i];
	return NULL;
}

static int take_message(struct feed *f, struct arena *a, LDAPMessage *message, struct sync_event *out, struct error *err)
{
	int id = ldap_msgid(message), type = ldap_msgtype(message), kind = 0;
	struct sync *own = f->own;
	struct branch *unit;

	/* an unsolicited notice is a server going away: the connection ends by itself */
	if (id == LDAP_RES_UNSOLICITED)
		return 0;
	if (id == own->probe && type == LDAP_RES_SEARCH_RESULT)
		f->probing = false;
	while (kind < MIRROR_KINDS && own->searches[kind] != id)
		kind++;
	if (kind == MIRROR_KINDS) {
		unit = branch_of(f, id);
		if (unit)
			take_unit(f, a, message, unit, out);
		return 0;
	}
	out->kind = (enum mirror_kind)kind;
	if (type == LDAP_RES_SEARCH_RESULT)
		own->searches[kind] = 0;
	return take_any(f, a, message, out, err);
}

static int sync_next(struct feed *f, struct arena *a, int milliseconds, struct sync_event *out, struct error *err)
{
	struct sync_event event = {.what = SYNC_OTHER};
	LDAPMessage *message = NULL;
	int rc;

	units_when_due(f);
	rc = connection_message(f->connection, milliseconds, &message, err);
	if (rc <= 0)
		return rc;
	rc = take_message(f, a, message, &event, err);
	ldap_msgfree(message);
	if (rc < 0)
		return -1;
	*out = event;
	return 1;
}

const struct feed_protocol sync_protocol = {
	.begin = sync_begin, .end = sync_end, .start = sync_start, .probe = sync_probe, .next = sync_next,
	/* slapd sends everything for one that it cannot read, and ends like one that could */
	.cookie_is_doubtful = true,
};
