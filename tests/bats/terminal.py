"""Runs a command with a pseudo-terminal for its standard output and prints what it showed there:

    terminal.py [--columns N] [--both] COMMAND…

Its standard error stays what it was; --both makes that the terminal, too. Line ends are those of a
file. The status is the command's own, and so are SIGINT and SIGTERM.
"""

import argparse
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios

parser = argparse.ArgumentParser()
parser.add_argument("--columns", type=int, default=80)
parser.add_argument("--both", action="store_true")
parser.add_argument("command", nargs=argparse.REMAINDER)
options = parser.parse_args()

ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, options.columns, 0, 0))
child = subprocess.Popen(options.command, stdin=subprocess.DEVNULL, stdout=theirs,
                         stderr=theirs if options.both else None)
os.close(theirs)
# Who ends this ends the command: it decides by itself what follows.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda received, _: child.send_signal(received))
while True:
    try:
        part = os.read(ours, 65536)
    except OSError:  # nobody holds the other end any more
        break
    if not part:
        break
    sys.stdout.buffer.write(part.replace(b"\r\n", b"\n"))
    sys.stdout.buffer.flush()
status = child.wait()
sys.exit(status if status >= 0 else 128 - status)
