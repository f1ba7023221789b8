/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Foreign XML, read once and strictly.  For saml/ only.
 *
 * xml_read is the one parse of a message: every value is later taken from the
 * document it gives, and the signature is verified on the same nodes.  It
 * refuses while parsing, so that nothing large is ever built: any DOCTYPE (and
 * with it entities), CDATA, comments and processing instructions (not in
 * metadata), any encoding but UTF-8, undeclared prefixes, relative namespace
 * names, xml:id and xml:base, an ID attribute inside a namespace, two equal
 * IDs, and what is beyond the limits of its rules.  No network, no XInclude,
 * no catalogues, no schema.
 *
 * The walkers below see elements; text between them must be blank.  Strings
 * and slices handed out belong to the document: copy what outlives it.
 */
#ifndef SAML_XML_H
#define SAML_XML_H

#include "base/error.h"
#include "base/slice.h"
#include "base/text.h"

#include <stdint.h>

typedef struct _xmlDoc xml_doc;
typedef struct _xmlNode xml_node;

#define XML_NS_PROTOCOL "urn:oasis:names:tc:SAML:2.0:protocol"
#define XML_NS_ASSERTION "urn:oasis:names:tc:SAML:2.0:assertion"
#define XML_NS_METADATA "urn:oasis:names:tc:SAML:2.0:metadata"
#define XML_NS_SIGNATURE "http://www.w3.org/2000/09/xmldsig#"
#define XML_NS_ENCRYPTION "http://www.w3.org/2001/04/xmlenc#"
#define XML_NS_ENCRYPTION11 "http://www.w3.org/2009/xmlenc11#"
#define XML_NS_EXC_C14N "http://www.w3.org/2001/10/xml-exc-c14n#"

/* How strictly, and with which words for a refusal. */
struct xml_rules {
	size_t bytes;                   /* of the document */
	int depth;                      /* of nested elements */
	size_t nodes;                   /* elements and attributes */
	size_t namespaces;              /* declared in the whole document; 0: no limit of their own */
	bool comments;                  /* comments and processing instructions are dropped, not refused */
	enum reason malformed;          /* not well-formed XML in UTF-8 */
	enum reason too_large;
	enum reason doctype;
	enum reason comment;            /* also processing instructions and CDATA */
	enum reason shape;              /* names, namespaces, nesting; what the walkers give */
	enum reason duplicate_id;
};

extern const struct xml_rules xml_rules_response, xml_rules_request, xml_rules_logout, xml_rules_metadata;

int xml_read(struct slice bytes, const struct xml_rules *rules, xml_doc **out, struct error *err);
/* The same; *read_out: how many bytes were read, also where it refuses. */
int xml_read_counted(struct slice bytes, const struct xml_rules *rules, xml_doc **out, size_t *read_out, struct error *err);
void xml_free(xml_doc *doc);                            /* NULL is fine */

/* No ID of one document is in the other (both were read by `rules`); `rules` have the words of a refusal. */
int xml_require_distinct_ids(const xml_doc *first, const xml_doc *second, const struct xml_rules *rules, struct error *err);

xml_node *xml_root(const xml_doc *doc);
bool xml_is(const xml_node *node, const char *ns, const char *name);
const char *xml_name(const xml_node *node);             /* local name, for details */
bool xml_in(const xml_node *node, const char *ns);

/* Elements only, in document order; NULL at the end. */
xml_node *xml_first(const xml_node *parent);
xml_node *xml_next(const xml_node *node);
/* The next element of the whole tree below `top`, in document order; start with node = top. */
xml_node *xml_walk(const xml_node *node, const xml_node *top);

/* How many children have that name; *out (may be NULL) is the first of them, NULL when none. */
size_t xml_children(const xml_node *parent, const char *ns, const char *name, xml_node **out);
/* How many elements of the tree from `top` on, itself included. */
size_t xml_count(const xml_node *top, const char *ns, const char *name);

/* Exactly one such child, else `reason` with its name in the detail. */
int xml_require_child(const xml_node *parent, const char *ns, const char *name, enum reason reason, xml_node **out,
	struct error *err);
/* One (0, *out set), none (0, *out NULL), more: `reason`. */
int xml_optional_child(const xml_node *parent, const char *ns, const char *name, enum reason reason, xml_node **out,
	struct error *err);
/* No text but blanks between the children. */
int xml_require_no_text(const xml_node *parent, enum reason reason, struct error *err);

/* Writes xmlns attributes that declare what is in scope at `node`. */
void xml_add_namespaces(struct text *t, const xml_node *node);

/* An attribute without namespace; NULL when it is not there. */
const char *xml_attribute(const xml_node *node, const char *name);
/* There, not empty, without control characters, else `reason`. */
int xml_require_attribute(const xml_node *node, const char *name, enum reason reason, const char **out, struct error *err);
/* xs:boolean; missing: `missing`.  0 or -1 with `reason`. */
int xml_boolean(const xml_node *node, const char *name, bool missing, enum reason reason, bool *out, struct error *err);
/* xs:dateTime as of time_read; missing is refused. */
int xml_time(const xml_node *node, const char *name, enum reason reason, int64_t *out, struct error *err);
/* True when every attribute without namespace is one of `names` (NULL-terminated) and none has a namespace. */
bool xml_attributes_among(const xml_node *node, const char *const *names);

/* The content of an element that holds exactly one text node and nothing else, without control characters but tab, CR, LF. */
int xml_text(const xml_node *node, enum reason reason, struct slice *out, struct error *err);
/* Neither text nor elements nor anything else within. */
bool xml_is_empty(const xml_node *node);
/*
 * The same as a value for people and rules: a C string, not empty, without any
 * control character.
 */
int xml_value(const xml_node *node, enum reason reason, const char **out, struct error *err);

/* Registers the element's `ID`, so that a signature's Reference finds it and only it.  0 or -1 with `reason`. */
int xml_register_id(xml_node *element, enum reason reason, const char **id_out, struct error *err);

#endif
