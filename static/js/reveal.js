// A revealed key masks itself: when the time is over, when the page is left, when the tab is hidden
// for longer than the time that was left. Nothing is kept in storage.

const start = (panel) => {
  const total = Number(panel.dataset.reveal) || 60;
  const end = Date.now() + total * 1000;
  const key = panel.querySelector("[data-reveal-key]");
  const ring = panel.querySelector("[data-reveal-ring]");
  const seconds = panel.querySelector("[data-reveal-seconds]");

  const mask = () => {
    clearInterval(timer);
    key.replaceChildren(panel.querySelector("[data-reveal-masked]").content.cloneNode(true));
    for (const part of panel.querySelectorAll("[data-copy], .countdown, .needs-script")) part.remove();
    document.getElementById("announcer").textContent = panel.querySelector("[data-reveal-done]").innerHTML;
  };

  const step = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    seconds.textContent = String(left);
    ring.setAttribute("stroke-dashoffset", String(100 - (left / total) * 100));
    if (left === 0) mask();
  };

  const timer = setInterval(step, 250);
  window.addEventListener("pagehide", mask, { once: true });
  document.addEventListener("visibilitychange", step);
};

const startAll = (root) => {
  for (const panel of root.querySelectorAll("[data-reveal]:not([data-reveal-started])")) {
    panel.dataset.revealStarted = "yes";
    start(panel);
  }
};

document.addEventListener("htmx:afterSwap", () => startAll(document));
startAll(document);
