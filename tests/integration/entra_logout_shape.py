# SPDX-License-Identifier: GPL-3.0-or-later
"""Logout messages in Entra ID's shape: redirects signed over escapes in lower case, by another signer than the demo's."""
import base64
import re
import urllib.parse
import zlib
from xml.sax.saxutils import escape, quoteattr

import xmlsec
from lxml import etree

from entra_shape import ASSERTION, PROTOCOL, RSA_SHA256, instant, new_id
from parts import company

ENTITY_ID = f"https://sts.windows.net/{company.TENANT}/"
# The issuer that Microsoft's documentation shows on a LogoutResponse.
LOGIN_ISSUER = f"https://login.microsoftonline.com/{company.TENANT}/"
SUCCESS, REQUESTER = (f"urn:oasis:names:tc:SAML:2.0:status:{word}" for word in ("Success", "Requester"))


def message(element, children, issuer=ENTITY_ID, issued=0, message_id=None, **attributes):
    said = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items() if value is not None)
    return (f'<samlp:{element} xmlns:samlp="{PROTOCOL}" ID="{message_id or new_id()}" Version="2.0" '
            f'IssueInstant="{instant(issued)}"{said}>'
            f'<Issuer xmlns="{ASSERTION}">{escape(issuer)}</Issuer>{children}</samlp:{element}>')


def logout_request(name_id, *indexes, name_format=None, **said):
    """`name_format` None: the NameID has none, as Entra's."""
    form = f' Format="{name_format}"' if name_format else ""
    inner = "".join(f"<samlp:SessionIndex>{escape(index)}</samlp:SessionIndex>" for index in indexes)
    return message("LogoutRequest", f'<NameID xmlns="{ASSERTION}"{form}>{escape(name_id)}</NameID>{inner}', **said)


def logout_response(in_response_to, status=SUCCESS, **said):
    return message("LogoutResponse", f'<samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status>',
                   InResponseTo=in_response_to,
                   **said)


def lower(text):
    """Escaped as .NET does it: in lower case."""
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), urllib.parse.quote(text, safe=""))


def query_of(xml, relay_state=None):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(deflate.compress(xml.encode()) + deflate.flush()).decode()
    name = "SAMLRequest" if "LogoutRequest" in xml else "SAMLResponse"
    return f"{name}={lower(packed)}" + (f"&RelayState={lower(relay_state)}" if relay_state is not None else "")


def signed(signer, query):
    """SAML bindings 3.4.4.1: over the very octets."""
    query += f"&SigAlg={lower(RSA_SHA256)}"
    context = xmlsec.SignatureContext()
    context.key = signer.signing_key()
    value = context.sign_binary(query.encode(), xmlsec.Transform.RSA_SHA256)
    return f"{query}&Signature={lower(base64.b64encode(value).decode())}"


class AskedToSignOut:
    """Our LogoutRequest, from the address where the browser was sent."""

    def __init__(self, url):
        fields = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        request = etree.fromstring(zlib.decompress(base64.b64decode(fields["SAMLRequest"]), -15))
        assert request.tag == f"{{{PROTOCOL}}}LogoutRequest", request.tag
        self.id, self.destination = request.get("ID"), request.get("Destination")
        self.issuer, self.index = request.findtext(f"{{{ASSERTION}}}Issuer"), request.findtext(f"{{{PROTOCOL}}}SessionIndex")
        self.name_id = request.findtext(f"{{{ASSERTION}}}NameID")
