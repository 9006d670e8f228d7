// A click anywhere in a row [data-row] follows its one link [data-row-link].
// The link itself stays what a keyboard and a screen reader use.

const isOwnControl = (target) => target.closest("a, button, input, select, label, summary, [data-copy-text]");

document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-row]");
  if (!row || isOwnControl(event.target) || event.button !== 0) return;
  if (String(window.getSelection())) return; // someone marks text
  const link = row.querySelector("[data-row-link]");
  if (!link) return;
  if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
  else link.click();
});
