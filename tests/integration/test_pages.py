# SPDX-License-Identifier: GPL-3.0-or-later
"""Every page in every language in Chromium: axe-core, pictures wide and on a phone, light and dark; print; brands.

The pages are those of `postern pages`: what people are sent, with its policy.
"""
import html
import http.client
import json
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

import node_peers
import pictures
from conftest import build_folder
from test_serve import POSTERN, keys, serve, until  # noqa: F401: fixtures

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETTINGS = """\
brand_dir: brand
directories:
  corp: {uri: "ldap://127.0.0.1:1", join: {objectidentifier: employeeNumber}, people: {base: "dc=x"}, groups: {base: "dc=x"}}
rules: [{name: none, when: "employeeType = nobody", outcome: deny}]
"""
RIGHT_TO_LEFT = {"ar"}
WIDE, PHONE = 1000, 360
EVERY_LOOK = ("wide", "wide-dark", "phone-dark", "phone")
# Everything that is wrong, and contrasts of which axe is not sure.
AXE = """axe.run(document, {runOnly: %s, resultTypes: ['violations', 'incomplete']}).then(r => JSON.stringify(
  [...r.violations, ...r.incomplete.filter(i => i.id === 'color-contrast')].map(
    v => [v.id, v.help, v.nodes.map(n => n.html + ' ' + n.failureSummary)])))"""
FACTS = """(() => {
  const style = getComputedStyle(document.body);
  const boxes = [...document.querySelectorAll('body *')].map(e => e.getBoundingClientRect());
  return JSON.stringify({
    language: document.documentElement.lang, direction: style.direction, headings: document.querySelectorAll('h1').length,
    sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    cut: boxes.filter(b => b.width && (b.left < -0.5 || b.right > document.documentElement.clientWidth + 0.5)).length,
    broken: [...document.images].filter(i => !i.naturalWidth).length, images: document.images.length,
    background: getComputedStyle(document.documentElement).backgroundColor,
  });
})()"""


def write_pages(folder, settings=SETTINGS):
    (folder / "postern.yaml").write_text(settings)
    shutil.copytree(ROOT / "doc/brand", folder / "brand", dirs_exist_ok=True)
    made = subprocess.run([POSTERN, "-c", folder / "postern.yaml", "pages", folder / "pages"], capture_output=True, text=True,
                          check=False)
    assert made.returncode == 0, made.stderr
    return folder / "pages"


def title_of(path):
    return re.search("<h1[^>]*>(.*?)</h1>", path.read_text(encoding="utf-8"))[1]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return write_pages(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def axe():
    return (node_peers.install(build_folder()) / "axe-core/axe.min.js").read_text(encoding="utf-8")


class Looker:
    """Chromium without the pages' scripts, and axe put into each page."""

    def __init__(self, browser, axe):
        self.browser = browser.fresh()
        self.browser.call("Page.addScriptToEvaluateOnNewDocument", source=axe)

    def open(self, path):
        self.browser.open(f"file://{path}")

    def facts(self):
        return json.loads(self.browser.value(FACTS))

    def violations(self, rules):
        answer = self.browser.call("Runtime.evaluate", expression=AXE % json.dumps(rules), awaitPromise=True,
                                   returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return json.loads(answer["result"]["value"])

    def width(self, pixels):
        self.pixels = pixels
        self.browser.size(pixels, 740)

    def media(self, media="", scheme="light"):
        self.browser.call("Emulation.setEmulatedMedia", media=media,
                          features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path, dark=False):
        return pictures.take(self.browser, path, self.pixels, dark)

    def judge(self, path, name, looks=EVERY_LOOK):
        """The page as everybody sees it, with pictures of these looks.  Returns its facts."""
        def seen(look, dark=False):
            if look in looks:
                assert self.picture(build_folder() / f"screenshots/pages/{name}-{look}.png", dark) == []
            return self.facts()

        self.media()
        self.width(WIDE)
        self.open(path)
        facts = seen("wide")
        assert (facts["sideways"], facts["cut"], facts["broken"]) == (0, 0, 0), facts
        assert self.violations(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]) == []
        self.media(scheme="dark")
        assert seen("wide-dark", dark=True)["background"] != facts["background"], facts
        assert self.violations({"type": "rule", "values": ["color-contrast"]}) == [], "in dark colours"
        self.width(PHONE)
        seen("phone-dark", dark=True)
        self.media()
        phone = seen("phone")
        assert (phone["sideways"], phone["cut"]) == (0, 0), phone
        assert self.browser.violations == []
        return facts


@pytest.fixture(scope="module")
def looker(one_chromium, axe):
    return Looker(one_chromium, axe)


# One that is written from left to right, and one from right to left; of the others what is narrowest, where long words show.
LOOKS = {"en": EVERY_LOOK, "ar": EVERY_LOOK}
LANGUAGES = ["en", *sorted(path.stem for path in (ROOT / "po").glob("*.po"))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_can_be_used_by_everybody(pages, looker, language):
    paths = sorted((pages / language).glob("*.html"))
    assert len(paths) >= 20
    for path in paths:
        if path.stem == "logout-in-a-frame":
            continue  # never seen: no style, no heading
        facts = looker.judge(path, f"{language}-{path.stem}", LOOKS.get(language, ["phone"]))
        assert (facts["language"], facts["headings"]) == (language, 1), path
        assert facts["direction"] == ("rtl" if language in RIGHT_TO_LEFT else "ltr"), path
        # what goes away by itself says whose it is in words: each sign-on would load the logo; so would each page of a flood
        assert facts["images"] == (0 if path.stem in ("signed-on", "going-back", "too-many") else 1), path


def test_every_reason_has_its_page_in_every_language(pages):
    """With its own sentence, and under a title that Chromium has seen above."""
    reasons = dict(re.findall(r'^REASON\(\w+, "([a-z-]+)", \d+, "(.*)"\)$', (ROOT / "base/reasons.def").read_text(), re.M))
    assert len(reasons) >= 120
    states = re.search(r"enum page_logout_state \{(.*?)\}", (ROOT / "gateway/pages.h").read_text())[1]
    shown = [state.strip().removeprefix("PAGE_LOGOUT_").lower() for state in states.split(",")]
    for language in LANGUAGES:
        folder = pages / language
        assert {path.stem for path in (folder / "reasons").glob("*.html")} == set(reasons)
        assert all((folder / f"logout-{state}.html").exists() for state in shown), shown
        titles = {title_of(path) for path in folder.glob("*.html") if path.stem != "logout-in-a-frame"}
        for word, sentence in reasons.items():
            page = (folder / "reasons" / f"{word}.html").read_text(encoding="utf-8")
            assert title_of(folder / "reasons" / f"{word}.html") in titles, word
            assert f"<dd>{word}</dd>" in page or word in page
            assert (html.escape(sentence, quote=False) in html.unescape(page)) == (language == "en"), (language, word)
    index = (pages / "index.html").read_text(encoding="utf-8")
    assert all((pages / link).exists() for link in re.findall(r'href="([^"]+)"', index))
    assert len(re.findall("href=", index)) == len(list(pages.glob("*/*.html"))) + len(list(pages.glob("*/reasons/*.html")))


def test_pages_without_a_brand_can_be_used_by_everybody(tmp_path, looker):
    folder = write_pages(tmp_path, SETTINGS.replace("brand_dir: brand\n", ""))
    for name in ("denied-by-rule", "logout-ask", "choose"):
        facts = looker.judge(folder / "en" / f"{name}.html", f"plain-{name}")
        assert facts["images"] == 0


def test_axe_finds_what_is_wrong(pages, looker, tmp_path):
    """Else the tests above would prove nothing."""
    text = (pages / "en/denied.html").read_text()
    for wrong, rule in [(('lang="en"', ""), "html-has-lang"), (("--soft:#51635c", "--soft:#c0c8c4"), "color-contrast"),
                        ((' alt="Example Ltd"', ""), "image-alt"), (("<main>", "<div>"), "region")]:
        assert wrong[0] in text
        broken = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text).replace(*wrong)
        (tmp_path / "broken.html").write_text(broken)
        looker.media()
        looker.open(tmp_path / "broken.html")
        assert rule in [found[0] for found in looker.violations(["wcag2a", "wcag2aa", "best-practice"])]


BROKEN = [
    ("is not to be seen", "p{color:var(--card)!important}"),
    ("is not to be seen", "header img{opacity:.1}"),
    ("is not to be seen", "main{background:var(--ink)!important;color:var(--ink)!important}"),
    ("stand on one another", "p{margin-top:-1.2rem!important}"),
    ("stands at the edge or outside", "header{position:relative;inset-inline-start:-19rem}"),
    ("reaches the left edge", "main{position:relative;left:-50vw}"),
    ("it is to be light", "html,body{background:#222!important}"),
    ("it is blank", "body>*{display:none!important}"),
]


@pytest.mark.parametrize("fault, style", BROKEN, ids=range(len(BROKEN)))
def test_a_picture_shows_what_is_wrong(pages, looker, tmp_path, fault, style):
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", (pages / "en/denied.html").read_text())
    (tmp_path / "broken.html").write_text(text.replace("</style>", style + "</style>"))
    looker.media()
    looker.width(WIDE)
    looker.open(tmp_path / "broken.html")
    found = looker.picture(tmp_path / "broken.png")
    assert any(fault in one for one in found), found


def test_what_has_the_keyboard_can_be_seen(pages, looker):
    looker.media()
    looker.width(WIDE)
    looker.open(pages / "en/logout-ask.html")
    for _ in range(3):
        for kind in ("keyDown", "keyUp"):
            looker.browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        style = json.loads(looker.browser.value(
            "JSON.stringify((s => [document.activeElement.tagName, s.outlineStyle, s.outlineWidth])"
            "(getComputedStyle(document.activeElement)))"))
        assert style[0] in ("A", "BUTTON") and style[1:] == ["solid", "3px"], style


def test_print_is_black_on_white_without_buttons(pages, looker):
    looker.open(pages / "en/denied.html")
    looker.media(media="print", scheme="dark")
    seen = json.loads(looker.browser.value(
        "JSON.stringify([getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.body).color,"
        "getComputedStyle(document.querySelector('.button')).display])"))
    looker.media()
    assert seen == ["rgb(255, 255, 255)", "rgb(0, 0, 0)", "none"]


# ---- a running service ----


def ask(serve, language, path="/nothing"):  # noqa: F811
    connection = http.client.HTTPConnection("127.0.0.1", serve.port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": "sso.localhost:8080", "Accept-Language": language})
        answer = connection.getresponse()
        return answer.getheader("Content-Security-Policy"), answer.read().decode()
    finally:
        connection.close()


def test_a_service_speaks_languages_and_takes_a_brand_over_with_everything_else(serve):  # noqa: F811
    serve.start_ready()
    policy, page = ask(serve, "de-AT,en;q=0.5")
    assert '<html lang="de" dir="ltr">' in page and "Unter dieser Adresse gibt es nichts." in page
    assert "img-src" not in policy and "<header" not in page
    shutil.copytree(ROOT / "doc/brand", serve.folder / "brand")
    serve.write()
    with open(serve.folder / "p.yaml", "a", encoding="utf-8") as file:
        file.write("brand_dir: brand\nlanguage: fr\n")
    serve.signal(signal.SIGHUP)
    serve.wait_for("ended role=worker", count=2)  # those that served before
    assert "Beispiel GmbH" in ask(serve, "de")[1]
    policy, page = ask(serve, "tlh")
    assert '<html lang="fr"' in page and "Exemple SA" in page and "data:image/svg+xml;base64," in page
    assert "; img-src data:" in policy
    # a brand that is wrong is said with its line, and changes nothing, and nothing else of that reload is taken either
    brand = serve.folder / "brand/brand.yaml"
    brand.write_text(brand.read_text().replace('accent: "#0b6b50"', 'accent: "#ffee00"').replace("Exemple SA", "Autre SA"))
    serve.signal(signal.SIGHUP)
    serve.wait_for("accent on surface has a contrast of 1.2: people need 4.5")
    assert re.search(r"brand\.yaml:\d+: accent: ", serve.log())
    assert "Exemple SA" in ask(serve, "fr")[1]
    checked = subprocess.run([POSTERN, "-c", serve.folder / "p.yaml", "check", "--offline"], capture_output=True, text=True,
                             check=False)
    assert checked.returncode == 1 and "accent on surface has a contrast" in checked.stdout + checked.stderr


def test_a_brand_that_others_may_write_is_refused(serve):  # noqa: F811
    shutil.copytree(ROOT / "doc/brand", serve.folder / "brand")
    (serve.folder / "brand").chmod(0o777)
    with open(serve.folder / "p.yaml", "a", encoding="utf-8") as file:
        file.write("brand_dir: brand\n")
    checked = subprocess.run([POSTERN, "-c", serve.folder / "p.yaml", "check", "--offline"], capture_output=True, text=True,
                             check=False)
    assert checked.returncode == 1
    assert re.search(r"p\.yaml:\d+: brand_dir: .*brand", checked.stdout + checked.stderr), checked.stdout
