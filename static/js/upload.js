// Drop zone [data-upload]: takes a drop, lists names and sizes. The file button works without it.

const UNITS = ["B", "kB", "MB", "GB"];

const sizeText = (bytes) => {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 10 ? 0 : 1;
  const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: digits });
  return `${number.format(value)} ${UNITS[unit]}`;
};

const showList = (input) => {
  const list = input.closest("[data-upload]")?.querySelector("[data-upload-list]");
  if (!list) return;
  list.replaceChildren(...Array.from(input.files, (file) => {
    const row = document.createElement("li");
    const name = document.createElement("span");
    const size = document.createElement("span");
    name.textContent = file.name;
    size.textContent = sizeText(file.size);
    size.className = "tabular";
    row.append(name, size);
    return row;
  }));
  list.hidden = input.files.length === 0;
};

const zoneOf = (event) => event.target.closest?.("[data-upload]");

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-upload] input[type=file]")) showList(event.target);
});

document.addEventListener("dragover", (event) => {
  const zone = zoneOf(event);
  if (!zone) return;
  event.preventDefault();
  zone.classList.add("is-over");
});

document.addEventListener("dragleave", (event) => {
  const zone = zoneOf(event);
  if (zone && !zone.contains(event.relatedTarget)) zone.classList.remove("is-over");
});

document.addEventListener("drop", (event) => {
  const zone = zoneOf(event);
  if (!zone) return;
  event.preventDefault();
  zone.classList.remove("is-over");
  const input = zone.querySelector("input[type=file]");
  const files = input.multiple ? event.dataTransfer.files : firstOnly(event.dataTransfer.files);
  if (!files.length) return;
  input.files = files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});

const firstOnly = (files) => {
  const holder = new DataTransfer();
  if (files.length) holder.items.add(files[0]);
  return holder.files;
};
