// jsforce against the Salesforce sandbox: signs in, pages through deals, writes, reads metadata.
//
//   node salesforce.mjs '<the line that `latitude sandbox` prints when it is ready>'

import assert from "node:assert/strict";
import jsforce from "jsforce";

const line = process.argv[2] ?? process.env.LATITUDE_SANDBOX;
assert.ok(line, "give the sandbox's ready line as the first argument");
const { base_url, client_id, client_secret, control_url } = JSON.parse(line).crms.salesforce;
const base = base_url.replace(/\/$/, "");
const redirectUri = "https://client.test/back";

async function check(what, act) {
  const found = await act();
  console.log(`ok  ${what}${found === undefined ? "" : `: ${found}`}`);
}

const oauth2 = new jsforce.OAuth2({
  loginUrl: base,
  clientId: client_id,
  clientSecret: client_secret,
  redirectUri,
  useVerifier: true,
});
const conn = new jsforce.Connection({ instanceUrl: base, version: "67.0", oauth2 });

await check("signs in with a code and a verifier", async () => {
  const there = oauth2.getAuthorizationUrl({ scope: "api refresh_token", state: "here" });
  const sent = await fetch(there, { redirect: "manual" });
  assert.equal(sent.status, 302);
  const back = new URL(sent.headers.get("location"));
  assert.equal(back.searchParams.get("state"), "here");
  const user = await conn.authorize(back.searchParams.get("code"));
  assert.match(user.id, /^005/);
  return user.id;
});

await check("knows who it is", async () => {
  const identity = await conn.identity();
  assert.match(identity.organization_id, /^00D/);
  return identity.display_name;
});

await check("lists deals page by page", async () => {
  const ids = new Set();
  let pages = 0;
  let page = await conn.query("SELECT Id, Name, Owner.Name, Account.Name FROM Opportunity", {
    headers: { "Sforce-Query-Options": "batchSize=200" },
  });
  for (;;) {
    pages += 1;
    page.records.forEach((record) => ids.add(record.Id));
    if (page.done) break;
    page = await conn.queryMore(page.nextRecordsUrl, {
      headers: { "Sforce-Query-Options": "batchSize=200" },
    });
  }
  assert.equal(ids.size, page.totalSize);
  assert.equal(pages, Math.ceil(ids.size / 200));
  return `${ids.size} deals in ${pages} pages`;
});

await check("counts", async () => {
  const { totalSize } = await conn.query("SELECT COUNT() FROM Opportunity WHERE IsClosed = false");
  assert.ok(totalSize > 0);
  return totalSize;
});

await check("describes", async () => {
  const described = await conn.sobject("Opportunity").describe();
  const stage = described.fields.find((field) => field.name === "StageName");
  assert.ok(stage.picklistValues.length >= 8);
  const global = await conn.describeGlobal();
  assert.ok(global.sobjects.some((object) => object.name === "User"));
  return `${described.fields.length} fields`;
});

await check("makes, updates, upserts nothing and deletes", async () => {
  const deals = conn.sobject("Opportunity");
  const made = await deals.create([
    { Name: "One", StageName: "Proposal", CloseDate: "2030-01-02" },
    { Name: "Two", StageName: "Proposal", CloseDate: "2030-01-02" },
  ]);
  assert.ok(made.every((one) => one.success));
  const [one, two] = made.map((saved) => saved.id);
  const updated = await deals.update([
    { Id: one, Amount: 1200 },
    { Id: two, Nope__c: 1 },
  ]);
  assert.equal(updated[0].success, true);
  assert.equal(updated[1].success, false);
  const read = await deals.retrieve(one);
  assert.equal(read.Amount, 1200);
  const removed = await deals.destroy([one, two]);
  assert.ok(removed.every((saved) => saved.success));
  const all = await conn.query(`SELECT Id, IsDeleted FROM Opportunity WHERE Id = '${one}'`, {
    scanAll: true,
  });
  assert.equal(all.records[0].IsDeleted, true);
  const log = await deals.deleted(new Date(Date.now() - 3_600_000), new Date(Date.now() + 120_000));
  assert.ok(log.deletedRecords.some((record) => record.id === one));
});

await check("refuses a query with an unknown column", async () => {
  await assert.rejects(conn.query("SELECT Bogus FROM Opportunity"), /INVALID_FIELD|No such column/);
});

await check("makes a field, grants it to itself, fills it, removes it", async () => {
  const fullName = "Opportunity.Client_Note__c";
  const field = await conn.tooling.sobject("CustomField").create({
    FullName: fullName,
    Metadata: { type: "Text", label: "Client note", length: 80 },
  });
  assert.ok(field.success);
  const { user_id } = await conn.identity();
  const set = await conn.sobject("PermissionSet").create({ Name: "Client_Set", Label: "Client" });
  await conn.sobject("FieldPermissions").create({
    ParentId: set.id,
    SobjectType: "Opportunity",
    Field: fullName,
    PermissionsRead: true,
    PermissionsEdit: true,
  });
  const assigned = await conn
    .sobject("PermissionSetAssignment")
    .create({ AssigneeId: user_id, PermissionSetId: set.id });
  const { records } = await conn.query("SELECT Id FROM Opportunity LIMIT 1");
  const saved = await conn.sobject("Opportunity").update({ Id: records[0].Id, Client_Note__c: "Hello" });
  assert.ok(saved.success);
  const found = await conn.query(`SELECT Client_Note__c FROM Opportunity WHERE Client_Note__c = 'hello'`);
  assert.equal(found.records[0].Client_Note__c, "Hello");
  await conn.sobject("PermissionSetAssignment").destroy(assigned.id);
  await conn.sobject("PermissionSet").destroy(set.id);
  const known = await conn.tooling.query(
    "SELECT Id FROM CustomField WHERE TableEnumOrId = 'Opportunity' AND DeveloperName = 'Client_Note'",
  );
  await conn.tooling.sobject("CustomField").destroy(known.records[0].Id);
});

await check("goes on after its session has ended, with a rotated token", async () => {
  const before = conn.refreshToken;
  let rotated;
  conn.on("refresh", (_, answer) => {
    rotated = answer?.refresh_token;
  });
  await fetch(`${control_url}/org`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ end_sessions: true }),
  });
  const { totalSize } = await conn.query("SELECT Id FROM User");
  assert.ok(totalSize > 0);
  assert.ok((rotated ?? conn.refreshToken) !== before);
});

await check("asks in bulk", async () => {
  const stream = await conn.bulk2.query("SELECT Id, Name FROM Opportunity LIMIT 50");
  const rows = await stream.toArray();
  assert.equal(rows.length, 50);
  return `${rows.length} rows`;
});

await check("loads in bulk, and is told which record failed", async () => {
  const { records } = await conn.query("SELECT Id, StageName FROM Opportunity LIMIT 2");
  const told = await conn.bulk2.loadAndWaitForResults({
    object: "Opportunity",
    operation: "update",
    input: [
      // jsforce takes the columns from the first record alone.
      { Id: records[0].Id, StageName: records[0].StageName, Amount: 4321 },
      { Id: records[1].Id, StageName: "Nowhere", Amount: 1 },
    ],
    pollTimeout: 20_000,
    pollInterval: 200,
  });
  assert.equal(told.successfulResults.length, 1);
  assert.match(told.failedResults[0].sf__Error, /^INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST/);
  const read = await conn.sobject("Opportunity").retrieve(records[0].Id);
  assert.equal(read.Amount, 4321);
});

await check("knows months and years by name", async () => {
  const all = await conn.query("SELECT Id FROM Opportunity WHERE CreatedDate <= NEXT_YEAR");
  const some = await conn.query("SELECT Id FROM Opportunity WHERE CloseDate = THIS_YEAR OR CloseDate = NEXT_YEAR");
  assert.ok(all.totalSize >= some.totalSize && some.totalSize > 0);
});

await check("reads limits", async () => {
  const limits = await conn.limits();
  assert.ok(limits.DailyApiRequests.Max > limits.DailyApiRequests.Remaining);
  assert.ok(conn.limitInfo.apiUsage.used > 0);
});

await check("signs out", async () => {
  await conn.logout();
});
