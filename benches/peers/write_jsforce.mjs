// The records that the stand-in has kept, written once more with jsforce, 200 a call by its own doing.

import { createRequire } from "node:module";
import { watch } from "./measured.mjs";

const [base, peers] = process.argv.slice(2);
const jsforce = createRequire(`${peers}/package.json`)("jsforce");
const stats = await (await fetch(`${base}/__standin/stats`)).json();
const records = [];
for (let n = 0; n < stats.bodies; n += 1) {
  const body = await (await fetch(`${base}/__standin/written/${n}`)).json();
  const parts = body.compositeRequest;
  for (const part of parts ? parts.map((it) => it.body) : [body]) {
    for (const { attributes, id, ...rest } of part.records) records.push({ Id: id, ...rest });
  }
}
const crm = new jsforce.Connection({ instanceUrl: base, accessToken: "standin", version: "67.0" });
const stop = watch();
const saved = await crm.sobject("Opportunity").update(records, { allowRecursive: true });
stop(saved.filter((one) => one.success).length);
