# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded sign-ons, explained: what `postern explain` says of a stored Response is what the audit has, byte for byte."""
import json
import subprocess
import time

import pytest

from browser import Browser
from parts import Parts, company, wait_for
from stories import (
    CHLOE, JUERGEN, MAYA, VIKTOR, add_to_group, response_of, sign_on, to_postern_acs, with_response,
)
from test_stale import answers

BIRGIT, ANDRES, ROISIN, NOOR = (company.by_uid(uid) for uid in ("birgit.moeller", "andres.ibanez", "roisin.oneill",
                                                                "noor.haddad"))

RULES = """\
rules:
  - {name: left, when: "departmentNumber = 'People and Places'", outcome: deny, because: "You have left."}
  - {name: one-partner, when: "mail = 'andres.ibanez@partner.example.net'", outcome: portal, at: [helpdesk]}
  - {name: kestrel, when: "member of corp:partner-kestrel", outcome: portal, at: [other], guests: yes}
"""
OTHER = """\
  other:
    kind: portal
    entity_id: "urn:other"
    acs: https://other.example/acs
    home: https://other.example/portal

directories:
"""
# What of a line is no decision; everything else must be the same.
NOT_DECIDED = {"time", "id", "assertion_out", "answer", "status", "response_out", "mirror_age_s", "read_us", "person_us",
               "decide_us", "write_us", "total_us"}


def settings_of(parts):
    return parts.settings().replace("rules:\n", RULES).replace("\ndirectories:\n", OTHER)


@pytest.fixture(scope="module")
def recording(tmp_path_factory, postern_build):
    parts = Parts(tmp_path_factory.mktemp("recording"), postern_build)
    try:
        parts.write_postern_files(settings_of(parts))
        parts.start_slapd()
        parts.start_entra()
        parts.start_door("managed")
        parts.start_door("portal")
        parts.start_postern()
        yield parts
    finally:
        parts.close()


def explain(parts, *arguments):
    result = subprocess.run(parts.postern_command("explain", *arguments, "--json"), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    assert result.returncode in (0, 1) and result.stdout, result.stderr
    assert not result.stderr, result.stderr
    return json.loads(result.stdout)


def decided(line):
    return [(key, value) for key, value in line.items() if key not in NOT_DECIDED]


def record(parts, person, door="managed", second_factor=True, change=None):
    """A whole sign-on: its Response as a file, and its audit line."""
    browser = Browser()
    sign_on(parts, browser, person, door, second_factor, stop=to_postern_acs(parts))
    request = browser.stopped_at
    if change:
        request = with_response(request, change(response_of(request)))
    stored = parts.folder / "stored.b64"
    stored.write_text(request.fields["SAMLResponse"])
    browser.go(request, stop=lambda next: next.url != request.url)
    return stored, parts.audit()[-1]


def replay(parts, stored, line, *arguments):
    where = ["--link", line["link"]] if "link" in line else ["--door", line["door"]]
    return explain(parts, "--response", str(stored), *where, "--client", line["client"], *arguments)


STORIES = {
    "licensed": (MAYA, "managed", True, None, "assertion", None),
    "customer": (JUERGEN, "managed", True, None, "assertion", None),
    "portal": (CHLOE, "portal", True, None, "assertion", None),
    "sent to the portal": (CHLOE, "managed", True, None, "redirect", None),
    "sent to the managed door": (JUERGEN, "portal", True, None, "redirect", None),
    "denied by rule": (BIRGIT, "managed", True, None, "refusal", "denied-by-rule"),
    "denied by default": (VIKTOR, "managed", True, None, "refusal", "denied-by-default"),
    "guest": (ANDRES, "portal", True, None, "refusal", "guest-denied"),
    "requirement": (MAYA, "managed", False, None, "refusal", "requirement-failed"),
    "not found": (NOOR, "managed", True, None, "refusal", "person-not-found"),
    "wrong site": (ROISIN, "portal", True, None, "refusal", "wrong-site"),
    "bad signature": (MAYA, "managed", True, lambda xml: xml.replace(MAYA["id"], JUERGEN["id"]), "refusal",
                      "signature-invalid"),
    "not XML": (MAYA, "managed", True, lambda xml: xml[:-9], "refusal", "response-malformed"),
    "no success": (MAYA, "managed", True, lambda xml: xml.replace("status:Success", "status:Responder"), "refusal",
                   "status-not-success"),
}


@pytest.mark.parametrize("story", STORIES)
def test_explains_a_recorded_sign_on_as_it_was_decided(recording, story):
    person, door, second_factor, change, event, reason = STORIES[story]
    stored, line = record(recording, person, door, second_factor, change)
    assert (line["event"], line.get("reason")) == (event, reason)
    said = replay(recording, stored, line)
    assert list(said["decisions"][0].items()) == decided(line)
    assert json.dumps(said["decisions"][0]) == json.dumps(dict(decided(line)))
    checks = said["response"]["checks"]
    refused = [check["check"] for check in checks if check["result"] == "refused"]
    assert len(refused) == (0 if said["response"]["accepted"] else 1)
    if story == "bad signature":
        assert refused == ["assertion-signature"] and not said["response"]["lasso"]["accepts"]
        assert {check["check"] for check in checks if check["result"] == "not-reached"} >= {"audience", "tenant"}
    elif said["response"]["accepted"]:
        lasso = said["response"]["lasso"]
        assert (lasso["accepts"], lasso["fits"], lasso["misfit"]) == (True, True, None)


def test_explains_a_link(recording):
    browser = Browser()
    browser.open(f"{recording.postern_url}/go/help")
    form = browser.page.forms[0]
    browser.submit(form, next((n, v) for said, n, v in form.buttons if JUERGEN["name"] in said), stop=to_postern_acs(recording))
    request = browser.stopped_at
    stored = recording.folder / "form"
    stored.write_bytes(request.body)    # the whole form, as it was posted
    browser.go(request, stop=lambda next: next.url != request.url)
    line = recording.audit()[-1]
    assert (line["link"], line["event"], line["outcome"]) == ("help", "assertion", "customer")
    assert list(replay(recording, stored, line)["decisions"][0].items()) == decided(line)


def test_explaining_claims_nothing_and_needs_no_key_that_signs(recording):
    browser = Browser()
    sign_on(recording, browser, MAYA, stop=to_postern_acs(recording))
    stored = recording.folder / "stored.xml"
    stored.write_text(response_of(browser.stopped_at))
    key, lines = recording.folder / "signing.key", len(recording.audit())
    key.rename(recording.folder / "away")
    try:
        for _ in range(2):
            said = explain(recording, "--response", str(stored), "--door", "organisation")
            assert said["decisions"][0]["event"] == "assertion"
    finally:
        (recording.folder / "away").rename(key)
    assert len(recording.audit()) == lines
    browser.go(browser.stopped_at)
    assert recording.audit()[-1]["event"] == "assertion"


def test_judges_at_its_own_instant_unless_told_otherwise(recording):
    stored, line = record(recording, MAYA)
    tomorrow = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
    said = replay(recording, stored, line, "--at", tomorrow)
    assert said["decisions"][0]["reason"] in ("confirmation-expired", "expired")
    lasso = said["response"]["lasso"]
    assert lasso["accepts"] and not lasso["fits"]       # times it leaves to its caller
    assert replay(recording, stored, line, "--at", "now")["decisions"][0]["event"] == "assertion"
    text = subprocess.run(recording.postern_command("explain", "--response", "-", "--door", "organisation"),
                          input=stored.read_bytes(), stdout=subprocess.PIPE, check=True).stdout.decode()
    assert "its own IssueInstant" in text and "ok  audience" in text and "judged by the mirror" in text


def test_a_time_to_come_does_not_make_the_mirror_older(recording):
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60 * 86400))
    said = explain(recording, MAYA["mail"], "--door", "organisation", "--mfa", "--at", later)
    assert said["decisions"][0]["event"] == "assertion" and said["person"]["age_s"] < 60


def test_explains_what_lasso_alone_would_accept(recording):
    """For another address: lasso leaves that to its caller."""
    stored, line = record(recording, MAYA)
    settings = recording.settings_file.read_text()
    recording.settings_file.write_text(settings.replace("public_url:", 'host: "7"\npublic_url:'))
    try:
        said = replay(recording, stored, line)
    finally:
        recording.settings_file.write_text(settings)
    assert said["decisions"][0]["reason"] == "wrong-destination"
    assert said["response"]["lasso"]["accepts"] and said["response"]["lasso"]["misfit"] == "lasso reads another destination"


def test_a_line_of_the_audit_beside_what_it_would_be_now(recording):
    _, good = record(recording, MAYA)
    said = explain(recording, "--audit", good["id"])
    assert said["same"] is True and said["recorded"] == dict(decided(good))
    linh = company.by_uid("linh.tran")
    _, denied = record(recording, linh)
    assert denied["reason"] == "denied-by-default"
    assert explain(recording, "--audit", denied["id"])["same"] is True
    add_to_group(recording, linh, "dept-sales")
    wait_for(lambda: not explain(recording, "--audit", denied["id"])["same"], 60, "the group to be known")
    said = explain(recording, "--audit", denied["id"])
    assert (said["recorded"]["outcome"], said["decisions"][0]["outcome"]) == ("deny", "customer")
    text = subprocess.run(recording.postern_command("explain", "--audit", denied["id"]), stdout=subprocess.PIPE,
                          text=True).stdout
    assert "* outcome        deny" in text and "now            customer" in text
    bad = subprocess.run(recording.postern_command("explain", "--audit", "aaaa-bbbb-cccc"), stderr=subprocess.PIPE, text=True)
    assert bad.returncode == 1 and "no line has the id" in bad.stderr


def test_stale_data_is_explained_as_it_was_decided(stopped_parts):
    """Last: a directory that has been away for longer than is allowed."""
    parts = stopped_parts.start_all()
    parts.postern.stop()
    parts.slapd.stop()
    time.sleep(2.1)
    for limits, reason in (("    stale_after: 1s\n    stale_grace: 0s\n", "directory-stale"),
                           ("    stale_after: 1s\n    stale_grace: 1h\n", None)):
        parts.settings_file.write_text(parts.settings().replace("    disabled:", limits + "    disabled:"))
        parts.start_postern(answers(parts))
        stored, line = record(parts, MAYA)
        assert line.get("reason") == reason and line["stale"] == ("denied" if reason else "served")
        assert list(replay(parts, stored, line)["decisions"][0].items()) == decided(line)
        parts.postern.stop()
