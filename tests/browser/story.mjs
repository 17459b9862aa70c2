// The seller's story in a real browser. The test that starts this owns the clock and the CRM: it is
// told on standard output what to do (one JSON object a line) and answers on standard input.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const { BASE, SELLER, MANAGER, DIRECTOR, EXECUTIVE, PRODUCT, PANEL, DEAL, CHROMIUM, ARTEFACTS } = process.env;
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

// Opens the panel as the CRM’s page does: its signed request, posted into a frame of that page.
const frame = async (person, width, before) => {
  const { action, signed } = await ask({ do: "embed", person });
  const context = before || await browser.newContext({ viewport: { width, height: 900 } });
  const page = await context.newPage();
  page.on("pageerror", (error) => assert.fail(`script error: ${error}`));
  page.on("console", (it) => assert(!/Content Security Policy/.test(it.text()), it.text()));
  await page.setContent(`<form method="post" action="${BASE}${action}"><input name="signed_request"></form>`);
  await page.fill("input", signed);
  await Promise.all([page.waitForNavigation(), page.evaluate(() => document.forms[0].submit())]);
  return page;
};

// Looks at the page as it is: axe in light and dark, and nothing to scroll sideways at 320 px, nor
// at 640, which is 1280 at a zoom of 200 %.
// What is found is told at the end, all at once.
let looked = 0;
const wrong = [];
const look = async (page, name) => {
  looked += 1;
  const number = String(looked).padStart(2, "0");
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 640, 360, 320]) {
      // Without motion, or colours are measured half-way from light to dark.
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 900 });
      // Colours are the same at every width, and what is where is the same in every colour.
      const again = width === 320 || width === 640 || (width === 360 && colorScheme === "dark");
      if (!again) await page.evaluate(axe);
      const found = again ? { violations: [] } : await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
      const grave = found.violations.filter((it) => ["serious", "critical"].includes(it.impact));
      wrong.push(...grave.map((it) => `${name} ${colorScheme} ${width}: ${it.id}: ${it.nodes.map((node) => node.html).join(" | ")}`));
      const wide = await page.evaluate(() => {
        const over = [...document.querySelectorAll("main *, header *")].filter((it) => it.getBoundingClientRect().right > innerWidth + 0.5);
        return document.documentElement.scrollWidth > innerWidth ? over.map((it) => it.outerHTML.slice(0, 120)) : [];
      });
      if (wide.length > 0) wrong.push(`${name} ${width}: too wide: ${wide.slice(0, 4).join(" | ")}`);
      if (width === 1280 || width === 360) await page.screenshot({ path: `${ARTEFACTS}/${number}-${name}-${colorScheme}-${width}.png`, fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 900 });
};

// Before anyone has signed in.
const door = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
await door.goto(`${BASE}/board`);
await look(door, "sign-in");

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
await sam.fill("#obstacles", "IT may refuse; then I bring the partner's gateway.");
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
await sam.waitForFunction(() => document.getElementById("told").textContent.startsWith("Published, and in the CRM: last written there"));
await look(sam, "panel-in-the-crm");
// Other words than those are not said to be there.
await sam.type("#need", "Two days");
assert.match(await sam.textContent("#told"), /as you last published it. Your draft stands below/);
await sam.fill("#need", "");
await sam.waitForFunction(() => document.getElementById("kept").textContent.startsWith("Draft kept"));
// The same deal in a second window: what was kept there survives a publish here.
const twin = await sam.context().newPage();
await twin.goto(BASE + PANEL);
await twin.fill("#need", "Two days of an architect, from Ines of pre-sales, by 20 November.");
await twin.waitForFunction(() => document.getElementById("kept").textContent.startsWith("Draft kept"));
await twin.close();
await sam.fill("#need", "Half a day of an architect, from pre-sales, by 20 November.");
await sam.click("button.primary:has-text('Publish')");
await sam.waitForSelector("text=Kept in another window");
assert.match(await sam.textContent("section.aside"), /Two days/);
assert.match(await sam.inputValue("#need"), /Half a day/);
await look(sam, "panel-another-window");
await sam.click("button:has-text('Let them go')");
assert.equal(await sam.locator("section.aside").count(), 0);
await ask({ do: "settle" });
const inCrm = await ask({ do: "crm" });
assert.match(inCrm.strategy, /agrees the date of the proof/);
assert.match(inCrm.grade, /Strong|Solid|Developing|Thin/);
assert.match(inCrm.coaching, /\?/);

// The CRM and the panel changed at once: both are kept, and the seller picks.
await ask({ do: "types", text: "Send Ines our three references and call again in a week." });
await sam.fill("#approach", "Walk Ines through the close of a peer on Thursday, and let her bring whoever doubts it.");
await sam.click("button.primary:has-text('Publish')");
await sam.waitForFunction(() => /Saved/.test(document.getElementById("told").textContent));
await ask({ do: "settle" });
// It is shown without a reload, and the keyboard goes there.
await sam.waitForSelector("section.clash");
assert.equal(await sam.evaluate(() => document.activeElement.id), "clash");
assert.match(await sam.textContent("section.clash"), /whoever doubts it/);
assert.match(await sam.textContent("section.clash"), /three references/);
await look(sam, "panel-two-versions");
await sam.click("button:has-text('Publish mine again')");
await ask({ do: "settle" });
assert.match((await ask({ do: "crm" })).strategy, /whoever doubts it/);

// The line breaks while publishing, and another version is made meanwhile: the words are kept on this
// machine until Latitude has them, and offered.
const LOST = "Ask Ines which of her peers she would call, since she trusts them.";
await sam.goto(BASE + PANEL);
await sam.route("**/*", (route) => route.request().method() === "POST" ? route.abort() : route.continue());
await sam.fill("#approach", LOST);
await sam.click("button.primary:has-text('Publish')").catch(() => { /* the browser's own page of errors */ });
await ask({ do: "types", text: "Call the plant manager on Friday, since he owns the downtime." });
await ask({ do: "settle" });
await sam.unroute("**/*");
await sam.goto(BASE + PANEL);
await sam.waitForFunction((lost) => document.getElementById("approach").value === lost, LOST);
await sam.waitForFunction(() => document.getElementById("kept").textContent.startsWith("Draft kept"));
await sam.reload();
assert.equal(await sam.inputValue("#approach"), LOST);
assert.match(await sam.textContent("section.clash"), /owns the downtime/);
await sam.click("button.primary:has-text('Publish')");
await sam.waitForFunction(() => /Saved/.test(document.getElementById("told").textContent));
await ask({ do: "settle" });
assert.match((await ask({ do: "crm" })).strategy, /which of her peers/);
// What arrived is let go of: nothing is left on this machine.
await sam.goto(BASE + PANEL);
await sam.waitForFunction(() => !Object.keys(localStorage).some((key) => key.startsWith("latitude-draft:")));

// What stands is taken back by a box that is there once its field is empty.
assert.equal(await sam.isVisible("input[name=take_back_need]"), false);
await sam.fill("#need", "");
await look(sam, "panel-take-back");
await sam.click("button.primary:has-text('Publish')");
await sam.waitForSelector("text=Not changed: What I need");
assert.match(await sam.inputValue("#need"), /Half a day/);
await look(sam, "panel-left");
await sam.fill("#need", "");
await sam.check("input[name=take_back_need]");
await sam.click("button.primary:has-text('Publish')");
await sam.waitForFunction(() => /Saved/.test(document.getElementById("told").textContent));
assert.equal(await sam.inputValue("#need"), "");
await ask({ do: "settle" });

// An obstacle: not without an option, but "Think with me".
await sam.goto(BASE + "/obstacles");
await sam.fill("#text", "Why do they never look at our contracts?");
await sam.click("button:has-text('Write it down')");
await look(sam, "obstacle-starters");
await sam.click("button:has-text('What can I do to')");
assert.equal(await sam.inputValue("#text"), "What can I do to Why do they never look at our contracts?");
await sam.fill("#text", "Legal has not looked at the contract");
await sam.selectOption("#deal", { index: 1 });
await sam.click("button:has-text('Write it down')");
await look(sam, "obstacle-draft");
const card = new URL(sam.url()).pathname;
const send = async (ground) => {
  await sam.click("summary:has-text('More')");
  await sam.click("summary:has-text('Send it up')");
  await sam.check(`input[value="${ground}"]`);
  await sam.fill("#what", "Two hours of a lawyer");
  await sam.fill("#whom", "Legal");
  await sam.fill("#by", "2026-11-30");
  await sam.click("button:has-text('Send it up')");
};
assert.equal(await sam.locator("input[value=own_option]").count(), 0);
await send("think_with_me");
assert.match(await sam.textContent("main"), /Asked/);

// The manager promises before the board opens, asks one question, and is asked for an answer.
let boss = await seat(MANAGER);
await boss.goto(BASE + "/board");
assert.match(boss.url(), /\/promise/);
await look(boss, "promise");
await boss.click("button.primary");
await boss.goto(BASE + "/board");
await look(boss, "board");
await boss.goto(BASE + "/board?grade=Strong&grade=Solid&grade=Developing&grade=Thin&state=Current");
await look(boss, "board-filtered");
// The seller wrote once more since the grade was read first.
const { grade } = await ask({ do: "crm" });
await boss.goto(`${BASE}/board?grade=${encodeURIComponent(grade)}`);
await boss.click(`.deals a[href="${DEAL}"]`);
assert.equal(new URL(boss.url()).pathname, DEAL);
await boss.goto(BASE + "/board?grade=Strong&amount_from=999999999");
await look(boss, "board-empty");
await boss.goto(BASE + "/board/picture");
await look(boss, "picture");
await boss.goto(BASE + DEAL);
await look(boss, "deal");
await boss.fill("textarea[name=text]", "Who besides Ines would notice");
await boss.click("button:has-text('Ask')");
assert.match(await boss.textContent("[role=alert]"), /end it with a question mark/);
assert.equal(await boss.inputValue("textarea[name=text]"), "Who besides Ines would notice");
await look(boss, "refused-form");
await boss.fill("textarea[name=text]", "Who besides Ines would notice if the close took three days?");
await boss.click("button:has-text('Send again')");
await look(boss, "deal-asked");
await boss.goto(BASE + DEAL + "/card");
await look(boss, "talk-card");
for (const format of ["A4", "Letter"]) {
  const sheet = (await boss.pdf({ format })).toString("latin1");
  assert.equal(sheet.match(/\/Type \/Page\b/g).length, 1, `the talk card is one page of ${format}`);
}
await boss.goto(BASE + "/deals/none/none");
await look(boss, "nothing-here");
await sam.goto(BASE + PANEL);
assert.match(await sam.textContent("main"), /Who besides Ines would notice/);
await look(sam, "panel-question");
await ask({ do: "settle" });
assert.match((await ask({ do: "crm" })).coaching, /Who besides Ines would notice/);
await sam.goto(BASE + DEAL);
await look(sam, "deal-own");
await sam.goto(BASE + "/obstacles");
await look(sam, "obstacles");

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
await dan.click("button.primary:has-text('Back it')");
await sam.goto(BASE + card);
await sam.click("button:has-text('Yes, it happened')");
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
const warned = sam.waitForEvent("dialog").then((it) => it.dismiss());
await sam.click("a:has-text('Week after')", { noWaitAfter: true });
await warned;
assert.equal(await sam.inputValue("#what_0"), "Agree the proof with Ines");
await sam.click("button:has-text('Keep')");
await sam.waitForSelector("[role=status]");
await sam.fill("#how_0", "With her team");
await sam.click("button:has-text('Look back')");
await sam.waitForSelector("text=Looking back");
assert.equal(await sam.inputValue("#how_0"), "With her team");
await look(sam, "week");
await sam.click("summary:has-text('2. Something else')");
await sam.fill("#what_1", "Ask Legal which clause worries them");
await sam.click("button:has-text('Keep')");
assert.match(await sam.textContent("[role=status]"), /Kept/);

// Who leads the whole, and who owns the product.
const eva = await seat(EXECUTIVE);
await eva.goto(BASE + "/");
await look(eva, "home-executive");
await eva.goto(BASE + "/pyramid");
await look(eva, "pyramid");
sam = await seat(SELLER);
await sam.goto(BASE + "/obstacles");
await sam.fill("#text", "They need single sign-on with their own directory");
await sam.click("button:has-text('Write it down')");
const gap = new URL(sam.url()).pathname;
await sam.fill("#option-text", "The partner's gateway does it for a year");
await sam.selectOption("#option-kind", "partner");
await sam.click("button:has-text('Add an option')");
await sam.check("input[value=own_option]");
await sam.fill("#what", "Single sign-on in the spring release, or a clear no");
await sam.fill("#whom", "Product");
await sam.fill("#by", "2027-01-29");
await sam.check("input[name=gap]");
await sam.click("button:has-text('Send it up')");
mia = await seat(MANAGER);
await mia.goto(BASE + gap);
await mia.click("summary:has-text('Passed up')");
await mia.fill("#up-text", "Four of our deals wait for it, and the gateway costs them a month");
await look(mia, "card-answering");
await mia.click("button:has-text('Pass it up')");
const pat = await seat(PRODUCT);
await pat.goto(BASE + "/queue");
assert.match(await pat.textContent("main"), /The partner's gateway/);
await look(pat, "queue");


// A token for another tool, shown once.
await pat.goto(BASE + "/tokens");
await pat.fill("#name", "Weekly report");
await pat.check("input[name=opens_obstacles]");
await pat.click("button.primary");
assert.match(await pat.inputValue("input.secret"), /^latitude_/);
await look(pat, "tokens");

// In the CRM’s own page: the seller's panel, the deal as a leader sees it, one question.
const late = await (await browser.newContext({ viewport: { width: 360, height: 900 } })).newPage();
await late.goto(`${BASE}/embed/${SELLER.split(":")[0]}/once/none`);
assert.match(await late.textContent("main"), /Reload the CRM’s page/);
await look(late, "embed-late");
const embedded = await frame("seller", 360);
await look(embedded, "embed-seller");
// What is typed while a publish is on its way is kept, here until it has arrived and there after that.
const SENT = "Walk Ines through the close of a peer on Thursday, with her controller.";
const MEANWHILE = "Walk Ines through the close of a peer on Thursday, with her controller and the plant.";
let onward;
await embedded.route("**/publish", (route) => { onward = route; });
await embedded.fill("#approach", SENT);
await Promise.all([embedded.waitForRequest("**/publish"), embedded.click("button.primary:has-text('Publish')")]);
await embedded.fill("#approach", MEANWHILE);
await embedded.waitForFunction((words) => Object.values(localStorage).some((it) => it.includes(words)), MEANWHILE);
await Promise.all([embedded.waitForResponse((it) => it.url().endsWith("/draft") && it.ok()), onward.continue()]);
await embedded.unroute("**/publish");
await embedded.waitForFunction(() => document.getElementById("kept").textContent.startsWith("Draft kept"));
// Another signed request than the first.
await ask({ do: "minutes", minutes: 1 });
const reopened = await frame("seller", 360, embedded.context());
assert.equal(await reopened.inputValue("#approach"), MEANWHILE);
await reopened.close();
await embedded.click("button.primary:has-text('Publish')");
await embedded.waitForFunction(() => /Saved/.test(document.getElementById("told").textContent));
await ask({ do: "settle" });
assert.match((await ask({ do: "crm" })).strategy, /and the plant/);
// The frame cannot be loaded again: what the publish changed is shown in it all the same.
const versions = await embedded.locator("details.version").count();
await embedded.fill("#need", "An hour of her peer, from Mia.");
assert.equal(await embedded.isVisible("input[name=take_back_need]"), false);
await embedded.click("button.primary:has-text('Publish')");
await embedded.waitForFunction((count) => document.querySelectorAll("details.version").length === count + 1, versions);
assert.equal(await embedded.locator(".why").count(), 0);
await embedded.fill("#need", "");
assert.equal(await embedded.isVisible("input[name=take_back_need]"), true);
await embedded.click("button.primary:has-text('Publish')");
await embedded.waitForFunction(() => /^Not changed: What I need/.test(document.getElementById("kept").textContent));
assert.equal(await embedded.inputValue("#need"), "An hour of her peer, from Mia.");
await look(embedded, "embed-published");
await embedded.fill("#need", "");
await embedded.check("input[name=take_back_need]");
await embedded.click("button.primary:has-text('Publish')");
await embedded.waitForFunction((count) => document.querySelectorAll("details.version").length === count + 2, versions);
assert.equal(await embedded.isVisible("input[name=take_back_need]"), false);
await ask({ do: "settle" });
const led = await frame("manager", 360);
await look(led, "embed-manager");
await led.click("summary:has-text('Offer help')");
await led.fill("#help", "I know her peer at the harbour");
await led.click("button:has-text('Offer')");
await led.waitForFunction(() => /Offered/.test(document.body.textContent));

// While Latitude takes long to take a draft, it is said where the words are.
let held;
await embedded.route("**/draft", (route) => { held = route; });
await embedded.fill("#need", "An hour of her peer.");
await embedded.waitForFunction(() => document.getElementById("kept").textContent === "Kept on this machine; on its way to Latitude.");
await Promise.all([embedded.waitForResponse((it) => it.url().endsWith("/draft") && it.ok()), held.continue()]);
await embedded.unroute("**/draft");
await embedded.waitForFunction(() => document.getElementById("kept").textContent.startsWith("Draft kept"));

// A panel that nobody touched for longer than its token lasts: it says where the words are, and what to
// do; it does not try for ever; the words come back with the next panel.
const PEER = "An hour of her peer at the harbour, from Mia, by 24 November.";
await embedded.clock.install();
await ask({ do: "minutes", minutes: 61 });
let tries = 0;
embedded.on("request", (it) => { if (it.url().endsWith("/draft")) tries += 1; });
await embedded.fill("#need", PEER);
await embedded.clock.runFor(2000);
await embedded.waitForFunction(() => /^Kept on this machine, not in Latitude. .* open the card again/.test(document.getElementById("kept").textContent));
assert.equal(tries, 1);
await embedded.clock.runFor(60000);
assert.equal(tries, 1);
assert.equal(await embedded.inputValue("#need"), PEER);
await look(embedded, "embed-lapsed");
const next = await frame("seller", 360, embedded.context());
await next.waitForFunction((words) => document.getElementById("need").value === words, PEER);
await next.waitForFunction(() => document.getElementById("kept").textContent.startsWith("Draft kept"));
// Where the browser lets a frame keep nothing, nobody is told that words are kept.
await ask({ do: "minutes", minutes: 1 });
const barred = await browser.newContext({ viewport: { width: 360, height: 900 } });
await barred.addInitScript(() => { Storage.prototype.setItem = () => { throw new DOMException("no", "SecurityError"); }; });
const blocked = await frame("seller", 360, barred);
await ask({ do: "minutes", minutes: 61 });
await blocked.fill("#need", "Two hours of her peer at the harbour.");
await blocked.waitForFunction(() => /^Not kept. .* Copy your words, then open the card again/.test(document.getElementById("kept").textContent));
await look(blocked, "embed-not-kept");
await barred.setOffline(true);
await blocked.fill("#need", "Three hours of her peer at the harbour.");
await blocked.waitForFunction(() => /^Not kept. The connection is gone/.test(document.getElementById("kept").textContent));
// The same on Latitude's own page, for whoever signed out in another window.
await sam.goto(BASE + PANEL);
const elsewhere = await sam.context().newPage();
await elsewhere.goto(BASE + "/");
await elsewhere.click("details.who summary");
await elsewhere.click("button:text-is('Sign out')");
await elsewhere.waitForURL((url) => url.pathname.startsWith("/sign-in"));
await sam.fill("#need", PEER);
await sam.waitForFunction(() => /^Kept on this machine, not in Latitude. You were signed out/.test(document.getElementById("kept").textContent));
// It stands where the eye is, and no grade of other words beside it; publishing is said to have failed,
// and signing in leads back, with the words.
const shown = await sam.locator("#kept").boundingBox();
assert(shown.y > 0 && shown.y + shown.height <= 900, JSON.stringify(shown));
await sam.waitForFunction(() => document.getElementById("grade-to-be").textContent === "Not graded");
await look(sam, "panel-signed-out");
await sam.click("button.primary:has-text('Publish')");
assert.match(await sam.textContent("main"), /Not published: sign in, then publish it again/);
assert.match(await sam.textContent("[data-drafts]"), /kept on this machine/);
await look(sam, "signed-out-meanwhile");
await sam.click("a:has-text('Sign in and go back there')");
await sam.click(`button[value="${SELLER}"]`);
await sam.waitForFunction((words) => document.getElementById("need").value === words, PEER);
assert.equal(new URL(sam.url()).pathname, PANEL);
await sam.waitForFunction(() => /^Draft kept; only you see it. It was not published/.test(document.getElementById("kept").textContent));

// Won: the seller looks back, and shares it.
await ask({ do: "won" });
sam = await seat(SELLER);
await sam.goto(BASE + "/");
await look(sam, "home-ended");
await sam.goto(BASE + PANEL);
await look(sam, "panel-closing");
await sam.fill("#answer_0", "I asked who else would notice, and Ines brought her peer.");
await sam.check("input[name=shared]");
await sam.click("button:has-text('Keep it')");
assert.match(await sam.textContent("main"), /shared with your manager/);
mia = await seat(MANAGER);
await mia.goto(BASE + DEAL);
assert.match(await mia.textContent("main"), /Ines brought her peer/);
await look(mia, "deal-ended");

await browser.close();
assert.deepEqual([...new Set(wrong)], []);
process.stdout.write(JSON.stringify({ do: "end" }) + "\n");
process.exit(0);
