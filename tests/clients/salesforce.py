"""simple-salesforce against the Salesforce sandbox: signs in, pages, writes, bulk pages, deletes.

    python salesforce.py '<the line that `latitude sandbox` prints when it is ready>'
"""

import datetime
import json
import os
import sys
from urllib.parse import urlsplit, urlunsplit

import requests
from simple_salesforce import Salesforce, SalesforceMalformedRequest

READY = sys.argv[1] if len(sys.argv) > 1 else os.environ["LATITUDE_SANDBOX"]
FACTS = json.loads(READY)["crms"]["salesforce"]
BASE = FACTS["base_url"].rstrip("/")


class ToSandbox(requests.adapters.HTTPAdapter):
    """The client insists on https; its calls are sent to the sandbox in plain HTTP."""

    def send(self, request, **options):
        there = urlsplit(BASE)
        parts = urlsplit(request.url)
        request.url = urlunsplit((there.scheme, there.netloc, parts.path, parts.query, ""))
        return super().send(request, **options)


def check(what, held):
    assert held, what
    print(f"ok  {what}")


session = requests.Session()
session.mount("https://", ToSandbox())
sf = Salesforce(
    consumer_key=FACTS["client_id"],
    consumer_secret=FACTS["client_secret"],
    domain="sandbox.my",
    version="67.0",
    session=session,
)
check("signs in with the app's own id and secret", sf.session_id.startswith("00D"))

result = sf.query_all("SELECT Id, Name, Owner.Email FROM Opportunity WHERE IsDeleted = false")
ids = {record["Id"] for record in result["records"]}
check(f"lists {len(ids)} deals", len(ids) == result["totalSize"])

one = sf.Opportunity.create({"Name": "One", "StageName": "Proposal", "CloseDate": "2030-01-02"})
check("creates", one["success"])
status = sf.Opportunity.update(one["id"], {"Amount": 7}, headers={"Sforce-Auto-Assign": "FALSE"})
check("updates", status == 204 and sf.Opportunity.get(one["id"])["Amount"] == 7)

records = [{"attributes": {"type": "Opportunity"}, "id": one["id"], "Amount": 9}]
saved = sf.restful("composite/sobjects", method="PATCH", json={"records": records})
check("updates a collection", saved[0]["success"])

sf.Opportunity.delete(one["id"])
now = datetime.datetime.now(datetime.timezone.utc)
hour = datetime.timedelta(hours=1)
log = sf.Opportunity.deleted(now - hour, now + hour)
check("reads the log of deletions", one["id"] in [it["id"] for it in log["deletedRecords"]])

try:
    sf.query("SELECT Bogus FROM Opportunity")
    refused = False
except SalesforceMalformedRequest as error:
    refused = error.content[0]["errorCode"] == "INVALID_FIELD"
check("refuses a query with an unknown column", refused)

fields = sf.Opportunity.describe()["fields"]
check("describes", any(field["name"] == "StageName" for field in fields))

pages = list(sf.bulk2.Opportunity.query("SELECT Id, Name FROM Opportunity", max_records=25))
rows = sum(page.strip().count("\n") for page in pages)
check(f"asks in bulk: {len(pages)} pages", rows == len(ids) and len(pages) > 1)

check("sees the used share of the day", sf.api_usage["api-usage"].used > 0)
