/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making the folders of the stores, giving them to their writers, and judging whether that could be done. */
#include "gateway/service/folders.h"
#include "base/file.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define FOLDER_MODE 0750
#define NAME_MOST 256

static const char *const roles[OWNER_COUNT] = {
	[OWNER_COMMANDS] = "commands", [OWNER_WORKER] = "worker", [OWNER_MIRROR] = "mirror", [OWNER_REFRESH] = "refresh",
	[OWNER_RULES] = "rules", [OWNER_METRICS] = "metrics", [OWNER_PROVISION] = "provision",
	[OWNER_SCIM] = "scim",
};

/* Below state_dir. */
static const struct {
	const char *name;
	enum folder_owner owner;
} folders[] = {
	{"mirror", OWNER_MIRROR}, {"metadata", OWNER_REFRESH}, {"rules", OWNER_RULES}, {"audit", OWNER_WORKER}, {"seen", OWNER_WORKER},
	{"provision", OWNER_PROVISION}, {"accounts", OWNER_PROVISION}, {"scim", OWNER_SCIM},
};
#define FOLDER_COUNT (sizeof(folders) / sizeof(*folders))

/* ---- who ---- */

static void name_of(const char *user, enum folder_owner owner, char out[NAME_MOST])
{
	if (owner == OWNER_COMMANDS)
		snprintf(out, NAME_MOST, "%s", user);
	else
		snprintf(out, NAME_MOST, "%s-%s", user, roles[owner]);
}

/* Also those of the other way to run, where this host has them. */
static void know(const char *user, struct owners *o)
{
	char name[NAME_MOST];
	size_t i;

	for (i = 0; user && i < OWNER_COUNT; i++) {
		const struct passwd *p;

		name_of(user, (enum folder_owner)i, name);
		p = getpwnam(name);
		if (p)
			o->known[o->known_count++] = p->pw_uid;
	}
}

int owners_one(const char *user, struct owners *out, struct error *err)
{
	struct owners o = {0};
	size_t i;

	if (host_user_read(user, &o.each[0], err) < 0)
		return -1;
	for (i = 1; i < OWNER_COUNT; i++)
		o.each[i] = o.each[0];
	know(o.each[0].set ? user : NULL, &o);
	*out = o;
	return 0;
}

int owners_each(const char *user, struct owners *out, struct error *err)
{
	struct owners o = {0};
	char name[NAME_MOST];
	size_t i;

	if (!user)
		return error_set(err, REASON_SETTINGS, "user: must be set where each role has a user of its own: that of the commands, as postern");
	for (i = 0; i < OWNER_COUNT; i++) {
		name_of(user, (enum folder_owner)i, name);
		if (host_user_read(name, &o.each[i], err) < 0)
			return -1;
		if (o.each[i].gid != o.each[0].gid)
			return error_set(err, REASON_SETTINGS, "user: %s and %s must have the same primary group", name, user);
	}
	know(user, &o);
	*out = o;
	return 0;
}

static bool is_known(const struct owners *o, uid_t uid)
{
	size_t i;

	for (i = 0; i < o->known_count; i++) {
		if (o->known[i] == uid)
			return true;
	}
	return uid == 0;
}

/* ---- giving ---- */

/*
 * A link stays what it is, and so does a file with another name, or of root: it
 * stands in a folder of the roles' user, who could have us give him any file of
 * the host.  kind: S_IFDIR for a folder itself, S_IFREG for what is in it.
 */
static bool is_to_be_given(const struct stat *st, mode_t kind, const struct owners *o, const struct host_user *u)
{
	if (!u->set || !is_known(o, st->st_uid) || (st->st_uid == u->uid && st->st_gid == u->gid) || (st->st_mode & S_IFMT) != kind)
		return false;
	return kind == S_IFDIR || (st->st_nlink == 1 && st->st_uid != 0);
}

/*
 * Nothing of a stranger is given to the roles.  They may be let in by the mode,
 * or by a list that the mode sums up for the group; who is not could write
 * nothing.
 */
static int require_usable(const char *path, const struct stat *st, const struct owners *o, const struct host_user *u, struct error *err)
{
	if (!u->set || is_known(o, st->st_uid) || (st->st_mode & 030) == 030 || (st->st_mode & 03) == 03)
		return 0;
	return error_set(err, REASON_FILE, "%s: belongs to user %u, who is not of this service, where it must be of user %u: give it to whom `user` says, with "
		"all that is in it (chown -R)", path, (unsigned)st->st_uid, (unsigned)u->uid);
}

/* On the open descriptor. */
static int give(int fd, const char *path, mode_t kind, const struct owners *o, const struct host_user *u, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !is_to_be_given(&st, kind, o, u))
		return 0;
	if (fchown(fd, u->uid, u->gid) < 0)
		return error_set(err, REASON_FILE, "%s: cannot be given to the user of its role: %s", path, strerror(errno));
	return 0;
}

/*
 * Files alone: `..` is a folder, too.  Not what root wrote there: that is his,
 * as the cookie secret.  And nothing is opened for no reason: a process that
 * closes a file loses its lock on it (fcntl(2)), as the parent has one in
 * runtime_dir.
 */
static bool is_anothers(const struct owners *o, const struct host_user *u, int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_uid != 0 && st.st_uid != u->uid &&
		is_known(o, st.st_uid);
}

static int give_files(int folder, const char *path, const struct owners *o, const struct host_user *u, struct error *err)
{
	DIR *dir = fdopendir(folder);
	struct dirent *entry;
	int rc = 0;

	if (!dir)
		close(folder);
	while (dir && rc == 0 && (entry = readdir(dir))) {
		int fd = is_anothers(o, u, dirfd(dir), entry->d_name)
			? openat(dirfd(dir), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;

		if (fd < 0)
			continue;
		rc = give(fd, path, S_IFREG, o, u, err);
		close(fd);
	}
	if (dir)
		closedir(dir);
	return rc;
}

static int make_folder(const char *path, const struct owners *o, enum folder_owner owner, struct error *err)
{
	const struct host_user *u = &o->each[owner];
	struct stat st;
	int fd;

	if (folder_make(path, FOLDER_MODE, err) < 0)
		return -1;
	if (!u->set)
		return 0;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0 || require_usable(path, &st, o, u, err) < 0 || give(fd, path, S_IFDIR, o, u, err) < 0) {
		close(fd);
		return -1;
	}
	return give_files(fd, path, o, u, err);
}

/* ---- what earlier versions had elsewhere ---- */

/* By descriptors: who owns state_dir could put a link there, and have root move his files to any place of the host. */
static int open_folder(int above, const char *name, int links)
{
	return openat(above, name, O_PATH | O_DIRECTORY | O_CLOEXEC | links);
}

struct moving {
	struct arena *a;
	const char *state_dir;
	int state;
};

/* A name in state_dir itself, or in the folder `from` of it. */
static void move(const struct moving *m, const char *from, const char *name, const char *to)
{
	int source = open_folder(m->state, from, O_NOFOLLOW), target = open_folder(m->state, to, O_NOFOLLOW);
	struct stat st;

	/* a folder under that name, or a link, is nothing of ours */
	if (source >= 0 && target >= 0 && fstatat(source, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
		const char *place = arena_printf(m->a, "%s/%s", m->state_dir, to);

		if (renameat2(source, name, target, name, RENAME_NOREPLACE) == 0)
			log_info("moved to the place that it has in this version", "file", name, "to", place, NULL);
		else
			log_warning("an earlier version's file, which is not read where it is, and cannot be moved", "file", name, "to", place,
				"detail", strerror(errno), NULL);
	}
	if (source >= 0)
		close(source);
	if (target >= 0)
		close(target);
}

static void move_old(struct arena *a, const struct settings *s)
{
	static const struct { const char *name, *folder; } old[] = {
		{"mirror.mdb", "mirror"}, {"mirror.mdb-lock", "mirror"}, {"audit.jsonl", "audit"}, {"ldap-rules.json", "rules"},
		{"ldap-rules.status", "rules"}, {"ldap-rules.accept", "rules"},
		{"accounts.mdb", "accounts"}, {"accounts.mdb-lock", "accounts"}, {"accounts.mdb.billed", "accounts"},
		{"seats.json", "accounts"},
	};
	const struct moving m = {.a = a, .state_dir = s->state_dir, .state = open_folder(AT_FDCWD, s->state_dir, 0)};
	size_t i;

	if (m.state < 0)
		return;
	for (i = 0; i < sizeof(old) / sizeof(*old); i++)
		move(&m, ".", old[i].name, old[i].folder);
	for (i = 0; i < s->provider_count; i++)
		move(&m, "metadata", arena_printf(a, "%s.key", s->providers[i].name), "seen");
	close(m.state);
}

/* ---- all of it ---- */

int folders_make(struct arena *a, const struct settings *s, const struct owners *o, struct error *err)
{
	size_t i;

	if (make_folder(s->state_dir, o, OWNER_COMMANDS, err) < 0 || make_folder(s->runtime_dir, o, OWNER_WORKER, err) < 0)
		return -1;
	for (i = 0; i < FOLDER_COUNT; i++) {
		if (folder_make(arena_printf(a, "%s/%s", s->state_dir, folders[i].name), FOLDER_MODE, err) < 0)
			return -1;
	}
	move_old(a, s);
	for (i = 0; i < FOLDER_COUNT; i++) {
		if (make_folder(arena_printf(a, "%s/%s", s->state_dir, folders[i].name), o, folders[i].owner, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- whether it could be done ---- */

/* As root has it after execve: under postern.service not. */
static bool may_give(void)
{
	return prctl(PR_CAPBSET_READ, CAP_CHOWN) == 1;
}

struct judging {
	struct arena *a;
	const struct owners *o;
	bool gives;                     /* what is there may be given to another user */
	struct error *err;
};

static int judge_given(const struct judging *j, const char *path, const struct stat *st, mode_t kind, const struct host_user *u)
{
	if (!is_to_be_given(st, kind, j->o, u) || (j->gives && may_give()))
		return 0;
	return error_set(j->err, REASON_FILE, "%s: is of user %u and group %u, and can be given to %u and %u when the service starts, not while it runs: "
		"restart it", path, (unsigned)st->st_uid, (unsigned)st->st_gid, (unsigned)u->uid, (unsigned)u->gid);
}

static int judge_files(const struct judging *j, int folder, const char *path, const struct host_user *u)
{
	DIR *dir = fdopendir(folder);
	struct dirent *entry;
	struct stat st;
	int rc = 0;

	if (!dir)
		close(folder);
	while (dir && rc == 0 && (entry = readdir(dir))) {
		if (is_anothers(j->o, u, folder, entry->d_name) && fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			rc = judge_given(j, arena_printf(j->a, "%s/%s", path, entry->d_name), &st, S_IFREG, u);
	}
	if (dir)
		closedir(dir);
	return rc;
}

/* It would be made in the one above, and then given away. */
static int judge_missing(const struct judging *j, const char *path, const struct host_user *u)
{
	const char *above = path, *slash, *why = NULL;

	do {
		slash = strrchr(above, '/');
		above = !slash ? "." : slash == above ? "/" : arena_printf(j->a, "%.*s", (int)(slash - above), above);
	} while (slash && access(above, F_OK) < 0 && errno == ENOENT);
	if (access(above, W_OK | X_OK) < 0)
		why = strerror(errno);
	else if (u->set && !may_give())
		why = strerror(EPERM);
	if (!why)
		return 0;
	return error_set(j->err, REASON_FILE, "%s: this folder is missing, and can be made when the service starts, not while it runs: restart it "
		"(%s: %s)", path, above, why);
}

static int judge_folder(const struct judging *j, const char *path, enum folder_owner owner)
{
	const struct host_user *u = &j->o->each[owner];
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0 && errno == ENOENT)
		return judge_missing(j, path, u);
	if (stat(path, &st) < 0)
		return error_set(j->err, REASON_FILE, "%s: cannot look at this folder: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return error_set(j->err, REASON_FILE, "%s: is not a folder", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;               /* nor is it given to anybody */
	if (fstat(fd, &st) < 0 || require_usable(path, &st, j->o, u, j->err) < 0 || judge_given(j, path, &st, S_IFDIR, u) < 0) {
		close(fd);
		return -1;
	}
	return judge_files(j, fd, path, u);
}

int folders_judge(struct arena *a, const struct settings *s, const struct owners *o, bool gives, struct error *err)
{
	const struct judging j = {.a = a, .o = o, .gives = gives, .err = err};
	size_t i;

	if (judge_folder(&j, s->state_dir, OWNER_COMMANDS) < 0 || judge_folder(&j, s->runtime_dir, OWNER_WORKER) < 0)
		return -1;
	for (i = 0; i < FOLDER_COUNT; i++) {
		if (judge_folder(&j, arena_printf(a, "%s/%s", s->state_dir, folders[i].name), folders[i].owner) < 0)
			return -1;
	}
	return 0;
}

/* ---- commands ---- */

static const char *owner_of(const struct settings *s, const char *path, char name[NAME_MOST])
{
	size_t n = path && strrchr(path, '/') ? (size_t)(strrchr(path, '/') - path) : 0, i;
	char folder[4096];
	struct stat st;

	snprintf(folder, sizeof(folder), "%.*s", (int)n, path ? path : "");
	for (i = 0; s->user && lstat(folder, &st) == 0 && i < OWNER_COUNT; i++) {
		const struct passwd *p;

		name_of(s->user, (enum folder_owner)i, name);
		p = getpwnam(name);
		if (p && p->pw_uid == st.st_uid)
			return name;
	}
	return s->user;
}

int folders_step_down(const struct settings *s, const char *path, struct error *err)
{
	char name[NAME_MOST];

	return host_user_step_down(owner_of(s, path, name), err);
}

int folders_enter(struct arena *a, const struct settings *s, const char *path, struct error *err)
{
	const char *folder = arena_copy(a, slice_of(path, (size_t)(strrchr(path, '/') - path)));
	struct owners o;
	struct stat st;

	/* the roles' own folder is as they left it: there nothing is made with root's rights */
	if (geteuid() == 0 && (lstat(s->state_dir, &st) < 0 || st.st_uid == 0) &&
		(owners_one(s->user, &o, err) < 0 || make_folder(s->state_dir, &o, OWNER_COMMANDS, err) < 0))
		return -1;
	if (folders_step_down(s, path, err) < 0)
		return -1;
	return folder_make(folder, FOLDER_MODE, err);
}
