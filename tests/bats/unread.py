"""Runs a command whose standard output nobody reads: a pipe that is full from the start, and stays open.

    unread.py COMMAND…
"""

import fcntl
import os
import sys

reader, writer = os.pipe()
size = fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ)
assert os.write(writer, b"x" * size) == size
os.set_inheritable(reader, True)  # the command holds it itself: it never is closed
os.dup2(writer, 1)
os.close(writer)
os.execvp(sys.argv[1], sys.argv[1:])
