/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The changes that a SCIM step is made of.  Internal to provision/. */
#ifndef PROVISION_SCIM_STEPS_H
#define PROVISION_SCIM_STEPS_H

#include "provision/scim_wire.h"

struct wanted {
	struct step_fields fields;
	int active;                     /* 1, 0; -1: as it is */
};

enum emails_form { EMAILS_WORK, EMAILS_WHOLE };

/* Each fills *out as far as it came, also when it fails. */
int scim_user_create(struct arena *a, struct web *w, const struct step_fields *f, struct step_result *out, struct error *err);
int scim_user_update(struct arena *a, struct web *w, const char *id, const struct wanted *wanted, struct step_result *out, struct error *err);
int scim_user_deactivate(struct arena *a, struct web *w, const char *id, struct step_result *out, struct error *err);
int scim_group_create(struct arena *a, struct web *w, const char *name, struct step_result *out, struct error *err);
/* endpoint: "/Users/" or "/Groups/" */
int scim_delete(struct arena *a, struct web *w, const char *endpoint, const char *id, struct step_result *out, struct error *err);
int scim_members(struct arena *a, struct web *w, const struct step *step, struct step_result *out, struct error *err);

#endif
