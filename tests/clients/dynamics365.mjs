// Talks to the Dynamics 365 sandbox with the npm package `dynamics-web-api`.
// Usage: node dynamics365.mjs '<the JSON line of `latitude sandbox --crm dynamics365`>'
import assert from "node:assert/strict";
import { DynamicsWebApi } from "dynamics-web-api";

const line = process.argv[2] ?? process.env.LATITUDE_SANDBOX ?? "{}";
const ready = JSON.parse(line);
const crm = ready.crms?.dynamics365 ?? ready;
assert.ok(crm.base_url, "pass the sandbox's ready line");
const base = crm.base_url.replace(/\/$/, "");
const tokenUrl = crm.token_url ?? `${crm.login_url}/oauth2/v2.0/token`;

async function signIn() {
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: crm.client_id,
    client_secret: crm.client_secret,
    scope: `${base}/.default`,
  });
  const reply = await fetch(tokenUrl, { method: "POST", body: form });
  const answer = await reply.json();
  assert.equal(reply.status, 200, JSON.stringify(answer));
  return answer.access_token;
}

const token = await signIn();
const api = new DynamicsWebApi({
  serverUrl: `${base}/`,
  dataApi: { version: "9.2" },
  onTokenRefresh: async () => token,
});
const table = "opportunities";
const thrown = async (call) => {
  try {
    await call;
  } catch (error) {
    return error;
  }
  return assert.fail("the call should have been refused");
};

const me = await api.callFunction("WhoAmI");
assert.ok(me.UserId && me.OrganizationId);

const asked = {
  collection: table,
  select: ["name", "salesstage", "modifiedon", "_ownerid_value"],
  orderBy: ["modifiedon asc", "opportunityid asc"],
  filter: "statecode eq 0",
  includeAnnotations: "*",
  maxPageSize: 7,
};
const ids = [];
let page = await api.retrieveMultiple(asked);
const first = page.value[0];
assert.ok(first["salesstage@OData.Community.Display.V1.FormattedValue"]);
assert.equal(first["_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"], "systemuser");
while (true) {
  assert.ok(page.value.length <= 7);
  ids.push(...page.value.map((row) => row.opportunityid));
  if (!page.oDataNextLink) break;
  page = await api.retrieveMultiple(asked, page.oDataNextLink);
}
assert.equal(new Set(ids).size, ids.length, "a page repeated a row");
const counted = await api.count({ collection: table });
assert.ok(ids.length > 7 && ids.length <= counted, `${ids.length} of ${counted}`);

const [one, two] = ids;
const before = await api.retrieve({ collection: table, key: one, select: ["name"] });
await api.update({ collection: table, key: one, data: { name: "Renamed by a client" } });
// The library turns 412 into `false`.
const written = await api.update({
  collection: table,
  key: one,
  data: { name: "Too late" },
  ifmatch: before["@odata.etag"],
});
assert.equal(written, false);
const after = await api.retrieve({ collection: table, key: one, select: ["name"] });
assert.equal(after.name, "Renamed by a client");

api.startBatch();
api.update({ collection: table, key: one, data: { estimatedvalue: 1234.5 } });
api.update({ collection: table, key: two, data: { estimatedvalue: 99 } });
await api.executeBatch();
const valued = await api.retrieve({ collection: table, key: two, select: ["estimatedvalue"] });
assert.equal(valued.estimatedvalue, 99);

const unknown = "00000000-0000-4000-8000-00000000dead";
const gone = await thrown(api.update({ collection: table, key: unknown, data: { name: "x" } }));
assert.equal(gone.status, 404);
const wrong = await thrown(api.retrieveMultiple({ collection: table, select: ["no_such_column"] }));
assert.equal(wrong.status, 400);

const tracked = await api.retrieveMultiple({
  collection: table,
  select: ["opportunityid"],
  trackChanges: true,
});
assert.ok(tracked.oDataDeltaLink, "no delta link");
await api.deleteRecord({ collection: table, key: two });
const delta = await fetch(tracked.oDataDeltaLink, { headers: { Authorization: `Bearer ${token}` } });
const changes = await delta.json();
assert.ok(changes.value.some((row) => row.reason === "deleted" && row.id === two));

assert.equal(await api.count({ collection: table, filter: "name eq 'nobody is called so'" }), 0);
const all = await api.count({ collection: table });
assert.equal(await api.count({ collection: table, filter: "name ne null" }), all);
const whole = await api.create({ collection: table, data: { name: "Made by a client" }, returnRepresentation: true });
assert.equal(whole.name, "Made by a client");
await api.callAction({
  actionName: "WinOpportunity",
  action: { Status: 3, OpportunityClose: { subject: "won", "opportunityid@odata.bind": `/opportunities(${whole.opportunityid})` } },
});
const won = await api.retrieve({ collection: table, key: whole.opportunityid, select: ["statecode"] });
assert.equal(won.statecode, 1);
const edmx = await fetch(`${base}/api/data/v9.2/$metadata`, { headers: { Authorization: `Bearer ${token}` } });
assert.match(await edmx.text(), /<EntitySet Name="opportunities" EntityType="Microsoft.Dynamics.CRM.opportunity"\/>/);

const columns = await api.retrieveAttributes({
  entityKey: "LogicalName='opportunity'",
  select: ["LogicalName", "AttributeType"],
});
assert.ok(columns.value.some((column) => column.LogicalName === "estimatedclosedate"));

console.log(`dynamics365: ${ids.length} deals read, all checks hold`);
