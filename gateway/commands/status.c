/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See status.h: gathering, and what of it is a warning. */
#include "gateway/commands/status.h"

#include "base/encode.h"
#include "gateway/service/folders.h"
#include "gateway/gateway.h"
#include "gateway/ldap_rules_status.h"
#include "gateway/report.h"
#include "gateway/staleness.h"

#include <errno.h>
#include <unistd.h>

#include <sys/stat.h>

static void add_text(struct arena *a, const char ***list, size_t *n, const char *text)
{
	*list = arena_grow(a, *list, *n, sizeof(**list));
	(*list)[(*n)++] = report_cell(a, text, STATUS_SENTENCE);
}

__attribute__((format(printf, 2, 0))) static const char *print(struct arena *a, const char *format, va_list args)
{
	char text[1000];

	vsnprintf(text, sizeof(text), format, args);
	return arena_strdup(a, text);
}

void status_warn(struct status *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_text(s->arena, &s->warnings, &s->warning_count, print(s->arena, format, args));
	va_end(args);
	if (s->verdict == STATUS_OK)
		s->verdict = STATUS_WARNING;
}

void status_cannot_read(struct status *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_text(s->arena, &s->unread, &s->unread_count, print(s->arena, format, args));
	va_end(args);
}

static void add_alarms(struct status *s, const struct alarms *alarms, const char *subject)
{
	int i;

	for (i = 0; i < ALARM_COUNT; i++) {
		if (!alarms->text[i])
			continue;
		s->alarms = arena_grow(s->arena, s->alarms, s->alarm_count, sizeof(*s->alarms));
		s->alarms[s->alarm_count++] = (struct status_alarm){alarm_word((enum alarm)i), subject, report_cell(s->arena, alarms->text[i], STATUS_SENTENCE)};
		if (s->verdict == STATUS_OK)
			s->verdict = STATUS_WARNING;
	}
}

/* ---- certificates of our own ---- */

static void add_certificate(struct status *s, const char *use, const char *name, int64_t until, bool in_use)
{
	s->certificates = arena_grow(s->arena, s->certificates, s->certificate_count, sizeof(*s->certificates));
	s->certificates[s->certificate_count++] = (struct status_certificate){use, name, until, in_use};
	if (in_use && until - s->now < KEYRING_SOON)
		status_warn(s, "the %s certificate %s %s", use, name, until > s->now ? "ends within 30 days" : "has ended");
}

static void read_certificate(struct status *s, struct files *files, const char *use, const char *file)
{
	const char *base64;
	struct slice pem;
	struct error err;
	int64_t until;

	if (files_get(files, file, FILE_PUBLIC, FILES_ALL, &pem, &err) == 0 &&
		saml_certificate_read(s->arena, pem, &base64, &until, &err) == 0)
		add_certificate(s, use, file, until, true);
	else
		status_cannot_read(s, "%s", err.detail);
}

static void read_certificates(struct status *s, struct files *files)
{
	const struct settings *of = s->settings;
	struct keyring keyring;
	struct error err;
	size_t i;

	if (keyring_read(s->arena, files, of, &keyring, &err) < 0) {
		status_cannot_read(s, "%s", err.detail);
	} else {
		for (i = 0; i < keyring.n; i++) {
			const struct keyring_key *key = &keyring.keys[i];

			if (key->certificate.base64)
				add_certificate(s, "signing", key->name, key->certificate.not_after, keyring_is_used(&keyring, of, key));
			else
				status_cannot_read(s, "signing key %s: %s", key->name, key->fault.detail);
		}
	}
	for (i = 0; i < of->decryption_key_count; i++)
		read_certificate(s, files, "decryption", of->decryption_keys[i].certificate_file);
	if (of->tls_certificate_file)
		read_certificate(s, files, "TLS", of->tls_certificate_file);
}

/* ---- directories and providers ---- */

static void gather_directory(struct status *s, struct mirror *mirror, const char *name, struct status_directory *out)
{
	struct alarms alarms;
	struct error err;

	*out = (struct status_directory){.name = name, .age = FACTS_AGE_UNKNOWN, .staleness = staleness_word(STALE_DENIED)};
	if (mirror_state(s->arena, mirror, name, &out->state, &err) < 0) {
		status_warn(s, "%s: %s", name, err.detail);
		return;
	}
	if (out->state.filled) {
		out->age = staleness_age(out->state.as_of, s->now);
		out->staleness = staleness_word(staleness_of(s->settings, name, out->age));
	} else {
		status_warn(s, "the directory %s was not read whole yet", name);
	}
	if ((s->running.pid || s->running.units) && !out->state.connected)
		status_warn(s, "the directory %s is not connected%s%s", name, out->state.error ? ": " : "", out->state.error ? out->state.error : "");
	alarms_of_directory(s->arena, s->settings, mirror, name, s->now, &alarms);
	add_alarms(s, &alarms, name);
}

static void gather_directories(struct status *s)
{
	const struct settings *of = s->settings;
	const char *path = settings_mirror_path(s->arena, of);
	struct mirror *mirror = NULL;
	struct stat st;
	struct error err;
	size_t i;

	s->directories = arena_alloc(s->arena, (of->directory_count + 1) * sizeof(*s->directories));
	if (mirror_open(path, &mirror, &err) < 0) {
		status_cannot_read(s, "%s (root, or the service's user)", err.detail);
		return;
	}
	s->mirrored = true;
	if (stat(path, &st) == 0)
		s->mirror_bytes = (int64_t)st.st_blocks * 512;
	for (i = 0; i < of->directory_count; i++)
		gather_directory(s, mirror, of->directories[i].name, &s->directories[i]);
	mirror_close(mirror);
}

static int64_t key_end(const struct alarm_facts *f)
{
	size_t i;

	for (i = 0; f->document && f->key.fingerprint && i < f->document->keys_listed; i++) {
		if (strcmp(f->document->keys[i].fingerprint, f->key.fingerprint) == 0)
			return f->document->keys[i].not_after;
	}
	return f->document ? f->document->keys_until : 0;
}

/* What may not be read is not missing. */
static bool may_read(struct status *s, const struct settings_provider *p)
{
	const char *path = p->metadata_file ? p->metadata_file : settings_metadata_path(s->arena, s->settings, p->name);

	if (access(path, R_OK) == 0 || errno != EACCES)
		return true;
	status_cannot_read(s, "%s: %s", path, strerror(errno));
	return false;
}

static void gather_providers(struct status *s, struct files *files)
{
	const struct settings *of = s->settings;
	struct providers *providers = providers_open(of, files);
	size_t i;

	s->providers = arena_alloc(s->arena, (of->provider_count + 1) * sizeof(*s->providers));
	for (i = 0; i < of->provider_count; i++) {
		const struct settings_provider *setting = &of->providers[i];
		struct alarm_facts facts;
		struct alarms alarms;
		const char *why;

		s->providers[i] = (struct status_provider){.name = setting->name};
		if (!may_read(s, setting))
			continue;
		alarms_gather(s->arena, of, setting, providers_document(providers, setting->name), s->now, &facts);
		s->providers[i] = (struct status_provider){
			.name = setting->name, .known = true, .usable = providers_get(providers, setting->name, &why) != NULL,
			.confirmed = facts.status.confirmed, .key_until = key_end(&facts),
		};
		alarms_judge(s->arena, &facts, &alarms);
		add_alarms(s, &alarms, setting->name);
	}
	providers_close(providers);
}

/* ---- this host ---- */

static void gather_host(struct status *s)
{
	struct host_facts facts = {.settings = s->settings, .audit_failing_since = s->audit_failing};
	struct alarms alarms;

	alarms_gather_accounts(s->arena, s->settings, &facts);
	s->accounts = facts.accounts;
	disks_look(s->arena, s->settings, s->disks);
	memcpy(facts.disks, s->disks, sizeof(facts.disks));
	alarms_judge_host(s->arena, &facts, &alarms);
	add_alarms(s, &alarms, "host");
}

int status_gather(struct status *s, struct files *files, struct error *err)
{
	status_processes(s);
	s->settings_changed = (s->running.pid || s->running.units) && running_is_older_than(&s->running, s->settings->file);
	if (s->settings_changed)
		status_warn(s, "the settings were changed after the service read them: postern check, then reload");
	read_certificates(s, files);
	if (folders_step_down(s->settings, NULL, err) < 0)
		return -1;
	status_audit(s);
	gather_providers(s, files);
	gather_directories(s);
	gather_host(s);
	return 0;
}
