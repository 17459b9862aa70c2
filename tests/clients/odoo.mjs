// odoo-await against the Odoo sandbox: XML-RPC as Node scripts speak it.
//
//   node odoo.mjs '{"ready":true,"crms":{"odoo":{"base_url":"http://127.0.0.1:4711",…}}}'
import assert from "node:assert/strict";
import Odoo from "odoo-await";

const ready = JSON.parse(process.argv[2] ?? process.env.LATITUDE_SANDBOX ?? "{}");
const place = (ready.crms ?? ready).odoo ?? ready;
const base = new URL(place.base_url);
const sign = (password) =>
  new Odoo({
    baseUrl: `${base.protocol}//${base.hostname}`,
    port: Number(base.port),
    db: place.database,
    username: place.user,
    password,
  });

await assert.rejects(sign("wrong").connect());
const odoo = sign(place.token);
assert.ok((await odoo.connect()) > 0);
const some = await odoo.searchRead("crm.lead", { type: "opportunity" }, ["name", "stage_id"], { limit: 3 });
assert.equal(some.length, 3);
const id = await odoo.create("crm.lead", { name: "Made in Node", type: "opportunity" });
assert.equal(await odoo.update("crm.lead", id, { expected_revenue: 12.5 }), true);
const [made] = await odoo.read("crm.lead", [id], ["name", "expected_revenue"]);
assert.deepEqual([made.name, made.expected_revenue], ["Made in Node", 12.5]);
assert.equal(await odoo.delete("crm.lead", id), true);
const fields = await odoo.getFields("crm.lead", ["type"]);
assert.equal(fields.stage_id.type, "many2one");
console.log("odoo-await ok:", some.length, "of the opportunities");
