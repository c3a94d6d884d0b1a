"""An application that fails until it is mended: a file named by its argument is there."""

import os
import sys
import threading

import peer


class Handler(peer.Handler):
    def handle_request(self):
        if self.path == "/stuck":
            while not os.path.exists(sys.argv[1]):
                threading.Event().wait(0.05)
        if os.path.exists(sys.argv[1]):
            self.answer(200, b"thank you\n", [("X-App", "1"), ("X-App", "2")])
        else:
            self.answer(500, b"no table \x1b[2J\xff named notifications\nat app.py:7\n",
                        [("Content-Type", "text/plain"), ("Connection", "close")])


peer.serve(Handler)
