"use strict";
(() => {
  const table = document.querySelector(".rows");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  let texts = null;

  const show = () => {
    texts ??= rows.map((row) => row.textContent.toLowerCase());
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, index) => {
      row.hidden = !words.every((word) => texts[index].includes(word));
      count += !row.hidden;
    });
    shown.textContent = words.length ? `${count} of ${rows.length}` : "";
  };

  const key = (row, column) => {
    const cell = row.cells[column];
    return "k" in cell.dataset ? Number(cell.dataset.k || -1) : cell.textContent;
  };

  const sort = (heading, column) => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const order = new Intl.Collator("en", { numeric: true });
    const keyed = rows.map((row) => [key(row, column), row]);
    keyed.sort(([a], [b]) => (typeof a === "number" ? a - b : order.compare(a, b)) * (down ? -1 : 1));
    body.append(...keyed.map(([, row]) => row));
  };

  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => sort(heading, column));
    heading.replaceChildren(button);
  });
  search.addEventListener("input", show);
  search.closest("[hidden]").hidden = false;
})();
