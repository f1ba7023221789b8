# SPDX-License-Identifier: GPL-3.0-or-later
"""What ./quickstart runs once the programs are built: starts the parts, signs four people on, shows what happened."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.parse

from parts import Parts, PartFailed, company, wait_for
from browser import Blocked, Browser

INDENT = "  "


def say(text=""):
    print(text, flush=True)


def step(what, action):
    """One line that says what is being done, and how it went."""
    print(f"{INDENT}{what:<58}", end="", flush=True)
    started = time.monotonic()
    try:
        result = action()
    except Exception:
        say("failed")
        raise
    say(f"ok  {time.monotonic() - started:4.1f} s")
    return result


# ---- the four ----

PORTALS = "/servicedesk/customer/portals"


class Story:
    """One person at one door: what should happen, and what did."""

    def __init__(self, uid, role, outcome, ends, opens=PORTALS, then=None):
        self.person = company.by_uid(uid)
        self.role, self.outcome, self.ends, self.opens, self.then = role, outcome, ends, opens, then
        self.page, self.line, self.problems = None, {}, []

    def run(self, parts):
        before = len(parts.audit())
        browser = Browser()
        browser.open(f"http://{parts.managed_site}{self.opens}")
        browser.click("Log in")
        browser.click(self.person["name"])
        self.line = next(iter(parts.audit()[before:]), {})
        if self.then:
            browser.click(self.then)
        self.page = browser.page
        self.judge(parts)

    def judge(self, parts):
        want = {
            "managed": (parts.managed_site, f"Mail {self.person['mail']}"),
            "portal": (parts.portal_site, f"Mail {self.person['mail']}"),
            "refusal": (parts.host("sso", "postern"), company_contact()),
        }[self.ends]
        host = urllib.parse.urlsplit(self.page.url).netloc
        if self.ends == "managed" and not self.page.url.endswith(self.opens):
            self.problems.append(f"ended at {self.page.url}, not at {self.opens}")
        if host != want[0]:
            self.problems.append(f"ended at {host}, not at {want[0]}")
        if want[1] not in self.page.text:
            self.problems.append(f"the last page does not say {want[1]!r}: {self.page.text[:400]}")
        if self.line.get("outcome") != self.outcome:
            self.problems.append(f"the audit line says outcome {self.line.get('outcome')!r}, not {self.outcome!r}: {self.line}")
        for kind in ("managed", "portal"):
            there = self.person["mail"] in parts.accounts(kind)
            if there != (self.ends == kind):
                self.problems.append(f"{'an' if there else 'no'} account at the {kind} door")

    def ended(self):
        if self.ends == "refusal":
            return "Postern’s page: " + refusal_reason(self.line)
        parts = urllib.parse.urlsplit(self.page.url)
        return f"{parts.hostname}{parts.path}"


def company_contact():
    return f"it-access@{company.STAFF_DOMAIN}"


def stories():
    return [
        Story("maya.obrien", "agent", "licensed", "managed", opens="/jira/for-you"),
        Story("juergen.weiss", "unlicensed customer", "customer", "managed"),
        Story("chloe.damico", "partner", "portal", "portal", then="Log in"),
        Story("viktor.nowak", "stranger", "deny", "refusal"),
    ]


def refusal_reason(line):
    return line.get("reason") or "?"


def through(line):
    """Names of the groups that decided, from the person's own outward."""
    return [company.cn_of(dn) for dn in line.get("groups") or []]


# ---- showing ----


SEAM = "\u200b"  # a zero-width space marks where an address may break


def wrap(text, width):
    """Addresses break behind a slash, everything else between words."""
    lines = textwrap.wrap(text.replace("/", f"/{SEAM} "), width, break_on_hyphens=False)
    return [line.replace(f"{SEAM} ", "").replace(SEAM, "") for line in lines] or [""]


def narrowed(widths, least, width):
    """The widest of those that can be narrower, until all fit; what does not break stays whole, unless nothing else helps."""
    for floor in (least, [12] * len(widths)):
        while sum(widths) + 2 * len(widths) > width and any(w > f for w, f in zip(widths, floor)):
            widths[max((i for i in range(len(widths)) if widths[i] > floor[i]), key=lambda i: widths[i])] -= 1
    return widths


def table(rows, width):
    """Columns as wide as they need, the widest ones narrowed until the table fits, long cells on several lines."""
    columns = list(zip(*rows))
    words = [[len(word) for cell in column for word in cell.replace("/", "/ ").split()] for column in columns]
    widths = narrowed([max(map(len, column)) for column in columns], list(map(max, words)), width)
    lines = []
    for number, row in enumerate(rows):
        cells = [wrap(cell, w) for cell, w in zip(row, widths)]
        for i in range(max(map(len, cells))):
            lines.append(INDENT + "  ".join((c[i] if i < len(c) else "").ljust(w) for c, w in zip(cells, widths)).rstrip())
        if number == 0:
            lines.append(INDENT + "  ".join("-" * w for w in widths))
    return "\n".join(lines)


def show_table(told):
    rows = [["who", "door", "outcome", "ended at", "rule", "through groups"]]
    for s in told:
        rows.append([
            f"{s.person['name']}, {s.role}", s.line.get("door") or "-", s.line.get("outcome") or "-", s.ended(),
            s.line.get("rule") or "none matched", " in ".join(through(s.line)) or "-",
        ])
    say(table(rows, min(shutil.get_terminal_size((120, 40)).columns, 150)))


def show_seats(parts):
    """Everybody, whether or not they ever came: what the rules give, without a sign-on."""
    said = subprocess.run(parts.postern_command("seats"), capture_output=True, text=True, timeout=30)
    if said.returncode != 0:
        raise PartFailed(f"postern seats: status {said.returncode}\n{said.stdout}{said.stderr}")
    say("\nEverybody in the directory, whether or not they ever signed on (postern seats):\n")
    say(textwrap.indent(said.stdout.rstrip(), INDENT))


def show_addresses(parts):
    say(f"""
Try it in a browser (Chromium, Chrome, Edge and Firefox know *.localhost; nothing leaves this machine):
  the organisation's door    http://{parts.managed_site}/
  the help centre's door     {parts.portal_home}
  one link for everybody     {parts.postern_url}/go/help
  who is signed in at Entra  {parts.entra_url}/    (sign out there to become somebody else)
  sign out by Postern        {parts.postern_url}/logout

Ask Postern why, who, and what if:
  {shown_command(parts)} explain --mfa {company.by_uid('maya.obrien')['mail']}
  {shown_command(parts)} who licensed
  {shown_command(parts)} what-if --rules YOUR-COPY.yaml

Logs and the audit are in {parts.folder}
""".rstrip())


def shown_command(parts):
    program = os.path.relpath(parts.build / "postern")
    return f"{program} -c {parts.settings_file}"


# ---- run ----


def start(parts):
    parts.write_postern_files()
    step(f"a company in slapd: {len(company.in_ldap())} people, {len(company.GROUPS)} groups", parts.start_slapd)
    step("a demo Entra ID", parts.start_entra)
    step("a demo Atlassian door: the organisation", lambda: parts.start_door("managed"))
    step("a demo Atlassian door: the help centre", lambda: parts.start_door("portal"))
    step("postern serve, ready to sign people on", parts.start_postern)


def tell(parts):
    """Signs the four on; False if one did not end as it should."""
    told = stories()
    for story in told:
        try:
            step(f"{story.person['name']}, {story.role}", lambda: story.run(parts))
        except (Blocked, LookupError, OSError) as problem:
            story.problems.append(str(problem))
    say()
    if all(story.page for story in told):
        show_table(told)
    for story in told:
        for problem in story.problems:
            say(f"{INDENT}{story.person['name']}: {problem}")
    return not any(story.problems for story in told)


def stay(parts):
    say("\nEverything stays up until you press Ctrl-C.")
    while all(part.is_alive() for part in parts.started):
        time.sleep(0.3)
    for part in parts.started:
        if not part.is_alive():
            say(f"{part.name} has ended by itself:\n{part.tail()}")
    return 1


def stop_on_signal(number, frame):
    raise KeyboardInterrupt


def main(build, once):
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop_on_signal)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-quickstart."))
    parts = None
    status = 1
    try:
        say(f"Starting, on loopback only; everything of this run is in {folder}, which goes away at the end")
        parts = Parts(folder, build, usual_ports=True)
        parts.days = 1095
        start(parts)
        say("\nSigning four people on, each in a browser of their own, all at the organisation's door")
        good = tell(parts)
        status = 0 if good else 1
        if not good:
            say("\nNot everybody ended where they should. What the parts logged last:\n" + parts.logs())
        else:
            show_seats(parts)
        if not once:
            show_addresses(parts)
            status = stay(parts)
    except KeyboardInterrupt:
        say("\nStopping")
        status = 130 if status and once else 0
    except (PartFailed, OSError, subprocess.SubprocessError) as problem:
        say(f"\n{problem}")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if parts:
            parts.close()
        shutil.rmtree(folder, ignore_errors=True)
        say(f"Stopped; {folder} is gone." if not folder.exists() else f"Stopped; {folder} could not be removed.")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "--once" in sys.argv[2:]))
