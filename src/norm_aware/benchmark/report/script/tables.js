/* Tables that sort by a click or a key on a header, and that filter by text, kind and outcome. */
function cellValue(row, column) {
  const cell = row.cells[column];
  if (!cell) return null; // a withheld row has one wide cell in place of its figures
  if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
  if (cell.classList.contains("n") || cell.colSpan > 1) return null;
  return cell.textContent.trim().toLowerCase();
}

function compareValues(a, b) {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}

function sortTable(table, column, descending) {
  const body = table.tBodies[0];
  const keyed = [...body.rows].map((row, place) => ({ row, place, value: cellValue(row, column) }));
  keyed.sort((a, b) => {
    if (a.value === null || b.value === null) {
      return (a.value === null) - (b.value === null) || a.place - b.place; // unknown last, either way
    }
    return (descending ? -1 : 1) * compareValues(a.value, b.value) || a.place - b.place;
  });
  body.append(...keyed.map((entry) => entry.row));
  [...table.tHead.rows[0].cells].forEach((header, index) => {
    if (index === column) header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    else header.removeAttribute("aria-sort");
  });
}

function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    if (header.dataset.plain !== undefined) return;
    const button = element("button", { type: "button", class: "sort" });
    button.append(...[...header.childNodes].filter((node) => node.nodeName !== "SMALL"));
    header.prepend(button);
    button.addEventListener("click", () => {
      const first = header.classList.contains("n") ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      sortTable(table, column, (header.getAttribute("aria-sort") === first ? other : first) === "descending");
    });
  });
}

function makeFilters(controls) {
  const tables = [...document.querySelectorAll(`[data-filtered="${controls.dataset.filters}"]`)];
  const inputs = [...controls.querySelectorAll("[data-filter]")];
  const output = controls.querySelector("output");
  const filter = () => {
    let shown = 0;
    let all = 0;
    for (const row of tables.flatMap((table) => [...table.tBodies[0].rows])) {
      const fits = inputs.every(({ value, dataset }) => {
        if (!value) return true;
        if (dataset.filter === "text") return row.textContent.toLowerCase().includes(value.trim().toLowerCase());
        return row.dataset[dataset.filter] === undefined || row.dataset[dataset.filter] === value;
      });
      row.dataset.filteredOut = fits ? "" : "yes";
      row.hidden = !fits || row.dataset.otherCandidate === "yes";
      all += 1;
      shown += row.hidden ? 0 : 1;
    }
    const some = shown < all;
    output.textContent = some ? `${counted(shown, "row", "rows")} of ${all} shown` : "";
  };
  inputs.forEach((input) => input.addEventListener("input", filter));
}

function startTables() {
  document.querySelectorAll("table.sortable").forEach(makeSortable);
  document.querySelectorAll("[data-filters]").forEach(makeFilters);
}
