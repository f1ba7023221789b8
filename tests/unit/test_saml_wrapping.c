/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Wrapped signatures: what was signed stands where it is not read, and something else where it is. */
#include "tests/unit/saml_attacks_stage.h"

/* ---- XSW 1 to 8 ---- */

/* `evil` takes the place of `element`, which is then nowhere. */
static void replace(xmlNodePtr element, xmlNodePtr evil)
{
	if (element->parent == (xmlNodePtr)element->doc)
		xmlDocSetRootElement(element->doc, evil);
	else
		xmlReplaceNode(element, evil);
}

/* The signature behind the Issuer of `evil`, where it is looked for. */
static void attach(xmlNodePtr evil, xmlNodePtr signature)
{
	xmlUnlinkNode(signature);
	xmlAddNextSibling(forge_find(evil->children, NS_SAML, "Issuer"), signature);
}

static void append_in(xmlNodePtr parent, const char *ns, const char *name, xmlNodePtr child)
{
	xmlNodePtr box = xmlNewChild(parent, NULL, BAD_CAST name, NULL);

	xmlSetNs(box, xmlNewNs(box, BAD_CAST ns, NULL));
	xmlAddChild(box, child);
}

/* The eight places, after the paper "On Breaking SAML" (2012) and the tools that followed it. */
static void wrap(xmlDocPtr doc, enum forge_sign what, int variant)
{
	xmlNodePtr element = target(doc, what), evil = evil_copy(element), signature = own_signature(element);

	switch (variant) {
	case 1:                         /* the honest one inside its own signature */
		replace(element, evil);
		attach(evil, signature);
		xmlAddChild(signature, element);
		break;
	case 2:                         /* the honest one beside its signature */
		replace(element, evil);
		attach(evil, signature);
		xmlAddPrevSibling(signature, element);
		break;
	case 3:                         /* the evil one first, the honest one whole behind it */
		replace(element, evil);
		if (what == FORGE_ASSERTION)
			xmlAddNextSibling(evil, element);
		else
			xmlAddChild(evil, element);
		break;
	case 4:                         /* the honest one whole inside the evil one */
		replace(element, evil);
		xmlAddChild(evil, element);
		break;
	case 5:                         /* the evil one carries the signature, the honest one stands at the end */
		replace(element, evil);
		attach(evil, signature);
		xmlAddChild(xmlDocGetRootElement(doc), element);
		break;
	case 6:                         /* the honest one inside KeyInfo of the signature */
		replace(element, evil);
		attach(evil, signature);
		xmlAddChild(forge_find(signature, NS_DS, "KeyInfo"), element);
		break;
	case 7:                         /* the honest one in Extensions */
		replace(element, evil);
		attach(evil, signature);
		append_in(xmlDocGetRootElement(doc), NS_SAMLP, "Extensions", element);
		break;
	default:                        /* the honest one in an Object of the signature */
		replace(element, evil);
		attach(evil, signature);
		append_in(signature, NS_DS, "Object", element);
	}
}

/* One test for each variant and each way of signing; both signed: the Response, which covers all, is wrapped. */
#define WRAPPED(name, what, variant) \
	static void rearrange_##name(xmlDocPtr doc) \
	{ \
		wrap(doc, what, variant); \
	} \
	static void name(void **state) \
	{ \
		(void)state; \
		forge_refused(&(struct forge){.sign = what, .rearrange = rearrange_##name}, REASON_ASSERTION_COUNT); \
	}

WRAPPED(refuses_wrapped_signature_xsw1_assertion, FORGE_ASSERTION, 1)
WRAPPED(refuses_wrapped_signature_xsw1_response, FORGE_RESPONSE, 1)
WRAPPED(refuses_wrapped_signature_xsw1_both, FORGE_BOTH, 1)
WRAPPED(refuses_wrapped_signature_xsw2_assertion, FORGE_ASSERTION, 2)
WRAPPED(refuses_wrapped_signature_xsw2_response, FORGE_RESPONSE, 2)
WRAPPED(refuses_wrapped_signature_xsw2_both, FORGE_BOTH, 2)
WRAPPED(refuses_wrapped_signature_xsw3_assertion, FORGE_ASSERTION, 3)
WRAPPED(refuses_wrapped_signature_xsw3_response, FORGE_RESPONSE, 3)
WRAPPED(refuses_wrapped_signature_xsw3_both, FORGE_BOTH, 3)
WRAPPED(refuses_wrapped_signature_xsw4_assertion, FORGE_ASSERTION, 4)
WRAPPED(refuses_wrapped_signature_xsw4_response, FORGE_RESPONSE, 4)
WRAPPED(refuses_wrapped_signature_xsw4_both, FORGE_BOTH, 4)
WRAPPED(refuses_wrapped_signature_xsw5_assertion, FORGE_ASSERTION, 5)
WRAPPED(refuses_wrapped_signature_xsw5_response, FORGE_RESPONSE, 5)
WRAPPED(refuses_wrapped_signature_xsw5_both, FORGE_BOTH, 5)
WRAPPED(refuses_wrapped_signature_xsw6_assertion, FORGE_ASSERTION, 6)
WRAPPED(refuses_wrapped_signature_xsw6_response, FORGE_RESPONSE, 6)
WRAPPED(refuses_wrapped_signature_xsw6_both, FORGE_BOTH, 6)
WRAPPED(refuses_wrapped_signature_xsw7_assertion, FORGE_ASSERTION, 7)
WRAPPED(refuses_wrapped_signature_xsw7_response, FORGE_RESPONSE, 7)
WRAPPED(refuses_wrapped_signature_xsw7_both, FORGE_BOTH, 7)
WRAPPED(refuses_wrapped_signature_xsw8_assertion, FORGE_ASSERTION, 8)
WRAPPED(refuses_wrapped_signature_xsw8_response, FORGE_RESPONSE, 8)
WRAPPED(refuses_wrapped_signature_xsw8_both, FORGE_BOTH, 8)

/* The same for what lies deeper: the count of assertions does not help when the one that is left is not the signed one. */
static void move_signature_to_the_response(xmlDocPtr doc)
{
	xmlNodePtr root = xmlDocGetRootElement(doc), signature = own_signature(target(doc, FORGE_ASSERTION));

	attach(root, signature);
}

static void move_signature_to_the_assertion(xmlDocPtr doc)
{
	attach(target(doc, FORGE_ASSERTION), own_signature(xmlDocGetRootElement(doc)));
}

static void refuses_signature_referencing_other_node(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.rearrange = move_signature_to_the_response}, REASON_SIGNATURE_REFERENCE);
	forge_refused(&(struct forge){.sign = FORGE_RESPONSE, .rearrange = move_signature_to_the_assertion},
		REASON_SIGNATURE_REFERENCE);
}

/* ---- wrapped, and still one assertion in the document ---- */

enum id_of_evil { EVIL_OWN_ID, EVIL_SAME_ID, EVIL_ONLY_ID };

static void set_ids(xmlNodePtr honest, xmlNodePtr evil, enum id_of_evil id)
{
	xmlChar *value = xmlGetNoNsProp(honest, BAD_CAST "ID");

	if (id != EVIL_OWN_ID) {
		xmlSetProp(evil, BAD_CAST "ID", value);
		xmlUnsetProp(honest, BAD_CAST "ID");
	}
	if (id == EVIL_SAME_ID)
		xmlSetProp(honest, BAD_CAST "Id", value);
	xmlFree(value);
}

/* The honest element goes under another name into KeyInfo, the one place of a signature that may hold anything. */
static void hide_assertion(xmlDocPtr doc, enum id_of_evil id)
{
	xmlNodePtr honest = target(doc, FORGE_ASSERTION), evil = evil_copy(honest), signature = own_signature(honest);

	replace(honest, evil);
	attach(evil, signature);
	xmlSetNs(honest, xmlNewNs(honest, BAD_CAST "urn:x", BAD_CAST "x"));
	xmlAddChild(forge_find(signature, NS_DS, "KeyInfo"), honest);
	set_ids(honest, evil, id);
}

/* The honest Response, whole but for its assertion, which under another name is the evil one. */
static void hide_response(xmlDocPtr doc, enum id_of_evil id)
{
	xmlNodePtr honest = xmlDocGetRootElement(doc), evil = evil_copy(honest), signature = own_signature(honest), assertion;

	replace(honest, evil);
	attach(evil, signature);
	assertion = forge_find(honest->children, NS_SAML, "Assertion");
	xmlUnlinkNode(assertion);
	xmlFreeNode(assertion);
	xmlAddChild(forge_find(signature, NS_DS, "KeyInfo"), honest);
	set_ids(honest, evil, id);
}

#define HIDDEN(name, what, hide, id, reason) \
	static void rearrange_##name(xmlDocPtr doc) \
	{ \
		hide(doc, id); \
	} \
	static void name(void **state) \
	{ \
		(void)state; \
		forge_refused(&(struct forge){.sign = what, .rearrange = rearrange_##name}, reason); \
	}

HIDDEN(refuses_signature_of_a_hidden_assertion, FORGE_ASSERTION, hide_assertion, EVIL_OWN_ID, REASON_SIGNATURE_REFERENCE)
HIDDEN(refuses_the_id_of_a_hidden_assertion, FORGE_ASSERTION, hide_assertion, EVIL_SAME_ID, REASON_DUPLICATE_ID)
HIDDEN(refuses_to_verify_instead_of_a_hidden_assertion, FORGE_ASSERTION, hide_assertion, EVIL_ONLY_ID, REASON_SIGNATURE_INVALID)
HIDDEN(refuses_signature_of_a_hidden_response, FORGE_RESPONSE, hide_response, EVIL_OWN_ID, REASON_SIGNATURE_REFERENCE)
HIDDEN(refuses_the_id_of_a_hidden_response, FORGE_RESPONSE, hide_response, EVIL_SAME_ID, REASON_DUPLICATE_ID)
HIDDEN(refuses_to_verify_instead_of_a_hidden_response, FORGE_RESPONSE, hide_response, EVIL_ONLY_ID, REASON_SIGNATURE_INVALID)

/* The signature names the honest element by what an XML schema, or another parser, could take for its ID. */
static void refuses_other_ways_to_name_an_element(void **state)
{
	static const char *const uris[] = {
		"", "#", "#xpointer(/)", "#xpointer(id('" FORGE_ASSERTION_ID "'))", "#xmlns(a=" NS_SAML ")xpointer(//a:Assertion)",
		"#element(/1)", "# " FORGE_ASSERTION_ID, "#" FORGE_ASSERTION_ID " ", FORGE_ASSERTION_ID, "#" FORGE_RESPONSE_ID,
		"response.xml#" FORGE_ASSERTION_ID, "file:///etc/passwd",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(*uris); i++)
		forge_refused(&(struct forge){.after = {{"URI=\"#" FORGE_ASSERTION_ID "\"",
			arena_printf(forge_arena(), "URI=\"%s\"", uris[i])}}}, REASON_SIGNATURE_REFERENCE);
}

/* What the bytes under the signature call an assertion must be one where it is read, and the other way round. */
static void refuses_namespaces_that_change_after_signing(void **state)
{
	static const struct forge_edit edits[][2] = {
		{{"<Subject>", "<Subject xmlns=\"" NS_SAML "\" xmlns:samlp=\"urn:x\"><x xmlns=\"\"/>"}},
		{{"<NameID ", "<n:NameID xmlns:n=\"" NS_SAML "\" "}, {"</NameID>", "</n:NameID>"}},
		{{"<AttributeStatement>", "<AttributeStatement xmlns:a=\"urn:x\"><a:Attribute/>"}},
		{{"<Audience>", "<Audience xmlns:a=\"urn:x\" a:b=\"c\">"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++)
		forge_refused(&(struct forge){.after = {edits[i][0], edits[i][1]}}, REASON_SIGNATURE_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw1_assertion, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw1_response, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw1_both, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw2_assertion, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw2_response, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw2_both, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw3_assertion, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw3_response, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw3_both, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw4_assertion, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw4_response, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw4_both, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw5_assertion, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw5_response, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw5_both, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw6_assertion, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw6_response, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw6_both, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw7_assertion, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw7_response, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw7_both, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw8_assertion, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw8_response, forge_reset),
		cmocka_unit_test_teardown(refuses_wrapped_signature_xsw8_both, forge_reset),
		cmocka_unit_test_teardown(refuses_signature_referencing_other_node, forge_reset),
		cmocka_unit_test_teardown(refuses_signature_of_a_hidden_assertion, forge_reset),
		cmocka_unit_test_teardown(refuses_the_id_of_a_hidden_assertion, forge_reset),
		cmocka_unit_test_teardown(refuses_to_verify_instead_of_a_hidden_assertion, forge_reset),
		cmocka_unit_test_teardown(refuses_signature_of_a_hidden_response, forge_reset),
		cmocka_unit_test_teardown(refuses_the_id_of_a_hidden_response, forge_reset),
		cmocka_unit_test_teardown(refuses_to_verify_instead_of_a_hidden_response, forge_reset),
		cmocka_unit_test_teardown(refuses_other_ways_to_name_an_element, forge_reset),
		cmocka_unit_test_teardown(refuses_namespaces_that_change_after_signing, forge_reset),
	};

	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
