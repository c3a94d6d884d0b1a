#!/usr/bin/env bats
# tests/data/cli/bad_input.json: each wrong command line and file of settings gets its sentence and status.

load helper

judge() { run -0 python3 "$bats_dir/bad_input.py" "$1"; }

@test "no command, a wrong one, and flags before it" { judge general; }
@test "serve" { judge serve; }
@test "subscribe" { judge subscribe; }
@test "publish" { judge publish; }
@test "discover" { judge discover; }
@test "inspect" { judge inspect; }
@test "verify-sig" { judge verify-sig; }
@test "conformance" { judge conformance; }
@test "bench" { judge bench; }
@test "completion" { judge completion; }
@test "config, and files and variables with mistakes" { judge config; }

@test "the table is large and has every command" {
  run -0 python3 - "$bats_dir/../data/cli/bad_input.json" <<'PYTHON'
import json, subprocess, sys
rows = json.load(open(sys.argv[1]))
assert len(rows) >= 80, len(rows)
assert len({json.dumps(row, sort_keys=True) for row in rows}) == len(rows), "a row stands there twice"
shown = subprocess.run(["websub", "--help"], capture_output=True, text=True, check=True).stdout
for line in shown.splitlines():
    if line.startswith("  ") and not line.startswith("  websub"):
        command = line.split()[0]
        assert any(row["args"].split()[:1] == [command] for row in rows), command
PYTHON
}

@test "a secret in a wrong command line is not repeated" {
  run -2 --separate-stderr websub subscribe http://user:hunter2@127.0.0.1:1/x --secret hunter2 --count x
  lacks "$stderr" hunter2
  run -2 --separate-stderr websub serve --secret=hunter2
  lacks "$stderr" hunter2
  run -2 --separate-stderr env WEBSUB_SECRET="hunter2$(printf '%0300d' 0)" websub subscribe http://127.0.0.1:1/x
  lacks "$stderr" hunter2
}

@test "bytes that would drive a terminal are shown escaped in a sentence" {
  run -2 --separate-stderr websub discover $'http://x/\e[2Jy'
  lacks "$stderr" $'\e'
  run -2 --separate-stderr websub $'\e]0;x\a'
  lacks "$stderr" $'\e'
}
