// An OpenID provider that other people wrote, on a free port. The test that starts this reads the
// provider's address from the first line, says on standard input where people come back to, and
// is told when sign-ins can begin.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Provider } from "oidc-provider";

// What a provider warns about when it is not used in earnest is of no interest here.
console.info = console.warn = () => {};

const listening = async (server) => {
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return `http://127.0.0.1:${server.address().port}`;
};
const server = createServer();
const pages = await listening(server);
// Some providers have everything but their name on other hosts.
const document = "/.well-known/openid-configuration";
const name = createServer(async (asked, answer) => {
  const told = asked.url === document ? await fetch(pages + document) : { status: 404, text: () => "" };
  answer.writeHead(told.status, { "content-type": "application/json" }).end(await told.text());
});
const issuer = process.env.HOSTS === "other" ? await listening(name) : pages;
process.stdout.write(JSON.stringify({ issuer, pages }) + "\n");

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { back, now } = JSON.parse((await lines.next()).value);

// The company's clock, not this machine's.
const ahead = now - Date.now();
const real = Date.now;
Date.now = () => real() + ahead;

const key = () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), alg: "RS256", use: "sig" };
};
const provider = () => new Provider(issuer, {
  jwks: { keys: [key()] },
  clients: [{ client_id: "latitude", client_secret: "a shared secret", redirect_uris: [back] }],
  // A person is whoever types a name; those called "new…" have not proven their address yet.
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@acme.test`, email_verified: !id.startsWith("new") }),
  }),
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  pkce: { required: () => true },
  conformIdTokenClaims: process.env.CLAIMS !== "in the token",
  cookies: { keys: ["a key of the test"] },
  features: { devInteractions: { enabled: true } },
});
const begin = () => {
  server.removeAllListeners("request").on("request", provider().callback());
  process.stdout.write(JSON.stringify({ ready: true }) + "\n");
};
begin();

// Each further line has it sign with another key; gone with the test.
for await (const _ of lines) begin();
process.exit(0);
