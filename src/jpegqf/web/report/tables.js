// Tables that a click on a column sorts, a part of their rows at a time.
import {element} from "./elements.js";
import {number, percent, t} from "./language.js";

const orders = new Map();  // of each table: the column, the direction and how many rows are shown

/** The table is in its first order again when it is filled the next time. */
export const forgetOrder = (table) => orders.delete(table);

/** Fill a table. Columns have title and fill(cell, row), and may have value(row) to sort by, start, down, right, name, and
 * unseen. Returns what shows other rows instead. */
export function sortable(table, {columns, rows, size, more, empty}) {
  const start = Math.max(0, columns.findIndex((column) => column.start));
  if (!orders.has(table)) orders.set(table, {at: start, down: columns[start].start === "descending", limit: size});
  const order = orders.get(table);
  let kept = rows;
  const heads = columns.map((column, at) => headOf(column, () => {
    const same = order.at === at;
    Object.assign(order, {at, down: same ? !order.down : column.start === "descending" || Boolean(column.down), limit: size});
    show();
  }));
  const head = element("tr"), top = element("thead"), body = element("tbody");
  head.append(...heads);
  top.append(head);
  table.replaceChildren(top, body);
  function show() {
    heads.forEach((cell, at) => {
      if (at === order.at) cell.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
    const lines = [...kept].sort(comparing(columns[order.at], order.down)).slice(0, order.limit).map((row) => lineOf(columns, row));
    body.replaceChildren(...(lines.length ? lines : [emptyLine(columns.length, empty)]));
    const left = kept.length - order.limit;
    more.hidden = left <= 0;
    more.textContent = t("more", {n: number(Math.min(size, left)), left: number(Math.max(0, left))});
  }
  more.onclick = () => { order.limit += size; show(); };
  show();
  return (chosen) => {
    kept = chosen;
    order.limit = size;
    show();
  };
}

function headOf(column, sort) {
  const cell = element("th", null, [column.right ? "right" : "", column.className ?? ""].join(" ").trim());
  cell.scope = "col";
  if (!column.value) {
    cell.append(element("span", column.title, column.unseen ? "unseen" : ""));
    return cell;
  }
  const button = element("button", column.title);
  button.type = "button";
  button.addEventListener("click", sort);
  cell.append(button);
  return cell;
}

const comparing = (column, down) => (a, b) => {
  const x = column.value(a), y = column.value(b);
  if (x === null || y === null) return (x === null) - (y === null); // the unknown comes last either way
  return (down ? -1 : 1) * (typeof x === "number" ? x - y : x < y ? -1 : x > y ? 1 : 0);
};

function lineOf(columns, row) {
  const line = element("tr");
  for (const column of columns) {
    const cell = element(column.name ? "th" : "td", null, [column.right ? "right" : "", column.className ?? ""].join(" ").trim());
    if (column.name) cell.scope = "row";
    column.fill(cell, row);
    line.append(cell);
  }
  return line;
}

function emptyLine(columns, words) {
  const cell = element("td", words, "nothing"), line = element("tr");
  cell.colSpan = columns;
  line.append(cell);
  return line;
}

export const text = (title, at, extra) => ({title, value: (row) => row[at], fill: (cell, row) => { cell.textContent = row[at] ?? "–"; }, ...extra});
export const amount = (title, at, extra) => ({
  title, right: true, value: (row) => row[at],
  fill: (cell, row) => { cell.textContent = row[at] === null ? "–" : number(row[at]); }, ...extra,
});
export const ratio = (title, part) => ({
  title, right: true, down: true, value: (row) => part(row) / row[1], fill: (cell, row) => { cell.textContent = percent(part(row), row[1]); },
});
