# SPDX-License-Identifier: GPL-3.0-or-later
"""The example company: people and groups, as LDIF for slapd and as JSON for the demo's Entra ID.

`python3 company.py ldif` and `python3 company.py json` print them.  Everything
is worked out from the tables below, so two runs give the same bytes.
employeeNumber holds the object id that Entra sends.
"""
import base64
import json
import re
import sys
import unicodedata
import uuid

SUFFIX = "dc=example,dc=org"
STAFF_DOMAIN, PARTNER_DOMAIN = "example.org", "partner.example.net"
TENANT = "7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8"
SERVICE_DN, SERVICE_PASSWORD = f"cn=postern,ou=services,{SUFFIX}", "demo-only-postern"
ADMIN_DN, ADMIN_PASSWORD = f"cn=admin,{SUFFIX}", "demo-only-admin"

# The four of the quickstart, then people with something special about them: uid -> what to expect.
HINTS = {
    "maya.obrien": "Agent: in a group of a group of jira-agents. Ends as a licensed account.",
    "juergen.weiss": "Employee: ends as a managed account that costs nothing.",
    "chloe.damico": "Partner from outside: belongs to the help centre, whichever door she tries.",
    "viktor.nowak": "Stranger: in the directory, but no rule gives access.",
    "erik.lindqvist": "Switched off in the directory.",
    "jan.kowalski": "In the directory twice, with one object id.",
    "noor.haddad": "Signed on by Entra, but in no directory.",
    "ines.duarte": "Has no mail address.",
}

STAFF = {
    "Support": ["Maya O'Brien", "Tomáš Dvořák", "Aïcha Benali", "Lars Sørensen", "Priya Raman", "Łukasz Zieliński",
                "Fiona MacLeod", "Hélène Girard", "Omar Farouk"],
    "Operations": ["Zoë van Dijk", "Björn Ångström", "Siobhán Ní Dhomhnaill", "Ravi Iyer", "Ana-Lucía Pérez", "Mehmet Şahin",
                   "Kofi Mensah"],
    "Engineering": ["Grace Okafor", "Søren Kierk", "Yuki Tanaka", "Dmitri Volkov", "Leïla Haddou", "Paul d'Arcy",
                    "Ingrid Haugen", "Mateus Conceição", "Nadia Petrova", "Seán O'Casey", "Wei Zhang", "Erik Lindqvist"],
    "Finance": ["Jürgen Weiß", "Käthe Grünwald", "Marco D'Angelo", "Agnieszka Wójcik", "Pilar Núñez", "Ines Duarte"],
    "Sales": ["Charlotte Dubois", "Günther Jäger", "Rosa Jiménez", "Niall O'Sullivan", "Amélie Lefèvre", "István Szabó",
              "Elif Yıldız", "Hannah Goldberg", "Jan Kowalski"],
    "People and Places": ["Birgit Möller", "Thabo Nkosi", "Sofía Castro", "Emil Żak", "Oisín Byrne"],
    "Visitors": ["Viktor Nowak", "Linh Trần"],
}
PARTNERS = {
    "Partner Lumen": ["Chloé D'Amico", "Andrés Ibáñez", "Małgorzata Kaczmarek", "Piet de Vries", "Ewa Król"],
    "Partner Kestrel & Sons": ["Róisín O'Neill", "Jonas Müller", "Fatima al-Rashid", "Gábor Tóth"],
}

# Some directories name entries by what people are called, commas and umlauts included.
NAMED_BY_CN = {"juergen.weiss": "Weiß, Jürgen", "sean.ocasey": "O'Casey, Seán"}

# group -> members: a person's uid, @ and a group, or # and a department.
GROUPS = {
    "support-leads": ["maya.obrien", "helene.girard"],
    "support-team": ["@support-leads", "tomas.dvorak", "aicha.benali", "lars.soerensen", "priya.raman"],
    "jira-agents": ["@support-team", "@it-operations"],
    "it-operations": ["@platform", "zoe.van.dijk", "bjoern.angstroem", "ravi.iyer"],
    # These two are in one another: groups that grew over the years do that.
    "platform": ["@on-call", "grace.okafor", "mehmet.sahin"],
    "on-call": ["@platform", "kofi.mensah", "dmitri.volkov"],
    "Builders' Union": ["paul.darcy", "sean.ocasey"],
    "Sales, EMEA": ["charlotte.dubois", "guenther.jaeger", "niall.osullivan"],
    "Überstunden": ["kaethe.gruenwald", "birgit.moeller"],
    "jira-finance-approvers": ["marco.dangelo", "kaethe.gruenwald"],
    "dept-support": ["#Support"],
    "dept-operations": ["#Operations"],
    "dept-engineering": ["#Engineering"],
    "dept-finance": ["#Finance"],
    "dept-sales": ["#Sales", "@Sales, EMEA"],
    "dept-people": ["#People and Places"],
    "all-staff": ["@dept-support", "@dept-operations", "@dept-engineering", "@dept-finance", "@dept-sales", "@dept-people"],
    "partner-lumen": ["#Partner Lumen"],
    "partner-kestrel": ["#Partner Kestrel & Sons"],
    "partners": ["@partner-lumen", "@partner-kestrel"],
}

PLAIN = {
    "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "a", "ø": "oe", "ł": "l", "ı": "i", "ğ": "g", "đ": "d", "ñ": "n", "ç": "c",
    "'": "", "’": "", " ": ".",
}


def uid_of(name):
    plain = "".join(PLAIN.get(c, c) for c in unicodedata.normalize("NFC", name.lower()))
    return "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))


def object_id(uid):
    return str(uuid.uuid5(uuid.UUID(TENANT), uid))


def person(name, department, domain):
    given, _, surname = name.partition(" ")
    uid = uid_of(name)
    mail = f"{uid}@{domain}"
    guest = domain == PARTNER_DOMAIN
    return {
        "uid": uid,
        "id": object_id(uid),
        "name": name,
        "given": given,
        "surname": surname,
        "department": department,
        "mail": "" if uid == "ines.duarte" else mail,
        "upn": f"{uid}_{domain}#EXT#@example.onmicrosoft.com" if guest else mail,
        "hint": HINTS.get(uid, ""),
        "disabled": uid == "erik.lindqvist",
        "dn": f"cn={dn_value(NAMED_BY_CN[uid])},ou=people,{SUFFIX}" if uid in NAMED_BY_CN else f"uid={uid},ou=people,{SUFFIX}",
    }


def people():
    found = [person(n, department, STAFF_DOMAIN) for department, names in STAFF.items() for n in names]
    return found + [person(n, department, PARTNER_DOMAIN) for department, names in PARTNERS.items() for n in names]


def in_ldap():
    """The same, and one entry twice: moved to another office, and nobody removed the old one."""
    return people() + [dict(by_uid("jan.kowalski"), dn=f"uid=jan.kowalski.old,ou=people,{SUFFIX}", uid="jan.kowalski.old",
                            mail=f"jan.kowalski.old@{STAFF_DOMAIN}")]


def in_entra():
    """Those of the directory, and one more; the hinted ones in the order of HINTS, so that the four come first."""
    everybody = people() + [person("Noor Haddad", "Visitors", STAFF_DOMAIN)]
    order = list(HINTS)
    hinted = sorted((p for p in everybody if p["hint"]), key=lambda p: order.index(p["uid"]))
    return hinted + [p for p in everybody if not p["hint"]]


def by_uid(uid):
    return next(p for p in in_entra() if p["uid"] == uid)


# ---- LDIF (RFC 2849) ----


def dn_value(text):
    """RFC 4514: what must be escaped in a value of a DN."""
    return "".join("\\" + c if c in ',+"\\<>;=#' else c for c in text)


def group_dn(cn):
    return f"cn={dn_value(cn)},ou=groups,{SUFFIX}"


def cn_of(dn):
    """The name in a group's DN, without its escapes."""
    name = re.match(r"cn=((?:\\.|[^,\\])*)", dn, re.IGNORECASE)
    return re.sub(r"\\(.)", r"\1", name.group(1)) if name else dn


def line(key, value):
    safe = value.isascii() and value[:1] not in (" ", ":", "<") and not value.endswith(" ")
    return f"{key}: {value}" if safe else f"{key}:: {base64.b64encode(value.encode()).decode()}"


def entry(dn, *attributes):
    return "\n".join([line("dn", dn)] + [line(key, value) for key, value in attributes if value]) + "\n"


def members_of(cn, everybody):
    for member in GROUPS[cn]:
        if member.startswith("@"):
            yield group_dn(member[1:])
        elif member.startswith("#"):
            yield from (p["dn"] for p in everybody if p["department"] == member[1:])
        else:
            yield next(p["dn"] for p in everybody if p["uid"] == member)


def person_entry(p):
    return entry(
        p["dn"], ("objectClass", "inetOrgPerson"), ("uid", p["uid"]), ("cn", p["name"]), ("cn", NAMED_BY_CN.get(p["uid"], "")),
        ("givenName", p["given"]),
        ("sn", p["surname"]), ("displayName", p["name"]), ("mail", p["mail"]), ("departmentNumber", p["department"]),
        ("employeeNumber", p["id"]), ("employeeType", "disabled" if p["disabled"] else ""),
    )


def ldif():
    everybody = people()
    entries = [
        entry(SUFFIX, ("objectClass", "dcObject"), ("objectClass", "organization"), ("dc", "example"),
              ("o", "Example Company")),
        *(entry(f"ou={ou},{SUFFIX}", ("objectClass", "organizationalUnit"), ("ou", ou))
          for ou in ("people", "groups", "services")),
        entry(SERVICE_DN, ("objectClass", "applicationProcess"), ("objectClass", "simpleSecurityObject"), ("cn", "postern"),
              ("userPassword", SERVICE_PASSWORD)),
    ]
    entries += [person_entry(p) for p in in_ldap()]
    entries += [
        entry(group_dn(cn), ("objectClass", "groupOfNames"), ("cn", cn), *(("member", dn) for dn in members_of(cn, everybody)))
        for cn in GROUPS
    ]
    return "\n".join(entries)


if __name__ == "__main__":
    if sys.argv[1:] == ["ldif"]:
        print(ldif())
    elif sys.argv[1:] == ["json"]:
        print(json.dumps(in_entra(), ensure_ascii=False, indent=1))
    else:
        sys.exit("usage: company.py ldif|json")
