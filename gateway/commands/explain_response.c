/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern explain --response FILE`: a stored Response, judged once more.
 *
 * By the function that judges it in a sign-on, with every check noted.  What
 * only the browser's cookie knew is taken from the Response itself, and said
 * aloud: which request it answers, and when it was asked.  Nothing is claimed
 * used, no key signs, and the keys that decrypt are read only for a Response
 * that is encrypted.  lasso is asked in a process of its own, with limits: the
 * file may be a stranger's.
 */
#include "gateway/commands/explain.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/wait.h>

/* base64 that is folded, or a form with three bytes for each. */
#define FILE_MOST ((size_t)SAML_RESPONSE_MAX * 5)
#define LASSO_SECONDS 10
#define LASSO_MEMORY ((rlim_t)512 << 20)
#define OPINION_MOST 8192

/* ---- the file ---- */

static int read_input(struct arena *a, const char *path, struct slice *out, struct error *err)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *bytes = arena_alloc(a, FILE_MOST + 1);
	size_t n = 0;
	ssize_t got = -1;

	while (fd >= 0 && n <= FILE_MOST && (got = read(fd, bytes + n, FILE_MOST + 1 - n)) > 0)
		n += (size_t)got;
	if (fd >= 0)
		close(fd);
	if (fd < 0 || got < 0)
		return error_set(err, REASON_FILE, "%s: cannot be read: %s", path, strerror(errno));
	if (n > FILE_MOST)
		return error_set(err, REASON_FILE, "%s: larger than any Response that is taken", path);
	*out = slice_of(bytes, n);
	return 0;
}

static struct slice trimmed(struct slice s)
{
	while (s.n && strchr(" \t\r\n", s.p[0]))
		s = slice_of(s.p + 1, s.n - 1);
	while (s.n && strchr(" \t\r\n", s.p[s.n - 1]))
		s.n--;
	if (s.n >= 3 && memcmp(s.p, "\xef\xbb\xbf", 3) == 0)
		s = slice_of(s.p + 3, s.n - 3);
	return s;
}

/* XML, the value of the form field, or the whole form as the browser posted it. */
static int to_base64(struct arena *a, struct slice bytes, struct slice *out, struct error *err)
{
	struct slice s = trimmed(bytes), relay_state;
	struct text t;

	if (memmem(s.p, s.n, "SAMLResponse=", 13))
		return saml_response_find(a, s, out, &relay_state, err);
	if (s.n == 0 || s.p[0] != '<') {
		*out = s;
		return memchr(s.p, '%', s.n) && form_decode(a, s, out) < 0 ?
			error_set(err, REASON_RESPONSE_MALFORMED, "a form value with a wrong %% escape") : 0;
	}
	text_begin(&t, a, s.n / 3 * 4 + 8);
	text_add_base64(&t, s);
	*out = text_slice(&t);
	return 0;
}

int explain_response_load(struct arena *a, const struct explain_asked *q, struct files *files, struct gateway *g, struct explanation *e,
	struct error *err)
{
	struct slice bytes, xml;
	size_t i;

	e->response = arena_alloc(a, sizeof(*e->response));
	if (read_input(a, q->response, &bytes, err) < 0 || to_base64(a, bytes, &e->response->base64, err) < 0)
		return -1;
	/* whether it is one is asked of the bytes: nothing of a stranger's is parsed with these rights */
	if (g->settings->decryption_key_count && base64_decode(a, e->response->base64, &xml) == 0 &&
		memmem(xml.p, xml.n, "EncryptedAssertion", 18) && settings_decryption_keys(files, g->settings, &g->decryption_keys, err) < 0)
		return -1;
	for (i = 0; i < g->settings->provider_count; i++) {
		struct error ignored;

		if (g->settings->providers[i].metadata_file)
			files_get(files, g->settings->providers[i].metadata_file, FILE_PUBLIC, FILES_ALL, &bytes, &ignored);
	}
	return 0;
}

/* ---- whose, and when ---- */

static int choose_asked_provider(const struct explain_asked *q, const struct gateway *g, struct explanation *e, struct error *err)
{
	const struct settings *s = g->settings;
	size_t i;

	if (!q->provider && s->provider_count == 1) {
		e->provider = &s->providers[0];
		return 0;
	}
	e->provider = q->provider ? settings_provider(s, q->provider) : NULL;
	if (q->provider && !e->provider)
		return error_set(err, REASON_SETTINGS, "there is no identity provider named %.60s", q->provider);
	for (i = 0; !e->provider && e->response->peek.issuer && i < s->provider_count; i++) {
		const struct saml_provider_info *info = providers_document(g->providers, s->providers[i].name);

		if (info && strcmp(info->entity_id, e->response->peek.issuer) == 0)
			e->provider = &s->providers[i];
	}
	return e->provider ? 0 : error_set(err, REASON_SETTINGS, "it does not say by its Issuer which of the identity providers it is from: "
		"--provider NAME");
}

static int choose_instant(const struct explain_asked *q, struct explanation *e, struct error *err)
{
	struct explained_response *r = e->response;

	e->now = r->peek.issue_instant;
	r->at_says = "its own IssueInstant; --at now, or --at TIME, judges by another clock";
	if (q->at && strcmp(q->at, "now") != 0) {
		r->at_says = "as asked (--at)";
		return time_read(slice_c(q->at), &e->now) == 0 ? 0 : error_set(err, REASON_SETTINGS, "--at wants now or a time as "
			"2026-11-24T13:19:16Z, not %.40s", q->at);
	}
	if (q->at || !r->peek.issue_instant) {
		e->now = clock_now();
		r->at_says = q->at ? "now, as asked (--at)" : "now, since it does not say when it was made";
	}
	return 0;
}

/* ---- lasso, apart ---- */

static void limit(int what, rlim_t most)
{
	const struct rlimit l = {most, most};

	setrlimit(what, &l);
}

/* In builds whose memory is all over the address space (sanitizers) there is no such limit. */
static void limit_memory(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	char line[128];
	uint64_t pages = UINT64_MAX;

	if (f && fgets(line, sizeof(line), f))
		number_read(slice_of(line, strcspn(line, " ")), 0, UINT64_MAX, &pages);
	if (f)
		fclose(f);
	if (pages < UINT64_C(1) << 20)
		limit(RLIMIT_AS, (rlim_t)(pages * 4096) + LASSO_MEMORY);
}

static void add_line(struct text *t, const char *s)
{
	for (; s && *s; s++)
		text_add(t, slice_of(*s == '\n' ? " " : s, 1));
	text_add_c(t, "\n");
}

static void give_opinion(struct arena *a, const struct saml_expect *expect, const char *base64, int to)
{
	struct saml_opinion o;
	struct text t;
	ssize_t ignored;

	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, LASSO_SECONDS / 2);
	limit_memory();
	alarm(LASSO_SECONDS);
	saml_witness_received(a, expect, base64, &o);
	text_begin(&t, a, 512);
	text_add_c(&t, o.accepts ? "+\n" : "-\n");
	add_line(&t, o.says);
	text_add_c(&t, o.asked ? "+\n" : "-\n");
	text_add_c(&t, o.fits ? "+\n" : "-\n");
	add_line(&t, o.misfit);
	add_line(&t, o.name_id);
	ignored = write(to, t.p, t.n < OPINION_MOST ? t.n : OPINION_MOST);
	(void)ignored;
	_exit(0);
}

static const char *next_line(char **rest)
{
	char *line = *rest, *end = line ? strchr(line, '\n') : NULL;

	if (!end)
		return NULL;
	*end = 0;
	*rest = end + 1;
	return *line ? line : NULL;
}

static void take_opinion(char *said, int status, struct arena *a, struct saml_opinion *o)
{
	const char *word = next_line(&said);

	*o = (struct saml_opinion){.accepts = false};
	if (!word) {
		o->says = WIFSIGNALED(status) ? arena_printf(a, "it did not survive this Response (signal %d)", WTERMSIG(status)) :
			"it gave no answer";
		return;
	}
	o->accepts = strcmp(word, "+") == 0;
	o->says = next_line(&said);
	word = next_line(&said);
	o->asked = word && strcmp(word, "+") == 0;
	word = next_line(&said);
	o->fits = word && strcmp(word, "+") == 0;
	o->misfit = next_line(&said);
	o->name_id = next_line(&said);
}

/* Nor is it asked about what only looks encrypted: the keys were read for that, and it would run beside them. */
static void ask_lasso(struct arena *a, const struct saml_expect *expect, struct explained_response *r)
{
	char *said = arena_alloc(a, OPINION_MOST + 1);
	struct slice xml;
	struct text once;
	int ends[2], status = 0;
	size_t n = 0;
	ssize_t got;
	pid_t child;

	if (r->peek.is_encrypted || expect->decryption_keys)
		r->lasso_not_asked = "the assertion is encrypted, and lasso is given no key";
	else if (base64_decode(a, r->base64, &xml) < 0 || xml.n > SAML_RESPONSE_MAX || pipe(ends) < 0)
		r->lasso_not_asked = "there is nothing to read";
	if (r->lasso_not_asked)
		return;
	/* what is folded lasso knows in one piece only */
	text_begin(&once, a, r->base64.n + 8);
	text_add_base64(&once, xml);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		give_opinion(a, expect, text_slice(&once).p, ends[1]);
	}
	close(ends[1]);
	while (child > 0 && n < OPINION_MOST && (got = read(ends[0], said + n, OPINION_MOST - n)) > 0)
		n += (size_t)got;
	close(ends[0]);
	if (child > 0)
		waitpid(child, &status, 0);
	take_opinion(said, status, a, &r->lasso);
}

/* ---- all ---- */

int explain_response_judge(struct arena *a, const struct explain_asked *q, const struct gateway *g, struct explanation *e, struct error *err)
{
	const struct settings *s = g->settings;
	struct explained_response *r = e->response;
	const struct saml_provider *provider;
	struct saml_expect expect;
	struct error ignored;
	const char *why;

	if (saml_response_peek(a, r->base64, &r->peek, &ignored) < 0)
		r->peek = (struct saml_peek){0};
	if (choose_asked_provider(q, g, e, err) < 0 || choose_instant(q, e, err) < 0)
		return -1;
	provider = providers_get(g->providers, e->provider->name, &why);
	if (!provider)
		return error_set(err, REASON_NOT_READY, "no usable metadata of %s: %s", e->provider->name, why);
	expect = (struct saml_expect){
		.provider = provider, .entity_id = s->sp_entity_id, .acs_url = s->acs_url,
		.request_id = r->peek.in_response_to ? r->peek.in_response_to : "", .signed_part = e->provider->signed_part,
		.encrypted = e->provider->encrypted, .decryption_keys = g->decryption_keys, .now = e->now, .skew = e->provider->skew,
		.claims = s->claims, .checks = &r->checks,
	};
	r->rc = saml_response_read(a, &expect, r->base64, &e->identity, &e->err);
	e->identified = r->rc == 0;
	e->found = r->rc;
	ask_lasso(a, &expect, r);
	return 0;
}
