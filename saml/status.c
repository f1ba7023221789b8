/* SPDX-License-Identifier: GPL-3.0-or-later */
/* samlp:Status (SAML core 3.2.2): success, or why not in the words of the identity provider. */
#include "saml/assertion.h"

#include "base/encode.h"

#define SUCCESS "urn:oasis:names:tc:SAML:2.0:status:Success"
#define STATUS_PREFIX "urn:oasis:names:tc:SAML:2.0:status:"

/* The part of a code that tells something; codes of others stay whole. */
static const char *short_code(const char *code)
{
	size_t n = strlen(STATUS_PREFIX);

	return strncmp(code, STATUS_PREFIX, n) == 0 ? code + n : code;
}

/*
 * The message for the detail: its beginning and, where it is longer, its end,
 * since Entra ID writes trace id and time last.  Cut between characters.
 */
#define MESSAGE_HEAD 320
#define MESSAGE_TAIL 160

static size_t whole_characters(struct slice s, size_t n)
{
	while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static int set_refusal(struct error *err, const char *codes, struct slice message)
{
	size_t head, tail;

	if (message.n <= MESSAGE_HEAD + MESSAGE_TAIL)
		return error_set(err, REASON_STATUS_NOT_SUCCESS, "%s%s%.*s", codes, message.n ? ": " : "", (int)message.n, message.p);
	head = whole_characters(message, MESSAGE_HEAD);
	tail = whole_characters(message, message.n - MESSAGE_TAIL);
	return error_set(err, REASON_STATUS_NOT_SUCCESS, "%s: %.*s … %.*s", codes, (int)head, message.p, (int)(message.n - tail),
		message.p + tail);
}

static int refuse_status(const xml_node *status, const char *code, const xml_node *code_node, struct error *err)
{
	xml_node *second, *message;
	struct slice text = {"", 0};
	struct error unread = {0};
	const char *second_code = NULL;
	char codes[170];

	if (xml_children(code_node, XML_NS_PROTOCOL, "StatusCode", &second) > 0)
		second_code = xml_attribute(second, "Value");
	if (xml_children(status, XML_NS_PROTOCOL, "StatusMessage", &message) > 0 &&
		xml_text(message, REASON_STATUS_NOT_SUCCESS, &text, &unread) < 0)
		text = slice_c("(a message that cannot be read)");
	snprintf(codes, sizeof(codes), "%.80s%s%.80s", short_code(code), second_code ? ", " : "", second_code ? short_code(second_code) : "");
	return set_refusal(err, codes, text);
}

/* ---- what of it may be shown to anybody ---- */

/* What follows `label` in the text, made of `letters` alone, at most `most` bytes; false: not there, or of another length. */
static bool find_word(const char *text, const char *label, const char *letters, size_t least, size_t most, char *out)
{
	const char *at = strstr(text, label);
	size_t n;

	if (!at)
		return false;
	at += strlen(label);
	n = strspn(at, letters);
	if (n < least || n > most)
		return false;
	memcpy(out, at, n);
	out[n] = 0;
	return true;
}

static bool is_guid(const char *s)
{
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if ((s[i] == '-') != dash)
			return false;
	}
	return s[36] == 0;
}

void saml_refusal_read(const char *detail, struct saml_refusal *out)
{
	static const char digits[] = "0123456789", hex[] = "0123456789abcdefABCDEF-", time_letters[] = "0123456789-: TZ";
	struct saml_refusal r = {0};
	struct slice at;
	int64_t instant;

	if (!find_word(detail, "AADSTS", digits, 5, sizeof(r.code) - 1, r.code))
		r.code[0] = 0;
	if (!find_word(detail, "Trace ID: ", hex, 36, 36, r.trace) || !is_guid(r.trace))
		r.trace[0] = 0;
	/* "2026-11-24 13:19:16Z": with a T in place of the blank it is a time as SAML writes it */
	if (!find_word(detail, "Timestamp: ", time_letters, 20, 20, r.time))
		r.time[0] = 0;
	if (r.time[0]) {
		char text[sizeof(r.time)];

		memcpy(text, r.time, sizeof(text));
		text[10] = 'T';
		at = slice_c(text);
		if (time_read(at, &instant) < 0)
			r.time[0] = 0;
	}
	*out = r;
}

/* SAML core 3.2.2: what may stand beside the code.  What is expected nowhere is read by nobody, or by somebody else. */
static int require_known_parts(const xml_node *status, const xml_node *code, struct error *err)
{
	static const char *const known[] = {"StatusCode", "StatusMessage", "StatusDetail", NULL};

	for (const xml_node *node = xml_first(status); node; node = xml_next(node)) {
		const char *const *name = known;

		while (*name && !xml_is(node, XML_NS_PROTOCOL, *name))
			name++;
		if (!*name || xml_children(status, XML_NS_PROTOCOL, *name, NULL) != 1)
			return error_set(err, REASON_XML_SHAPE, "%.80s in Status", xml_name(node));
	}
	if (xml_first(code))
		return error_set(err, REASON_XML_SHAPE, "%.80s in the StatusCode of a success", xml_name(xml_first(code)));
	if (xml_require_no_text(code, REASON_XML_SHAPE, err) < 0)
		return -1;
	return xml_require_no_text(status, REASON_XML_SHAPE, err);
}

static int require_success(const xml_node *response, xml_node **status_out, xml_node **code_out, struct error *err)
{
	const char *code = NULL;

	if (xml_require_child(response, XML_NS_PROTOCOL, "Status", REASON_STATUS_NOT_SUCCESS, status_out, err) < 0)
		return -1;
	if (xml_require_child(*status_out, XML_NS_PROTOCOL, "StatusCode", REASON_STATUS_NOT_SUCCESS, code_out, err) < 0)
		return -1;
	if (xml_require_attribute(*code_out, "Value", REASON_STATUS_NOT_SUCCESS, &code, err) < 0)
		return -1;
	return strcmp(code, SUCCESS) == 0 ? 0 : refuse_status(*status_out, code, *code_out, err);
}

int require_status(const xml_node *response, struct error *err)
{
	xml_node *status = NULL, *code = NULL;

	return require_success(response, &status, &code, err) < 0 ? -1 : require_known_parts(status, code, err);
}

int require_logout_status(const xml_node *response, struct error *err)
{
	xml_node *status = NULL, *code = NULL;

	return require_success(response, &status, &code, err);
}
