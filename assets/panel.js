// The panel works without this. With it, what is typed is kept at once, on this machine first and
// then in Latitude, the grade-to-be follows the typing, and "saved" becomes "in the CRM".
(() => {
  const token = document.getElementById("main").dataset.token || "";

  // Other forms of a panel in a frame: sent with its token, and what became of it said in their place.
  for (const it of document.querySelectorAll("form[data-embed]")) {
    it.addEventListener("submit", async (event) => {
      event.preventDefault();
      const body = new URLSearchParams(new FormData(it, event.submitter));
      const said = it.querySelector("[role=status]") || document.createElement("p");
      said.setAttribute("role", "status");
      it.append(said);
      let told = "Not sent: the connection is gone, or Latitude cannot take it just now. Your words are still here; try again in a moment.";
      try {
        const headers = { authorization: "Bearer " + token, accept: "application/json" };
        const reply = await fetch(it.getAttribute("action"), { method: "POST", body, headers, credentials: "omit" });
        const answer = await reply.json();
        told = answer.sentence || answer.error || told;
        if (reply.ok && it.classList.contains("say")) it.reset();
      } catch { /* told */ }
      said.textContent = told;
    });
  }

  const form = document.getElementById("panel");
  if (!form) return;
  const action = form.dataset.action;
  const csrf = form.elements.csrf.value;
  const place = "latitude-draft:" + form.dataset.key;
  const kept = document.getElementById("kept");
  const told = document.getElementById("told");
  const fields = ["customer_outcome", "conversation_goal", "approach", "obstacles", "need", "check_on", "confidence"];

  const headers = () => token
    ? { authorization: "Bearer " + token, accept: "application/json" }
    : { "x-csrf-token": csrf, accept: "application/json" };
  const send = (what, body) => fetch(action + what, { method: "POST", body, headers: headers(), credentials: token ? "omit" : "same-origin" });
  const typed = () => {
    const body = new URLSearchParams();
    for (const name of [...fields, "base", "window", "seen"]) body.set(name, form.elements[name].value);
    for (const box of form.querySelectorAll(".take-back input:checked")) body.set(box.name, box.value);
    return body;
  };
  // What stands can be taken back only where its field is empty: the box is there then, and unticked.
  const offer = () => {
    for (const label of form.querySelectorAll(".take-back")) {
      label.hidden = label.dataset.stands !== "true" || form.elements[label.dataset.part].value.trim() !== "";
      if (label.hidden) label.querySelector("input").checked = false;
    }
  };
  // Each window keeps its own words on this machine, under its own name.
  const own = place + ":" + form.elements.window.value;
  const store = {
    // Says whether it kept anything: a machine may be full, or forbid it to frames of others.
    set(value) { try { localStorage.setItem(own, JSON.stringify(value)); return true; } catch { return false; } },
    drop(key) { try { localStorage.removeItem(key || own); } catch { /* forbidden */ } },
    // What windows left here that did not get to send it, the latest first.
    left() {
      const read = (key) => { try { return { key, ...JSON.parse(localStorage.getItem(key)) }; } catch { return {}; } };
      try {
        return Object.keys(localStorage).filter((key) => key === place || key.startsWith(place + ":"))
          .map(read).filter((it) => it.words).sort((a, b) => (b.at || 0) - (a.at || 0));
      } catch { return []; }
    },
  };

  // Why something did not arrive, whether that passes by itself, and what else to do about it.
  const trouble = async (reply) => {
    if (!reply) return { passes: "it will be sent when the connection is back.", why: "The connection is gone." };
    if (reply.status === 429 || reply.status >= 500) return { passes: "Latitude cannot take it just now, and it will be sent again in a moment.", why: "Latitude cannot take it just now." };
    if (reply.status === 401) return { why: "You were signed out.", remedy: "reload this page and sign in" };
    if (reply.status === 403) return token
      ? { why: "This panel was open for too long.", remedy: "open the card again" }
      : { why: "This page was open for too long.", remedy: "reload it" };
    const answer = await reply.json().catch(() => ({}));
    return { why: answer.error || "Latitude does not take this." };
  };
  // Where the words are meanwhile: nobody is told that they are kept where they are not.
  const said = ({ passes, why, remedy }) => {
    if (passes) return here ? "Kept on this machine; " + passes : `Not kept. ${why} Copy your words before you leave; they are sent again while this page is open.`;
    if (remedy) return here ? `Kept on this machine, not in Latitude. ${why} To go on, ${remedy}: your words come back.` : `Not kept. ${why} Copy your words, then ${remedy}.`;
    return here ? "Kept on this machine, not in Latitude. " + why : `Not kept. ${why} Copy your words before you leave.`;
  };

  // Drafts: kept here with every key, sent when typing rests, sent again until it arrives or is refused.
  const SLOW = 1500;
  let resting, retry, count = 0, unsent = false, here = false, going = false, publishing = false;
  // Whether the form says anything else than what was published.
  let changed = form.dataset.drafted === "true";
  // Whether a publish never arrived, and whether the grade that is shown is of other words.
  let lost = false, ungraded = false;
  const keepHere = (sent) => {
    const words = {};
    unsent = true;
    for (const name of fields) words[name] = form.elements[name].value;
    here = store.set({ words, base: form.elements.base.value, at: Date.now(), sent });
  };
  const sayKept = () => { kept.textContent = "Draft kept; only you see it." + (lost ? " It was not published: publish it again." : ""); };
  const keepThere = async () => {
    clearTimeout(retry);
    // What is typed while words are on their way to be published is sent after them, or it could arrive before.
    if (publishing) return;
    const mine = ++count;
    // Where it takes long, where the words are meanwhile is said before the answer comes.
    const slow = setTimeout(() => { if (mine === count) kept.textContent = (here ? "Kept on this machine" : "Not kept yet") + "; on its way to Latitude."; }, SLOW);
    const reply = await send("/draft", typed()).catch(() => null);
    clearTimeout(slow);
    if (mine !== count) return;
    if (reply && reply.ok) {
      unsent = false;
      store.drop();
      sayKept();
      if (ungraded) preview();
      return;
    }
    const it = await trouble(reply);
    if (mine !== count) return;
    kept.textContent = said(it);
    if (it.passes) retry = setTimeout(keepThere, 5000);
  };
  addEventListener("online", () => { if (unsent) keepThere(); });
  // Words that are nowhere but in the form: the browser asks before it lets go of them.
  addEventListener("beforeunload", (event) => { if (unsent && !here && !going) event.preventDefault(); });
  // Words that were sent off to be published are let go of only when Latitude says that it has them.
  const arrived = async (left) => {
    try {
      const body = new URLSearchParams({ ...left.words, base: left.base || "" });
      const reply = await send("/arrived", body);
      return reply.ok ? await reply.json() : {};
    } catch { return {}; }
  };
  // Whether the form holds words of one window already: those typed meanwhile, or those taken up.
  let taken = false;
  const takeUp = async (left) => {
    const same = fields.every((name) => (left.words[name] || "") === form.elements[name].value);
    const at = left.sent ? await arrived(left) : {};
    if (left.sent === "publish" && at.published === false) lost = true;
    if (same || at.arrived) {
      store.drop(left.key);
      if (lost) sayKept();
    } else if (!taken && !unsent) {
      for (const name of fields) {
        if (typeof left.words[name] === "string") form.elements[name].value = left.words[name];
      }
      if (left.base) form.elements.base.value = left.base;
      taken = changed = true;
      keepHere();
      store.drop(left.key);
      keepThere();
      offer();
      redraw();
      preview();
    } else {
      // One form shows one window's words; those of another are set aside, and shown beside it.
      const body = new URLSearchParams({ ...left.words, base: left.base || "", window: left.key.slice(place.length + 1) });
      send("/draft", body).then((reply) => { if (reply.ok) store.drop(left.key); }).catch(() => { /* tried again when the panel is opened again */ });
    }
  };

  // The grade-to-be: asked for when typing rests; only the newest answer is shown.
  let waiting, asked = 0;
  const text = (name, words, className) => {
    const node = document.createElement(name);
    node.textContent = words;
    if (className) node.className = className;
    return node;
  };
  // A bar is drawn by cloning: shapes of a dimension's points, as the page drew the first ones.
  const barOf = (bar) => {
    const box = document.createElement("div");
    const dots = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [name, value] of [["viewBox", "0 0 80 8"], ["width", 80], ["height", 8], ["role", "img"], ["aria-label", bar.points + " of 4"]]) dots.setAttribute(name, value);
    for (let n = 0; n < 4; n++) {
      const dot = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const [name, value] of [["x", n * 20], ["width", 18], ["height", 8], ["rx", 2], ["class", n < bar.points ? "on" : "off"]]) dot.setAttribute(name, value);
      dots.append(dot);
    }
    const dd = document.createElement("dd");
    dd.append(dots);
    box.append(text("dt", bar.name), dd);
    return box;
  };

  // What earned or lost points is marked under the words, in the field itself. While someone types,
  // marks before and after the change stay where they belong; the next preview draws them anew.
  const unders = [...form.querySelectorAll(".under")];
  const drawn = new Map();
  const draw = (under, pieces) => {
    const words = form.elements[under.dataset.part].value;
    const whole = pieces.map((it) => it.text).join("");
    let [start, end] = [0, 0];
    while (start < Math.min(whole.length, words.length) && whole[start] === words[start]) start++;
    while (end < Math.min(whole.length, words.length) - start && whole[whole.length - 1 - end] === words[words.length - 1 - end]) end++;
    const [before, after] = [[], []];
    let at = 0;
    for (const piece of pieces) {
      const to = at + piece.text.length;
      if (to <= start) before.push(piece);
      else if (at >= whole.length - end) after.push(piece);
      at = to;
    }
    const length = (some) => some.reduce((sum, it) => sum + it.text.length, 0);
    const middle = { text: words.slice(length(before), words.length - length(after)), how: "" };
    const shown = [...before, middle, ...after].filter((it) => it.text);
    drawn.set(under, shown);
    // A line that ends the text has no height of its own; the blank gives it one.
    under.replaceChildren(...shown.map((it) => it.how ? text("mark", it.text, it.how) : document.createTextNode(it.text)), "\u200b");
  };
  const redraw = () => unders.forEach((under) => draw(under, drawn.get(under) || []));

  const noteOf = (note, says, fields) => {
    const box = document.createElement("div");
    box.className = says ? "note" : "note private";
    if (!says) box.append(text("p", "For your eyes alone", "quiet"));
    box.append(text("p", note.text));
    if (says) {
      const button = text("button", says, "link");
      button.type = "button";
      button.append(text("span", ": " + note.text, "hush"));
      button.addEventListener("click", async () => {
        const body = new URLSearchParams({ note: note.name, ...fields });
        const reply = await send("/note", body).catch(() => null);
        if (!reply || !reply.ok) return;
        await preview();
        if (box.isConnected) { box.remove(); heading.focus(); }
      });
      box.append(button);
    }
    return box;
  };
  const heading = document.getElementById("to-be");
  const NOT_GRADED = { grade: "Not graded", class: "g-none", score: null, dims: [], notes: [], dismissed: [], private_notes: [], parts: [] };
  const show = (it) => {
    const card = heading.parentElement;
    const held = card.contains(document.activeElement);
    const grade = document.getElementById("grade-to-be");
    grade.textContent = it.grade;
    grade.className = "grade big " + it.class;
    document.getElementById("score-to-be").textContent = it.score === null ? "" : it.score + " of 100";
    document.getElementById("grade-why").textContent = it.why || "";
    const notes = document.getElementById("notes");
    notes.replaceChildren(...it.notes.map((note) => noteOf(note, "Does not apply here")));
    document.getElementById("dismissed").replaceChildren(...it.dismissed.map((note) => noteOf(note, "Ask it again", { again: "yes" })));
    document.getElementById("dismissed-notes").hidden = it.dismissed.length === 0;
    document.getElementById("private-notes").replaceChildren(...it.private_notes.map((note) => noteOf(note)));
    // A button that had the focus is gone: the next one has it, so that the keyboard stays where it was.
    if (held && !card.contains(document.activeElement)) (notes.querySelector("button") || heading).focus();
    const nearby = document.getElementById("grade-nearby");
    nearby.textContent = it.grade;
    nearby.className = "grade " + it.class;
    document.getElementById("dims").replaceChildren(...it.dims.map(barOf));
    document.getElementById("dims-say").hidden = it.dims.length === 0;
    document.getElementById("legend").hidden = it.parts.length === 0;
    for (const under of unders) {
      const part = it.parts.find((one) => one.part === under.dataset.part);
      draw(under, part ? part.pieces : []);
    }
  };
  const preview = async () => {
    const mine = ++asked;
    try {
      const reply = await send("/preview", typed());
      const graded = reply.ok ? await reply.json() : null;
      if (mine !== asked) return;
      if (graded) show(graded);
      ungraded = !graded;
    } catch { ungraded = mine === asked; }
    // No grade of other words than those that stand there; the next key asks again.
    if (ungraded) show({ ...NOT_GRADED, why: "What you have typed cannot be graded just now." });
  };
  form.addEventListener("input", () => {
    keepHere();
    changed = true;
    if (told.classList.contains("there")) tell({ state: "there", done: true });
    offer();
    redraw();
    clearTimeout(resting);
    clearTimeout(waiting);
    resting = setTimeout(keepThere, 800);
    waiting = setTimeout(preview, 250);
  });
  offer();
  redraw();
  preview();
  (async () => { for (const left of store.left()) await takeUp(left); })();

  // Publishing: the page sends its form; a panel in a frame sends it with its token.
  const tell = (it) => {
    // What stands in the CRM is not what stands in the form once something else is typed there.
    const other = it.state === "there" && changed;
    told.textContent = other ? told.dataset.draft : it.sentence;
    told.className = "told " + (other ? "" : it.state);
    told.dataset.done = String(it.done);
  };
  // A conflict that is found meanwhile: both sides are fetched and shown, and the keyboard goes there
  // unless someone is typing.
  const showClash = async () => {
    const page = new DOMParser().parseFromString(await (await fetch(location.pathname)).text(), "text/html");
    const clash = page.querySelector("section.clash");
    if (!clash) return;
    document.querySelectorAll("section.clash").forEach((it) => it.remove());
    told.after(clash);
    const heading = clash.querySelector("h2");
    heading.tabIndex = -1;
    if (!unsent) heading.focus();
  };
  const follow = async () => {
    if (told.dataset.done === "true") return;
    try {
      const reply = await fetch(action + "/state", { headers: headers(), credentials: token ? "omit" : "same-origin" });
      if (reply.ok) tell(await reply.json());
      else if (!(await trouble(reply)).passes) return;
      if (told.classList.contains("clash") && !token) await showClash();
    } catch { /* asked again below */ }
    if (told.dataset.done !== "true") setTimeout(follow, 1000);
  };
  // A panel in a frame cannot be loaded again: what a publish changed is shown in its place.
  const refresh = (done) => {
    for (const label of form.querySelectorAll(".take-back")) {
      const words = done.stands[label.dataset.part];
      label.dataset.stands = String(words !== undefined);
      // What was cleared alone stands still, and is back in its field, unless someone types.
      const field = form.elements[label.dataset.part];
      if (words !== undefined && !changed && field.value.trim() === "") field.value = words;
    }
    offer();
    redraw();
    preview();
    const why = document.querySelector(".why");
    if (why && !done.why) why.remove();
    const waits = document.getElementById("waits");
    if (waits && !done.waits) waits.closest("section").remove();
    const versions = document.getElementById("versions").closest("section");
    versions.querySelector("div").innerHTML = done.versions;
    versions.hidden = done.version === 0;
  };
  form.addEventListener("submit", async (event) => {
    clearTimeout(resting);
    clearTimeout(retry);
    count++;
    if (!token) {
      // They stay on this machine until a page comes back: that page is the proof that they arrived.
      keepHere(event.submitter && event.submitter.id === "keep" ? "keep" : "publish");
      going = true;
      return;
    }
    event.preventDefault();
    if (event.submitter && event.submitter.id === "keep") { keepHere(); keepThere(); return; }
    const sent = typed();
    publishing = true;
    const reply = await send("/publish", sent).catch(() => null);
    const done = reply && reply.ok ? await reply.json().catch(() => null) : null;
    publishing = false;
    if (done) {
      lost = false;
      kept.textContent = done.note || "";
      form.elements.base.value = String(done.version);
      if (fields.every((name) => form.elements[name].value === sent.get(name))) {
        unsent = changed = false;
        store.drop();
      } else {
        keepHere();
        keepThere();
      }
      tell(done);
      if (done.state !== "clash") refresh(done);
      follow();
      return;
    }
    keepHere();
    const it = await trouble(reply && reply.ok ? null : reply);
    kept.textContent = "Not published. " + said(it) + (it.passes ? " Publish again then." : "");
    if (it.passes) retry = setTimeout(keepThere, 5000);
  });
  follow();
})();
