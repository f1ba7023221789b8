/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern pages FOLDER`: the pages as they would be, written as files to be
 * looked at in a browser before the service is told of a brand or a language.
 *
 * Each is what a person would be sent, with the policy that goes along as a
 * header there.  Nothing in them leads anywhere, and none goes away by itself.
 */
#include "base/file.h"
#include "base/text.h"
#include "gateway/commands/commands.h"
#include "gateway/settings/settings.h"
#include "gateway/pages.h"

#define NOWHERE "https://nowhere.invalid/"

struct writer {
	struct arena *arena;
	const char *folder;
	const struct brand *brand;
};

/* ---- one of each ---- */

static const struct page_post post = {NOWHERE, "PHg+", {0}};
static const char *const groups[] = {"helpdesk-agents", "all-staff", NULL}, *const providers[] = {"Example Ltd", "Fabrikam", NULL};
static const struct page_logout_place places[] = {{"Jira", NOWHERE}, {"Confluence", NOWHERE}};
static const char id[] = "k7qf-2m9x-w4ta";

static void denied(struct http_exchange *x)
{
	page_refusal(x, &(struct page_refusal){.reason = REASON_DENIED_BY_DEFAULT, .id = id, .ask = "helpdesk@example.org", .back = NOWHERE});
}

static void by_rule(struct http_exchange *x)
{
	page_refusal(x, &(struct page_refusal){.reason = REASON_DENIED_BY_RULE, .id = id, .ask = "https://help.example.org/access",
		.back = NOWHERE, .groups = groups, .sentence = "People of this department ask their manager for access first.", .post = post});
}

static void by_microsoft(struct http_exchange *x)
{
	static const struct saml_refusal refusal = {"53003", "6f0c3a52-8f6a-4d0b-9a55-2f5d1c7e0b00", "2026-11-24 13:19:16Z"};

	page_refusal(x, &(struct page_refusal){.reason = REASON_STATUS_NOT_SUCCESS, .id = id, .back = NOWHERE, .provider = &refusal});
}

static void cookies_blocked(struct http_exchange *x)
{
	page_refusal(x, &(struct page_refusal){.reason = REASON_COOKIE_MISSING, .id = id, .back = NOWHERE});
}

static void not_ready(struct http_exchange *x)
{
	page_refusal(x, &(struct page_refusal){.reason = REASON_NOT_READY, .id = id, .back = NOWHERE});
}

static void too_many(struct http_exchange *x)
{
	page_refusal(x, &(struct page_refusal){.reason = REASON_TOO_MANY, .id = id, .back = NOWHERE});
}

static void at_fault(struct http_exchange *x)
{
	page_refusal(x, &(struct page_refusal){.reason = REASON_INTERNAL, .id = id, .ask = "helpdesk@example.org", .back = NOWHERE});
}

static void not_understood(struct http_exchange *x)
{
	page_refusal(x, &(struct page_refusal){.reason = REASON_BAD_REQUEST});
}

static void sign_out_failed(struct http_exchange *x)
{
	page_refusal(x, &(struct page_refusal){.reason = REASON_LOGOUT_EXPIRED, .id = id});
}

static void nothing_here(struct http_exchange *x)
{
	page_refusal(x, &(struct page_refusal){.reason = REASON_NO_SUCH_PAGE});
}

static void signed_on(struct http_exchange *x)
{
	page_post(x, PAGE_SIGNED_ON, &post);
}

static void going_back(struct http_exchange *x)
{
	page_post(x, PAGE_NOT_SIGNED_ON, &post);
}

static void go_on(struct http_exchange *x)
{
	page_continue(x, NOWHERE);
}

static void choose(struct http_exchange *x)
{
	page_choose(x, (const struct page_choice[]){{"Example Ltd", NOWHERE}, {"Fabrikam", NOWHERE}}, 2);
}

static void logout_in(struct http_exchange *x, enum page_logout_state state, bool asks)
{
	page_logout(x, &(struct page_logout){.state = state, .token = asks ? "t" : NULL, .providers = providers, .places = places,
		.place_count = state == PAGE_LOGOUT_NOBODY ? 0 : 2});
}

static void logout_nobody(struct http_exchange *x)
{
	logout_in(x, PAGE_LOGOUT_NOBODY, false);
}

static void logout_ask(struct http_exchange *x)
{
	logout_in(x, PAGE_LOGOUT_ASK, true);
}

static void logout_done(struct http_exchange *x)
{
	logout_in(x, PAGE_LOGOUT_DONE, false);
}

static void logout_refused(struct http_exchange *x)
{
	logout_in(x, PAGE_LOGOUT_REFUSED, true);
}

static void logout_unaskable(struct http_exchange *x)
{
	logout_in(x, PAGE_LOGOUT_UNASKABLE, false);
}

static const struct {
	const char *name;
	void (*show)(struct http_exchange *x);
} pages[] = {
	{"denied", denied}, {"denied-by-rule", by_rule}, {"denied-by-microsoft", by_microsoft}, {"cookies-blocked", cookies_blocked},
	{"not-ready", not_ready}, {"too-many", too_many}, {"at-fault", at_fault}, {"not-understood", not_understood},
	{"nothing-here", nothing_here}, {"sign-out-failed", sign_out_failed}, {"signed-on", signed_on},
	{"going-back", going_back}, {"continue", go_on},
	{"choose", choose}, {"logout-nobody", logout_nobody}, {"logout-ask", logout_ask}, {"logout-done", logout_done},
	{"logout-refused", logout_refused}, {"logout-unaskable", logout_unaskable}, {"logout-in-a-frame", page_logout_done},
};
#define PAGE_COUNT (sizeof(pages) / sizeof(*pages))

/* ---- into files ---- */

/* The page with its policy in it: all of it but what browsers take from a header only. */
static struct slice with_policy(const struct http_exchange *x)
{
	static const char after[] = "<meta charset=\"utf-8\">\n", framing[] = "frame-ancestors ";
	const char *policy = http_content_security_policy(x), *begin = strstr(policy, framing), *end = strchr(begin, ';');
	const char *at = memmem(x->reply_body.p, x->reply_body.n, after, strlen(after));
	size_t n = (size_t)(at - x->reply_body.p) + strlen(after);
	struct text t;

	text_begin(&t, x->arena, x->reply_body.n + 512);
	text_add(&t, slice_of(x->reply_body.p, n));
	text_add_c(&t, "<meta http-equiv=\"Content-Security-Policy\" content=\"");
	text_add_html(&t, slice_of(policy, (size_t)(begin - policy)));
	text_add_html(&t, slice_c(end + 2));
	text_add_c(&t, "\">\n");
	text_add(&t, slice_of(x->reply_body.p + n, x->reply_body.n - n));
	return text_slice(&t);
}

static int write_page(struct writer *w, const char *name, const struct http_exchange *x, struct text *list, struct error *err)
{
	text_addf(list, "<li><a href=\"%s.html\">%s</a></li>\n", name, name);
	return file_write(arena_printf(w->arena, "%s/%s.html", w->folder, name), 0644, with_policy(x), err);
}

/* The page of a refusal for each reason, since each has a sentence of its own, and most have no page above. */
static int write_reasons(struct writer *w, const struct language *l, struct text *list, struct error *err)
{
	for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
		enum reason reason = (enum reason)i;
		struct http_exchange x = {.arena = w->arena, .accept_language = l->tag};

		page_refusal(&x, &(struct page_refusal){.reason = reason, .id = id, .back = NOWHERE});
		if (write_page(w, arena_printf(w->arena, "%s/reasons/%s", l->tag, reason_word(reason)), &x, list, err) < 0)
			return -1;
	}
	return 0;
}

static int write_language(struct writer *w, const struct language *l, struct text *list, struct error *err)
{
	if (folder_make(arena_printf(w->arena, "%s/%s/reasons", w->folder, l->tag), 0755, err) < 0)
		return -1;
	text_addf(list, "<h2>%s</h2>\n<ul>\n", l->tag);
	for (size_t i = 0; i < PAGE_COUNT; i++) {
		struct http_exchange x = {.arena = w->arena, .accept_language = l->tag};

		pages[i].show(&x);
		if (write_page(w, arena_printf(w->arena, "%s/%s", l->tag, pages[i].name), &x, list, err) < 0)
			return -1;
	}
	text_add_c(list, "</ul>\n<h3>Every reason</h3>\n<ul>\n");
	if (write_reasons(w, l, list, err) < 0)
		return -1;
	text_add_c(list, "</ul>\n");
	return 0;
}

static int write_all(struct writer *w, struct error *err)
{
	const struct languages *languages = &w->brand->languages;
	struct text list;

	text_begin(&list, w->arena, 8192);
	text_add_c(&list, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Pages</title>\n<h1>Pages</h1>\n");
	for (size_t i = 0; i < languages->count; i++) {
		if (write_language(w, &languages->list[i], &list, err) < 0)
			return -1;
	}
	return file_write(arena_printf(w->arena, "%s/index.html", w->folder), 0644, text_slice(&list), err);
}

int command_pages(struct arena *a, const char *settings_path, int argc, char **argv)
{
	struct files *files = files_from_disk(a);
	const struct settings *settings = NULL;
	struct brand brand;
	struct writer w = {.arena = a, .folder = argc == 2 ? argv[1] : "", .brand = &brand};
	struct error err;

	if (argc != 2 || *argv[1] == '-')
		return CALLED_WRONGLY;
	if (settings_read_for(SETTINGS_TO_ANSWER, a, files, settings_path, &settings, NULL, &err) < 0 ||
		brand_open(a, files, settings, &brand, &err) < 0) {
		fprintf(stderr, "postern pages: %s\n", err.detail);
		return 1;
	}
	pages_start(a, &(struct pages_options){.form_action = "https:", .brand = &brand, .still = true});
	if (write_all(&w, &err) < 0) {
		fprintf(stderr, "postern pages: %s\n", err.detail);
		return 1;
	}
	printf("%s/index.html: %zu pages, and one for each of %d reasons, in %zu languages\n", w.folder, PAGE_COUNT, REASON_COUNT - 1,
		brand.languages.count);
	return 0;
}
