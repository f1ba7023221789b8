/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our signing keys: gateway/settings/keyring.c, what `postern keys` does with the files, and who is told that a service runs. */
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

static const char *path_of(struct place *t, const char *name)
{
	return arena_printf(t->arena, "%s/%s", t->folder, name);
}

static void put(struct place *t, const char *name, mode_t mode, struct slice bytes)
{
	assert_done(file_write(path_of(t, name), mode, bytes, &t->err), t->err);
}

static void put_pair(struct place *t, const char *name, const struct test_pair *p)
{
	put(t, arena_printf(t->arena, "keys/%s.key", name), 0600, p->key);
	put(t, arena_printf(t->arena, "keys/%s.crt", name), 0644, p->certificate);
}

static struct slice read_back(struct place *t, const char *name)
{
	struct slice bytes = {NULL, 0};
	struct error err;

	assert_done(file_read(t->arena, path_of(t, name), FILE_PUBLIC, 1 << 16, &bytes, &err), err);
	return bytes;
}

static bool is_there(struct place *t, const char *name)
{
	return access(path_of(t, name), F_OK) == 0;
}

static mode_t mode_of(struct place *t, const char *name)
{
	struct stat st;

	assert_int_equal(lstat(path_of(t, name), &st), 0);
	return st.st_mode & 07777;
}

static void use_settings(struct place *t, const char *more)
{
	put(t, "p.yaml", 0644, slice_c(arena_printf(t->arena, "%s%s", without_key, more)));
}

/* Standard output and error go to a file while something runs that speaks. */
static void hush(struct place *t, int before[2])
{
	int fd = open(path_of(t, "output"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	fflush(stdout);
	before[0] = dup(STDOUT_FILENO);
	before[1] = dup(STDERR_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static void speak(struct place *t, const int before[2])
{
	fflush(stdout);
	dup2(before[0], STDOUT_FILENO);
	dup2(before[1], STDERR_FILENO);
	close(before[0]);
	close(before[1]);
	t->output = read_back(t, "output").p;
}

/* `postern keys WORDS`; its exit status. */
static int keys(struct place *t, const char *words)
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

static int load(struct place *t, struct loaded *out)
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

static void assert_says(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("wanted \"%s\", got: %s", words, text);
}

/* Which key signs for both doors, as "a b usual requests". */
static const char *assignment(struct place *t)
{
	struct loaded l;
	const char *out;

	assert_done(load(t, &l), t->err);
	out = arena_printf(t->arena, "%s %s %s %s", l.keyring.of[0]->name, l.keyring.of[1]->name, l.keyring.usual->name, l.keyring.requests->name);
	loaded_free(&l);
	return out;
}

static struct slice metadata_of(struct arena *a, struct slice certificate_pem)
{
	const char *certificates[] = {NULL, NULL};
	const struct saml_own own = {.entity_id = "https://idp.example/", .certificates = certificates, .sso_url = "https://idp.example/sso"};
	struct error err;
	int64_t until;

	assert_done(saml_certificate_read(a, certificate_pem, &certificates[0], &until, &err), err);
	return saml_idp_metadata(a, &own);
}

static int begin(void **state)
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

static void remove_tree(const char *path)
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

static int end(void **state)
{
	struct place *t = *state;

	remove_tree(t->folder);
	arena_free(t->arena);
	free(t);
	return 0;
}

static int begin_all(void **state)
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

static int end_all(void **state)
{
	(void)state;
	saml_stop();
	close(home);
	arena_free(all);
	return 0;
}

/* ---- make ---- */

static void makes_the_first_key_which_signs_everything(void **state)
{
	struct place *t = *state;
	struct saml_certificate c;

	assert_int_equal(load(t, NULL), -1);
	assert_says(t->err.detail, "holds no signing key: make one with postern keys make");
	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(mode_of(t, "keys"), 0700);
	assert_int_equal(mode_of(t, "keys/2026.key"), 0600);
	assert_int_equal(mode_of(t, "keys/2026.crt"), 0644);
	assert_string_equal(assignment(t), "2026 2026 2026 2026");
	assert_done(saml_certificate_describe(t->arena, read_back(t, "keys/2026.crt"), &c, &t->err), t->err);
	assert_int_equal(c.bits, 2048);
	assert_in_range(c.not_after, time(NULL) + 1094 * 86400L, time(NULL) + 1096 * 86400L);
	assert_true(c.not_before < time(NULL));
	assert_int_equal(keys(t, "list"), 0);
	assert_says(t->output, c.sha256);
}

static void makes_keys_as_they_were_wished(void **state)
{
	struct place *t = *state;
	struct saml_certificate c;

	assert_int_equal(keys(t, "make a --bits 3072 --days 10"), 0);
	assert_done(saml_certificate_describe(t->arena, read_back(t, "keys/a.crt"), &c, &t->err), t->err);
	assert_int_equal(c.bits, 3072);
	assert_in_range(c.not_after, time(NULL) + 9 * 86400L, time(NULL) + 11 * 86400L);
	assert_int_equal(keys(t, "make b --bits 1024"), 2);
	assert_int_equal(keys(t, "make b --days 0"), 2);
	assert_int_equal(keys(t, "make b --days 36500"), 2);
	assert_int_equal(keys(t, "make b --json"), 2);
	assert_int_equal(keys(t, "make"), 2);
	assert_int_equal(keys(t, "mak b"), 2);
	assert_false(is_there(t, "keys/b.crt"));
}

static void a_further_key_is_published_and_signs_nothing(void **state)
{
	struct place *t = *state;
	const char *const *certificates;
	struct loaded l;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_string_equal(assignment(t), "2026 2026 2026 2026");
	assert_done(load(t, &l), t->err);
	assert_int_equal(l.keyring.n, 2);
	certificates = keyring_certificates(t->arena, &l.keyring, keyring_key(&l.keyring, "2027"));
	assert_string_equal(certificates[0], keyring_key(&l.keyring, "2027")->certificate.base64);
	assert_string_equal(certificates[1], keyring_key(&l.keyring, "2026")->certificate.base64);
	assert_null(certificates[2]);
	assert_false(keyring_is_used(&l.keyring, l.settings, keyring_key(&l.keyring, "2027")));
	loaded_free(&l);
}

static void never_writes_over_a_file_or_through_a_link(void **state)
{
	struct place *t = *state;
	struct slice before;

	assert_int_equal(keys(t, "make 2026"), 0);
	before = read_back(t, "keys/2026.key");
	assert_int_equal(keys(t, "make 2026"), 1);
	assert_says(t->output, "is there already");
	assert_true(slice_equal(before, read_back(t, "keys/2026.key")));
	put(t, "victim", 0644, slice_c("mine"));
	assert_int_equal(symlink(path_of(t, "victim"), path_of(t, "keys/a.key")), 0);
	assert_int_equal(symlink(path_of(t, "nowhere"), path_of(t, "keys/b.crt")), 0);
	assert_int_equal(keys(t, "make a"), 1);
	assert_int_equal(keys(t, "make b"), 1);
	assert_slice_is(read_back(t, "victim"), "mine");
	assert_false(is_there(t, "nowhere"));
	assert_false(is_there(t, "keys/a.crt"));
	assert_false(is_there(t, "keys/b.key"));
}

static void refuses_names_that_are_no_names(void **state)
{
	static const char *const bad[] = {"../x", "a/b", ".x", "-x", "main", "a.b", "x234567890123456789012345678901234", "/etc/x", "\xc3\xa4"};
	struct place *t = *state;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(keys(t, arena_printf(t->arena, "make -- %s", bad[i])), 1);
		assert_says(t->output, "is not a name for a key");
	}
	assert_false(is_there(t, "x.crt"));
	assert_false(keyring_name_is_good(""));
	assert_int_equal(keys(t, "retire ../x"), 1);
	assert_says(t->output, "there is no key");
}

/* ---- activate ---- */

static void moves_one_connection_after_another(void **state)
{
	struct place *t = *state;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_int_equal(keys(t, "activate helpdesk 2027"), 0);
	assert_says(t->output, "still on 2026: organisation, new connections, requests to identity providers");
	assert_string_equal(assignment(t), "2026 2027 2026 2026");
	assert_int_equal(mode_of(t, "keys/active.yaml"), 0644);
	assert_int_equal(keys(t, "activate organisation 2027"), 0);
	assert_string_equal(assignment(t), "2027 2027 2027 2026");
	assert_int_equal(keys(t, "activate --requests 2027"), 0);
	assert_string_equal(assignment(t), "2027 2027 2027 2027");
	assert_int_equal(keys(t, "activate --all 2026"), 0);
	assert_string_equal(assignment(t), "2026 2026 2026 2027");
	assert_int_equal(keys(t, "activate --all --requests 2026"), 2);
	assert_int_equal(keys(t, "activate 2026"), 2);
	assert_int_equal(keys(t, "activate --all helpdesk 2026"), 2);
}

static void the_pair_of_the_settings_is_called_main(void **state)
{
	struct place *t = *state;

	put(t, "signing.key", 0600, pair.key);
	put(t, "signing.crt", 0644, pair.certificate);
	use_settings(t, "key: signing.key\ncertificate: signing.crt\n");
	assert_string_equal(assignment(t), "main main main main");
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_false(is_there(t, "keys/active.yaml"));
	assert_int_equal(keys(t, "activate organisation 2027"), 0);
	assert_string_equal(assignment(t), "2027 main main main");
	assert_int_equal(keys(t, "retire main"), 1);
	assert_says(t->output, "the pair that the settings name");
	assert_int_equal(keys(t, "activate organisation main"), 0);
	assert_string_equal(assignment(t), "main main main main");
}

static void refuses_to_activate_what_cannot_sign(void **state)
{
	struct place *t = *state;

	assert_int_equal(keys(t, "make 2026"), 0);
	put_pair(t, "ended", &ended);
	put_pair(t, "coming", &coming);
	put_pair(t, "weak", &weak);
	put(t, "keys/mixed.key", 0600, pair.key);
	put(t, "keys/mixed.crt", 0644, other.certificate);
	assert_int_equal(keys(t, "activate --all ended"), 1);
	assert_says(t->output, "its certificate ended on");
	assert_int_equal(keys(t, "activate --all coming"), 1);
	assert_says(t->output, "has not begun");
	assert_int_equal(keys(t, "activate --all weak"), 1);
	assert_says(t->output, "1024 bits");
	assert_int_equal(keys(t, "activate --all mixed"), 1);
	assert_says(t->output, "belongs to another key");
	assert_int_equal(keys(t, "activate --all nobody"), 1);
	assert_says(t->output, "there is no key \"nobody\"");
	assert_int_equal(keys(t, "activate nowhere 2026"), 1);
	assert_says(t->output, "there is no connection \"nowhere\"");
	assert_int_equal(keys(t, "list"), 1);
	assert_says(t->output, "CANNOT BE USED");
	assert_says(t->output, "(ENDED)");
}

/* ---- retire ---- */

static void retires_a_key_only_when_nothing_uses_it(void **state)
{
	struct place *t = *state;
	struct slice before;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(keys(t, "make 2027"), 0);
	before = read_back(t, "keys/2026.key");
	assert_int_equal(keys(t, "activate organisation 2027"), 0);
	assert_int_equal(keys(t, "retire 2026"), 1);
	assert_says(t->output, "in use for: helpdesk");
	assert_int_equal(keys(t, "activate helpdesk 2027"), 0);
	assert_int_equal(keys(t, "retire 2026"), 1);
	assert_says(t->output, "in use for: requests");
	assert_int_equal(keys(t, "activate --requests 2027"), 0);
	assert_int_equal(keys(t, "retire 2026"), 0);
	assert_false(is_there(t, "keys/2026.key"));
	assert_false(is_there(t, "keys/2026.crt"));
	assert_int_equal(mode_of(t, "keys/retired"), 0700);
	assert_string_equal(assignment(t), "2027 2027 2027 2027");
	assert_int_equal(keys(t, "retire 2026"), 1);
	/* its name can be used again, and what was moved away is still there */
	assert_int_equal(keys(t, "make 2026"), 0);
	assert_false(slice_equal(before, read_back(t, "keys/2026.key")));
	assert_int_equal(keys(t, "retire 2026"), 0);
}

static void moves_retired_keys_into_no_folder_of_somebody_else(void **state)
{
	struct place *t = *state;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_int_equal(mkdir(path_of(t, "elsewhere"), 0700), 0);
	assert_int_equal(symlink(path_of(t, "elsewhere"), path_of(t, "keys/retired")), 0);
	assert_int_equal(keys(t, "retire 2027"), 1);
	assert_true(is_there(t, "keys/2027.key"));
	assert_int_equal(unlink(path_of(t, "keys/retired")), 0);
	assert_int_equal(mkdir(path_of(t, "keys/retired"), 0700), 0);
	assert_int_equal(chmod(path_of(t, "keys/retired"), 0777), 0);
	assert_int_equal(keys(t, "retire 2027"), 1);
	assert_says(t->output, "chmod go-w");
	assert_true(is_there(t, "keys/2027.key"));
}

/* ---- what a start and a reload refuse ---- */

static void refuses_a_pair_that_is_no_good(void **state)
{
	struct place *t = *state;
	const struct { const struct test_pair *key, *certificate; mode_t mode; const char *why; } bad[] = {
		{&pair, &pair, 0640, "0640"}, {&pair, &pair, 0604, "0604"}, {&pair, &other, 0600, "belongs to another key"},
		{&weak, &weak, 0600, "1024 bits"}, {&ec, &ec, 0600, "not an RSA key"},
	};
	size_t i;

	assert_int_equal(keys(t, "make 2026"), 0);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put(t, "keys/bad.key", bad[i].mode, bad[i].key->key);
		put(t, "keys/bad.crt", 0644, bad[i].certificate->certificate);
		assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
		assert_says(t->err.detail, bad[i].why);
		assert_says(t->err.detail, "p.yaml:1: keys_dir: ");
		assert_says(t->err.detail, "/keys/bad.");
	}
	put_pair(t, "bad", &pair);
	assert_done(load(t, NULL), t->err);
	assert_int_equal(unlink(path_of(t, "keys/bad.key")), 0);
	assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
	assert_says(t->err.detail, "bad.key: cannot open");
	/* a key alone is one that is being made */
	assert_int_equal(unlink(path_of(t, "keys/bad.crt")), 0);
	put(t, "keys/bad.key", 0600, pair.key);
	assert_done(load(t, NULL), t->err);
}

static void goes_on_with_a_certificate_that_has_ended_and_says_so(void **state)
{
	struct place *t = *state;
	struct loaded l;
	int before[2];

	assert_int_equal(keys(t, "make 2026"), 0);
	put_pair(t, "ended", &ended);
	put(t, "keys/active.yaml", 0644, slice_c("usual: ended\nrequests: \"2026\"\n"));
	assert_done(load(t, &l), t->err);
	hush(t, before);
	keyring_alarm(&l.keyring, l.settings, time(NULL));
	speak(t, before);
	assert_says(t->output, "error");
	assert_says(t->output, "the certificate of a signing key has ended key=ended");
	assert_null(strstr(t->output, "key=2026"));
	hush(t, before);
	keyring_alarm(&l.keyring, l.settings, keyring_key(&l.keyring, "2026")->certificate.not_after - 29 * 86400L);
	speak(t, before);
	assert_says(t->output, "ends soon: see postern keys key=2026");
	loaded_free(&l);
}

static void refuses_a_folder_that_others_may_change(void **state)
{
	struct place *t = *state;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(chmod(path_of(t, "keys"), 0770), 0);
	assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
	assert_says(t->err.detail, "chmod go-w");
	assert_int_equal(keys(t, "make 2027"), 1);
	assert_int_equal(keys(t, "list"), 1);
	assert_int_equal(chmod(path_of(t, "keys"), 0755), 0);
	assert_done(load(t, NULL), t->err);
	if (geteuid() == 0) {
		assert_int_equal(chown(path_of(t, "keys"), 65534, 65534), 0);
		assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
		assert_says(t->err.detail, "belongs to user 65534");
		assert_int_equal(keys(t, "make 2027"), 1);
		assert_int_equal(chown(path_of(t, "keys"), 0, 0), 0);
	}
	assert_int_equal(rename(path_of(t, "keys"), path_of(t, "real")), 0);
	assert_int_equal(symlink(path_of(t, "real"), path_of(t, "keys")), 0);
	assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
	assert_int_equal(keys(t, "make 2027"), 1);
	assert_false(is_there(t, "real/2027.crt"));
}

static void refuses_a_folder_where_the_roles_may_write(void **state)
{
	static const char *const bad[] = {"keys_dir: state/keys\n", "keys_dir: run\n", "keys_dir: state\n", "keys_dir: x/../state/keys\n"};
	struct place *t = *state;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		use_settings(t, bad[i]);
		assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
		assert_says(t->err.detail, "p.yaml:18: keys_dir: ");
		assert_says(t->err.detail, "where the roles may write");
	}
	use_settings(t, "keys_dir: stately\n");
	assert_int_equal(keys(t, "make 2026"), 0);
	assert_done(load(t, NULL), t->err);
	assert_true(is_there(t, "stately/2026.crt"));
}

static void refuses_a_file_that_names_no_key(void **state)
{
	struct place *t = *state;

	assert_int_equal(keys(t, "make 2026"), 0);
	put(t, "keys/not.a.name.crt", 0644, pair.certificate);
	assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
	assert_says(t->err.detail, "\"not.a.name\" is not a name for a key");
	assert_int_equal(unlink(path_of(t, "keys/not.a.name.crt")), 0);
	put_pair(t, "main", &pair);
	assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
	assert_says(t->err.detail, "\"main\" is not a name for a key");
}

static void refuses_an_assignment_that_cannot_be_followed(void **state)
{
	struct place *t = *state;
	const struct { const char *text, *why; } bad[] = {
		{"usual: 2025\n", "active.yaml:1: usual: there is no key \"2025\""},
		{"usual: \"2026\"\nconnections:\n  helpdesk: ../2026\n", "active.yaml:3: helpdesk: there is no key \"../2026\""},
		{"usual: {a: b}\n", "active.yaml:1: usual: must be the name of a key"},
		{"connections: 2026\n", "active.yaml:1: connections: must be a map"},
		{"usuall: 2026\n", "active.yaml:1: usuall: is not known here"},
		{"usual: [\n", "active.yaml:"},
		{"requests: \"2026\"\n", "no key signs for it"},
		{"usual: \"2026\"\n", "no key signs requests"},
	};
	size_t i;

	assert_int_equal(keys(t, "make 2026"), 0);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put(t, "keys/active.yaml", 0644, slice_c(bad[i].text));
		assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
		assert_says(t->err.detail, bad[i].why);
	}
	/* a connection that the settings have no more harms nothing */
	put(t, "keys/active.yaml", 0644, slice_c("usual: \"2026\"\nrequests: \"2026\"\nconnections: {gone: \"2019\"}\n"));
	assert_string_equal(assignment(t), "2026 2026 2026 2026");
	/* several keys and no word on which */
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_int_equal(unlink(path_of(t, "keys/active.yaml")), 0);
	assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
	assert_says(t->err.detail, "p.yaml:8: organisation: no key signs for it: choose one with postern keys activate organisation NAME");
	assert_int_equal(keys(t, "activate --all 2027"), 0);
	assert_int_equal(keys(t, "activate --requests 2027"), 0);
	assert_string_equal(assignment(t), "2027 2027 2027 2027");
}

static void refuses_half_a_pair_in_the_settings(void **state)
{
	struct place *t = *state;

	use_settings(t, "key: signing.key\n");
	assert_refused(load(t, NULL), t->err, REASON_SETTINGS);
	assert_says(t->err.detail, "p.yaml:18: key: key and certificate belong together");
}

/* ---- who gets them ---- */

static void hands_keys_to_their_role_and_certificates_to_all(void **state)
{
	struct place *t = *state;
	struct keyring keeper, worker;
	struct slice key, certificate;
	struct files *f;
	struct loaded l;
	int fd;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_int_equal(keys(t, "activate helpdesk 2027"), 0);
	assert_done(load(t, &l), t->err);
	assert_done(files_snapshot(l.files, FILES_KEYS, &fd, &t->err), t->err);
	assert_done(files_from_snapshot(t->arena, fd, &f, &t->err), t->err);
	/* what happens to the folder since is not seen */
	remove_tree(path_of(t, "keys"));
	assert_done(keyring_read(t->arena, f, l.settings, &keeper, &t->err), t->err);
	assert_int_equal(keeper.n, 2);
	assert_string_equal(keeper.of[1]->name, "2027");
	assert_done(keyring_pair(f, keeper.of[1], &key, &certificate, &t->err), t->err);
	assert_done(files_snapshot(l.files, FILES_WORKER, &fd, &t->err), t->err);
	assert_done(files_from_snapshot(t->arena, fd, &f, &t->err), t->err);
	assert_done(keyring_read(t->arena, f, l.settings, &worker, &t->err), t->err);
	assert_int_equal(worker.n, 2);
	assert_refused(keyring_pair(f, worker.of[0], &key, &certificate, &t->err), t->err, REASON_FILE);
	loaded_free(&l);
}

/* ---- what it says ---- */

static void lists_keys_for_programs(void **state)
{
	struct place *t = *state;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(keys(t, "list --json"), 0);
	assert_says(t->output, "\"name\": \"2026\"");
	assert_says(t->output, "\"days_left\": 109");
	assert_says(t->output, "\"organisation\",");
	assert_says(t->output, "\"live\": null");
	assert_int_equal(keys(t, "list x"), 2);
	assert_int_equal(keys(t, "list --all"), 2);
}

static void says_what_to_paste_where(void **state)
{
	struct place *t = *state;
	struct slice pem;

	assert_int_equal(keys(t, "make 2026 --days 100"), 0);
	put_pair(t, "2027", &pair);
	assert_int_equal(keys(t, "instructions helpdesk 2027"), 0);
	pem = read_back(t, "keys/2027.crt");
	assert_says(t->output, pem.p);
	assert_says(t->output, "Portal-only customers");
	assert_says(t->output, "Identity provider Entity ID     urn:other\n");
	assert_says(t->output, "https://sso.example.org:8443/saml/idp/sso");
	assert_says(t->output, "postern keys activate helpdesk 2027 --reload");
	assert_says(t->output, "Still with 2026: organisation, helpdesk");
	/* without a name: the newest */
	assert_int_equal(keys(t, "instructions organisation"), 0);
	assert_says(t->output, "https://sso.example.org:8443/saml/idp/metadata\n");
	assert_says(t->output, "2026 signs for organisation already");
	assert_int_equal(keys(t, "instructions --requests 2027"), 0);
	assert_says(t->output, "postern keys activate --requests 2027");
	assert_int_equal(keys(t, "instructions nowhere"), 1);
	assert_int_equal(keys(t, "instructions"), 2);
	assert_int_equal(keys(t, "instructions helpdesk 2028"), 1);
	assert_says(t->output, "there is no key \"2028\"");
}

static int setup(struct place *t)
{
	char *argv[] = {arena_strdup(t->arena, "setup"), NULL};
	int before[2], rc;

	hush(t, before);
	rc = command_setup(t->arena, t->settings, 1, argv);
	speak(t, before);
	return rc;
}

static void setup_prints_the_certificate_of_each_door(void **state)
{
	struct place *t = *state;
	const char *first, *second;

	assert_int_equal(setup(t), 1);
	assert_says(t->output, "there is no signing key yet: postern keys make");
	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(keys(t, "make 2027"), 0);
	first = read_back(t, "keys/2026.crt").p;
	second = read_back(t, "keys/2027.crt").p;
	assert_int_equal(setup(t), 0);
	assert_says(t->output, "For organisation helpdesk:\nThe certificate (key 2026");
	assert_says(t->output, first);
	assert_null(strstr(t->output, second));
	assert_int_equal(keys(t, "activate helpdesk 2027"), 0);
	assert_int_equal(setup(t), 0);
	assert_says(t->output, "For organisation:\nThe certificate (key 2026");
	assert_says(t->output, "For helpdesk:\nThe certificate (key 2027");
	assert_says(t->output, second);
}

/* Without it, people who begin at Entra ID's tile bring an answer that nobody asked for. */
static void setup_prints_the_links_that_entra_can_begin_at(void **state)
{
	struct place *t = *state;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_int_equal(setup(t), 0);
	assert_null(strstr(t->output, "Sign on URL"));
	use_settings(t, "go:\n  work: {licensed: \"https://x.example/jira\", portal: helpdesk}\n"
		"  help: {licensed: \"https://x.example/desk\", portal: helpdesk}\n");
	assert_int_equal(setup(t), 0);
	assert_says(t->output, "  Sign on URL                     https://sso.example.org:8443/go/work\n"
		"    or                            https://sso.example.org:8443/go/help\n");
}

/* ---- a running service ---- */

static const struct settings *settings_of(struct place *t)
{
	const struct settings *s;

	assert_done(settings_read(t->arena, files_from_disk(t->arena), t->settings, &s, NULL, &t->err), t->err);
	assert_done(folder_make(s->runtime_dir, 0750, &t->err), t->err);
	return s;
}

/* A child that holds the lock as a parent would, until it is told to go, and reads anew at SIGHUP. */
static pid_t start_holder(const struct settings *s, struct timespec read_at)
{
	int ready[2];
	sigset_t set;
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = fork();
	if (pid == 0) {
		int fd = running_say(-1, s, read_at), number;

		_exit(write(ready[1], "", 1) != 1 || fd < 0 || sigwait(&set, &number) != 0 || running_say(fd, s, running_time()) != fd ||
			sleep(20) ? 1 : 0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end_holder(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void finds_the_running_service_and_has_it_read_again(void **state)
{
	struct place *t = *state;
	const struct settings *s;
	struct running running;
	struct timespec past;
	pid_t pid;

	assert_int_equal(keys(t, "make 2026"), 0);
	assert_says(t->output, "no running service can be seen");
	s = settings_of(t);
	running_look(s, &running);
	assert_int_equal(running.pid, 0);
	past = running_time();
	past.tv_sec -= 60;
	pid = start_holder(s, past);
	running_look(s, &running);
	assert_int_equal(running.pid, pid);
	assert_int_equal(keys(t, "list"), 0);
	assert_says(t->output, "has not read them since");
	/* what may be in use yet is not retired */
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_says(t->output, "Not live yet.  When you want it to be: postern reload");
	assert_int_equal(keys(t, "retire 2027"), 1);
	assert_says(t->output, "may sign with 2027 yet");
	assert_int_equal(keys(t, "activate helpdesk 2027 --reload"), 0);
	assert_says(t->output, "took it over");
	assert_int_equal(keys(t, "list"), 0);
	assert_says(t->output, "knows them as they are");
	assert_int_equal(keys(t, "list --json"), 0);
	assert_says(t->output, "\"live\": true");
	end_holder(pid);
	running_look(s, &running);
	assert_int_equal(running.pid, 0);
	assert_refused(running_reload(s, &running, &t->err), t->err, REASON_FILE);
}

/* Holds keys_dir as another `postern keys` would, for so long. */
static pid_t start_other(struct place *t, const char *folder, unsigned milliseconds)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(path_of(t, folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		_exit(fd < 0 || flock(fd, LOCK_EX) < 0 || write(ready[1], "", 1) != 1 || usleep(milliseconds * 1000) ? 1 : 0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void waits_a_while_for_another_one_and_not_for_ever(void **state)
{
	struct place *t = *state;
	int64_t began;
	pid_t pid;

	assert_int_equal(keys(t, "make 2026"), 0);
	pid = start_other(t, "keys", 1500);
	assert_int_equal(keys(t, "make 2027"), 0);
	assert_says(t->output, "waiting for another `postern keys`, 10 s at most");
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	pid = start_other(t, "keys", 60000);
	began = clock_monotonic_us();
	assert_int_equal(keys(t, "make 2028"), 1);
	assert_true(clock_monotonic_us() - began >= 10000000);
	assert_says(t->output, "another `postern keys` is at work here");
	assert_int_equal(access(path_of(t, "keys/2028.key"), F_OK), -1);
	/* who only reads waits for nobody */
	assert_int_equal(keys(t, "list"), 0);
	end_holder(pid);
}

/* The user of the roles owns runtime_dir. */
/* Of somebody else's service, who would be told to reload in place of ours. */
static void the_lock_of_another_service_under_another_name_is_none(void **state)
{
	struct place *t = *state;
	const struct settings *s = settings_of(t);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct running running;
	int ready[2];
	char byte;
	pid_t pid;

	put(t, "run/postern.lock", 0644, slice_c(""));
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(path_of(t, "run/postern.lock"), O_RDWR);

		alarm(30);
		if (fd < 0 || fcntl(fd, F_SETLK, &lock) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	running_look(s, &running);
	assert_int_equal(running.pid, pid);
	assert_int_equal(link(path_of(t, "run/postern.lock"), path_of(t, "other")), 0);
	running_look(s, &running);
	assert_int_equal(running.pid, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	unlink(path_of(t, "other"));
}

static void trusts_nothing_that_lies_in_the_folder_of_the_roles(void **state)
{
	struct place *t = *state;
	const struct settings *s = settings_of(t);
	struct running running;
	int before[2], fd;

	put(t, "victim", 0600, slice_c("mine"));
	put(t, "run/postern.lock", 0644, slice_c("1\n"));
	running_look(s, &running);
	assert_int_equal(running.pid, 0);
	assert_int_equal(unlink(path_of(t, "run/postern.lock")), 0);
	assert_int_equal(symlink(path_of(t, "victim"), path_of(t, "run/postern.lock")), 0);
	hush(t, before);
	fd = running_say(-1, s, running_time());
	speak(t, before);
	assert_int_equal(fd, -1);
	assert_int_equal(unlink(path_of(t, "run/postern.lock")), 0);
	assert_int_equal(link(path_of(t, "victim"), path_of(t, "run/postern.lock")), 0);
	hush(t, before);
	fd = running_say(-1, s, running_time());
	speak(t, before);
	assert_int_equal(fd, -1);
	assert_slice_is(read_back(t, "victim"), "mine");
	assert_int_equal(unlink(path_of(t, "run/postern.lock")), 0);
	assert_int_equal(mkfifo(path_of(t, "run/postern.lock"), 0666), 0);
	hush(t, before);
	fd = running_say(-1, s, running_time());
	speak(t, before);
	assert_int_equal(fd, -1);
	running_look(s, &running);
	assert_int_equal(running.pid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(makes_the_first_key_which_signs_everything, begin, end),
		cmocka_unit_test_setup_teardown(makes_keys_as_they_were_wished, begin, end),
		cmocka_unit_test_setup_teardown(a_further_key_is_published_and_signs_nothing, begin, end),
		cmocka_unit_test_setup_teardown(never_writes_over_a_file_or_through_a_link, begin, end),
		cmocka_unit_test_setup_teardown(refuses_names_that_are_no_names, begin, end),
		cmocka_unit_test_setup_teardown(moves_one_connection_after_another, begin, end),
		cmocka_unit_test_setup_teardown(the_pair_of_the_settings_is_called_main, begin, end),
		cmocka_unit_test_setup_teardown(refuses_to_activate_what_cannot_sign, begin, end),
		cmocka_unit_test_setup_teardown(retires_a_key_only_when_nothing_uses_it, begin, end),
		cmocka_unit_test_setup_teardown(moves_retired_keys_into_no_folder_of_somebody_else, begin, end),
		cmocka_unit_test_setup_teardown(refuses_a_pair_that_is_no_good, begin, end),
		cmocka_unit_test_setup_teardown(goes_on_with_a_certificate_that_has_ended_and_says_so, begin, end),
		cmocka_unit_test_setup_teardown(refuses_a_folder_that_others_may_change, begin, end),
		cmocka_unit_test_setup_teardown(refuses_a_folder_where_the_roles_may_write, begin, end),
		cmocka_unit_test_setup_teardown(refuses_a_file_that_names_no_key, begin, end),
		cmocka_unit_test_setup_teardown(refuses_an_assignment_that_cannot_be_followed, begin, end),
		cmocka_unit_test_setup_teardown(refuses_half_a_pair_in_the_settings, begin, end),
		cmocka_unit_test_setup_teardown(hands_keys_to_their_role_and_certificates_to_all, begin, end),
		cmocka_unit_test_setup_teardown(lists_keys_for_programs, begin, end),
		cmocka_unit_test_setup_teardown(says_what_to_paste_where, begin, end),
		cmocka_unit_test_setup_teardown(setup_prints_the_certificate_of_each_door, begin, end),
		cmocka_unit_test_setup_teardown(setup_prints_the_links_that_entra_can_begin_at, begin, end),
		cmocka_unit_test_setup_teardown(finds_the_running_service_and_has_it_read_again, begin, end),
		cmocka_unit_test_setup_teardown(waits_a_while_for_another_one_and_not_for_ever, begin, end),
		cmocka_unit_test_setup_teardown(the_lock_of_another_service_under_another_name_is_none, begin, end),
		cmocka_unit_test_setup_teardown(trusts_nothing_that_lies_in_the_folder_of_the_roles, begin, end),
	};

	return cmocka_run_group_tests(tests, begin_all, end_all);
}
