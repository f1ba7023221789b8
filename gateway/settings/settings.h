/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Settings: what the administrator wrote, checked and in memory.
 *
 * One YAML file, read by base/yaml into a tree in which every node knows its
 * line, then by tables (settings_table.def) into these structs.  Every error names
 * file, line and key.  The same function reads in the parent, in every role
 * and in `postern check`; where the bytes of the files come from is a
 * `struct files` (files.h): the disk, or the snapshot that the parent handed
 * over, so that all roles judge by the very bytes that the parent accepted.
 *
 * All memory is the arena's.  Nothing changes after settings_read.
 */
#ifndef GATEWAY_SETTINGS_H
#define GATEWAY_SETTINGS_H

#include "gateway/settings/files.h"
#include "gateway/settings/prices.h"
#include "http/http.h"
#include "ldap/mirror.h"
#include "policies/policies.h"
#include "provision/desired.h"
#include "saml/saml.h"

struct saml_holder;

/* ---- identity providers ---- */

/* How its LogoutRequests are answered; AUTO: as Entra ID wants it, where it is Entra ID. */
enum logout_signed { LOGOUT_SIGNED_ANY, LOGOUT_SIGNED_REQUIRED };
enum logout_answer { LOGOUT_ANSWER_AUTO, LOGOUT_ANSWER_PAGE, LOGOUT_ANSWER_RESPONSE };

struct settings_provider {
	const char *name;               /* key: "entra" */
	int line;
	const char *metadata_file;      /* one of the two */
	const char *metadata_url;       /* last good copy: STATE_DIR/metadata/NAME.xml */
	const char *metadata_ca_file;   /* NULL: the system's CAs */
	const char *metadata_certificate_file;  /* whose signature the document must have; NULL: none */
	const char *proxy;              /* for fetching, NULL: none */
	int64_t refresh_seconds;        /* between fetches: default 8h */
	int64_t fetch_seconds;          /* for one of them */
	int64_t alarm_age, alarm_failing;       /* seconds */
	const char *entity_id;          /* expected; NULL: the document's only one */
	const char *tenant;             /* required tenant claim; NULL: the one that an entity ID of Entra names */
	const char *title;              /* what people are asked by: default its name */
	const char *const *domains;     /* mail domains that it may speak for, NULL-terminated; NULL: all (only where it is the only one) */
	enum saml_signed signed_part;   /* `signed: any | assertion | response | both` */
	enum saml_encrypted encrypted;  /* `encrypted: allowed | required` */
	int64_t skew;                   /* seconds */
	bool sign_requests;
	const char *name_id_format;     /* asked for, as its URI; NULL: none is asked for */
	enum logout_signed logout_signed;
	enum logout_answer logout_answer;
};

/* ---- connections ---- */

enum attribute_source {
	ATTRIBUTE_CLAIM,                /* {claim: NAME}: from the verified assertion */
	ATTRIBUTE_LDAP,                 /* {ldap: ATTRIBUTE}: from the mirror */
	ATTRIBUTE_MAIL,                 /* the mail address that is the NameID; among the usual ones only */
	ATTRIBUTE_GROUPS,               /* {groups: PATTERN}: names of the person's groups that match; `as: cn | dn` */
	ATTRIBUTE_VALUE                 /* {value: TEXT}; {stable_id: yes} is read as what the connection's stable_id names */
};

struct settings_attribute {
	const char *name;               /* as sent to the connection */
	enum attribute_source source;
	const char *text;               /* claim (full name), LDAP attribute, pattern or value */
	bool as_dn;
};

enum refusals {
	REFUSALS_PAGE,                  /* the person reads why on our page */
	REFUSALS_RESPONSE               /* there too, and can take a SAML Response back that says no */
};

enum requests {
	REQUESTS_ANY,                   /* a signature that is there must be right, if its key is known */
	REQUESTS_SIGNED
};

/* `accounts` of a connection: where its people's accounts are made (provision/desired.h). */
struct settings_target {
	int line;
	enum target_kind kind;
	const char *scim, *site;        /* one of the two: base address of a SCIM directory, or of a site for its REST interface */
	const char *login;              /* with site: whose API token it is; NULL: a bearer's */
	const char *key_file;
	const char *key_ends_text;      /* NULL: not said */
	int64_t key_ends;               /* the end of that day; 0: not said */
	const char *ca_file, *proxy;    /* NULL: the system's, none */
	size_t rate;                    /* requests a second */
	/* NULL-terminated, never NULL */
	const char *const *licensed, *const *customer;  /* managed: Atlassian groups of all who have that outcome */
	const char *const *organizations, *const *desks;        /* portal: of all its people */
};

struct settings_connection {
	const char *name;
	int line;
	enum door_kind kind;            /* DOOR_MANAGED, DOOR_PORTAL */
	const char *entity_id;          /* given, or from metadata_file */
	const char *acs;                /* exact, with its query */
	const char *metadata_file;      /* NULL: given by values */
	const char *start;              /* managed: the way in that starts a sign-on; required there */
	const char *home;               /* portal: where its people land; required there */
	const char *idp_entity_id;      /* what it knows us as; default: that of all */
	const char *provider;           /* the first of `providers` */
	const char *const *providers;   /* names of the identity providers that its people may be sent to, NULL-terminated */
	const char *title;              /* what people read of it: default its name */
	const char *logout;             /* where its people sign out at Atlassian */
	const char *name_id_format;
	enum saml_sign sign;
	int64_t lifetime;               /* seconds */
	enum refusals refusals;
	enum requests requests;
	const char *const *request_certificates;        /* NULL: those of its metadata, if it is given by metadata */
	bool observe;                   /* managed: the rules are asked, and keep nobody out (judge.h) */
	bool usual_attributes;          /* those of Atlassian are among `attributes` */
	struct settings_attribute stable_id;    /* ATTRIBUTE_CLAIM or ATTRIBUTE_LDAP; default: the object id */
	/* what it is sent, in this order: the usual ones of Atlassian unless `attributes` names them anew */
	const struct settings_attribute *attributes;
	size_t attribute_count;
	const struct settings_target *accounts; /* NULL: none are made here */
};

/* ---- accounts at Atlassian ---- */

enum provision_mode { PROVISION_OFF, PROVISION_PLAN, PROVISION_AUTO };

/* Bounds of what provisioning may do, and the organisation's own interface, which only says what there is. */
struct settings_accounts {
	const char *organization;       /* id; NULL: what there is comes from CSV files */
	const char *organization_api;   /* address */
	const char *organization_key_file, *organization_key_ends_text;
	int64_t organization_key_ends;
	int64_t refresh;                /* seconds between two readings */
	int64_t grace;                  /* seconds until the account of who is gone is deactivated */
	int64_t plan_max_age;           /* seconds: an older inventory is doubted by plans; 0: none is */
	size_t deactivate_limit;        /* of so many at once, or … */
	size_t deactivate_share;        /* … of so many percent */
	int64_t deactivate_within;      /* seconds whose plans are added up for these two */
	size_t seat_limit;              /* by how many billed people one plan may add */
	size_t seat_share;              /* … of so many percent of all who shall have an account */
	bool external_users;            /* mails outside of the organisation's verified domains, too */
	const char *const *protect, *const *protect_groups;     /* mails and account ids; patterns.  NULL-terminated, never NULL */
	const char *const *administrators;      /* mails: protected, too */
	const char *audit_file;         /* default STATE_DIR/provision/audit.jsonl */
};

/* ---- links ---- */

struct settings_link {
	const char *name;               /* /go/NAME */
	int line;
	const char *landing[OUTCOME_COUNT];     /* URL; a portal connection's name in the file is its home here; NULL: none */
	const char *landing_door[OUTCOME_COUNT];        /* that connection's name; NULL: the landing was a URL */
	const char *via;                /* managed connection that the unsolicited Response goes to */
	const char *provider;           /* the first of `providers` */
	const char *const *providers;   /* names of the identity providers, NULL-terminated */
	const char *login_hint;         /* NULL: none */
};

/* ---- directories: what struct directory_options does not hold ---- */

struct settings_directory {
	int line;
	const char *password_file;      /* NULL: anonymous, or bound otherwise */
	const char *client_certificate, *client_key;    /* both or none */
	int64_t stale_after, stale_grace;       /* seconds (staleness.h) */
};

/* ---- pairs that open encrypted assertions ---- */

struct settings_decryption_key {
	const char *key_file, *certificate_file;
	int line;
};

/* ---- rules that stand in LDAP ---- */

/* What an entry says; the order is that in which entries are compared and kept. */
enum ldap_rule_field {
	LDAP_RULE_ORDER, LDAP_RULE_NAME, LDAP_RULE_WHEN, LDAP_RULE_OUTCOME, LDAP_RULE_AT, LDAP_RULE_BECAUSE, LDAP_RULE_ASK, LDAP_RULE_FROM,
	LDAP_RULE_UNTIL, LDAP_RULE_GUESTS, LDAP_RULE_GROUP, LDAP_RULE_ORGANIZATION, LDAP_RULE_DESK, LDAP_RULE_FIELDS
};

/* What a mark on a group says of its members. */
enum ldap_mark_field {
	LDAP_MARK_OUTCOME, LDAP_MARK_ORDER, LDAP_MARK_AT, LDAP_MARK_GROUP, LDAP_MARK_ORGANIZATION, LDAP_MARK_DESK, LDAP_MARK_FIELDS
};

struct settings_ldap_rules {
	const char *directory;          /* NULL: there are none */
	int line;
	const char *base, *filter;
	const char *attribute[LDAP_RULE_FIELDS];        /* where an entry says it */
	bool marks;                     /* groups may be marked */
	const char *mark[LDAP_MARK_FIELDS];
	/* patterns of what rules and marks may put people in, NULL-terminated; NULL: none */
	const char *const *groups;      /* Atlassian groups */
	const char *const *organizations, *const *desks;        /* at portals: customer organizations by name, service desks */
	bool may_give[OUTCOME_COUNT];   /* bounds; OUTCOME_DENY too must be there to be given */
	size_t place;                   /* how many of the file's rules come first */
	size_t change_limit;            /* of how many people the outcome may change at once */
};

/* ---- limits: a minute's worth each; 0: off (limits.h) ---- */

struct settings_limits {
	size_t requests, failures;      /* of a network */
	size_t sign_ons;                /* of a person */
	size_t connections;             /* of a network, at once, to one worker */
	size_t ipv4_prefix, ipv6_prefix;        /* how much of an address is the network's */
	const struct network *exempt;   /* that have none; the loopback networks are always among them */
	size_t exempt_count;
};

/* ---- all ---- */

enum audit_failure { AUDIT_REFUSE, AUDIT_CONTINUE };
enum socket_mode { SOCKET_MODE_GROUP, SOCKET_MODE_OWNER, SOCKET_MODE_ALL };     /* 0660, 0600, 0666 */

struct settings_product {
	const char *word;               /* as product_word */
	struct price price;
};

struct settings_rule_products {
	const char *rule;               /* or exception */
	const char *const *products;    /* words, NULL-terminated */
};

/* `prices` (prices.h) */
struct settings_prices {
	bool known;                     /* there are some */
	const char *currency;
	struct price guard[GUARDS];
	const struct settings_product *products;
	size_t product_count;
	const char *const *licensed;    /* words, NULL-terminated */
	const struct settings_rule_products *rules;
	size_t rule_count;
};

struct settings {
	const char *file;               /* path of the settings file */
	const char *public_url;         /* "https://sso.example.org", no slash at the end */
	const char *public_host;        /* "sso.example.org", with ":port" where the URL has one */
	const char *host;               /* name of this host in its ACS path: "1" */
	const char *acs_url;            /* "PUBLIC_URL/saml/sp/acs/1" */
	const char *sp_entity_id;       /* what Entra knows us as: default PUBLIC_URL/saml/sp/metadata */
	const char *idp_entity_id;      /* what Atlassian knows us as: default PUBLIC_URL/saml/idp/metadata */
	const char *const *listen;      /* NULL-terminated: "127.0.0.1:8080", "unix:/run/postern-proxy/http.sock" */
	enum socket_mode socket_mode;   /* of Unix sockets */
	const char *socket_group;       /* their group; NULL: that of the process */
	const char *tls_certificate_file, *tls_key_file;        /* NULL: plain HTTP */
	const char *metrics_listen;     /* NULL: none */
	const struct network *health_networks;
	size_t health_network_count;
	const struct network *metrics_networks;
	size_t metrics_network_count;
	const char *const *metrics_hosts;       /* NULL: none; NULL-terminated */
	const char *scim_listen;        /* NULL: none */
	const char *scim_url, *scim_host;       /* as public_url and public_host, of what Entra ID provisions into */
	const char *scim_tokens;        /* file of hashed tokens */
	struct settings_limits limits;
	struct http_peers trusted_proxies;
	struct http_peers proxy_protocol;
	const char *state_dir, *runtime_dir;
	const char *user;               /* roles run as; NULL: as started */
	size_t workers;                 /* default: one a core */
	const char *log_level;          /* error, warning, info, debug */
	const char *keys_dir;           /* signing keys: NAME.key, NAME.crt (keyring.h) */
	const char *key_file, *certificate_file;        /* one more of them; NULL: only those of keys_dir */
	const struct settings_decryption_key *decryption_keys;  /* the one to publish first, first */
	size_t decryption_key_count;
	const char *const *cookie_secrets;      /* files, at least one: the first seals, each opens */
	const char *cookie_secret_made;         /* STATE_DIR/cookie.secret */
	bool cookie_secret_is_made;     /* the default: made by the parent at the first start */
	const char *const *claimed_domains;     /* lower case, NULL-terminated */
	bool portal_in_claimed_domains; /* `allow_portal_in_claimed_domains` */
	bool allow_mutable_join;
	const char *audit_file;         /* default STATE_DIR/audit/audit.jsonl */
	enum audit_failure audit_failure;
	const char *ask;                /* otherwise.ask: whom to ask, a mail address, URL or text */
	bool show_groups;
	const char *language;           /* of pages, for a browser that asks for none that there is */
	const char *brand_dir;          /* NULL: none (brand.h) */
	int64_t accounts_max_age;       /* seconds; 0: none */
	enum provision_mode provision;
	struct settings_accounts accounts;
	int64_t accounts_idle;          /* seconds */
	struct settings_prices prices;
	int64_t pending_seconds;        /* life of a pending sign-on: 900 */
	const char *default_link;       /* started for who comes with an answer that nobody asked for; NULL: a page says no */
	const char *const *claims;      /* names of the claims that rules, joins and connections read, NULL-terminated */
	int64_t logout_seconds;         /* for how long a sign-on is remembered for signing out */
	const char *slo_url;            /* PUBLIC_URL/saml/sp/slo */

	const struct settings_provider *providers;
	size_t provider_count;
	const struct settings_connection *connections;
	size_t connection_count;
	const struct directory_options *directories;    /* their secrets: settings_directory_secrets */
	const struct settings_directory *directory_sources;     /* the same order */
	size_t directory_count;
	const char *time_zone;
	const struct zone *zone;        /* whose days and hours conditions mean; NULL: UTC */
	struct policy_names names;      /* what conditions may name, also those that do not stand in the file */
	struct policy policy;           /* of the file alone: see gateway_policy */
	struct settings_ldap_rules ldap_rules;
	const struct settings_link *links;
	size_t link_count;
};

/*
 * TO_ANSWER: for commands that only ask mirror, rules and inventory.  public_url, identity_providers and connections may be
 * missing; what is there must be right.  Without connections a rule may give any site.
 */
enum settings_use { SETTINGS_TO_SERVE, SETTINGS_TO_ANSWER };

/*
 * Reads and checks everything that can be known from the file itself and the
 * names in it (not what other files hold: settings_check_files).
 * All the errors that stand beside one another are collected, at most 20, in
 * `problems` (NULL-terminated) when it is not NULL; the first is also in err.
 */
int settings_read(struct arena *a, struct files *files, const char *path, const struct settings **out,
	const char *const **problems, struct error *err);

int settings_read_for(enum settings_use use, struct arena *a, struct files *files, const char *path, const struct settings **out,
	const char *const **problems, struct error *err);
/*
 * The rules of another file in place of those of `s`: the file needs no more than `rules` (`sets` and `conditions`, and `exceptions`,
 * are those of `s` unless the file has its own), and what else is in it is not looked at.  An attribute that a directory of `s` does not keep is a problem: the mirror cannot answer for it.
 */
int settings_read_other_rules(struct arena *a, struct files *files, const char *path, const struct settings *s, struct policy *out,
	const char *const **problems, struct error *err);

const struct settings_connection *settings_connection(const struct settings *s, const char *name);     /* NULL: none */
const struct settings_connection *settings_connection_by_entity(const struct settings *s, const char *entity_id);
const struct settings_provider *settings_provider(const struct settings *s, const char *name);
const struct settings_link *settings_link(const struct settings *s, struct slice name);
/* Whether every connection must sign its requests. */
bool settings_demands_signed_requests(const struct settings *s);
/* Whether any identity provider is asked by signed requests. */
bool settings_sign_requests(const struct settings *s);

const struct directory_options *settings_directory(const struct settings *s, const char *name);

/*
 * All files and their judgement need saml_start before (metadata is XML).
 *
 * Reads every file that the settings name, once, each with the roles that may
 * be handed it, so that a snapshot is complete; judges keys, certificates and
 * metadata.  Warnings (a metadata URL without a copy on disk) go to the log.
 * REASON_SETTINGS or REASON_FILE, the detail names file, line and key.
 */
int settings_load_files(struct arena *a, struct files *files, const struct settings *s, const char *const **problems, struct error *err);

int settings_decryption_pair(struct files *files, const struct settings_decryption_key *k, struct slice *key_pem_out,
	struct slice *certificate_pem_out, struct error *err);
/* In a worker, which has none of them: what it needs to open what is encrypted for us with the holder's help; NULL likewise. */
int settings_decryption_keys_held(struct arena *a, struct files *files, const struct settings *s, const struct saml_holder *holder,
	struct saml_decryption_keys **out, struct error *err);
/* The pairs of `decryption_keys`, for saml_decryption_keys_free; NULL when there are none. */
int settings_decryption_keys(struct files *files, const struct settings *s, struct saml_decryption_keys **out, struct error *err);
/* Their certificates, as struct saml_own wants them. */
int settings_decryption_certificates(struct arena *a, struct files *files, const struct settings *s, const char *const **out,
	struct error *err);

/* How a provider's metadata must be, from wherever it comes.  The bytes it refers to are those of `files`. */
int settings_provider_options(struct files *files, const struct settings_provider *p, int64_t now, struct saml_provider_options *out,
	struct error *err);

/* The bytes of a directory's password, from its file; {NULL, 0} when it binds anonymously. */
/* What its servers are convinced by, into the options: only where the files are, which is its own process and commands. */
int settings_directory_secrets(struct files *files, const struct settings *s, size_t directory, struct directory_options *out,
	struct error *err);

/* The key of a connection's accounts and who may vouch for their server, into *out: only in the provision role and its commands. */
int settings_target_secrets(struct files *files, const struct settings_target *t, struct target *out, struct error *err);
/* An API key as it stands in its file, without the line end at the end. */
struct slice settings_key_bytes(struct slice bytes);

/* The keys that sign a connection's requests: *out NULL: none is known.  The caller frees it. */
int settings_signer(struct arena *a, struct files *files, const struct settings_connection *c, struct saml_signer **out, struct error *err);

/* Paths under state_dir and runtime_dir, one place for each. */
const char *settings_mirror_path(struct arena *a, const struct settings *s);
const char *settings_scim_path(struct arena *a, const struct settings *s);      /* STATE_DIR/scim/scim.mdb */
const char *settings_scim_key_path(struct arena *a, const struct settings *s);  /* STATE_DIR/scim/access.key */
/* Rules of LDAP: those in force, how it went with the last ones, which of them an administrator accepted. */
const char *settings_ldap_rules_path(struct arena *a, const struct settings *s);
const char *settings_ldap_rules_status_path(struct arena *a, const struct settings *s);
const char *settings_ldap_rules_accept_path(struct arena *a, const struct settings *s);
/* A folder in which each process says which of them it runs. */
const char *settings_ldap_rules_running_path(struct arena *a, const struct settings *s);
const char *settings_accounts_path(struct arena *a, const struct settings *s);
const char *settings_seats_path(struct arena *a, const struct settings *s);
const char *settings_claims_path(struct arena *a, const struct settings *s);
const char *settings_metadata_path(struct arena *a, const struct settings *s, const char *provider);
const char *settings_metadata_status_path(struct arena *a, const struct settings *s, const char *provider);
const char *settings_metadata_key_path(struct arena *a, const struct settings *s, const char *provider);

#endif
