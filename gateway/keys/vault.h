/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The private keys, and what they are used for: the inside of the keys role.
 *
 * Each signature is one log line, written here and by nobody who could have
 * asked for it: what was signed, its id, for which connection and whom, with
 * which key.  What the settings can tell of a right assertion is checked once
 * more (vault_judge.c); that the person did sign on, only the worker knows.
 */
#ifndef GATEWAY_VAULT_H
#define GATEWAY_VAULT_H

#include "gateway/settings/files.h"
#include "gateway/keeper.h"
#include "gateway/settings/settings.h"

struct vault;

/* Reads every key that signs something, and those that decrypt. */
int vault_open(struct arena *a, struct files *files, const struct settings *settings, struct vault **out, struct error *err);
void vault_close(struct vault *v);      /* NULL is fine */
/* It lives as long as the vault. */
const struct keeper *vault_keeper(struct vault *v);

/* What no honest worker asks for: REASON_KEYS_REFUSED. */
int vault_judge(const struct settings *s, const struct keeper_assertion *what, int64_t now, struct error *err);

#endif
