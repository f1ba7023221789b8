/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files from the disk or from a snapshot.
 *
 * A snapshot is a sequence of records, each of them: kind, audience, length of
 * the path, length of the bytes (4 bytes each, little endian), the path, the
 * bytes; before them a magic, behind them nothing.  Only our own
 * parent writes one, yet it is read as strictly as anything else.
 */
#include "gateway/settings/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_BYTES (8u << 20)
#define SNAPSHOT_MAX_BYTES (64u << 20)
#define RECORD_HEAD 16

static const char magic[8] = {'P', 'o', 's', 't', 'e', 'r', 'n', '1'};

struct kept {
	const char *path;
	enum file_kind kind;
	unsigned audience;
	struct slice bytes;
	struct kept *next;
};

struct files {
	struct arena *arena;
	bool disk;
	struct kept *kept;
	struct kept **last;
};

static struct files *files_new(struct arena *a, bool disk)
{
	struct files *f = arena_alloc(a, sizeof(*f));

	f->arena = a;
	f->disk = disk;
	f->last = &f->kept;
	return f;
}

struct files *files_from_disk(struct arena *a)
{
	return files_new(a, true);
}

static struct kept *find(const struct files *f, const char *path)
{
	struct kept *k;

	for (k = f->kept; k; k = k->next) {
		if (strcmp(k->path, path) == 0)
			return k;
	}
	return NULL;
}

static void keep(struct files *f, const char *path, enum file_kind kind, unsigned audience, struct slice bytes)
{
	struct kept *k = arena_alloc(f->arena, sizeof(*k));

	*k = (struct kept){.path = path, .kind = kind, .audience = audience, .bytes = bytes};
	*f->last = k;
	f->last = &k->next;
}

/* FILES_ALL is 0, so a union is not just `|`. */
static unsigned wider(unsigned a, unsigned b)
{
	return a == FILES_ALL || b == FILES_ALL ? FILES_ALL : a | b;
}

/* What is public is handed to roles that have no business with any key: a certificate's file that holds its key as well, too. */
static bool holds_private_key(struct slice bytes)
{
	static const char mark[] = "PRIVATE KEY-----";

	return bytes.n && memmem(bytes.p, bytes.n, mark, sizeof(mark) - 1);
}

int files_get(struct files *f, const char *path, enum file_kind kind, unsigned audience, struct slice *out, struct error *err)
{
	struct kept *k = find(f, path);
	struct slice bytes;

	if (!f->disk && !k)
		return error_set(err, REASON_FILE, "%s: is not among the files of this process", path);
	/* a secret that was read as something public before would be in every snapshot */
	if (f->disk && k && k->kind != kind)
		return error_set(err, REASON_FILE, "%s: is named both as a secret and as something else", path);
	if (!k) {
		if (file_read(f->arena, path, kind, FILE_MAX_BYTES, &bytes, err) < 0)
			return -1;
		if (kind == FILE_PUBLIC && holds_private_key(bytes))
			return error_set(err, REASON_FILE, "%s: holds a private key, and every process would be handed it: take it out", path);
		keep(f, arena_strdup(f->arena, path), kind, audience, bytes);
		*out = bytes;
		return 0;
	}
	if (f->disk)
		k->audience = wider(k->audience, audience);
	*out = k->bytes;
	return 0;
}

const char *files_twin(const struct files *f, unsigned audience, struct slice bytes)
{
	const struct kept *k;

	for (k = f->kept; k; k = k->next) {
		if (k->kind != FILE_PUBLIC && k->audience & audience && slice_equal(k->bytes, bytes))
			return k->path;
	}
	return NULL;
}

void files_put(struct files *f, const char *path, unsigned audience, struct slice bytes)
{
	struct kept *k = find(f, path);

	if (k)
		k->bytes = arena_slice(f->arena, bytes);
	else
		keep(f, arena_strdup(f->arena, path), audience == FILES_ALL ? FILE_PUBLIC : FILE_SECRET, audience, arena_slice(f->arena, bytes));
}

const char *files_first(const struct files *f)
{
	return f->kept ? f->kept->path : NULL;
}

/* ---- a folder ---- */

struct names {
	struct arena *arena;
	const char **list;
	size_t n;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_name(struct names *names, const char *file, const char *suffix)
{
	size_t n = strlen(file), end = strlen(suffix);

	if (n <= end || *file == '.' || strcmp(file + n - end, suffix) != 0)
		return;
	names->list = arena_grow(names->arena, names->list, names->n, sizeof(*names->list));
	names->list[names->n++] = arena_copy(names->arena, slice_of(file, n - end));
}

static int list_disk(struct names *names, const char *folder, const char *suffix, struct error *err)
{
	struct dirent *entry;
	DIR *dir;
	int fd, found = folder_open_own(folder, &fd, err);

	if (found <= 0)
		return found;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return error_set(err, REASON_FILE, "%s: cannot be listed: %s", folder, strerror(errno));
	}
	while (errno = 0, (entry = readdir(dir)))
		add_name(names, entry->d_name, suffix);
	found = errno == 0 ? 0 : error_set(err, REASON_FILE, "%s: cannot be listed: %s", folder, strerror(errno));
	closedir(dir);
	return found;
}

static void list_kept(const struct files *f, struct names *names, const char *folder, const char *suffix)
{
	size_t n = strlen(folder);
	const struct kept *k;

	for (k = f->kept; k; k = k->next) {
		if (strncmp(k->path, folder, n) == 0 && k->path[n] == '/' && !strchr(k->path + n + 1, '/'))
			add_name(names, k->path + n + 1, suffix);
	}
}

int files_list(struct files *f, const char *folder, const char *suffix, const char *const **out, struct error *err)
{
	struct names names = {.arena = f->arena};
	const char **list;

	if (!f->disk)
		list_kept(f, &names, folder, suffix);
	else if (list_disk(&names, folder, suffix, err) < 0)
		return -1;
	list = arena_alloc(f->arena, (names.n + 1) * sizeof(*list));
	if (names.n)
		memcpy(list, names.list, names.n * sizeof(*list));
	qsort(list, names.n, sizeof(*list), by_name);
	*out = list;
	return 0;
}

/* ---- writing a snapshot ---- */

static int write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n) {
		ssize_t done = write(fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -1;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

static void put_number(unsigned char *p, size_t n)
{
	int i;

	for (i = 0; i < 4; i++)
		p[i] = (unsigned char)(n >> (8 * i));
}

static size_t get_number(const unsigned char *p)
{
	return p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
}

static int write_record(int fd, const struct kept *k)
{
	unsigned char head[RECORD_HEAD];

	put_number(head, k->kind);
	put_number(head + 4, k->audience);
	put_number(head + 8, strlen(k->path));
	put_number(head + 12, k->bytes.n);
	if (write_all(fd, head, sizeof(head)) < 0 || write_all(fd, k->path, strlen(k->path)) < 0)
		return -1;
	return write_all(fd, k->bytes.p, k->bytes.n);
}

int files_snapshot(const struct files *f, unsigned audience, int *fd_out, struct error *err)
{
	const struct kept *k;
	int fd = memfd_create("postern-files", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return error_set(err, REASON_FILE, "cannot make a memory file: %s", strerror(errno));
	if (write_all(fd, magic, sizeof(magic)) < 0)
		goto fail;
	for (k = f->kept; k; k = k->next) {
		if (k->audience != FILES_ALL && !(k->audience & audience))
			continue;
		if (write_record(fd, k) < 0)
			goto fail;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		goto fail;
	*fd_out = fd;
	return 0;
fail:
	error_set(err, REASON_FILE, "cannot write a memory file: %s", strerror(errno));
	close(fd);
	return -1;
}

/* ---- reading one ---- */

static int read_whole(struct arena *a, int fd, struct slice *out, struct error *err)
{
	struct stat st;
	size_t size, n = 0;
	char *bytes;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < 0 || (size_t)st.st_size > SNAPSHOT_MAX_BYTES)
		return error_set(err, REASON_FILE, "the descriptor is not a snapshot");
	size = (size_t)st.st_size;
	bytes = arena_alloc(a, size + 1);
	while (n < size) {
		ssize_t got = pread(fd, bytes + n, size - n, (off_t)n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_set(err, REASON_FILE, "the snapshot cannot be read");
		n += (size_t)got;
	}
	*out = slice_of(bytes, size);
	return 0;
}

int files_snapshot_bytes(struct arena *a, int fd, struct slice *out, struct error *err)
{
	int rc = read_whole(a, fd, out, err);

	close(fd);
	return rc;
}

/* One record at the front of s, which is moved past it; each file gets a NUL behind it by being copied. */
static int read_record(struct files *f, struct slice *s, struct error *err)
{
	const unsigned char *head = (const unsigned char *)s->p;
	size_t path_n, bytes_n;
	const char *path;

	if (s->n < RECORD_HEAD)
		return error_set(err, REASON_FILE, "the snapshot ends within a record");
	path_n = get_number(head + 8);
	bytes_n = get_number(head + 12);
	if (get_number(head) > FILE_SECRET || path_n == 0 || path_n > s->n - RECORD_HEAD || bytes_n > s->n - RECORD_HEAD - path_n)
		return error_set(err, REASON_FILE, "the snapshot holds a record that is broken");
	if (arena_cstr(f->arena, slice_of(s->p + RECORD_HEAD, path_n), REASON_FILE, &path, err) < 0)
		return -1;
	if (find(f, path))
		return error_set(err, REASON_FILE, "the snapshot holds %s twice", path);
	keep(f, path, (enum file_kind)get_number(head), (unsigned)get_number(head + 4),
		arena_slice(f->arena, slice_of(s->p + RECORD_HEAD + path_n, bytes_n)));
	*s = slice_of(s->p + RECORD_HEAD + path_n + bytes_n, s->n - RECORD_HEAD - path_n - bytes_n);
	return 0;
}

int files_from_snapshot(struct arena *a, int fd, struct files **out, struct error *err)
{
	struct files *f = files_new(a, false);
	struct slice s;
	int rc = read_whole(a, fd, &s, err);

	close(fd);
	if (rc < 0)
		return -1;
	if (s.n < sizeof(magic) || memcmp(s.p, magic, sizeof(magic)) != 0)
		return error_set(err, REASON_FILE, "the descriptor is not a snapshot");
	s = slice_of(s.p + sizeof(magic), s.n - sizeof(magic));
	while (s.n) {
		if (read_record(f, &s, err) < 0)
			return -1;
	}
	*out = f;
	return 0;
}
