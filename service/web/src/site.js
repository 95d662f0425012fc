// Every page: fields that suggest terms, lists that can be narrowed, trees that open in place, and graphs
// that are drawn when they are scrolled to.
import { combobox } from "./combobox.js";
import { branches } from "./tree.js";

branches(document);

for (const part of document.querySelectorAll("[data-script]")) part.hidden = false;

for (const input of document.querySelectorAll("input[data-suggest]")) {
  const goes = input.dataset.goes !== undefined;
  combobox(input, (term) => {
    if (goes) location.assign(term.page);
    else input.value = term.label;
  });
}

for (const input of document.querySelectorAll("input[data-narrows]")) {
  const items = [...document.querySelectorAll(input.dataset.narrows)];
  const groups = new Set(items.map((item) => item.closest("[data-group]")));
  const narrow = () => {
    const words = input.value.toLowerCase().split(/\s+/);
    for (const item of items) {
      const text = item.textContent.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
    }
    for (const group of groups) {
      if (group) group.hidden = items.every((item) => item.hidden || !group.contains(item));
    }
  };
  input.addEventListener("input", narrow);
  if (input.value) narrow();
}

const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) {
      seen.unobserve(target);
      import("./graph.js").then(({ draw }) => draw(target));
    }
  }
}, { rootMargin: "200px" });
for (const frame of document.querySelectorAll("[data-graph]")) {
  frame.hidden = false;
  seen.observe(frame);
}
