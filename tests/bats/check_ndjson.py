"""Fails unless standard input is NDJSON, each object with ts and type first, ts in RFC 3339 (UTC,
microseconds)."""

import json
import re
import sys

lines = sys.stdin.read().splitlines()
if not lines:
    sys.exit("there is no line")
for number, line in enumerate(lines, 1):
    pairs = json.loads(line, object_pairs_hook=list)
    names = [name for name, _ in pairs][:2]
    if names != ["ts", "type"]:
        sys.exit(f"line {number} starts with {names}: {line}")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", pairs[0][1]):
        sys.exit(f"line {number} has the time {pairs[0][1]!r}")
    if not pairs[1][1]:
        sys.exit(f"line {number} has no type: {line}")
