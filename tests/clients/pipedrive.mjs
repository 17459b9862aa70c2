// Pipedrive's own library against the sandbox: signs in, lists with paging, updates, reads
// metadata. Exit code 0 when all checks hold.
//
//   node pipedrive.mjs '{"ready":true,"crms":{"pipedrive":{"base_url":"http://127.0.0.1:4711",…}}}'
import assert from "node:assert/strict";
import { v1, v2 } from "pipedrive";

const ready = JSON.parse(process.argv[2] ?? process.env.LATITUDE_SANDBOX ?? "{}");
const place = (ready.crms ?? ready).pipedrive ?? ready;
const base = String(place.base_url).replace(/\/$/, "");

// Sign-in: a person agrees, the code becomes tokens; the API's address comes with them.
const redirectUri = "http://localhost:8123/back";
const app = new v2.OAuth2Configuration({
  clientId: place.client_id, clientSecret: place.client_secret, redirectUri, host: base,
});
const page = new URL(`${base}/oauth/authorize`);
page.search = new URLSearchParams({ client_id: place.client_id, redirect_uri: redirectUri, state: "s1" }).toString();
const agreed = await fetch(page, { redirect: "manual" });
const back = new URL(agreed.headers.get("location"));
assert.equal(back.searchParams.get("state"), "s1");
const token = await app.authorize(back.searchParams.get("code"));
assert.ok(token.refresh_token);
app.updateToken(token);
const fresh = await app.tokenRefresh();
assert.equal(fresh.refresh_token, token.refresh_token);
assert.equal(String(fresh.api_domain), base);

const configuration = new v2.Configuration({ accessToken: fresh.access_token, basePath: `${base}/api/v2` });
const older = new v1.Configuration({ apiKey: place.token, basePath: `${base}/api/v1` });
const deals = new v2.DealsApi(configuration);
const fields = new v2.DealFieldsApi(configuration);

await assert.rejects(
  new v2.DealsApi(new v2.Configuration({ apiKey: "nobody", basePath: `${base}/api/v2` })).getDeals({}),
  (error) => error.success === false && error.errorCode === 401);

// People, stages.
const users = await new v1.UsersApi(older).getUsers();
assert.ok(users.data.length > 1);
const me = await new v1.UsersApi(older).getCurrentUser();
assert.ok(me.data.company_id > 0);
const stages = await new v2.StagesApi(configuration).getStages({});
assert.ok(stages.data.length >= 3);

// Deals, page by page.
const ids = [];
let cursor;
do {
  const page = await deals.getDeals({ limit: 50, cursor, sort_by: "id", sort_direction: "asc", status: "open" });
  assert.equal(page.success, true);
  ids.push(...page.data.map((deal) => deal.id));
  cursor = page.additional_data.next_cursor;
} while (cursor && ids.length < 500);
assert.equal(new Set(ids).size, ids.length);
assert.ok(ids.length > 0);

// A field of our own: a random key, options by number; written, read, cleared, removed.
const made = await fields.addDealField({
  AddDealFieldRequest: { field_name: "Client check", field_type: "enum", options: [{ label: "A" }, { label: "B" }] },
});
const { field_code: code, options } = made.data;
assert.match(code, /^[0-9a-f]{40}$/);
const write = (value) =>
  deals.updateDeal({ id: ids[0], UpdateDealRequest: { custom_fields: { [code]: value } } });
const written = await write(options[1].id);
assert.equal(written.data.custom_fields[code], options[1].id);
const read = await deals.getDeal({ id: ids[0], custom_fields: code });
assert.equal(read.data.custom_fields[code], options[1].id);
await assert.rejects(write("B"), (error) => error.success === false && error.error.includes(code));
await write(null);
const since = new Date(Date.now() - 600_000).toISOString().replace(/\.\d+/, "");
const changed = await deals.getDeals({ updated_since: since, limit: 500 });
assert.ok(changed.data.some((deal) => deal.id === ids[0]));
await fields.deleteDealField({ field_code: code });

// A filter, by the number that version 1 gives a field.
const numbered = await new v1.DealFieldsApi(older).getDealFields({});
const status = numbered.data.find((field) => field.key === "status");
const filters = new v1.FiltersApi(older);
const filter = await filters.addFilter({
  AddFilterRequest: {
    name: "Client check", type: "deals",
    conditions: {
      glue: "and",
      conditions: [
        { glue: "and", conditions: [{ object: "deal", field_id: String(status.id), operator: "=", value: "won", extra_value: null }] },
        { glue: "or", conditions: [] },
      ],
    },
  },
});
const won = await deals.getDeals({ filter_id: filter.data.id, limit: 500 });
assert.ok(won.data.every((deal) => deal.status === "won"));
await filters.deleteFilter({ id: filter.data.id });

const first = await deals.getDeal({ id: ids[0] });
const hits = await deals.searchDeals({ term: first.data.title, exact_match: true });
assert.ok(hits.data.items.some((hit) => hit.item.id === ids[0]));
await assert.rejects(deals.searchDeals({ term: "x" }), (error) => error.success === false);

await assert.rejects(deals.getDeal({ id: 1 }), (error) => error.error === "Deal not found");
console.log(`pipedrive: ${ids.length} deals, all checks hold`);
