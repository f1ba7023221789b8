# SPDX-License-Identifier: GPL-3.0-or-later
"""A domain controller that does what Samba's does not: 1,500 values at a time, 1,000 entries a page, records of TLS that hold
many messages, cookies that it refuses, changes that it tells again, a second controller that lags behind.

As much of LDAP as the feed asks for, with BER by hand.  Everything lies in memory; each connection has a thread of its own.
"""
import socket
import ssl
import struct
import threading
import uuid

SUFFIX = "DC=example,DC=test"
DIRSYNC, EXTENDED_DN, PAGED = "1.2.840.113556.1.4.841", "1.2.840.113556.1.4.529", "1.2.840.113556.1.4.319"
SID = struct.pack("<BB6sIIII", 1, 5, b"\0\0\0\0\0\5", 21, 1, 2, 3)
VALUES_MOST, PAGE_MOST = 1500, 1000


# ---- BER ----

def tlv(tag, content):
    n = len(content)
    length = bytes([n]) if n < 128 else (lambda b: bytes([128 | len(b)]) + b)(n.to_bytes((n.bit_length() + 7) // 8, "big"))
    return bytes([tag]) + length + content


def integer(n, tag=2):
    return tlv(tag, n.to_bytes(n.bit_length() // 8 + 1, "big", signed=True))


def octets(value):
    return tlv(4, value.encode() if isinstance(value, str) else value)


def parts(content):
    """The elements of a constructed one: (tag, content)."""
    at, out = 0, []
    while at < len(content):
        tag, n, at = content[at], content[at + 1], at + 2
        if n & 128:
            n, at = int.from_bytes(content[at:at + (n & 127)], "big"), at + (n & 127)
        out.append((tag, content[at:at + n]))
        at += n
    return out


def number(content):
    return int.from_bytes(content, "big", signed=True)


# ---- the directory ----

class Entry:
    def __init__(self, dn, classes, rid, **attributes):
        self.guid, self.dn, self.rid = uuid.uuid4(), dn, rid
        self.attributes = {"objectClass": list(classes), "name": [dn.split(",")[0].split("=")[1]],
                           "whenCreated": ["20260101000000.0Z"]}
        self.changed = {}               # attribute, lower case -> number of its last change
        self.members = {}               # GUID -> (there, number of the change)
        self.number = 0                 # uSNChanged
        self.set(**attributes)

    def set(self, **attributes):
        for name, values in attributes.items():
            self.attributes[name.replace("_", "-")] = values if isinstance(values, list) else [values]

    @property
    def is_deleted(self):
        return "isDeleted" in self.attributes

    @property
    def sid(self):
        return SID + struct.pack("<I", self.rid)


class FakeAD:
    """`quirks`: what it does, set by a test at any time."""

    def __init__(self, name="dc1", certificate=None):
        self.name, self.number, self.entries, self.lock = name, 1, {}, threading.RLock()
        self.invocation = uuid.uuid4()
        self.has_right = True           # DS-Replication-Get-Changes
        self.refuse_cookies = 0         # answers this result code to a cookie; 0: takes them
        self.tell_all_again = False     # DirSync forgets what the cookie says
        self.busy = 0                   # so many DirSync searches are answered by "busy"
        self.changes_most = 10 ** 9     # entries of one DirSync answer
        self.wide_names = True          # DNs with GUIDs
        self.more_for_ever = False      # every answer of DirSync says that there is more, with a cookie of its own
        self.pages_for_ever = None      # pages without end: "empty", or "same": the first one again and again
        self.ranges_for_ever = False    # ranges without end
        self.during_range = None        # called once, while a range is asked for
        self.asked = []                 # what was asked: "dirsync", "page", "guid", "range"
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.uri = f"{'ldaps' if certificate else 'ldap'}://127.0.0.1:{self.port}"
        self.sockets = []
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        # to close alone would leave the thread accepting one more
        if self.listener.fileno() >= 0:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
        self.hang_up()

    def hang_up(self):
        for s in self.sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.sockets = []

    # ---- changing it ----

    def changed(self, entry, *names):
        self.number += 1
        entry.number = self.number
        for name in names:
            entry.changed[name.lower()] = self.number

    def add(self, dn, *classes, **attributes):
        with self.lock:
            e = Entry(dn, classes, 1100 + len(self.entries), **attributes)
            self.entries[e.guid] = e
            self.changed(e, *e.attributes)
            return e

    def add_person(self, name, ou="OU=Staff", **attributes):
        attributes = {"cn": name, "mail": f"{name}@example.org", "sAMAccountName": name, "userAccountControl": "512",
                      "primaryGroupID": "513", "objectCategory": "person", **attributes}
        return self.add(f"CN={name},{ou},{SUFFIX}", "top", "person", "user", **attributes)

    def add_group(self, name, members=()):
        with self.lock:
            g = self.add(f"CN={name},OU=Groups,{SUFFIX}", "top", "group", cn=name)
            self.link(g, members)
            return g

    def change(self, entry, **attributes):
        with self.lock:
            entry.set(**attributes)
            self.changed(entry, *(name.replace("_", "-") for name in attributes))

    def link(self, group, members, there=True):
        with self.lock:
            self.number += 1
            group.number = self.number
            for m in members:
                group.members[m.guid] = (there, self.number)

    def move(self, entry, dn):
        """With everything below it, of which nothing is told."""
        with self.lock:
            for e in self.entries.values():
                if e.dn.endswith("," + entry.dn):
                    e.dn = e.dn[:-len(entry.dn)] + dn
            entry.dn = dn
            self.change(entry, name=dn.split(",")[0].split("=")[1])

    def delete(self, entry):
        with self.lock:
            entry.attributes = {k: v for k, v in entry.attributes.items() if k in ("objectClass", "name", "whenCreated")}
            entry.members = {}
            entry.dn = f"CN=gone\\0ADEL:{entry.guid},CN=Deleted Objects,{SUFFIX}"
            self.change(entry, isDeleted="TRUE", name="gone\nDEL:%s" % entry.guid)

    # ---- serving ----

    def accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        try:
            if self.context:
                s = self.context.wrap_socket(s, server_side=True)
            self.sockets.append(s)
            data = b""
            while True:
                more = s.recv(65536)
                if not more:
                    return
                data += more
                while len(data) > 2:
                    head = 2 + (data[1] & 127 if data[1] & 128 else 0)
                    n = int.from_bytes(data[2:head], "big") if data[1] & 128 else data[1]
                    if len(data) < head + n:
                        break
                    message, data = data[head:head + n], data[head + n:]
                    with self.lock:
                        answer = self.answer(parts(message))
                    # all at once: a record of TLS holds as many messages as fit
                    s.sendall(answer)
        except OSError:
            pass
        finally:
            s.close()

    def answer(self, message):
        self.id = message[0][1]
        tag, content = message[1]
        if tag == 0x60:
            return self.message(tlv(0x61, integer(0, 10) + octets("") + octets("")))
        if tag == 0x63:
            controls = {parts(c)[0][1].decode(): parts(c)[-1][1] for _, c in parts(message[2][1])} if len(message) > 2 else {}
            return self.search(content, controls)
        return b""

    def message(self, operation, control=b""):
        return tlv(0x30, tlv(2, self.id) + operation + (tlv(0xa0, control) if control else b""))

    def done(self, code, control=b"", text=""):
        return self.message(tlv(0x65, integer(code, 10) + octets("") + octets(text)), control)

    def wide(self, e, dn=None):
        sid = f"<SID=S-1-5-21-1-2-3-{e.rid}>;" if {"group", "user"} & set(e.attributes["objectClass"]) else ""
        return f"<GUID={e.guid}>;{sid}{dn or e.dn}" if self.wide_names else e.dn

    def entry(self, dn, attributes):
        listed = b"".join(tlv(0x30, octets(name) + tlv(0x31, b"".join(octets(v) for v in values)))
                          for name, values in attributes)
        return self.message(tlv(0x64, octets(dn) + tlv(0x30, listed)))

    def search(self, content, controls):
        base, scope, _, _, _, _, condition, wanted = parts(content)
        base, scope = base[1].decode(), number(scope[1])
        wanted = [name.decode() for _, name in parts(wanted[1])]
        if base == "":
            return self.root_dse()
        if base.startswith("CN=NTDS"):
            return self.entry(base, [("invocationId", [self.invocation.bytes_le])]) + self.done(0)
        if DIRSYNC in controls:
            return self.dirsync(base, condition, wanted, parts(parts(controls[DIRSYNC])[0][1]))
        found = self.below(base, scope, condition)
        if found is None:
            return self.done(32)
        page = parts(parts(controls[PAGED])[0][1]) if PAGED in controls else None
        if page is None and len(found) > PAGE_MOST:
            return self.entries_of(found[:PAGE_MOST], wanted) + self.done(4)
        if page is None:
            self.asked.append("range" if any(";range=" in w for w in wanted) else "guid")
            return self.entries_of(found, wanted) + self.done(0)
        self.asked.append("page")
        at, size = int(page[1][1] or b"0"), min(number(page[0][1]), PAGE_MOST)
        cookie = str(at + size) if at + size < len(found) or self.pages_for_ever else ""
        control = tlv(0x30, octets(PAGED) + octets(tlv(0x30, integer(0) + octets(cookie))))
        first = 0 if self.pages_for_ever == "same" else at
        return self.entries_of(found[first:first + size], wanted) + self.done(0, control)

    def root_dse(self):
        return self.entry("", [
            ("dnsHostName", [f"{self.name}.example.test"]), ("namingContexts", [SUFFIX, "CN=Configuration," + SUFFIX]),
            ("dsServiceName", [f"CN=NTDS Settings,CN={self.name},CN=Configuration,{SUFFIX}"]),
            ("supportedControl", [DIRSYNC, EXTENDED_DN, PAGED]), ("highestCommittedUSN", [str(self.number)])]) + self.done(0)

    def below(self, base, scope, condition):
        if base.startswith("<GUID="):
            e = self.entries.get(uuid.UUID(base[6:-1]))
            if not e or e.is_deleted:
                return None
            if scope == 0:
                return [e] if self.fits(e, condition) else []
            base = e.dn
        elif base != SUFFIX and not any(e.dn == base for e in self.entries.values()):
            return None
        inside = [e for e in self.entries.values() if not e.is_deleted and (e.dn == base or e.dn.endswith("," + base))]
        if scope == 1:
            inside = [e for e in inside if e.dn != base and "," not in e.dn[:-len(base) - 1]]
        return [e for e in inside if self.fits(e, condition)]

    def values(self, e, name):
        if name.lower() == "objectsid":
            return [e.sid]
        if name.lower() == "objectguid":
            return [e.guid.bytes_le]
        if name.lower() == "usnchanged":
            return [str(e.number)]
        return next((v for n, v in e.attributes.items() if n.lower() == name.lower()), [])

    def fits(self, e, condition):
        tag, content = condition
        if tag == 0xa0:
            return all(self.fits(e, c) for c in parts(content))
        if tag == 0xa1:
            return any(self.fits(e, c) for c in parts(content))
        if tag == 0xa2:
            return not self.fits(e, parts(content)[0])
        if tag == 0x87:
            return bool(self.values(e, content.decode()))
        name, value = (c.decode() for _, c in parts(content))
        if tag == 0xa5:
            return any(int(v) >= int(value) for v in self.values(e, name))
        assert tag == 0xa3, hex(tag)
        return value.lower() in [v.lower() for v in self.values(e, name) if isinstance(v, str)]

    def members(self, e):
        return [self.wide(self.entries[g]) for g, (there, _) in e.members.items() if there and not self.entries[g].is_deleted]

    def entries_of(self, found, wanted):
        if self.during_range and any(";range=" in w for w in wanted):
            then, self.during_range = self.during_range, None
            then()
        out = b""
        for e in found:
            attributes = []
            for name in wanted:
                plain, _, option = name.partition(";range=")
                if plain == "member":
                    attributes += self.member_range(self.members(e), option, self.ranges_for_ever)
                elif self.values(e, plain):
                    attributes.append((plain, self.values(e, plain)))
            out += self.entry(self.wide(e), attributes)
        return out

    @staticmethod
    def member_range(values, option, for_ever):
        first = int(option.split("-")[0]) if option else 0
        if not option and len(values) <= VALUES_MOST:
            return [("member", values)] if values else []
        here = values[first:first + VALUES_MOST]
        last = "*" if first + VALUES_MOST >= len(values) and not for_ever else first + VALUES_MOST - 1
        return ([] if option else [("member", [])]) + [(f"member;range={first}-{last}", here)]

    def dirsync(self, base, condition, wanted, request):
        flags, cookie = number(request[0][1]), request[2][1]
        self.asked.append("dirsync")
        assert base == SUFFIX and flags & 0x80000000
        if not self.has_right and not flags & 1:
            return self.done(50, text="00002105: LdapErr: DSID-0C0907C6")
        if self.busy:
            self.busy -= 1
            return self.done(51)
        if cookie and self.refuse_cookies:
            return self.done(self.refuse_cookies, text="that cookie")
        since = 0 if self.tell_all_again or not cookie else int(cookie.split(b":")[1])
        changed = [e for e in self.entries.values() if e.number > since and self.fits(e, condition)]
        changed.sort(key=lambda e: e.number)
        out, told, upto = b"", 0, self.number
        for e in changed:
            if told == self.changes_most:
                upto = last
                break
            attributes = self.changes_of(e, since, wanted)
            last = e.number
            if attributes and not (e.is_deleted and flags & 1):
                told += 1
                out += self.entry(self.wide(e), attributes + [("objectGUID", [e.guid.bytes_le]), ("instanceType", ["4"])])
        more = int(upto != self.number or self.more_for_ever)
        cookie = f"fake:{upto}:{len(self.asked)}" if self.more_for_ever else f"fake:{upto}"
        control = tlv(0x30, octets(DIRSYNC) + octets(tlv(0x30, integer(more) + integer(0) + octets(cookie))))
        return out + self.done(0, control)

    def changes_of(self, e, since, wanted):
        names = [w for w in wanted if e.changed.get(w.lower(), 0) > since]
        attributes = [(name, self.values(e, name)) for name in names if self.values(e, name)]
        attributes += [(name, []) for name in names if not self.values(e, name)]
        for there, option in ((True, "1-1"), (False, "0-0")):
            values = [self.wide(self.entries[g]) for g, (t, n) in e.members.items() if n > since and t == there]
            if values and "member" in wanted:
                attributes.append((f"member;range={option}", values))
        return attributes
