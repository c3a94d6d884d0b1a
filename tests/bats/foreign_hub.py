"""A hub that is not ours, for subscribers: it accepts and verifies every subscription, and delivers what
it is told to.

    POST /hub                     the request of a subscriber: 202 (foreign_hub.py --never: and no
                                  verification)
    POST /deliver?header=Name:+v  the body goes to the last callback with these fields, signed where it
                                  has a secret, by X-Hub-Signature; the answer is that of the callback
         &sign=no|wrong           without a signature, or with a wrong one
         &chunked=1               in chunks
         &zeros=BYTES             this many zero bytes in place of the body, never all in memory
"""

import hashlib
import hmac
import http.client
import sys
import threading
import urllib.parse
import urllib.request

import peer

last = {}
kPiece = b"\0" * 65536


def verify(form):
    query = urllib.parse.urlencode({"hub.mode": form["hub.mode"], "hub.topic": form["hub.topic"],
                                    "hub.challenge": "c4a11e", "hub.lease_seconds": "600"})
    urllib.request.urlopen(form["hub.callback"] + "?" + query, timeout=10).read()


def pieces(body, zeros):
    if not zeros:
        yield body
    for start in range(0, zeros, len(kPiece)):
        yield kPiece[:min(len(kPiece), zeros - start)]


def deliver(query, body):
    zeros = int(query.get("zeros", ["0"])[0])
    sign = query.get("sign", ["yes"])[0]
    fields = [tuple(header.split(":", 1)) for header in query.get("header", [])]
    if "hub.secret" in last and sign != "no":
        digest = hmac.new(last["hub.secret"].encode(), digestmod=hashlib.sha256)
        for piece in pieces(body, zeros):
            digest.update(piece)
        if sign == "wrong":
            digest.update(b"x")
        fields.append(("X-Hub-Signature", "sha256=" + digest.hexdigest()))
    callback = urllib.parse.urlsplit(last["hub.callback"])
    connection = http.client.HTTPConnection(callback.hostname, callback.port, timeout=30)
    connection.putrequest("POST", callback.path)
    for name, value in fields:
        connection.putheader(name, value.strip())
    chunked = "chunked" in query
    if chunked:
        connection.putheader("Transfer-Encoding", "chunked")
    else:
        connection.putheader("Content-Length", str(zeros or len(body)))
    connection.endheaders()
    try:
        for piece in pieces(body, zeros):
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            connection.send(b"0\r\n\r\n")
    except OSError:
        pass  # refused before its end; the answer says why
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.getheaders()


class Handler(peer.Handler):
    def handle_request(self):
        path = urllib.parse.urlsplit(self.path)
        if path.path == "/hub":
            form = dict(urllib.parse.parse_qsl(self.body.decode()))
            if form["hub.mode"] == "subscribe":
                last.clear()
                last.update(form)
            self.answer(202, b"will verify\n", [("Content-Type", "text/plain")])
            if "--never" not in sys.argv:
                threading.Thread(target=verify, args=(form,)).start()
        elif path.path == "/deliver":
            status, body, fields = deliver(urllib.parse.parse_qs(path.query, encoding="latin-1"),
                                           self.body)
            kept = [(name, value) for name, value in fields
                    if name.lower() not in ("content-length", "connection", "date")]
            self.answer(status, body, kept)
        else:
            self.answer(404)


peer.serve(Handler)
