"""Drives a real Chromium through its debugging pipe, for dashboard.bats; needs nothing beside it.

    browser.py URL STEP…

Each step is polled until it holds, up to a deadline that a busy machine does not reach; then the next one
is taken. The status is 1 where one did not hold, and the page's text is printed.

    EXPRESSION        JavaScript that must become true
    do EXPRESSION     runs it, once
    print EXPRESSION  prints its value
    shot FILE         saves a picture (PNG)
    size WIDTHxHEIGHT, dark: how the page is shown from then on

`browser.py --find` prints the program, or nothing where there is none. Every exception of the page, and
everything that its policy forbade, fails the run.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

DEADLINE = 90


def find():
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), "")


class Browser:
    def __init__(self, profile):
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()

        def as_three_and_four():
            # Away from 3 and 4 first: either may be the other's number.
            high = os.dup(to_read), os.dup(to_write)
            high = [os.dup2(fd, 50 + i) for i, fd in enumerate(high)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [find(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-extensions",
             "--window-size=1280,900", "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            preexec_fn=as_three_and_four)
        os.close(to_read)
        os.close(to_write)
        self.input = os.fdopen(self.read_end, "rb", buffering=0)
        self.rest = b""
        self.last_id = 0
        self.session = None
        self.faults = []

    def receive(self):
        while b"\0" not in self.rest:
            part = self.input.read(65536)
            if not part:
                raise SystemExit("the browser has ended")
            self.rest += part
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def note(self, message):
        told = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.faults.append(details.get("exception", {}).get("description") or details["text"])
        if message.get("method") == "Log.entryAdded" and told["entry"]["source"] in ("security", "javascript"):
            self.faults.append(told["entry"]["text"])

    def call(self, method, **params):
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.last_id:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.note(answer)

    def open(self, url):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")
        self.call("Page.navigate", url=url)

    # The value, or None where the page is not there yet.
    def value(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        return None if "exceptionDetails" in answer else answer["result"].get("value")

    def wait(self, expression):
        end = time.monotonic() + DEADLINE
        while not self.value(f"Boolean({expression})"):
            if time.monotonic() > end:
                print(f"waited in vain for: {expression}\n{self.value('document.body.innerText')}")
                return False
            time.sleep(0.1)
        return True

    def step(self, step):
        word, _, rest = step.partition(" ")
        if word == "do":
            self.value(f"{rest}; 0")
        elif word == "print":
            print(self.value(rest))
        elif word == "shot":
            with open(rest, "wb") as file:
                file.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
        elif word == "size":
            width, height = map(int, rest.split("x"))
            self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        elif word == "dark":
            self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        else:
            return self.wait(step)
        return True


def main(arguments):
    if arguments == ["--find"]:
        print(find())
        return 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        try:
            browser.open(arguments[0])
            held = all(browser.step(step) for step in arguments[1:])
            for fault in browser.faults:
                print("fault of the page:", fault)
            return 0 if held and not browser.faults else 1
        finally:
            browser.process.terminate()
            browser.process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
