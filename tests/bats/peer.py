"""A small HTTP peer for the tests in this folder. A file of its own says what it answers:

    import peer

    class Handler(peer.Handler):
        def handle_request(self):
            self.answer(500, b"boom") if self.path == "/hook" else self.answer(204)

    peer.serve(Handler)

`start_peer FILE.py` runs it. It prints its URL first, and then one JSON object a line for each request,
before it is answered: method, path, fields (a list of pairs, as they came), body (as latin-1).

Alone (`start_peer peer.py [STATUS]`) it is a subscriber or an application that answers STATUS (204) to
everything, and a challenge to whoever verifies. `start_peer peer.py silent` never answers anything.
"""

import http.server
import json
import sys
import threading
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", fields=()):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        if status >= 200 and status != 204 and status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != 204 and status != 304:
            self.wfile.write(body)

    def query(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query, keep_blank_values=True))

    def handle_request(self):
        query = self.query()
        if sys.argv[1:] == ["silent"]:
            threading.Event().wait()
        if self.command == "GET" and "hub.challenge" in query:
            self.answer(200, query["hub.challenge"].encode())
        else:
            self.answer(int(sys.argv[1]) if len(sys.argv) > 1 else 204)

    def run_request(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        line = json.dumps({"method": self.command, "path": self.path, "fields": self.headers.items(),
                           "body": self.body.decode("latin-1")})
        with self.lock:
            print(line, flush=True)
        self.handle_request()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = run_request


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def serve(handler, port=0):
    server = Server(("127.0.0.1", port), handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(Handler)
