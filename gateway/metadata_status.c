/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The small files beside a provider's metadata. */
#include "gateway/metadata_status.h"

#include "base/encode.h"
#include "base/file.h"

#include <jansson.h>
#include <stdlib.h>

#define FILE_MOST 16384
#define TEXT_MOST 2048

static int read_object(struct arena *a, const char *path, json_t **out, struct error *err)
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

/* Roles with fewer rights write these files: texts are as bounded and clean as any from outside. */
static const char *text_of(struct arena *a, const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	if (!text || strlen(text) > TEXT_MOST || !utf8_is_clean(slice_c(text)))
		return NULL;
	return arena_strdup(a, text);
}

static int64_t time_of(const json_t *o, const char *key)
{
	json_int_t t = json_integer_value(json_object_get(o, key));

	return t > 0 && t < INT64_C(1) << 40 ? t : 0;
}

static int write_object(const char *path, json_t *o, struct error *err)
{
	char *text = json_dumps(o, JSON_COMPACT);
	int rc;

	json_decref(o);
	if (!text)
		return error_set(err, REASON_INTERNAL, "%s: cannot be written as JSON", path);
	rc = file_write(path, 0644, slice_c(text), err);
	free(text);
	return rc;
}

static void add_text(json_t *o, const char *key, const char *text)
{
	if (text)
		json_object_set_new(o, key, json_string(text));
}

static void add_time(json_t *o, const char *key, int64_t t)
{
	if (t)
		json_object_set_new(o, key, json_integer(t));
}

int metadata_status_read(struct arena *a, const char *path, struct metadata_status *out, struct error *err)
{
	json_t *o;

	if (read_object(a, path, &o, err) < 0)
		return -1;
	*out = (struct metadata_status){
		.url = text_of(a, o, "url"), .source = text_of(a, o, "source"), .entity = text_of(a, o, "entity"), .taken = time_of(o, "taken"), .confirmed = time_of(o, "confirmed"),
		.tried = time_of(o, "tried"), .failing_since = time_of(o, "failing_since"), .result = text_of(a, o, "result"),
		.detail = text_of(a, o, "detail"),
	};
	json_decref(o);
	return 0;
}

int metadata_status_write(const char *path, const struct metadata_status *status, struct error *err)
{
	json_t *o = json_object();

	add_text(o, "url", status->url);
	add_text(o, "source", status->source);
	add_text(o, "entity", status->entity);
	add_time(o, "taken", status->taken);
	add_time(o, "confirmed", status->confirmed);
	add_time(o, "tried", status->tried);
	add_time(o, "failing_since", status->failing_since);
	add_text(o, "result", status->result);
	add_text(o, "detail", status->detail);
	return write_object(path, o, err);
}

int metadata_key_read(struct arena *a, const char *path, struct metadata_key *out, struct error *err)
{
	struct metadata_key key;
	json_t *o;

	if (read_object(a, path, &o, err) < 0)
		return -1;
	key = (struct metadata_key){
		.entity = text_of(a, o, "entity"), .fingerprint = text_of(a, o, "fingerprint"), .not_after = time_of(o, "not_after"),
		.seen = time_of(o, "seen"),
	};
	json_decref(o);
	if (!key.entity || !key.fingerprint || !key.seen)
		return error_set(err, REASON_FILE, "%s: says too little", path);
	*out = key;
	return 0;
}

int metadata_key_write(const char *path, const struct metadata_key *key, struct error *err)
{
	json_t *o = json_object();

	add_text(o, "entity", key->entity);
	add_text(o, "fingerprint", key->fingerprint);
	add_time(o, "not_after", key->not_after);
	add_time(o, "seen", key->seen);
	return write_object(path, o, err);
}
