"""The records that the stand-in has kept, written once more with simple-salesforce's raw REST door."""

import json
import sys

import requests
from simple_salesforce import Salesforce

from measured import Watch, plain_http

base = sys.argv[1]
stats = requests.get(f"{base}/__standin/stats", timeout=60).json()
batches = []
for n in range(stats["bodies"]):
    body = requests.get(f"{base}/__standin/written/{n}", timeout=60).json()
    parts = body.get("compositeRequest")
    found = [part["body"]["records"] for part in parts] if parts else [body["records"]]
    batches.extend(found)
session = requests.Session()
host = plain_http(session, base)
crm = Salesforce(instance=host, session_id="standin", version="67.0", session=session)
watch = Watch()
rows = 0
for records in batches:
    body = json.dumps({"allOrNone": False, "records": records})
    saved = crm.restful("composite/sobjects", method="PATCH", data=body)
    rows += sum(one["success"] for one in saved)
watch.stop(rows)
