/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Identity providers as loaded from their metadata.
 *
 * From a file of the settings (in the snapshot), or from the last good copy
 * that the refresh role keeps in the state folder.  A copy that changes is
 * read anew; one that cannot be used leaves the old one in force.  A copy that
 * was fetched from another address than that of the settings is not used:
 * whose keys are in it, the administrator no longer says.
 *
 * The way back: which key verified the last sign-on, written by the worker in
 * which it did (metadata_status.h).  Workers may write at once; the later sign-on wins.
 */
#include "gateway/gateway.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/metadata_status.h"

#include <sys/stat.h>

#define METADATA_MAX ((size_t)4 << 20)
#define KEY_AGAIN 86400                 /* seconds after which the same key is written again, to show that it is in use */

struct slot {
	const struct settings_provider *setting;
	const char *copy_path, *status_path;    /* NULL: metadata from a file of the settings */
	const char *key_path;
	struct timespec modified;
	ino_t inode;
	struct saml_provider *provider;
	struct error why;               /* why there is none, or why a newer one was not taken */
	struct metadata_key key;        /* that verified the last sign-on here; seen 0: written, or none did */
	char fingerprint[80];           /* its */
};

struct providers {
	struct arena *arena;
	struct files *files;
	struct slot *slots;
	size_t n;
};

const char *providers_with_entity(const struct providers *p, const char *entity_id, const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct slot *slot = &p->slots[i];
		const char *set = slot->setting ? slot->setting->entity_id : NULL;

		if (!slot->setting || strcmp(slot->setting->name, name) == 0)
			continue;
		if ((set && strcmp(set, entity_id) == 0) ||
			(slot->provider && strcmp(saml_provider_info(slot->provider)->entity_id, entity_id) == 0))
			return slot->setting->name;
	}
	return NULL;
}

static int read_document(const struct providers *p, const struct slot *slot, struct slice bytes, struct saml_provider **out,
	struct error *err)
{
	struct saml_provider_options options;
	struct saml_provider *fresh;
	const char *other;

	if (settings_provider_options(p->files, slot->setting, clock_now(), &options, err) < 0 ||
		saml_provider_read(bytes, &options, &fresh, err) < 0)
		return -1;
	other = providers_with_entity(p, saml_provider_info(fresh)->entity_id, slot->setting->name);
	if (other) {
		saml_provider_free(fresh);
		return error_set(err, REASON_METADATA, "is of the entity of %s", other);
	}
	*out = fresh;
	return 0;
}

static void load(const struct providers *p, struct slot *slot, struct slice bytes)
{
	struct saml_provider *fresh;
	struct error err;

	if (read_document(p, slot, bytes, &fresh, &err) < 0) {
		slot->why = err;
		log_error("metadata cannot be used", "provider", slot->setting->name, "kept", slot->provider ? "the last good" : "none",
			"detail", err.detail, NULL);
		return;
	}
	saml_provider_free(slot->provider);
	slot->provider = fresh;
	log_info("metadata loaded", "provider", slot->setting->name, "entity", saml_provider_info(fresh)->entity_id, NULL);
}

static void load_from_settings(struct providers *p, struct slot *slot)
{
	struct slice bytes;
	struct error err;

	if (files_get(p->files, slot->setting->metadata_file, FILE_PUBLIC, FILES_ALL, &bytes, &err) == 0) {
		load(p, slot, bytes);
		return;
	}
	slot->why = err;
	log_error("metadata cannot be read", "provider", slot->setting->name, "detail", err.detail, NULL);
}

/* Without a status, from before there was one or put there by hand, the copy is taken for what it says. */
static bool is_of_this_address(struct arena *a, const struct slot *slot)
{
	struct metadata_status status;
	struct error ignored;

	return metadata_status_read(a, slot->status_path, &status, &ignored) < 0 ||
		(status.source && strcmp(status.source, slot->setting->metadata_url) == 0);
}

static void load_copy(const struct providers *p, struct slot *slot)
{
	struct arena *a = arena_new();
	struct slice bytes;
	struct error err;

	if (!is_of_this_address(a, slot)) {
		error_set(&slot->why, REASON_METADATA, "%s was not fetched yet, the copy at hand is of another address", slot->setting->metadata_url);
		slot->inode = 0;        /* the status follows the copy: looked at again */
	} else if (file_read(a, slot->copy_path, FILE_PUBLIC, METADATA_MAX, &bytes, &err) == 0) {
		load(p, slot, bytes);
	} else {
		slot->why = err;
	}
	arena_free(a);
}

static void load_copy_if_changed(const struct providers *p, struct slot *slot)
{
	struct stat st;

	if (stat(slot->copy_path, &st) < 0) {
		if (!slot->provider)
			error_set(&slot->why, REASON_METADATA, "%s was not fetched yet", slot->setting->metadata_url);
		return;
	}
	if (st.st_ino == slot->inode && st.st_mtim.tv_sec == slot->modified.tv_sec && st.st_mtim.tv_nsec == slot->modified.tv_nsec)
		return;
	slot->inode = st.st_ino;
	slot->modified = st.st_mtim;
	load_copy(p, slot);
}

struct providers *providers_open(const struct settings *settings, struct files *files)
{
	struct arena *a = arena_new();
	struct providers *p = arena_alloc(a, sizeof(*p));
	size_t i;

	p->arena = a;
	p->files = files;
	p->n = settings->provider_count;
	p->slots = arena_alloc(a, (p->n + 1) * sizeof(*p->slots));
	for (i = 0; i < p->n; i++) {
		struct slot *slot = &p->slots[i];

		slot->setting = &settings->providers[i];
		slot->key_path = settings_metadata_key_path(a, settings, slot->setting->name);
		if (slot->setting->metadata_file) {
			load_from_settings(p, slot);
			continue;
		}
		slot->copy_path = settings_metadata_path(a, settings, slot->setting->name);
		slot->status_path = settings_metadata_status_path(a, settings, slot->setting->name);
	}
	for (i = 0; i < p->n; i++) {
		if (p->slots[i].copy_path)
			load_copy_if_changed(p, &p->slots[i]);
	}
	return p;
}

void providers_close(struct providers *p)
{
	size_t i;

	if (!p)
		return;
	for (i = 0; i < p->n; i++)
		saml_provider_free(p->slots[i].provider);
	arena_free(p->arena);
}

/* Whether what the file says is older than what was seen here, and worth a write. */
static bool is_news(struct arena *a, const struct slot *slot, const struct metadata_key *key)
{
	struct metadata_key there;
	struct error ignored;

	if (metadata_key_read(a, slot->key_path, &there, &ignored) < 0)
		return true;
	if (strcmp(there.fingerprint, key->fingerprint) == 0 && strcmp(there.entity, key->entity) == 0)
		return key->seen - there.seen >= KEY_AGAIN;
	return key->seen >= there.seen;
}

static void write_key(struct slot *slot)
{
	struct arena *a = arena_new();
	struct error err;

	if (is_news(a, slot, &slot->key) && metadata_key_write(slot->key_path, &slot->key, &err) < 0)
		log_error("the key in use cannot be noted", "provider", slot->setting->name, "detail", err.detail, NULL);
	slot->key.seen = 0;
	arena_free(a);
}

/* At once, since the next message may be refused and yet be verified by another key. */
static void note_key(struct slot *slot, const struct saml_provider_key *used, int64_t now)
{
	snprintf(slot->fingerprint, sizeof(slot->fingerprint), "%s", used->fingerprint);
	slot->key = (struct metadata_key){
		.entity = saml_provider_info(slot->provider)->entity_id, .fingerprint = slot->fingerprint, .not_after = used->not_after, .seen = now,
	};
}

void providers_note_key(struct providers *p, const char *name, int64_t now)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		const struct saml_provider *provider = p->slots[i].provider;

		if (provider && strcmp(p->slots[i].setting->name, name) == 0 && saml_provider_key_used(provider))
			note_key(&p->slots[i], saml_provider_key_used(provider), now);
	}
}

void providers_look_again(struct providers *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		/* before a newer document takes the place of the one whose key it is */
		if (p->slots[i].key.seen)
			write_key(&p->slots[i]);
		if (p->slots[i].copy_path)
			load_copy_if_changed(p, &p->slots[i]);
	}
}

const struct saml_provider_info *providers_document(const struct providers *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		if (strcmp(p->slots[i].setting->name, name) == 0)
			return p->slots[i].provider ? saml_provider_info(p->slots[i].provider) : NULL;
	}
	return NULL;
}

const struct saml_provider *providers_get(const struct providers *p, const char *name, const char **why_out)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		const struct slot *slot = &p->slots[i];
		int64_t until;

		if (strcmp(slot->setting->name, name) != 0)
			continue;
		until = slot->provider ? saml_provider_info(slot->provider)->valid_until : 0;
		if (until && until <= clock_now()) {
			*why_out = "its metadata is past validUntil";
			return NULL;
		}
		*why_out = slot->why.detail;
		return slot->provider;
	}
	*why_out = "no provider of that name";
	return NULL;
}
