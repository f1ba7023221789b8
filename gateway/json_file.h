/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Small files of JSON by which one role says how it is doing.  Who reads them
 * may be another user: texts are as bounded and clean as any from outside, and
 * what is not as it should be is not there.
 */
#ifndef GATEWAY_JSON_FILE_H
#define GATEWAY_JSON_FILE_H

#include "base/arena.h"

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

/* An object, to be given back by json_decref.  REASON_FILE: there is none. */
int json_file_read(struct arena *a, const char *path, json_t **out, struct error *err);
/* Takes the object. */
int json_file_write(const char *path, mode_t mode, json_t *o, struct error *err);

const char *json_file_text(struct arena *a, const json_t *o, const char *key);          /* NULL: none that could be shown */
int64_t json_file_time(const json_t *o, const char *key);       /* also a number; 0: none */

void json_file_add_text(json_t *o, const char *key, const char *text);          /* NULL: nothing */
void json_file_add_time(json_t *o, const char *key, int64_t t);         /* 0: nothing */

#endif
