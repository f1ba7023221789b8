# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted assertions as Entra ID sends them: an EncryptedAssertion in the place of the assertion, its key by RSA-OAEP."""
import base64

import xmlsec
from lxml import etree

from entra_shape import ASSERTION, find

XENC = "http://www.w3.org/2001/04/xmlenc#"
METHODS = {
    "AES-128-CBC": (xmlsec.Transform.AES128, 128), "AES-256-CBC": (xmlsec.Transform.AES256, 256),
    "AES-128-GCM": (xmlsec.Transform.AES128_GCM, 128), "AES-256-GCM": (xmlsec.Transform.AES256_GCM, 256),
}


def sealed(assertion, certificate, method="AES-256-CBC"):
    """The EncryptedAssertion of an assertion, for whoever has the key of that certificate (a file)."""
    transform, bits = METHODS[method]
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_file(str(certificate), xmlsec.KeyFormat.CERT_PEM))
    box = etree.Element(f"{{{ASSERTION}}}EncryptedAssertion", nsmap={None: ASSERTION})
    data = xmlsec.template.encrypted_data_create(box, transform, type=xmlsec.EncryptionType.ELEMENT, ns="xenc")
    xmlsec.template.encrypted_data_ensure_cipher_value(data)
    info = xmlsec.template.encrypted_data_ensure_key_info(data, ns="ds")
    key = xmlsec.template.add_encrypted_key(info, xmlsec.Transform.RSA_OAEP)
    xmlsec.template.encrypted_data_ensure_cipher_value(key)
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(xmlsec.KeyData.AES, bits, xmlsec.KeyDataType.SESSION)
    box.append(context.encrypt_binary(data, etree.tostring(assertion)))
    return box


def seal(xml, certificate, method="AES-256-CBC"):
    """The Response with its assertion encrypted."""
    tree = etree.fromstring(xml)
    assertion = find(tree, "Assertion")
    tree.replace(assertion, sealed(assertion, certificate, method))
    return etree.tostring(tree).decode()


def flip(xml, at):
    """The Response with a bit of what was encrypted changed: at that byte of the content, from the end if negative."""
    tree = etree.fromstring(xml)
    value = tree.findall(f".//{{{XENC}}}CipherValue")[-1]
    content = bytearray(base64.b64decode(value.text))
    content[at] ^= 1
    value.text = base64.b64encode(bytes(content)).decode()
    return etree.tostring(tree).decode()
