/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings with rules of a directory, and its entries as text. */
#ifndef TESTS_LDAP_RULES_STAGE_H
#define TESTS_LDAP_RULES_STAGE_H

#include "tests/unit/unit.h"

#include "base/file.h"
#include "gateway/ldap_rules_live.h"
#include "gateway/ldap_rules_status.h"
#include "ldap/mirror_write.h"

#include <unistd.h>

#include <sys/stat.h>

#define NOW 1800000000                  /* 2027-01-15 08:00:00 */

static struct arena *a;
static struct error err;
static char folder[64];
static const struct settings *settings;

static const char text[] =
	"public_url: https://sso.example.org\n"
	"listen: [127.0.0.1:8080]\n"
	"state_dir: %s\n"
	"runtime_dir: %s/run\n"
	"claimed_domains: [example.org]\n"
	"identity_providers: {entra: {metadata: https://login.example.com/metadata.xml}}\n"
	"connections:\n"
	"  organisation: {kind: managed, entity_id: org, acs: https://a.example.com/acs, start: https://a.example.com}\n"
	"  helpdesk: {kind: portal, entity_id: help, acs: https://h.example.com/acs, home: https://h.example.com,\n"
	"    accounts: {site: https://h.example.com, key: /k}}\n"
	"  shop: {kind: portal, entity_id: shop, acs: https://s.example.com/acs, home: https://s.example.com}\n"
	"directories:\n"
	"  corp:\n"
	"    uri: ldaps://ldap1.example.org\n"
	"    people: {base: 'ou=people,dc=x'}\n"
	"    groups: {base: 'ou=groups,dc=x'}\n"
	"    attributes: [department]\n"
	"    join: {objectidentifier: employeeNumber}\n"
	"conditions: {strong: mfa, boss: 'member of corp:bosses and (room = Boss or department = x)', staff: 'department = Staff'}\n"
	"rules:\n"
	"  - {name: former, when: 'member of corp:former', outcome: deny}\n"
	"  - {name: agents, when: 'member of corp:agents', outcome: licensed}\n"
	"  - {name: staff, when: 'member of corp:staff', outcome: customer}\n"
	"%s";

#define PLACES "groups: ['jira-*', team-?], organizations: ['Silver *'], desks: ['1?', BUY]"
#define LDAP "ldap_rules: {directory: corp, base: 'ou=access,dc=x', after: former, outcomes: [customer, portal, deny], change_limit: 1,\n" \
	"  " PLACES "}\n"

static inline const struct settings *read_settings(const char *more)
{
	struct files *files = files_from_disk(a);
	const struct settings *s = NULL;

	files_put(files, "/etc/postern/p.yaml", FILES_ALL, slice_c(arena_printf(a, text, folder, folder, more)));
	assert_done(settings_read(a, files, "/etc/postern/p.yaml", &s, NULL, &err), err);
	return s;
}

static inline int begin(void **state)
{
	(void)state;
	a = arena_new();
	snprintf(folder, sizeof(folder), "/tmp/postern-rules-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(mkdir(arena_printf(a, "%s/rules", folder), 0700), 0);
	assert_int_equal(mkdir(arena_printf(a, "%s/mirror", folder), 0700), 0);
	settings = read_settings(LDAP);
	return 0;
}

static inline int end(void **state)
{
	const char *const names[] = {"rules/ldap-rules.json", "rules/ldap-rules.status", "rules/ldap-rules.accept", "mirror/mirror.mdb",
		"mirror/mirror.mdb-lock"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(arena_printf(a, "%s/%s", folder, names[i]));
	unlink(arena_printf(a, "%s/run/ldap-rules/%ld", folder, (long)getpid()));
	rmdir(arena_printf(a, "%s/rules", folder));
	rmdir(arena_printf(a, "%s/mirror", folder));
	rmdir(arena_printf(a, "%s/run/ldap-rules", folder));
	rmdir(arena_printf(a, "%s/run", folder));
	assert_int_equal(rmdir(folder), 0);
	arena_free(a);
	return 0;
}

/* ---- entries ---- */

/* "when=x|outcome=deny"; a value that is there twice is two. */
static inline struct ldap_rule_entry entry(const char *dn, const char *says)
{
	static const char *const keys[LDAP_RULE_FIELDS] = {"order", "name", "when", "outcome", "at", "because", "ask", "from", "until", "guests", "group",
		"organization", "desk"};
	struct ldap_rule_entry e = {.dn = arena_strdup(a, dn)};
	const char *p = says;

	assert_int_equal(dn_normalize(a, dn, &e.dn_key), 0);
	while (*p) {
		size_t n = strcspn(p, "|"), k = 0;
		const char *equals = memchr(p, '=', n);
		struct ldap_rule_values *v;
		const char **list;

		assert_non_null(equals);
		while (k < LDAP_RULE_FIELDS && (strlen(keys[k]) != (size_t)(equals - p) || strncmp(keys[k], p, strlen(keys[k])) != 0))
			k++;
		assert_true(k < LDAP_RULE_FIELDS);
		v = &e.says[k];
		list = arena_alloc(a, (v->n + 2) * sizeof(*list));
		for (size_t i = 0; i < v->n; i++)
			list[i] = v->list[i];
		list[v->n] = arena_copy(a, slice_of(equals + 1, n - (size_t)(equals + 1 - p)));
		*v = (struct ldap_rule_values){list, v->n + 1};
		p += n + (p[n] == '|');
	}
	return e;
}

static inline struct ldap_rule_set set_of(const char *first, const char *second)
{
	struct ldap_rule_set set = {.entries = arena_alloc(a, 2 * sizeof(*set.entries))};

	if (first)
		set.entries[set.n++] = entry("cn=a,ou=access,dc=x", first);
	if (second)
		set.entries[set.n++] = entry("cn=b,ou=access,dc=x", second);
	return set;
}

static inline struct ldap_rules compiled(const struct ldap_rule_set *set)
{
	struct ldap_rules rules;

	ldap_rules_compile(a, settings, NULL, set, &rules);
	return rules;
}

#define VALUE_LONG 4090
#define GOOD "order=10|name=partners|when=department = Partner|outcome=customer"

#endif
