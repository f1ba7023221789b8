# SPDX-License-Identifier: GPL-3.0-or-later
"""Every line of the audit that a test leaves behind is what schema/audit.schema.json says, and nothing else."""
import json
import pathlib

import jsonschema

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "schema/audit.schema.json"


def validator():
    """The schema that is shipped lets later fields pass; here each one must be in it."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    schema["additionalProperties"] = False
    schema["properties"]["observed"]["additionalProperties"] = False
    return jsonschema.Draft202012Validator(schema)


VALIDATOR = validator()


def objects(path):
    """Whole lines; what was cut short, or is empty, is passed over, as readers are told to."""
    for line in path.read_bytes().split(b"\n"):
        try:
            yield json.loads(line)
        except ValueError:
            pass


def faults(line):
    return [f"{'/'.join(map(str, fault.absolute_path)) or 'the line'}: {fault.message}"
            for fault in VALIDATOR.iter_errors(line)]


def check(folder):
    for kind in ("audit", "provision"):
        for path in pathlib.Path(folder).glob(f"state/{kind}/audit.jsonl*"):
            for line in objects(path):
                found = faults(line)
                assert not found, f"{found}\nin {json.dumps(line)}"
