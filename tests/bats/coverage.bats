#!/usr/bin/env bats
# Nothing of the command line is without a test in this folder: every command, and every flag of each, in a
# test file that runs that command.

load helper

@test "every command and every flag is named in a test" {
  run -0 python3 - "$bats_dir" <<'PYTHON'
import pathlib, re, subprocess, sys

folder = pathlib.Path(sys.argv[1])
texts = {path.name: path.read_text("utf-8") for path in folder.glob("*.bats") if path.name != "coverage.bats"}


def shown(*words):
    return subprocess.run(["websub", *words], capture_output=True, text=True, check=True).stdout


commands = re.findall(r"^  ([a-z][a-z-]*) ", shown("--help").split("\nExamples")[0], re.M)
assert len(commands) >= 9, commands
missing = []
for command in commands:
    using = [text for text in texts.values() if re.search(rf"\bwebsub {command}\b", text)]
    if not using:
        missing.append(command)
    for names in re.findall(r"^  (?:(-[a-zA-Z]),)?(--[a-z0-9-]+)", shown(command, "--help-all"), re.M):
        spellings = "|".join(re.escape(name) for name in names if name)
        pattern = re.compile(rf"(?<![\w-])(?:{spellings})(?![\w-])")
        if not any(pattern.search(text) for text in using):
            missing.append(f"{command} {names[1]}")
for line in missing:
    print("no test names: " + line)
sys.exit(1 if missing else 0)
PYTHON
}
