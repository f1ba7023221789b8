/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A good settings file of managed and portal connections, a directory, rules and a link, in which one line can be another. */
#ifndef TESTS_UNIT_SETTINGS_GOOD_H
#define TESTS_UNIT_SETTINGS_GOOD_H

#include "tests/unit/settings_lines.h"

/* One setting a line, so that a case replaces a line by its number. */
static const char *const good[] = {
	/*  1 */ "public_url: https://sso.example.org",
	/*  2 */ "listen: [127.0.0.1:8080]",
	/*  3 */ "key: /etc/postern/signing.key",
	/*  4 */ "certificate: /etc/postern/signing.crt",
	/*  5 */ "claimed_domains: [example.org]",
	/*  6 */ "",
	/*  7 */ "identity_providers:",
	/*  8 */ "  entra:",
	/*  9 */ "    metadata: https://login.example.com/metadata.xml",
	/* 10 */ "    tenant: 7b1c2d3e",
	/* 11 */ "connections:",
	/* 12 */ "  organisation:",
	/* 13 */ "    kind: managed",
	/* 14 */ "    entity_id: https://auth.example.com/saml/1",
	/* 15 */ "    acs: https://auth.example.com/login/callback?connection=saml-1",
	/* 16 */ "    start: https://example.atlassian.net",
	/* 17 */ "  helpdesk:",
	/* 18 */ "    kind: portal",
	/* 19 */ "    entity_id: opaque",
	/* 20 */ "    acs: https://example.atlassian.net/acs",
	/* 21 */ "    home: https://example.atlassian.net/portals",
	/* 22 */ "directories:",
	/* 23 */ "  corp:",
	/* 24 */ "    uri: ldaps://ldap1.example.org",
	/* 25 */ "    bind_dn: cn=postern,dc=example,dc=org",
	/* 26 */ "    password_file: /etc/postern/password",
	/* 27 */ "    people: {base: \"ou=people,dc=example,dc=org\"}",
	/* 28 */ "    groups: {base: \"ou=groups,dc=example,dc=org\"}",
	/* 29 */ "    join: {objectidentifier: employeeNumber}",
	/* 30 */ "rules:",
	/* 31 */ "  - {name: agents, when: \"member of corp:agents\", outcome: licensed}",
	/* 32 */ "  - {name: partners, when: \"department = Partner\", outcome: portal, at: helpdesk}",
	/* 33 */ "require:",
	/* 34 */ "  - {name: second, for: licensed, when: \"mfa\", else: \"Use it.\"}",
	/* 35 */ "go:",
	/* 36 */ "  help: {licensed: https://example.atlassian.net/jira, portal: helpdesk}",
};
#define LINES (sizeof(good) / sizeof(*good))

static inline struct slice file_with(struct arena *a, size_t number, const char *line)
{
	return settings_lines(a, good, LINES, number, line);
}

#endif
