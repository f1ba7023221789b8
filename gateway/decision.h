/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a sign-on came to, put into its audit line.
 *
 * One place for the sign-on and for `postern explain`, so that what explain
 * says of a recorded sign-on is the very text that its audit line has
 * (audit_decision).
 */
#ifndef GATEWAY_DECISION_H
#define GATEWAY_DECISION_H

#include "gateway/audit.h"
#include "gateway/judge.h"

void decision_identity(struct arena *a, struct audit_line *line, const struct saml_identity *identity);
void decision_person(struct audit_line *line, const struct mirror_person *person);
/* Outcome, rule, groups, account, way; of a refusal too. */
void decision_judgement(struct arena *a, struct audit_line *line, const struct judgement *j);
/* NULL, or what the identity provider said why (STATUS_NOT_SUCCESS). */
const struct saml_refusal *decision_refusal(struct arena *a, struct audit_line *line, const struct error *err);
/* The event of a sign-on that was not refused. */
const char *decision_event(const struct judgement *j);

#endif
