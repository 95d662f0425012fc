// A tree whose branches are lists that open in place; each branch is asked for when it is first opened.

/**
 * Lets the links of a tree that lead to a branch open it in place instead.
 * @param {ParentNode} part of the page.
 */
export function branches(part) {
  for (const link of part.querySelectorAll("a[data-branch]")) {
    link.role = "button";
    link.ariaExpanded = "false";
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // to another tab or window
      event.preventDefault();
      toggle(link);
    });
    link.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      toggle(link);
    });
  }
}

async function toggle(link) {
  const item = link.closest("li");
  let list = item.querySelector(":scope > ul");
  if (!list) {
    const answer = await fetch(link.dataset.branch, { headers: { Accept: "text/html" } });
    if (!answer.ok) {
      location.assign(link.href); // which says what is wrong
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    list = page.querySelector("ul");
    list.hidden = true;
    item.append(list);
    branches(list);
  }
  list.hidden = !list.hidden;
  link.ariaExpanded = String(!list.hidden);
  link.classList.toggle("opened", !list.hidden);
}
