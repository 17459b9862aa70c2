// Everything works without this; with it, menus close when one clicks elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.who[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.who[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
// What can only be copied now is selected as soon as one goes there.
for (const secret of document.querySelectorAll("input.secret")) {
  secret.addEventListener("focus", () => secret.select());
  if (document.activeElement === secret) secret.select();
}
// Whoever leaves a page with words that were not sent is asked first.
for (const form of document.querySelectorAll("form[data-unsaved]")) {
  let unsent = false;
  form.addEventListener("input", () => { unsent = true; });
  form.addEventListener("submit", () => { unsent = false; });
  addEventListener("beforeunload", (event) => { if (unsent) event.preventDefault(); });
}
// A beginning that is offered becomes a button that puts it into the field, before what stands there:
// that is selected, so that one types over it or goes on behind it.
for (const list of document.querySelectorAll("[data-starters]")) {
  const field = document.getElementById(list.dataset.starters);
  const words = field.value.trim();
  // Other words than those that came back are no longer kept as they are.
  const send = field.form.querySelector("[data-otherwise]");
  const differ = () => { if (send) send.textContent = send.dataset.otherwise; };
  field.addEventListener("input", differ);
  for (const item of list.children) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.textContent = item.textContent;
    button.addEventListener("click", () => {
      const opening = item.textContent.replace(/…$/, " ");
      field.value = opening + words;
      differ();
      field.focus();
      field.setSelectionRange(opening.length, field.value.length);
    });
    item.replaceChildren(button);
  }
}
// Whoever was signed out while they published is told where their words are, if this machine has them.
for (const it of document.querySelectorAll("[data-drafts]")) {
  try {
    if (Object.keys(localStorage).some((key) => key.startsWith(it.dataset.drafts))) it.textContent = it.dataset.kept;
  } catch { /* forbidden: nothing is kept here */ }
}
