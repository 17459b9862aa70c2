"""Holds the Zoho connector's requests and the sandbox's answers against Zoho's OpenAPI files.

Usage: python zoho.py SPECS '<the JSON line of `latitude sandbox --crm zoho`>'

SPECS is the folder that holds `zoho-crm-oas31`. Run the connector against the sandbox first: its
requests are taken from the sandbox's record. Without the folder this skips and succeeds.
Needs the packages `jsonschema` and `referencing`.
"""

import json
import pathlib
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

SCOPE = ["record", "fields", "users", "org", "pipeline", "layouts", "custom-views", "coql"]
# What the files are known to say wrongly: place and keyword, as a rule.
SLIPS = re.compile(
    r"data/maxItems"  # Lists give 200 records, queries 2,000.
    r"|info\.(next_page_token|previous_page_token|page_token_expiry)/type"  # Null at the ends.
    r"|fields\.3\.pick_list_values/oneOf"  # Stages have a probability and a forecast.
    r"|fields/maxItems"
    r"|400/additionalProperties"  # Errors stand bare, as recorded answers and the SDKs have them.
)
# Statuses that the guide documents and the files leave out.
UNLISTED = {207, 304}
# Parameters that the files leave out or wrongly demand.
FREE_PARAMS = {"fields", "page", "per_page"}
NOT_NEEDED = {"include", "filters", "type", "include_inner_details", "mode"}


def readable(node):
    """The same without patterns that Python's regular expressions do not know."""
    if isinstance(node, list):
        return [readable(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {name: readable(item) for name, item in node.items()}
    if isinstance(kept.get("pattern"), str):
        try:
            re.compile(kept["pattern"])
        except re.error:
            del kept["pattern"]
    return kept


class Spec:
    def __init__(self, folder):
        from referencing import Registry, Resource
        from referencing.jsonschema import DRAFT202012

        self.docs, self.operations = {}, []
        for name in SCOPE:
            doc = readable(json.loads((folder / f"zoho-crm-{name}-openapi.json").read_text()))
            self.docs[f"urn:{name}"] = doc
            for path, item in doc["paths"].items():
                for method, operation in item.items():
                    if method in ("get", "post", "put", "patch", "delete"):
                        holes = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))
                        fixed = path.count("{")
                        rule = re.compile(f"^{holes}$")
                        self.operations.append((fixed, method, rule, path, f"urn:{name}", operation))
        self.operations.sort(key=lambda one: one[0])
        self.registry = Registry().with_resources(
            (urn, Resource(doc, specification=DRAFT202012)) for urn, doc in self.docs.items()
        )

    def find(self, method, path):
        for _, known, rule, template, urn, operation in self.operations:
            if known == method.lower() and rule.match(path):
                return template, urn, operation
        return None

    def errors(self, urn, pointer, value, status=0):
        from jsonschema import Draft202012Validator

        steps = "/".join(step.replace("~", "~0").replace("/", "~1") for step in pointer)
        steps = urllib.parse.quote(steps, safe="/~")
        schema = {"$ref": f"{urn}#/{steps}"}
        for error in Draft202012Validator(schema, registry=self.registry).iter_errors(value):
            place = ".".join(str(step) for step in error.absolute_path)
            if not SLIPS.fullmatch(f"{place or status}/{error.validator}"):
                yield f"{place or '(whole)'}: {error.message[:200]}"

    def resolved(self, urn, item):
        while "$ref" in item:
            node = self.docs[urn]
            for step in item["$ref"].removeprefix("#/").split("/"):
                node = node[step]
            item = node
        return item


def request_errors(spec, call):
    parts = urllib.parse.urlsplit(call["target"])
    path = re.sub(r"^/crm/v\d+", "", parts.path)
    found = spec.find(call["method"], path)
    if not found:
        yield f"{call['method']} {path} is in no file"
        return
    template, urn, operation = found
    known = [spec.resolved(urn, item) for item in operation.get("parameters", [])]
    known = {item["name"]: item for item in known if item["in"] == "query"}
    sent = dict(urllib.parse.parse_qsl(parts.query))
    for name, text in sent.items():
        if name not in known:
            if name not in FREE_PARAMS:
                yield f"{template}: parameter {name} is not known"
            continue
        schema = known[name].get("schema", {})
        if "enum" in schema and text not in schema["enum"]:
            yield f"{template}: {name}={text} is not one of {schema['enum']}"
        if schema.get("type") == "integer" and not text.isdigit():
            yield f"{template}: {name}={text} is no number"
        if len(text) > schema.get("maxLength", len(text)):
            yield f"{template}: {name} is longer than {schema['maxLength']}"
    for name, item in known.items():
        if item.get("required") and name not in sent and name not in NOT_NEEDED:
            yield f"{template}: parameter {name} is missing"
    body = operation.get("requestBody")
    if body and call["body"] and len(call["body"]) < 65_536:
        pointer = ["paths", template, call["method"].lower(), "requestBody"]
        pointer += ["content", "application/json", "schema"]
        for error in spec.errors(urn, pointer, json.loads(call["body"])):
            yield f"{call['method']} {template}: {error}"


def answer_errors(spec, method, target, status, body):
    path = re.sub(r"^/crm/v\d+", "", urllib.parse.urlsplit(target).path)
    found = spec.find(method, path)
    if not found or status in UNLISTED:
        return
    template, urn, operation = found
    if str(status) not in operation["responses"]:
        yield f"{method} {template}: status {status} is not listed"
        return
    answer = operation["responses"][str(status)]
    pointer = ["paths", template, method.lower(), "responses", str(status)]
    if "$ref" in answer:
        pointer = answer["$ref"].removeprefix("#/").split("/")
        answer = spec.resolved(urn, answer)
    if "application/json" not in answer.get("content", {}):
        if body:
            yield f"{method} {template}: {status} has a body"
        return
    pointer += ["content", "application/json", "schema"]
    for error in spec.errors(urn, pointer, json.loads(body), status):
        yield f"{method} {template} {status}: {error}"


class Sandbox:
    def __init__(self, crm):
        self.base = crm["base_url"].rstrip("/")
        form = {
            "grant_type": "refresh_token",
            "refresh_token": crm["token"],
            "client_id": crm["client_id"],
            "client_secret": crm["client_secret"],
        }
        body = urllib.parse.urlencode(form).encode()
        _, answer = self.send("POST", "/oauth/v2/token", body, {})
        self.token = json.loads(answer)["access_token"]

    def send(self, method, target, body, headers):
        request = urllib.request.Request(self.base + target, body, headers, method=method)
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()

    def ask(self, method, target, body=None):
        headers = {
            "Authorization": f"Zoho-oauthtoken {self.token}",
            "Content-Type": "application/json",
        }
        return self.send(method, target, body.encode() if body else None, headers)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "")
    folder = folder / "zoho-crm-oas31" / "openapi"
    if len(sys.argv) < 3 or not folder.is_dir():
        print("zoho: skipped, the OpenAPI files are not here")
        return 0
    spec = Spec(folder)
    ready = json.loads(sys.argv[2])
    sandbox = Sandbox(ready.get("crms", {}).get("zoho", ready))
    _, recorded = sandbox.send("GET", "/__sandbox/calls", None, {})
    calls = [call for call in json.loads(recorded) if call["target"].startswith("/crm/")]
    wrong, seen = set(), {}
    for call in calls:
        wrong.update(f"request: {error}" for error in request_errors(spec, call))
        path = urllib.parse.urlsplit(call["target"]).path
        seen.setdefault((call["method"], re.sub(r"\d{6,}", "{id}", path)), call)
    replays = [(call["method"], call["target"], call["body"]) for call in seen.values()]
    # Removing is left out: the sandbox is to stay as it was set up.
    replays = [replay for replay in replays if replay[0] != "DELETE"]
    replays += [
        ("GET", "/crm/v8/Deals?per_page=200", None),
        ("GET", "/crm/v8/Deals?fields=id&page=11", None),
        ("GET", "/crm/v8/Deals?fields=id&page_token=nonsense", None),
        ("GET", "/crm/v8/Deals/1?fields=id", None),
        ("GET", "/crm/v8/settings/pipeline?layout_id=1", None),
        ("PUT", "/crm/v8/Deals", '{"data":[{"id":"1","Deal_Name":"x"}]}'),
        ("POST", "/crm/v8/coql", '{"select_query":"select id from Deals where nothing"}'),
    ]
    for method, target, body in replays:
        status, answer = sandbox.ask(method, target, body or None)
        errors = answer_errors(spec, method, target, status, answer)
        wrong.update(f"answer: {error}" for error in errors)
    for error in sorted(wrong):
        print(error)
    print(f"zoho: {len(calls)} requests and {len(replays)} answers checked, {len(wrong)} errors")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
