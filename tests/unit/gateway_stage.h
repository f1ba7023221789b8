/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A worker's gateway without a network, over a folder of its own: settings and
 * keys are files of the folder, and an identity provider is the forge.
 */
#ifndef TESTS_UNIT_GATEWAY_STAGE_H
#define TESTS_UNIT_GATEWAY_STAGE_H

#include "tests/unit/forge.h"
#include "tests/unit/keys.h"
#include "tests/unit/start_pages.h"

#include "base/clock.h"
#include "base/file.h"
#include "gateway/gateway.h"
#include "gateway/keys/vault.h"

#include <unistd.h>

#define PUBLIC "https://sso.example.org"

static char folder[40];
static struct arena *a;
static struct gateway gateway;
static struct vault *vault;
static struct error err;

static inline const char *in_folder(const char *name)
{
	return arena_printf(a, "%s/%s", folder, name);
}

static inline void write_here(const char *name, mode_t mode, struct slice bytes)
{
	assert_done(file_write(in_folder(name), mode, bytes, &err), err);
}

/* The folder, with what a worker writes to; it is `now`. */
static inline int folder_begin(int64_t now)
{
	static const char *const names[] = {"state/mirror", "state/accounts", "state/audit", "state/seen", "run"};

	snprintf(folder, sizeof(folder), "/tmp/postern-gateway-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	a = arena_new();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (folder_make(in_folder(names[i]), 0700, &err) < 0)
			return -1;
	clock_set(now);
	start_pages(a);
	return 0;
}

static inline struct slice provider_metadata(void)
{
	static const enum forge_key keys[] = {FORGE_FIRST, FORGE_KEYS};

	return forge_metadata("signing", keys);
}

/* One key for all tests: making one takes a second under valgrind. */
static inline struct test_pair own_pair(void)
{
	static EVP_PKEY *key;

	if (!key)
		key = EVP_RSA_gen(2048);
	EVP_PKEY_up_ref(key);
	return test_pair_of(a, key, 86400L * 365);
}

/* `text` of settings, in which the folder is called @. */
static inline void open_gateway(struct slice text, struct slice metadata)
{
	struct files *files = files_from_disk(a);
	struct test_pair own = own_pair();
	const struct settings *settings;

	while (memmem(text.p, text.n, "@/", 2))
		text = forge_replace(text, "@/", arena_printf(a, "%s/", folder));
	write_here("own.key", 0600, own.key);
	write_here("own.crt", 0644, own.certificate);
	write_here("idp.xml", 0644, metadata);
	write_here("state/cookie.secret", 0600, slice_c("0123456789abcdef0123456789abcdef"));
	write_here("postern.yaml", 0644, text);
	assert_done(settings_read(a, files, in_folder("postern.yaml"), &settings, NULL, &err), err);
	assert_done(gateway_open(a, files, settings, &gateway, &err), err);
	assert_done(vault_open(a, files, settings, &vault, &err), err);
	assert_done(gateway_open_worker(&gateway, vault_keeper(vault), &err), err);
}

static inline int end(void **state)
{
	char command[80];

	gateway_close(&gateway);
	vault_close(vault);
	gateway = (struct gateway){0};
	arena_free(a);
	clock_set(0);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command) == 0 ? forge_reset(state) : -1;
}

#endif
