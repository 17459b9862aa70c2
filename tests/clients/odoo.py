"""odoorpc, Odoo's own client library and Python's xmlrpc.client against the Odoo sandbox: sign in,
page, update, read metadata, see what is refused; and the calls of the server's own pages.

Takes the sandbox's ready line (or the part of it that is Odoo's) as first argument or in READY.
"""

import json
import os
import sys
import xmlrpc.client
from urllib.parse import urlparse

import odoolib
import odoorpc
import requests

ready = json.loads(sys.argv[1] if len(sys.argv) > 1 else os.environ["READY"])
ready = ready.get("crms", {}).get("odoo", ready)
address = urlparse(ready["base_url"])
login = ready.get("user") or "latitude.integration@meridian.test"

odoo = odoorpc.ODOO(address.hostname, port=address.port, protocol="jsonrpc")
assert odoo.version.startswith("19"), odoo.version
try:
    odoo.login(ready["database"], login, "wrong")
except odoorpc.error.RPCError:
    pass
else:
    sys.exit("a wrong key was let in")
odoo.login(ready["database"], login, ready["token"])
Lead = odoo.env["crm.lead"]

total = Lead.search_count([["type", "=", "opportunity"]])
assert total > 0
seen, last = set(), 0
while True:
    rows = Lead.search_read(
        [["type", "=", "opportunity"], ["id", ">", last]], ["name", "stage_id"], limit=7, order="id"
    )
    if not rows:
        break
    last = rows[-1]["id"]
    seen.update(row["id"] for row in rows)
assert len(seen) == total, (len(seen), total)

one = min(seen)
assert Lead.write([one], {"name": "Renamed by a client"})
[row] = Lead.read([one], ["name", "write_date", "company_currency"])
assert row["name"] == "Renamed by a client", row
assert len(row["company_currency"][1]) == 3, row
lead = Lead.browse(one)
assert lead.name == "Renamed by a client"

fields = Lead.fields_get(["name", "stage_id", "write_date"])
assert fields["stage_id"]["relation"] == "crm.stage", fields
for model, values in [("crm.lead", {"no_such_field": 1}), ("crm.lead", {"expected_revenue": "abc"})]:
    try:
        odoo.execute(model, "write", [one], values)
    except odoorpc.error.RPCError:
        continue
    sys.exit(f"{values} was taken")

[model] = odoo.env["ir.model"].search([["model", "=", "crm.lead"]])
field = odoo.env["ir.model.fields"].create(
    {"model_id": model, "state": "manual", "name": "x_client_note", "ttype": "text", "field_description": "Note"}
)
assert Lead.write([one], {"x_client_note": "seen"})
assert odoo.execute("crm.lead", "read", [one], ["x_client_note"])[0]["x_client_note"] == "seen"
assert odoo.env["ir.model.fields"].unlink([field])
print("odoorpc", odoorpc.__version__, "ok:", total, "opportunities")

# XML-RPC, as most scripts speak it; the second database is an Odoo 17.
for database, version in [("latitude", "19.0"), ("latitude17", "17.0")]:
    root = f"{ready['base_url'].rstrip('/')}/xmlrpc/2"
    common = xmlrpc.client.ServerProxy(f"{root}/common")
    models = xmlrpc.client.ServerProxy(f"{root}/object")
    if database == "latitude":
        assert common.version()["server_version"] == version
    assert common.authenticate(database, login, "wrong", {}) is False
    uid = common.authenticate(database, login, ready["token"], {})

    def call(model, method, *args, **named):
        return models.execute_kw(database, uid, ready["token"], model, method, list(args), named)

    opportunity = ["type", "=", "opportunity"]
    assert call("crm.lead", "search_count", [opportunity]) == total
    going_on = [opportunity, ["date_closed", "=", False]]
    [row] = call("crm.lead", "search_read", going_on, fields=["name", "stage_id", "date_closed"], limit=1)
    assert row["date_closed"] is False and isinstance(row["stage_id"][0], int), row
    made = call("crm.lead", "create", {"name": "Ünïcode <&> one", "type": "opportunity"})
    assert call("crm.lead", "read", [made], ["name"])[0]["name"] == "Ünïcode <&> one"
    assert [made, "Ünïcode <&> one"] in call("crm.lead", "name_search", "ünïcode")
    groups = call("crm.lead", "read_group", [opportunity], ["expected_revenue:sum"], ["stage_id"])
    assert sum(group["stage_id_count"] for group in groups) == total + 1
    assert call("crm.lead", "unlink", [made]) is True
    for code, refused in [
        (2, lambda: call("crm.lead", "write", [999999], {"name": "x"})),
        (1, lambda: call("crm.lead", "write", [one], {"nofield": 1})),
        (1, lambda: call("crm.lead", "action_set_lost", [one])),  # nothing to marshal
        (3, lambda: models.execute_kw(database, uid, "bad", "crm.lead", "search", [[]])),
        (1, lambda: models.execute_kw("nodb", uid, "bad", "crm.lead", "search", [[]])),
    ]:
        try:
            refused()
        except xmlrpc.client.Fault as fault:
            assert fault.faultCode == code, fault
        else:
            sys.exit(f"fault {code} did not come")
    # The answer could not be told, but the deal is lost, and hidden.
    assert call("crm.lead", "search_count", [opportunity]) == total - 1
    total -= 1
    one = call("crm.lead", "search", [opportunity], limit=1)[0]

# Odoo's own library over both of its protocols.
for protocol in ["jsonrpc", "json2"]:
    own = odoolib.get_connection(
        hostname=address.hostname,
        port=address.port,
        protocol=protocol,
        database=ready["database"],
        login=login,
        password=ready["token"],
        user_id=uid,
    )
    leads = own.get_model("crm.lead")
    if protocol == "json2":
        assert len(leads.search_read(domain=[opportunity], fields=["name"], limit=2)) == 2
    else:
        assert len(leads.search_read([opportunity], ["name"], limit=2)) == 2

# The calls of the server's own pages: a session by password, never by key.
pages = requests.Session()


def page(path, **params):
    answer = pages.post(f"{ready['base_url'].rstrip('/')}{path}", json={"jsonrpc": "2.0", "method": "call", "id": 5, "params": params}, timeout=20)
    return answer.json()


who = {"db": ready["database"], "login": login}
assert page("/web/session/authenticate", password=ready["token"], **who)["error"]["data"]["name"].endswith("AccessDenied")
assert page("/web/dataset/call_kw", model="crm.lead", method="search_count", args=[[]], kwargs={})["error"]["code"] == 100
assert page("/web/session/authenticate", password="meridian", **who)["result"]["uid"] == uid
found = page(
    "/web/dataset/call_kw/crm.lead/web_search_read",
    model="crm.lead",
    method="web_search_read",
    args=[],
    kwargs={"domain": [opportunity], "specification": {"name": {}, "stage_id": {"fields": {"display_name": {}}}}, "limit": 1},
)["result"]
assert found["length"] == total and found["records"][0]["stage_id"]["display_name"], found
print("xmlrpc.client, odoolib and a session ok")
