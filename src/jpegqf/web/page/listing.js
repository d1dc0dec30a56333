// Which entries the table shows and in which order: what the filters let through, sorted by a column.

import {byId, element} from "./dom.js";
import {number, t} from "./i18n.js";
import {stateOf} from "./table.js";

const VALUES = {
  name: ({name}) => name.toLowerCase(),
  answer: ({record}) => record?.qf ?? null,
  header: ({record}) => record?.header_qf ?? null,
  pixels: ({record}) => record?.pixel_qf ?? record?.pixel_qf_low ?? null,
  verdict: (entry) => t(stateOf(entry)),
};
const FEWEST = 2;  // entries from which on there is something to sort or filter
const FILTERS = ["filter-text", "filter-verdict", "filter-low", "filter-high"];

let by = null, down = false;

/** Calls changed() when a filter or the order changes. */
export function listenForOrder(changed) {
  for (const id of FILTERS) byId(id).addEventListener("input", changed);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("filters").addEventListener("reset", () => setTimeout(changed));
  for (const button of document.querySelectorAll("button[data-sort]")) {
    button.addEventListener("click", () => {
      sortBy(button.dataset.sort);
      changed();
    });
  }
}

/** Ascending, descending, and as the images were added again. */
function sortBy(column) {
  if (by === column && down) by = null;
  else [by, down] = [column, by === column];
  for (const button of document.querySelectorAll("button[data-sort]")) {
    const head = button.closest("th");
    if (button.dataset.sort === by) head.setAttribute("aria-sort", down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
}

const filters = () => ({
  text: byId("filter-text").value.trim().toLowerCase(), verdict: byId("filter-verdict").value,
  low: byId("filter-low").valueAsNumber, high: byId("filter-high").valueAsNumber,
});

/** Whether all entries are shown in the order in which they were added. */
export function isPlain() {
  const {text, verdict, low, high} = filters();
  return by === null && !text && !verdict && Number.isNaN(low) && Number.isNaN(high);
}

function passes(entry, {text, verdict, low, high}) {
  const quality = entry.record?.qf ?? null;
  return (!text || entry.name.toLowerCase().includes(text)) && (!verdict || stateOf(entry) === verdict)
    && (Number.isNaN(low) || (quality !== null && quality >= low)) && (Number.isNaN(high) || (quality !== null && quality <= high));
}

function compare(one, other) {
  const x = VALUES[by](one), y = VALUES[by](other);
  if (x === null || y === null) return (x === null) - (y === null);  // the unknown comes last either way
  const order = typeof x === "number" ? x - y : x.localeCompare(y, undefined, {numeric: true});
  return down ? -order : order;
}

/** The entries that are shown, in order. */
export function shownOf(entries) {
  const wanted = filters();
  const shown = entries.filter((entry) => passes(entry, wanted));
  return by === null ? shown : shown.sort(compare);
}

/** Shows the filters where there is something to filter, with the verdicts that occur, and how many rows pass. */
export function tellFilters(entries, shown) {
  byId("filter-box").hidden = entries.length < FEWEST;
  byId("filter-count").textContent = shown.length === entries.length ? ""
    : t("filter.count", {shown: number(shown.length), total: number(entries.length)});
  const select = byId("filter-verdict"), chosen = select.value;
  const states = [...new Set([...entries.map(stateOf), ...(chosen ? [chosen] : [])])].sort();
  const told = states.map((state) => t(state));
  if (select.dataset.told === told.join()) return;  // it may be open
  select.dataset.told = told.join();
  const options = states.map((state, i) => element("option", {value: state}, told[i]));
  select.replaceChildren(element("option", {value: ""}, t("filter.all")), ...options);
  select.value = chosen;
}
