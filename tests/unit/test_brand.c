/* SPDX-License-Identifier: GPL-3.0-or-later */
/* brand.yaml: what is taken, what is refused and where, and what of it stands in a page. */
#include "tests/unit/unit.h"

#include "base/text.h"
#include "gateway/settings/colours.h"
#include "gateway/pages.h"
#include "gateway/settings/settings.h"

#include <math.h>

extern const char page_style_css[];

#define SVG "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0h1v1z\"/></svg>"

static struct arena *a;
static struct http_exchange *x;
static struct brand brand;
static struct error err;

static int begin(void **state)
{
	(void)state;
	a = arena_new();
	x = arena_alloc(a, sizeof(*x));
	x->arena = a;
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

/* A PNG's first bytes. */
static struct slice png(unsigned width, unsigned height)
{
	char *p = arena_alloc(a, 40);
	const char head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

	memcpy(p, head, 16);
	for (int i = 0; i < 4; i++) {
		p[16 + i] = (char)(width >> (24 - 8 * i));
		p[20 + i] = (char)(height >> (24 - 8 * i));
	}
	return slice_of(p, 40);
}

static int open_with(const char *yaml, const char *language)
{
	struct settings settings = {.file = "p.yaml", .brand_dir = "/b", .language = language};
	struct files *files = files_from_disk(a);
	char *large = arena_alloc(a, (32 << 10) + 1);
	const struct catalogue_file *german = catalogues_compiled_in;

	while (strcmp(german->language, "de") != 0)
		german++;
	memset(large, ' ', 32 << 10);
	memcpy(large, SVG, strlen(SVG));
	large[32 << 10] = ' ';
	files_put(files, "/b/brand.yaml", FILES_ALL, slice_c(yaml));
	files_put(files, "/b/logo.svg", FILES_ALL, slice_c(SVG));
	files_put(files, "/b/dark.png", FILES_ALL, png(400, 100));
	files_put(files, "/b/wide.png", FILES_ALL, png(2001, 10));
	files_put(files, "/b/no.png", FILES_ALL, slice_c("GIF89a and some more bytes of an image that is none of ours"));
	files_put(files, "/b/script.svg", FILES_ALL, slice_c("<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"));
	files_put(files, "/b/html.svg", FILES_ALL, slice_c("<svg xmlns=\"http://www.w3.org/2000/svg\"><foreignObject/></svg>"));
	files_put(files, "/b/away.svg", FILES_ALL, slice_c("<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"https://x.example/\"/></svg>"));
	files_put(files, "/b/bare.svg", FILES_ALL, slice_c("<svg><path/></svg>"));
	files_put(files, "/b/large.svg", FILES_ALL, slice_of(large, (32 << 10) + 1));
	files_put(files, "/b/nl.mo", FILES_ALL, slice_of(german->bytes, german->n));
	files_put(files, "/b/broken.mo", FILES_ALL, slice_c("no catalogue, but longer than the header of one"));
	return brand_open(a, files, &settings, &brand, &err);
}

static bool page_has(const char *text)
{
	return memmem(x->reply_body.p, x->reply_body.n, text, strlen(text)) != NULL;
}

static void show(const char *accept)
{
	pages_start(a, &(struct pages_options){.form_action = "https:", .brand = &brand});
	x->accept_language = accept;
	page_refusal(x, &(struct page_refusal){.reason = REASON_REQUIREMENT_FAILED, .sentence = "Use a managed device.", .ask = "Desk 4"});
}

static void stands_around_every_page(void **state)
{
	static const char yaml[] =
		"name: {en: A <b>&</b> B, de: Beispiel}\nlogo: logo.svg\nlogo_dark: dark.png\nfooter: <script>alert(1)</script>\n"
		"contact: {mail: desk@example.org, phone: +49 (30) 12-34, url: \"https://help.example.org/?a=1&b=2\"}\n"
		"texts:\n  Use a managed device.: {de: Verwenden Sie ein verwaltetes Gerät.}\n  Desk 4: {de: Schalter 4}\n";

	(void)state;
	if (open_with(yaml, "en") < 0)
		fail_msg("%s", err.detail);
	show("en");
	assert_true(page_has("<title>You cannot be signed on – A &lt;b&gt;&amp;&lt;/b&gt; B</title>"));
	assert_true(page_has("<source media=\"(prefers-color-scheme:dark)\" srcset=\"data:image/png;base64,"));
	assert_true(page_has("<img src=\"data:image/svg+xml;base64,"));
	assert_true(page_has("\" alt=\"A &lt;b&gt;&amp;&lt;/b&gt; B\">"));
	assert_true(page_has("Help desk: <a href=\"mailto:desk@example.org\">desk@example.org</a>"));
	assert_true(page_has("<a href=\"tel:+49301234\">+49 (30) 12-34</a>"));
	assert_true(page_has("<a href=\"https://help.example.org/?a=1&amp;b=2\">"));
	assert_true(page_has("&lt;script&gt;alert(1)&lt;/script&gt;"));
	assert_false(page_has("<script") || page_has("<b>"));
	assert_true(page_has("Use a managed device."));
	assert_string_equal(x->image_source, "data:");
	assert_non_null(strstr(http_content_security_policy(x), "; img-src data:"));
	show("de");
	assert_true(page_has(" – Beispiel</title>"));
	assert_true(page_has("Verwenden Sie ein verwaltetes Gerät."));
	assert_true(page_has("an <bdi>Schalter 4</bdi>."));
	/* a language without a name of its own has that of the fallback, and a text that nobody translated stays */
	show("fr");
	assert_true(page_has("A &lt;b&gt;&amp;&lt;/b&gt; B</title>"));
	assert_true(page_has("Use a managed device."));
}

static void a_page_that_goes_away_by_itself_holds_no_logo(void **state)
{
	(void)state;
	if (open_with("name: Example\nlogo: logo.svg\n", "en") < 0)
		fail_msg("%s", err.detail);
	pages_start(a, &(struct pages_options){.form_action = "https:", .brand = &brand});
	page_post(x, PAGE_SIGNED_ON, &(struct page_post){"https://auth.example/acs", "PHg+", {0}});
	assert_true(page_has("<header>Example</header>"));
	assert_false(page_has("data:"));
	assert_null(x->image_source);
}

static void nothing_is_there_without_a_brand(void **state)
{
	struct settings settings = {.file = "p.yaml", .language = "de"};

	(void)state;
	assert_done(brand_open(a, files_from_disk(a), &settings, &brand, &err), err);
	show("tlh");
	assert_true(page_has("<html lang=\"de\""));
	assert_false(page_has("<header") || page_has("<footer") || page_has("–"));
	assert_null(x->image_source);
}

static void adds_languages_and_changes_what_texts_say(void **state)
{
	(void)state;
	if (open_with("languages: {nl: nl.mo}\ntexts: {Reason: {en: Why, nl: Waarom}}\nname: {nl: Voorbeeld}\n", "nl") < 0)
		fail_msg("%s", err.detail);
	show("nl-BE");
	assert_true(page_has("<html lang=\"nl\" dir=\"ltr\">"));
	assert_true(page_has("<dt>Waarom</dt>"));
	assert_true(page_has("Voorbeeld</title>"));
	show("tlh");
	assert_true(page_has("<html lang=\"nl\""));
	show("en");
	assert_true(page_has("<dt>Why</dt>"));
}

static void says_where_a_brand_is_wrong(void **state)
{
	static const struct { const char *yaml, *says; } cases[] = {
		{"nmae: x", "/b/brand.yaml:1: nmae: is not a setting; did you mean name?"},
		{"\nname: [x]", "/b/brand.yaml:2: name: must be a text, or a map of languages"},
		{"name: {tlh: x}", "tlh: is not a language that pages are shown in (en, ar, de, fr)"},
		{"name: {de: {x: y}}", "de: must be a text"}, {"name: \"\"", "name: must be a text"}, {"name: {}", "name: must be a text"},
		{"name: 12345678901234567890123456789012345678901234567890123456789012345678901234567890x", "name: is longer than 80 bytes"},
		{"name: x\nlogo: ../logo.svg", ":2: logo: \"../logo.svg\" is not the name of a file in the folder"},
		{"name: x\nlogo: .hidden.svg", "is not the name of a file"}, {"name: x\nlogo: /etc/passwd", "is not the name of a file"},
		{"name: x\nlogo: gone.svg", "/b/gone.svg"}, {"name: x\nlogo: nl.mo", "nl.mo: must end with .svg or .png"},
		{"name: x\nlogo: no.png", "no.png: is not a PNG image"}, {"name: x\nlogo: wide.png", "at most 2000 pixels"},
		{"name: x\nlogo: script.svg", "script.svg: holds a script"}, {"name: x\nlogo: html.svg", "holds HTML"},
		{"name: x\nlogo: away.svg", "names an address"}, {"name: x\nlogo: bare.svg", "has no xmlns="},
		{"name: x\nlogo: large.svg", "is larger than 32 KiB"}, {"logo: logo.svg", "logo: is nothing to who cannot see it"},
		{"logo_dark: dark.png", "logo_dark: stands in for a logo"},
		{"colours: {accent: green}", "accent: must be six hexadecimal digits in quotes"},
		{"colours: {accent: \"#12345\"}", "accent: must be six"}, {"colours: {accent: \"red;}body{x:1\"}", "accent: must be six"},
		{"colours:\n  accent: #005ea2\n", ":2: accent: must be six hexadecimal digits in quotes"},
		{"colours:\n  surface: \"ffffff\"\n  accent: \"#ffcc00\"", "/b/brand.yaml:3: accent: accent on surface has a contrast of 1.5: people need 4.5"},
		{"colours: {background: \"#000000\"}", "background: text on background has a contrast of"},
		{"colours_dark: {text: \"#333333\"}", "text: text on surface has a contrast of 1.2"},
		{"colours: {mark: \"#000000\"}", "mark: is not a setting"}, {"colours: x", "must be a map"},
		{"contact: {mail: desk}", "mail: \"desk\" is not a mail address"}, {"contact: {mail: \"a@b?subject=x\"}", "is not a mail address"},
		{"contact: {phone: \"javascript:1\"}", "phone: \"javascript:1\" is not a telephone number"}, {"contact: {phone: +}", "is not a telephone number"},
		{"contact: {url: \"javascript:alert(1)\"}", "url: "}, {"contact: {url: \"http://help.example.org\"}", "must begin with https://"},
		{"texts: [x]", "must be a map"}, {"texts: {a: b}", "a: must be a map of languages"},
		{"texts: {\"Please ask %s.\": {de: Fragen Sie.}}", "de: must have %s as often as the text itself"},
		{"languages: [nl]", "must be a map of languages"}, {"languages: {NL: nl.mo}", "NL: is not a language tag"},
		{"languages: {nl: broken.mo}", "nl: broken.mo: is not what msgfmt writes"}, {"languages: {nl: [a]}", "must be the name of a file"},
		{"a: [b", "/b/brand.yaml:"}, {"- x", "must be a map"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (open_with(cases[i].yaml, "en") == 0)
			fail_msg("taken: %s", cases[i].yaml);
		assert_true(err.reason == REASON_SETTINGS);
		if (!strstr(err.detail, cases[i].says))
			fail_msg("%s:\n%s\nwanted: %s", cases[i].yaml, err.detail, cases[i].says);
	}
	assert_int_equal(open_with("name: x", "tlh"), -1);
	assert_non_null(strstr(err.detail, "\"tlh\" is not a language that pages are shown in (en, ar, de, fr)"));
}

static void reads_colours_and_their_contrast(void **state)
{
	static const struct { const char *a, *b; double contrast; } cases[] = {
		{"#000000", "#ffffff", 21}, {"ffffff", "ffffff", 1}, {"#777777", "#FFFFFF", 4.48}, {"#0000ff", "#ffffff", 8.59},
		{"#ff0000", "#ffffff", 4.0}, {"#1f5fbf", "#ffffff", 6.09},
	};
	struct colour one, two;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(colour_read(cases[i].a, &one) + colour_read(cases[i].b, &two), 0);
		if (fabs(colour_contrast(one, two) - cases[i].contrast) > 0.05 || fabs(colour_contrast(two, one) - cases[i].contrast) > 0.05)
			fail_msg("%s on %s: %f", cases[i].a, cases[i].b, colour_contrast(one, two));
	}
	for (unsigned i = 0; i < 4096; i++) {
		struct colour ground = {(unsigned char)((i & 15) * 17), (unsigned char)((i >> 4 & 15) * 17), (unsigned char)((i >> 8) * 17)};

		assert_true(colour_contrast(colour_upon(ground), ground) >= COLOUR_CONTRAST_MIN);
		assert_true(colour_contrast(colour_brightened(ground, (struct colour){0x1b, 0x21, 0x2b}), (struct colour){0x1b, 0x21, 0x2b}) >=
			COLOUR_CONTRAST_MIN);
	}
}

/* The defaults of the table are those of the style sheet, and can be read. */
static void colours_that_are_not_named_stay_those_of_the_style_sheet(void **state)
{
	const char *at;

	(void)state;
	if (open_with("colours: {}\ncolours_dark: {}\n", "en") < 0)
		fail_msg("%s", err.detail);
	for (at = brand.style; (at = strstr(at, "--")); at += 2) {
		const char *rule = arena_printf(a, "%.*s", (int)strcspn(at, ";}"), at);

		if (strncmp(rule, "--on-mark", 9) != 0 && !strstr(page_style_css, rule))
			fail_msg("%s is not in the style sheet", rule);
	}
	if (open_with("colours: {accent: \"#0b6b50\"}\n", "en") < 0)
		fail_msg("%s", err.detail);
	assert_non_null(strstr(brand.style, "--mark:#0b6b50;--on-mark:#ffffff}"));
	at = strstr(brand.style, "@media (prefers-color-scheme:dark){:root{");
	assert_non_null(at);
	assert_null(strstr(at, "--mark:#8ab4f8"));      /* theirs, brighter */
	assert_non_null(strstr(at, "--card:#1b212b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(stands_around_every_page, begin, end),
		cmocka_unit_test_setup_teardown(a_page_that_goes_away_by_itself_holds_no_logo, begin, end),
		cmocka_unit_test_setup_teardown(nothing_is_there_without_a_brand, begin, end),
		cmocka_unit_test_setup_teardown(adds_languages_and_changes_what_texts_say, begin, end),
		cmocka_unit_test_setup_teardown(says_where_a_brand_is_wrong, begin, end),
		cmocka_unit_test_setup_teardown(reads_colours_and_their_contrast, begin, end),
		cmocka_unit_test_setup_teardown(colours_that_are_not_named_stay_those_of_the_style_sheet, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
