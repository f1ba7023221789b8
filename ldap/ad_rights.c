/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See ad_rights.h. */
#include "ldap/ad_rights.h"

#include "ldap/ad_values.h"

#include <endian.h>

#define DESCRIPTOR_SIZE 20
#define DACL_PRESENT 0x4
#define ACL_HEAD 8
#define ACE_HEAD 4
#define SID_HEAD 8

#define INHERIT_ONLY 0x8
#define OBJECT_TYPE 1u
#define INHERITED_TYPE 2u

/* Writing properties; anything; the rights to give oneself rights. */
#define WRITES (0x20u | 0x40000000u | 0x10000000u | 0x40000u | 0x80000u)

enum ace_type { ACE_ALLOWED = 0, ACE_DENIED = 1, ACE_ALLOWED_OBJECT = 5, ACE_DENIED_OBJECT = 6 };

static uint16_t u16(const unsigned char *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static uint32_t u32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

/* NULL: one that means some people only. */
static const char *many(struct slice sid)
{
	static const struct {
		const char *sid, *word;
	} known[] = {
		{"S-1-5-10", "SELF"}, {"S-1-1-0", "Everyone"}, {"S-1-5-11", "Authenticated Users"}, {"S-1-5-32-545", "Users"},
		{"S-1-5-7", "Anonymous"},
	};
	char text[SID_TEXT_SIZE];
	size_t n;

	if (sid_text(sid, text) < 0)
		return NULL;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(text, known[i].sid) == 0)
			return known[i].word;
	n = strlen(text);
	return strncmp(text, "S-1-5-21-", 9) == 0 && n > 4 && strcmp(text + n - 4, "-513") == 0 ? "Domain Users" : NULL;
}

static bool is_meant(const unsigned char *guid, const struct attribute_rights *attribute)
{
	struct slice s = slice_of(guid, UUID_SIZE);

	return slice_equal(s, attribute->guid) || (attribute->set.p && slice_equal(s, attribute->set));
}

/* Who is spoken of in this entry of the list, when it is about writing this attribute; NULL: nobody. */
static const char *ace_writer(const unsigned char *p, size_t n, const struct attribute_rights *attribute, bool *denied)
{
	bool object = p[0] == ACE_ALLOWED_OBJECT || p[0] == ACE_DENIED_OBJECT;
	size_t at = ACE_HEAD + 4 + (object ? 4 : 0);
	uint32_t flags;

	if ((p[0] != ACE_ALLOWED && p[0] != ACE_DENIED && !object) || p[1] & INHERIT_ONLY || n < at)
		return NULL;
	if (!(u32(p + ACE_HEAD) & WRITES))
		return NULL;
	flags = object ? u32(p + ACE_HEAD + 4) : 0;
	if (flags & OBJECT_TYPE) {
		if (n < at + UUID_SIZE || !is_meant(p + at, attribute))
			return NULL;
		at += UUID_SIZE;
	}
	at += flags & INHERITED_TYPE ? UUID_SIZE : 0;
	if (n < at + SID_HEAD || n < at + SID_HEAD + (size_t)p[at + 1] * 4)
		return NULL;
	*denied = p[0] == ACE_DENIED || p[0] == ACE_DENIED_OBJECT;
	return many(slice_of(p + at, SID_HEAD + (size_t)p[at + 1] * 4));
}

int rights_writer(struct slice descriptor, const struct attribute_rights *attribute, const char **who)
{
	const unsigned char *p = (const unsigned char *)descriptor.p, *ace;
	size_t dacl, end, count;

	if (descriptor.n < DESCRIPTOR_SIZE || p[0] != 1)
		return -1;
	dacl = u32(p + 16);
	if (!(u16(p + 2) & DACL_PRESENT) || dacl == 0) {
		*who = "Everyone";      /* without a list nothing is forbidden */
		return 1;
	}
	if (dacl > descriptor.n || descriptor.n - dacl < ACL_HEAD || u16(p + dacl + 2) > descriptor.n - dacl)
		return -1;
	end = dacl + u16(p + dacl + 2);
	count = u16(p + dacl + 4);
	ace = p + dacl + ACL_HEAD;
	for (size_t i = 0; i < count; i++) {
		size_t left = (size_t)(p + end - ace), n;
		const char *word;
		bool denied = false;

		if (left < ACE_HEAD || left < u16(ace + 2) || u16(ace + 2) < ACE_HEAD)
			return -1;
		n = u16(ace + 2);
		word = ace_writer(ace, n, attribute, &denied);
		if (word && denied && strcmp(word, "SELF") != 0 && strcmp(word, "Everyone") != 0)
			word = NULL;    /* keeps out some of those that a later entry lets in, at most */
		if (word) {
			*who = word;
			return !denied;
		}
		ace += n;
	}
	return 0;
}
