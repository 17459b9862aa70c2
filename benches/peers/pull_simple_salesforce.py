"""Full pull with simple-salesforce into SQLite."""

import sqlite3
import sys

import requests
from simple_salesforce import Salesforce

from measured import Watch, plain_http

base, soql, database = sys.argv[1:4]
session = requests.Session()
host = plain_http(session, base)
crm = Salesforce(instance=host, session_id="standin", version="67.0", session=session)
watch = Watch()
db = sqlite3.connect(database)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = FULL")
columns = [it.strip() for it in soql.split(" FROM ")[0].removeprefix("SELECT ").split(",")]
names = [it.replace(".", "_") for it in columns]
db.execute(f"CREATE TABLE deal ({', '.join(names)}, PRIMARY KEY (Id))")
insert = f"INSERT OR REPLACE INTO deal VALUES ({', '.join('?' * len(names))})"


def row(record):
    return [
        (record["Account"] or {}).get("Name") if it == "Account.Name" else record[it]
        for it in columns
    ]


rows, page = 0, []
for record in crm.query_all_iter(soql):
    page.append(row(record))
    if len(page) == 2000:
        with db:
            db.executemany(insert, page)
        rows += len(page)
        page = []
with db:
    db.executemany(insert, page)
watch.stop(rows + len(page))
