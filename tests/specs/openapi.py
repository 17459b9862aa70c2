"""Checks what was sent to a sandbox, and what it answers, against the CRM's published OpenAPI files.

    python openapi.py READY SPECS

READY is the sandbox's ready line (or a file that holds it), SPECS a folder with `hubspot/*.json`,
`pipedrive/*.yaml` and `espocrm/*.json`; `tests/specs/run SPECS` does it all. Every request that the
sandbox remembers is checked: its path, its query and its body. Then it is sent again and the answer is checked: with `standing` as a third argument those
that neither make nor remove anything, to be run while Latitude's fields are there; without it all
others, removals going to what was made anew. Without SPECS, or where that folder does not exist,
nothing is checked and the exit code is 0.
"""

import base64
import json
import os
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

# What the files say differently from the documents, and from what the real servers do.
KNOWN = [
    # A property without a value is null; the files know only texts.
    ("hubspot", re.compile(r"properties/.*None is not of type 'string'")),
    # A user's phone and icon are null where there is none.
    ("pipedrive", re.compile(r"None is not of type")),
    # The older names of two parameters, which every version still takes.
    ("espocrm", re.compile(r"query (select|where) is unknown")),
    # The metadata of an instance are described as no more than an object.
    ("espocrm", re.compile(r"query key is unknown")),
    # The file was written by an instance with fields of its own and without ours; lists show what
    # was asked for; an empty value is null whatever the type.
    ("espocrm", re.compile(r"None is not of type|None is not one of|is a required property")),
    ("espocrm", re.compile(r"(stage|amountCurrency|cLatitude\w+): .* is not one of")),
]
# What EspoCRM's file, which describes records, leaves out.
BEYOND_RECORDS = re.compile(r"^/api/v1/(Admin/fieldManager/|App/user$|Metadata$|[A-Za-z]+/layout/)")
# Posts that make nothing.
READING = re.compile(r"/(search|batch/read|batch/update)$")
# Made of fields, so that they can be made anew only while the fields are there.
ABOUT_FIELDS = re.compile(r"/filters(/\d+)?$")


def schemas(node):
    """An OpenAPI 3.0 schema as JSON schema: `nullable` becomes a type."""
    if isinstance(node, list):
        return [schemas(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {key: schemas(value) for key, value in node.items() if key not in ("example", "examples")}
    if out.pop("nullable", False):
        if isinstance(out.get("type"), str):
            out["type"] = [out["type"], "null"]
        if isinstance(out.get("enum"), list):
            out["enum"] = out["enum"] + [None]
    return out


class Spec:
    """One OpenAPI file below some prefix of paths."""

    def __init__(self, name, text, prefix=""):
        self.name = name
        self.text = schemas(text)
        self.routes = []
        for path, item in self.text["paths"].items():
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", prefix + path)
            plain = path.count("{")
            self.routes.append((plain, re.compile(f"^{pattern}/?$"), item))
        self.routes.sort(key=lambda route: route[0])

    def find(self, path, method):
        for _, pattern, item in self.routes:
            if not pattern.match(path):
                continue
            # EspoCRM takes PUT for what its file calls PATCH: both change what is named, nothing else.
            for name in [method.lower(), *(["patch"] if method == "PUT" else [])]:
                if name in item:
                    return item[name], item.get("parameters", [])
        return None

    def resolved(self, node):
        while isinstance(node, dict) and "$ref" in node:
            target = self.text
            for part in node["$ref"].lstrip("#/").split("/"):
                target = target[part]
            node = target
        return node

    def errors(self, schema, value):
        import jsonschema

        whole = {**schema, "components": self.text.get("components", {})}
        for error in jsonschema.Draft7Validator(whole).iter_errors(value):
            place = "/".join(str(part) for part in error.absolute_path)
            yield f"{place}: {error.message}"[:300]


def specs(folder, crm):
    place = Path(folder) / crm
    found = []
    for path in sorted(place.glob("*")):
        if path.suffix == ".json":
            prefix = "/api/v1" if crm == "espocrm" else ""
            found.append(Spec(path.name, json.loads(path.read_text()), prefix))
        elif path.suffix in (".yaml", ".yml"):
            import yaml

            version = "v1" if "v1" in path.name else "v2"
            found.append(Spec(path.name, yaml.safe_load(path.read_text()), f"/api/{version}"))
    return found


def fetch(url, method, body, token_header):
    request = urllib.request.Request(url, method=method, data=body.encode() if body else None)
    request.add_header(*token_header)
    if body:
        request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def json_schema(spec, content):
    return spec.resolved((content or {}).get("application/json", {}).get("schema"))


def named(answer):
    """The name that an answer gives to what was made."""
    try:
        made = json.loads(answer)
    except ValueError:
        return None
    made = made.get("data") or made.get("list") or made
    names = ("field_code", "listId", "id", "name")
    return next((str(made[name]) for name in names if isinstance(made, dict) and name in made), None)


def check(crm, connection, folder, standing):
    found, wrong, checked = specs(folder, crm), [], set()
    answers, made, refused = [], {}, []
    base = connection["base_url"].rstrip("/")
    header = ("x-api-token", connection.get("token", ""))
    if crm == "hubspot":
        header = ("authorization", f"Bearer {connection['token']}")
    if crm == "espocrm":
        pair = f"{connection['user']}:{connection['token']}"
        header = ("authorization", "Basic " + base64.b64encode(pair.encode()).decode())
    with urllib.request.urlopen(f"{base}/__sandbox/calls") as reply:
        calls = json.load(reply)

    def note(kind, place, spec, errors):
        for error in errors:
            if not any(name == crm and rule.search(error) for name, rule in KNOWN):
                wrong.append(f"{crm}: {kind} {place} [{spec.name}] {error}")

    def matching(path, method):
        # The general file knows an object by any of its names.
        matches = [(spec, spec.find(path, method)) for spec in found]
        return [(spec, match) for spec, match in matches if match]

    def again(method, target, body, place):
        status, answer = fetch(base + target, method, body, header)
        if status >= 400:
            refused.append(f"{crm}: {place} was taken, and is refused when sent again: {status}")
            return None
        answers.append(target)
        for spec, (operation, _) in matching(urlsplit(target).path, method):
            told = operation["responses"]
            if str(status) not in told and "default" not in told:
                note("answer", place, spec, [f"status {status} is not listed"])
            told = spec.resolved(told.get(str(status), {}))
            schema = json_schema(spec, told.get("content"))
            if schema:
                note("answer", place, spec, spec.errors(schema, json.loads(answer)))
        return answer

    for call in calls:
        if call["status"] >= 400:
            continue
        path, query = urlsplit(call["target"]).path, urlsplit(call["target"]).query
        place = f"{call['method']} {path}"
        matches = matching(path, call["method"])
        if not matches and path.startswith("/oauth/"):
            continue  # Pages for people, and sign-in that the files leave out.
        if not matches and crm == "espocrm" and BEYOND_RECORDS.search(path):
            continue
        if not matches:
            wrong.append(f"{crm}: {place} is in no file")
            continue
        for spec, (operation, shared) in matches:
            parameters = [spec.resolved(it) for it in operation.get("parameters", []) + shared]
            known = {it["name"] for it in parameters if it["in"] == "query"}
            asked = {name.split("[")[0] for name, _ in parse_qsl(query)}
            note("request", place, spec, [f"query {name} is unknown" for name in asked - known])
            wanted = json_schema(spec, spec.resolved(operation.get("requestBody") or {}).get("content"))
            if wanted and call["body"]:
                note("request", place, spec, spec.errors(wanted, json.loads(call["body"])))
        method, target = call["method"], call["target"]
        key = (method, target, call["body"])
        if key in checked:
            continue
        checked.add(key)
        makes = method == "DELETE" or (method == "POST" and not READING.search(path))
        about_fields = bool(ABOUT_FIELDS.search(path))
        if (makes and not about_fields) == standing or (about_fields and method == "DELETE"):
            continue
        parent = path.rpartition("/")[0]
        if method == "DELETE" and made.get(parent):
            target = f"{parent}/{made[parent].pop()}"
        answer = again(method, target, call["body"], place)
        if answer and method == "POST" and named(answer):
            if about_fields:
                again("DELETE", f"{path}/{named(answer)}", "", f"DELETE {path}")
            made.setdefault(path, []).append(named(answer))
    wrong += refused
    print(f"{crm}: {len(checked)} different requests of {len(calls)}, {len(answers)} answers, {len(wrong)} wrong")
    return wrong


def main():
    if len(sys.argv) < 3 or not os.path.isdir(sys.argv[2]):
        print("skipped: no folder with OpenAPI files was given")
        return 0
    line = sys.argv[1]
    ready = json.loads(Path(line).read_text() if os.path.isfile(line) else line)
    wrong = []
    for crm, connection in ready["crms"].items():
        if (Path(sys.argv[2]) / crm).is_dir() and crm in ("hubspot", "pipedrive", "espocrm"):
            wrong += check(crm, connection, sys.argv[2], "standing" in sys.argv[3:])
    for line in sorted(set(wrong)):
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
