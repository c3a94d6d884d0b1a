"""Holds a running hub against the description that it gives of itself, in both directions:

    check_openapi.py HUB

Every operation of the description is called, and answered as described: status, content type, and every
member of the body. Paths and methods that it does not tell of are answered 404 and 405. Every parameter is
there, and no other. The hub must hold something of each kind already (openapi.bats).
"""

import copy
import http.client
import json
import re
import sys
import urllib.parse

import jsonschema

hub = urllib.parse.urlsplit(sys.argv[1])
METHODS = ("get", "post", "put", "delete", "patch")
problems: list[str] = []
seen: dict[tuple[str, str], set[int]] = {}


def call(method, target, fields=(), body=None):
    line = http.client.HTTPConnection(hub.hostname, hub.port, timeout=80)
    line.request(method.upper(), target, body=body, headers=dict(fields))
    answer = line.getresponse()
    return answer.status, answer.headers, answer.read().decode()


# --- the document itself

status, headers, text = call("get", "/api/v1/openapi.json")
assert status == 200, text
doc = json.loads(text)


def resolve(node):
    while "$ref" in node:
        found = doc
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def refs(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


def check_document():
    used = set(refs(doc))
    for ref in used:
        try:
            resolve({"$ref": ref})
        except KeyError:
            problems.append(f"{ref} leads nowhere")
    for group in ("schemas", "parameters", "responses"):
        for name in doc["components"][group]:
            if f"#/components/{group}/{name}" not in used:
                problems.append(f"nothing uses the {group} {name}")
    for name, schema in doc["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
    ids = [operation["operationId"] for path in doc["paths"].values() for operation in path.values()]
    if len(ids) != len(set(ids)):
        problems.append(f"an operationId comes twice: {sorted(ids)}")
    schemes = doc["components"]["securitySchemes"]
    for path, item in doc["paths"].items():
        for method, operation in item.items():
            own = [resolve(parameter) for parameter in operation.get("parameters", [])]
            if {p["name"] for p in own if p["in"] == "path"} != set(re.findall(r"{(\w+)}", path)):
                problems.append(f"{method} {path}: its path and its parameters differ")
            for wanted in operation.get("security", doc["security"]):
                if set(wanted) - set(schemes):
                    problems.append(f"{method} {path}: no such security scheme: {wanted}")
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                if "example" in content:
                    match(content["schema"], content["example"], f"{method} {path}: the example of {kind}")


# --- schemas, with no member beside those that are described

def close(node, part_of_more=False):
    if isinstance(node, list):
        return [close(each) for each in node]
    if not isinstance(node, dict):
        return node
    out = {}
    for key, value in node.items():
        if key == "allOf":
            out[key] = [{"$ref": each["$ref"] + "Open"} if "$ref" in each else close(each, True) for each in value]
        elif key == "properties":
            out[key] = {name: close(each) for name, each in value.items()}
        else:
            out[key] = close(value)
    if not part_of_more and ("allOf" in node or isinstance(node.get("properties"), dict)):
        out["unevaluatedProperties"] = False
    return out


closed = {}
for each, schema_of_it in doc["components"]["schemas"].items():
    closed[each] = close(schema_of_it)
    closed[each + "Open"] = close(schema_of_it, True)

formats = jsonschema.FormatChecker(formats=())
formats.checks("date-time")(lambda value: not isinstance(value, str) or
                            bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", value)))


def match(schema, value, where):
    root = {**close(copy.deepcopy(schema)), "components": {"schemas": closed}}
    validator = jsonschema.Draft202012Validator(root, format_checker=formats)
    for error in validator.iter_errors(value):
        best = jsonschema.exceptions.best_match([error])
        problems.append(f"{where}: {'/'.join(map(str, best.absolute_path))}: {best.message[:300]}")


# --- calls

def ask(method, path, ident=None, query=None, fields=(), body=None):
    """Calls one operation, checks that its answer is described, and gives its status and JSON."""
    operation = doc["paths"].get(path, {}).get(method)
    if operation is None:
        problems.append(f"{method} {path}: not described")
        return 0, None
    target = path.replace("{id}", str(ident)) + ("?" + urllib.parse.urlencode(query) if query else "")
    status, headers, text = call(method, target, fields, body)
    seen.setdefault((path, method), set()).add(status)
    where = f"{method} {target}: {status}"
    described = operation["responses"].get(str(status))
    if described is None:
        problems.append(f"{where} is not described: {text[:200]}")
        return status, None
    content = resolve(described).get("content", {})
    kind = (headers.get("Content-Type") or "").split(";")[0]
    if not content and not text:
        return status, None
    if kind not in content:
        problems.append(f"{where}: {kind!r} is none of {list(content)}")
        return status, None
    for name in resolve(described).get("headers", {}):
        if name not in headers:
            problems.append(f"{where}: no {name}")
    value = json.loads(text) if kind == "application/json" else text
    match(content[kind]["schema"], value, where)
    return status, value


def expect(wanted, *arguments, **more):
    status, value = ask(*arguments, **more)
    if status != wanted:
        problems.append(f"{arguments} {more}: {status}, not {wanted}: {value}")
    return value


def parameters(path, where="query", method="get"):
    return [p for p in map(resolve, doc["paths"][path][method].get("parameters", [])) if p["in"] == where]


def check_surface():
    no_stream = (("Accept", "application/json"),)
    for path, item in doc["paths"].items():
        target = path.replace("{id}", "999999")
        described = {method.upper() for method in item} | ({"HEAD"} if "get" in item else set())
        for method in METHODS:
            status, headers, _ = call(method, target, no_stream)
            if method in item:
                if status == 405:
                    problems.append(f"{method} {path} is described and answered 405")
                continue
            allowed = set((headers.get("Allow") or "").split(", "))
            if status != 405 or allowed != described:
                problems.append(f"{method} {path}: {status}, Allow {allowed}, described {described}")
        for beside in (target + "/", target + "/beside", target.replace("/v1/", "/v1//")):
            if beside in doc["paths"] or re.search(r"/(subscriptions|topics|messages|exchanges|dead-letters)/$", beside):
                continue
            status, _, _ = call("get", beside, no_stream)
            if status != 404 and not any(re.fullmatch(p.replace("{id}", "[^/]+"), beside) for p in doc["paths"]):
                problems.append(f"get {beside}: {status}, and nothing is described there")
    for beside in ("/api/v1/topics/", "/api/v1/nothing", "/api/v1/", "/api/v1/subscriptions/s1/nothing"):
        for method in METHODS:
            status, _, _ = call(method, beside)
            if status != 404:
                problems.append(f"{method} {beside}: {status}")


def check_parameters():
    """The hub names its own parameters when it is given another."""
    for path, item in doc["paths"].items():
        if "get" not in item or "400" not in item["get"]["responses"]:
            continue
        answer = expect(400, "get", path, ident=1, query={"nonsense": "1"})
        if answer is None:
            continue
        told = answer["error"].split("there are ")[1]
        told = [] if told == "none" else told.split(", ")
        described = [parameter["name"] for parameter in parameters(path)]
        if sorted(told) != sorted(described):
            problems.append(f"get {path}: takes {sorted(told)}, described are {sorted(described)}")


def schema_of(path, name):
    return resolve(next(p for p in parameters(path) if p["name"] == name)["schema"])


def check_lists():
    values = {"limit": "2", "order": "oldest", "since": "1h", "until": "2100-01-01T00:00:00Z",
              "subscription": "s1", "message": "m1", "timeout": "0"}
    for name in ("topics", "subscriptions", "messages", "exchanges", "dead-letters"):
        path = "/api/v1/" + name
        query = {"limit": 1000} | ({"state": "all"} if name == "subscriptions" else {})
        whole = expect(200, "get", path, query=query)
        if not whole["items"]:
            problems.append(f"{path}: there is nothing to look at")
            continue
        some = whole["items"][0]
        values["topic"] = some.get("topic") or "https://example.org/"
        values["callback"] = some.get("callback") or "https://example.org/"
        for parameter in parameters(path):
            given = parameter["name"]
            if given in ("after", "kind", "state", "status"):
                continue
            expect(200, "get", path, query={given: values[given]})
        expect(200, "get", path, query={"after": some["id"]})
        if "enum" in schema_of(path, "order"):
            for order in schema_of(path, "order")["enum"]:
                expect(200, "get", path, query={"order": order})
        expect(400, "get", path, query={"limit": schema_of(path, "limit")["maximum"] + 1})
        expect(200, "get", path, query={"limit": schema_of(path, "limit")["maximum"]})
        for each in whole["items"]:
            expect(200, "get", path + "/{id}", ident=each["id"])
            expect(200, "get", path + "/{id}", ident=each["id"][1:])
        expect(404, "get", path + "/{id}", ident=999999)
        expect(404, "get", path + "/{id}", ident="nonsense")
    for state in schema_of("/api/v1/subscriptions", "state")["enum"]:
        expect(200, "get", "/api/v1/subscriptions", query={"state": state})
    for kind in schema_of("/api/v1/exchanges", "kind")["enum"]:
        expect(200, "get", "/api/v1/exchanges", query={"kind": kind})
    for status in (0, 100, 204, 999):
        expect(200, "get", "/api/v1/exchanges", query={"status": status})
    for path, name in (("/api/v1/subscriptions", "state"), ("/api/v1/exchanges", "kind"), ("/api/v1/exchanges", "status")):
        expect(400, "get", path, query={name: "nonsense"})
    for each in expect(200, "get", "/api/v1/subscriptions", query={"state": "all"})["items"]:
        expect(200, "get", "/api/v1/subscriptions/{id}/timeline", ident=each["id"])
    expect(200, "get", "/api/v1/subscriptions/{id}/timeline", ident="s1", query={"limit": 1, "since": "1h", "until": "0"})
    expect(404, "get", "/api/v1/subscriptions/{id}/timeline", ident=999999)
    expect(200, "get", "/api/v1/status")
    expect(200, "get", "/api/v1/openapi.json")


def check_events():
    begin = "x0.m0.d0.c0"
    page = ask("get", "/api/v1/events", query={"after": begin, "limit": 1000}, fields=(("Accept", "application/json"),))[1]
    types = {event["type"] for event in page["items"]}
    if types != {"exchange", "message", "dead_letter", "state"}:
        problems.append(f"/api/v1/events: only {types} to look at")
    for kind in schema_of("/api/v1/events", "kind")["items"]["enum"]:
        for path in ("/api/v1/events", "/api/v1/events/wait"):
            ask("get", path, query={"kind": kind, "timeout": "0", "after": begin}, fields=(("Accept", "application/json"),))
    expect(200, "get", "/api/v1/events/wait")
    for name, value in (("topic", page["items"][0]["topic"]), ("callback", "https://example.org/"), ("subscription", "s1"),
                        ("status", "204"), ("after", "x1"), ("since", "1h"), ("limit", "3"), ("timeout", "0")):
        ask("get", "/api/v1/events/wait", query={"timeout": "0"} | {name: value})
        expect(200, "get", "/api/v1/events", query={"timeout": "0"} | {name: value}, fields=(("Accept", "application/json"),))
    expect(408, "get", "/api/v1/events/wait", query={"kind": "hook", "timeout": "10ms"})
    expect(400, "get", "/api/v1/events/wait", query={"kind": "nonsense"})
    expect(404, "get", "/api/v1/events/wait", query={"after": "x999999"})
    # A stream, from its beginning to the last event of the page.
    line = http.client.HTTPConnection(hub.hostname, hub.port, timeout=80)
    line.request("GET", "/api/v1/events", headers={"Last-Event-ID": begin})
    answer = line.getresponse()
    if answer.headers["Content-Type"] != "text/event-stream":
        problems.append("/api/v1/events: no stream")
    left, fields = len(page["items"]), {}
    while left > 0:
        name, _, value = answer.readline().decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif "data" in fields:
            left -= 1
            data = json.loads(fields["data"])
            match({"$ref": "#/components/schemas/Event"}, data, "an event of the stream")
            if (fields["event"], fields["id"]) != (data["type"], data["position"]):
                problems.append(f"an event of the stream: {fields}")
            fields = {}
    line.close()


def check_acts():
    subscription, exchange = "/api/v1/subscriptions/{id}", "/api/v1/exchanges/{id}/resend"
    deliveries = ask("get", "/api/v1/exchanges", query={"kind": "deliver", "limit": 1000})[1]["items"]
    others = ask("get", "/api/v1/exchanges", query={"kind": "publish"})[1]["items"]
    active = {each["id"] for each in ask("get", "/api/v1/subscriptions", query={"state": "active"})[1]["items"]}
    status, _ = ask("post", exchange, ident=next(each["id"] for each in deliveries if each["subscription"] in active))
    if status not in (200, 202):
        problems.append(f"resend: {status}")
    expect(409, "post", exchange, ident=others[0]["id"])
    expect(404, "post", exchange, ident=999999)
    letter = ask("get", "/api/v1/dead-letters")[1]["items"][0]["id"]
    status, _ = ask("post", "/api/v1/dead-letters/{id}/retry", ident=letter)
    if status not in (200, 202):
        problems.append(f"retry: {status}")
    expect(404, "post", "/api/v1/dead-letters/{id}/retry", ident="nonsense")
    spare = sorted(active, key=lambda ident: int(ident[1:]))
    expect(202, "post", subscription + "/verify", ident=spare[0])
    expect(204, "post", subscription + "/deny", ident=spare[0], query={"reason": "because"})
    expect(204, "post", subscription + "/expire", ident=spare[1])
    expect(204, "delete", subscription, ident=spare[2])
    for act, method in (("/deny", "post"), ("/expire", "post"), ("/verify", "post"), ("", "delete")):
        expect(409, method, subscription + act, ident=spare[0])
        expect(404, method, subscription + act, ident="999999")


def check_messages():
    path = "/api/v1/messages"
    json_type = (("Content-Type", "application/json"),)
    example = doc["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]
    expect(202, "post", path, fields=json_type, body=json.dumps(example))
    expect(202, "post", path, fields=json_type, body=json.dumps([example, example]))
    expect(202, "post", path, fields=(("Content-Type", "application/x-ndjson"),), body=json.dumps(example) + "\n")
    waits = {"topic": example["topic"], "contentUrl": "http://127.0.0.1:1/"}
    expect(202, "post", path, fields=json_type, body=json.dumps(waits))
    for wrong in ("{}", "[]", "nonsense", '{"topic": "https://example.com/"}'):
        expect(400, "post", path, fields=json_type, body=wrong)
    expect(415, "post", path, fields=(("Content-Type", "text/html"),), body="x")
    expect(403, "post", path, fields=(*json_type, ("Origin", "https://evil.example")), body=json.dumps(example))
    expect(413, "post", path, fields=json_type, body=json.dumps([example] * 2000))
    for item in (example, waits):  # what the hub takes is what is described
        match({"$ref": "#/components/schemas/EchoMessage"}, item, "a message")


def check_refusals():
    """Whoever is not let in reads the same everywhere."""
    for path, item in doc["paths"].items():
        for method in item:
            if (path, method) == ("/api/v1/messages", "post"):
                continue
            expect(403, method, path, ident=1, fields=(("Host", "evil.example"),))


check_document()
check_surface()
check_parameters()
check_lists()
check_messages()
check_events()
check_refusals()
check_acts()
for path, item in doc["paths"].items():
    for method in item:
        if not any(200 <= status < 300 for status in seen.get((path, method), set())):
            problems.append(f"{method} {path}: never answered 2xx: {seen.get((path, method))}")
for problem in problems:
    print(problem)
sys.exit(1 if problems else 0)
