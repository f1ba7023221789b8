/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `postern explain` found out, on its way to a printer. */
#ifndef GATEWAY_EXPLAIN_H
#define GATEWAY_EXPLAIN_H

#include "gateway/judge.h"

/* The judgement at one door or link. */
struct explained_door {
	const struct settings_connection *connection;
	const struct settings_link *link;
	struct judgement judgement;
	int rc;                         /* of judge() */
	struct error err;
	const struct saml_attribute *attributes;        /* released with an assertion */
	size_t attribute_count;
};

struct explanation {
	const char *asked;              /* PERSON as typed */
	int64_t now;
	int found;                      /* 0 found, -1: err says why not */
	struct error err;
	struct mirror_person person;
	int64_t age, stale_end;         /* of what is known of the person: seconds, or FACTS_AGE_UNKNOWN; when it refuses */
	enum staleness staleness;
	const struct settings_provider *const *providers;       /* that could sign this person on: of the directory, and of the mail's domain */
	size_t provider_count;
	const struct saml_identity *identity;   /* made from --claim, --mfa, --guest */
	const char *client;
	const struct explained_door *doors;
	size_t door_count;
};

void explain_print_text(const struct explanation *e);
void explain_print_json(const struct explanation *e);

#endif
