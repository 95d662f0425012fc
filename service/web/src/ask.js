// The ask page: the editor instead of the text area, and queries too long for an address posted.
// The page is there before its editor is: that is fetched when there is nothing else to do.

const LONGEST = 6000; // characters of an address that every browser and proxy takes

const form = document.querySelector("form[data-prefixes]");
if (form) {
  const { prefixes, suggest, line, column, width } = form.dataset;
  const area = form.elements.query;
  const begin = async () => {
    const { mount } = await import("./editor.js");
    mount(area, {
      suggest,
      prefixes: JSON.parse(prefixes),
      fault: line ? { line: Number(line), column: Number(column), width: Number(width) } : null,
    });
    form.querySelector("[data-keys]").textContent =
      "Ctrl+Enter runs the query; Ctrl+Space suggests terms by their labels. The answer has an address to keep.";
  };
  if (line || !window.requestIdleCallback) begin();
  else requestIdleCallback(begin, { timeout: 1500 });
  form.addEventListener("submit", () => {
    form.method = encodeURIComponent(area.value).length > LONGEST ? "post" : "get";
  });
}
