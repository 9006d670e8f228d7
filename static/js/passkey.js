// Say in words what allauth's passkey script only writes to the console: the person closed the window of
// the device, or this browser has no passkeys at this address.

const notes = document.querySelector("[data-passkey-notes]");
const show = (name) => {
  const note = notes?.querySelector(`[data-passkey-${name}]`);
  if (!note) return;
  note.hidden = false;
  note.focus();
};

if (!window.PublicKeyCredential) {
  show("missing");
  for (const button of document.querySelectorAll("[data-passkey]")) button.disabled = true;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-passkey]")) notes.querySelector("[data-passkey-failed]").hidden = true;
});

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  show("failed");
});
