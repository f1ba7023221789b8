/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A keys role in a process of its own, and a worker's end of the line to it. */
#ifndef TESTS_UNIT_KEYS_ROLE_STAGE_H
#define TESTS_UNIT_KEYS_ROLE_STAGE_H

#include "tests/unit/keys.h"
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/text.h"
#include "gateway/keys/keys_link.h"
#include "gateway/keys/vault.h"
#include "gateway/service/role.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/wait.h>

#define ORGANISATION 0                  /* their places in the settings */
#define HELPDESK 1

static const char settings_text[] =
	"public_url: https://sso.example.org\nstate_dir: @/state\nruntime_dir: @/run\nkey: @/own.key\ncertificate: @/own.crt\n"
	"decryption_keys: [{key: @/own.key, certificate: @/own.crt}]\nclaimed_domains: [example.org]\n"
	"identity_providers:\n  entra: {metadata: @/idp.xml, sign_requests: yes, domains: [example.org, partner.example]}\n"
	"connections:\n"
	"  organisation:\n    kind: managed\n    entity_id: 'https://auth.example/saml/1'\n    acs: 'https://auth.example/acs?x=1&y=2'\n"
	"    start: 'https://site.example/'\n"
	"    attributes: {groups: {groups: 'jira-*'}, tier: {value: gold}, where: {ldap: l}}\n"
	"  helpdesk: {kind: portal, entity_id: 'urn:help', acs: 'https://help.example/acs', home: 'https://help.example/portal'}\n"
	"directories:\n  corp: {uri: 'ldap://127.0.0.1:1', people: {base: 'dc=x'}, groups: {base: 'dc=x'}, join: {objectidentifier: employeeNumber}}\n"
	"rules:\n  - {name: agents, when: \"member of 'cn=agents,dc=x'\", outcome: licensed}\n";

static char folder[40];
static struct arena *a;
static const struct settings *settings;
static struct files *files;
static struct vault *vault;
static struct error err;

/* The keys role, in a process of its own, and our end of the line. */
static pid_t role_pid;
static int ends[2], heartbeat[2];
static struct keys_link *link_to_it;

/* Instead of that of role.c, which is part of the program. */
void role_alive(const struct role *role)
{
	assert_true(write(role->heartbeat, "", 1) == 1 || errno == EAGAIN);
}

static inline void worker_alive(const void *context)
{
	(void)context;
	assert_true(write(heartbeat[1], "", 1) == 1 || errno == EAGAIN);
}

static inline const char *in_folder(const char *name)
{
	return arena_printf(a, "%s/%s", folder, name);
}

static inline const char *placed(const char *text)
{
	struct text t;
	const char *at;

	text_begin(&t, a, 4096);
	for (; (at = strstr(text, "@/")); text = at + 1) {
		text_add(&t, slice_of(text, (size_t)(at - text)));
		text_add_c(&t, folder);
	}
	text_add_c(&t, text);
	return t.p;
}

static inline void run_role(void)
{
	static volatile sig_atomic_t stop;
	struct role role = {.name = "keys", .instance = "1", .arena = a, .files = files, .settings = settings, .stop = &stop};

	close(ends[0]);
	role.keys.fd = ends[1];
	role.heartbeat = heartbeat[1];
	_exit(role_keys(&role));
}

static inline void start_role(void)
{
	role_pid = fork();
	if (role_pid == 0)
		run_role();
}

/* How it ended: its status, or minus the signal. */
static inline int end_of_role(void)
{
	int status = 0;

	assert_int_equal(waitpid(role_pid, &status, 0), role_pid);
	role_pid = 0;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static inline int begin(void **state)
{
	struct test_pair own;

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/postern-keys-role-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	a = arena_new();
	own = test_rsa(a, 2048);
	files = files_from_disk(a);
	assert_done(file_write(in_folder("own.key"), 0600, own.key, &err), err);
	assert_done(file_write(in_folder("own.crt"), 0644, own.certificate, &err), err);
	assert_done(file_write(in_folder("p.yaml"), 0644, slice_c(placed(settings_text)), &err), err);
	assert_done(settings_read(a, files, in_folder("p.yaml"), &settings, NULL, &err), err);
	assert_done(vault_open(a, files, settings, &vault, &err), err);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0 || pipe2(heartbeat, O_NONBLOCK) < 0)
		return -1;
	start_role();
	assert_done(keys_link_open(&(struct keys_link_options){.end.fd = ends[0], .alive = worker_alive}, &link_to_it, &err), err);
	return 0;
}

static inline int end(void **state)
{
	const char *const names[] = {"own.key", "own.crt", "p.yaml"};

	(void)state;
	if (role_pid) {
		kill(role_pid, SIGKILL);
		waitpid(role_pid, NULL, 0);
	}
	keys_link_close(link_to_it);
	vault_close(vault);
	close(ends[0]);
	close(ends[1]);
	close(heartbeat[0]);
	close(heartbeat[1]);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(in_folder(names[i]));
	rmdir(folder);
	arena_free(a);
	return 0;
}

/* ---- what an honest worker asks ---- */

static const char *const jira[] = {"jira-people", NULL}, *const gold[] = {"gold", NULL}, *const berlin[] = {"Berlin", NULL};
static const struct saml_attribute honest_attributes[] = {{"groups", jira, 1}, {"tier", gold, 1}, {"where", berlin, 1}};

static inline struct keeper_assertion honest(void)
{
	return (struct keeper_assertion){
		.door = ORGANISATION, .in_response_to = "_asked", .name_id = "anna@example.org", .authn_instant = clock_now() - 5,
		.attributes = honest_attributes, .attribute_count = 3,
	};
}

static inline int ask_for(const struct keeper_assertion *what, struct saml_issued *out)
{
	const struct keeper *keeper = keys_link_keeper(link_to_it);

	return keeper->assertion(keeper->context, a, what, out, &err);
}

#endif
