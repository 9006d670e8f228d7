// Focus on the summary of errors; a second submit of [data-guard] does nothing; [data-unsaved] warns on leaving.

const focusSummary = (root) => {
  const summary = root.querySelector("[data-error-summary]");
  if (summary) summary.focus();
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented && !form.matches("[hx-post]")) return;
  if (form.matches("[data-guard]")) {
    if (form.dataset.sent) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("data-busy", "");
    event.submitter?.setAttribute("aria-disabled", "true");
  }
  delete form.dataset.touched;
}, true);

const release = () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[data-busy]")) {
      button.removeAttribute("data-busy");
      button.removeAttribute("aria-disabled");
    }
  }
};

// A page that comes back from the browser's cache must be usable again.
window.addEventListener("pageshow", release);
document.addEventListener("htmx:afterRequest", release);
document.addEventListener("htmx:afterSwap", (event) => focusSummary(event.target));

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-unsaved]");
  if (form) form.dataset.touched = "yes";
});

window.addEventListener("beforeunload", (event) => {
  if (document.querySelector("form[data-touched]")) event.preventDefault();
});

focusSummary(document);
