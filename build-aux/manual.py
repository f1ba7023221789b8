#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of the manual pages and of OPERATIONS.md, made from the tables of the source.

build-aux/manual.py            writes them anew, in place
build-aux/manual.py --check    says which are not what the source says; status 1

A table stands between `BEGIN name` and `END name` in a comment of its file; the
rest of the file is written by hand.  What a person has to do about a reason, a
metric or an alarm is written by hand as well, in the table's last column, and kept.
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

SETTINGS = "gateway/settings/settings_table.def"
REASONS = "base/reasons.def"
WORDS = "policies/words.def"
CODES = "gateway/entra_codes.def"
METRICS = "gateway/metrics.def"
ALARMS = "gateway/alarms.def"
AUDIT = "schema/audit.schema.json"

TYPES = {
    "TEXT": "text", "PATH": "path", "URL": "URL", "CHOICE": "word", "WORD": "word", "YES": "yes or no", "TIME": "time",
    "NUMBER": "number", "LIMIT": "number or off", "LIST": "list", "PARTS": "",
}


NEEDS = {"REQUIRED": "required", "SERVING": "required to serve", "OPTIONAL": ""}


class Fault(Exception):
    pass


def read(path):
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except OSError as problem:
        raise Fault(f"{path}: {problem.strerror}") from problem


# ---- the .def files: NAME(argument, "text" "that goes on", ...) ----

TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([(),])|([^\s"(),]+)|\s+')


def string(text):
    return text.encode().decode("unicode_escape").encode("latin-1").decode() if "\\" in text else text


def rows(path, macro):
    """Arguments of each use of the macro, strings put together, NULL as None."""
    text = re.sub(r"/\*.*?\*/", "", read(path), flags=re.S)
    text = re.sub(r"^#(?:[^\n\\]|\\.)*(?:\\\n[^\n]*)*$", "", text, flags=re.M)
    found = []
    for use in re.finditer(rf"^{macro}\(", text, flags=re.M):
        found.append(arguments(text, use.end(), path))
    if not found:
        raise Fault(f"{path}: no row {macro}(…)")
    return found


def arguments(text, at, path):
    depth, words, row = 1, [], []
    while depth:
        token = TOKEN.match(text, at)
        if not token:
            raise Fault(f"{path}: cannot be read near {text[at:at + 40]!r}")
        at = token.end()
        quoted, sign, word = token.groups()
        if quoted is not None:
            words.append(string(quoted))
        elif word is not None:
            words.append(None if word == "NULL" else word)
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
        if (sign == "," and depth == 1) or depth == 0:
            row.append(None if words == [None] else "".join(w or "" for w in words))
            words = []
    return row


# ---- mdoc ----


def mdoc(text):
    """Text as input lines of mdoc: one sentence a line, nothing of it a request or an escape."""
    text = re.sub(r"`([^`]*)`", r"\\(oq\1\\(cq", text.replace("\\", "\\e"))
    lines = re.sub(r"(?<=\.) +(?=[A-Z])", "\n", text).split("\n")
    return "\n".join("\\&" + line if line[:1] in ".'" else line for line in lines)


def quoted(text):
    return '"' + text.replace("\\", "\\e").replace('"', "\\(dq") + '"'


def settings(section):
    out = [".Bl -tag -width Ds"]
    mine = [row for row in rows(SETTINGS, "SETTING") if row[0] == section]
    if not mine:
        raise Fault(f"{SETTINGS}: no row of section {section}")
    for _, key, kind, _, limits, default, need, text in mine:
        word = TYPES[kind]
        if kind in ("CHOICE", "WORD"):
            word = " | ".join(w for w in limits.split("|") if w)
        elif kind in ("TIME", "NUMBER", "LIMIT") and limits:
            word += f" {limits}"
        about = [w for w in (word, NEEDS[need], f"default {default}" if default else "") if w]
        out.append(f".It Cm {key}" + (f" Pq {quoted('; '.join(about))}" if about else ""))
        out.append(mdoc(text))
    return out + [".El"]


def words(kind):
    out = [".Bl -tag -width Ds"]
    for row in rows(WORDS, kind):
        form, meaning, example = row[-3:]
        out.append(f".It {quoted(form)}")
        out.append(mdoc(meaning[0].upper() + meaning[1:] + "."))
        if kind == "TEST" and row[1] == "REQUIRE":
            out.append("Only in\n.Cm require .")
        if example != form:
            out.append(f"Example:\n.Ql {quoted(example)}")
    return out + [".El"]


def methods():
    out = [".Bl -tag -width Ds"]
    for word, uri, meaning in rows(WORDS, "METHOD"):
        out += [f".It Cm {word}", mdoc(meaning[0].upper() + meaning[1:] + "."), f".Pa {uri}"]
    return out + [".El"]


def by_hand():
    """The last column of each row of OPERATIONS.md that begins with a name."""
    return dict(re.findall(r"^\| `([a-z_-]+)` \|.* \| (.*) \|$", read("doc/OPERATIONS.md"), flags=re.M))


def metrics_table():
    old = by_hand()
    out = ["| metric | kind | labels | what it is | what it is good for |", "|---|---|---|---|---|"]
    for _, kind, name, labels, text in rows(METRICS, "METRIC"):
        out.append(f"| `{name}` | {kind.lower()} | {(labels or '').replace(' ', ', ')} | {text} | {old.get(name, '')} |")
    return out


def alarms_table():
    old = by_hand()
    out = ["| alarm | what it means | what to do |", "|---|---|---|"]
    for _, word, text in rows(ALARMS, "ALARM"):
        out.append(f"| `{word}` | {text} | {old.get(word, '')} |")
    return out


def reasons_table():
    """For OPERATIONS.md: word, status, what the person reads, and what to do, which is kept from the file."""
    old = by_hand()
    out = ["| reason | status | the page says | what it means for you, and what to do |", "|---|---|---|---|"]
    for _, word, status, sentence in rows(REASONS, "REASON"):
        out.append(f"| `{word}` | {status} | {sentence} | {old.get(word, '')} |")
    return out


def codes_table():
    """Codes of Entra ID, for OPERATIONS.md."""
    out = ["| code | the page says | what to do |", "|---|---|---|"]
    return out + [f"| AADSTS{digits} | {person} | {administrator} |"
                  for digits, person, administrator in rows(CODES, "ENTRA_CODE")]


def audit_type(field):
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    return {"string": "text", "integer": "number", "array": "list of texts", "object": "object"}[field["type"]]


def audit_table():
    """Every field of a line of the audit, for doc/audit.md."""
    schema = json.loads(read(AUDIT))
    out = ["| field | type | since | what it is |", "|---|---|---|---|"]
    for name, field in schema["properties"].items():
        for inner, part in [(name, field)] + [(f"{name}.{n}", p) for n, p in field.get("properties", {}).items()]:
            always = " Always there." if inner in schema["required"] else ""
            out.append(f"| `{inner}` | {audit_type(part)} | {part['since']} | {part['description']}{always} |")
    return out


TABLES = {
    **{f"settings {section}": ("man/postern.yaml.5", lambda section=section: settings(section)) for section in (
        "top", "decryption_key", "otherwise", "accounts", "prices", "limits", "provider", "connection", "target",
        "attribute", "stable_id", "directory", "scim_directory", "people", "groups", "exception", "rule",
        "requirement", "ldap_rules", "ldap_rule", "ldap_mark",
        "link", "brand", "colours", "contact")},
    **{f"words {kind}": ("man/postern.rules.5", lambda kind=kind: words(kind)) for kind in ("JOINER", "TEST", "OPERATOR")},
    "words METHOD": ("man/postern.rules.5", methods),
    "reasons": ("doc/OPERATIONS.md", reasons_table),
    "codes": ("doc/OPERATIONS.md", codes_table),
    "metrics": ("doc/OPERATIONS.md", metrics_table),
    "alarms": ("doc/OPERATIONS.md", alarms_table),
    "audit": ("doc/audit.md", audit_table),
}


def replace(text, name, lines, path):
    begin = re.search(rf"^.*BEGIN {re.escape(name)}\b.*\n", text, flags=re.M)
    end = re.search(rf"^.*END {re.escape(name)}\b.*$", text, flags=re.M)
    if not begin or not end:
        raise Fault(f"{path}: no place for the table {name} (BEGIN … END)")
    return text[:begin.end()] + "\n".join(lines) + "\n" + text[end.start():]


def sections_of_the_source():
    known = {name.split()[1] for name in TABLES if name.startswith("settings ")}
    there = {row[0] for row in rows(SETTINGS, "SETTING")}
    if there != known:
        raise Fault(f"{SETTINGS}: sections {sorted(there ^ known)} are not those that build-aux/manual.py prints")


def main(check):
    sections_of_the_source()
    texts = {path: read(path) for path, _ in TABLES.values()}
    made = dict(texts)
    for name, (path, make) in TABLES.items():
        made[path] = replace(made[path], name, make(), path)
    stale = [path for path in made if made[path] != texts[path]]
    for path in stale:
        if check:
            print(f"{path}: its tables are not what the source says: run build-aux/manual.py")
        else:
            (ROOT / path).write_text(made[path], encoding="utf-8")
            print(f"{path}: tables written")
    empty = [line for line in made["doc/OPERATIONS.md"].splitlines() if re.match(r"\| `[a-z_-]+` \|.*\|  \|$", line)]
    for line in empty:
        print(f"doc/OPERATIONS.md: no word on what to do: {line}")
    return 1 if (check and stale) or empty else 0


if __name__ == "__main__":
    try:
        sys.exit(main("--check" in sys.argv[1:]))
    except Fault as fault:
        sys.exit(f"manual.py: {fault}")
