// HubSpot's own library against the sandbox: signs in, lists with paging, searches, updates in a
// batch, reads metadata. Exit code 0 when all checks hold.
//
//   node hubspot.mjs '{"ready":true,"crms":{"hubspot":{"base_url":"http://127.0.0.1:4711",…}}}'
import assert from "node:assert/strict";
import { Client } from "@hubspot/api-client";

const ready = JSON.parse(process.argv[2] ?? process.env.LATITUDE_SANDBOX ?? "{}");
const place = (ready.crms ?? ready).hubspot ?? ready;
const base = String(place.base_url).replace(/\/$/, "");

// Sign-in: a person agrees, the code becomes tokens, the refresh token buys the next one.
const redirect = "http://localhost:8123/back";
const scopes = "oauth crm.objects.deals.read crm.objects.deals.write crm.schemas.deals.read " +
  "crm.schemas.deals.write crm.objects.owners.read crm.objects.companies.read crm.lists.read crm.lists.write";
const page = new URL(`${base}/oauth/authorize`);
page.search = new URLSearchParams({
  client_id: place.client_id, redirect_uri: redirect, scope: scopes, state: "s1",
}).toString();
const agreed = await fetch(page, { redirect: "manual" });
const back = new URL(agreed.headers.get("location"));
assert.equal(back.searchParams.get("state"), "s1");
const app = new Client({ basePath: base });
const first = await app.oauth.tokensApi.create(
  "authorization_code", back.searchParams.get("code"), redirect, place.client_id, place.client_secret);
assert.equal(first.expiresIn, 1800);
const tokens = await app.oauth.tokensApi.create(
  "refresh_token", undefined, undefined, place.client_id, place.client_secret, first.refreshToken);
assert.equal(tokens.refreshToken, first.refreshToken);
await assert.rejects(
  app.oauth.tokensApi.create("refresh_token", undefined, undefined, place.client_id, place.client_secret, "gone"),
  (error) => error.code === 400 && JSON.stringify(error.body).includes("BAD_REFRESH_TOKEN"));

const hub = new Client({ accessToken: tokens.accessToken, basePath: base });
await assert.rejects(
  new Client({ accessToken: "nobody", basePath: base }).crm.deals.basicApi.getPage(1),
  (error) => error.code === 401);

// Metadata: pipelines, owners, a property of ours.
const pipelines = await hub.crm.pipelines.pipelinesApi.getAll("deals");
assert.ok(pipelines.results[0].stages.length >= 3);
const owners = await hub.crm.owners.ownersApi.getPage(undefined, undefined, 100, false);
assert.ok(owners.results.length > 1);
const name = "client_check_grade";
await hub.crm.properties.coreApi.archive("deals", name).catch(() => {});
const property = await hub.crm.properties.coreApi.create("deals", {
  groupName: "dealinformation", name, label: "Client check", type: "enumeration", fieldType: "select",
  options: [
    { label: "A", value: "A", displayOrder: 0, hidden: false },
    { label: "B", value: "B", displayOrder: 1, hidden: false },
  ],
});
assert.equal(property.name, name);
const properties = await hub.crm.properties.coreApi.getAll("deals");
assert.ok(properties.results.some((it) => it.name === name));

// The list, page by page.
const ids = [];
let after;
do {
  const page = await hub.crm.deals.basicApi.getPage(50, after, ["dealname", "hubspot_owner_id"]);
  ids.push(...page.results.map((deal) => deal.id));
  after = page.paging?.next?.after;
} while (after && ids.length < 500);
assert.equal(new Set(ids).size, ids.length);
assert.ok(ids.length > 0);

// The search: keyset by id, and the end of its window.
const found = await hub.crm.deals.searchApi.doSearch({
  filterGroups: [{ filters: [{ propertyName: "hs_is_closed", operator: "EQ", value: "false" }] }],
  sorts: ["hs_object_id"], properties: ["dealname"], limit: 10, after: "0",
});
assert.ok(found.total >= found.results.length);
await assert.rejects(
  hub.crm.deals.searchApi.doSearch({ filterGroups: [], sorts: [], properties: [], limit: 200, after: "9900" }),
  (error) => error.code === 400);

// A batch that is carried out, one with a deal that is gone, one that is refused whole.
const update = (inputs) => hub.crm.deals.batchApi.update({ inputs });
const done = await update(ids.slice(0, 3).map((id) => ({ id, properties: { [name]: "A" } })));
assert.equal(done.status, "COMPLETE");
assert.equal(done.results.length, Math.min(3, ids.length));
const partly = await update([
  { id: ids[0], properties: { [name]: "B" } },
  { id: "1", properties: { [name]: "B" }, objectWriteTraceId: "t1" },
]);
assert.equal(partly.results.length, 1);
assert.equal(partly.numErrors, 1);
await assert.rejects(
  update([{ id: ids[0], properties: { [name]: "Z" } }, { id: ids[1], properties: { [name]: "A" } }]),
  (error) => error.code === 400 && error.body.errors[0].code === "INVALID_OPTION");
const now = await hub.crm.deals.basicApi.getById(ids[0], [name]);
assert.equal(now.properties[name], "B");

// Made and archived in a batch; one wrong value refuses the whole batch.
const pipeline = pipelines.results[0];
const fresh = (dealname, dealstage = pipeline.stages[0].id) => ({
  properties: { dealname, dealstage, pipeline: pipeline.id }, associations: [],
});
const made = await hub.crm.deals.batchApi.create({ inputs: [fresh("One"), fresh("Two")] });
assert.equal(made.results.length, 2);
await assert.rejects(
  hub.crm.deals.batchApi.create({ inputs: [fresh("Three"), fresh("Four", "nowhere")] }), (error) => error.code === 400);
await hub.crm.deals.batchApi.archive({ inputs: made.results.map(({ id }) => ({ id })) });
await assert.rejects(hub.crm.deals.basicApi.getById(made.results[0].id), (error) => error.code === 404);

// Stages, groups, definitions in batches, and the company of a deal.
const stages = await hub.crm.pipelines.pipelineStagesApi.getAll("deals", pipeline.id);
assert.deepEqual(stages.results.map((it) => it.id), pipeline.stages.map((it) => it.id));
await hub.crm.properties.groupsApi.create("deals", { name: "client_group", label: "One", displayOrder: -1 });
const group = await hub.crm.properties.groupsApi.update("deals", "client_group", { label: "Two" });
assert.equal(group.label, "Two");
await hub.crm.properties.groupsApi.archive("deals", "client_group");
const both = await hub.crm.properties.batchApi.read("deals", { archived: false, inputs: [{ name }, { name: "amount" }] });
assert.deepEqual(both.results.map((it) => it.name).sort(), ["amount", name].sort());
const companies = await hub.crm.associations.v4.basicApi.getPage("deals", ids[0], "companies");
assert.ok(Number(companies.results[0].toObjectId) > 0);

// The dated paths.
const account = await (await hub.apiRequest({ path: "/account-info/2026-03/details" })).json();
assert.ok(account.portalId > 0);

await hub.crm.properties.coreApi.archive("deals", name);
console.log(`hubspot: ${ids.length} deals, all checks hold`);
