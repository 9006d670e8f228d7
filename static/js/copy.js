// Copy buttons: [data-copy="#id"] copies the text of an element, [data-copy-text] its own value.
// The icon turns into a tick for two seconds and the copy is said aloud.

const TICK_MS = 2000;
const announcer = document.getElementById("announcer");

const textFor = (button) => {
  if (button.dataset.copyText !== undefined) return button.dataset.copyText;
  const source = document.querySelector(button.dataset.copy);
  const joiner = button.dataset.copyJoiner;
  if (joiner !== undefined) return Array.from(source.children, (part) => part.textContent.trim()).join(joiner);
  return (source.value ?? source.textContent).trim();
};

const tick = (button) => {
  const use = button.querySelector("use");
  const before = use?.getAttribute("href");
  if (!before || button.dataset.ticking) return;
  button.dataset.ticking = "yes";
  use.setAttribute("href", before.replace(/#.*$/, "#tabler-check"));
  setTimeout(() => {
    use.setAttribute("href", before);
    delete button.dataset.ticking;
  }, TICK_MS);
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-text]");
  if (!button) return;
  await navigator.clipboard.writeText(textFor(button));
  tick(button);
  announcer.textContent = announcer.dataset.copied;
});
