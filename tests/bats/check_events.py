"""Holds what the commands print with --json against man/websub-events.7.scd: every type and every member is
documented there, is of the kind that the page tells, and is there unless it is optional.

    check_events.py [FILE...]     lines of files, or of standard input; those that are no events are passed over
    check_events.py --sources     every type that the sources of the commands name
"""

import base64
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "man" / "websub-events.7.scd"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def read_page() -> tuple[dict, dict]:
    """Types and objects: name -> variants, each member -> (kind, whether it is optional)."""
    text = PAGE.read_text()
    types: dict[str, list[dict]] = {}
    objects: dict[str, list[dict]] = {}
    for heading, body in re.findall(r"^# ([^\n]*)\n(.*?)(?=^# |\Z)", text, re.M | re.S):
        into = types if heading.startswith("EVENTS OF ") else objects if heading == "OBJECTS" else None
        if into is None:
            continue
        for name, inside in re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", body, re.M | re.S):
            members = re.findall(r"^\*(\w+)\* _(.+?)_(, optional)?$", inside, re.M)
            into.setdefault(name.split(",")[0], []).append({member: (kind, bool(optional))
                                                            for member, kind, optional in members})
    return types, objects


TYPES, OBJECTS = read_page()


def is_kind(value: object, kind: str) -> str | None:
    """What is wrong with a value; nothing where it is of that kind."""
    if kind == "any":
        return None
    if kind.endswith(" or null"):
        return None if value is None else is_kind(value, kind.removesuffix(" or null"))
    if kind.endswith("[]"):
        if not isinstance(value, list):
            return "is no array"
        return next((wrong for one in value if (wrong := is_kind(one, kind[:-2]))), None)
    if kind in OBJECTS:
        return fits(value, OBJECTS[kind]) if isinstance(value, dict) else "is no object"
    if kind == "time":
        return None if isinstance(value, str) and TIME.fullmatch(value) else "is no time"
    fitting = {"string": str, "bytes": str, "boolean": bool, "integer": int, "number": (int, float)}[kind]
    right = isinstance(value, fitting) and (kind == "boolean" or not isinstance(value, bool))
    return None if right else f"is no {kind}"


def fit(members: dict, wanted: dict) -> str | None:
    left = dict(members)
    for name, (kind, optional) in wanted.items():
        if kind.startswith("bytes") and name + "_base64" in left:
            try:
                base64.b64decode(left.pop(name + "_base64"), validate=True)
            except ValueError:
                return f"{name}_base64 is no base64"
        elif name not in left:
            if not optional:
                return f"{name} is missing"
        elif wrong := is_kind(left.pop(name), kind):
            return f"{name} {wrong}"
    return f"{', '.join(left)} is not documented" if left else None


def fits(members: dict, variants: list[dict]) -> str | None:
    wrong = [fit(members, wanted) for wanted in variants]
    return None if None in wrong else "; or ".join(wrong)


def check_line(line: str) -> str | None:
    event = json.loads(line)
    kind = event.pop("type")
    if wrong := is_kind(event.pop("ts"), "time"):
        return f"ts {wrong}"
    if kind not in TYPES:
        return f"the type {kind} is not documented"
    wrong = fits(event, TYPES[kind])
    return f"{kind}: {wrong}" if wrong else None


def check_sources() -> list[str]:
    problems = []
    for file in sorted((ROOT / "cli").rglob("*.cc")):
        for kind in re.findall(r"(?:Event|events?_?)\(\s*\"([a-z_]+)\"", file.read_text()):
            if kind not in TYPES:
                problems.append(f"{file.relative_to(ROOT)} prints {kind}, which is not documented")
    return problems


def main() -> int:
    problems = []
    if sys.argv[1:] == ["--sources"]:
        problems = check_sources()
    else:
        sources = [open(name, errors="replace") for name in sys.argv[1:]] or [sys.stdin]
        for source in sources:
            for line in source:
                if line.startswith('{"ts":"') and line.endswith("}\n") and (wrong := check_line(line)):
                    problems.append(f"{wrong}\n  in {line.strip()[:2000]}")
    for problem in dict.fromkeys(problems):
        print(f"man/websub-events.7.scd: {problem}")
    return 1 if problems else 0


sys.exit(main())
