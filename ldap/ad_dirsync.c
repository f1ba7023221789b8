/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes by DirSync: the cookie of this moment, and what changed since one; see ad.c. */
#include "ldap/ad_side.h"

#include "base/log.h"

#define NO_ENTRY "(!(objectClass=*))"
#define ANY_ENTRY "(objectClass=*)"

/* DirSync; when the right to replicate is missing, without it. */
static int ask_changes(struct feed *f, struct side *s, const char *filter, struct ad_answer *out, struct error *err)
{
	struct ad *ad = f->own;
	struct ad_search search = {.base = s->root, .filter = filter, .scope = SEARCH_SUBTREE, .attributes = s->watched,
		.manner = AD_DIRSYNC, .cookie = s->cookie, .flags = ad->flags};

	if (ad_search(f->connection, tasks_arena(s), &search, f->progress, out, err) < 0)
		return -1;
	if (out->result != AD_NO_RIGHT || ad->flags & DIRSYNC_OBJECT_SECURITY)
		return 0;
	log_warning("no right to replicate changes: deletions are found by reading everything from time to time (compare)", "directory",
		f->directory->name, "server", ad->server.name, NULL);
	ad->flags |= DIRSYNC_OBJECT_SECURITY;
	search.flags = ad->flags;
	return ad_search(f->connection, tasks_arena(s), &search, f->progress, out, err);
}

int dirsync_now(struct feed *f, struct side *s, struct error *err)
{
	struct ad_answer answer;

	if (ask_changes(f, s, NO_ENTRY, &answer, err) < 0)
		return -1;
	if (answer.result != AD_SUCCESS)
		return refused(f, s, &answer, err);
	if (answer.more && must_go_on(f, s, s->cookie, answer.cookie, false, err) < 0)
		return -1;
	cookie_keep(&s->cookie, answer.cookie);
	tasks_clear(s);
	if (!answer.more)
		pages_begin(s);
	return 0;
}

static void take_change(const struct feed *f, struct side *s, const struct entry *e)
{
	struct sync_event links = {.what = SYNC_LINKS}, *told;

	if (change_is_deletion(e)) {
		tell_uuid(s, SYNC_GONE, e->uuid);
	} else if (change_is_of_links(s, f->directory->member_attribute, e, &links)) {
		told = tell_uuid(s, SYNC_LINKS, e->uuid);
		told->added = links.added;
		told->removed = links.removed;
		s->told += links.added.n + links.removed.n;
	} else {
		/* what is new takes nothing with it */
		must_read(s, e->uuid, change_of(e, "name") && !change_of(e, "whenCreated") ? RENAMED : CHANGED);
	}
}

int dirsync_changes(struct feed *f, struct side *s, bool *any, struct error *err)
{
	struct ad_answer answer;

	do {
		if (ask_changes(f, s, ANY_ENTRY, &answer, err) < 0)
			return -1;
		if (answer.result != AD_SUCCESS)
			return refused(f, s, &answer, err);
		for (size_t i = 0; i < answer.n; i++)
			take_change(f, s, &answer.entries[i]);
		*any = *any || answer.n;
		if (answer.more && must_go_on(f, s, s->cookie, answer.cookie, answer.n && !slice_equal(answer.cookie, s->cookie), err) < 0)
			return -1;
		cookie_keep(&s->cookie, answer.cookie);
		if (ad_must_stop(f)) {
			tasks_clear(s);         /* asked for once more from the cookie that was last told of */
			return 0;
		}
	} while (answer.more && !is_too_much(s));
	return 1;
}
