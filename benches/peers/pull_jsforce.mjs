// Full pull with jsforce, a line of JSON a record.

import { openSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { watch } from "./measured.mjs";

const [base, soql, file, peers] = process.argv.slice(2);
const jsforce = createRequire(`${peers}/package.json`)("jsforce");
const crm = new jsforce.Connection({ instanceUrl: base, accessToken: "standin", version: "67.0" });
const stop = watch();
const out = openSync(file, "w");
let rows = 0;
let page = await crm.query(soql);
for (;;) {
  writeSync(out, page.records.map((record) => JSON.stringify(record)).join("\n") + "\n");
  rows += page.records.length;
  if (page.done) break;
  page = await crm.queryMore(page.nextRecordsUrl);
}
stop(rows);
