// Draws the report from its data. Texts of the data are set as textContent or drawn on a canvas, never as markup.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const ROWS_SHOWN = 50, GROUPS_DRAWN = 30, GROUPS_SHOWN = 25, CELLS_LISTED = 200, SMALLEST_DOT = 7;
  const RESAVED = "re-saved", COMPOSITE = "composite";
  const alarms = (label) => label === RESAVED || label === COMPOSITE;

  // ---- words and numbers

  const number = (n) => n.toLocaleString("en-US");
  const images = (n) => `${number(n)} image${n === 1 ? "" : "s"}`;
  const sum = (list) => list.reduce((total, n) => total + n, 0);
  function percent(part, whole) {
    const share = whole ? (100 * part) / whole : 0;
    if (share > 0 && share < 0.1) return "< 0.1\u00a0%";
    if (share > 99 && share < 100) return "> 99\u00a0%";
    return `${share.toFixed(share >= 9.95 || share === 0 ? 0 : 1)}\u00a0%`;
  }

  // ---- elements

  function element(tag, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined && text !== null) made.textContent = text;
    if (className) made.className = className;
    return made;
  }
  function legend(id, entries) {
    $(id).replaceChildren(...entries.map(([text, color, kind]) => {
      const item = element("li"), mark = element("i", null, kind);
      mark.style.background = kind === "ramp" ? `linear-gradient(90deg, var(${color}-faint), var(${color}))` : `var(${color})`;
      item.append(mark, text);
      return item;
    }));
  }
  function plainTable(id, words, titles, rows) {
    const table = element("table"), head = element("tr");
    titles.forEach((title, i) => {
      const cell = element("th", title, i ? "right" : "");
      cell.scope = "col";
      head.append(cell);
    });
    const body = element("tbody");
    for (const row of rows) {
      const line = element("tr");
      row.forEach((value, i) => line.append(element("td", typeof value === "number" ? number(value) : value, i ? "right" : "")));
      body.append(line);
    }
    const top = element("thead");
    top.append(head);
    table.append(top, body);
    const frame = element("div", null, "scroll");
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", `Table: ${words}`);
    frame.append(table);
    $(id).replaceChildren(frame);
  }

  // ---- bars: verdicts and causes

  function bars(id, entries) {
    const table = element("table", null, "bars"), body = element("tbody");
    const most = Math.max(1, ...entries.map((entry) => entry.count));
    for (const entry of entries) {
      const row = element("tr", null, entry.alarm ? "alarm" : entry.count ? "" : "none"), name = element("th"), value = element("td", null, "number");
      name.scope = "row";
      name.append(element("span", entry.label, "label"), element("small", entry.words));
      if (entry.more) name.append(entry.more);
      value.append(`${number(entry.count)} · ${percent(entry.count, data.rows)}`);
      const bar = element("span", null, "bar");
      bar.style.width = `${(100 * entry.count) / most}%`;
      if (entry.count) value.append(bar);
      row.append(name, value);
      body.append(row);
    }
    table.append(body);
    $(id).replaceChildren(table);
  }
  function showVerdicts() {
    bars("verdict-bars", data.verdicts.map(([label, words, count, code]) =>
      ({ label, words: label === code ? words : `${words} (${code})`, count, alarm: alarms(label) && count > 0 })));
  }
  function showCauses() {
    const told = Object.fromEntries(data.statuses), failed = told.skipped + told.error;
    $("causes-caption").textContent = [
      told.error ? `${images(told.error)} with the status error: they cannot be read.` : "",
      told.skipped ? `${images(told.skipped)} skipped: sound, but their pixels cannot be judged.` : "",
      failed ? "" : "Every image was read and judged.",
    ].join(" ").trim();
    bars("cause-bars", data.causes.map(([reason, status, count, messages, different]) => {
      const more = element("details"), rest = different - messages.length;
      more.append(element("summary", "messages"));
      for (const [words, times, path] of messages) more.append(element("p", `${number(times)} × ${words} (such as ${path})`));
      if (rest > 0) more.append(element("p", `and ${number(rest)} other messages`));
      return { label: reason, words: status, count, more };
    }));
    $("cause-bars").hidden = !data.causes.length;
  }

  // ---- charts

  const charts = [];
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  function chart(id, words, options) {
    const place = $(id);
    place.setAttribute("aria-label", words);
    const made = echarts.init(place);
    const draw = () => made.setOption({ animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily }, ...options(place.clientWidth) }, true);
    draw();
    new ResizeObserver(() => { made.resize(); draw(); }).observe(place);
    charts.push(draw);
    return draw;
  }
  function without(id, ...others) {
    for (const name of [id, ...others]) $(name).closest("details, .chart, .legend, .scroll").hidden = true;
  }
  const axis = (extra) => ({
    type: "category",
    axisLine: { lineStyle: { color: color("--line") } },
    axisTick: { show: false },
    axisLabel: { color: color("--soft"), interval: (i, value) => value % 10 === 0, fontSize: 12 },
    nameLocation: "middle",
    nameTextStyle: { color: color("--soft"), fontSize: 13 },
    ...extra,
  });
  const tooltip = (extra) => ({
    renderMode: "richText", // drawn on the canvas: no markup is made of names
    backgroundColor: color("--ink"), borderWidth: 0, padding: 8,
    textStyle: { color: color("--paper"), fontSize: 13 },
    ...extra,
  });
  const qualities = (from) => Array.from({ length: 101 - from }, (_, i) => String(from + i));

  // ---- histogram of qualities

  function views() {
    const found = data.quality, without = (counts) => `${images(counts[0])} ${counts[0] === 1 ? "has" : "have"} none`;
    const series = (list) => list.map((entry, i) => ({ ...entry, color: `--c${i + 1}` }));
    const unknown = (list) => sum(list.map((entry) => entry.counts[0]));
    return {
      kinds: {
        series: [
          { name: "header", counts: found.header, color: "--c1" },
          { name: "pixels", counts: found.pixels, color: "--orange", line: true },
        ],
        caption: "Images by quality: bars as the header’s luma table says, the line as the pixels say. "
          + `Header: ${without(found.header)}; pixels: ${without(found.pixels)}.`,
      },
      encoders: {
        series: series(found.encoders), stack: true,
        caption: "Images by header quality, told apart by the encoder that writes such tables. "
          + `${images(unknown(found.encoders))} with tables near no IJG quality are left out.`,
      },
      formats: {
        series: series(found.formats), stack: true,
        caption: "Images by the answer (header, or pixels where there is no header), told apart by format. "
          + `${images(unknown(found.formats))} without an answer are left out.`,
      },
    };
  }
  function showQuality() {
    const all = views();
    let view;
    const draw = chart("quality-chart", "Histogram of quality", (width) => qualityOptions(view || all.kinds, width));
    const choose = (name) => {
      view = all[name];
      const used = view.series.filter((entry) => sum(entry.counts.slice(1)));
      $("quality-caption").textContent = view.caption;
      $("quality-chart").setAttribute("aria-label", `Histogram. ${view.caption} The figures follow as a table.`);
      legend("quality-legend", used.map((entry) =>
        [`${entry.name}: ${number(sum(entry.counts.slice(1)))}`, entry.color, entry.line ? "line" : ""]));
      const rows = qualities(1).map((q) => [q, ...used.map((entry) => entry.counts[q])]).filter((row) => sum(row.slice(1)));
      plainTable("quality-table", "images by quality", ["Quality", ...used.map((entry) => entry.name)], rows);
      draw();
    };
    for (const input of document.querySelectorAll("#quality-choice input"))
      input.addEventListener("change", () => choose(input.value));
    choose("kinds");
  }
  function qualityOptions(view, width) {
    const used = view.series.flatMap((entry) => entry.counts.map((n, q) => (n && q ? q : 100)));
    const from = Math.max(1, 10 * Math.floor((Math.min(90, ...used) - 1) / 10));
    return {
      grid: { left: 62, right: 8, top: 12, bottom: 46 },
      tooltip: tooltip({
        trigger: "axis", axisPointer: { type: "shadow" },
        formatter: (points) => [`quality ${points[0].axisValue}`, ...points.filter((point) => point.value)
          .map((point) => `${point.seriesName}: ${number(point.value)}`)].join("\n"),
      }),
      xAxis: axis({ data: qualities(from), name: "quality factor", nameGap: 28 }),
      yAxis: {
        type: "value", minInterval: 1, splitNumber: width < 500 ? 3 : 5,
        axisLabel: { color: color("--soft"), formatter: number },
        splitLine: { lineStyle: { color: color("--line"), opacity: 0.6 } },
      },
      series: view.series.map((entry) => ({
        name: entry.name, data: entry.counts.slice(from),
        type: entry.line ? "line" : "bar", step: entry.line ? "middle" : false, symbol: "none",
        stack: view.stack ? "all" : undefined, barCategoryGap: width < 500 ? 0 : "15%",
        itemStyle: { color: color(entry.color) }, lineStyle: { width: 1.6, color: color(entry.color) },
      })),
    };
  }

  // ---- densities: header against pixels, first save against last

  function lowest(cells) {
    return Math.max(1, Math.min(90, ...cells.map((cell) => 10 * Math.floor((Math.min(cell[0], cell[1]) - 1) / 10))));
  }
  function density(cells, from, names, ramp, dots, width) {
    const side = Math.max(3, (width - 64) / (101 - from)); // of a cell, in pixels
    const most = Math.log(Math.max(2, ...cells.map((cell) => cell[2])));
    const mostDots = Math.log(Math.max(2, ...dots.map((cell) => cell[3])));
    const at = (cell, value) => ({ value: [cell[0] - from, cell[1] - from, value], cell });
    const label = ({ data: point }) => {
      const [x, y, n, resaved] = point.cell;
      return `${names[0]} ${x}, ${names[1]} ${y}\n${images(n)}` + (resaved ? `, ${number(resaved)} re-saved` : "");
    };
    const last = 100 - from;
    return {
      grid: { left: 52, right: 12, top: 8, bottom: 48 },
      tooltip: tooltip({ trigger: "item", formatter: label }),
      xAxis: axis({ data: qualities(from), name: names[0], nameGap: 28 }),
      yAxis: axis({ data: qualities(from), name: names[1], nameGap: 36 }),
      visualMap: { show: false, seriesIndex: 1, dimension: 2, min: -0.25 * most, max: most, inRange: { color: [color(`${ramp}-faint`), color(ramp)] } },
      series: [
        { type: "line", silent: true, symbol: "none", data: [[0, 0], [last, last]], lineStyle: { color: color("--soft"), width: 1, type: [2, 4] }, z: 1 },
        { type: "heatmap", data: cells.map((cell) => at(cell, Math.log(cell[2]))), z: 2 },
        {
          type: "scatter", z: 3, data: dots.map((cell) => at(cell, cell[3])),
          symbolSize: (_, { data: point }) => Math.max(SMALLEST_DOT, side * (0.4 + (0.45 * Math.log(point.cell[3])) / mostDots)),
          itemStyle: { color: color("--orange"), borderColor: color("--paper"), borderWidth: 1, opacity: 1 },
        },
      ],
    };
  }
  const fullest = (cells, at = 2) => [...cells].sort((a, b) => b[at] - a[at]).slice(0, CELLS_LISTED);
  function showPairs() {
    const cells = data.pairs, dots = cells.filter((cell) => cell[3]);
    const both = sum(cells.map((cell) => cell[2])), resaved = sum(dots.map((cell) => cell[3]));
    const off = sum(cells.filter((cell) => cell[0] !== cell[1]).map((cell) => cell[2]));
    $("pairs-caption").textContent = cells.length
      ? `${images(both)} with both qualities; ${number(off)} (${percent(off, both)}) lie off the diagonal. Below it the pixels are coarser than `
        + `the header says. Dots mark re-saved images, ${number(resaved)} here; those on the diagonal have an older save under the last one.`
      : "No image here has a quality from its header and one from its pixels.";
    if (!cells.length) return without("pairs-chart", "pairs-legend", "pairs-table");
    const from = lowest(cells);
    legend("pairs-legend", [
      [`1 to ${number(Math.max(...cells.map((cell) => cell[2])))} images of a cell, logarithmic`, "--blue", "ramp"],
      ["re-saved among them", "--orange", "dot"]]);
    chart("pairs-chart", `Density of header quality against pixel quality. ${$("pairs-caption").textContent}`,
      (width) => density(cells, from, ["header quality", "pixel quality"], "--blue", dots, width));
    const listed = [...new Set([...fullest(cells), ...fullest(dots, 3)])];
    plainTable("pairs-table", "header against pixels", ["Header", "Pixels", "Images", "Re-saved"], listed.map(([x, y, n, r]) => [String(x), String(y), n, r]));
  }
  function showFirsts() {
    const cells = data.firsts;
    $("firsts-caption").textContent = cells.length
      ? `${images(sum(cells.map((cell) => cell[2])))} with an earlier save whose quality can be read. Below the diagonal the first save was coarser: `
        + "that loss stays, whatever the header says now. First saves as fine as the last, or finer, leave almost no trace."
      : "No image here has an earlier save whose quality can be read.";
    if (!cells.length) return without("firsts-chart", "firsts-legend", "firsts-table");
    legend("firsts-legend", [[`1 to ${number(Math.max(...cells.map((cell) => cell[2])))} images of a cell, logarithmic`, "--orange", "ramp"]]);
    chart("firsts-chart", `Density of first quality against last quality. ${$("firsts-caption").textContent}`,
      (width) => density(cells, lowest(cells), ["last quality", "first quality"], "--orange", [], width));
    plainTable("firsts-table", "first save against last", ["Last", "First", "Images"], fullest(cells).map(([x, y, n]) => [String(x), String(y), n]));
  }

  // ---- sortable tables

  function sortable(table, columns, rows, size, more, empty) {
    const head = element("tr"), body = element("tbody"), top = element("thead");
    let by = columns.find((column) => column.start) || columns[0], down = by.start === "descending", kept = rows, limit = size;
    const heads = columns.map((column) => {
      const cell = element("th", null, column.right ? "right" : "");
      cell.scope = "col";
      if (!column.value) cell.append(element("span", column.title, column.unseen ? "unseen" : ""));
      else {
        const button = element("button", column.title);
        button.type = "button";
        button.addEventListener("click", () => {
          down = by === column ? !down : column.start === "descending" || Boolean(column.down);
          by = column;
          limit = size;
          show();
        });
        cell.append(button);
      }
      head.append(cell);
      return cell;
    });
    top.append(head);
    table.append(top, body);
    const compare = (a, b) => {
      const x = by.value(a), y = by.value(b);
      if (x === null || y === null) return (x === null) - (y === null); // the unknown comes last either way
      return (down ? -1 : 1) * (typeof x === "number" ? x - y : x < y ? -1 : x > y ? 1 : 0);
    };
    function show() {
      columns.forEach((column, i) => {
        if (column === by) heads[i].setAttribute("aria-sort", down ? "descending" : "ascending");
        else heads[i].removeAttribute("aria-sort");
      });
      const lines = [...kept].sort(compare).slice(0, limit).map((row) => {
        const line = element("tr");
        for (const column of columns) {
          const cell = element(column.name ? "th" : "td", null, column.right ? "right" : "");
          if (column.name) cell.scope = "row";
          column.fill(cell, row);
          line.append(cell);
        }
        return line;
      });
      if (!lines.length) {
        const cell = element("td", empty, "nothing"), line = element("tr");
        cell.colSpan = columns.length;
        line.append(cell);
        lines.push(line);
      }
      body.replaceChildren(...lines);
      const left = kept.length - limit;
      more.hidden = left <= 0;
      more.textContent = `Show ${number(Math.min(size, left))} more of ${number(Math.max(0, left))}`;
    }
    more.addEventListener("click", () => { limit += size; show(); });
    show();
    return (chosen) => { kept = chosen; limit = size; show(); };
  }
  const text = (title, at, extra) => ({ title, value: (row) => row[at], fill: (cell, row) => { cell.textContent = row[at] ?? "–"; }, ...extra });
  const amount = (title, at, extra) => ({
    title, right: true, value: (row) => row[at],
    fill: (cell, row) => { cell.textContent = row[at] === null ? "–" : number(row[at]); }, ...extra,
  });

  // ---- groups

  function showGroups() {
    const found = data.groups, listed = found.listed;
    $("groups-title").textContent = `By ${found.by}`;
    if (found.heading) {
      const alarm = found.effect !== "negligible";
      $("groups-notice").hidden = false;
      $("groups-notice").classList.toggle("alarm", alarm);
      $("groups-heading").textContent = alarm ? `Warning: ${found.heading[0].toLowerCase()}${found.heading.slice(1)}` : found.heading;
      $("groups-sentences").replaceChildren(...found.sentences.map((words) => element("p", words)));
      if (alarm) {
        const link = element("a", `${found.heading}.`);
        link.href = "#groups";
        $("warning-line").append("Warning: ", link, ` ${found.sentences[0]}`);
        $("warning-line").hidden = false;
      }
    }
    const drawn = listed.filter((row) => row[4] !== null).slice(0, GROUPS_DRAWN).sort((a, b) => (b[2] ?? 101) - (a[2] ?? 101));
    const below = found.below ? ` Names are those below ${found.below}.` : "";
    const full = found.full ? " There are more groups than are told apart: --by folder:N, folder:-N or a column makes fewer." : "";
    const compared = `${number(found.number)} group${found.number === 1 ? "" : "s"}; compared are the ${number(found.compared)} with at least `
      + `${found.fewest} images whose quality is known or that show no trace of a JPEG.${full}`;
    if (drawn.length > 1) {
      $("groups-caption").textContent = `${compared} Each line shows how the images of one group spread over bands of quality, in per cent`
        + `${found.compared > drawn.length ? `; drawn are the ${drawn.length} groups with most images` : ""}.${below}`;
      $("groups-chart").style.height = `${drawn.length * 26 + 64}px`;
      chart("groups-chart", `Shares of quality bands by ${found.by}. The figures follow as a table.`, (width) => groupOptions(found, drawn, width));
      legend("groups-legend", [["share of the group’s images, from none to most", "--blue", "ramp"]]);
      plainTable("groups-bands", `images by quality and ${found.by}`, [found.by, ...found.bands], drawn.map((row) => [row[0], ...row[5]]));
    } else {
      without("groups-chart", "groups-legend", "groups-bands");
      $("groups-caption").textContent = `${compared} With fewer than two there is nothing to compare. `
        + `--by folder:N, --by folder:-1 or --by COLUMN groups the images in another way.${below}`;
    }
    const columns = [
      text(found.by, 0, { name: true, fill: (cell, row) => { cell.classList.add("name"); cell.append(element("bdi", row[0])); } }),
      amount("images", 1, { start: "descending", down: true }),
      amount("median quality", 2),
      ratio("re-saved", (row) => row[3]), ratio("no trace of a JPEG", (row) => row[5][row[5].length - 1]),
      amount("differs from the rest", 4, { down: true, fill: (cell, row) => { cell.textContent = row[4] === null ? "–" : percent(row[4], 1); } }),
    ];
    sortable($("groups-table"), columns, listed, GROUPS_SHOWN, $("groups-more"), "No groups.");
  }
  const ratio = (title, part) => ({
    title, right: true, down: true, value: (row) => part(row) / row[1], fill: (cell, row) => { cell.textContent = percent(part(row), row[1]); },
  });
  function groupOptions(found, drawn, width) {
    const turn = getComputedStyle(document.documentElement).colorScheme === "dark" ? 0.6 : 0.8; // where ink is hard to read
    const narrow = width < 640;
    const left = Math.min(narrow ? 104 : 236, 16 + 7.5 * Math.max(...drawn.map((row) => row[0].length)));
    const tight = (width - left) / found.bands.length < 84, most = Math.max(...drawn.flatMap((row) => row[5].map((n) => n / sum(row[5]))));
    const cells = drawn.flatMap((row, y) => row[5].map((n, x) => ({
      value: [x, y, n / sum(row[5])], name: row[0], count: n,
      label: { color: color(n / sum(row[5]) > turn * most ? "--paper" : "--ink") },
    })));
    return {
      grid: { left, right: 8, top: 4, bottom: 48 },
      tooltip: tooltip({
        formatter: ({ data: cell }) => `${cell.name}\n${found.bands[cell.value[0]]}: ${percent(cell.value[2], 1)}, ${images(cell.count)}`,
      }),
      xAxis: axis({
        data: found.bands, name: tight ? "quality, from … up" : "quality", nameGap: 28,
        axisLabel: { color: color("--soft"), interval: 0, fontSize: narrow ? 11 : 12, formatter: (name) => (tight ? (/^\d+/.exec(name) ?? ["none"])[0] : name) },
      }),
      yAxis: axis({ data: drawn.map((row) => row[0]), inverse: true, axisLabel: { color: color("--ink"), width: narrow ? 90 : 220, overflow: "truncate", fontSize: 12, interval: 0 } }),
      visualMap: { show: false, dimension: 2, min: 0, max: Math.max(0.2, most), inRange: { color: [color("--paper"), color("--blue")] } },
      series: [{
        type: "heatmap", data: cells, itemStyle: { borderColor: color("--paper"), borderWidth: 2 },
        label: {
          show: !narrow, fontSize: 11,
          formatter: ({ data: cell }) => (cell.value[2] >= 0.005 ? String(Math.round(100 * cell.value[2])) : ""),
        },
      }],
    };
  }

  // ---- images

  function showImages() {
    const { rows, thumbnails, worst } = data.table;
    const entries = rows.map((row, i) => ({ ...row, rank: i + 1, picture: thumbnails[i] || null }));
    for (const entry of entries) {
      if (entry[3] !== "ok" && entry[2] !== RESAVED) entry[2] = entry[3]; // shown, sorted and filtered as what it is
      entry.found = [entry[0], entry[1], entry[8], entry[9]].join("\n").toLowerCase();
    }
    const all = rows.length === data.rows;
    $("images-caption").textContent = (all ? `All ${images(data.rows)}, ` : `${number(rows.length)} of ${images(data.rows)}: the ${number(worst)} worst, `)
      + "ordered by what a re-save has lost, then disagreement of header and pixels, then composites and parts, then broken files, then low quality"
      + (rows.length > worst && !all ? `; then ${number(rows.length - worst)} drawn at random from the others.` : ".");
    const columns = [
      { title: "#", right: true, start: "ascending", value: (row) => row.rank, fill: (cell, row) => { cell.textContent = number(row.rank); } },
      { title: "image", name: true, value: (row) => row[0], fill: fillName },
      text("verdict", 2, { fill: fillVerdict }),
      amount("quality", 4), amount("header", 5), amount("pixels", 6), amount("first save", 7),
      text("encoder", 8), text("format", 9), text("size", 10, { value: (row) => area(row[10]) }),
    ];
    if (entries.some((entry) => entry.picture)) columns.splice(1, 0, { title: "thumbnail", unseen: true, fill: fillPicture });
    const show = sortable($("images-table"), columns, entries, ROWS_SHOWN, $("images-more"), "No image matches.");
    const choices = (id, at) => [...new Set(entries.map((entry) => entry[at]))].sort().forEach((name) => {
      const option = element("option", name);
      option.value = name;
      $(id).append(option);
    });
    choices("filter-verdict", 2);
    choices("filter-status", 3);
    const filter = () => {
      const words = $("filter-text").value.trim().toLowerCase(), verdict = $("filter-verdict").value, status = $("filter-status").value;
      const kept = entries.filter((entry) =>
        (!words || entry.found.includes(words)) && (!verdict || entry[2] === verdict) && (!status || entry[3] === status));
      $("filter-count").textContent = kept.length === entries.length ? "" : `${number(kept.length)} of ${number(entries.length)} rows`;
      show(kept);
    };
    for (const id of ["filter-text", "filter-verdict", "filter-status"]) $(id).addEventListener("input", filter);
    $("filters").addEventListener("submit", (event) => event.preventDefault());
  }
  const area = (size) => (size ? size.split(" × ").reduce((product, side) => product * Number(side), 1) : null);
  function fillName(cell, row) {
    cell.classList.add("name");
    const cut = row[0].lastIndexOf("/") + 1;
    cell.append(element("bdi", row[0].slice(cut) || row[0]));
    if (cut) cell.append(element("small", row[0].slice(0, cut)));
    if (row[1]) cell.append(element("small", row[1]));
  }
  function fillVerdict(cell, row) {
    cell.textContent = row[2];
    if (alarms(row[2])) cell.classList.add("alarm");
    else if (row[2] === row[3]) cell.classList.add("broken");
  }
  function fillPicture(cell, row) {
    cell.classList.add("picture");
    if (!row.picture) return;
    const picture = element("img");
    picture.alt = "";
    picture.src = row.picture;
    cell.append(picture);
  }

  // ---- the page

  function watchTheme() {
    const dark = matchMedia("(prefers-color-scheme: dark)"), root = document.documentElement, button = $("theme");
    const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
    const redraw = () => {
      button.textContent = isDark() ? "Light theme" : "Dark theme";
      charts.forEach((draw) => draw());
    };
    button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; redraw(); });
    dark.addEventListener("change", redraw);
    redraw();
  }
  showVerdicts();
  showCauses();
  showQuality();
  showPairs();
  showFirsts();
  showGroups();
  showImages();
  $("notes").replaceChildren(...data.notes.map((words) => element("li", words)));
  if (data.models.length) $("models").textContent = `Model: ${data.models.join(", ")}.`;
  watchTheme();
})();
