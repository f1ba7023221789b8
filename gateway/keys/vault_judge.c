/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What can be known of a right assertion without having seen the sign-on.
 *
 * Everything here was judged before by the worker, which may not be ours any
 * more: that it holds the settings' own bounds is looked at where it cannot
 * reach.  So nobody becomes an administrator by a group of Atlassian's own, or
 * somebody of a domain that the connection's providers do not speak for.
 */
#include "gateway/keys/vault.h"

#include "base/builtin_groups.h"
#include "gateway/group_name.h"
#include "gateway/judge.h"
#include "gateway/settings/domains.h"
#include "gateway/settings/mail.h"

static bool some_provider_speaks_for(const struct settings *s, const struct settings_connection *door, const char *mail)
{
	for (const char *const *name = door->providers; *name; name++) {
		const struct settings_provider *p = settings_provider(s, *name);

		if (p && provider_speaks_for(p, mail))
			return true;
	}
	return false;
}

static int require_name(const struct settings *s, const struct settings_connection *door, const char *mail, struct error *err)
{
	if (!mail || !mail_is_plain(mail))
		return error_set(err, REASON_KEYS_REFUSED, "a name that is no plain mail address, for %s", door->name);
	if (!some_provider_speaks_for(s, door, mail))
		return error_set(err, REASON_KEYS_REFUSED, "%.260s for %s: none of its providers speaks for that domain", mail, door->name);
	if (door->kind == DOOR_PORTAL && !s->portal_in_claimed_domains && judge_in_claimed_domain(s, mail))
		return error_set(err, REASON_KEYS_REFUSED, "%.260s for the portal %s: that domain is claimed", mail, door->name);
	return 0;
}

/* As release.c tells them. */
static bool group_is_right(const struct settings_attribute *setting, const char *value)
{
	if (setting->as_dn)
		return group_dn_is_told(value);
	return !group_is_builtin(value) && policy_like(setting->text, slice_c(value));
}

static bool value_is_right(const struct settings_attribute *setting, const char *name_id, const char *value)
{
	switch (setting->source) {
	case ATTRIBUTE_VALUE:
		return strcmp(value, setting->text) == 0;
	case ATTRIBUTE_MAIL:
		return strcmp(value, name_id) == 0;
	case ATTRIBUTE_GROUPS:
		return group_is_right(setting, value);
	case ATTRIBUTE_CLAIM:
	case ATTRIBUTE_LDAP:
		return true;            /* whatever the identity provider or the directory said */
	}
	return false;
}

static const struct settings_attribute *find_setting(const struct settings_connection *door, const char *name)
{
	for (size_t i = 0; i < door->attribute_count; i++) {
		if (strcmp(door->attributes[i].name, name) == 0)
			return &door->attributes[i];
	}
	return NULL;
}

static int require_attribute(const struct settings_connection *door, const char *name_id, const struct saml_attribute *at, struct error *err)
{
	const struct settings_attribute *setting = find_setting(door, at->name);

	if (!setting)
		return error_set(err, REASON_KEYS_REFUSED, "%s is not told %.100s", door->name, at->name);
	for (size_t i = 0; i < at->n; i++) {
		if (!value_is_right(setting, name_id, at->values[i]))
			return error_set(err, REASON_KEYS_REFUSED, "%s is not told %.100s \"%.100s\"", door->name, at->name, at->values[i]);
	}
	return 0;
}

/* By whose clock the person signed on is not known: that of the door's providers which may differ the most. */
static int64_t skew_of(const struct settings *s, const struct settings_connection *door)
{
	int64_t most = 0;

	for (const char *const *name = door->providers; *name; name++) {
		const struct settings_provider *p = settings_provider(s, *name);

		if (p && saml_skew(p->skew) > most)
			most = saml_skew(p->skew);
	}
	return most;
}

int vault_judge(const struct settings *s, const struct keeper_assertion *what, int64_t now, struct error *err)
{
	const struct settings_connection *door;

	if (what->door >= s->connection_count)
		return error_set(err, REASON_KEYS_REFUSED, "an assertion for connection %zu of %zu", what->door, s->connection_count);
	door = &s->connections[what->door];
	if (require_name(s, door, what->name_id, err) < 0)
		return -1;
	if (what->authn_instant > now + skew_of(s, door))
		return error_set(err, REASON_KEYS_REFUSED, "a sign-on of %s in the future", what->name_id);
	for (size_t i = 0; i < what->attribute_count; i++) {
		if (require_attribute(door, what->name_id, &what->attributes[i], err) < 0)
			return -1;
	}
	return 0;
}
