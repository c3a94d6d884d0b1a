"""Runs the wrong calls of tests/data/cli/bad_input.json whose command is the one given, and shows each that
is answered otherwise than the table says:

    bad_input.py COMMAND

A row: the sentence's reader is the person who made the mistake.

    args     as typed into a shell
    says     the first line on standard error, without "websub: "
    status   2 where it is not given
    config   the content of websub.toml
    env      variables
    stdin    what standard input brings
    files    content of files by their names, in the folder that it runs in; null: a folder

A call must end by itself, print nothing on standard output, and end with where to read more (`See …`)
only where the command line was at fault.
"""

import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
rows = json.loads((here.parent / "data/cli/bad_input.json").read_text("utf-8"))
command = sys.argv[1]


def command_of(row):
    words = shlex.split(row["args"])
    return row.get("about") or (words[0] if words else "")


def wrong(row):
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        for name, content in row.get("files", {}).items():
            if content is None:
                (place / name).mkdir()
            else:
                (place / name).write_text(content, "utf-8")
                (place / name).chmod(0o600)
        if "config" in row:
            (place / "websub.toml").write_text(row["config"], "utf-8")
        done = subprocess.run(["websub", *shlex.split(row["args"])], cwd=folder, capture_output=True,
                              input=row.get("stdin", "").encode(), timeout=60, check=False,
                              env={**os.environ, **row.get("env", {})})
    got = done.stderr.decode("utf-8", "replace").splitlines()
    faults = []
    first = got[0] if got else ""
    if first != "websub: " + row["says"]:
        faults.append(f"says   {first}\n  wanted websub: {row['says']}")
    if done.returncode != row.get("status", 2):
        faults.append(f"status {done.returncode}, wanted {row.get('status', 2)}")
    if done.stdout:
        faults.append(f"prints on standard output: {done.stdout[:200]!r}")
    if len([line for line in got if not line.startswith("See `websub ")]) > 1:
        faults.append("says more than one sentence: " + " / ".join(got))
    return faults


chosen = [row for row in rows if command_of(row) == command]
failed = 0
for row in chosen:
    for fault in wrong(row):
        failed += 1
        print(f"websub {row['args']}\n  {fault}")
if not chosen:
    sys.exit(f"there is no row for {command}")
print(f"{len(chosen)} calls, {failed} faults")
sys.exit(1 if failed else 0)
