/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder with settings and keys, and `postern keys` in it. */
#ifndef TESTS_KEYS_STAGE_H
#define TESTS_KEYS_STAGE_H

#include "tests/unit/unit.h"

#include "base/clock.h"
#include "gateway/commands/commands.h"
#include "gateway/commands/keys.h"
#include "gateway/service/loaded.h"
#include "tests/unit/keys.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char without_key[] =
	"public_url: https://sso.example.org:8443\n"
	"listen: 127.0.0.1:0\n"
	"state_dir: state\n"
	"runtime_dir: run\n"
	"identity_providers:\n"
	"  entra: {metadata: entra.xml}\n"
	"connections:\n"
	"  organisation: {kind: managed, entity_id: x, acs: \"https://x.example/acs\", start: \"https://x.example\"}\n"       /* line 8 */
	"  helpdesk: {kind: portal, entity_id: y, acs: \"https://y.example/acs\", home: \"https://y.example\", idp_entity_id: urn:other}\n"
	"directories:\n"
	"  corp:\n"
	"    uri: ldap://127.0.0.1:1\n"
	"    people: {base: dc=example}\n"
	"    groups: {base: dc=example}\n"
	"    join: {objectidentifier: employeeNumber}\n"
	"rules:\n"
	"  - {name: all, when: \"department = x\", outcome: licensed}\n";

struct place {
	struct arena *arena;
	char folder[64];
	const char *settings;
	const char *output;             /* of the last command, both streams */
	struct error err;
};

static struct arena *all;
static struct test_pair pair, other, weak, ec, ended, coming;
static int home = -1;

static inline const char *path_of(struct place *t, const char *name)
{
	return arena_printf(t->arena, "%s/%s", t->folder, name);
}

static inline void put(struct place *t, const char *name, mode_t mode, struct slice bytes)
{
	assert_done(file_write(path_of(t, name), mode, bytes, &t->err), t->err);
}

static inline void put_pair(struct place *t, const char *name, const struct test_pair *p)
{
	put(t, arena_printf(t->arena, "keys/%s.key", name), 0600, p->key);
	put(t, arena_printf(t->arena, "keys/%s.crt", name), 0644, p->certificate);
}

static inline struct slice read_back(struct place *t, const char *name)
{
	struct slice bytes = {NULL, 0};
	struct error err;

	assert_done(file_read(t->arena, path_of(t, name), FILE_PUBLIC, 1 << 16, &bytes, &err), err);
	return bytes;
}

static inline bool is_there(struct place *t, const char *name)
{
	return access(path_of(t, name), F_OK) == 0;
}

static inline mode_t mode_of(struct place *t, const char *name)
{
	struct stat st;

	assert_int_equal(lstat(path_of(t, name), &st), 0);
	return st.st_mode & 07777;
}

static inline void use_settings(struct place *t, const char *more)
{
	put(t, "p.yaml", 0644, slice_c(arena_printf(t->arena, "%s%s", without_key, more)));
}

/* Standard output and error go to a file while something runs that speaks. */
static inline void hush(struct place *t, int before[2])
{
	int fd = open(path_of(t, "output"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	fflush(stdout);
	before[0] = dup(STDOUT_FILENO);
	before[1] = dup(STDERR_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static inline void speak(struct place *t, const int before[2])
{
	fflush(stdout);
	dup2(before[0], STDOUT_FILENO);
	dup2(before[1], STDERR_FILENO);
	close(before[0]);
	close(before[1]);
	t->output = read_back(t, "output").p;
}

/* `postern keys WORDS`; its exit status. */
static inline int keys(struct place *t, const char *words)
{
	char *argv[12] = {arena_strdup(t->arena, "keys")}, *at = arena_strdup(t->arena, words), *word;
	int argc = 1, before[2], rc;

	while ((word = strsep(&at, " ")))
		argv[argc++] = word;
	hush(t, before);
	rc = command_keys(t->arena, t->settings, argc, argv);
	speak(t, before);
	assert_int_equal(fchdir(home), 0);
	return rc;
}

static inline int load(struct place *t, struct loaded *out)
{
	struct loaded l = {0};
	int before[2], rc;

	hush(t, before);
	rc = loaded_read(t->settings, LOADED_FOR_SERVE, &l, &t->err);
	speak(t, before);
	if (rc == 0 && out)
		*out = l;
	else if (rc == 0)
		loaded_free(&l);
	return rc;
}

static inline void assert_says(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("wanted \"%s\", got: %s", words, text);
}

/* Which key signs for both doors, as "a b usual requests". */
static inline const char *assignment(struct place *t)
{
	struct loaded l;
	const char *out;

	assert_done(load(t, &l), t->err);
	out = arena_printf(t->arena, "%s %s %s %s", l.keyring.of[0]->name, l.keyring.of[1]->name, l.keyring.usual->name, l.keyring.requests->name);
	loaded_free(&l);
	return out;
}

static inline struct slice metadata_of(struct arena *a, struct slice certificate_pem)
{
	const char *certificates[] = {NULL, NULL};
	const struct saml_own own = {.entity_id = "https://idp.example/", .certificates = certificates, .sso_url = "https://idp.example/sso"};
	struct error err;
	int64_t until;

	assert_done(saml_certificate_read(a, certificate_pem, &certificates[0], &until, &err), err);
	return saml_idp_metadata(a, &own);
}

static inline int begin(void **state)
{
	struct place *t = calloc(1, sizeof(*t));

	t->arena = arena_new();
	snprintf(t->folder, sizeof(t->folder), "/tmp/postern-keys-XXXXXX");
	assert_non_null(mkdtemp(t->folder));
	t->settings = path_of(t, "p.yaml");
	use_settings(t, "");
	put(t, "entra.xml", 0644, metadata_of(t->arena, other.certificate));
	*state = t;
	return 0;
}

static inline void remove_tree(const char *path)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/rm", "rm", "-rf", "--", path, (char *)NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static inline int end(void **state)
{
	struct place *t = *state;

	remove_tree(t->folder);
	arena_free(t->arena);
	free(t);
	return 0;
}

static inline int begin_all(void **state)
{
	struct error err;

	(void)state;
	all = arena_new();
	home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_done(saml_start(&err), err);
	pair = test_rsa(all, 2048);
	other = test_rsa(all, 2048);
	weak = test_rsa(all, 1024);
	ec = test_pair_of(all, EVP_EC_gen("P-256"), 86400);
	ended = test_pair_of(all, EVP_RSA_gen(2048), -3600);
	assert_done(saml_key_make(all, &(struct saml_new_key){"later", 2048, time(NULL) + 3600, time(NULL) + 7200}, &coming.key, &coming.certificate,
		&err), err);
	return 0;
}

static inline int end_all(void **state)
{
	(void)state;
	saml_stop();
	close(home);
	arena_free(all);
	return 0;
}

#endif
