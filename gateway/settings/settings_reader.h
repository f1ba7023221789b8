/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How settings are read: rows of settings_table.def against a YAML map.
 *
 * Only gateway/settings*.c includes this.  A map of the file is read by
 * section_read: every key must be a row of its section, every row of a simple
 * type is parsed into its field, with its default where the key is not there.
 * What has a shape of its own (a row of type PARTS) is read by its own file.
 * Problems are collected, so that an administrator sees all of them at once;
 * reading goes on after each, with the field left as it was.
 */
#ifndef GATEWAY_SETTINGS_READER_H
#define GATEWAY_SETTINGS_READER_H

#include "base/yaml.h"
#include "gateway/settings/brand.h"
#include "gateway/settings/settings.h"

#define SETTINGS_PROBLEMS_MAX 20

enum setting_type {
	SETTING_TEXT,           /* const char *: any text that is not empty */
	SETTING_PATH,           /* const char *: a file or folder; relative ones are beside the settings file */
	SETTING_URL,            /* const char *: https, or http to this host */
	SETTING_CHOICE,         /* const char *: one of the words in `limits` */
	SETTING_WORD,           /* an enum: the place of the word in `limits`, from 0 */
	SETTING_YES,            /* bool: yes or no */
	SETTING_TIME,           /* int64_t: seconds from "90", "15m", "8h", "30d", within `limits` */
	SETTING_NUMBER,         /* size_t, within `limits` */
	SETTING_LIMIT,          /* the same, or `off`: 0 */
	SETTING_LIST,           /* const char *const *: one text or a list of them */
	SETTING_PARTS           /* a map or list with a shape of its own */
};

/* SERVING: required of settings that serve; commands that only answer do without. */
enum setting_need { OPTIONAL, REQUIRED, SERVING };

enum setting_section {
	SECTION_top,
	SECTION_decryption_key,
	SECTION_otherwise,
	SECTION_accounts,
	SECTION_prices,
	SECTION_limits,
	SECTION_provider,
	SECTION_connection,
	SECTION_target,
	SECTION_attribute,
	SECTION_stable_id,
	SECTION_directory,
	SECTION_scim_directory,
	SECTION_people,
	SECTION_groups,
	SECTION_exception,
	SECTION_rule,
	SECTION_requirement,
	SECTION_ldap_rules,
	SECTION_ldap_rule,
	SECTION_ldap_mark,
	SECTION_link,
	SECTION_brand,
	SECTION_colours,
	SECTION_contact,
	SECTION_COUNT
};

struct setting {
	enum setting_section section;
	const char *key;
	enum setting_type type;
	size_t offset;
	const char *limits;
	const char *fallback;           /* as it would be written; NULL: none */
	enum setting_need need;
	const char *help;
};

extern const struct setting settings_table[];   /* ends with key NULL */
const char *setting_section_name(enum setting_section section); /* "connections.NAME" */

/* ---- where the sections that are no struct of settings.h are read into ---- */

struct directory_source {
	struct directory_options options;
	const char *password_file, *client_certificate, *client_key;
	const char *disabled;           /* "attribute" or "attribute=value" */
	int64_t stale_after, stale_grace;
	int line;
};

struct attribute_source_words {
	const char *claim, *ldap, *groups, *value, *as;
	bool stable_id;
};

struct exception_words {
	const char *name, *id, *dn, *mail, *directory, *outcome, *until, *because;
	const char *const *at;
	bool guests;
};

struct rule_words {
	const char *name, *when, *outcome, *because;
	const char *const *at, *const *groups, *const *organizations, *const *desks;
	bool guests;
	int64_t stale_after;
};

struct requirement_words {
	const char *name, *when, *otherwise;
	const char *const *outcomes;
};

struct ldap_rules_words {
	const char *directory, *base, *filter, *after;
	const char *const *outcomes, *const *groups, *const *organizations, *const *desks;
	bool overtake_deny, marks;
	size_t change_limit;
};

struct link_words {
	const char *landing[OUTCOME_COUNT];
	const char *via, *provider, *login_hint;
	const char *const *providers;
};

/* ---- reading ---- */

struct settings_reader {
	struct arena *arena;
	struct files *files;
	const char *file;
	struct settings *settings;
	const struct yaml_node *root;
	enum settings_use use;
	const char **problems;
	size_t problem_count;           /* all of them; the first SETTINGS_PROBLEMS_MAX are kept */
	struct error first;
	/* as read, before they are made const */
	struct settings_connection *connections;
	struct directory_source *directories;
};

/* Notes a problem with the node ("file:line: key: …"). */
void settings_problem(struct settings_reader *r, const struct yaml_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for a key that is not there, or an item of a list: at `node`'s line under another name. */
void settings_problem_key(struct settings_reader *r, const struct yaml_node *node, const char *key, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* What is wrong with a condition: its detail, and in `problems` the place in the text too. */
void settings_problem_in(struct settings_reader *r, const struct yaml_node *node, const char *text, const struct error *wrong);

/* r->file into r->root and an empty r->settings; the fault is in `problems` too. */
int settings_read_tree(struct settings_reader *r, struct error *err);
/* 0, or -1 when node is not a map; target: the struct that the section's rows belong to. */
int section_read(struct settings_reader *r, enum setting_section section, const struct yaml_node *map, void *target);
/* A map of names, each of which may become part of a path or a rule: letters, digits, `-`, `_`, at most 32. */
bool settings_name_is_good(struct settings_reader *r, const struct yaml_node *node);
size_t yaml_children(const struct yaml_node *node);
/* A list of networks, or one alone; how many.  node NULL: none.  Where unix_out is not NULL, "unix" may stand among them. */
size_t settings_read_networks(struct settings_reader *r, const struct yaml_node *node, const struct network **out, bool *unix_out);

/* What `rules`, `require` and `exceptions` share (settings_rules.c). */
bool settings_is_list(struct settings_reader *r, const struct yaml_node *node);        /* a problem is noted where it is there and is none */
void settings_require_one_name(struct settings_reader *r, const struct yaml_node *list);
void settings_require_sites(struct settings_reader *r, const struct yaml_node *map, enum outcome outcome, const char *const *at);
void settings_require_no_builtin_group(struct settings_reader *r, const struct yaml_node *node, const char *const *groups);

/* The files, in the order in which they are read. */
void settings_read_limits(struct settings_reader *r);
void settings_read_decryption_keys(struct settings_reader *r);
void settings_read_providers(struct settings_reader *r);
void settings_read_directories(struct settings_reader *r);
/* NULL, or what is wrong with an address to listen at. */
const char *settings_listen_fault(const struct settings *s, const char *address);
void settings_read_scim(struct settings_reader *r);     /* the top's */
void settings_require_scim(struct settings_reader *r);  /* after the directories */
void settings_read_scim_directory(struct settings_reader *r, const struct yaml_node *map, struct directory_source *d);
void settings_load_scim(struct settings_reader *r);
void settings_read_connections(struct settings_reader *r);
void settings_read_target(struct settings_reader *r, const struct yaml_node *connection, struct settings_connection *c);
void settings_read_conditions(struct settings_reader *r);              /* sets, conditions, time_zone */
void settings_read_rules(struct settings_reader *r);
void settings_read_exceptions(struct settings_reader *r);
void settings_read_ldap_rules(struct settings_reader *r);
void settings_read_links(struct settings_reader *r);
void settings_read_prices(struct settings_reader *r);                  /* after rules and exceptions, which it names */
void settings_read_directory_attributes(struct settings_reader *r);    /* last: needs what the others name */
void settings_read_claims(struct settings_reader *r);                  /* the same */

/* Judges brand_dir, its brand.yaml and the files that it names. */
void settings_load_brand(struct settings_reader *r);

/* `accounts`: their bounds, after the rules that name groups; and the files with the keys. */
void settings_read_accounts(struct settings_reader *r);
void settings_load_accounts(struct settings_reader *r);

/* Judges the pairs with their files. */
void settings_load_decryption_keys(struct settings_reader *r);

/* ---- values (settings_values.c) ---- */

struct url_parts {
	struct slice scheme, host, rest;        /* rest: from the first `/`, `?` or `#` on */
	struct slice port;
};
int url_split(const char *url, struct url_parts *out);  /* 0, or -1: not SCHEME://HOST… */
bool url_host_is_local(const struct url_parts *url);    /* this host, whatever the network: 127/8, ::1, localhost, *.localhost */
/* NULL, or what is wrong with an address that browsers or we use. */
const char *url_fault(const char *url);
/* Parses text for the row into its field at target; NULL, or what is wrong. */
/* The same list, relative paths beside the settings file. */
const char *const *settings_paths(struct settings_reader *r, const char *const *list);
const char *setting_parse(struct settings_reader *r, const struct setting *row, const char *text, void *target);
/* Of `word` and the words of a list ("a|b|c"): its place, -1: not there. */
int words_find(const char *words, const char *word);
/* The key of the section that is most like `key`, NULL: none is. */
const char *setting_nearest(enum setting_section section, const char *key);
const char *name_id_format_uri(const char *word);       /* "email" -> its URI; NULL for NULL */
const char *claim_full_name(const char *claim);         /* "objectidentifier" -> the name it has in an assertion */

/*
 * The identity providers that a connection or link may ask: those it names, or
 * the only one; else a problem is noted.  Never empty.
 */
const char *const *settings_chosen_providers(struct settings_reader *r, const struct yaml_node *map, const char *provider,
	const char *const *providers);

#endif
