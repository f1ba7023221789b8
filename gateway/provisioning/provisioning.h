/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `postern plan`, `postern apply` and the provision role share: from
 * settings, mirror, ledger and Atlassian's answers to a plan.
 *
 * Secrets are read first, as who asks; then the process becomes the roles'
 * user (commands), and only then the mirror is copied and Atlassian is asked.
 */
#ifndef GATEWAY_PROVISIONING_H
#define GATEWAY_PROVISIONING_H

#include "gateway/provisioning/desired_census.h"
#include "gateway/provision_status.h"
#include "provision/accounts_seen.h"
#include "provision/doer.h"
#include "provision/way_back.h"

struct provisioning {
	const char *command;            /* for messages */
	struct arena *arena;
	const struct settings *settings;
	struct organization organization;       /* with its key; id NULL: there is none */
	struct target *targets;         /* with their keys */
	size_t target_count;
	struct census census;
	struct desired desired;
	struct desired_left left;
	const struct account *accounts; /* the inventory, by lower-cased mail */
	size_t account_count;
	int64_t inventory_as_of;
	int64_t *left_alone;            /* of each target, until when it asked for nothing to be sent, by status.json */
	struct doer *doer;
	struct ledger *ledger;
	struct ledger_view view;
	struct world world;
	struct plan_limits limits;
	bool unattended;                /* nobody sees a plan before it is done; set before provisioning_open */
	void (*answered)(const char *name, int status, void *context);          /* of each request, as in doer.h; set before provisioning_open */
	const struct way_back_options *way_back;        /* the plan is one of the way back; NULL: an ordinary one */
	struct plan plan;
};

/*
 * `--release STAGE`, `--person MAIL` and `--most N` of plan and apply.  0, or -1: said on standard error.  stage NULL: the plan is an
 * ordinary one, and the others must be NULL, too.
 */
int provisioning_way_back(const char *command, const char *stage, const char *person, const char *most, struct way_back_options *out);

/* Keys of the connections' accounts and whose they are.  SETTINGS: provision is off, or nothing makes accounts. */
int provisioning_secrets(struct arena *a, const char *command, struct files *files, const struct settings *settings,
	struct provisioning *out, struct error *err);
/* The organisation's alone, whatever `provision` says.  1; 0: the settings name none; -1. */
int provisioning_organization(struct files *files, const struct settings *settings, struct organization *out, struct error *err);
/* Who is billed, read anew into the inventory.  PROVISION_STOP, PROVISION_STEP, or as accounts_import_listed. */
int provisioning_inventory(struct arena *a, const struct settings *settings, const struct organization *o, struct accounts_import *out,
	struct error *err);
/* Opens mirror (a copy), inventory and ledger, and judges everybody.  `go_on` as doer_options.  -1: provisioning_end is still to be called. */
int provisioning_open(struct provisioning *p, enum ledger_use use, bool (*go_on)(void *context), void *context, struct error *err);
/* Reads Atlassian and makes the plan; with LEDGER_WRITE what was begun and never answered is looked for first. */
int provisioning_plan(struct provisioning *p, struct error *err);
/*
 * Where accounts were seen in this world, and what the ledger says that Postern made since, for sign-ons and `postern seats`
 * (accounts_seen.h).  The last thing before provisioning_end: nobody can be judged after it.
 */
int provisioning_note_seen(struct provisioning *p, const struct world *world, enum seen_trust trust, struct error *err);
/* Connections that asked to be left alone for longer than is waited, for provision_status_note. */
const struct provision_wait *provisioning_waits(const struct provisioning *p, size_t *count_out);
void provisioning_end(struct provisioning *p);

/* STATE_DIR/provision/… */
const char *provisioning_ledger_path(struct arena *a, const struct settings *s);
/* Held while a plan is made and done: one at a time.  A descriptor, to be closed; FILE: another one has it. */
int provisioning_lock(struct arena *a, const struct settings *s, int *fd_out, struct error *err);

/* Of somebody whom the directory need not have, by the ledger; NULL: it does not know. */
const char *provisioning_mail(const struct provisioning *p, const char *person);
/* The person as people know them: mail, else DN, else the id. */
const char *provisioning_who(struct arena *a, const struct provisioning *p, const char *person);

enum plan_detail { PLAN_SOME, PLAN_ALL };
/* For a person at a terminal; PLAN_SOME: at most ten lines under each heading. */
void provisioning_print(const struct provisioning *p, enum plan_detail detail);

#endif
