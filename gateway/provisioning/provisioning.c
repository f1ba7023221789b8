/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From settings to a plan: see provisioning.h. */
#include "gateway/provisioning/provisioning.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "provision/left_alone.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/file.h>

#define WAY_BACK_BATCH 20               /* people of one --release, unless --most says another number */
#define ORGANIZATION_RATE 10            /* requests a second */

const char *provisioning_ledger_path(struct arena *a, const struct settings *s)
{
	return arena_printf(a, "%s/provision/ledger.mdb", s->state_dir);
}

int provisioning_lock(struct arena *a, const struct settings *s, int *fd_out, struct error *err)
{
	const char *path = arena_printf(a, "%s/provision/lock", s->state_dir);
	int fd;

	if (folder_make(arena_printf(a, "%s/provision", s->state_dir), 0750, err) < 0)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return error_set(err, REASON_FILE, "%s: cannot open it: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return error_set(err, REASON_FILE, "another postern apply, or the provision role, is at work (%s)", path);
	}
	*fd_out = fd;
	return 0;
}

/* ---- keys ---- */

int provisioning_organization(struct files *files, const struct settings *settings, struct organization *out, struct error *err)
{
	const struct settings_accounts *s = &settings->accounts;
	struct slice key;

	*out = (struct organization){.id = NULL};
	if (!s->organization)
		return 0;
	if (files_get(files, s->organization_key_file, FILE_SECRET, FILES_PROVISION, &key, err) < 0)
		return -1;
	*out = (struct organization){.id = s->organization, .base = s->organization_api, .key = settings_key_bytes(key), .rate = ORGANIZATION_RATE};
	return 1;
}

int provisioning_inventory(struct arena *a, const struct settings *settings, const struct organization *o, struct accounts_import *out,
	struct error *err)
{
	const char *path = settings_accounts_path(a, settings);
	struct organization_accounts listed;
	int64_t now = clock_now();

	if (folder_make(arena_printf(a, "%s/accounts", settings->state_dir), 0750, err) < 0 || organization_read(a, o, now, &listed, err) < 0)
		return -1;
	return accounts_import_listed(a, path, listed.accounts, listed.count, now, out, err);
}

int provisioning_secrets(struct arena *a, const char *command, struct files *files, const struct settings *settings,
	struct provisioning *out, struct error *err)
{
	struct provisioning p = {.command = command, .arena = a, .settings = settings};

	if (settings->provision == PROVISION_OFF)
		return error_set(err, REASON_SETTINGS, "%s: provision is off, so nothing is planned: provision: plan turns plans on", settings->file);
	p.targets = arena_alloc(a, (settings->connection_count + 1) * sizeof(*p.targets));
	for (size_t i = 0; i < settings->connection_count; i++) {
		const struct settings_target *t = settings->connections[i].accounts;

		if (t && settings_target_secrets(files, t, &p.targets[p.target_count++], err) < 0)
			return -1;
	}
	if (provisioning_organization(files, settings, &p.organization, err) < 0)
		return -1;
	*out = p;
	return 0;
}

/* ---- what there is ---- */

struct inventory {
	struct arena *arena;
	struct account *list;
	size_t n;
	const char *status;             /* of the one before: few are used, and mostly the same one */
};

static const char *const *copy_list(struct arena *a, const char *const *list)
{
	static const char *const nothing[] = {NULL};
	const char **out;
	size_t n = 0;

	while (list && list[n])
		n++;
	if (n == 0)
		return nothing;
	out = arena_alloc(a, (n + 1) * sizeof(*out));
	for (size_t i = 0; i < n; i++)
		out[i] = arena_strdup(a, list[i]);
	return out;
}

/* What plans look at, and no more: there may be as many as there are people. */
static void keep_account(const struct account *account, void *context)
{
	struct inventory *inventory = context;
	struct arena *a = inventory->arena;

	if (account->status && (!inventory->status || strcmp(inventory->status, account->status) != 0))
		inventory->status = arena_strdup(a, account->status);
	inventory->list = arena_grow(a, inventory->list, inventory->n, sizeof(*inventory->list));
	inventory->list[inventory->n++] = (struct account){
		.mail = arena_strdup(a, account->mail), .id = arena_strdup(a, account->id), .kind = account->kind,
		.status = account->status ? inventory->status : NULL, .billable = account->billable, .products = copy_list(a, account->products),
		.as_of = account->as_of,
	};
}

/* What was seen at connections the plan sees itself, as it is now. */
static void keep_imported(const struct account *account, void *context)
{
	if (strcmp(account->at, SEEN_BY_IMPORT) == 0)
		keep_account(account, context);
}

static int read_inventory(struct provisioning *p, struct error *err)
{
	struct inventory inventory = {.arena = p->arena};
	size_t count;

	if (accounts_each(p->census.gateway.accounts, keep_account, &inventory, err) < 0 ||
		accounts_each_seen(p->census.gateway.accounts, keep_imported, &inventory, err) < 0 ||
		accounts_inventory(p->census.gateway.accounts, &p->inventory_as_of, &count, err) < 0)
		return -1;
	p->accounts = inventory.list;
	p->account_count = inventory.n;
	return 0;
}

static void take_limits(struct provisioning *p)
{
	const struct settings_accounts *s = &p->settings->accounts;

	p->limits = (struct plan_limits){
		.grace = s->grace, .lose_most = s->deactivate_limit, .lose_percent = (unsigned)s->deactivate_share,
		.lose_within = s->deactivate_within, .inventory_most = s->plan_max_age, .inventory_needed = p->unattended, .seats_most = s->seat_limit,
		.seats_percent = (unsigned)s->seat_share,
		.external_users = s->external_users,
		.protect = s->protect, .protect_groups = s->protect_groups, .administrators = s->administrators,
	};
}

/* The targets of the desired state know no key; what is else in both is the same. */
static void join_targets(struct provisioning *p)
{
	for (size_t i = 0; i < p->target_count; i++) {
		struct slice key = p->targets[i].key, ca = p->targets[i].ca_pem;

		p->targets[i] = p->desired.targets[i];
		p->targets[i].key = key;
		p->targets[i].ca_pem = ca;
	}
}

/* What was asked for before this process began holds for it, too: whoever asks all the same is locked out for longer. */
static void take_waits(struct provisioning *p)
{
	struct provision_status status;
	struct error ignored;

	p->left_alone = arena_alloc(p->arena, (p->target_count + 1) * sizeof(*p->left_alone));
	if (provision_status_read(p->arena, p->settings, &status, &ignored) < 0)
		return;
	for (size_t i = 0; i < p->target_count; i++)
		p->left_alone[i] = provision_status_wait(&status, p->targets[i].name, clock_now());
}

const struct provision_wait *provisioning_waits(const struct provisioning *p, size_t *count_out)
{
	struct provision_wait *waits = arena_alloc(p->arena, (p->target_count + 1) * sizeof(*waits));
	size_t n = 0;

	for (size_t i = 0; p->doer && i < p->target_count; i++)
		if (left_alone_still(doer_left_alone(p->doer, i), clock_now()))
			waits[n++] = (struct provision_wait){p->targets[i].name, doer_left_alone(p->doer, i)};
	*count_out = n;
	return waits;
}

int provisioning_open(struct provisioning *p, enum ledger_use use, bool (*go_on)(void *context), void *context, struct error *err)
{
	/* ahead of reading: what stands there cannot be replaced by what this look sees when nothing may look because of it */
	if ((use == LEDGER_WRITE && accounts_seen_mend(settings_accounts_path(p->arena, p->settings), err) < 0) ||
		census_begin(p->arena, p->command, p->settings, &p->census, err) < 0)
		return -1;
	p->census.alive = go_on;
	p->census.alive_context = context;
	if (p->census.gateway.accounts_fault.reason != REASON_NONE) {
		*err = p->census.gateway.accounts_fault;
		return -1;
	}
	if (desired_of_census(&p->census, gateway_policy(&p->census.gateway), &p->desired, &p->left, err) < 0)
		return -1;
	census_end_judging(&p->census);
	if (read_inventory(p, err) < 0 || ledger_open(provisioning_ledger_path(p->arena, p->settings), use, &p->ledger, err) < 0)
		return -1;
	join_targets(p);
	take_limits(p);
	take_waits(p);
	p->doer = doer_new(&(struct doer_options){
		.targets = p->targets, .target_count = p->target_count, .accounts = p->accounts, .account_count = p->account_count,
		.inventory_as_of = p->inventory_as_of, .organization = p->organization.id ? &p->organization : NULL, .go_on = go_on,
		.left_alone = p->left_alone, .answered = p->answered, .context = context,
	});
	return 0;
}

int provisioning_plan(struct provisioning *p, struct error *err)
{
	const struct step_doer *doer = doer_steps(p->doer);

	if (doer->read(p->arena, doer->context, &p->world, err) < 0 || ledger_load(p->arena, p->ledger, &p->view, err) < 0)
		return -1;
	if (p->way_back)
		return way_back_make(p->arena, &p->desired, &p->world, &p->view, &p->limits, p->way_back, clock_now(), &p->plan, err);
	return plan_make(p->arena, &p->desired, &p->world, &p->view, &p->limits, clock_now(), &p->plan, err);
}

int provisioning_way_back(const char *command, const char *stage, const char *person, const char *most, struct way_back_options *out)
{
	uint64_t n = WAY_BACK_BATCH;
	enum way_back_stage i;

	if (!stage && !person && !most)
		return 0;
	for (i = 0; stage && i < WAY_BACK_STAGES && strcmp(stage, way_back_word(i)) != 0; i++)
		;
	if (!stage || i == WAY_BACK_STAGES)
		fprintf(stderr, "postern %s: --release is one of groups, products, unlink, delete; --person and --most belong to it\n", command);
	else if (most && number_read(slice_c(most), 1, 10000, &n) < 0)
		fprintf(stderr, "postern %s: --most \"%.20s\" is not a number from 1 to 10000\n", command, most);
	else {
		*out = (struct way_back_options){.stage = i, .only = person, .most = n};
		return 0;
	}
	return -1;
}

int provisioning_note_seen(struct provisioning *p, const struct world *world, enum seen_trust trust, struct error *err)
{
	struct ledger_view view;

	if (world->target_count == 0)
		return 0;
	/* a process has a file of LMDB open once */
	accounts_close(p->census.gateway.accounts);
	p->census.gateway.accounts = NULL;
	if (folder_make(arena_printf(p->arena, "%s/accounts", p->settings->state_dir), 0750, err) < 0 ||
		ledger_load(p->arena, p->ledger, &view, err) < 0)
		return -1;
	return accounts_seen_note(settings_accounts_path(p->arena, p->settings), &p->desired, world, &view, trust, err);
}

void provisioning_end(struct provisioning *p)
{
	doer_free(p->doer);
	ledger_close(p->ledger);
	census_close(&p->census);
}
