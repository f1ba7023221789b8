# SPDX-License-Identifier: GPL-3.0-or-later
"""What the integration tests do again and again, as a person would say it."""
import base64
import re
import secrets
import subprocess
import time
import urllib.parse
import zlib

from parts import company

MAYA, JUERGEN, CHLOE, VIKTOR = (company.by_uid(uid) for uid in ("maya.obrien", "juergen.weiss", "chloe.damico", "viktor.nowak"))


def door_address(parts, door):
    return f"http://{parts.managed_site}/jira/for-you" if door == "managed" else parts.portal_home


def reach_entra(parts, browser, door="managed"):
    """To Entra's list of people."""
    browser.open(door_address(parts, door))
    browser.click("Log in")
    assert browser.page.url.startswith(parts.entra_url), browser.page.text
    return browser.page


def sign_on(parts, browser, person, door="managed", second_factor=True, stop=None):
    reach_entra(parts, browser, door)
    return pick(browser, person, second_factor, stop)


def pick(browser, person, second_factor=True, stop=None):
    if not second_factor:
        browser.page.forms[0].fields = [field for field in browser.page.forms[0].fields if field[0] != "mfa"]
    return browser.click(person["name"], stop)


def host_of(url):
    return urllib.parse.urlsplit(url).netloc


def is_signed_on(page, site, person):
    return host_of(page.url) == site and f"Mail {person['mail']}" in page.text


def assert_signed_on(parts, page, person, door="managed"):
    site = parts.managed_site if door == "managed" else parts.portal_site
    assert is_signed_on(page, site, person), f"{page.url}: {page.text[:600]}"


def reason_of(page):
    """The word on Postern's refusal page."""
    found = re.search(r"Reason ([a-z-]+)", page.text)
    return found.group(1) if found else None


def assert_refused(parts, page, reason, status):
    assert host_of(page.url) == parts.host("sso", "postern"), f"{page.url}: {page.text[:400]}"
    assert (reason_of(page), page.status) == (reason, status), page.text


# ---- messages by hand ----


def authn_request(issuer, acs=None, destination=None, attributes="", request_id=None):
    """An AuthnRequest as Auth0's template writes it: (xml, id)."""
    request_id = request_id or "_" + secrets.token_hex(16)
    instant = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    acs = f' AssertionConsumerServiceURL="{acs.replace("&", "&amp;")}"' if acs else ""
    destination = f' Destination="{destination}"' if destination else ""
    xml = (f'<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"{acs}{destination} ID="{request_id}" '
           f'IssueInstant="{instant}" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Version="2.0" '
           f'{attributes}>'
           f'<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{issuer}</saml:Issuer></samlp:AuthnRequest>')
    return xml, request_id


def redirect_url(parts, xml, relay_state=None):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(deflate.compress(xml.encode()) + deflate.flush()).decode()
    fields = {"SAMLRequest": packed}
    if relay_state is not None:
        fields["RelayState"] = relay_state
    return f"{parts.postern_url}/saml/idp/sso?{urllib.parse.urlencode(fields)}"


def to_acs_of(parts, door):
    """A stop before the browser posts to that door's ACS."""
    return lambda request: request.url == parts.acs(door)


def to_postern_acs(parts):
    return lambda request: request.url.startswith(parts.postern_url + "/saml/sp/acs/")


def response_of(request):
    return base64.b64decode(request.fields["SAMLResponse"]).decode()


def with_response(request, xml):
    return request.with_fields({**request.fields, "SAMLResponse": base64.b64encode(xml.encode()).decode()})


# ---- the directory ----


def ldap_modify(parts, ldif):
    subprocess.run(["ldapmodify", "-x", "-H", f"ldap://127.0.0.1:{parts.ports['slapd']}", "-D", company.ADMIN_DN, "-w",
                    company.ADMIN_PASSWORD], input=ldif, text=True, check=True, stdout=subprocess.DEVNULL)


def add_to_group(parts, person, group):
    ldap_modify(parts, f"dn: {company.group_dn(group)}\nchangetype: modify\nadd: member\nmember: {person['dn']}\n")


def remove_from_group(parts, person, group):
    ldap_modify(parts, f"dn: {company.group_dn(group)}\nchangetype: modify\ndelete: member\nmember: {person['dn']}\n")
