"""Types keys into a program under a pseudo-terminal and waits for what it shows.

    type_keys.py COMMAND ARG... -- SEND WANT [SEND WANT]...

Each SEND is typed once the WANT before it has come; escapes as in Python (\\t is the tab key). WANT is looked
for in what came after its SEND, without escape sequences. An empty SEND types nothing. Prints all that was
shown; fails where a WANT does not come within 30 s."""

import os
import pty
import re
import select
import sys
import time

ESCAPE = re.compile(rb"\x1b(\[[0-9;?]*[ -/]*[@-~]|[()].|[=>]|\][^\x07]*\x07)|\r|\x07|\x08")

at = sys.argv.index("--")
command, script = sys.argv[1:at], sys.argv[at + 1:]
child, terminal = pty.fork()
if child == 0:
    os.environ.update(TERM="xterm", COLUMNS="200", LINES="50")
    os.execvp(command[0], command)

shown = b""
status = 0
for send, want in zip(script[::2], script[1::2]):
    start = len(shown)
    os.write(terminal, send.encode().decode("unicode_escape").encode())
    end = time.monotonic() + 30
    while want.encode() not in ESCAPE.sub(b"", shown[start:]):
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        try:
            got = os.read(terminal, 65536) if ready else b""
        except OSError:
            got = b""
        if not got:
            status = 1
            print(f"waited in vain for {want!r} behind {send!r}")
            break
        shown += got
    if status:
        break
sys.stdout.write(ESCAPE.sub(b"", shown).decode(errors="replace"))
os.kill(child, 9)
os.waitpid(child, 0)
sys.exit(status)
