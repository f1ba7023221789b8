/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern check`: the identity providers, their metadata in force and at its address, and what the alarms say. */
#include "base/clock.h"
#include "gateway/alarms.h"
#include "gateway/commands/check.h"
#include "gateway/fetch.h"
#include "gateway/report.h"

/* NULL: it cannot be used, which was said. */
static struct saml_provider *check_document(struct check *c, const struct settings_provider *p, const char *from,
	struct slice bytes)
{
	struct saml_provider_options options;
	const struct settings *s = c->settings;
	struct saml_provider *provider;
	struct error err;

	if (settings_provider_options(c->files, p, clock_now(), &options, &err) < 0 ||
		saml_provider_read(bytes, &options, &provider, &err) < 0) {
		say(c, FINDING_ERROR, "%s:%d: %s: %s: %s", s->file, p->line, p->name, from, err.detail);
		return NULL;
	}
	say(c, FINDING_OK, "%s: %s is %s, %s", p->name, from, saml_provider_info(provider)->entity_id,
		report_count(c->arena, saml_provider_info(provider)->key_count, "signing key", "signing keys"));
	check_until(c, arena_printf(c->arena, "%s: its last signing key", p->name), saml_provider_info(provider)->keys_until);
	if (saml_provider_info(provider)->valid_until)
		check_until(c, arena_printf(c->arena, "%s: its metadata", p->name), saml_provider_info(provider)->valid_until);
	if (!saml_provider_info(provider)->tenant)
		say(c, FINDING_WARNING, "%s:%d: %s: tenant is not set and its entity ID names none, so any tenant that this "
			"provider speaks for is accepted", s->file, p->line, p->name);
	if (p->name_id_format)
		say(c, FINDING_WARNING, "%s:%d: %s: name_id_format: %s is asked for in each request, which beats what the "
			"application is set to", s->file, p->line, p->name, p->name_id_format);
	return provider;
}

/* Of the document in force; `provider` NULL: none is. */
static void check_alarms(struct check *c, const struct settings_provider *p, const struct saml_provider *provider)
{
	struct alarm_facts facts;
	struct alarms alarms;
	int i;

	alarms_gather(c->arena, c->settings, p, provider ? saml_provider_info(provider) : NULL, clock_now(), &facts);
	alarms_judge(c->arena, &facts, &alarms);
	for (i = 0; i < ALARM_COUNT; i++) {
		if (alarms.text[i])
			say(c, FINDING_WARNING, "%s:%d: %s: alarm %s: %s", c->settings->file, p->line, p->name, alarm_word((enum alarm)i),
				alarms.text[i]);
	}
}

static void check_fetch(struct check *c, const struct settings_provider *p)
{
	struct fetch what = {.url = p->metadata_url, .proxy = p->proxy, .seconds = p->fetch_seconds};
	struct fetched got;
	struct error err;

	if ((p->metadata_ca_file && files_get(c->files, p->metadata_ca_file, FILE_PUBLIC, FILES_REFRESH, &what.ca_pem, &err) < 0) ||
		fetch(c->arena, &what, &got, &err) < 0)
		say(c, FINDING_WARNING, "%s:%d: %s: metadata: %s", c->settings->file, p->line, p->name, err.detail);
	else
		saml_provider_free(check_document(c, p, p->metadata_url, got.body));
}

/* The document that sign-ons are judged by: the file, or the last good copy. */
static struct saml_provider *check_in_force(struct check *c, const struct settings_provider *p)
{
	const char *copy = settings_metadata_path(c->arena, c->settings, p->name);
	struct slice bytes;
	struct error err;

	if (p->metadata_file)
		return files_get(c->files, p->metadata_file, FILE_PUBLIC, FILES_ALL, &bytes, &err) == 0 ?
			check_document(c, p, p->metadata_file, bytes) : NULL;
	if (file_read(c->arena, copy, FILE_PUBLIC, FETCH_LIMIT, &bytes, &err) == 0)
		return check_document(c, p, copy, bytes);
	say(c, FINDING_WARNING, "%s:%d: %s: no copy of its metadata on disk yet (%s)", c->settings->file, p->line, p->name, copy);
	return NULL;
}

/* A certificate of the settings stands for its key: that it has ended stops nothing, but somebody should know. */
static void check_metadata_signer(struct check *c, const struct settings_provider *p)
{
	struct slice pem;
	struct error err;
	const char *base64;
	int64_t until;

	if (p->metadata_certificate_file &&
		files_get(c->files, p->metadata_certificate_file, FILE_PUBLIC, FILES_ALL, &pem, &err) == 0 &&
		saml_certificate_read(c->arena, pem, &base64, &until, &err) == 0 && until < clock_now() + SOON_SECONDS)
		say(c, FINDING_WARNING, "%s:%d: %s: metadata_certificate: %s ends within 30 days or has ended; it is accepted for "
			"as long as it stands here", c->settings->file, p->line, p->name, p->metadata_certificate_file);
}

/* An entity is one provider: only the first that has it is believed. */
static void check_entity(struct check *c, const char **entities, size_t i, const struct saml_provider *provider)
{
	const struct settings_provider *providers = c->settings->providers;

	entities[i] = provider ? arena_strdup(c->arena, saml_provider_info(provider)->entity_id) : providers[i].entity_id;
	for (size_t j = 0; entities[i] && j < i; j++) {
		if (entities[j] && strcmp(entities[i], entities[j]) == 0)
			say(c, FINDING_ERROR, "%s:%d: %s: is of the entity of %s, so one of the two cannot be used", c->settings->file,
				providers[i].line, providers[i].name, providers[j].name);
	}
}

void check_providers(struct check *c)
{
	const struct settings *s = c->settings;
	const char **entities = arena_alloc(c->arena, (s->provider_count + 1) * sizeof(*entities));
	size_t i;

	puts("identity providers");
	for (i = 0; i < s->provider_count; i++) {
		const struct settings_provider *p = &s->providers[i];
		struct saml_provider *in_force;

		check_metadata_signer(c, p);
		if (p->metadata_url && !c->offline)
			check_fetch(c, p);
		in_force = check_in_force(c, p);
		check_entity(c, entities, i, in_force);
		check_alarms(c, p, in_force);
		saml_provider_free(in_force);
	}
}
