/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The small files beside a provider's metadata. */
#include "gateway/metadata_status.h"

#include "gateway/json_file.h"

int metadata_status_read(struct arena *a, const char *path, struct metadata_status *out, struct error *err)
{
	json_t *o;

	if (json_file_read(a, path, &o, err) < 0)
		return -1;
	*out = (struct metadata_status){
		.url = json_file_text(a, o, "url"), .source = json_file_text(a, o, "source"), .entity = json_file_text(a, o, "entity"), .taken = json_file_time(o, "taken"), .confirmed = json_file_time(o, "confirmed"),
		.tried = json_file_time(o, "tried"), .failing_since = json_file_time(o, "failing_since"), .result = json_file_text(a, o, "result"),
		.detail = json_file_text(a, o, "detail"),
	};
	json_decref(o);
	return 0;
}

int metadata_status_write(const char *path, const struct metadata_status *status, struct error *err)
{
	json_t *o = json_object();

	json_file_add_text(o, "url", status->url);
	json_file_add_text(o, "source", status->source);
	json_file_add_text(o, "entity", status->entity);
	json_file_add_time(o, "taken", status->taken);
	json_file_add_time(o, "confirmed", status->confirmed);
	json_file_add_time(o, "tried", status->tried);
	json_file_add_time(o, "failing_since", status->failing_since);
	json_file_add_text(o, "result", status->result);
	json_file_add_text(o, "detail", status->detail);
	return json_file_write(path, 0644, o, err);
}

int metadata_key_read(struct arena *a, const char *path, struct metadata_key *out, struct error *err)
{
	struct metadata_key key;
	json_t *o;

	if (json_file_read(a, path, &o, err) < 0)
		return -1;
	key = (struct metadata_key){
		.entity = json_file_text(a, o, "entity"), .fingerprint = json_file_text(a, o, "fingerprint"), .not_after = json_file_time(o, "not_after"),
		.seen = json_file_time(o, "seen"),
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

	json_file_add_text(o, "entity", key->entity);
	json_file_add_text(o, "fingerprint", key->fingerprint);
	json_file_add_time(o, "not_after", key->not_after);
	json_file_add_time(o, "seen", key->seen);
	return json_file_write(path, 0644, o, err);
}
