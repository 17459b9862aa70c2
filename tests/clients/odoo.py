"""odoorpc against the Odoo sandbox: signs in, pages, updates, reads metadata.

Takes the sandbox's ready line (or the part of it that is Odoo's) as first argument or in READY.
"""

import json
import os
import sys
from urllib.parse import urlparse

import odoorpc

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
