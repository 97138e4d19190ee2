/**
 * What moves on the page: searching, filtering, sorting and paging lists, and the words on a picture's
 * parts. It runs in the browser as it stands here. Text is only ever set as text.
 *
 * @typedef {{ title: string, kind: string }} Column
 * @typedef {{ things: string, columns: Column[], cells: number[] }} ListData
 */

/** @type {{ pageRows: number, texts: string[], lists: Record<string, ListData> }} */
const data = JSON.parse(document.getElementById("data")?.textContent ?? "");

/** More rows than this are not printed. */
const MOST_PRINTED = 2000;

/** @param {number} value */
const grouped = (value) => value.toLocaleString("en-US");

const collator = new Intl.Collator("en", { numeric: true });

/**
 * @template {Element} Kind
 * @param {Element} root
 * @param {string} selector
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
function find(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`Found no ${selector}`);
  return found;
}

/** A list as it is shown now. */
class List {
  /** @param {HTMLElement} root */
  constructor(root) {
    const { things, columns, cells } = data.lists[root.dataset["list"] ?? ""] ??
      { things: "", columns: [], cells: [] };
    this.things = things;
    this.columns = columns;
    this.cells = cells;
    this.root = root;
    this.body = find(root, "tbody", HTMLElement);
    this.count = find(root, ".count", HTMLElement);
    this.none = find(root, ".none", HTMLElement);
    this.pages = find(root, ".pages", HTMLElement);
    this.search = find(root, "input", HTMLInputElement);
    this.filters = [...root.querySelectorAll("select")];
    this.heads = [...root.querySelectorAll("th")];
    this.rows = Array.from({ length: cells.length / columns.length }, (_, row) => row);
    /** Rows that match, in the order in which they are shown. */
    this.found = this.rows;
    this.page = 0;
    this.sortedBy = -1;
    this.isUp = true;
    /** Row → all that a search looks at; filled by the first one.
     * @type {string[]} */
    this.haystacks = [];
    this.listen();
  }

  listen() {
    this.search.addEventListener("input", () => this.update());
    for (const filter of this.filters) filter.addEventListener("change", () => this.update());
    this.heads.forEach((head, column) =>
      find(head, "button", HTMLElement).addEventListener("click", () => this.sort(column))
    );
    find(this.root, ".reset", HTMLElement).addEventListener("click", () => {
      this.clear();
      this.update();
      this.search.focus();
    });
    find(this.root, ".previous", HTMLElement).addEventListener("click", () => this.turn(-1));
    find(this.root, ".next", HTMLElement).addEventListener("click", () => this.turn(1));
  }

  /**
   * @param {number} row
   * @param {number} column
   */
  text(row, column) {
    return data.texts[this.cells[row * this.columns.length + column] ?? -1] ?? "";
  }

  /** @param {number} row */
  haystack(row) {
    return this.haystacks[row] ??= this.columns.map((_, column) => this.text(row, column))
      .join("\n").toLowerCase();
  }

  clear() {
    this.search.value = "";
    for (const filter of this.filters) filter.value = "";
  }

  /** All words of the search and all filters have to match. */
  update() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const filters = this.filters.filter(({ value }) => value !== "").map((filter) => ({
      column: Number(filter.dataset["column"]),
      // Stands behind a "=", so that "" means all.
      text: filter.value.slice(1),
    }));
    this.found = this.rows.filter((row) =>
      filters.every(({ column, text }) => this.text(row, column) === text) &&
      words.every((word) => this.haystack(row).includes(word))
    );
    this.order();
    this.page = 0;
    this.show();
  }

  /** @param {number} column */
  sort(column) {
    this.isUp = this.sortedBy === column ? !this.isUp : true;
    this.sortedBy = column;
    this.heads.forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", this.isUp ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    this.order();
    this.page = 0;
    this.show();
  }

  /** What is empty stands last, whichever way is up. */
  order() {
    const column = this.sortedBy;
    if (column === -1) return;
    const sign = this.isUp ? 1 : -1;
    this.found = this.found.toSorted((a, b) => {
      const [left, right] = [this.text(a, column), this.text(b, column)];
      if (left === "" || right === "") return Number(left === "") - Number(right === "") || a - b;
      return sign * collator.compare(left, right) || a - b;
    });
  }

  /** @param {number} by */
  turn(by) {
    this.page += by;
    this.show();
  }

  show(pageRows = data.pageRows) {
    const { length } = this.found;
    const from = this.page * pageRows;
    const shown = this.found.slice(from, from + pageRows);
    this.body.replaceChildren(...shown.map((row) => this.rowElement(row)));
    const last = from + shown.length;
    const range = shown.length === length
      ? grouped(length)
      : `${grouped(from + 1)}–${grouped(last)} of ${grouped(length)}`;
    const all = length === this.rows.length ? "" : `, ${grouped(this.rows.length)} in all`;
    this.count.textContent = `${range} ${this.things}${all}`;
    this.none.hidden = length > 0;
    this.pages.hidden = length <= pageRows;
    find(this.root, ".previous", HTMLButtonElement).disabled = from === 0;
    find(this.root, ".next", HTMLButtonElement).disabled = last >= length;
  }

  /** @param {number} row */
  rowElement(row) {
    const element = document.createElement("tr");
    this.columns.forEach(({ kind }, column) => {
      const cell = element.insertCell();
      const text = this.text(row, column);
      cell.className = kind;
      if (kind !== "status" || text === "") cell.textContent = text;
      else {
        const mark = cell.appendChild(document.createElement("span"));
        mark.className = "mark";
        mark.dataset["mark"] = text;
        mark.textContent = text;
      }
    });
    return element;
  }

  /**
   * @param {string} column
   * @param {string} value
   */
  narrow(column, value) {
    this.clear();
    const at = this.columns.findIndex(({ title }) => title === column);
    const filter = this.filters.find(({ dataset }) => Number(dataset["column"]) === at);
    if (filter !== undefined) filter.value = `=${value}`;
    // A filter of very many values lacks the rare ones.
    if (filter === undefined || filter.selectedIndex === -1) {
      this.clear();
      this.search.value = value;
    }
    this.update();
  }
}

/** @type {Map<string, List>} */
const lists = new Map();
for (const root of document.querySelectorAll("div[data-list]")) {
  if (root instanceof HTMLElement) lists.set(root.dataset["list"] ?? "", new List(root));
}

/** A bar that stands for a value narrows its list down to it. */
for (const link of document.querySelectorAll("a[data-list]")) {
  if (!(link instanceof HTMLElement)) continue;
  const { list = "", column = "", value = "" } = link.dataset;
  link.addEventListener("click", () => lists.get(list)?.narrow(column, value));
}

/** What a link leads to is open when the reader comes there. */
for (const link of document.querySelectorAll("a[href^='#']")) {
  const target = document.getElementById(link.getAttribute("href")?.slice(1) ?? "");
  if (target instanceof HTMLDetailsElement) {
    link.addEventListener("click", () => target.open = true);
  }
}

const tip = find(document.body, "#tip", HTMLElement);

document.addEventListener("pointerover", ({ target }) => {
  const words = target instanceof SVGElement ? target.dataset["tip"] : undefined;
  tip.hidden = words === undefined;
  tip.textContent = words ?? "";
});
document.addEventListener("pointermove", ({ clientX, clientY }) => {
  if (tip.hidden) return;
  const left = Math.min(clientX + 12, document.documentElement.clientWidth - tip.offsetWidth - 4);
  tip.style.left = `${Math.max(left, 4)}px`;
  tip.style.top = `${clientY + 16}px`;
});

/** Paper has no pages to turn and nothing to open. */
addEventListener("beforeprint", () => {
  for (const list of lists.values()) {
    list.page = 0;
    list.show(MOST_PRINTED);
  }
  for (const details of document.querySelectorAll("details:not([open])")) {
    details.setAttribute("data-closed", "");
    details.setAttribute("open", "");
  }
});
addEventListener("afterprint", () => {
  for (const list of lists.values()) list.show();
  for (const details of document.querySelectorAll("details[data-closed]")) {
    details.removeAttribute("data-closed");
    details.removeAttribute("open");
  }
});
