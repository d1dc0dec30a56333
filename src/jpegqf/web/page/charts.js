// Charts by ECharts: the posterior, and histograms of coefficients with the combs of two tables.

import {themed} from "./colors.js";
import {element} from "./dom.js";
import {interval, percent, t} from "./i18n.js";

const MOST_TEETH = 40;  // multiples of the step that are shown: more would be a wall of lines
const FEWEST = 0.7;     // where a logarithmic axis of counts begins
const charts = new Map();
const watcher = new ResizeObserver((seen) => seen.forEach(({target}) => charts.get(target)?.chart.resize()));

/** An element that draws itself when it is in the page, and again when the theme changes. */
function chart(alt, className, options) {
  const place = element("div", {className: `chart ${className}`, role: "img", "aria-label": alt});
  charts.set(place, {options, chart: null});
  return place;
}

/** Draw all charts in the page; forget those that left it. */
export function drawCharts() {
  for (const [place, drawn] of charts) {
    if (!place.isConnected) {
      drawn.chart?.dispose();
      watcher.unobserve(place);
      charts.delete(place);
      continue;
    }
    if (!drawn.chart) {
      drawn.chart = window.echarts.init(place, null, {renderer: "canvas"});
      watcher.observe(place);
    }
    drawn.chart.setOption({...base(), ...drawn.options()}, true);
  }
}

function base() {
  const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
  return {
    animation: !reduced, animationDuration: 300,
    textStyle: {fontFamily: getComputedStyle(document.body).fontFamily, color: themed("quiet")},
  };
}

function axis(name, more) {
  const line = themed("line");
  const text = themed("quiet");
  return {
    name, nameLocation: "middle", nameGap: 24, nameTextStyle: {color: text},
    axisLine: {show: true, lineStyle: {color: line}}, axisTick: {show: false},
    splitLine: {show: false}, axisLabel: {color: text, fontSize: 11}, ...more,
  };
}

// Rich text is drawn on the canvas: markup with styles of its own would not pass the page's policy.
function tooltip(formatter) {
  return {
    trigger: "axis", renderMode: "richText", formatter, confine: true, axisPointer: {type: "none"},
    backgroundColor: themed("surface"), borderColor: themed("line"), textStyle: {color: themed("ink"), fontSize: 12},
  };
}

/** A bar of 0.8 qualities: ECharts' own bars would stretch the axis. */
function bar(parameters, api) {
  const [left, top] = api.coord([api.value(0) - 0.4, api.value(1)]);
  const [right, bottom] = api.coord([api.value(0) + 0.4, 0]);
  const shape = {x: left, y: top, width: Math.max(2, right - left), height: bottom - top};
  return {type: "rect", shape, style: {fill: api.visual("color")}};
}

export function posteriorChart(posterior) {
  const best = Math.max(...posterior.probability);
  const alt = t("posterior.alt", {
    q: posterior.quality, p: percent(best), interval: interval(posterior.low, posterior.high),
  });
  return chart(alt, "posterior", () => ({
    grid: {left: 44, right: 12, top: 10, bottom: 40},
    tooltip: tooltip(([bar]) => `${bar.value[0]}: ${percent(bar.value[1])}`),
    xAxis: axis(t("posterior.axis"), {type: "value", min: 0, max: 101, interval: 10,
      axisLabel: {color: themed("quiet"), fontSize: 11, formatter: (value) => (value <= 100 ? value : "")}}),
    yAxis: axis("", {type: "value", min: 0, max: 1, interval: 0.5,
      axisLabel: {color: themed("quiet"), fontSize: 11, formatter: (value) => `${100 * value} %`}}),
    series: [{
      type: "custom", renderItem: bar, itemStyle: {color: themed("accent")},
      data: posterior.probability.map((value, i) => [i + 1, value]).filter(([, value]) => value > 0),
      markArea: {
        silent: true, itemStyle: {color: themed("comb"), opacity: 0.18},
        label: {show: false},
        data: [[{xAxis: posterior.low - 0.5}, {xAxis: posterior.high + 0.5}]],
      },
    }],
  }));
}

function teeth(step, end, color, style) {
  const lines = [];
  for (let at = step; at <= end; at += step) lines.push({xAxis: at});
  return {
    silent: true, symbol: "none", label: {show: false}, animation: false,
    lineStyle: {color, width: 1, type: style, opacity: 0.75}, data: lines,
  };
}

export function combChart(histogram) {
  const {row, column, width, counts, step, rival_step: rival} = histogram;
  const alt = t("combs.alt", {row, column, step, rival});
  const end = Math.min(width * counts.length, MOST_TEETH * step);
  const data = counts.map((count, i) => [i * width, Math.max(count, FEWEST)]).filter(([at]) => at <= end);
  return chart(alt, "comb", () => ({
    grid: {left: 40, right: 10, top: 8, bottom: 22},
    tooltip: tooltip(([bin]) => `${bin.value[0]}–${bin.value[0] + width}: ${bin.value[1] === FEWEST ? 0 : bin.value[1]}`),
    xAxis: axis("", {type: "value", min: 0, max: end,
      axisLabel: {color: themed("quiet"), fontSize: 11, showMaxLabel: false}}),
    yAxis: axis("", {type: "log", min: FEWEST, axisLabel: {
      color: themed("quiet"), fontSize: 11, formatter: (value) => (Number.isInteger(Math.log10(value)) ? value : ""),
    }}),
    series: [
      {type: "line", step: "end", symbol: "none", data, lineStyle: {width: 0},
        areaStyle: {color: themed("bars"), opacity: 1, origin: "start"}, markLine: teeth(step, end, themed("comb"), "solid")},
      ...(rival === step || end / rival > 1.25 * MOST_TEETH ? [] : [{type: "line", data: [], markLine: teeth(rival, end, themed("rival"), "dashed")}]),
    ],
  }));
}
