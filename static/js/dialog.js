// Opens <dialog> by [data-dialog-open="id"], or in place of a page by a link [data-dialog-link="id"].
// The browser keeps the focus inside and gives it back on closing.

const open = (id) => {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return false;
  dialog.showModal();
  return true;
};

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) {
    opener.closest("details.menu")?.removeAttribute("open");
    open(opener.dataset.dialogOpen);
    return;
  }
  const link = event.target.closest("a[data-dialog-link]");
  const plainClick = !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (link && plainClick && open(link.dataset.dialogLink)) {
    event.preventDefault();
    return;
  }
  const close = event.target.closest("[data-dialog-close]");
  if (close) close.closest("dialog").close();
  if (event.target instanceof HTMLDialogElement) event.target.close(); // a click on the backdrop
});
