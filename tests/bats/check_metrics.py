"""Holds what GET /metrics answers (on standard input) against the text format that Prometheus reads, line by
line, and against how this hub names things.

    check_metrics.py                       fails with every line that is wrong
    check_metrics.py 'NAME{label="x"}' …   the same, and prints the value of each of these, a line each
"""

import collections
import math
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? (\S+)")
# What a label may hold: nothing that a peer chose.
LABELS = {"kind", "status", "fault", "outcome", "state", "part", "version", "le"}
UNITS = ("_total", "_seconds", "_bytes", "_info")

problems = []
types, helps, samples = {}, {}, collections.OrderedDict()
closed, current = set(), None


def begin(family):
    """The lines of a family stand together."""
    global current
    if family != current:
        if family in closed:
            problems.append(f"{family}: its lines are in two places")
        closed.add(current)
        current = family


def family_of(name):
    for suffix in ("_bucket", "_sum", "_count"):
        base = name.removesuffix(suffix)
        if base != name and types.get(base) == "histogram":
            return base
    return name


text = sys.stdin.read()
if not text.endswith("\n"):
    problems.append("the last line has no end")
for line in text.splitlines():
    comment = re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.*)", line)
    if comment:
        word, family, rest = comment.groups()
        begin(family)
        known = helps if word == "HELP" else types
        if family in known:
            problems.append(f"{family}: a second {word}")
        if any(family_of(name) == family for name, _ in samples):
            problems.append(f"{family}: {word} behind its samples")
        if not rest or (word == "TYPE" and rest not in ("counter", "gauge", "histogram")):
            problems.append(f"{family}: {word} {rest!r}")
        known[family] = rest
        continue
    found = SAMPLE.fullmatch(line)
    if not found:
        problems.append(f"neither a comment nor a sample: {line!r}")
        continue
    name, labels, value = found.group(1), found.group(2) or "", found.groups()[-1]
    family = family_of(name)
    begin(family)
    if family not in types or family not in helps:
        problems.append(f"{name}: no TYPE and HELP before it")
    pairs = tuple((pair.group(1), pair.group(2)) for pair in re.finditer(LABEL, labels))
    if {label for label, _ in pairs} - LABELS:
        problems.append(f"{name}: a label that is none of {sorted(LABELS)}: {labels}")
    if (name, pairs) in samples:
        problems.append(f"{name}{{{labels}}}: twice")
    try:
        samples[name, pairs] = float(value)
    except ValueError:
        problems.append(f"{name}: {value!r} is no number")
    if math.isnan(samples.get((name, pairs), 0)):
        problems.append(f"{name}: no number")

for family, kind in types.items():
    if not family.startswith(("websub_", "process_")):
        problems.append(f"{family}: neither websub_ nor process_")
    if (kind == "counter") != family.endswith("_total"):
        problems.append(f"{family}: a {kind}")
    if re.search(r"_(ms|millis|milliseconds|kb|kilobytes|minutes)(_|$)", family):
        problems.append(f"{family}: not in seconds or bytes")
    if not any(family_of(name) == family for name, _ in samples):
        problems.append(f"{family}: no sample")
for (name, pairs), value in samples.items():
    if value < 0:
        problems.append(f"{name}: {value} is less than nothing")
    if types.get(family_of(name)) == "counter" and value != int(value) and not name.endswith("_seconds_total"):
        problems.append(f"{name}: {value} is no whole number")

for family in (name for name, kind in types.items() if kind == "histogram"):
    series = collections.defaultdict(list)
    for (name, pairs), value in samples.items():
        if name == family + "_bucket":
            series[tuple(p for p in pairs if p[0] != "le")].append((float(dict(pairs)["le"]), value))
    if not series:
        problems.append(f"{family}: no buckets")
    for pairs, buckets in series.items():
        bounds, counts = zip(*buckets)
        if list(bounds) != sorted(set(bounds)) or bounds[-1] != math.inf:
            problems.append(f"{family}: bounds {bounds}")
        if list(counts) != sorted(counts):
            problems.append(f"{family}: the buckets are not cumulative: {counts}")
        if samples.get((family + "_count", pairs)) != counts[-1]:
            problems.append(f"{family}: +Inf is not its count")
        if (family + "_sum", pairs) not in samples:
            problems.append(f"{family}: no sum")

for wanted in sys.argv[1:]:
    found = SAMPLE.fullmatch(wanted + " 0")
    pairs = {(pair.group(1), pair.group(2)) for pair in re.finditer(LABEL, found.group(2) or "")}
    values = [value for (name, have), value in samples.items() if name == found.group(1) and set(have) == pairs]
    if len(values) == 1:
        print(f"{values[0]:.16g}")
    else:
        problems.append(f"{wanted}: {len(values)} of it")
for problem in problems:
    print(problem, file=sys.stderr)
sys.exit(1 if problems else 0)
