/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steps as JSON, in plans and in the ledger's log, always written the same way.  Internal to provision/. */
#ifndef PROVISION_STEP_JSON_H
#define PROVISION_STEP_JSON_H

#include "base/text.h"
#include "provision/step.h"

#include <jansson.h>

/* `,"key":"value"`, without the comma behind an opening bracket; nothing for NULL. */
void json_add_text(struct text *t, const char *key, const char *value);
void json_add_number(struct text *t, const char *key, int64_t value);
void json_add_list(struct text *t, const char *key, const char *const *list, size_t n);         /* nothing for none */
void json_add_key(struct text *t, const char *key);     /* the key and its colon; a value follows */

/* The object without its closing bracket, so that more can be said in it. */
void step_write(struct text *t, const struct step *step, const char *target);
/* The target's number is left 0: *target_out is its name.  -1: the object is no step. */
int step_read(struct arena *a, const json_t *object, struct step *out, const char **target_out);

const char *json_get_text(struct arena *a, const json_t *object, const char *key);      /* NULL: not there, or no text */
int64_t json_get_number(const json_t *object, const char *key);         /* 0: not there, or no number */

#endif
