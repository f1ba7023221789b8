/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DNs in comparable form.
 *
 * The form decides who is in a group, so it errs to one side: two spellings
 * that a directory holds equal may stay different here (a membership is then
 * not seen), but two DNs that a directory may hold apart never become one.
 * So case and blanks are folded only in the values of attribute types that the
 * standards define to match without case (RFC 4519, RFC 4524); any other value
 * is kept byte for byte (base/fold.h says which letters fold).
 */
#include "ldap/mirror.h"

#include "base/fold.h"
#include "base/text.h"

#include <ldap.h>

struct naming_type {
	const char *written;            /* lower case */
	const char *name;
};

/* Types that match without case; all their names and numbers lead to one name. */
static const struct naming_type naming_types[] = {
	{"cn", "cn"}, {"commonname", "cn"}, {"2.5.4.3", "cn"},
	{"ou", "ou"}, {"organizationalunitname", "ou"}, {"2.5.4.11", "ou"},
	{"dc", "dc"}, {"domaincomponent", "dc"}, {"0.9.2342.19200300.100.1.25", "dc"},
	{"uid", "uid"}, {"userid", "uid"}, {"0.9.2342.19200300.100.1.1", "uid"},
	{"o", "o"}, {"organizationname", "o"}, {"2.5.4.10", "o"},
	{"c", "c"}, {"countryname", "c"}, {"2.5.4.6", "c"},
	{"l", "l"}, {"localityname", "l"}, {"2.5.4.7", "l"},
	{"st", "st"}, {"stateorprovincename", "st"}, {"2.5.4.8", "st"},
	{"street", "street"}, {"streetaddress", "street"}, {"2.5.4.9", "street"},
	{"sn", "sn"}, {"surname", "sn"}, {"2.5.4.4", "sn"},
	{"gn", "givenname"}, {"givenname", "givenname"}, {"2.5.4.42", "givenname"},
	{"title", "title"}, {"2.5.4.12", "title"},
	{"serialnumber", "serialnumber"}, {"2.5.4.5", "serialnumber"},
	{"mail", "mail"}, {"rfc822mailbox", "mail"}, {"0.9.2342.19200300.100.1.3", "mail"},
	{"employeenumber", "employeenumber"}, {"2.16.840.1.113730.3.1.3", "employeenumber"},
};

/* Characters that stand for themselves in a key; the rest is written as \hh, so that a key reads back in one way only. */
static void add_byte(struct text *t, unsigned char c)
{
	if (c < 0x20 || c == 0x7f || strchr(",+\"\\<>;=#", c))
		text_addf(t, "\\%02x", c);
	else
		text_add(t, slice_of(&c, 1));
}

/* One character at p of n > 0 bytes; returns how many it took. */
static size_t add_folded(struct text *t, const unsigned char *p, size_t n)
{
	char folded[2];
	size_t taken = fold_character((const char *)p, n, folded);

	if (taken == 1)
		add_byte(t, (unsigned char)folded[0]);
	else
		text_add(t, slice_of(folded, taken));
	return taken;
}

/* RFC 4518 section 2.6.1: blanks at the ends do not count, a run of them counts as one. */
static void add_without_case(struct text *t, const struct berval *v)
{
	const unsigned char *p = (const unsigned char *)v->bv_val;
	size_t i = 0, n = v->bv_len;

	while (n && p[n - 1] == ' ')
		n--;
	while (i < n && p[i] == ' ')
		i++;
	while (i < n) {
		if (p[i] == ' ' && p[i + 1] == ' ')
			i++;
		else
			i += add_folded(t, p + i, n - i);
	}
}

/* Blanks at the ends belong to the value; unescaped they would not read back. */
static void add_as_written(struct text *t, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == ' ' && (i == 0 || i + 1 == n))
			text_add_c(t, "\\20");
		else
			add_byte(t, p[i]);
	}
}

static const char *attribute_type(struct arena *a, const struct berval *v, bool *without_case)
{
	char *name = arena_copy(a, slice_of(v->bv_val, v->bv_len));

	for (char *p = name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
	for (size_t i = 0; i < sizeof naming_types / sizeof *naming_types; i++)
		if (strcmp(name, naming_types[i].written) == 0) {
			*without_case = true;
			return naming_types[i].name;
		}
	*without_case = false;
	return name;
}

static const char *ava_key(struct arena *a, const LDAPAVA *ava)
{
	bool without_case;
	const char *type = attribute_type(a, &ava->la_attr, &without_case);
	const unsigned char *value = (const unsigned char *)ava->la_value.bv_val;
	struct text t;

	text_begin(&t, a, strlen(type) + ava->la_value.bv_len + 16);
	text_add_c(&t, type);
	text_add_c(&t, "=");
	if (ava->la_flags & LDAP_AVA_BINARY) {
		text_add_c(&t, "#");
		for (size_t i = 0; i < ava->la_value.bv_len; i++)
			text_addf(&t, "%02x", value[i]);
	} else if (without_case) {
		add_without_case(&t, &ava->la_value);
	} else {
		add_as_written(&t, value, ava->la_value.bv_len);
	}
	return text_slice(&t).p;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The parts of a multi-valued RDN have no order (RFC 4514 section 2.2): sorted here. */
static void add_rdn(struct arena *a, struct text *t, LDAPRDN rdn)
{
	const char **keys;
	size_t n = 0;

	while (rdn[n])
		n++;
	keys = arena_alloc(a, n * sizeof *keys + 1);
	for (size_t i = 0; i < n; i++)
		keys[i] = ava_key(a, rdn[i]);
	qsort(keys, n, sizeof *keys, by_bytes);
	for (size_t i = 0; i < n; i++) {
		if (i)
			text_add_c(t, "+");
		text_add_c(t, keys[i]);
	}
}

/*
 * Nearly every DN is plain: letters, digits and a few marks, no escapes, blanks
 * one by one within a value.  Those need no parser, which is what makes a group
 * of 100,000 members cheap.  What is not obviously plain is left to libldap.
 */
enum { IN_TYPE = 1, IN_VALUE = 2, CAPITAL = 4 };

#define LETTERS(first, last, class) [first ... last] = (class)
static const unsigned char classes[256] = {
	LETTERS('a', 'z', IN_TYPE | IN_VALUE), LETTERS('A', 'Z', IN_TYPE | IN_VALUE | CAPITAL), LETTERS('0', '9', IN_VALUE),
	['-'] = IN_VALUE, ['_'] = IN_VALUE, ['.'] = IN_VALUE, ['@'] = IN_VALUE
};

static char lower_of(char c)
{
	return classes[(unsigned char)c] & CAPITAL ? (char)(c + ('a' - 'A')) : c;
}

/* Whether values of this type, in lower case, match without case; false as well for one that has another name. */
static bool plain_type(const char *type, size_t n, bool *without_case)
{
	*without_case = false;
	for (size_t i = 0; i < sizeof naming_types / sizeof *naming_types; i++) {
		const struct naming_type *t = &naming_types[i];

		if (t->written[0] != type[0] || strncmp(t->written, type, n) != 0 || t->written[n])
			continue;
		*without_case = true;
		return strcmp(t->written, t->name) == 0;
	}
	return true;
}

/* NULL: not plain, or not a DN. */
static const char *plain_key(struct arena *a, const char *dn)
{
	char *key = arena_alloc(a, strlen(dn) + 1), *out = key;

	for (;;) {
		const char *type = out, *value;
		bool without_case;

		while (classes[(unsigned char)*dn] & IN_TYPE)
			*out++ = lower_of(*dn++);
		if (out == type || *dn != '=' || !plain_type(type, (size_t)(out - type), &without_case))
			return NULL;
		*out++ = *dn++;
		value = out;
		while (classes[(unsigned char)*dn] & IN_VALUE ||
			(*dn == ' ' && out > value && classes[(unsigned char)dn[1]] & IN_VALUE)) {
			*out++ = without_case ? lower_of(*dn) : *dn;
			dn++;
		}
		if (out == value)
			return NULL;
		if (!*dn)
			return key;
		if (*dn != ',')
			return NULL;
		*out++ = *dn++;
	}
}

static bool has_hex_value(LDAPDN dn)
{
	for (size_t i = 0; dn[i]; i++)
		for (size_t k = 0; dn[i][k]; k++)
			if (dn[i][k]->la_flags & LDAP_AVA_BINARY)
				return true;
	return false;
}

/*
 * RFC 4514 section 2.4: `#` and pairs of hex digits, up to the next part.
 * libldap takes none at all, and drops what follows behind a blank, so that
 * two texts would become one key.  `=#` within another value is refused with
 * it, where both stand in one DN.
 */
static bool hex_values_are_whole(const char *dn)
{
	for (const char *p = strchr(dn, '='); p; p = strchr(p, '=')) {
		size_t n;

		p++;
		p += strspn(p, " \t\n\r");
		if (*p != '#')
			continue;
		n = strspn(++p, "0123456789abcdefABCDEF");
		if (n == 0 || n % 2 || (p[n] && !strchr(",+;", p[n])))
			return false;
	}
	return true;
}

int dn_normalize(struct arena *a, const char *dn, const char **key_out)
{
	const char *plain = plain_key(a, dn);
	LDAPDN parsed = NULL;
	struct text t;

	if (plain) {
		*key_out = plain;
		return 0;
	}
	if (ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
		return -1;
	if (!parsed || !parsed[0] || (has_hex_value(parsed) && !hex_values_are_whole(dn))) {
		ldap_dnfree(parsed);
		return -1;
	}
	text_begin(&t, a, strlen(dn) + 16);
	for (size_t i = 0; parsed[i]; i++) {
		if (i)
			text_add_c(&t, ",");
		add_rdn(a, &t, parsed[i]);
	}
	ldap_dnfree(parsed);
	*key_out = text_slice(&t).p;
	return 0;
}
