/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Answers of Atlassian's interfaces, read strictly: what is not of the type
 * that it must be of is refused, never guessed.  Internal to provision/.
 */
#ifndef PROVISION_ANSWER_H
#define PROVISION_ANSWER_H

#include "provision/web.h"

#include <jansson.h>

#define ANSWER_ID_MOST 128              /* characters of an id */
#define ANSWER_TEXT_MOST 1024           /* bytes of a name or mail */

/* What an error body of any of the interfaces says, one line without control characters; "" when it says nothing. */
const char *answer_says(struct arena *a, struct slice body);
/* As much of it as is kept. */
const char *answer_cut(struct arena *a, const char *text);

/* One object being read; the first thing that is wrong with it stays in `why`. */
struct answer {
	struct arena *arena;
	const char *why;                /* NULL: nothing is wrong */
};

/* NULL and `why`: not JSON, or no object.  json_decref is the caller's. */
json_t *answer_object(struct answer *r, struct slice body);
/* Required: the id goes into paths, so it holds letters, digits and -_.:| alone. */
const char *answer_id(struct answer *r, const json_t *object, const char *key);
bool answer_id_is_good(const char *id);
/* NULL: not there, or null, or empty. */
const char *answer_text(struct answer *r, const json_t *object, const char *key);
const char *answer_text_needed(struct answer *r, const json_t *object, const char *key);
/* `otherwise` where it is not there. */
bool answer_bool(struct answer *r, const json_t *object, const char *key, bool otherwise);
int64_t answer_number(struct answer *r, const json_t *object, const char *key, int64_t least, int64_t most);
/* NULL: not there, or null; and `why` when it is something else. */
const json_t *answer_array(struct answer *r, const json_t *object, const char *key);
const json_t *answer_sub(struct answer *r, const json_t *object, const char *key);
/* The first wrong thing counts. */
void answer_wrong(struct answer *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- writing: memory that runs out ends the process, as in base/arena.h ---- */
json_t *json_made(json_t *j);
void answer_json_put(json_t *object, const char *key, json_t *value);
void json_put_text(json_t *object, const char *key, const char *text);  /* NULL: not put */
void json_push(json_t *array, json_t *value);
/* Gives `j` back and returns its text in the arena. */
struct slice json_written(struct arena *a, json_t *j);

/* A path segment or query value, escaped. */
const char *path_escaped(struct arena *a, const char *text);

#endif
