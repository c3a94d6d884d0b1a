#!/usr/bin/env python3
"""Fails when a MUST of the hub or the subscriber in docs/requirements.tsv is named by no test, or a test
names an id that the table does not have. Usage: tests/requirements.py SOURCE_DIR"""
import csv
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
with open(root / "docs/requirements.tsv", newline="", encoding="utf-8") as table:
    rows = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
known = {row["id"] for row in rows}

CASE = r'TEST_CASE(?:_FIXTURE)?\(\s*(?:[\w:]+,\s*)?((?:"(?:[^"\\]|\\.)*"\s*)+)\)'
tested = {}
for file in sorted((root / "tests").rglob("*_test.cc")):
    for name in re.findall(CASE, file.read_text("utf-8")):
        for requirement in re.findall(r"\b(?:HUB|SUB|PUB)-[A-Z]+-\d+\b", name):
            tested.setdefault(requirement, []).append(file.name)

wrong = 0
for row in rows:
    if row["level"] == "MUST" and row["role"] in ("hub", "subscriber") and row["id"] not in tested:
        print(f"no test names {row['id']}: {row['requirement']}")
        wrong += 1
for requirement in sorted(set(tested) - known):
    print(f"{tested[requirement][0]} names {requirement}, which docs/requirements.tsv does not have")
    wrong += 1
print(f"{len(tested)} of {len(known)} requirements are named by tests")
sys.exit(1 if wrong else 0)
