"""Runs the benchmarks of script/bench and prints their table.

Usage: bench.py BUILD_DIR [--quick] [--only NAME] [--runs N] [--json FILE]

Every figure is the median of several runs, with the lowest and the highest; runs of different things
take turns, so that noise hits all of them. Only processes that were started here are ended.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ORIGINS = 64
SIZE = 2048
CALL_LIMIT_S = 300


class Failed(Exception):
    """A measurement that did not come about; the others go on."""


class Hub:
    """`websub serve` on a file, quiet, on a free port."""

    def __init__(self, bench, folder, name="hub.db"):
        self.bench = bench
        self.file = os.path.join(folder, name)
        self.ready_file = os.path.join(folder, name + ".ready")
        self.process = None
        self.url = ""

    def start(self, limit_s=60):
        """Starts it; tells the seconds until it answered."""
        if os.path.exists(self.ready_file):
            os.remove(self.ready_file)
        began = time.monotonic()
        self.process = self.bench.spawn(
            ["serve", "-q", "--listen", "127.0.0.1:0", "--db", self.file, "--ready-file", self.ready_file]
        )
        while not os.path.exists(self.ready_file):
            if self.process.poll() is not None:
                raise Failed("the hub ended with status %d" % self.process.returncode)
            if time.monotonic() - began > limit_s:
                raise Failed("the hub was not ready within %d s" % limit_s)
            time.sleep(0.002)
        took = time.monotonic() - began
        with open(self.ready_file, encoding="utf-8") as ready:
            self.url = ready.read().strip() + "/hub"
        return took

    def memory_mib(self, field):
        """VmRSS (now) or VmHWM (the peak) of the process."""
        with open("/proc/%d/status" % self.process.pid, encoding="utf-8") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) / 1024
        raise Failed("no %s" % field)

    def stop(self):
        self.bench.end(self.process)
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *ignored):
        self.stop()


class FanOut:
    """The tool that listens as subscribers which are in a hub's file already."""

    def __init__(self, bench):
        self.bench = bench
        self.process = bench.spawn([str(ORIGINS)], program=bench.tool("fan_out"), piped=True)
        self.ports = json.loads(self.process.stdout.readline())["ports"]

    def play(self, hub, topic, subscribers, messages, limit_s):
        line = "%s %s %d %d %d %d\n" % (hub.url, topic, subscribers, messages, SIZE, limit_s)
        self.process.stdin.write(line)
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise Failed("fan_out ended early")
        return json.loads(answer)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.bench.end(self.process)


class Bench:
    def __init__(self, build, options):
        self.websub = os.path.join(build, "websub")
        self.tools = os.path.join(build, "tests", "bench")
        self.quick = options.quick
        self.runs = options.runs or (1 if options.quick else 3)
        self.only = options.only
        self.children = []
        # Beside the build: /tmp may lie in memory, and a publish is to reach a disk.
        self.folder = tempfile.mkdtemp(prefix="bench.", dir=os.path.dirname(build))
        self.samples = {}  # name: list of values
        self.notes = {}  # name: what to say about it

    def tool(self, name):
        return os.path.join(self.tools, name)

    def spawn(self, args, program=None, piped=False):
        child = subprocess.Popen(
            [program or self.websub] + args,
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else subprocess.DEVNULL,
            text=True,
        )
        self.children.append(child)
        return child

    def end(self, child):
        if child is None:
            return
        for pipe in (child.stdin, child.stdout):
            if pipe:
                pipe.close()
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if child in self.children:
            self.children.remove(child)

    def close(self):
        for child in list(self.children):
            self.end(child)
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, args, program=None, limit_s=CALL_LIMIT_S):
        """Runs a program to its end; the last line that it printed, as JSON."""
        try:
            done = subprocess.run(
                [program or self.websub] + args,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Failed("%s took over %d s" % (args[0], limit_s)) from error
        if done.returncode != 0:
            raise Failed("status %d: %s" % (done.returncode, done.stderr.strip() or done.stdout.strip()))
        return json.loads(done.stdout.strip().splitlines()[-1])

    def fresh_folder(self):
        return tempfile.mkdtemp(dir=self.folder)

    def wants(self, part):
        return self.only is None or self.only == part

    def add(self, name, value, note=None):
        self.samples.setdefault(name, []).append(value)
        if note:
            self.notes[name] = note

    def say(self, line):
        print("  " + line, file=sys.stderr, flush=True)

    def on_fresh_hub(self, args):
        """`websub bench` against a new hub."""
        folder = self.fresh_folder()
        with Hub(self, folder) as hub:
            numbers = self.call(["bench", hub.url, "--json", "--timeout", "4m", "--keep"] + args)
        shutil.rmtree(folder)
        wrong = [k for k in ("lost", "duplicated", "out_of_order", "foreign", "damaged") if numbers[k] != 0]
        if wrong:
            raise Failed(", ".join("%s: %d" % (k, numbers[k]) for k in wrong))
        return numbers

    # --- the parts, each one run of it ---------------------------------------------------------------

    def raw(self):
        seconds = "0.5" if self.quick else "2"
        numbers = self.call(["--json", "--seconds", seconds], self.tool("raw_sender"))
        self.add(
            "raw",
            numbers["requests_per_second"],
            "%d connections; CPU a request: sender %.1f us, sink %.1f us"
            % (
                numbers["connections"],
                numbers["sender_cpu_us_per_request"],
                numbers["sink_cpu_us_per_request"],
            ),
        )

    def sink(self):
        seconds = "0.5" if self.quick else "2"
        numbers = self.call(["--json", "--no-hmac", "--seconds", seconds], self.tool("raw_sender"))
        self.add(
            "sink",
            numbers["requests_per_second"],
            "CPU a request: %.1f us, so a core alone takes %d/s"
            % (numbers["sink_cpu_us_per_request"], 1e6 / numbers["sink_cpu_us_per_request"]),
        )

    def fanout(self):
        messages = "50" if self.quick else "200"
        numbers = self.on_fresh_hub(["--subscribers", "1000", "--messages", messages, "--origins", "64"])
        self.add(
            "fanout",
            numbers["deliveries_per_second"],
            "1,000 subscriptions, %s messages; sink %.1f us of CPU a request"
            % (messages, numbers["receiver_cpu_us_per_request"]),
        )

    def publish(self):
        messages = "100" if self.quick else "500"
        numbers = self.on_fresh_hub(
            ["--subscribers", "0", "--topics", "64", "--connections", "64", "--messages", messages]
        )
        self.add(
            "publish",
            numbers["accepts_per_second"],
            "64 connections, each answered once on disk; p50 %.1f ms" % numbers["answer_p50_ms"],
        )

    def burst(self):
        messages = "20" if self.quick else "100"
        args = ["--messages", messages, "--wait", "--subscribers"]
        # What stalled ones add is held against as many healthy ones without them.
        kinds = {"whole": ["200"], "few": ["180"], "stalled": ["200", "--stalled", "20"]}
        names = list(kinds)
        if len(self.samples.get("burst", [])) % 2 == 1:
            names.reverse()
        found = {name: self.on_fresh_hub(args + kinds[name]) for name in names}
        whole, few, stalled = found["whole"], found["few"], found["stalled"]
        self.add(
            "burst",
            whole["burst_median_ms"],
            "publish answered to last delivery, %s messages; worst %.1f ms" % (messages, whole["burst_max_ms"]),
        )
        self.add(
            "burst_stalled",
            stalled["burst_median_ms"],
            "last delivery to the 180 healthy ones; worst %.1f ms" % stalled["burst_max_ms"],
        )
        self.add(
            "burst_added",
            stalled["burst_median_ms"] - few["burst_median_ms"],
            "against 180 healthy ones alone",
        )

    def subscribe(self):
        count = 1000 if self.quick else 10000
        numbers = self.on_fresh_hub(
            ["--subscribers", str(count), "--connections", "64", "--messages", "2", "--origins", "64"]
        )
        if numbers["verified"] != count or numbers["delivered"] != 2 * count:
            raise Failed("%d verified, %d delivered" % (numbers["verified"], numbers["delivered"]))
        self.add(
            "subscribe",
            numbers["verifications_per_second"],
            "%s over 64 connections: all kept, all delivered to" % format(count, ","),
        )

    def scale_base(self):
        """The rate at 1,000 subscriptions, as the larger ones are measured."""
        self.scale(1000, 100 if self.quick else 200, "scale_base")

    def scale(self, subscriptions, messages, name, memory=False):
        folder = self.fresh_folder()
        topic = "http://127.0.0.1:9/bench"
        hub = Hub(self, folder)
        with FanOut(self) as tool:
            self.say("filling a file with %s subscriptions" % format(subscriptions, ","))
            ports = [str(port) for port in tool.ports]
            done = subprocess.run(
                [self.tool("fill_store"), hub.file, topic, str(subscriptions)] + ports,
                stdin=subprocess.DEVNULL,
                timeout=CALL_LIMIT_S,
                check=False,
            )
            if done.returncode != 0:
                raise Failed("fill_store ended with status %d" % done.returncode)
            try:
                hub.start()
                time.sleep(1)
                fresh = hub.memory_mib("VmRSS")
                limit_s = 30 + subscriptions * messages // 5000
                numbers = tool.play(hub, topic, subscriptions, messages, limit_s)
                if not numbers["whole"] or numbers["lost"] or numbers["duplicated"] or numbers["out_of_order"]:
                    raise Failed(json.dumps(numbers))
                self.add(
                    name,
                    numbers["deliveries_per_second"],
                    "%s; sink %.1f us of CPU a request"
                    % (
                        "1 message" if messages == 1 else "%d messages" % messages,
                        numbers["sink_cpu_us_per_request"],
                    ),
                )
                if memory:
                    time.sleep(3)
                    self.add(
                        name + "_rest",
                        hub.memory_mib("VmRSS"),
                        "3 s after the fan-out; before it %.1f MiB" % fresh,
                    )
                    self.add(name + "_peak", hub.memory_mib("VmHWM"))
                    hub.stop()
                    self.add(name + "_restart", hub.start())
            finally:
                hub.stop()
        shutil.rmtree(folder)

    def idle(self):
        folder = self.fresh_folder()
        with Hub(self, folder) as hub:
            time.sleep(1)
            self.add("idle", hub.memory_mib("VmRSS"), "a second after the start, empty file")
        shutil.rmtree(folder)

    def version(self):
        for _ in range(20):
            began = time.monotonic()
            subprocess.run([self.websub, "--version"], stdout=subprocess.DEVNULL, check=True)
            self.add("version", (time.monotonic() - began) * 1000, "spawn to exit, file cached, 20 runs")

    # --- all of it -------------------------------------------------------------------------------------

    def attempt(self, what, *args):
        self.say(" ".join([what.__name__] + [str(each) for each in args if not isinstance(each, bool)]))
        try:
            what(*args)
        except Failed as error:
            print("bench: %s: %s" % (what.__name__, error), file=sys.stderr)
            return False
        return True

    def run(self):
        whole = True
        for _ in range(self.runs):
            for part in ("raw", "fanout", "sink", "publish", "burst", "subscribe"):
                if self.wants(part) or (part == "raw" and self.only == "fanout"):
                    whole &= self.attempt(getattr(self, part))
            if self.wants("scale"):
                whole &= self.attempt(self.scale_base)
                whole &= self.attempt(self.scale, 10000 if self.quick else 100000, 1, "scale_100k")
        if self.wants("scale") and not self.quick:
            whole &= self.attempt(self.scale, 1000000, 1, "scale_1m", True)
        if self.wants("idle"):
            whole &= self.attempt(self.idle)
        if self.wants("version"):
            whole &= self.attempt(self.version)
        return whole


# What stands in the table: name, title, unit, goal, and what it is held against.
ROWS = [
    ("raw", "signed requests, bare sender (the limit)", "/s", None, None),
    ("fanout", "fan-out to 1,000 subscriptions, recorded", "/s", ("ratio", 0.70), "raw"),
    ("sink", "what the sink takes, unsigned bare sender", "/s", None, None),
    ("publish", "durable publishes of 2 KB", "/s", ("least", 10000), None),
    ("burst", "burst to 200 subscriptions", "ms", ("most", 10), None),
    ("burst_stalled", "the same, 20 of the 200 stalled", "ms", None, None),
    ("burst_added", "added by the stalled ones", "ms", ("most", 5), None),
    ("subscribe", "parallel subscribes, verified", "/s", None, None),
    ("scale_base", "fan-out, 1,000 subscriptions in the file", "/s", None, None),
    ("scale_100k", "fan-out, 100,000 subscriptions", "/s", ("ratio", 0.8), "scale_base"),
    ("scale_1m", "fan-out, 1,000,000 subscriptions", "/s", ("ratio", 0.8), "scale_base"),
    ("scale_1m_rest", "hub's memory at rest, 1,000,000", "MiB", ("most", 100), None),
    ("scale_1m_peak", "its peak while it fanned out", "MiB", ("most", 300), None),
    ("scale_1m_restart", "restart until ready, 1,000,000", "s", ("most", 2), None),
    ("idle", "idle hub's memory", "MiB", ("most", 20), None),
    ("version", "websub --version", "ms", ("most", 15), None),
]
PARTS = ["raw", "fanout", "sink", "publish", "burst", "subscribe", "scale", "idle", "version"]


def figures(bench):
    rows = []
    for name, title, unit, goal, base in ROWS:
        values = bench.samples.get(name)
        if not values:
            continue
        if bench.quick and name == "scale_100k":
            title = "fan-out, 10,000 subscriptions"
        row = {
            "name": name,
            "title": title,
            "unit": unit,
            "median": statistics.median(values),
            "min": min(values),
            "max": max(values),
            "runs": len(values),
            "note": bench.notes.get(name, ""),
        }
        if base and bench.samples.get(base):
            row["ratio_to"] = base
            row["ratio"] = row["median"] / statistics.median(bench.samples[base])
        if goal:
            kind, limit = goal
            measured = row.get("ratio") if kind == "ratio" else row["median"]
            row["goal"] = ("at least %g" if kind != "most" else "at most %g") % limit
            if measured is not None:
                row["met"] = measured <= limit if kind == "most" else measured >= limit
        rows.append(row)
    return rows


def number(value):
    if abs(value) >= 1000:
        return format(round(value), ",")
    return "%.2f" % value if abs(value) < 10 else "%.1f" % value


def table(rows):
    lines = [["what", "median", "lowest..highest", "ratio", "goal", ""]]
    for row in rows:
        unit = row["unit"] if row["unit"] == "/s" else " " + row["unit"]
        lines.append(
            [
                row["title"],
                number(row["median"]) + unit,
                number(row["min"]) + ".." + number(row["max"]),
                "%.2f" % row["ratio"] if "ratio" in row else "",
                row.get("goal", ""),
                {True: "met", False: "MISSED"}.get(row.get("met"), ""),
            ]
        )
    widths = [max(len(line[at]) for line in lines) for at in range(6)]
    for line in lines:
        cells = [
            cell.rjust(width) if at in (1, 2, 3) else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths))
        ]
        print("  ".join(cells).rstrip())
    print()
    for row in rows:
        if row["note"]:
            print("%s: %s" % (row["title"], row["note"]))


def machine():
    model = ""
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"cores": os.cpu_count(), "cpu": model, "kernel": platform.release(), "load": os.getloadavg()[0]}


def main():
    parser = argparse.ArgumentParser(prog="script/bench")
    parser.add_argument("build")
    parser.add_argument("--quick", action="store_true", help="smaller numbers, one run")
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument("--runs", type=int, help="how often each is measured (3; quick: 1)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    # An end by a signal goes through the clean-up as any other.
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda number, frame: sys.exit(128 + number))
    about = machine()
    print(
        "%d cores (%s), load %.1f before the start"
        % (about["cores"], about["cpu"] or "unknown", about["load"])
    )
    bench = Bench(options.build, options)
    try:
        whole = bench.run()
    except KeyboardInterrupt:
        return 130
    finally:
        bench.close()
    rows = figures(bench)
    table(rows)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump({"machine": about, "rows": rows}, out, indent=2)
            out.write("\n")
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
