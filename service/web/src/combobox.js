// A text field that suggests terms: the combobox pattern of the ARIA Authoring Practices Guide.
import { asker } from "./suggest.js";

const PAUSE = 90; // milliseconds without a key before the service is asked
let made = 0;

/**
 * Makes a combobox of a text field.
 * @param {HTMLInputElement} input with the address of the search in data-suggest.
 * @param {(term: object) => void} choose is told what was chosen.
 */
export function combobox(input, choose) {
  const ask = asker(input.dataset.suggest);
  const list = document.createElement("ul");
  list.id = `suggested-${++made}`;
  list.className = "suggestions";
  list.role = "listbox";
  list.ariaLabel = "Suggestions";
  list.hidden = true;
  const status = document.createElement("span");
  status.className = "hidden-label";
  status.role = "status";
  const frame = document.createElement("span");
  frame.className = "combobox";
  input.replaceWith(frame);
  frame.append(input, list, status);
  input.role = "combobox";
  input.autocomplete = "off";
  input.ariaAutoComplete = "list";
  input.setAttribute("aria-controls", list.id);
  input.ariaExpanded = "false";

  let terms = [];
  let at = -1;
  let timer = 0;

  function show(found) {
    terms = found;
    at = -1;
    list.replaceChildren(...found.map((term, index) => option(term, index)));
    list.hidden = !found.length;
    input.ariaExpanded = String(!list.hidden);
    input.removeAttribute("aria-activedescendant");
    status.textContent = found.length ? `${found.length} suggestions` : "";
  }

  function option(term, index) {
    const item = document.createElement("li");
    item.id = `${list.id}-${index}`;
    item.role = "option";
    item.ariaSelected = "false";
    const kind = document.createElement("span");
    kind.className = "soft small";
    kind.textContent = term.kind;
    item.append(term.label, " ", kind);
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the field keeps the focus
      take(index);
    });
    return item;
  }

  function move(step) {
    list.children[at]?.setAttribute("aria-selected", "false");
    at = (at + step + terms.length + 1) % (terms.length + 1);
    if (at === terms.length) at = -1;
    const chosen = list.children[at];
    if (!chosen) return input.removeAttribute("aria-activedescendant");
    chosen.setAttribute("aria-selected", "true");
    chosen.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", chosen.id);
  }

  function take(index) {
    const term = terms[index];
    show([]);
    choose(term);
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    const text = input.value.trim();
    if (text.length < 2) return show([]);
    timer = setTimeout(async () => {
      const found = await ask(text);
      if (input.value.trim() === text && document.activeElement === input) show(found);
    }, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(at < 0 ? 0 : -1);
    else if (event.key === "Escape") show([]);
    else if (event.key === "Enter" && at >= 0) take(at);
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", () => show([]));
}
