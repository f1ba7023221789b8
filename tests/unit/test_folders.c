/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/service/folders.c: whose the folders are, what root does in them, and what it may not do there. */
#include "tests/unit/loaded_stage.h"

#include <linux/capability.h>
#include <sys/prctl.h>

/* What the roles' user does between our look at a name and our opening it. */
static const char *put_under_its_name;
static uid_t known_user;

/* Where each role is a unit. */
#define USER_OF_A_ROLE 65500
static bool each_has_a_user;
static const char *const users[] = {"nobody-worker", "nobody-mirror", "nobody-refresh", "nobody-rules", "nobody-metrics", "nobody-provision",
	"nobody-scim"};

static uid_t user_of(const char *name)
{
	for (size_t i = 0; each_has_a_user && i < sizeof(users) / sizeof(*users); i++) {
		if (strcmp(name, users[i]) == 0)
			return USER_OF_A_ROLE + (uid_t)i;
	}
	if (known_user && strcmp(name, "nobody-rules") == 0)
		return known_user;
	return strcmp(name, "nobody") == 0 ? 65534 : 0;
}

/* This host need not have them. */
struct passwd *getpwnam(const char *name)
{
	static struct passwd found;

	found = (struct passwd){.pw_name = (char *)name, .pw_uid = user_of(name), .pw_gid = 65534};
	return found.pw_uid ? &found : NULL;
}

int openat(int folder_fd, const char *name, int flags, ...)
{
	if (put_under_its_name && strcmp(name, "ldap-rules.json") == 0)
		renameat(AT_FDCWD, put_under_its_name, folder_fd, name);
	return (int)syscall(SYS_openat, folder_fd, name, flags, 0);
}

static void gives_nothing_of_root_to_who_puts_it_under_another_name(void **state)
{
	struct error err;
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		return;                 /* only root gives files away */
	put("p.yaml", 0644, slice_c(arena_printf(a, "user: nobody\n%s", settings)));
	assert_done(load(&err), err);
	assert_int_equal(stat(path_of("state"), &st), 0);
	/* of another user that is known: as when units ran before */
	put("state/rules/ldap-rules.json", 0640, slice_c("{}"));
	put("state/root", 0600, slice_c("root's"));
	assert_int_equal(chown(path_of("state/rules/ldap-rules.json"), 65533, st.st_gid), 0);
	put_under_its_name = path_of("state/root");
	known_user = 65533;
	assert_done(load(&err), err);
	known_user = 0;
	put_under_its_name = NULL;
	assert_int_equal(stat(path_of("state/rules/ldap-rules.json"), &st), 0);
	assert_int_equal(st.st_size, 6);
	assert_int_equal(st.st_uid, 0);
	unlink(path_of("state/rules/ldap-rules.json"));
}

/* The roles' user owns state_dir, and what he puts there the parent meets as root. */
static void follows_no_link_out_of_the_folder_of_the_roles(void **state)
{
	struct error err;
	struct stat st;

	(void)state;
	assert_done(load(&err), err);
	put("treasure", 0600, slice_c("0123456789abcdef0123456789abcdef0123"));
	assert_int_equal(unlink(path_of("state/cookie.secret")), 0);
	assert_int_equal(symlink(path_of("treasure"), path_of("state/cookie.secret")), 0);
	assert_refused(load(&err), err, REASON_FILE);
	assert_told(&err, "cookie.secret", "cannot open");
	assert_int_equal(unlink(path_of("state/cookie.secret")), 0);
	assert_int_equal(link(path_of("treasure"), path_of("state/cookie.secret")), 0);
	assert_refused(load(&err), err, REASON_FILE);
	assert_told(&err, "cookie.secret", "another name");
	assert_int_equal(unlink(path_of("state/cookie.secret")), 0);
	assert_int_equal(unlink(path_of("treasure")), 0);
	if (geteuid() != 0)
		return;                 /* only root gives folders away */
	put("p.yaml", 0644, slice_c(arena_printf(a, "user: nobody\n%s", settings)));
	assert_int_equal(rmdir(path_of("state/metadata")), 0);
	assert_int_equal(mkdir(path_of("vault"), 0700), 0);
	assert_int_equal(symlink(path_of("vault"), path_of("state/metadata")), 0);
	assert_done(load(&err), err);
	assert_int_equal(stat(path_of("vault"), &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(stat(path_of("state"), &st), 0);
	assert_int_not_equal(st.st_uid, 0);
	assert_int_equal(unlink(path_of("state/metadata")), 0);
	assert_int_equal(rmdir(path_of("vault")), 0);
	assert_done(load(&err), err);
	assert_int_equal(stat(path_of("state/metadata"), &st), 0);
	assert_int_not_equal(st.st_uid, 0);
}

/* The version that runs still writes where it wrote, and may go on doing so. */
static void a_trial_changes_nothing(void **state)
{
	static const char *const made[] = {"state/cookie.secret", "state/metadata", "state/mirror", "state/rules", "state/audit", "state/seen",
		"state/accounts", "state/provision", "state/scim"};
	struct loaded l = {0};
	struct error err;

	(void)state;
	assert_done(load(&err), err);
	unlink(path_of(made[0]));
	for (size_t i = 1; i < sizeof(made) / sizeof(*made); i++)
		assert_int_equal(rmdir(path_of(made[i])), 0);
	put("state/audit.jsonl", 0640, slice_c("{}\n"));
	assert_done(loaded_read(path_of("p.yaml"), LOADED_FOR_TRIAL, &l, &err), err);
	loaded_free(&l);
	assert_int_equal(access(path_of("state/audit.jsonl"), F_OK), 0);
	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++)
		assert_int_equal(access(path_of(made[i]), F_OK), -1);
	unlink(path_of("state/audit.jsonl"));
	assert_done(load(&err), err);
}

static int trial_without_the_right_to_give(struct error *err)
{
	return prctl(PR_CAPBSET_DROP, CAP_CHOWN) == 0 ? load_for(LOADED_FOR_TRIAL, err) : error_set(err, REASON_INTERNAL, "cannot drop it");
}

/* The right is gone for good, so it is a process of its own that tries: 0, or 1 when the error says all of this. */
static int is_refused(int (*try)(struct error *err), const char *place, const char *words)
{
	struct error err;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(try(&err) == 0 ? 0 : strstr(err.detail, place) && strstr(err.detail, words) ? 1 : 2);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status == 0 ? 0 : WIFEXITED(status) && WEXITSTATUS(status) == 1 ? 1 : -1;
}

static int beside(struct error *err)
{
	return load_for(LOADED_BESIDE, err);
}

/* As root, who is all that postern.service leaves its parent. */
static void before_an_upgrade_folders_are_judged_by_what_the_service_may_do(void **state)
{
	struct error err;
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		return;                 /* only root gives files away */
	put("p.yaml", 0644, slice_c(arena_printf(a, "user: nobody\n%s", settings)));
	assert_done(load(&err), err);
	assert_int_equal(is_refused(trial_without_the_right_to_give, "", ""), 0);
	assert_int_equal(chown(path_of("state/scim"), 0, 0), 0);
	assert_int_equal(is_refused(trial_without_the_right_to_give, "state/scim: is of user 0", "restart it"), 1);
	assert_done(load_for(LOADED_FOR_TRIAL, &err), err);
	assert_int_equal(is_refused(beside, "state/scim: is of user 0", "restart it"), 1);
	assert_int_equal(stat(path_of("state/scim"), &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(rmdir(path_of("state/scim")), 0);
	assert_int_equal(is_refused(trial_without_the_right_to_give, "state/scim: this folder is missing", "restart it"), 1);
	assert_int_equal(is_refused(beside, "", ""), 0);
	assert_int_equal(is_refused(trial_without_the_right_to_give, "", ""), 0);
	known_user = 65533;
	put("state/scim/scim.mdb", 0640, slice_c("x"));
	assert_int_equal(chown(path_of("state/scim/scim.mdb"), known_user, 0), 0);
	assert_int_equal(is_refused(trial_without_the_right_to_give, "state/scim/scim.mdb: is of user 65533", "restart it"), 1);
	known_user = 0;
	assert_int_equal(unlink(path_of("state/scim/scim.mdb")), 0);
}

static void assert_owner(const char *name, uid_t uid)
{
	struct stat st;

	assert_int_equal(stat(path_of(name), &st), 0);
	if (st.st_uid != uid)
		fail_msg("%s belongs to %u instead of %u", name, (unsigned)st.st_uid, (unsigned)uid);
}

/* The folder above theirs is no role's: who owns it could put other folders in place of those of all roles. */
static void of_units_each_has_its_folder_and_none_that_above(void **state)
{
	struct error err;

	(void)state;
	if (geteuid() != 0)
		return;                 /* only root gives files away */
	put("p.yaml", 0644, slice_c(arena_printf(a, "user: nobody\n%s", settings)));
	assert_done(load(&err), err);
	assert_int_equal(chown(folder, 65534, 65534), 0);
	each_has_a_user = true;
	for (int times = 0; times < 2; times++) {
		assert_done(load_for(LOADED_FOR_UNITS, &err), err);
		assert_owner("", 65534);
		assert_owner("state", 65534);
		assert_owner("run", USER_OF_A_ROLE);
		assert_owner("state/mirror", USER_OF_A_ROLE + 1);
		assert_owner("state/metadata", USER_OF_A_ROLE + 2);
		assert_owner("state/accounts", USER_OF_A_ROLE + 5);
		assert_owner("state/scim", USER_OF_A_ROLE + 6);
	}
	assert_done(load(&err), err);
	assert_owner("state/scim", 65534);
	each_has_a_user = false;
	assert_int_equal(chown(folder, 0, 0), 0);
}

/* A folder of another user that the roles may write to stays his. */
static void what_the_administrator_gave_to_others_stays_theirs(void **state)
{
	struct error err;

	(void)state;
	if (geteuid() != 0)
		return;                 /* only root gives files away */
	put("p.yaml", 0644, slice_c(arena_printf(a, "user: nobody\n%s", settings)));
	assert_done(load(&err), err);
	assert_int_equal(chown(path_of("state/audit"), 65533, 65534), 0);
	assert_int_equal(chmod(path_of("state/audit"), 0770), 0);
	assert_done(load(&err), err);
	assert_owner("state/audit", 65533);
	assert_int_equal(chmod(path_of("state/audit"), 0750), 0);
	assert_int_equal(chown(path_of("state/audit"), 65534, 65534), 0);
}

/* As after another `user` was written into the settings. */
static void folders_of_a_stranger_are_refused(void **state)
{
	static const char *const names[] = {"state", "run", "state/scim"};
	static const enum loaded_for each[] = {LOADED_FOR_SERVE, LOADED_BESIDE, LOADED_FOR_TRIAL};
	struct error err;

	(void)state;
	if (geteuid() != 0)
		return;                 /* only root gives files away */
	put("p.yaml", 0644, slice_c(arena_printf(a, "user: nobody\n%s", settings)));
	assert_done(load(&err), err);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_int_equal(chown(path_of(names[i]), 65533, 65533), 0);
		for (size_t k = 0; k < sizeof(each) / sizeof(*each); k++) {
			assert_refused(load_for(each[k], &err), err, REASON_FILE);
			assert_told(&err, arena_printf(a, "/%s: belongs to user 65533", names[i]), "must be of user 65534");
		}
		assert_int_equal(chown(path_of(names[i]), 65534, 65534), 0);
		assert_done(load(&err), err);
	}
}

/* What it logs goes to the file `log`. */
static int load_aloud(struct error *err)
{
	int file = open(path_of("log"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), before = dup(STDERR_FILENO), rc;
	struct loaded l = {0};

	dup2(file, STDERR_FILENO);
	rc = loaded_read(path_of("p.yaml"), LOADED_FOR_SERVE, &l, err);
	dup2(before, STDERR_FILENO);
	close(file);
	close(before);
	if (rc == 0)
		loaded_free(&l);
	return rc;
}

static void takes_files_of_earlier_versions_to_their_folders(void **state)
{
	struct slice bytes;
	struct error err;

	(void)state;
	assert_done(load(&err), err);
	put("state/audit.jsonl", 0640, slice_c("{}\n"));
	put("state/ldap-rules.json", 0640, slice_c("of before"));
	put("state/metadata/entra.key", 0644, slice_c("{}"));
	put("state/rules/ldap-rules.json", 0640, slice_c("of now"));
	assert_int_equal(symlink("/etc/passwd", path_of("state/ldap-rules.accept")), 0);
	assert_done(load_aloud(&err), err);
	assert_done(file_read(a, path_of("log"), FILE_PUBLIC, 10000, &bytes, &err), err);
	assert_non_null(memmem(bytes.p, bytes.n, "cannot be moved file=ldap-rules.json ", 37));
	assert_done(file_read(a, path_of("state/audit/audit.jsonl"), FILE_PUBLIC, 100, &bytes, &err), err);
	assert_slice_is(bytes, "{}\n");
	assert_done(file_read(a, path_of("state/rules/ldap-rules.json"), FILE_PUBLIC, 100, &bytes, &err), err);
	assert_slice_is(bytes, "of now");
	assert_done(file_read(a, path_of("state/seen/entra.key"), FILE_PUBLIC, 100, &bytes, &err), err);
	assert_int_equal(access(path_of("state/rules/ldap-rules.accept"), F_OK), -1);
	unlink(path_of("log"));
	unlink(path_of("state/audit/audit.jsonl"));
	unlink(path_of("state/ldap-rules.json"));
	unlink(path_of("state/rules/ldap-rules.json"));
	unlink(path_of("state/seen/entra.key"));
	unlink(path_of("state/ldap-rules.accept"));
}

/* The roles' user owns state_dir, and it is root who moves. */
static void moves_no_file_through_a_link(void **state)
{
	struct error err;

	(void)state;
	assert_done(load(&err), err);
	put("state/ldap-rules.json", 0640, slice_c("of before"));
	assert_int_equal(rmdir(path_of("state/rules")), 0);
	assert_int_equal(mkdir(path_of("vault"), 0700), 0);
	assert_int_equal(symlink(path_of("vault"), path_of("state/rules")), 0);
	assert_done(load(&err), err);
	assert_int_equal(unlink(path_of("state/ldap-rules.json")), 0);
	assert_int_equal(rmdir(path_of("vault")), 0);           /* nothing came into it */
	assert_int_equal(unlink(path_of("state/rules")), 0);
	assert_done(load(&err), err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(gives_nothing_of_root_to_who_puts_it_under_another_name, begin),
		cmocka_unit_test_setup(follows_no_link_out_of_the_folder_of_the_roles, begin),
		cmocka_unit_test_setup(a_trial_changes_nothing, begin),
		cmocka_unit_test_setup(before_an_upgrade_folders_are_judged_by_what_the_service_may_do, begin),
		cmocka_unit_test_setup(of_units_each_has_its_folder_and_none_that_above, begin),
		cmocka_unit_test_setup(what_the_administrator_gave_to_others_stays_theirs, begin),
		cmocka_unit_test_setup(folders_of_a_stranger_are_refused, begin),
		cmocka_unit_test_setup(takes_files_of_earlier_versions_to_their_folders, begin),
		cmocka_unit_test_setup(moves_no_file_through_a_link, begin),
	};

	return cmocka_run_group_tests(tests, begin_all, end_all);
}
