# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks on a service provider, as changes to an honest answer: names of tests/attacks.txt, what is done, what must be said.

`SAID` is changed before the identity provider signs (so the signature is good
and the field itself is what is refused), `CHANGED` and `MOVED` after it (an
attacker without a key).  A pattern that is not found fails the test: none
passes because it changed nothing.
"""
import copy
import re

import xmlsec
from lxml import etree

from entra_shape import ASSERTION, DSIG, MICROSOFT, PROTOCOL, RSA_SHA1, SHA1, Signer, find, new_id
from parts import company

ANY = ("assertion", "response", "both")
C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
OTHER = "https://other.example.org/acs"
BAD_REQUEST, FORBIDDEN, TOO_LARGE = 400, 403, 413


def edited(text, *edits):
    for pattern, replacement in edits:
        text, n = re.subn(pattern, lambda _, to=replacement: to, text, count=1, flags=re.S)
        assert n == 1, f"{pattern} is not in {text}"
    return text


def element(name, inner=".*?"):
    return f"<{name}[ >]{inner}</{name}>"


# ---- said before signing: name -> (edits, reason[, status[, what is signed]]) ----

WITHOUT = "refuses_response_without_"
NOT_AFTER = r' NotOnOrAfter="[^"]*"'
ATTRIBUTE = '<Attribute Name="{}"[^>]*>.*?</Attribute>'
TENANT = ATTRIBUTE.format(MICROSOFT + "tenantid")
ISSUER = '<Issuer xmlns="[^"]*">.*?</Issuer>'

SAID = {
    WITHOUT + "version": ([(r' Version="2.0" IssueInstant', " IssueInstant")], "xml-shape", BAD_REQUEST),
    WITHOUT + "issue_instant": ([(r' IssueInstant="[^"]*"', "")], "issue-instant"),
    WITHOUT + "destination": ([(r' Destination="[^"]*"', "")], "wrong-destination"),
    WITHOUT + "issuer": ([(ISSUER, "")], "wrong-issuer"),
    WITHOUT + "status": ([("<samlp:Status>.*?</samlp:Status>", "")], "status-not-success"),
    WITHOUT + "status_code": ([("<samlp:StatusCode[^>]*/>", "")], "status-not-success"),
    WITHOUT + "assertion": (
        [("<Assertion ", "<Statement "), ("</Assertion>", "</Statement>")],
        "assertion-count", FORBIDDEN, ("response",)),
    WITHOUT + "assertion_id": ([(r'<Assertion ID="[^"]*"', "<Assertion")], "xml-shape", BAD_REQUEST, ("response",)),
    WITHOUT + "assertion_version": ([(r' Version="2.0" xmlns', " xmlns")], "xml-shape", BAD_REQUEST),
    WITHOUT + "assertion_issue_instant": (
        [(r' IssueInstant="[^"]*" Version="2.0" xmlns', ' Version="2.0" xmlns')],
        "issue-instant"),
    WITHOUT + "assertion_issuer": ([("<Issuer>.*?</Issuer>", "")], "wrong-issuer", FORBIDDEN, ("response",)),
    WITHOUT + "subject": ([(element("Subject"), "")], "no-subject"),
    WITHOUT + "name_id": ([(element("NameID"), "")], "no-subject"),
    WITHOUT + "subject_confirmation": ([(element("SubjectConfirmation"), "")], "wrong-confirmation"),
    WITHOUT + "confirmation_method": ([(r' Method="[^"]*"', "")], "wrong-confirmation"),
    WITHOUT + "subject_confirmation_data": ([("<SubjectConfirmationData[^>]*/>", "")], "wrong-confirmation"),
    WITHOUT + "recipient": ([(r' Recipient="[^"]*"', "")], "wrong-recipient"),
    WITHOUT + "in_response_to_in_its_subject": ([(r'Data InResponseTo="[^"]*"', "Data")], "wrong-in-response-to"),
    WITHOUT + "end_of_confirmation": ([(NOT_AFTER + " Recipient", " Recipient")], "wrong-confirmation"),
    WITHOUT + "conditions": ([(element("Conditions"), "")], "no-conditions"),
    WITHOUT + "not_before": ([(r' NotBefore="[^"]*"', "")], "no-conditions"),
    WITHOUT + "not_on_or_after": ([(NOT_AFTER + ">", ">")], "no-conditions"),
    WITHOUT + "audience_restriction": ([(element("AudienceRestriction"), "")], "wrong-audience"),
    WITHOUT + "audience": ([(element("Audience"), "")], "wrong-audience"),
    WITHOUT + "authn_statement": ([(element("AuthnStatement"), "")], "no-authn-statement"),
    WITHOUT + "authn_instant": ([(r' AuthnInstant="[^"]*"', "")], "no-authn-statement"),
    WITHOUT + "session_index": ([(r' SessionIndex="[^"]*"', "")], "no-authn-statement"),
    WITHOUT + "tenant": ([(TENANT, "")], "wrong-tenant"),
    "refuses_wrong_audience": ([("<Audience>.*?</Audience>", f"<Audience>{OTHER}</Audience>")], "wrong-audience"),
    "refuses_wrong_recipient": ([(r' Recipient="[^"]*"', f' Recipient="{OTHER}"')], "wrong-recipient"),
    "refuses_wrong_destination": ([(r' Destination="[^"]*"', f' Destination="{OTHER}"')], "wrong-destination"),
    "refuses_unknown_in_response_to": (
        [(r' InResponseTo="[^"]*" xmlns', ' InResponseTo="_ffff" xmlns')],
        "wrong-in-response-to"),
    "refuses_unsolicited": ([(r' InResponseTo="[^"]*" xmlns', " xmlns")], "unsolicited"),
    "refuses_assertion_inside_an_attribute": (
        [("<AttributeValue>", '<AttributeValue><Assertion ID="_x"/>')],
        "assertion-count"),
    "refuses_another_tenant": (
        [(f"<AttributeValue>{company.TENANT}<", "<AttributeValue>11111111-4f50-4a61-8b72-93a4b5c6d7e8<")],
        "wrong-tenant"),
    "refuses_duplicate_attribute": (
        [("<AttributeStatement>", f'<AttributeStatement><Attribute Name="{MICROSOFT}objectidentifier">'
          "<AttributeValue>x</AttributeValue></Attribute>")], "duplicate-attribute"),
    "refuses_empty_name_id": ([("(?<=>)[^<]*</NameID>", "</NameID>")], "bad-name-id"),
    "refuses_name_id_with_trailing_newline": ([("</NameID>", "\n</NameID>")], "bad-name-id"),
    "refuses_two_subject_confirmations": (
        [("</SubjectConfirmation>", '</SubjectConfirmation><SubjectConfirmation Method="x"/>')],
        "wrong-confirmation"),
}

# ---- said by fields of the answer: name -> (fields, reason) ----

ANSWERED = {
    "refuses_expired_conditions": (dict(not_before=-7200, not_on_or_after=-600), "expired"),
    "refuses_expired_confirmation": (dict(confirmed_until=-600), "confirmation-expired"),
    "refuses_not_yet_valid": (dict(not_before=1200, not_on_or_after=7200), "not-yet-valid"),
    "refuses_rsa_sha1": (dict(method=RSA_SHA1), "signature-algorithm"),
    "refuses_sha1_digest": (dict(digest=SHA1), "signature-algorithm"),
    "refuses_unsigned": (dict(signed="nothing"), "unsigned"),
}

# ---- changed in the text after signing: name -> (edits, reason[, status]) ----

XPATH, XSLT = "http://www.w3.org/TR/1999/REC-xpath-19991116", "http://www.w3.org/TR/1999/REC-xslt-19991116"
ENVELOPED = f'<Transform Algorithm="{DSIG}enveloped-signature"/>'
ASSERTION_ID = r' ID="[^"]*"(?=[^>]*><Issuer>)'
DOCTYPE = '<!DOCTYPE r [<!ENTITY x "{}">]><samlp:Response'
REFERENCE = ('</Reference><Reference URI="#_x"><Transforms/><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
             "<DigestValue>AAAA</DigestValue></Reference>")
EMPTY_DIGEST = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

CHANGED = {
    "refuses_edit_after_signing": ([("(?<=>)[^<]*</NameID>", "admin@example.org</NameID>")], "signature-invalid"),
    "refuses_second_digest_in_extension": (
        [("<samlp:Status>",
          f'<samlp:Extensions><DigestValue xmlns="{DSIG}">AAAA</DigestValue></samlp:Extensions><samlp:Status>')],
        "xml-shape", BAD_REQUEST),
    "refuses_two_signed_infos": (
        [("<SignedInfo>", f'<SignedInfo><CanonicalizationMethod Algorithm="{C14N}"/></SignedInfo><SignedInfo>')],
        "signature-shape"),
    "refuses_two_references": ([("</Reference>", REFERENCE)], "signature-shape"),
    "refuses_response_without_reference": ([(element("Reference"), "")], "signature-shape"),
    "refuses_comment_in_digest_value": ([("<DigestValue>", "<DigestValue><!-- x -->")], "xml-comment", BAD_REQUEST),
    "refuses_transform_xpath": (
        [(re.escape(ENVELOPED), f'<Transform Algorithm="{XPATH}"><XPath>1</XPath></Transform>')],
        "signature-transform"),
    "refuses_transform_xslt": (
        [(re.escape(ENVELOPED),
          f'<Transform Algorithm="{XSLT}"><s:stylesheet xmlns:s="http://www.w3.org/1999/XSL/Transform"/></Transform>')],
        "signature-transform"),
    "refuses_relative_namespace": ([("<Subject>", '<Subject xmlns:x="1">')], "xml-shape", BAD_REQUEST),
    "refuses_digest_of_empty_string": ([("<DigestValue>[^<]*<", f"<DigestValue>{EMPTY_DIGEST}<")], "signature-invalid"),
    "refuses_saml_prefixed_id": ([("<Assertion ", f'<Assertion s:ID="_x" xmlns:s="{ASSERTION}" ')], "xml-shape", BAD_REQUEST),
    "refuses_duplicate_id": ([("<samlp:Status>", '<samlp:Status ID="_a" Id="_a">')], "duplicate-id", BAD_REQUEST),
    "refuses_comment_in_name_id": ([("@example.org</NameID>", "@example<!-- -->.org</NameID>")], "xml-comment", BAD_REQUEST),
    "refuses_comment_in_attribute": (
        [("@example.org</AttributeValue>", "@example<!-- -->.org</AttributeValue>")],
        "xml-comment", BAD_REQUEST),
    "refuses_cdata_in_name_id": ([("@example.org</NameID>", "@example<![CDATA[.org]]></NameID>")], "xml-comment", BAD_REQUEST),
    "refuses_cdata_in_attribute": (
        [("@example.org</AttributeValue>", "@example<![CDATA[.org]]></AttributeValue>")],
        "xml-comment", BAD_REQUEST),
    "refuses_processing_instruction_in_signed_text": (
        [("@example.org</NameID>", "@example<?x y?>.org</NameID>")],
        "xml-comment", BAD_REQUEST),
    "refuses_any_doctype": ([("<samlp:Response", DOCTYPE.format("y"))], "doctype", BAD_REQUEST),
    "refuses_external_entity": (
        [("<samlp:Response", '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><samlp:Response'),
         ("(?<=>)[^<]*</NameID>", "&x;</NameID>")],
        "doctype", BAD_REQUEST),
    "refuses_entity_in_id_attribute": (
        [("<samlp:Response", DOCTYPE.format("_x")), (ASSERTION_ID, ' ID="&x;"')],
        "doctype", BAD_REQUEST),
    "refuses_two_documents_in_one": ([("$", "<x/>")], "response-malformed", BAD_REQUEST),
    "refuses_namespace_parser_variants": ([("<Subject>", '<Subject x:a="1">')], "xml-shape", BAD_REQUEST),
    "refuses_deep_nesting": (
        [("<AttributeStatement>", "<AttributeStatement>" + "<a>" * 60 + "</a>" * 60)],
        "response-too-large", TOO_LARGE),
    "refuses_crowded_elements_at_once": (
        [("<Subject>", "<Subject" + "".join(f' a{i}=""' for i in range(200)) + ">")],
        "response-too-large", TOO_LARGE),
    "refuses_external_reference": ([('URI="#[^"]*"', 'URI="file:///etc/hostname"')], "signature-reference"),
    "refuses_empty_reference_uri": ([('URI="#[^"]*"', 'URI=""')], "signature-reference"),
}

# ---- moved in the tree after signing: name -> (change, reason[, status[, what is signed]]) ----


def own_signature(node):
    return node.find(f"{{{DSIG}}}Signature")


def evil_copy(node):
    """Under ids of its own, without signatures, naming somebody else."""
    twin = copy.deepcopy(node)
    for signature in list(twin.iter(f"{{{DSIG}}}Signature")):
        signature.getparent().remove(signature)
    for part in [twin] + list(twin.iter(f"{{{ASSERTION}}}Assertion")):
        part.set("ID", new_id())
    find(twin, "NameID").text = "admin@example.org"
    return twin


def attach(evil, signature):
    evil.insert(1, signature)


def boxed(parent, space, name, child):
    etree.SubElement(parent, f"{{{space}}}{name}").append(child)


# The eight places, after the paper "On Breaking SAML" (2012): what becomes of the honest element and its signature.
PLACES = {
    1: lambda root, evil, honest, signature: (attach(evil, signature), signature.append(honest)),
    2: lambda root, evil, honest, signature: (attach(evil, signature), signature.addprevious(honest)),
    3: lambda root, evil, honest, signature: root.append(honest),
    4: lambda root, evil, honest, signature: evil.append(honest),
    5: lambda root, evil, honest, signature: (attach(evil, signature), root.append(honest)),
    6: lambda root, evil, honest, signature: (attach(evil, signature), find(signature, "KeyInfo", DSIG).append(honest)),
    7: lambda root, evil, honest, signature: (attach(evil, signature), boxed(root, PROTOCOL, "Extensions", honest)),
    8: lambda root, evil, honest, signature: (attach(evil, signature), boxed(signature, DSIG, "Object", honest)),
}


def wrapped(variant):
    def change(tree, signed):
        honest = find(tree, "Assertion") if signed == "assertion" else tree
        evil, signature, root = evil_copy(honest), own_signature(honest), tree
        if honest is tree:
            root = evil
        else:
            tree.replace(honest, evil)
        PLACES[variant](root, evil, honest, signature)
        return root
    return change


def to_the_end(tree, signed):
    node = find(tree, "Signature", DSIG).getparent()
    node.append(own_signature(node))


def to_the_other(tree, signed):
    assertion = find(tree, "Assertion")
    source, target = (assertion, tree) if signed == "assertion" else (tree, assertion)
    attach(target, own_signature(source))


def evil_first(tree, signed):
    find(tree, "Assertion").addprevious(evil_copy(find(tree, "Assertion")))


def evil_last(tree, signed):
    find(tree, "Assertion").addnext(evil_copy(find(tree, "Assertion")))


def doubled(tree, signed):
    signature = find(tree, "Signature", DSIG)
    signature.addnext(copy.deepcopy(signature))


MOVED = {
    "refuses_wrapped_signature_xsw1": (wrapped(1), "assertion-count"),
    "refuses_wrapped_signature_xsw2": (wrapped(2), "assertion-count"),
    "refuses_wrapped_signature_xsw3": (wrapped(3), "assertion-count"),
    "refuses_wrapped_signature_xsw4": (wrapped(4), "assertion-count"),
    "refuses_wrapped_signature_xsw5": (wrapped(5), "assertion-count"),
    "refuses_wrapped_signature_xsw6": (wrapped(6), "assertion-count"),
    "refuses_wrapped_signature_xsw7": (wrapped(7), "assertion-count"),
    "refuses_wrapped_signature_xsw8": (wrapped(8), "assertion-count"),
    "refuses_relocated_signature": (to_the_end, "signature-shape"),
    "refuses_signature_referencing_other_node": (to_the_other, "signature-reference", FORBIDDEN, ("assertion", "response")),
    "refuses_two_assertions_unsigned_first": (evil_first, "assertion-count"),
    "refuses_two_assertions_unsigned_last": (evil_last, "assertion-count"),
    "refuses_two_signatures": (doubled, "signature-shape"),
}

# ---- signed with a key or a method of another kind: name -> (signer, method, reason) ----

ECDSA, HMAC = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"


class HmacSigner(Signer):
    """Its secret is what everybody knows: the certificate of the identity provider."""

    def signing_key(self):
        return xmlsec.Key.from_binary_data(xmlsec.KeyData.HMAC, self.certificate.encode())


SIGNED = {
    "refuses_foreign_key": ("stranger", Signer, None, "signature-invalid"),
    "refuses_rsa_512": ("weak", Signer, None, "weak-key"),
    "refuses_other_key_type": ("ec", Signer, ECDSA, "signature-algorithm"),
    "refuses_hmac_with_public_key": ("entra", HmacSigner, HMAC, "signature-algorithm"),
}
