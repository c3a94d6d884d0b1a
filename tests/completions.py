"""Holds the completions against the program: every command and every flag of --help-all stands in the script
of each shell, and none that does not exist.

    completions.py BINARY
"""

import re
import subprocess
import sys


def websub(*arguments: str) -> str:
    return subprocess.run([sys.argv[1], *arguments], capture_output=True, text=True, check=True, timeout=60).stdout


def flags_of(command: str) -> set[str]:
    head = websub(command, "--help-all").split("\nExamples:")[0]
    found = re.findall(r"^  ((?:-\w,)?--[a-z0-9-]+)", head, re.M)
    return {name for names in found for name in names.split(",")}


def in_bash(script: str, command: str) -> set[str]:
    found = re.search(rf"^    {command}\)\n      flags='([^']*)'", script, re.M)
    return set(found.group(1).split()) if found else set()


def in_zsh(script: str, command: str) -> set[str]:
    found = re.search(rf"^        {command}\)\n(.*?)^          ;;", script, re.M | re.S)
    specs = re.findall(r"^ +'\*?(--?[a-z0-9-]+)(?=[=\[])|^ +'\([^)]*\)'\{([^}]*)\}| '\*(--[a-z0-9-]+)(?=[=\[])",
                       found.group(1) if found else "", re.M)
    return {name for spec in specs for part in spec if part for name in part.split(",")}


def in_fish(script: str, command: str) -> set[str]:
    found = set()
    for line in re.findall(rf"^complete -c websub -n '__websub_on {command}'(.*)", script, re.M):
        found |= {"--" + name for name in re.findall(r"^(?: -s \w)? -l ([a-z0-9-]+)", line)}
        found |= {"-" + name for name in re.findall(r"^ -s (\w)", line)}
    return found


problems = []
commands = re.findall(r"^  ([a-z][a-z-]*) {2,}", websub("--help"), re.M)
for shell, read in (("bash", in_bash), ("zsh", in_zsh), ("fish", in_fish)):
    script = websub("completion", shell, "--no-config")
    for command in commands:
        known, found = flags_of(command), read(script, command)
        problems += [f"{shell}: {command} lacks {flag}" for flag in sorted(known - found)]
        problems += [f"{shell}: {command} has no {flag}" for flag in sorted(found - known)]
print("\n".join(problems) or f"{len(commands)} commands are complete in each shell")
sys.exit(1 if problems or not commands else 0)
