// Single keys: "/" search, "g" then a letter goes to an entry of the left bar, "?" shows the list.
// They can be switched off on this device (WCAG 2.1.4); the choice is the only thing stored here.

const STORE = "portal-shortcuts-off";
const PAIR_MS = 1200;

const stored = () => {
  try {
    return localStorage.getItem(STORE) === "yes";
  } catch {
    return false; // storage is switched off: keys stay on
  }
};

let isOff = stored();
let waitingSince = 0;

const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable]");

const addressOf = (key) => document.querySelector(`#shortcut-addresses [data-key="${CSS.escape(key)}"]`)?.dataset.href;

const act = (key) => {
  if (performance.now() - waitingSince < PAIR_MS) {
    waitingSince = 0;
    const address = addressOf(key);
    if (address) window.location.assign(address);
    return Boolean(address);
  }
  if (key === "g") {
    waitingSince = performance.now();
    return false;
  }
  if (key === "/") {
    const find = document.getElementById("find") ?? document.querySelector(".data-search input");
    find?.focus();
    return Boolean(find);
  }
  if (key === "?") {
    document.getElementById("shortcuts")?.showModal();
    return true;
  }
  // A page's own keys: what carries data-shortcut is pressed, as a click would.
  const own = document.querySelector(`[data-shortcut="${CSS.escape(key)}"]`);
  own?.click();
  return Boolean(own);
};

document.addEventListener("keydown", (event) => {
  if (isOff || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (act(event.key)) event.preventDefault();
});

const box = document.querySelector("[data-shortcuts-switch]");
if (box) {
  box.checked = !isOff;
  box.addEventListener("change", () => {
    isOff = !box.checked;
    try {
      if (isOff) localStorage.setItem(STORE, "yes");
      else localStorage.removeItem(STORE);
    } catch { /* the choice then holds for this page only */ }
  });
}
