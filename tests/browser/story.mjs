// The seller's story in a real browser. The test that starts this owns the clock and the CRM: it is
// told on standard output what to do (one JSON object a line) and answers on standard input.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const { BASE, SELLER, MANAGER, DIRECTOR, PANEL, CHROMIUM, ARTEFACTS } = process.env;
mkdirSync(ARTEFACTS, { recursive: true });

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const ask = async (what) => {
  process.stdout.write(JSON.stringify(what) + "\n");
  return JSON.parse((await lines.next()).value);
};

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
const seat = async (person) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.on("pageerror", (error) => assert.fail(`script error: ${error}`));
  page.on("console", (it) => assert(!/Content Security Policy/.test(it.text()), it.text()));
  await page.goto(`${BASE}/sign-in`);
  await page.click(`button[value="${person}"]`);
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  return page;
};

// Looks at the page as it is: axe in light and dark, and at 320 px nothing to scroll sideways.
let looked = 0;
const look = async (page, name) => {
  looked += 1;
  const number = String(looked).padStart(2, "0");
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 360, 320]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await page.evaluate(axe);
      const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
      const grave = found.violations.filter((it) => ["serious", "critical"].includes(it.impact));
      assert.deepEqual(grave.map((it) => `${it.id}: ${it.nodes.map((node) => node.html).join(" | ")}`), [], `${name} ${colorScheme} ${width}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert(wide <= 0, `${name} is ${wide} px too wide at ${width}`);
      if (width !== 320) await page.screenshot({ path: `${ARTEFACTS}/${number}-${name}-${colorScheme}-${width}.png`, fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 900 });
};

// The panel: typing shows a grade within a second; the draft survives a reload and a lost line.
let sam = await seat(SELLER);
await look(sam, "home");
await sam.goto(BASE + PANEL);
await look(sam, "panel-empty");
const began = Date.now();
await sam.fill("#approach", "Walk Ines through the close of a peer on Thursday, because she trusts peers more than slides.");
await sam.waitForResponse((it) => it.url().endsWith("/preview") && it.ok());
assert(Date.now() - began < 1000, `the preview took ${Date.now() - began} ms`);
await sam.fill("#customer_outcome", "Ines, the CFO, wants to close the books in three days instead of nine.");
await sam.fill("#conversation_goal", "Ines names who signs and agrees the date of the proof by 24 November.");
await sam.waitForFunction(() => document.getElementById("kept").textContent.startsWith("Draft kept"));
await sam.context().setOffline(true);
await sam.fill("#obstacles", "IT may refuse; then I start with one plant, or bring the partner's gateway.");
await sam.waitForFunction(() => document.getElementById("kept").textContent.startsWith("Kept on this machine"));
await sam.context().setOffline(false);
await sam.waitForFunction(() => document.getElementById("kept").textContent.startsWith("Draft kept"));
await sam.reload();
assert.match(await sam.inputValue("#obstacles"), /partner's gateway/);
await look(sam, "panel-draft");
await sam.click("button.primary:has-text('Publish')");
await sam.waitForFunction(() => /Saved/.test(document.getElementById("told").textContent));
await look(sam, "panel-saved");
await ask({ do: "settle" });
await sam.waitForFunction(() => document.getElementById("told").textContent === "In the CRM.");
await look(sam, "panel-in-the-crm");

// An obstacle: not without an option, but "Think with me".
await sam.goto(BASE + "/obstacles");
await sam.fill("#text", "Why do they never look at our contracts?");
await sam.click("text=Write it down");
await look(sam, "obstacle-starters");
await sam.fill("#text", "Legal has not looked at the contract");
await sam.selectOption("#deal", { index: 1 });
await sam.click("button:has-text('Write it down')");
await look(sam, "obstacle-draft");
const card = new URL(sam.url()).pathname;
const send = async (ground) => {
  await sam.click("summary:has-text('Send it up')");
  await sam.check(`input[value="${ground}"]`);
  await sam.fill("#what", "Two hours of a lawyer");
  await sam.fill("#whom", "Legal");
  await sam.fill("#by", "2026-11-30");
  await sam.click("button:has-text('Send it up')");
};
await send("own_option");
assert.match(await sam.textContent("main"), /at least one option of your own/);
await sam.goto(BASE + card);
await send("think_with_me");
assert.match(await sam.textContent("main"), /Asked/);

// The manager is silent: reminders, overdue, and up.
await ask({ do: "percent", percent: 50 });
let mia = await seat(MANAGER);
await mia.goto(BASE + "/answers");
assert.match(await mia.textContent("main"), /half the time has gone/);
await look(mia, "answers-half");
await ask({ do: "percent", percent: 100 });
mia = await seat(MANAGER);
await mia.goto(BASE + card);
assert.match(await mia.textContent("main"), /Overdue/);
await look(mia, "card-overdue-manager");
await ask({ do: "settle" });
await ask({ do: "percent", percent: 150 });
sam = await seat(SELLER);
await sam.goto(BASE + card);
await look(sam, "card-late-seller");
await sam.click("button:has-text('Pass it up')");
const dan = await seat(DIRECTOR);
await dan.goto(BASE + card);
assert.match(await dan.textContent("main"), /no answer yet/);
await look(dan, "card-director");
await dan.click("summary:has-text('Backed')");
await dan.fill("#until", "2026-12-18");
await dan.click("button.primary:has-text('Backed')");
await sam.goto(BASE + card);
await sam.click("button:has-text('Yes, it happened')");
await sam.click("summary:has-text('Close it')");
await sam.check("input[value='worked_around']");
await sam.fill("#close-text", "Their own paper, with our annex");
await sam.click("button:has-text('Close it')");
await look(sam, "card-closed");
await sam.goto(BASE + "/library?q=annex");
assert.match(await sam.textContent("main"), /Their own paper/);
await look(sam, "library");

// The week.
await sam.goto(BASE + "/week");
await sam.fill("#what_0", "Agree the proof with Ines");
await sam.click("button:has-text('Keep')");
await sam.goto(sam.url() + "&look_back=true");
await look(sam, "week");

await browser.close();
process.stdout.write(JSON.stringify({ do: "end" }) + "\n");
process.exit(0);
