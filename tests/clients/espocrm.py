"""Plain HTTP against the EspoCRM sandbox: signs in, pages, updates, reads metadata.

Takes the sandbox's ready line (or the part of it that is EspoCRM's) as first argument or in READY.
"""

import json
import os
import sys

import requests

ready = json.loads(sys.argv[1] if len(sys.argv) > 1 else os.environ["READY"])
ready = ready.get("crms", {}).get("espocrm", ready)
base = ready["base_url"].rstrip("/") + "/api/v1"
espo = requests.Session()
espo.auth = (ready["user"], ready["token"])


def call(method, path, status=200, **more):
    answer = espo.request(method, f"{base}/{path}", timeout=20, **more)
    assert answer.status_code == status, (method, path, answer.status_code, answer.headers, answer.text)
    return answer


bad = requests.get(f"{base}/Opportunity", headers={"X-Api-Key": "bad"}, timeout=20)
assert (bad.status_code, bad.text) == (401, ""), bad
assert call("GET", "App/user").json()["user"]["id"]

total = call("GET", "Opportunity", params={"maxSize": 1}).json()["total"]
seen, offset = set(), 0
while True:
    where = {"where[0][type]": "greaterThanOrEquals", "where[0][attribute]": "modifiedAt", "where[0][value]": "2000-01-01 00:00:00"}
    page = call(
        "GET",
        "Opportunity",
        params={"orderBy": "modifiedAt", "order": "asc", "maxSize": 7, "offset": offset, "select": "id,name,modifiedAt", **where},
        headers={"X-No-Total": "true"},
    ).json()
    assert page["total"] in (-1, -2), page["total"]
    seen.update(row["id"] for row in page["list"])
    offset += len(page["list"])
    if len(page["list"]) < 7:
        break
assert len(seen) == total > 0, (len(seen), total)
assert call("GET", "Opportunity", 403, params={"maxSize": 500}).headers["X-Status-Reason"].startswith("Max size")
bad_where = {"where[0][type]": "equals", "where[0][attribute]": "nofield", "where[0][value]": "1"}
call("GET", "Opportunity", 400, params=bad_where)

one = min(seen)
record = call("GET", f"Opportunity/{one}").json()
version = record["versionNumber"]
changed = call("PUT", f"Opportunity/{one}", json={"name": "Renamed"}, headers={"X-Version-Number": str(version)}).json()
assert (changed["name"], changed["versionNumber"]) == ("Renamed", version + 1)
stale = call("PUT", f"Opportunity/{one}", 409, json={"name": "Late"}, headers={"X-Version-Number": str(version)})
assert stale.headers["X-Status-Reason"] == "modified" and stale.json()["values"] == {"name": "Renamed"}
assert call("GET", "Opportunity/deadbeefdeadbeef0", 404).headers["X-Status-Reason"].endswith("does not exist.")
assert call("PUT", "Opportunity/deadbeefdeadbeef0", 404, json={"name": "x"}).headers["X-Status-Reason"].endswith("not found.")

# The whole search as JSON, a search by words, the accounts, and what is no search.
asked = {"where": [{"type": "contains", "attribute": "name", "value": "Renamed"}], "maxSize": 5, "select": ["name"]}
found = call("GET", "Opportunity", params={"searchParams": json.dumps(asked)}).json()
assert [row["name"] for row in found["list"]] == ["Renamed"], found
call("GET", "Opportunity", 400, params={"searchParams": json.dumps({**asked, "select": "name"})})
assert call("GET", "Opportunity", params={"textFilter": "renamed"}).json()["total"] == 1
account = call("GET", f"Opportunity/{one}").json()["accountId"]
assert call("GET", f"Account/{account}").json()["id"] == account
assert call("GET", "Account", params={"maxSize": 3}).json()["total"] > 3

stage = call("GET", "Metadata", params={"key": "entityDefs.Opportunity.fields.stage"}).json()
assert 100 in stage["probabilityMap"].values()
field = {"name": "clientNote", "type": "varchar", "label": "Note", "maxLength": 10}
call("POST", "Admin/fieldManager/Opportunity", json=field)
call("POST", "Admin/fieldManager/Opportunity", 409, json=field)
assert call("PUT", f"Opportunity/{one}", json={"cClientNote": "seen"}).json()["cClientNote"] == "seen"
call("PUT", f"Opportunity/{one}", 400, json={"cClientNote": "far too long"})
call("DELETE", "Admin/fieldManager/Opportunity/cClientNote")
layout = call("GET", "Opportunity/layout/detail").json()
assert call("PUT", "Opportunity/layout/detail", json=layout).json() == layout
print("requests", requests.__version__, "ok:", total, "opportunities")
