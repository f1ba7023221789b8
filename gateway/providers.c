/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Identity providers as loaded from their metadata.
 *
 * From a file of the settings (in the snapshot), or from the last good copy
 * that the refresh role keeps in the state folder.  A copy that changes is
 * read anew; one that cannot be used leaves the old one in force.
 */
#include "gateway/gateway.h"

#include "base/clock.h"
#include "base/log.h"

#include <sys/stat.h>

#define METADATA_MAX ((size_t)4 << 20)

struct slot {
	const struct settings_provider *setting;
	const char *copy_path;          /* NULL: metadata from a file of the settings */
	struct timespec modified;
	ino_t inode;
	struct saml_provider *provider;
	struct error why;               /* why there is none, or why a newer one was not taken */
};

struct providers {
	struct arena *arena;
	struct files *files;
	struct slot *slots;
	size_t n;
};

static void load(struct slot *slot, struct slice bytes)
{
	struct saml_provider_options options = {
		.entity_id = slot->setting->entity_id, .tenant = slot->setting->tenant,
		.name_id_format = slot->setting->name_id_format, .now = clock_now(),
	};
	struct saml_provider *fresh;
	struct error err;

	if (saml_provider_read(bytes, &options, &fresh, &err) < 0) {
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
		load(slot, bytes);
		return;
	}
	slot->why = err;
	log_error("metadata cannot be read", "provider", slot->setting->name, "detail", err.detail, NULL);
}

static void load_copy_if_changed(struct slot *slot)
{
	struct slice bytes;
	struct error err;
	struct stat st;
	struct arena *a;

	if (stat(slot->copy_path, &st) < 0) {
		if (!slot->provider)
			error_set(&slot->why, REASON_METADATA, "%s was not fetched yet", slot->setting->metadata_url);
		return;
	}
	if (st.st_ino == slot->inode && st.st_mtim.tv_sec == slot->modified.tv_sec && st.st_mtim.tv_nsec == slot->modified.tv_nsec)
		return;
	slot->inode = st.st_ino;
	slot->modified = st.st_mtim;
	a = arena_new();
	if (file_read(a, slot->copy_path, FILE_PUBLIC, METADATA_MAX, &bytes, &err) == 0)
		load(slot, bytes);
	else
		slot->why = err;
	arena_free(a);
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
		if (slot->setting->metadata_file) {
			load_from_settings(p, slot);
			continue;
		}
		slot->copy_path = settings_metadata_path(a, settings, slot->setting->name);
		load_copy_if_changed(slot);
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

void providers_look_again(struct providers *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		if (p->slots[i].copy_path)
			load_copy_if_changed(&p->slots[i]);
	}
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
