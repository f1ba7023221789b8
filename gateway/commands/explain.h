/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `postern explain` is asked, and what it found out on its way to a printer.
 *
 * Three ways to say who: a name (explain.c), a stored Response
 * (explain_response.c), a line of the audit (explain_audit.c).  From the person
 * on they are one.
 */
#ifndef GATEWAY_EXPLAIN_H
#define GATEWAY_EXPLAIN_H

#include "gateway/audit.h"
#include "gateway/judge.h"

#include <jansson.h>

struct explain_asked {
	const char *person, *response, *audit_id;       /* one of the three */
	const char *audit_file;         /* NULL: that of the settings */
	const char *door, *link, *client, *provider, *at;
	bool json;
	struct saml_identity identity;  /* of --claim, --mfa, --guest */
	struct saml_attribute *claims;
	size_t claim_count;
};

/* The judgement at one door or link; without either, where no connection is set up yet, what the rules give. */
struct explained_door {
	const struct settings_connection *connection;
	const struct settings_link *link;
	struct judgement judgement;
	int rc;                         /* of judge() */
	struct error err;
	const struct saml_attribute *attributes;        /* released with an assertion */
	size_t attribute_count;
	struct audit_line line;         /* as the audit would have it */
};

/* A stored Response. */
struct explained_response {
	struct slice base64;
	const char *at_says;            /* why this instant: "as its IssueInstant says", ... */
	struct saml_peek peek;
	struct saml_checks checks;
	int rc;                         /* of saml_response_read; its error is the explanation's */
	struct saml_opinion lasso;
	const char *lasso_not_asked;    /* why; NULL: it was */
};

/* A line of the audit. */
struct explained_audit {
	json_t *line, *recorded;        /* whole, and the decision in it */
};

struct explanation {
	const char *asked;              /* PERSON as typed, or the path or id */
	int64_t now;                    /* of judging */
	int found;                      /* 0 found, -1: err says why not */
	struct error err;
	struct mirror_person person;
	int64_t age, stale_end;         /* of what is known of the person: seconds, or FACTS_AGE_UNKNOWN; when it refuses */
	enum staleness staleness;
	const struct settings_provider *const *providers;       /* that could sign this person on: of the directory, and of the mail's domain */
	size_t provider_count;
	bool no_providers;              /* none is set up yet */
	const struct settings_provider *provider;       /* that did; NULL: not known */
	struct saml_identity identity;  /* of the Response, of the audit, or made from --claim, --mfa, --guest */
	bool identified;                /* by a provider: identity has a name */
	const char *client;
	const struct explained_door *doors;
	size_t door_count;
	struct explained_response *response;    /* NULL: none */
	struct explained_audit *audit;          /* NULL: none */
};

/* Before root's rights are given up: the file, and the keys that an encrypted one needs. */
int explain_response_load(struct arena *a, const struct explain_asked *q, struct files *files, struct gateway *g, struct explanation *e,
	struct error *err);
/* Without them: its checks, its identity, lasso's opinion.  Sets e->now. */
int explain_response_judge(struct arena *a, const struct explain_asked *q, const struct gateway *g, struct explanation *e, struct error *err);

/* Finds the line and sets what it says of who, where and by what in *q; REASON_FILE: there is none. */
int explain_audit_find(struct arena *a, const struct settings *s, struct explain_asked *q, struct explanation *e, struct error *err);
void explain_audit_free(struct explained_audit *audit);  /* NULL is fine */

void explain_print_text(struct arena *a, const struct explanation *e);
void explain_print_audit(struct arena *a, const struct explanation *e);
void explain_print_json(struct arena *a, const struct explanation *e);

#endif
