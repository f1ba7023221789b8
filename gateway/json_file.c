/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See json_file.h. */
#include "gateway/json_file.h"

#include "base/encode.h"
#include "base/file.h"

#include <stdlib.h>

#define FILE_MOST 65536
#define TEXT_MOST 2048

int json_file_read(struct arena *a, const char *path, json_t **out, struct error *err)
{
	struct slice bytes;
	json_t *o;

	if (file_read(a, path, FILE_PUBLIC, FILE_MOST, &bytes, err) < 0)
		return -1;
	o = json_loadb(bytes.p, bytes.n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(o)) {
		json_decref(o);
		return error_set(err, REASON_FILE, "%s: is not what Postern writes there", path);
	}
	*out = o;
	return 0;
}

const char *json_file_text(struct arena *a, const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	if (!text || strlen(text) > TEXT_MOST || !utf8_is_clean(slice_c(text)))
		return NULL;
	return arena_strdup(a, text);
}

int64_t json_file_time(const json_t *o, const char *key)
{
	json_int_t t = json_integer_value(json_object_get(o, key));

	return t > 0 && t < INT64_C(1) << 40 ? t : 0;
}

int json_file_write(const char *path, mode_t mode, json_t *o, struct error *err)
{
	char *text = json_dumps(o, JSON_COMPACT);
	int rc;

	json_decref(o);
	if (!text)
		return error_set(err, REASON_INTERNAL, "%s: cannot be written as JSON", path);
	rc = file_write(path, mode, slice_c(text), err);
	free(text);
	return rc;
}

void json_file_add_text(json_t *o, const char *key, const char *text)
{
	if (text)
		json_object_set_new(o, key, json_string(text));
}

void json_file_add_time(json_t *o, const char *key, int64_t t)
{
	if (t)
		json_object_set_new(o, key, json_integer(t));
}
