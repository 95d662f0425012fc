// The ask page: the editor instead of the text area, and queries too long for an address posted.
import { mount } from "./editor.js";

const LONGEST = 6000; // characters of an address that every browser and proxy takes

const form = document.querySelector("form[data-prefixes]");
if (form) {
  const { prefixes, suggest, line, column, width } = form.dataset;
  const view = mount(form.elements.query, {
    suggest,
    prefixes: JSON.parse(prefixes),
    fault: line ? { line: Number(line), column: Number(column), width: Number(width) } : null,
  });
  form.querySelector("[data-keys]").textContent =
    "Ctrl+Enter runs the query; Ctrl+Space suggests terms by their labels. The answer has an address to keep.";
  form.addEventListener("submit", () => {
    form.method = encodeURIComponent(view.state.doc.toString()).length > LONGEST ? "post" : "get";
  });
}
