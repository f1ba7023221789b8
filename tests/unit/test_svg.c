/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logos as editors write them, and SVGs that hold more than a drawing. */
#include "tests/unit/arena.h"

#include "base/text.h"
#include "gateway/settings/svg.h"

#define NS "xmlns=\"http://www.w3.org/2000/svg\""
#define LINK "xmlns:xlink=\"http://www.w3.org/1999/xlink\""
#define IN(x) "<svg " NS " " LINK ">" x "</svg>"

/* ---- what editors write ---- */

static const char inkscape[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n"
	"<!-- Created with Inkscape (http://www.inkscape.org/) -->\n\n"
	"<svg\n   width=\"210mm\"\n   height=\"297mm\"\n   viewBox=\"0 0 210 297\"\n   version=\"1.1\"\n   id=\"svg5\"\n"
	"   inkscape:version=\"1.2.2 (b0a8486541, 2022-12-01)\"\n   sodipodi:docname=\"C:\\logos\\our logo (final).svg\"\n"
	"   inkscape:export-filename=\"/home/x/url(http).png\"\n"
	"   xmlns:inkscape=\"http://www.inkscape.org/namespaces/inkscape\"\n"
	"   xmlns:sodipodi=\"http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd\"\n"
	"   xmlns:xlink=\"http://www.w3.org/1999/xlink\"\n   xmlns=\"http://www.w3.org/2000/svg\"\n   xmlns:svg=\"http://www.w3.org/2000/svg\"\n"
	"   xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"\n   xmlns:cc=\"http://creativecommons.org/ns#\"\n"
	"   xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n"
	"  <sodipodi:namedview\n     id=\"namedview7\"\n     pagecolor=\"#ffffff\"\n     inkscape:pageopacity=\"0.0\"\n     showgrid=\"false\" />\n"
	"  <defs\n     id=\"defs2\">\n    <linearGradient\n       inkscape:collect=\"always\"\n       id=\"linearGradient1\">\n"
	"      <stop\n         style=\"stop-color:#0b6b50;stop-opacity:1;\"\n         offset=\"0\"\n         id=\"stop1\" />\n    </linearGradient>\n"
	"    <linearGradient xlink:href=\"#linearGradient1\" id=\"g2\" x1=\"1\" y1=\"2\" x2=\"3\" y2=\"4\" gradientUnits=\"userSpaceOnUse\""
	" gradientTransform=\"matrix(1,0,0,1,-3.5,2e-4)\" />\n"
	"    <filter style=\"color-interpolation-filters:sRGB\" id=\"f\" x=\"0\" y=\"0\"><feGaussianBlur stdDeviation=\"1.2\" id=\"b\" /></filter>\n"
	"    <marker id=\"Arrow\" orient=\"auto\" style=\"overflow:visible\" refX=\"0\" refY=\"0\"><path d=\"M 0,0 L 5,5\" /></marker>\n  </defs>\n"
	"  <metadata\n     id=\"metadata5\">\n    <rdf:RDF>\n      <cc:Work\n         rdf:about=\"\">\n        <dc:format>image/svg+xml</dc:format>\n"
	"        <dc:type\n           rdf:resource=\"http://purl.org/dc/dcmitype/StillImage\" />\n      </cc:Work>\n    </rdf:RDF>\n  </metadata>\n"
	"  <g\n     inkscape:label=\"Layer 1 &amp; 2\"\n     inkscape:groupmode=\"layer\"\n     id=\"layer1\"\n     transform=\"translate(-1.5,2)\">\n"
	"    <path\n       style=\"fill:url(#g2);stroke:none;-inkscape-stroke:none;filter:url(#f);marker-end:url(#Arrow)\"\n"
	"       d=\"M 10.3,20 C 1,2 3,4 5,6 Z\"\n       id=\"path1\"\n       sodipodi:nodetypes=\"ccc\" />\n"
	"    <text\n       xml:space=\"preserve\"\n       style=\"font-size:10.5833px;line-height:1.25;font-family:'DejaVu Sans';"
	"-inkscape-font-specification:'DejaVu Sans, Normal'\"\n       x=\"1\"\n       y=\"2\"><tspan\n         sodipodi:role=\"line\">Example "
	"&lt;GmbH&gt;</tspan></text>\n  </g>\n</svg>\n";

static const char illustrator[] =
	"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n"
	"<!-- Generator: Adobe Illustrator 25.0.0, SVG Export Plug-In . SVG Version: 6.00 Build 0)  -->\r\n"
	"<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\">\r\n"
	"<svg version=\"1.1\" id=\"Layer_1\" xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" x=\"0px\" y=\"0px\"\r\n"
	"\t xmlns:x=\"http://ns.adobe.com/Extensibility/1.0/\" xmlns:i=\"http://ns.adobe.com/AdobeIllustrator/10.0/\" i:viewOrigin=\"1 2\"\r\n"
	"\t viewBox=\"0 0 180 48\" style=\"enable-background:new 0 0 180 48;\" xml:space=\"preserve\">\r\n"
	"<style type=\"text/css\">\r\n<![CDATA[\r\n\t.st0{fill:#0B6B50;}\r\n\t.st1{clip-path:url(#SVGID_2_);font-family:'MyriadPro-Regular';}\r\n"
	"\t@media (prefers-color-scheme: dark) { .st0 { fill: rgb(255 255 255 / 90%); } }\r\n\t/* url(http://commented.example/) */\r\n]]>\r\n</style>\r\n"
	"<metadata><?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\" x:xmptk=\"Adobe XMP Core\">"
	"<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"/></x:xmpmeta><?xpacket end='w'?></metadata>\r\n"
	"<switch><g i:extraneous=\"self\"><defs><path id=\"SVGID_1_\" d=\"M0,0h180v48H0z\"/></defs>\r\n"
	"<clipPath id=\"SVGID_2_\"><use xlink:href=\"#SVGID_1_\"  style=\"overflow:visible;\"/></clipPath>\r\n"
	"<g id=\"Layer_(2)\" data-name=\"Layer (2)\" class=\"st0 st1\"><polygon points=\"1,2 3,4\"/></g></g></switch>\r\n</svg>\r\n";

static const char figma[] =
	"<svg width=\"24\" height=\"24\" viewBox=\"0 0 24 24\" fill=\"none\" " NS " " LINK ">\n<g clip-path=\"url(#clip0)\" filter=\"url(#f0_d)\">\n"
	"<rect width=\"24\" height=\"24\" fill=\"url(#p0)\"/>\n<path fill-rule=\"evenodd\" clip-rule=\"evenodd\" d=\"M12 2\" fill=\"#0b6b50\"/></g>\n<defs>\n"
	"<pattern id=\"p0\" patternContentUnits=\"objectBoundingBox\" width=\"1\" height=\"1\"><use xlink:href=\"#i0\" transform=\"scale(0.01)\"/></pattern>\n"
	"<filter id=\"f0_d\" x=\"0\" y=\"0\" width=\"1\" height=\"1\" filterUnits=\"userSpaceOnUse\" color-interpolation-filters=\"sRGB\">"
	"<feFlood flood-opacity=\"0\" result=\"B\"/><feColorMatrix in=\"SourceAlpha\" type=\"matrix\" values=\"0 0 0 0 0\" result=\"h\"/>"
	"<feOffset dy=\"4\"/><feComposite in2=\"h\" operator=\"out\"/><feBlend mode=\"normal\" in2=\"B\"/></filter>\n"
	"<image id=\"i0\" width=\"1\" height=\"1\" xlink:href=\"data:image/png;base64,iVBORw0KGgo\nAAAA+/A==\" preserveAspectRatio=\"none\"/>\n"
	"<clipPath id=\"clip0\"><rect width=\"24\" height=\"24\" fill=\"white\"/></clipPath></defs></svg>";

static const char *const harmless[] = {
	inkscape, illustrator, figma,
	"<svg:svg xmlns:svg=\"http://www.w3.org/2000/svg\"><svg:path d=\"M0 0\"/></svg:svg>",
	"<svg role=\"img\" aria-label=\"Example (Ltd)\" viewBox='0 0 1 1' " NS "><title>It's &#x26; &#174; \"x\"</title><path d='M0 0'/></svg>",
	IN("<path style='fill: url( \"#a\" ) ; stroke: url(&quot;#b&quot;)'/>"), IN("<use href=' #a'/>"),
	IN("<style>.a{fill:red}</style><style/><style>path:not(.b){fill:hsl(1,2%,3%)}</style>"),
	IN("<g font-family=\"'A (b) url(http://x/)'\"/>"),      /* a string is no address */
	IN("<text>url(http://x/) @import javascript:alert(1) &lt;script></text>"),
};

static void takes_what_editors_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++) {
		const char *fault = svg_fault(a, slice_c(harmless[i]));

		if (fault)
			fail_msg("%.120s...: %s", harmless[i], fault);
	}
}

/* ---- what is more than a drawing ---- */

static const struct { const char *svg, *fault; } nasty[] = {
	/* scripts */
	{IN("<script>alert(1)</script>"), "holds a script"}, {IN("<script href='#a'/>"), "holds a script"}, {IN("<SCRIPT/>"), "holds a script"},
	{IN("<x:script xmlns:x='http://www.w3.org/2000/svg'/>"), "holds a script"},
	{IN("<h:script xmlns:h='http://www.w3.org/1999/xhtml'/>"), "<script> of a namespace"},
	{IN("<g xmlns='http://www.w3.org/1999/xhtml'/>"), "<g> of a namespace"}, {IN("<g><y:g/></g>"), "<y:g> of a namespace"},
	{"<svg " NS " onload=\"alert(1)\"/>", "holds a script (onload)"}, {IN("<path onclick=''/>"), "holds a script (onclick)"},
	{IN("<path ONCLICK=''/>"), "has an attribute ONCLICK"},
	{IN("<a href='javascript:alert(1)'/>"), "<a>"}, {IN("<use href='javascript:alert(1)'/>"), "holds a script"},
	{IN("<use xlink:href=' JavaScript:alert(1)'/>"), "holds a script"}, {IN("<use href='java&#10;script:x'/>"), "names an address"},
	{IN("<use href='&#106;avascript:x'/>"), "holds a script"}, {IN("<use href='&#x6A;avascript:x'/>"), "holds a script"},
	{IN("<metadata><script/></metadata>"), "holds a script"},
	{IN("<metadata><r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><script/></r:RDF></metadata>"), "holds a script"},
	{IN("<handler/>"), "<handler>"}, {IN("<set attributeName='href' to='javascript:x'/>"), "<set>"},
	{IN("<animate attributeName='fill' values='url(http://x/)'/>"), "<animate>"},
	/* HTML and what loads by itself */
	{IN("<foreignObject/>"), "holds HTML"}, {IN("<FOREIGNOBJECT/>"), "holds HTML"}, {IN("<iframe/>"), "<iframe>"}, {IN("<video/>"), "<video>"},
	{IN("<audio/>"), "<audio>"}, {IN("<discard/>"), "<discard>"}, {IN("<font-face-uri/>"), "<font-face-uri>"}, {IN("<color-profile/>"), "<color-profile>"},
	/* addresses */
	{IN("<image href=\"https://x.example/\"/>"), "names an address"}, {IN("<image href='http://x.example/'/>"), "names an address"},
	{IN("<image href = \"//x.example/\"/>"), "names an address"}, {IN("<image\nxlink:href\n=\n'x.png'/>"), "names an address"},
	{IN("<image l:href='http://x/' xmlns:l='http://www.w3.org/1999/xlink'/>"), "names an address"},
	{IN("<image href=' &#104;ttp://x/'/>"), "names an address"}, {IN("<image href=''/>"), "names an address"},
	{IN("<image href='data:image/svg+xml;base64,PHN2Zz4='/>"), "names an address"}, {IN("<image href='data:text/html,x'/>"), "names an address"},
	{IN("<image href='data:image/png,%00'/>"), "names an address"}, {IN("<image href='data:image/png;base64,a\"&lt;'/>"), "names an address"},
	{IN("<use href='data:image/png;base64,AAAA'/>"), "names an address"}, {IN("<use href='x.svg#a'/>"), "names an address"},
	{IN("<feImage href='http://x/'/>"), "names an address"}, {IN("<path src='http://x/'/>"), "has an attribute src"},
	{IN("<g xml:base='http://x/'/>"), "has an attribute base"},
	{IN("<r:RDF xml:base='http://x/' xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><use href='#a'/></r:RDF>"), "has an attribute base"},
	{"<?xml version=\"1.0\" encoding=\"Shift_JIS\"?>" IN("<text><![CDATA[\xc2\x81]]></text>"), "is not "},   /* where 0x81 takes the bracket */ {IN("<g u:href='x' xmlns:u='urn:x'/>"), "has an attribute href"},
	{IN("<path fill='url(http://x/)'/>"), "names an address"}, {IN("<path fill=\"url('http://x/')\"/>"), "names an address"},
	{IN("<path fill='url( &quot;http://x/&quot; )'/>"), "names an address"}, {IN("<path fill='URL(http://x/)'/>"), "names an address"},
	{IN("<path fill='u&#114;l(http://x/)'/>"), "names an address"}, {IN("<path fill='url&#40;http://x/)'/>"), "names an address"},
	{IN("<path fill='url(//x/)'/>"), "names an address"}, {IN("<path fill='url(x.svg#a)'/>"), "names an address"},
	{IN("<path fill='url(#a'/>"), "names an address"}, {IN("<path fill='url(\"#a)'/>"), "names an address"}, {IN("<path fill='url()'/>"), "names an address"},
	{IN("<path fill='url(#a url(http://x/))'/>"), "names an address"}, {IN("<path fill='url(data:image/png;base64,AA)'/>"), "names an address"},
	{IN("<path style='cursor: url(http://x/), auto'/>"), "names an address"}, {IN("<path style=\"fill:ur\\6c(http://x/)\"/>"), "holds an escape"},
	{IN("<path style='fill:\\75rl(http://x/)'/>"), "holds an escape"}, {IN("<path style='fill:u/**/rl(http://x/)'/>"), "uses rl()"},
	{IN("<path style='a:\"\\\"url(http://x/)'/>"), "holds a string"}, {IN("<path style='a:\"&#10;url(http://x/)\"'/>"), "holds a string"},
	{IN("<path style='a:\"'/>"), "holds a string"}, {IN("<path style='a:/*'/>"), "holds a comment"}, {IN("<path style='/*/url(http://x/)*/ b:/*'/>"), "holds a comment"},
	{IN("<path style='background:image-set(\"http://x/\" 1x)'/>"), "uses image-set()"}, {IN("<path style='a:-webkit-image-set(\"x\")'/>"), "uses -webkit-image-set()"},
	{IN("<path style='a:src(\"http://x/\")'/>"), "uses src()"}, {IN("<path style='a:image(\"x\")'/>"), "uses image()"},
	{IN("<path style='width:expression(alert(1))'/>"), "uses expression()"}, {IN("<path style='a:element(#a)'/>"), "uses element()"},
	{IN("<path style='a:attr(href)'/>"), "uses attr()"}, {IN("<path style='@import \"x\"'/>"), "imports a style sheet"},
	/* style sheets */
	{IN("<style>@import 'http://x/';</style>"), "imports a style sheet"}, {IN("<style>@IMPORT url(#a);</style>"), "imports a style sheet"},
	{IN("<style>&#64;import \"x\";</style>"), "imports a style sheet"}, {IN("<style><![CDATA[@import 'x';]]></style>"), "imports a style sheet"},
	{IN("<style>@imp<!-- -->ort 'x';</style>"), "imports a style sheet"}, {IN("<style>@imp<![CDATA[ort 'x';]]></style>"), "imports a style sheet"},
	{IN("<style>@\\69mport 'x';</style>"), "the rule @"}, {IN("<style>@font-face{src:url(#a)}</style>"), "the rule @font-face"},
	{IN("<style>@namespace x 'y';</style>"), "the rule @namespace"}, {IN("<style>@charset 'utf-7';</style>"), "the rule @charset"},
	{IN("<style>a{b:url( 'http://x/')}</style>"), "names an address"}, {IN("<style>a{b:ur&#x6c;(http://x/)}</style>"), "names an address"},
	{IN("<style>a{b:'}<![CDATA[\n]]>c:url(http://x/)</style>"), "holds a string"}, {IN("<style><g/></style>"), "inside of a style"},
	{IN("<s:style xmlns:s='http://www.w3.org/2000/svg'>@import 'x';</s:style>"), "imports a style sheet"},
	{IN("<link/>"), "<link>"}, {IN("<style href='http://x/'/>"), "names an address"},
	{"<?xml-stylesheet href=\"http://x/\"?>" IN(""), "an instruction to programs (<?xml-stylesheet"}, {IN("<?php x?>"), "an instruction"},
	{IN("<?xml version='1.0'?>"), "is not XML"},
	/* entities */
	{"<!DOCTYPE svg [<!ENTITY x 'y'>]>" IN("<g fill='&x;'/>"), "declares an entity"}, {"<!DOCTYPE svg [\n<!ATTLIST g onload CDATA 'x'>]>" IN(""), "declares an entity"},
	/* its DOCTYPE ends where a browser's does: behind the literal, and not with the first `>` in it */
	{"<!DOCTYPE svg SYSTEM \"x><!--\"><svg " NS "><script>alert(1)</script><![CDATA[--><svg " NS ">]]></svg>", "holds a script"},
	{"<!DOCTYPE svg SYSTEM 'x>'[<!ENTITY x 'y'>]>" IN(""), "declares an entity"}, {"<!DOCTYPE svg SYSTEM \"x>" IN(""), "is not XML"},
	{IN("<g fill='&x;'/>"), "is not XML"}, {IN("<text>&nbsp;</text>"), "is not XML"}, {IN("<g fill='&#0;'/>"), "is not XML"},
	{IN("<g fill='&#xd800;'/>"), "is not XML"}, {IN("<g fill='&#x110000;'/>"), "is not XML"},
	{IN("<g fill='&'/>"), "is not XML"}, {IN("<g fill='&#;'/>"), "is not XML"}, {IN("<g fill='&#12a;'/>"), "is not XML"},
	{"<!DOCTYPE svg PUBLIC 'x' 'http://x/x.dtd'>" IN("<g fill='&x;'/>"), "refers to an entity"},
	{"<!DOCTYPE svg SYSTEM 'http://x/x.dtd'>" IN("<text>&x;</text>"), "refers to an entity"},
	{"<!DOCTYPE svg SYSTEM 'http://x/x.dtd' [<!ENTITY % x SYSTEM 'http://x/'> %x;]>" IN(""), "declares an entity"},
	/* no SVG, or none that is well-formed */
	{"", "is not XML"}, {"<svg><path/></svg>", "has no xmlns="}, {"<html><svg " NS "/></html>", "has no xmlns="}, {"<svg xmlns='http://www.w3.org/2000/svgx'/>", "has no xmlns="},
	{"\x89PNG", "is not an SVG image in UTF-8"}, {"<?xml version='1.0' encoding='UTF-7'?>" IN(""), "is not an SVG image in UTF-8"},
	{IN("<g>"), "is not XML"}, {IN("</g>"), "is not XML"}, {IN("") "<g/>", "is not XML"}, {IN("") "x", "is not XML"}, {"x" IN(""), "is not XML"},
	{IN("<g fill=\"a\"fill-rule=\"b\"/>"), "is not XML"}, {IN("<g fill='a' fill='url(http://x/)'/>"), "is not XML"}, {IN("<g fill=a/>"), "is not XML"},
	{IN("<g fill/>"), "is not XML"}, {IN("<g fill='<'/>"), "is not XML"}, {IN("<g/ >"), "is not XML"}, {IN("<g"), "is not XML"}, {IN("<!-- "), "is not XML"},
	{IN("<![CDATA[ "), "is not XML"}, {IN("<!ELEMENT g>"), "is not XML"}, {IN("<!DOCTYPE svg>"), "is not XML"},
	{IN("< g/>"), "is not XML"}, {IN("<1/>"), "is not XML"}, {IN("<g>") IN("</g>"), "is not XML"},
};

static void refuses_what_is_more_than_a_drawing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(nasty) / sizeof(*nasty); i++) {
		const char *fault = svg_fault(a, slice_c(nasty[i].svg));

		if (!fault || !strstr(fault, nasty[i].fault))
			fail_msg("%s: wanted \"%s\", got: %s", nasty[i].svg, nasty[i].fault, fault ? fault : "nothing");
	}
}

static const char *deep(const char *piece, size_t n)
{
	struct text t;

	text_begin(&t, a, 4096);
	text_add_c(&t, "<svg " NS ">");
	while (n-- > 0)
		text_add_c(&t, piece);
	return t.p;
}

static void has_bounds(void **state)
{
	(void)state;
	assert_non_null(svg_fault(a, slice_c(deep("<g>", 300))));
	assert_null(svg_fault(a, slice_c(arena_printf(a, "%s</svg>", deep("<g/>", 7000)))));
}

/* Each piece of a good one is refused, or taken: whatever it is, nothing is read behind its end (the sanitizers look). */
static void reads_nothing_behind_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const char *whole = i ? illustrator : inkscape;

		for (size_t n = 0; n < strlen(whole) - 8; n++) {
			struct arena *own = arena_new();
			char *copy = malloc(n + 1);

			assert_non_null(copy);
			memcpy(copy, whole, n);
			assert_non_null(svg_fault(own, slice_of(copy, n)));
			free(copy);
			arena_free(own);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(takes_what_editors_write, begin, end),
		cmocka_unit_test_setup_teardown(refuses_what_is_more_than_a_drawing, begin, end),
		cmocka_unit_test_setup_teardown(has_bounds, begin, end),
		cmocka_unit_test_setup_teardown(reads_nothing_behind_the_end, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
