// Charts by ECharts: histograms of quality, densities of pairs of qualities, shares of groups.
import {$, sum} from "./elements.js";
import {images, number, percent, say, t} from "./language.js";

const SMALLEST_DOT = 7;
const NARROW = 640;      // pixels of a chart: less room for names
const TIGHTEST = 84;     // pixels of a cell: "1–49" does not fit below
const charts = new Map();
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const watcher = new ResizeObserver((seen) => seen.forEach(({target}) => {
  charts.get(target)?.chart.resize();
  draw(target);
}));

function draw(place) {
  const {chart, options} = charts.get(place);
  const textStyle = {fontFamily: getComputedStyle(document.body).fontFamily};
  chart.setOption({animation: false, textStyle, ...options(place.clientWidth)}, true);
}

/** Draw a chart, or draw it anew; `options` make those of ECharts for a width in pixels. */
export function chart(id, words, options) {
  const place = $(id);
  place.setAttribute("aria-label", words);
  if (charts.has(place)) charts.get(place).options = options;
  else {
    charts.set(place, {chart: echarts.init(place), options});
    watcher.observe(place);
  }
  draw(place);
}

export const redrawCharts = () => [...charts.keys()].forEach(draw);

const axis = (extra) => ({
  type: "category",
  axisLine: {lineStyle: {color: color("--line")}},
  axisTick: {show: false},
  axisLabel: {color: color("--soft"), interval: (i, value) => value % 10 === 0, fontSize: 12},
  nameLocation: "middle",
  nameTextStyle: {color: color("--soft"), fontSize: 13},
  ...extra,
});
const tooltip = (extra) => ({
  renderMode: "richText", // drawn on the canvas: no markup is made of names
  backgroundColor: color("--ink"), borderWidth: 0, padding: 8,
  textStyle: {color: color("--paper"), fontSize: 13},
  ...extra,
});
const qualities = (from) => Array.from({length: 101 - from}, (_, i) => String(from + i));

/** A histogram; series have name, counts of qualities 0 (unknown) to 100, color, and line; `stack` puts them on each other. */
export function histogram({series, stack}, width) {
  const used = series.flatMap((entry) => entry.counts.map((n, q) => (n && q ? q : 100)));
  const from = Math.max(1, 10 * Math.floor((Math.min(90, ...used) - 1) / 10));
  return {
    grid: {left: 62, right: 8, top: 12, bottom: 46},
    tooltip: tooltip({
      trigger: "axis", axisPointer: {type: "shadow"},
      formatter: (points) => [t("quality.at", {q: points[0].axisValue}), ...points.filter((point) => point.value)
        .map((point) => `${point.seriesName}: ${number(point.value)}`)].join("\n"),
    }),
    xAxis: axis({data: qualities(from), name: t("quality.factor"), nameGap: 28}),
    yAxis: {
      type: "value", minInterval: 1, splitNumber: width < 500 ? 3 : 5,
      axisLabel: {color: color("--soft"), formatter: number},
      splitLine: {lineStyle: {color: color("--line"), opacity: 0.6}},
    },
    series: series.map((entry) => ({
      name: entry.name, data: entry.counts.slice(from),
      type: entry.line ? "line" : "bar", step: entry.line ? "middle" : false, symbol: "none",
      stack: stack ? "all" : undefined, barCategoryGap: width < 500 ? 0 : "15%",
      itemStyle: {color: color(entry.color)}, lineStyle: {width: 1.6, color: color(entry.color)},
    })),
  };
}

/** A density of cells [x, y, images, re-saved ones]; `dots` are those of them that get a dot. */
export function density({cells, dots, names, ramp}, width) {
  const from = Math.max(1, Math.min(90, ...cells.map((cell) => 10 * Math.floor((Math.min(cell[0], cell[1]) - 1) / 10))));
  const side = Math.max(3, (width - 64) / (101 - from)); // of a cell, in pixels
  const most = Math.log(Math.max(2, ...cells.map((cell) => cell[2])));
  const mostDots = Math.log(Math.max(2, ...dots.map((cell) => cell[3])));
  const at = (cell, value) => ({value: [cell[0] - from, cell[1] - from, value], cell});
  const label = ({data: point}) => {
    const [x, y, n, resaved] = point.cell;
    return `${names[0]} ${x}, ${names[1]} ${y}\n${images(n)}` + (resaved ? `, ${t("cell.resaved", {n: number(resaved)})}` : "");
  };
  const last = 100 - from;
  return {
    grid: {left: 52, right: 12, top: 8, bottom: 48},
    tooltip: tooltip({trigger: "item", formatter: label}),
    xAxis: axis({data: qualities(from), name: names[0], nameGap: 28}),
    yAxis: axis({data: qualities(from), name: names[1], nameGap: 36}),
    visualMap: {show: false, seriesIndex: 1, dimension: 2, min: -0.25 * most, max: most, inRange: {color: [color(`${ramp}-faint`), color(ramp)]}},
    series: [
      {type: "line", silent: true, symbol: "none", data: [[0, 0], [last, last]], lineStyle: {color: color("--soft"), width: 1, type: [2, 4]}, z: 1},
      {type: "heatmap", data: cells.map((cell) => at(cell, Math.log(cell[2]))), z: 2},
      {
        type: "scatter", z: 3, data: dots.map((cell) => at(cell, cell[3])),
        symbolSize: (_, {data: point}) => Math.max(SMALLEST_DOT, side * (0.4 + (0.45 * Math.log(point.cell[3])) / mostDots)),
        itemStyle: {color: color("--orange"), borderColor: color("--paper"), borderWidth: 1, opacity: 1},
      },
    ],
  };
}

/** Shares of bands of quality, a line for each group: rows of `listed` groups; every cell has its number in per cent. */
export function shares(bands, drawn, width) {
  const turn = getComputedStyle(document.documentElement).colorScheme === "dark" ? 0.6 : 0.8; // where ink is hard to read
  const narrow = width < NARROW, names = drawn.map((row) => say(row[0]));
  const left = Math.min(narrow ? 104 : 236, 16 + 7.5 * Math.max(...names.map((name) => name.length)));
  const tight = (width - left) / bands.length < TIGHTEST, most = Math.max(...drawn.flatMap((row) => row[5].map((n) => n / sum(row[5]))));
  const cells = drawn.flatMap((row, y) => row[5].map((n, x) => ({
    value: [x, y, n / sum(row[5])], name: names[y], count: n,
    label: {color: color(n / sum(row[5]) > turn * most ? "--paper" : "--ink")},
  })));
  const short = (name) => (tight ? (/^\d+/.exec(name) ?? [t("band.none_short")])[0] : name);
  return {
    grid: {left, right: 8, top: 4, bottom: 48},
    tooltip: tooltip({
      formatter: ({data: cell}) => `${cell.name}\n${bands[cell.value[0]]}: ${percent(cell.value[2], 1)}, ${images(cell.count)}`,
    }),
    xAxis: axis({
      data: bands, name: t(tight ? "groups.axis_from" : "groups.axis"), nameGap: 28,
      axisLabel: {color: color("--soft"), interval: 0, fontSize: narrow ? 11 : 12, formatter: short},
    }),
    yAxis: axis({data: names, inverse: true, axisLabel: {color: color("--ink"), width: narrow ? 90 : 220, overflow: "truncate", fontSize: 12, interval: 0}}),
    visualMap: {show: false, dimension: 2, min: 0, max: Math.max(0.2, most), inRange: {color: [color("--paper"), color("--blue")]}},
    series: [{
      type: "heatmap", data: cells, itemStyle: {borderColor: color("--paper"), borderWidth: narrow ? 1 : 2},
      label: {
        show: true, fontSize: narrow ? 10 : 11,
        formatter: ({data: cell}) => (cell.value[2] >= 0.005 ? String(Math.round(100 * cell.value[2])) : ""),
      },
    }],
  };
}
