// The tag page: drop a file, tag without leaving the page, and narrow what is shown by kind and score.

const form = document.querySelector("form.tagging");
const result = document.getElementById("result");

if (form && result) {
  const file = form.elements.file;
  const text = form.elements.text;
  const drop = form.querySelector(".drop");

  const told = () => {
    text.required = !file.files.length;
    text.closest(".field").hidden = Boolean(file.files.length);
    form.querySelector(".clear").hidden = !file.files.length;
  };
  file.addEventListener("change", told);
  form.querySelector(".clear").addEventListener("click", () => {
    file.value = "";
    told();
    text.focus();
  });
  for (const kind of ["dragenter", "dragover"]) {
    form.addEventListener(kind, (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  form.addEventListener("dragleave", () => drop.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    file.files = event.dataTransfer.files;
    told();
  });
  told();

  // Downloads are ordinary submissions; to show is done here, so that a chosen file stays chosen.
  form.addEventListener("submit", async (event) => {
    if (event.submitter?.value) return;
    event.preventDefault();
    const sent = new FormData(form);
    sent.delete("concepts"); // what is shown is narrowed below, so that it can be widened again
    sent.delete("min_score");
    if (file.files.length) sent.delete("text");
    else sent.delete("file");
    result.ariaBusy = "true";
    form.classList.add("busy");
    try {
      const answer = await fetch(form.action, { method: "POST", body: sent, headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = page.getElementById("result") ?? page.querySelector("main");
      result.replaceChildren(...found.childNodes);
    } catch {
      const problem = document.createElement("p");
      problem.className = "problem";
      problem.textContent = "The service cannot be reached. Is it running? Nothing has been lost: try again.";
      result.replaceChildren(problem);
    } finally {
      result.ariaBusy = "false";
      form.classList.remove("busy");
    }
    narrow();
    result.querySelector("h2, .problem")?.scrollIntoView({ block: "start" });
    result.focus({ preventScroll: true });
  });

  function narrow() {
    const least = Number(form.elements.min_score.value) || 0;
    const kinds = new Set(new FormData(form).getAll("concepts"));
    for (const each of result.querySelectorAll("[data-score]")) {
      const of = each.dataset.kinds.split(" ");
      const kept = Number(each.dataset.score) >= least && (!kinds.size || of.some((kind) => kinds.has(kind)));
      if (each.matches("a")) each.classList.toggle("unmarked", !kept);
      else each.hidden = !kept;
    }
    const left = new Set([...result.querySelectorAll("tr[data-score]:not([hidden])")].map((row) => row.dataset.concept));
    for (const card of result.querySelectorAll(".card[data-concept]")) card.hidden = !left.has(card.dataset.concept);
    for (const table of result.querySelectorAll(".wide")) table.hidden = !table.querySelector("tr[data-score]:not([hidden])");
    for (const count of result.querySelectorAll("[data-counts]")) {
      const rows = result.querySelectorAll(`#${count.dataset.counts} tr[data-score]`);
      const shown = [...rows].filter((row) => !row.hidden).length;
      count.textContent = shown === rows.length ? `${rows.length}` : `${shown} of ${rows.length}`;
    }
  }
  form.querySelector(".narrowing").addEventListener("input", narrow);
}
