/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/settings_lines.h"

#include "gateway/settings/settings_reader.h"

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
#define A_TEN "aaaaaaaaaa"
#define A_HUNDRED A_TEN A_TEN A_TEN A_TEN A_TEN A_TEN A_TEN A_TEN A_TEN A_TEN
#define LINES (sizeof(good) / sizeof(*good))

static struct slice file_with(struct arena *a, size_t number, const char *line)
{
	return settings_lines(a, good, LINES, number, line);
}

static const struct settings_case wrong[] = {
	/* the file as such */
	{6, "public_url: https://other.example.org", "p.yaml:6: public_url: this key is there twice"},
	{6, "key: &anchor x", "p.yaml:6: "},
	{6, "user: *alias", "p.yaml:6: an alias"},
	{6, "user: !!str x", "p.yaml:6: a tag"},
	{6, "---", "p.yaml:6: a second document"},
	{6, "\tuser: x", "p.yaml:6: "},
	{6, "lisen: [127.0.0.1:80]", "p.yaml:6: lisen: is not a setting; did you mean listen?"},
	{6, "claim_domains: [example.org]", "p.yaml:6: claim_domains: is not a setting; did you mean claimed_domains?"},
	{6, "start: https://x.example.org", "p.yaml:6: start: is not a setting here; it belongs under connections: NAME"},
	{6, "zzzzzzzzzz: 1", "p.yaml:6: zzzzzzzzzz: is not a setting"},
	{6, "cookie_secret: []", "p.yaml:6: cookie_secret: "},
	{6, "cookie_secret: [a, b, c]", "p.yaml:6: cookie_secret: one file, or while it is changed two"},
	{6, "cookie_secret: {a: b}", "p.yaml:6: cookie_secret: must be a text or a list"},
	/* rules in LDAP */
	{6, "ldap_rules: {base: \"dc=x\", outcomes: customer}", "p.yaml:6: directory: is missing in ldap_rules"},
	{6, "ldap_rules: {directory: corp, base: \"dc=x\"}", "p.yaml:6: outcomes: is missing in ldap_rules"},
	{6, "ldap_rules: {directory: corps, base: \"dc=x\", outcomes: customer}", "p.yaml:6: directory: \"corps\" is not a directory"},
	{6, "ldap_rules: {directory: corp, base: x, outcomes: customer}", "p.yaml:6: base: \"x\" is not a DN"},
	{6, "ldap_rules: {directory: corp, base: \"OU=groups, dc=example,dc=org\", outcomes: customer}",
		"p.yaml:6: base: is the base of people or groups"},
	{6, "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: [customer, admin]}", "p.yaml:6: outcomes: \"admin\" must be one of"},
	{6, "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: customer, after: nobody}", "p.yaml:6: after: \"nobody\" is not a rule"},
	{6, "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: customer, filter: a=b}", "p.yaml:6: filter: \"a=b\" is not an LDAP filter"},
	{6, "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: customer, attributes: {when: description}}",
		"p.yaml:6: when: description is an attribute that others than administrators commonly may write"},
	{6, "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: customer, attributes: {when: \"a b\"}}",
		"p.yaml:6: when: \"a b\" is not the name of an LDAP attribute"},
	{6, "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: customer, attributes: {when: extension1, outcome: Extension1}}",
		"p.yaml:6: attributes: Extension1 is to say two things"},
	{6, "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: customer, change_limit: many}", "p.yaml:6: change_limit: \"many\""},
	{6, "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: customer, mark_attributes: {at: x}}",
		"p.yaml:6: mark_attributes: is about marks"},
	{6, "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: customer, groups: [jira-x, jira-administrators]}",
		"p.yaml:6: groups: \"jira-administrators\" is a group of Atlassian's own"},
	{6, "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: portal, organizations: x}",
		"p.yaml:6: organizations: no portal connection has accounts"},
	{6, "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: portal, desks: x}", "p.yaml:6: desks: no portal connection has accounts with a site"},
	{6, "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: portal, attributes: {desk: x, organization: X}}",
		"p.yaml:6: attributes: "},
	{6, "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: portal, marks: yes, mark_attributes: {desk: info}}",
		"p.yaml:6: desk: info is an attribute that others"},
	{6, "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: customer, marks: yes, mark_attributes: {outcome: info}}",
		"p.yaml:6: outcome: info is an attribute that others"},
	/* the top level */
	{1, "", "p.yaml:2: public_url: is missing"},
	{1, "public_url:", "p.yaml:1: public_url: is empty"},
	{1, "public_url: [a]", "p.yaml:1: public_url: must be one value"},
	{1, "public_url: http://sso.example.org", "p.yaml:1: public_url: \"http://sso.example.org\" must begin with https://"},
	{1, "public_url: http://127.evil.example", "p.yaml:1: public_url: \"http://127.evil.example\" must begin with https://"},
	{1, "public_url: http://localhost.example.org", "p.yaml:1: public_url: \"http://localhost.example.org\" must begin with https://"},
	{1, "public_url: sso.example.org", "p.yaml:1: public_url: \"sso.example.org\" is not an address"},
	{1, "public_url: https://user@sso.example.org", "p.yaml:1: public_url: \"https://user@sso.example.org\" is not an address"},
	{1, "public_url: ftp://sso.example.org", "p.yaml:1: public_url: \"ftp://sso.example.org\" must begin with https://"},
	{1, "public_url: https://sso.example.org:99999", "p.yaml:1: public_url: \"https://sso.example.org:99999\" has a port that is none"},
	{1, "public_url: https://sso.example.org/x", "p.yaml:1: public_url: \"https://sso.example.org/x\" must not have a path"},
	{1, "public_url: https://sso.example.org:8443/x?y", "p.yaml:1: public_url: \"https://sso.example.org:8443/x?y\" must not have a path or query: "
		"the cookies of a sign-on (__Host-) are those of a whole host, so this service needs a host of its own, as https://sso.example.org:8443"},
	{1, "public_url: https://SSO.example.org", "p.yaml:1: public_url: \"https://SSO.example.org\" must be in lower case"},
	{2, "listen: 0.0.0.0:8080", "p.yaml:2: listen: \"0.0.0.0:8080\" is outside loopback"},
	{2, "listen: [127.0.0.1:8080, 192.0.2.1:80]", "p.yaml:2: listen: \"192.0.2.1:80\" is outside loopback"},
	{2, "listen: [\"[::]:80\"]", "p.yaml:2: listen: \"[::]:80\" is outside loopback"},
	{2, "listen: localhost:80", "p.yaml:2: listen: \"localhost:80\" is neither a numeric address"},
	{2, "listen: 127.0.0.1", "p.yaml:2: listen: \"127.0.0.1\" is neither a numeric address"},
	{2, "listen: unix:http.sock", "p.yaml:2: listen: \"unix:http.sock\" is not a Unix socket by its whole path"},
	{2, "listen: \"unix:\"", "p.yaml:2: listen: \"unix:\" is not a Unix socket by its whole path"},
	{2, "listen: unix:/" A_HUNDRED, "p.yaml:2: listen: \"unix:/" A_HUNDRED "\" has a path of more than 100 bytes"},
	{2, "listen: [unix:/a, unix:/a]", "p.yaml:2: listen: \"unix:/a\" is there twice"},
	{6, "socket_mode: 0640", "p.yaml:6: socket_mode: \"0640\" must be one of: 0660 0600 0666"},
	{6, "socket_group: \"\"", "p.yaml:6: socket_group: is empty"},
	{6, "socket_mode: 0666\ntrusted_proxies: [unix]", "p.yaml:6: socket_mode: \"0666\" lets everybody on this host connect, and trusted_proxies "
		"believes whoever does"},
	{6, "socket_mode: 0666\nproxy_protocol: unix", "p.yaml:6: socket_mode: \"0666\" lets everybody on this host connect, and proxy_protocol "
		"believes whoever does"},
	{6, "proxy_protocol: [10.0.0.1/8]", "p.yaml:6: proxy_protocol: \"10.0.0.1/8\" has bits set"},
	{6, "proxy_protocol: [UNIX]", "p.yaml:6: proxy_protocol: \"UNIX\" is not a numeric address"},
	{6, "metrics_listen: unix:/run/x", "p.yaml:6: metrics_listen: \"unix:/run/x\" is not a numeric address with a port"},
	{6, "scim_listen: 127.0.0.1:8089", "p.yaml:6: scim_listen: needs a directory of kind scim"},
	{6, "scim_listen: 0.0.0.0:8089", "p.yaml:6: scim_listen: \"0.0.0.0:8089\" is outside loopback"},
	{6, "scim_listen: scim.example.org:8089", "p.yaml:6: scim_listen: \"scim.example.org:8089\" is neither a numeric address"},
	{6, "scim_url: https://scim.example.org", "p.yaml:6: scim_url: does nothing without scim_listen"},
	{6, "scim_listen: 127.0.0.1:8089\nscim_url: https://scim.example.org/x", "p.yaml:7: scim_url: \"https://scim.example.org/x\" must end after its host"},
	{6, "health_networks: [monitor.example.org]", "p.yaml:6: health_networks: \"monitor.example.org\" is not a numeric address"},
	{6, "metrics_networks: [unix]", "p.yaml:6: metrics_networks: \"unix\" is not a numeric address"},
	{2, "listen: []", "p.yaml:2: listen: is an empty list"},
	{2, "listen: {a: b}", "p.yaml:2: listen: must be a text or a list"},
	{2, "listen: [127.0.0.1:80, 127.0.0.1:80]", "p.yaml:2: listen: \"127.0.0.1:80\" is there twice"},
	{6, "tls_key: /x", "p.yaml:6: tls_key: tls_certificate and tls_key belong together"},
	{6, "tls_certificate: /x", "p.yaml:6: tls_certificate: tls_certificate and tls_key belong together"},
	{6, "trusted_proxies: [10.0.0.1/8]", "p.yaml:6: trusted_proxies: \"10.0.0.1/8\" has bits set"},
	{6, "trusted_proxies: [proxy.example.org]", "p.yaml:6: trusted_proxies: \"proxy.example.org\" is not a numeric address"},
	{6, "host: a/b", "p.yaml:6: host: \"a/b\" is not a name"},
	{6, "workers: many", "p.yaml:6: workers: \"many\" is not a number"},
	{6, "workers: 0", "p.yaml:6: workers: \"0\" must be within 1..64"},
	{6, "workers: -1", "p.yaml:6: workers: \"-1\" is not a number"},
	{6, "log_level: loud", "p.yaml:6: log_level: \"loud\" must be one of: error warning info debug"},
	{6, "pending_time: soon", "p.yaml:6: pending_time: \"soon\" is not a time"},
	{6, "pending_time: 2d", "p.yaml:6: pending_time: \"2d\" must be within 1m..1h"},
	{6, "logout_time: 31d", "p.yaml:6: logout_time: \"31d\" must be within 5m..30d"},
	{6, "show_groups: maybe", "p.yaml:6: show_groups: \"maybe\" must be yes or no"},
	{6, "audit_failure: ignore", "p.yaml:6: audit_failure: \"ignore\" must be one of: refuse continue"},
	{6, "otherwise: it", "p.yaml:6: otherwise: must be a map"},
	{6, "otherwise: {aks: it}", "p.yaml:6: aks: is not a setting; did you mean ask?"},
	{6, "accounts: {max_age: never}", "p.yaml:6: max_age: \"never\" is not a time"},
	{6, "accounts: {idle: 1h}", "p.yaml:6: idle: \"1h\" must be within 1d..3650d"},
	{6, "prices: 7", "p.yaml:6: prices: must be a map"},
	{6, "prices: {currency: EUR}", "p.yaml:6: products: is missing in prices"},
	{6, "prices: {currency: Euro, products: {jira: 1}}", "p.yaml:6: currency: \"Euro\" is not a currency's three capital letters"},
	{6, "prices: {currency: EUR, products: [jira]}", "p.yaml:6: products: must be a map of at most 62 products"},
	{6, "prices: {currency: EUR, products: {jira: free}}", "p.yaml:6: jira: \"free\" is not a price"},
	{6, "prices: {currency: EUR, products: {jira: 1.23456}}", "p.yaml:6: jira: \"1.23456\" is not a price"},
	{6, "prices: {currency: EUR, products: {jira: -1}}", "p.yaml:6: jira: \"-1\" is not a price"},
	{6, "prices: {currency: EUR, products: {jira: 1, jira-software: 2}}", "p.yaml:6: jira-software: is Jira, which is there already"},
	{6, "prices: {currency: EUR, products: {jira: {100: 8}}}", "p.yaml:6: 100: is the last of the tiers: that must be `more`"},
	{6, "prices: {currency: EUR, products: {jira: {more: 8, 100: 7}}}", "p.yaml:6: more: must be the last of the tiers"},
	{6, "prices: {currency: EUR, products: {jira: {200: 8, 100: 7, more: 6}}}", "p.yaml:6: 100: is neither a number of users above 200"},
	{6, "prices: {currency: EUR, products: {jira: {100: x, more: 6}}}", "p.yaml:6: 100: \"x\" is not a price"},
	{6, "prices: {currency: EUR, products: {jira: [1]}}", "p.yaml:6: jira: must be a price, or a map of 1 to 16 tiers"},
	{6, "prices: {currency: EUR, products: {jira: 1}, licensed: [trello]}", "p.yaml:6: licensed: \"trello\" has no price under products"},
	{6, "prices: {currency: EUR, products: {jira: 1}, rules: {nobody: jira}}", "p.yaml:6: nobody: is neither a rule nor an exception"},
	{6, "limits: on", "p.yaml:6: limits: must be a map (of limits)"},
	{6, "limits: {requests: many}", "p.yaml:6: requests: \"many\" is not a number"},
	{6, "limits: {requests: 10}", "p.yaml:6: requests: \"10\" must be within 100..1000000"},
	{6, "limits: {failures: 0}", "p.yaml:6: failures: \"0\" must be within 10..1000000"},
	{6, "limits: {sign_ons: no}", "p.yaml:6: sign_ons: \"no\" is not a number"},
	{6, "limits: {connections: 3}", "p.yaml:6: connections: \"3\" must be within 16..100000"},
	{6, "limits: {ipv6_prefix: 128}", "p.yaml:6: ipv6_prefix: \"128\" must be within 16..64"},
	{6, "limits: {ipv4_prefix: off}", "p.yaml:6: ipv4_prefix: \"off\" is not a number"},
	{6, "limits: {exempt: [10.0.0.1/8]}", "p.yaml:6: exempt: \"10.0.0.1/8\" has bits set"},
	{6, "limits: {request: 100}", "p.yaml:6: request: is not a setting; did you mean requests?"},
	{5, "claimed_domains: [Example.org]", "p.yaml:5: claimed_domains: \"Example.org\" must be in lower case"},
	{5, "claimed_domains: [\"@example.org\"]", "p.yaml:5: claimed_domains: \"@example.org\" is not a mail domain"},
	{3, "", "p.yaml:4: certificate: key and certificate belong together"},
	{4, "", "p.yaml:3: key: key and certificate belong together"},
	{6, "keys_dir: /var/lib/postern/keys", "p.yaml:6: keys_dir: \"/var/lib/postern/keys\" must be a path without .. and outside of state_dir"},
	{6, "keys_dir: /run/postern", "p.yaml:6: keys_dir: \"/run/postern\" must be a path"},
	{6, "keys_dir: [a]", "p.yaml:6: keys_dir: must be one value"},
	{6, "decryption_keys: /x", "p.yaml:6: decryption_keys: must be a list"},
	{6, "decryption_keys: []", "p.yaml:6: decryption_keys: must be a list"},
	{6, "decryption_keys: [/x]", "p.yaml:6: must be a map (of decryption_keys)"},
	{6, "decryption_keys: [{key: /x}]", "p.yaml:6: certificate: is missing"},
	{6, "decryption_keys: [{certificate: /x}]", "p.yaml:6: key: is missing"},
	{6, "decryption_keys: [{key: /x, certificate: /x, use: all}]", "p.yaml:6: use: is not a setting"},
	{6, "decryption_keys: [{key: a, certificate: a}, {key: b, certificate: b}, {key: c, certificate: c}, {key: d, certificate: d}, "
		"{key: e, certificate: e}]", "p.yaml:6: decryption_keys: holds more than 4 pairs"},
	{4, "certificate: {}", "p.yaml:4: certificate: must be one value"},
	/* identity_providers */
	{8, "  \"en tra\":", "p.yaml:8: en tra: is not a name"},
	{9, "    metadata: http://login.example.com/m.xml", "p.yaml:9: metadata: \"http://login.example.com/m.xml\" must begin with https://"},
	{9, "", "p.yaml:8: metadata: is missing in entra"},
	{9, "    metadata: {a: b}", "p.yaml:9: metadata: must be one value"},
	{10, "    proxy: proxy.example.org", "p.yaml:10: proxy: \"proxy.example.org\" is not a proxy"},
	{10, "    signed: none", "p.yaml:10: signed: \"none\" must be one of: any assertion response both"},
	{10, "    encrypted: maybe", "p.yaml:10: encrypted: \"maybe\" must be one of: allowed required"},
	{10, "    encrypted: required", "p.yaml:10: encrypted: needs decryption_keys"},
	{10, "    skew: 1h", "p.yaml:10: skew: \"1h\" must be within 1s..10m"},
	{10, "    skew: 0s", "p.yaml:10: skew: \"0s\" must be within 1s..10m"},
	{10, "    logout_signed: yes", "p.yaml:10: logout_signed: \"yes\" must be one of: any required"},
	{10, "    logout_answer: none", "p.yaml:10: logout_answer: \"none\" must be one of: auto page response"},
	{10, "    sign_requests: maybe", "p.yaml:10: sign_requests: \"maybe\" must be yes or no"},
	{10, "    name_id_format: kerberos", "p.yaml:10: name_id_format: \"kerberos\" must be one of: email persistent transient unspecified"},
	{10, "    tennant: x", "p.yaml:10: tennant: is not a setting; did you mean tenant?"},
	/* connections */
	{13, "    kind: managed\n    provider: nobody", "p.yaml:14: provider: \"nobody\" is not an identity provider"},
	{11, "    domains: a.example\n  second: {metadata: /etc/postern/second.xml, domains: b.example}\nconnections:", "p.yaml:25: providers: is missing in corp: there are 2 identity providers"},
	{29, "    join: {objectidentifier: employeeNumber}\n    providers: [entra, nobody]", "p.yaml:30: providers: \"nobody\" is not an identity provider"},
	{13, "    kind: org", "p.yaml:13: kind: \"org\" must be one of: managed portal"},
	{13, "", "p.yaml:12: kind: is missing in organisation"},
	{13, "    kind: managed\n    title: [a]", "p.yaml:14: title: "},
	{13, "    kind: managed\n    logout: javascript:x", "p.yaml:14: logout: \"javascript:x\" "},
	{14, "", "p.yaml:12: entity_id: is missing in organisation"},
	{15, "", "p.yaml:12: acs: is missing in organisation"},
	{15, "    acs: http://auth.example.com/acs", "p.yaml:15: acs: \"http://auth.example.com/acs\" must begin with https://"},
	{16, "", "p.yaml:12: start: is missing in organisation: a managed connection needs"},
	{21, "", "p.yaml:17: home: is missing in helpdesk: a portal connection needs"},
	{21, "    home: https://x.example\n    start: https://x.example", "p.yaml:22: start: belongs to managed connections only"},
	{21, "    home: https://x.example\n    observe: yes", "p.yaml:22: observe: belongs to managed connections only"},
	{16, "    start: https://x.example\n    observe: perhaps", "p.yaml:17: observe: \"perhaps\" must be yes or no"},
	{19, "    entity_id: https://auth.example.com/saml/1", "p.yaml:19: entity_id: \"https://auth.example.com/saml/1\" is the entity ID of connection organisation"},
	{19, "    metadata: /nowhere.xml", "p.yaml:20: acs: is given by metadata already"},
	{16, "    start: https://x.example\n    sign: all", "p.yaml:17: sign: \"all\" must be one of: assertion response both"},
	{16, "    start: https://x.example\n    refusals: none", "p.yaml:17: refusals: \"none\" must be one of: page response"},
	{16, "    start: https://x.example\n    requests: some", "p.yaml:17: requests: \"some\" must be one of: any signed"},
	{16, "    start: https://x.example\n    requests: signed", "p.yaml:17: requests: signed requests need request_certificates"},
	{16, "    start: https://x.example\n    request_certificates: {a: b}", "p.yaml:17: request_certificates: must be a text or a list"},
	{16, "    start: https://x.example\n    lifetime: 1d", "p.yaml:17: lifetime: \"1d\" must be within 30s..1h"},
	{16, "    start: https://x.example\n    stable_id: {claim: a, ldap: b}", "p.yaml:17: stable_id: must be one of {claim: NAME}"},
	{16, "    start: https://x.example\n    attributes: {a: {}}", "p.yaml:17: a: must name one source"},
	{16, "    start: https://x.example\n    attributes: {a: {ldap: x, value: y}}", "p.yaml:17: a: must name one source"},
	{16, "    start: https://x.example\n    attributes: {a: {ldap: x, as: dn}}", "p.yaml:17: as: belongs to groups only"},
	{16, "    start: https://x.example\n    attributes: {a: x}", "p.yaml:17: a: must be a map"},
	/* directories */
	{24, "    uri: ldap://ldap.example.org", "p.yaml:24: uri: \"ldap://ldap.example.org\" would send passwords and people in the clear"},
	{24, "    uri: [ldaps://a.example.org, ldap://b.example.org]", "p.yaml:24: uri: \"ldap://b.example.org\" would send"},
	{24, "    uri: ldap.example.org", "p.yaml:24: uri: \"ldap.example.org\" is not an address"},
	{24, "    uri: ldaps://ldap.example.org/dc=example", "p.yaml:24: uri: \"ldaps://ldap.example.org/dc=example\" must end after its host"},
	{24, "    uri: ldaps://ldap.example.org\n    starttls: yes", "p.yaml:24: uri: \"ldaps://ldap.example.org\" is TLS from the start"},
	{24, "    uri: ldaps://ldap.example.org\n    kind: novell", "p.yaml:25: kind: \"novell\" must be"},
	{24, "    uri: ldaps://ldap.example.org\n    kind: active-directory\n    poll: 2h", "p.yaml:26: poll: \"2h\" must be within 1s..1h"},
	{24, "    uri: ldaps://ldap.example.org\n    poll: 5s", "p.yaml:25: poll: belongs to another kind than openldap"},
	{24, "    uri: ldaps://ldap.example.org\n    kind: openldap\n    compare: 1h", "p.yaml:26: compare: belongs to another kind than openldap"},
	{24, "    uri: ldaps://ldap.example.org\n    id: nsUniqueId", "p.yaml:25: id: belongs to kind: other"},
	{24, "    uri: ldaps://ldap.example.org\n    kind: entra-domain-services\n    id: objectGUID", "p.yaml:26: id: belongs to kind: other"},
	{24, "    uri: ldaps://ldap.example.org\n    kind: other\n    id: a b", "p.yaml:26: id: \"a b\" is not the name"},
	{24, "    uri: ldaps://ldap.example.org\n    kind: other\n    poll: 0s", "p.yaml:26: poll: \"0s\" must be within 1s..1h"},
	{24, "    uri: ldaps://ldap.example.org\n    kind: other\n    compare: 1s", "p.yaml:26: compare: \"1s\" must be within 10s..7d"},
	{25, "    bind_dn: postern", "p.yaml:25: bind_dn: \"postern\" is not a DN"},
	{25, "", "p.yaml:23: bind_dn: is missing in corp: password_file needs it"},
	{26, "", "p.yaml:23: password_file: is missing in corp: bind_dn needs it"},
	{27, "    people: {base: \"people\"}", "p.yaml:27: base: \"people\" is not a DN"},
	{27, "    people: {base: ou=people,dc=example,dc=org}", "p.yaml:27: base: is cut at the comma before \"dc=example\": put the text in quotes"},
	{27, "    people: {base: \"ou=p,dc=e\", filter: objectClass=person}", "p.yaml:27: filter: \"objectClass=person\" is not an LDAP filter"},
	{27, "    people: {base: \"ou=p,dc=e\", filter: (a=b)(c=d)}", "p.yaml:27: filter: \"(a=b)(c=d)\" is not an LDAP filter"},
	{28, "    groups: {}", "p.yaml:28: base: is missing in groups"},
	{28, "    groups: {base: \"ou=g,dc=e\", member: \"a b\"}", "p.yaml:28: member: \"a b\" is not the name of an LDAP attribute"},
	{29, "    join: {objectidentifier: mail}", "p.yaml:29: objectidentifier: joins by mail, which can change"},
	{29, "    join: {emailaddress: internalMail}", "p.yaml:29: emailaddress: joins by internalMail, which can change"},
	{29, "    join: {upn: UserPrincipalName}", "p.yaml:29: upn: joins by UserPrincipalName, which can change"},
	{29, "    join: employeeNumber", "p.yaml:29: join: must be a map"},
	{29, "", "p.yaml:23: join: is missing in corp"},
	{29, "    join: {objectidentifier: employeeNumber}\n    stale_after: 0s", "p.yaml:30: stale_after: \"0s\" must be within 1s..365d"},
	{29, "    join: {objectidentifier: employeeNumber}\n    stale_grace: 2y", "p.yaml:30: stale_grace: \"2y\" is not a time"},
	{29, "    join: {objectidentifier: employeeNumber}\n    bind: gssapi", "p.yaml:30: bind: \"gssapi\""},
	{29, "    join: {objectidentifier: employeeNumber}\n    client_key: /k", "p.yaml:23: client_certificate: is missing in corp: client_key needs it"},
	{29, "    join: {objectidentifier: employeeNumber}\n    client_certificate: /c", "p.yaml:23: client_key: is missing in corp: client_certificate needs it"},
	{29, "    join: {objectidentifier: employeeNumber}\n    bind: external\n    client_certificate: /c\n    client_key: /k",
		"p.yaml:25: bind_dn: goes with bind: simple only"},
	{29, "    join: {objectidentifier: employeeNumber}\n    removal_limit: 0", "p.yaml:30: removal_limit: \"0\" must be within 1..100"},
	{29, "    join: {objectidentifier: employeeNumber}\n    removal_limit: 10%", "p.yaml:30: removal_limit: \"10%\""},
	/* time_zone, sets, conditions */
	{6, "time_zone: Europe/Nowhere", "p.yaml:6: time_zone: \"Europe/Nowhere\" is not known on this host (package tzdata): "},
	{6, "time_zone: ../../etc/passwd", "p.yaml:6: time_zone: \"../../etc/passwd\" is not the name of a time zone"},
	{6, "time_zone: /etc/localtime", "p.yaml:6: time_zone: \"/etc/localtime\" is not the name of a time zone"},
	{6, "time_zone: tzdata.zi", "p.yaml:6: time_zone: \"tzdata.zi\" is not the name of a time zone"},
	{6, "time_zone: tzdata", "p.yaml:6: time_zone: \"tzdata\" is not known on this host"},
	{6, "time_zone: []", "p.yaml:6: time_zone: must be one value"},
	{6, "sets: [a]", "p.yaml:6: sets: must be a map of names"},
	{6, "sets: {a: b}", "p.yaml:6: a: must be a list of texts"},
	{6, "sets: {a: [b, [c]]}", "p.yaml:6: a: must be a list of texts"},
	{6, "sets: {a: [b, '']}", "p.yaml:6: a: holds an empty text"},
	{6, "sets: {a b: [c]}", "p.yaml:6: a b: is not a name"},
	{6, "conditions: x = y", "p.yaml:6: conditions: must be a map of names"},
	{6, "conditions: {a: [x = y]}", "p.yaml:6: a: must be one condition, in quotes"},
	{6, "conditions: {a: x == y}", "p.yaml:6: a: column 3: found `==`, expected `=`"},
	{6, "conditions: {a: x = y, b: x in set c}", "p.yaml:6: b: column 10: no set is called `c`; there is: none is set up"},
	{6, "conditions: {a: x = y and condition b, b: not condition a}", "p.yaml:6: b: column 15: condition `a` leads back to this one"},
	{6, "conditions: {a: condition b}", "p.yaml:6: a: column 11: no condition is called `b`; there is: a"},
	/* exceptions */
	{6, "exceptions: {}", "p.yaml:6: exceptions: must be a list"},
	{6, "exceptions: [{name: x, outcome: licensed, until: 2026-12-31, because: y}]", "p.yaml:6: exceptions: must name one person, by one of id, dn and mail"},
	{6, "exceptions: [{name: x, id: 1, outcome: licensed, until: 2026-12-31, because: y, mail: a@example.org}]", "p.yaml:6: exceptions: must name one person"},
	{6, "exceptions: [{name: x, dn: x, outcome: licensed, until: 2026-12-31, because: y}]", "p.yaml:6: dn: \"x\" is not a DN"},
	{6, "exceptions: [{name: x, mail: x, outcome: licensed, until: 2026-12-31, because: y}]", "p.yaml:6: mail: \"x\" is not a mail address"},
	{6, "exceptions: [{name: x, id: 1, outcome: licensed, until: 31.12.2026, because: y}]", "p.yaml:6: until: \"31.12.2026\" is not a day like 2026-12-31"},
	{6, "exceptions: [{name: x, id: 1, outcome: licensed, until: 2026-02-30, because: y}]", "p.yaml:6: until: \"2026-02-30\" is not a day"},
	{6, "exceptions: [{name: x, id: 1, outcome: licensed, because: y}]", "p.yaml:6: until: is missing"},
	{6, "exceptions: [{name: x, id: 1, outcome: licensed, until: 2026-12-31}]", "p.yaml:6: because: is missing"},
	{6, "exceptions: [{name: x, id: 1, outcome: licensed, until: 2026-12-31, because: y, directory: lab}]", "p.yaml:6: directory: \"lab\" is not a directory"},
	{6, "exceptions: [{name: x, id: 1, outcome: portal, until: 2026-12-31, because: y}]", "p.yaml:6: at: is missing"},
	{6, "exceptions: [{name: x, id: 1, outcome: deny, until: 2026-12-31, because: y, guests: yes}]", "p.yaml:6: guests: belongs to exceptions that give something"},
	{6, "exceptions: [{name: agents, id: 1, outcome: licensed, until: 2026-12-31, because: y}]", "p.yaml:6: name: \"agents\" is the name of a rule (line 31)"},
	{6, "exceptions: [{name: x, id: 1, outcome: licensed, until: 2026-12-31, because: y}, {name: x, id: 1, outcome: licensed, until: 2026-12-31, because: y}]", "p.yaml:6: name: \"x\" is there twice"},
	{6, "exceptions: [{name: x, id: 1, outcome: customer, until: 2026-12-31, because: y}]", "p.yaml:36: customer: is missing in help: a rule or an exception can give this outcome"},
	/* rules and require */
	{31, "  - {name: agents, outcome: licensed}", "p.yaml:31: when: is missing"},
	{31, "  - {name: agents, when: \"member of corp:agents\"}", "p.yaml:31: outcome: is missing"},
	{31, "  - {when: \"member of corp:agents\", outcome: licensed}", "p.yaml:31: name: is missing"},
	{31, "  - {name: agents, when: \"member of corp:agents\", outcome: agent}", "p.yaml:31: outcome: \"agent\" must be one of"},
	{31, "  - {name: agents, when: member of cn=a,ou=groups,dc=example, outcome: licensed}",
		"p.yaml:31: when: is cut at the comma before \"ou=groups\": put the text in quotes, when: \"...\""},
	{31, "  - {name: agents, when: member of 'cn=a,ou=groups', outcome: licensed}", "p.yaml:31: when: is cut at the comma before \"ou=groups'\""},
	{31, "  - {name: agents, when: \"member off corp:agents\", outcome: licensed}", "p.yaml:31: when: "},
	{31, "  - {name: agents, when: \"mfa\", outcome: licensed}", "p.yaml:31: when: "},
	{31, "  - {name: agents, when: \"member of nowhere:agents\", outcome: licensed}", "p.yaml:31: when: "},
	{31, "  - agents", "p.yaml:31: must be a map"},
	{32, "  - {name: agents, when: \"department = x\", outcome: deny}", "p.yaml:32: name: \"agents\" is there twice (first in line 31)"},
	{32, "  - {name: p, when: \"department = x\", outcome: portal}", "p.yaml:32: at: is missing"},
	{32, "  - {name: p, when: \"department = x\", outcome: portal, at: [helpdesk, nowhere]}", "p.yaml:32: at: \"nowhere\" is not a connection"},
	{32, "  - {name: p, when: \"department = x\", outcome: portal, at: organisation}", "p.yaml:32: at: \"organisation\" is a managed connection"},
	{32, "  - {name: p, when: \"department = x\", outcome: deny, at: helpdesk}", "p.yaml:32: at: belongs to outcome portal only"},
	{32, "  - {name: p, when: \"department = x\", outcome: licensed, because: x}", "p.yaml:32: because: belongs to outcome deny only"},
	{31, "  - {name: agents, when: \"member of corp:agents\", outcome: licensed, stale_after: 0s}", "p.yaml:31: stale_after: \"0s\" must be within"},
	{32, "  - {name: p, when: \"department = x\", outcome: deny, stale_after: 1h}", "p.yaml:32: stale_after: belongs to rules that give something"},
	{34, "  - {name: second, for: everybody, when: \"mfa\"}", "p.yaml:34: for: \"everybody\" must be one of"},
	{34, "  - {name: second, for: licensed}", "p.yaml:34: when: is missing"},
	{34, "  - {name: second, when: \"door is nowhere\"}", "p.yaml:34: when: "},
	{34, "  - {name: second, when: \"mfa\", outcome: deny}", "p.yaml:34: outcome: is not a setting here; it belongs under rules"},
	/* go */
	{36, "  help: {licensed: https://x.example, portal: helpdesk, login_hint: anna}", "p.yaml:36: login_hint: \"anna\" is not a mail address"},
	{36, "  help: {portal: helpdesk}", "p.yaml:36: licensed: is missing in help: a rule or an exception can give this outcome"},
	{36, "  help: {licensed: https://x.example}", "p.yaml:36: portal: is missing in help: a rule or an exception can give this outcome"},
	{36, "  help: {licensed: organisation, portal: nowhere}", "p.yaml:36: portal: \"nowhere\" is neither a URL nor a connection"},
	{36, "  help: {licensed: organisation, portal: organisation}", "p.yaml:36: portal: \"organisation\" is a managed connection"},
	{36, "  help: {licensed: http://x.example, portal: helpdesk}", "p.yaml:36: licensed: \"http://x.example\" must begin with https://"},
	{36, "  help: {licensed: organisation, portal: helpdesk, via: helpdesk}", "p.yaml:36: via: \"helpdesk\" is not a managed connection"},
	{36, "  help: {licensed: organisation, portal: helpdesk, provider: adfs}", "p.yaml:36: provider: \"adfs\" is not an identity provider"},
	{36, "  help: help", "p.yaml:36: help: must be a map"},
};

static void names_file_line_and_key_of_what_is_wrong(void **state)
{
	(void)state;
	assert_settings_refused(good, LINES, wrong, sizeof(wrong) / sizeof(*wrong));
}

/* With the directory's providers named, what is missing is the connections' own. */
static void connections_choose_among_several_providers(void **state)
{
	struct arena *a = arena_new();
	struct slice file = file_with(a, 29, "    join: {objectidentifier: employeeNumber}\n    providers: [entra, second]");
	const char *second = strstr(arena_copy(a, file), "connections:");
	size_t before = file.n - strlen(second);
	const struct settings *s = NULL;
	struct text t;
	struct error err;

	(void)state;
	text_begin(&t, a, file.n + 64);
	text_add(&t, slice_of(file.p, before));
	text_add_c(&t, "    domains: a.example\n  second: {metadata: /etc/postern/second.xml, domains: b.example}\n");
	text_add_c(&t, second);
	assert_refused(settings_of(a, text_slice(&t), &s, NULL, &err), err, REASON_SETTINGS);
	assert_non_null(strstr(err.detail, "p.yaml:14: provider: is missing in organisation: there are 2 identity providers"));
	arena_free(a);
}

static void reads_all_of_a_good_file(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	const struct settings_link *link;
	const struct settings_connection *c;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 0, ""), &s, NULL, &err), err);
	assert_string_equal(s->public_host, "sso.example.org");
	assert_string_equal(s->acs_url, "https://sso.example.org/saml/sp/acs/1");
	assert_string_equal(s->sp_entity_id, "https://sso.example.org/saml/sp/metadata");
	assert_string_equal(s->idp_entity_id, "https://sso.example.org/saml/idp/metadata");
	assert_string_equal(s->state_dir, "/var/lib/postern");
	assert_int_equal(s->pending_seconds, 900);
	assert_string_equal(s->slo_url, "https://sso.example.org/saml/sp/slo");
	assert_int_equal(s->logout_seconds, 43200);
	assert_int_equal(s->providers[0].logout_signed, LOGOUT_SIGNED_ANY);
	assert_int_equal(s->providers[0].logout_answer, LOGOUT_ANSWER_AUTO);
	assert_int_equal(s->audit_failure, AUDIT_REFUSE);
	assert_true(s->workers >= 1);
	assert_string_equal(s->providers[0].metadata_url, "https://login.example.com/metadata.xml");
	assert_null(s->providers[0].metadata_file);
	assert_int_equal(s->providers[0].skew, 180);
	assert_false(s->providers[0].sign_requests || settings_sign_requests(s));
	assert_null(s->providers[0].name_id_format);
	assert_null(s->links[0].login_hint);
	assert_string_equal(s->keys_dir, "/etc/postern/keys");
	c = settings_connection(s, "helpdesk");
	assert_non_null(c);
	assert_string_equal(c->idp_entity_id, s->idp_entity_id);
	assert_string_equal(c->title, c->name);
	assert_int_equal(c->kind, DOOR_PORTAL);
	assert_ptr_equal(settings_connection_by_entity(s, "opaque"), c);
	assert_null(settings_connection_by_entity(s, "opaqu"));
	assert_string_equal(c->name_id_format, SAML_FORMAT_EMAIL);
	assert_int_equal(c->refusals, REFUSALS_PAGE);
	assert_int_equal(c->requests, REQUESTS_ANY);
	assert_null(c->request_certificates);
	assert_false(settings_demands_signed_requests(s));
	assert_int_equal(s->policy.rule_count, 2);
	assert_int_equal(s->policy.rules[1].outcome, OUTCOME_PORTAL);
	assert_int_equal(s->policy.rules[1].line, 32);
	assert_true(s->policy.requirements[0].for_outcome[OUTCOME_LICENSED]);
	assert_false(s->policy.requirements[0].for_outcome[OUTCOME_CUSTOMER]);
	link = settings_link(s, slice_c("help"));
	assert_non_null(link);
	assert_string_equal(link->landing[OUTCOME_PORTAL], "https://example.atlassian.net/portals");
	assert_string_equal(link->landing_door[OUTCOME_PORTAL], "helpdesk");
	assert_string_equal(link->landing[OUTCOME_LICENSED], "https://example.atlassian.net/jira");
	assert_null(link->landing_door[OUTCOME_LICENSED]);
	assert_string_equal(link->via, "organisation");
	assert_string_equal(link->provider, "entra");
	assert_null(settings_link(s, slice_c("hel")));
	arena_free(a);
}

static void reads_one_cookie_secret_or_two(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 6, "state_dir: /s"), &s, NULL, &err), err);
	assert_string_equal(s->cookie_secrets[0], "/s/cookie.secret");
	assert_null(s->cookie_secrets[1]);
	assert_true(s->cookie_secret_is_made);
	assert_done(settings_of(a, file_with(a, 6, "cookie_secret: /c"), &s, NULL, &err), err);
	assert_string_equal(s->cookie_secrets[0], "/c");
	assert_null(s->cookie_secrets[1]);
	assert_false(s->cookie_secret_is_made);
	assert_done(settings_of(a, file_with(a, 6, "cookie_secret: [new, /c]"), &s, NULL, &err), err);
	assert_string_equal(s->cookie_secrets[0], "/etc/postern/new");
	assert_string_equal(s->cookie_secrets[1], "/c");
	assert_null(s->cookie_secrets[2]);
	arena_free(a);
}

static void reads_how_requests_are_made_and_taken(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 10, "    sign_requests: yes\n    name_id_format: transient"), &s, NULL, &err), err);
	assert_true(s->providers[0].sign_requests && settings_sign_requests(s));
	assert_string_equal(s->providers[0].name_id_format, SAML_FORMAT_TRANSIENT);
	assert_done(settings_of(a, file_with(a, 36, "  help: {licensed: https://x.example, portal: helpdesk, login_hint: h@x.example}"), &s, NULL, &err), err);
	assert_string_equal(s->links[0].login_hint, "h@x.example");
	assert_done(settings_of(a, file_with(a, 16, "    start: https://x.example\n    requests: signed\n    request_certificates: [a.crt, /b.crt]"), &s,
		NULL, &err), err);
	assert_int_equal(s->connections[0].requests, REQUESTS_SIGNED);
	assert_string_equal(s->connections[0].request_certificates[0], "/etc/postern/a.crt");
	assert_string_equal(s->connections[0].request_certificates[1], "/b.crt");
	assert_null(s->connections[0].request_certificates[2]);
	/* not of every connection, so not said in our metadata */
	assert_false(settings_demands_signed_requests(s));
	arena_free(a);
}

static const struct settings_attribute *attribute_of(const struct settings *s, const char *end)
{
	const struct settings_connection *c = settings_connection(s, "organisation");
	size_t i;

	for (i = 0; i < c->attribute_count; i++) {
		size_t n = strlen(c->attributes[i].name);

		if (n >= strlen(end) && strcmp(c->attributes[i].name + n - strlen(end), end) == 0)
			return &c->attributes[i];
	}
	return NULL;
}

static void reads_how_a_directory_is_followed(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 0, ""), &s, NULL, &err), err);
	assert_int_equal(s->directories[0].kind, DIRECTORY_OPENLDAP);
	assert_done(settings_of(a, file_with(a, 24, "    uri: ldaps://ldap.example.org\n    kind: other\n    poll: 1m\n    compare: 10s\n"
		"    id: ipaUniqueID"), &s, NULL, &err), err);
	assert_int_equal(s->directories[0].kind, DIRECTORY_OTHER);
	assert_int_equal(s->directories[0].poll_seconds, 60);
	assert_int_equal(s->directories[0].compare_seconds, 10);
	assert_string_equal(s->directories[0].id_attribute, "ipaUniqueID");
	arena_free(a);
}

static void sends_the_usual_attributes_and_further_ones(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 16, "    start: https://x.example\n    stable_id: {claim: upn}\n"
		"    attributes: {groups: {groups: \"jira-*\", as: dn}, id: {stable_id: yes}, "
		"\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname\": {value: x}}"), &s, NULL, &err), err);
	assert_string_equal(attribute_of(s, "/claims/givenname")->text, "givenName");
	assert_int_equal(attribute_of(s, "/claims/givenname")->source, ATTRIBUTE_LDAP);
	assert_string_equal(attribute_of(s, "/claims/name")->text, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn");
	assert_int_equal(attribute_of(s, "/claims/name")->source, ATTRIBUTE_CLAIM);
	assert_int_equal(attribute_of(s, "/claims/surname")->source, ATTRIBUTE_VALUE);
	assert_int_equal(attribute_of(s, "groups")->source, ATTRIBUTE_GROUPS);
	assert_true(attribute_of(s, "groups")->as_dn);
	assert_string_equal(attribute_of(s, "id")->text, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn");
	assert_int_equal(settings_connection(s, "organisation")->attribute_count, 6);
	assert_done(settings_of(a, file_with(a, 16, "    start: https://x.example\n    usual_attributes: no"), &s, NULL, &err), err);
	assert_int_equal(settings_connection(s, "organisation")->attribute_count, 0);
	assert_done(settings_of(a, file_with(a, 0, ""), &s, NULL, &err), err);
	assert_string_equal(attribute_of(s, "/claims/name")->text, SAML_CLAIM_OBJECT_ID);
	arena_free(a);
}

static bool keeps(const struct settings *s, const char *name)
{
	const char *const *n;
	int found = 0;

	for (n = s->directories[0].attributes; *n; n++)
		found += strcasecmp(*n, name) == 0;
	return found == 1;
}

static void keeps_every_attribute_that_is_named_anywhere(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 16, "    start: https://x.example\n    attributes: {a: {ldap: costCenter}, b: {ldap: MAIL}}"),
		&s, NULL, &err), err);
	assert_true(keeps(s, "mail"));
	assert_true(keeps(s, "givenName"));
	assert_true(keeps(s, "sn"));
	assert_true(keeps(s, "displayName"));
	assert_true(keeps(s, "employeeNumber"));
	assert_true(keeps(s, "department"));
	assert_true(keeps(s, "costCenter"));
	assert_false(keeps(s, "title"));
	assert_string_equal(s->directory_sources[0].password_file, "/etc/postern/password");
	arena_free(a);
}

static void allows_mutable_joins_when_told_so(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 29, "    join: {objectidentifier: employeeNumber, upn: mail}\nallow_mutable_join: yes"),
		&s, NULL, &err), err);
	assert_false(s->directories[0].joins[0].is_mutable);
	assert_string_equal(s->directories[0].joins[0].claim, SAML_CLAIM_OBJECT_ID);
	assert_true(s->directories[0].joins[1].is_mutable);
	arena_free(a);
}

static void active_directory_has_filters_of_its_own(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 24, "    uri: ldaps://dc1.example.org\n    kind: active-directory\n    poll: 5s"), &s, NULL, &err),
		err);
	assert_int_equal(s->directories[0].kind, DIRECTORY_ACTIVE_DIRECTORY);
	assert_int_equal(s->directories[0].poll_seconds, 5);
	assert_string_equal(s->directories[0].people_filter, "(&(objectCategory=person)(objectClass=user))");
	assert_string_equal(s->directories[0].groups_filter, "(objectClass=group)");
	assert_done(settings_of(a, file_with(a, 27, "    people: {base: \"ou=p,dc=e\", filter: (mail=*)}\n    kind: active-directory"), &s, NULL,
		&err), err);
	assert_string_equal(s->directories[0].people_filter, "(mail=*)");
	arena_free(a);
}

static void accepts_what_stays_on_this_host(void **state)
{
	static const struct { size_t number; const char *line; } fine[] = {
		{1, "public_url: http://sso.localhost:8080/"},
		{1, "public_url: http://127.0.0.1:8080"},
		{1, "public_url: http://[::1]:8080"},
		{2, "listen: [127.0.0.2:0, \"[::1]:8080\"]"},
		{2, "listen: 0.0.0.0:443\ntls_certificate: t.crt\ntls_key: t.key"},
		{9, "    metadata: http://127.0.0.1:9000/metadata"},
		{9, "    metadata: entra.xml"},
		{24, "    uri: ldap://127.0.0.1:3890"},
		{24, "    uri: ldap://ldap.example.org\n    starttls: yes"},
		{24, "    uri: ldapi://%2frun%2fldapi"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(fine) / sizeof(*fine); i++) {
		struct arena *a = arena_new();
		const struct settings *s = NULL;
		struct error err;

		assert_done(settings_of(a, file_with(a, fine[i].number, fine[i].line), &s, NULL, &err), err);
		assert_null(strstr(s->acs_url, "//saml"));
		if (s->tls_key_file)
			assert_string_equal(s->tls_key_file, "/etc/postern/t.key");
		if (s->providers[0].metadata_file)
			assert_string_equal(s->providers[0].metadata_file, "/etc/postern/entra.xml");
		arena_free(a);
	}
}

static void lists_all_problems_at_once_up_to_twenty(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	const char *const *problems;
	struct text t;
	struct error err;
	size_t n;

	(void)state;
	assert_refused(settings_of(a, file_with(a, 6, "workers: x\nshow_groups: x\nbad: x"), &s, &problems, &err), err, REASON_SETTINGS);
	assert_non_null(strstr(problems[0], ":6: workers"));
	assert_non_null(strstr(problems[1], ":7: show_groups"));
	assert_non_null(strstr(problems[2], ":8: bad"));
	assert_null(problems[3]);
	assert_string_equal(problems[0], err.detail);
	text_begin(&t, a, 100);
	for (n = 0; n < 40; n++)
		text_addf(&t, "wrong%zu: x\n", n);
	assert_refused(settings_of(a, text_slice(&t), &s, &problems, &err), err, REASON_SETTINGS);
	for (n = 0; problems[n]; n++)
		;
	assert_int_equal(n, SETTINGS_PROBLEMS_MAX);
	assert_refused(settings_of(a, slice_c("a: [b"), &s, &problems, &err), err, REASON_SETTINGS);
	assert_string_equal(problems[0], err.detail);
	arena_free(a);
}

/* ---- the sample file ---- */

static struct slice document(struct arena *a, const char *name)
{
	const char *top = getenv("TOP_SRCDIR");
	struct slice bytes;
	struct error err;

	assert_done(file_read(a, arena_printf(a, "%s/doc/%s", top ? top : "..", name), FILE_PUBLIC, 1 << 20, &bytes, &err), err);
	return bytes;
}

static struct slice sample(struct arena *a)
{
	return document(a, "postern.yaml.sample");
}

/* With everything switched on: a `#` that is not followed by exactly one blank goes away. */
static struct slice switched_on(struct arena *a, struct slice s)
{
	struct text t;
	size_t i;

	text_begin(&t, a, s.n);
	for (i = 0; i < s.n; i++) {
		const char *p = s.p + i;

		if (*p == '#' && (i == 0 || p[-1] == '\n') && p[1] != '\n' && (p[1] != ' ' || p[2] == ' '))
			continue;
		text_add(&t, slice_of(p, 1));
	}
	return text_slice(&t);
}

static const char labs_metadata[] =
	"<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"https://labs.example/sp\">"
	"<md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:AssertionConsumerService index=\"0\" "
	"isDefault=\"true\" Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://labs.example/acs?x=1\"/>"
	"</md:SPSSODescriptor></md:EntityDescriptor>";

static void accepts_the_sample_file_with_everything_switched_on(void **state)
{
	struct arena *a = arena_new();
	struct files *files = files_from_disk(a);
	const struct settings *s = NULL;
	const char *const *problems = NULL;
	struct error err;

	(void)state;
	assert_done(saml_start(&err), err);
	files_put(files, "p.yaml", FILES_ALL, switched_on(a, sample(a)));
	files_put(files, "/etc/postern/labs.xml", FILES_ALL, slice_c(labs_metadata));
	assert_done(settings_read(a, files, "p.yaml", &s, &problems, &err), err);
	assert_string_equal(settings_connection(s, "labs")->entity_id, "https://labs.example/sp");
	assert_string_equal(settings_connection(s, "labs")->acs, "https://labs.example/acs?x=1");
	assert_int_equal(s->accounts_max_age, 30 * 86400);
	assert_int_equal(s->accounts_idle, 90 * 86400);
	assert_int_equal(s->prices.product_count, 4);
	assert_string_equal(s->prices.products[1].word, "jira-service-management");
	assert_int_equal(price_of(&s->prices.products[0].price, 251), 100 * 81500 + 150 * 68300 + 51000);
	assert_int_equal(price_of(&s->prices.guard[GUARD_PREMIUM], 2), 130000);
	assert_string_equal(s->prices.licensed[0], "jira-service-management");
	assert_string_equal(s->prices.rules[0].products[1], "confluence");
	assert_int_equal(s->trusted_proxies.count, 2);
	assert_true(s->trusted_proxies.unix_sockets);
	assert_int_equal(s->proxy_protocol.count, 1);
	assert_false(s->proxy_protocol.unix_sockets);
	assert_string_equal(s->socket_group, "www-data");
	assert_int_equal(s->decryption_key_count, 1);
	assert_string_equal(s->decryption_keys[0].key_file, "/etc/postern/decryption.key");
	assert_string_equal(s->decryption_keys[0].certificate_file, "/etc/postern/decryption.crt");
	assert_string_equal(s->directories[0].disabled_filter_attribute, "pwdAccountLockedTime");
	saml_stop();
	arena_free(a);
}

static void without_prices_nothing_is_known_of_money(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, sample(a), &s, NULL, &err), err);
	assert_false(s->prices.known);
	assert_null(s->prices.licensed[0]);
	assert_int_equal(s->accounts_idle, 90 * 86400);
	arena_free(a);
}

static void limits_have_defaults_and_can_be_off(void **state)
{
	static const struct {
		const char *line;
		struct settings_limits wanted;
	} rows[] = {
		{"", {20000, 600, 60, 1024, 32, 64, NULL, 2}},
		{"limits: off", {0, 0, 0, 0, 32, 64, NULL, 2}},
		{"limits: {failures: off, sign_ons: 5, ipv6_prefix: 48, exempt: 192.0.2.0/24}", {20000, 0, 5, 1024, 32, 48, NULL, 3}},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct settings_limits wanted = rows[i].wanted;
		const char *const *problems;
		const struct settings *s;
		struct error err;

		assert_done(settings_of(a, file_with(a, 6, rows[i].line), &s, &problems, &err), err);
		wanted.exempt = s->limits.exempt;
		assert_memory_equal(&s->limits, &wanted, sizeof(wanted));
		/* this host itself, always */
		assert_int_equal(s->limits.exempt[0].bits, 96 + 8);
		assert_int_equal(s->limits.exempt[1].bits, 128);
	}
	arena_free(a);
}

static void a_rule_that_denies_stands_before_those_of_ldap(void **state)
{
	static const char ldap[] = "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: licensed, after: agents%s}";
	struct arena *a = arena_new();
	const char *deny = "  - {name: partners, when: \"department = Partner\", outcome: deny}", *const *problems;
	const struct settings *s;
	struct error err;
	struct slice text = file_with(a, 32, deny);

	(void)state;
	text = slice_c(arena_printf(a, "%.*s%s", (int)text.n, text.p, arena_printf(a, ldap, "")));
	assert_refused(settings_of(a, text, &s, &problems, &err), err, REASON_SETTINGS);
	assert_non_null(strstr(err.detail, "after: \"partners\" denies and stands behind \"agents\""));
	text = file_with(a, 32, deny);
	text = slice_c(arena_printf(a, "%.*s%s", (int)text.n, text.p, arena_printf(a, ldap, ", overtake_deny: yes")));
	assert_done(settings_of(a, text, &s, &problems, &err), err);
	assert_int_equal(s->ldap_rules.place, 1);
	assert_int_equal(s->ldap_rules.change_limit, 50);
	assert_string_equal(s->ldap_rules.attribute[LDAP_RULE_WHEN], "posternCondition");
	assert_string_equal(s->directories[0].rules_attributes[3], "posterncondition");
	assert_string_equal(s->directories[0].rules_base, "dc=x");
	arena_free(a);
}

static void accepts_the_sample_file(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, sample(a), &s, NULL, &err), err);
	arena_free(a);
}

static void the_sample_file_shows_every_setting(void **state)
{
	struct arena *a = arena_new();
	struct slice file = sample(a), brand = document(a, "brand/brand.yaml");
	const struct setting *row;

	(void)state;
	for (row = settings_table; row->key; row++) {
		bool is_brand = row->section == SECTION_brand || row->section == SECTION_colours || row->section == SECTION_contact;
		struct slice s = is_brand ? brand : file;
		const char *found = s.p, *wanted = arena_printf(a, "%s:", row->key);

		while ((found = strstr(found, wanted)) && found > s.p && !strchr(" #\n{", found[-1]))
			found++;
		if (!found)
			fail_msg("%s: %s is not in the sample file", setting_section_name(row->section), row->key);
		if (!row->help[0])
			fail_msg("%s has no help", row->key);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_file_line_and_key_of_what_is_wrong),
		cmocka_unit_test(without_prices_nothing_is_known_of_money),
		cmocka_unit_test(limits_have_defaults_and_can_be_off),
		cmocka_unit_test(connections_choose_among_several_providers),
		cmocka_unit_test(reads_all_of_a_good_file),
		cmocka_unit_test(reads_one_cookie_secret_or_two),
		cmocka_unit_test(reads_how_requests_are_made_and_taken),
		cmocka_unit_test(reads_how_a_directory_is_followed),
		cmocka_unit_test(sends_the_usual_attributes_and_further_ones),
		cmocka_unit_test(keeps_every_attribute_that_is_named_anywhere),
		cmocka_unit_test(allows_mutable_joins_when_told_so),
		cmocka_unit_test(active_directory_has_filters_of_its_own),
		cmocka_unit_test(accepts_what_stays_on_this_host),
		cmocka_unit_test(lists_all_problems_at_once_up_to_twenty),
		cmocka_unit_test(accepts_the_sample_file),
		cmocka_unit_test(accepts_the_sample_file_with_everything_switched_on),
		cmocka_unit_test(a_rule_that_denies_stands_before_those_of_ldap),
		cmocka_unit_test(the_sample_file_shows_every_setting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
