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
