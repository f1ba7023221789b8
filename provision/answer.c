/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers of Atlassian's interfaces, read strictly. */
#include "provision/answer.h"

#include "base/encode.h"
#include "base/text.h"

#include <stdlib.h>

#define SAYS_MOST 300                   /* bytes of an error's text that are kept */

/* ---- what errors say ---- */

static const char *first_text(const json_t *object, const char *const *keys)
{
	const char *text;

	for (; *keys; keys++) {
		text = json_string_value(json_object_get(object, *keys));
		if (text && *text)
			return text;
	}
	return NULL;
}

/* SCIM {scimType, detail}, {error}, {message}; Jira {errorMessage}, {errorMessages: []}; Organizations {errors: [{code, title, detail}]}. */
static void say(struct text *t, const json_t *body)
{
	static const char *const codes[] = {"scimType", "scimErrorType", "code", NULL};
	static const char *const details[] = {"detail", "errorMessage", "error", "message", "title", NULL};
	const json_t *first = json_array_get(json_object_get(body, "errors"), 0);
	const json_t *messages = json_object_get(body, "errorMessages");
	const char *code, *detail;

	if (json_is_object(first))
		body = first;
	code = first_text(body, codes);
	detail = first_text(body, details);
	if (!detail)
		detail = json_string_value(json_array_get(messages, 0));
	if (code)
		text_addf(t, "%s%s", code, detail ? ": " : "");
	if (detail)
		text_add_c(t, detail);
}

const char *answer_says(struct arena *a, struct slice body)
{
	json_t *object = body.n && body.n < 100000 ? json_loadb(body.p, body.n, 0, NULL) : NULL;
	struct text t;

	text_begin(&t, a, 128);
	say(&t, object);
	json_decref(object);
	for (size_t i = 0; i < t.n; i++)
		if ((unsigned char)t.p[i] < 0x20 || t.p[i] == 0x7f)
			t.p[i] = ' ';
	return t.p;
}

const char *answer_cut(struct arena *a, const char *text)
{
	size_t n = strlen(text);

	if (n <= SAYS_MOST)
		return text;
	for (n = SAYS_MOST; n && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
		;
	return arena_copy(a, slice_of(text, n));
}

/* ---- reading ---- */

void answer_wrong(struct answer *r, const char *format, ...)
{
	char text[300];
	va_list ap;

	if (r->why)
		return;
	va_start(ap, format);
	if (vsnprintf(text, sizeof(text), format, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	r->why = arena_strdup(r->arena, text);
}

json_t *answer_object(struct answer *r, struct slice body)
{
	json_error_t why;
	json_t *object = json_loadb(body.p ? body.p : "", body.n, JSON_REJECT_DUPLICATES, &why);

	if (!object)
		answer_wrong(r, "it is not JSON (%.100s)", why.text);
	else if (!json_is_object(object))
		answer_wrong(r, "it is no object");
	if (!r->why)
		return object;
	json_decref(object);
	return NULL;
}

bool answer_id_is_good(const char *id)
{
	size_t n = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:|");

	return n > 0 && n <= ANSWER_ID_MOST && id[n] == '\0' && strcmp(id, ".") != 0 && strcmp(id, "..") != 0;
}

const char *answer_id(struct answer *r, const json_t *object, const char *key)
{
	const char *id = answer_text_needed(r, object, key);

	if (*id && !answer_id_is_good(id))
		answer_wrong(r, "`%.60s` of `%s` is no id", id, key);
	return id;
}

const char *answer_text(struct answer *r, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return NULL;
	if (!json_is_string(value)) {
		answer_wrong(r, "`%s` is no text", key);
		return NULL;
	}
	if (json_string_length(value) > ANSWER_TEXT_MOST) {
		answer_wrong(r, "`%s` is longer than %d bytes", key, ANSWER_TEXT_MOST);
		return NULL;
	}
	return json_string_length(value) ? arena_strdup(r->arena, json_string_value(value)) : NULL;
}

const char *answer_text_needed(struct answer *r, const json_t *object, const char *key)
{
	const char *text = answer_text(r, object, key);

	if (!text)
		answer_wrong(r, "`%s` is missing", key);
	return text ? text : "";
}

bool answer_bool(struct answer *r, const json_t *object, const char *key, bool otherwise)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return otherwise;
	if (!json_is_boolean(value))
		answer_wrong(r, "`%s` is neither true nor false", key);
	return json_is_true(value);
}

int64_t answer_number(struct answer *r, const json_t *object, const char *key, int64_t least, int64_t most)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most) {
		answer_wrong(r, "`%s` is no number, or a strange one", key);
		return least;
	}
	return json_integer_value(value);
}

const json_t *answer_array(struct answer *r, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return NULL;
	if (!json_is_array(value)) {
		answer_wrong(r, "`%s` is no list", key);
		return NULL;
	}
	return value;
}

const json_t *answer_sub(struct answer *r, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return NULL;
	if (!json_is_object(value)) {
		answer_wrong(r, "`%s` is no object", key);
		return NULL;
	}
	return value;
}

/* ---- writing ---- */

json_t *json_made(json_t *j)
{
	if (!j)
		abort();
	return j;
}

void answer_json_put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, json_made(value)) < 0)
		abort();
}

void json_put_text(json_t *object, const char *key, const char *text)
{
	if (text)
		answer_json_put(object, key, json_string(text));
}

void json_push(json_t *array, json_t *value)
{
	if (json_array_append_new(array, json_made(value)) < 0)
		abort();
}

struct slice json_written(struct arena *a, json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT);
	struct slice out;

	if (!text)
		abort();
	out = slice_c(arena_strdup(a, text));
	free(text);
	json_decref(j);
	return out;
}

const char *path_escaped(struct arena *a, const char *text)
{
	struct text t;

	text_begin(&t, a, strlen(text) + 16);
	text_add_url(&t, slice_c(text));
	return t.p;
}
