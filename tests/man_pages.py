"""Holds the manual pages against the program: every flag of a command stands in its page, with its
default, and no page names a flag that does not exist. Where mandoc is, the pages are linted and read on
80 columns.

    man_pages.py BINARY SOURCE_DIR BUILT_PAGES_DIR
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "FLAGS", "EXIT STATUS", "ENVIRONMENT", "EXAMPLES", "SEE ALSO"]
# What flags of a page would be that belong to programs of others.
FOREIGN: set[str] = set()

binary, source, built = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
problems: list[str] = []
environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}


def websub(*arguments: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([binary, *arguments], capture_output=True, text=True, cwd=folder, env=environment,
                              check=True, timeout=60)
    return done.stdout


def commands() -> list[str]:
    return re.findall(r"^  ([a-z][a-z-]*) {2,}", websub("--help"), re.M)


def flags_of(command: str) -> dict[str, str]:
    """Of --help-all: "-q,--quiet" -> "", "--hub" -> "URL"."""
    head = websub(command, "--help-all").split("\nExamples:")[0]
    return {names: value or "" for names, value in
            re.findall(r"^  ((?:-\w,)?--[a-z0-9-]+)(?: (\S+))?(?:  .*)?$", head, re.M)}


def defaults_of(command: str) -> dict[str, str]:
    settings = (json.loads(line) for line in websub("config", command, "--no-config", "--json").splitlines())
    return {"--" + one["name"]: str(one["value"]) for one in settings
            if one["value"] not in (None, False) and one["from"] == "default"}


def whole(page: str) -> str:
    """The text of a page with its parts."""
    text = (source / "man" / (page + ".scd")).read_text()
    for part in (source / "man" / "parts").glob("*.scd"):
        text = text.replace(f"@{part.stem.upper()}@", part.read_text().strip())
    return text


def plain(text: str) -> str:
    """Without the marks of scdoc."""
    return re.sub(r"\\(.)|(?<!\w)_|_(?!\w)|\*", lambda found: found.group(1) or "", text)


def section(text: str, name: str) -> str:
    found = re.search(rf"^# {name}\n(.*?)(?=^# |\Z)", text, re.M | re.S)
    return found.group(1) if found else ""


def documented(text: str) -> dict[str, tuple[str, str]]:
    """Of a FLAGS section: "--hub" -> ("URL", what it says)."""
    found = {}
    for head, body in re.findall(r"^(\*-.*)\n((?:\t.*\n|\n(?=\t))*)", text, re.M):
        names, _, value = plain(head).partition(" ")
        if names.endswith(","):  # "-q, --quiet"
            more, _, value = value.partition(" ")
            names += more
        found[names] = (value, " ".join(body.split()))
    return found


def check_flags(command: str, page: str) -> None:
    text = whole(page)
    written = documented(section(text, "FLAGS"))
    known = flags_of(command)
    if not known:
        problems.append(f"{command}: --help-all shows no flag")
    for names in sorted(known.keys() - written.keys()):
        problems.append(f"{page}: {names} of {command} is missing")
    for names in sorted(written.keys() - known.keys()):
        problems.append(f"{page}: {command} has no flag {names}")
    for names in known.keys() & written.keys():
        value, says = written[names]
        if value != known[names]:
            problems.append(f"{page}: {names} is written with {value!r}, --help-all says {known[names]!r}")
        if not says:
            problems.append(f"{page}: {names} is not explained")
    for name, default in defaults_of(command).items():
        for names, (_, says) in written.items():
            tokens = re.split(r"[\s,;()]+", plain(says).replace(". ", " ").rstrip("."))
            if names.split(",")[-1] == name and default not in tokens:
                problems.append(f"{page}: {name} does not tell its default, {default}")


def check_form(page: str, text: str) -> None:
    wanted = SECTIONS if page != "websub.1" else [*SECTIONS[:3], "COMMANDS", *SECTIONS[3:]]
    if page.endswith(".1"):
        headings = re.findall(r"^# (.*)", text, re.M)
        if [one for one in headings if one in wanted] != wanted:
            problems.append(f"{page}: its sections are {headings}, wanted are {wanted}")
    for name, number in re.findall(r"\*(websub[a-z-]*)\*\((\d)\)", text):
        if not (source / "man" / f"{name}.{number}.scd").exists():
            problems.append(f"{page}: there is no page {name}({number})")


def check_built(page: str) -> None:
    if not (built / page).exists():
        problems.append(f"{page}: it was not built")
        return
    if not shutil.which("mandoc"):
        return
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(built / page)], capture_output=True, text=True)
    # scdoc begins a paragraph where none is needed, which shows nowhere.
    problems.extend(line for line in lint.stdout.splitlines() if "skipping paragraph macro" not in line)
    shown = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=78", str(built / page)], capture_output=True, text=True)
    for line in shown.stdout.splitlines():
        line = re.sub(".\b", "", line)
        if len(line) > 80:
            problems.append(f"{page}: over 80 columns: {line}")


every_flag = set(re.findall(r"--[a-z0-9-]+", websub("--help")))
pages = sorted(one.name.removesuffix(".scd") for one in (source / "man").glob("*.scd"))
for one in commands():
    every_flag |= {name for names in flags_of(one) for name in names.split(",")}
    if f"websub-{one}.1" in pages:
        check_flags(one, f"websub-{one}.1")
    else:
        problems.append(f"there is no page websub-{one}(1)")
    if f"*websub-{one}*(1)" not in section(whole("websub.1"), "COMMANDS"):
        problems.append(f"websub.1: COMMANDS does not name {one}")
for page in pages:
    text = whole(page)
    check_form(page, text)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", plain(text)))
    for flag in sorted(named - every_flag - FOREIGN):
        problems.append(f"{page}: no command has the flag {flag}")
    check_built(page)

for problem in problems:
    print(problem)
if problems:
    sys.exit(1)
print(f"{len(pages)} pages agree with the program")
if not shutil.which("mandoc"):
    print("mandoc is missing: nothing was linted")
