# SPDX-License-Identifier: GPL-3.0-or-later
"""Each block of settings in the guides and in the heads of proxies' samples, tried by `postern check` over the shipped sample.

So a setting that is called otherwise, or a value that is not taken any more, is noticed where people copy it from.
The blocks of doc/rules.md have a test of their own (test_rules.py), since they go together.
"""
import copy
import json
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

from parts import make_key
from proxies import Proxied, TwoHosts

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDES = sorted(path for path in ROOT.glob("doc/*.md") if path.name != "rules.md")
SAMPLES = sorted(ROOT.glob("doc/proxies/*.c*"))
FENCED = re.compile(r"^( *)```yaml\n(.*?)^ *```", re.M | re.S)
COMMENTED = re.compile(r"^#[^\n]*In postern\.yaml\b.*?:\n#\n((?:#     [^\n]*\n)+)", re.M | re.S)
PLACES = {"/etc/postern/": "", "/run/postern-proxy/": "proxy/"}
# What a guide takes for granted: the first block of another one.
AFTER = {"group-configuration.md": ["provisioning.md"]}
# Who is there on every machine.
SOMEBODY = {"user": "root", "socket_group": "nogroup"}


def read(text):
    """All scalars as they are written: `off` is no boolean, 2027-05-31 no date."""
    return yaml.load(text, Loader=yaml.BaseLoader)


def blocks_of(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".md":
        return [re.sub("^#     ", "", block, flags=re.M) for block in COMMENTED.findall(text)]
    return [re.sub(f"^{indent}", "", block, flags=re.M) for indent, block in FENCED.findall(text)]


BLOCKS = [pytest.param(path, block, id=f"{path.name}-{number}") for path in (*GUIDES, *SAMPLES)
          for number, block in enumerate(blocks_of(path), 1)]


def laid_over(base, block):
    """Sections are joined, rules by name, all else is the block's.  `…` stands for what the reader has already."""
    if isinstance(base, list) and isinstance(block, list) and isinstance(block[0], dict):
        names = {rule["name"] for rule in block}
        return block + [rule for rule in base if rule["name"] not in names]
    if not isinstance(base, dict) or not isinstance(block, dict):
        return block
    result = copy.deepcopy(base)
    for key, value in block.items():
        if key != "…":
            result[key] = laid_over(result.get(key, base.get("corp")), value)
    return result


def paths_in(settings):
    if isinstance(settings, dict):
        for key, value in settings.items():
            yield from ((key, value),) if isinstance(value, str) else paths_in(value)
    elif isinstance(settings, list):
        for one in settings:
            yield from (("", one),) if isinstance(one, str) else paths_in(one)


class Host:
    """A folder instead of /etc/postern, in which every file that is named is there."""

    def __init__(self, folder, postern):
        self.folder, self.postern = folder, postern
        self.key, self.certificate = make_key(folder, "pair", "sso.example.org")
        self.sample = read((ROOT / "doc/postern.yaml.sample").read_text(encoding="utf-8"))
        self.sample.update(state_dir=str(folder / "state"), runtime_dir=str(folder / "run"))
        (folder / "proxy").mkdir()
        self.write(self.sample)
        self.run("keys", "make", "2027")

    def run(self, *words):
        command = [self.postern, "-c", self.folder / "postern.yaml", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def make(self, name, path):
        if path.exists() or name.endswith("_dir"):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in (".crt", ".pem"):
            shutil.copy(self.certificate, path)
        elif path.suffix == ".key" and not name.startswith(("organization", "accounts")):
            shutil.copy(self.key, path)
        else:
            path.write_text("a secret that is as long as secrets have to be, at least here\n")
        path.chmod(0o600)

    def write(self, settings):
        text = json.dumps(settings, ensure_ascii=False)
        for place, here in PLACES.items():
            text = text.replace(place, f"{self.folder}/{here}")
        settings = json.loads(text)
        for name, value in paths_in(settings):
            if value.startswith(f"{self.folder}/"):
                self.make(name, pathlib.Path(value))
            elif name == "password_file":
                self.make(name, self.folder / value)
        settings.update({key: value for key, value in SOMEBODY.items() if key in settings})
        (self.folder / "postern.yaml").write_text(json.dumps(settings, ensure_ascii=False, indent=1), encoding="utf-8")

    def check(self, path, block):
        """block: as it was read.  Where accounts are taken for granted, they are there."""
        base = self.sample
        for other in AFTER.get(path.name, []):
            base = laid_over(base, read(blocks_of(ROOT / "doc" / other)[0]))
        self.write(laid_over(base, block))
        return self.run("check", "--offline")


@pytest.fixture(scope="module")
def host(tmp_path_factory, postern_build):
    return Host(tmp_path_factory.mktemp("guides"), postern_build / "postern")


@pytest.mark.parametrize("path, block", BLOCKS)
def test_block_is_taken(host, path, block):
    said = host.check(path, read(block))
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_sample_alone_is_taken(host):
    said = host.check(ROOT / "doc/postern.yaml.sample", {})
    assert said.returncode == 0, said.stdout + said.stderr


def renamed(block, names):
    """The block with one setting in it, the innermost first one, called otherwise; and what it is called."""
    for key, value in block.items():
        inner, called = renamed(value, names) if isinstance(value, dict) else (None, None)
        if called:
            return {**block, key: inner}, called
        if key in names:
            return {f"x{one}" if one == key else one: value for one, value in block.items()}, f"x{key}"
    return block, None


@pytest.mark.parametrize("path, block", BLOCKS)
def test_block_with_a_setting_that_is_called_otherwise_is_refused(host, path, block):
    """Else the test above would prove nothing."""
    table = (ROOT / "gateway/settings/settings_table.def").read_text()
    names = set(re.findall(r'^SETTING\(\w+, "(\w+)",', table, flags=re.M))
    wrong, called = renamed(read(block), names)
    said = host.check(path, wrong)
    assert called and said.returncode == 1 and f"{called}: " in said.stdout, said.stdout


def test_no_block_of_settings_is_left_out():
    """Whoever writes settings without saying so (```yaml) is told."""
    assert len(BLOCKS) >= 20
    sections = set(read((ROOT / "doc/postern.yaml.sample").read_text(encoding="utf-8"))) | {"provision", "accounts", "prices"}
    for path in GUIDES:
        rest = FENCED.sub("", path.read_text(encoding="utf-8"))
        assert not re.search(rf"^ *(?:{'|'.join(sorted(sections))}):(?: |$)", rest, flags=re.M), path


def test_proxies_are_configured_by_samples_that_are_run():
    """What a guide tells to copy is what test_proxies.py and test_two_hosts.py load; it has no lines of its own for a proxy."""
    run = {*Proxied.SAMPLES.values(), *TwoHosts.SAMPLES.values()}
    guides = "\n".join(path.read_text(encoding="utf-8") for path in GUIDES)
    assert set(re.findall(r"\(proxies/([\w.-]+)\)", guides)) == run == {path.name for path in SAMPLES}
    assert not re.search(r"^ *(?:proxy_pass|ProxyPass|server \{|<VirtualHost|frontend |backend )", guides, flags=re.M)
