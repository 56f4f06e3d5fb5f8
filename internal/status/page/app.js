// The status page. Everything that comes from logfeed is put in as text, never
// as HTML: names of logs, and lines above all, are written by strangers.
"use strict";

const statusEvery = 2000, chartEvery = 2000; // ms
const fewFiles = 10, mostFiles = 1000;
let shownFiles = fewFiles;

const $ = (id) => document.getElementById(id);

// make builds an element; what stands in children is text or elements.
function make(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false) e.setAttribute(name, value);
  }
  e.append(...children.map((c) => c instanceof Node ? c : document.createTextNode(String(c))));
  return e;
}

const whole = (n) => Math.round(n).toLocaleString("en");
const rate = (n) => n >= 100 || n === 0 ? whole(n) : n.toFixed(n >= 10 ? 1 : 2);
function bytes(n) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let i = 0;
  for (; n >= 1000 && i < units.length - 1; i++) n /= 1000;
  return (i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)) + " " + units[i];
}
function short(n) {
  const units = ["", "k", "M", "G", "T"];
  let i = 0;
  for (; Math.abs(n) >= 1000 && i < units.length - 1; i++) n /= 1000;
  return (Number.isInteger(n) ? n : n.toFixed(1)) + units[i];
}
function duration(s) {
  s = Math.max(0, Math.floor(s));
  if (s < 60) return s + " s";
  if (s < 3600) return Math.floor(s / 60) + " min";
  if (s < 172800) return Math.floor(s / 3600) + " h " + Math.floor(s % 3600 / 60) + " min";
  return Math.floor(s / 86400) + " days";
}
const ago = (now, then) => then ? duration((Date.parse(now) - Date.parse(then)) / 1000) + " ago" : "none yet";

async function ask(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(path + ": " + answer.status);
  return answer.json();
}

// every calls f again and again, each time a while after the one before has
// ended, and not while nobody looks.
function every(ms, f) {
  const again = async () => {
    if (!document.hidden) await f();
    setTimeout(again, ms);
  };
  again();
}

// --- the state of things

async function showStatus() {
  const match = $("match").value;
  let r;
  try {
    r = await ask("api/status?files=" + shownFiles + "&match=" + encodeURIComponent(match));
  } catch (err) {
    document.body.classList.add("stale");
    $("verdict").className = "verdict bad";
    $("sentence").textContent = "logfeed does not answer here. What follows is what it said last.";
    return;
  }
  if (match !== $("match").value) return; // the next answer is on its way, or has come first
  document.body.classList.remove("stale");
  document.title = (r.verdict.level === "good" || r.verdict.level === "busy" ? "" : "! ") + "logfeed " + r.prefix;
  $("prefix").textContent = r.prefix;
  $("version").textContent = "version " + r.version + ",";
  $("uptime").textContent = "up for " + duration((Date.parse(r.time) - Date.parse(r.started)) / 1000);
  $("verdict").className = "verdict " + r.verdict.level;
  $("sentence").textContent = r.verdict.text;
  showNumbers(r);
  showDestinations(r);
  showFiles(r);
  showRejections(r);
  showSums(r);
  showFlags(r.flags);
}

function showNumbers(r) {
  const waiting = Math.max(0, ...(r.destinations || []).map((d) => d.points_waiting));
  const lag = r.reading.lag_seconds;
  const all = [
    ["lines/s", rate(r.reading.lines_per_second)],
    ["bytes behind", bytes(r.reading.lag_bytes)],
    ["log time behind", lag === null ? "unknown" : duration(lag)],
    ["rejected", whole(r.lines.rejected), r.lines.rejected_per_second > 0],
    ["late", whole(r.lines.late)],
    ["points waiting", whole(waiting)],
  ];
  $("numbers").replaceChildren(...all.map(([name, value, alert]) =>
    make("div", { class: alert ? "alert" : null }, make("dt", null, name), make("dd", null, value))));
}

function showDestinations(r) {
  const cards = (r.destinations || []).map((d) => {
    const state = d.connected ? ["good", "connected"] : d.away_since ? ["bad", "away for " + duration((Date.parse(r.time) - Date.parse(d.away_since)) / 1000)] : ["wait", "connecting"];
    const dropped = Object.values(d.points_dropped).reduce((a, b) => a + b, 0);
    const pairs = [
      ["points waiting", whole(d.points_waiting)],
      ["sent, no receipt yet", whole(d.points_in_doubt)],
      ["last receipt", ago(r.time, d.last_receipt)],
      ["points delivered", whole(d.points_delivered)],
      ["replays", whole(d.replays) + (d.points_replaying ? ", " + whole(d.points_replaying) + " points to go" : "")],
      ["breaks", whole(d.breaks)],
    ];
    if (d.new_series_waiting) pairs.push(["new series waiting", whole(d.new_series_waiting)]);
    if (dropped) pairs.push(["points dropped", whole(dropped)]);
    const list = make("dl", null, ...pairs.flatMap(([name, value]) => [make("dt", null, name), make("dd", { class: name === "points dropped" ? "alert" : null }, value)]));
    if (d.buffer_used_bytes > d.buffer_size_bytes / 50) {
      list.append(make("dt", null, "buffer"), make("dd", null, make("meter", { min: 0, max: d.buffer_size_bytes, value: d.buffer_used_bytes, title: bytes(d.buffer_used_bytes) + " of " + bytes(d.buffer_size_bytes) })));
    }
    if (d.last_error && !d.connected) list.append(make("dd", { class: "error" }, d.last_error));
    return make("div", { class: "card " + state[0] }, make("h3", null, d.address, make("span", null, state[1])), list);
  });
  $("destinations").replaceChildren(...(cards.length ? cards : [make("p", { class: "quiet" }, "none: points are printed")]));
}

function showFiles(r) {
  $("files-count").textContent = r.files.length < r.files_in_all ? whole(r.files.length) + " of " + whole(r.files_in_all) + ", those furthest behind first" : "";
  $("match").hidden = r.files_in_all <= fewFiles;
  $("more").hidden = r.files.length < shownFiles || r.files_in_all <= shownFiles || shownFiles >= mostFiles;
  $("more").textContent = "show up to " + whole(shownFiles * 10);
  const rows = r.files.map((f) => make("tr", null,
    make("td", null, f.path, f.nameless ? make("span", { class: "note" }, " rotated away, still read") : ""),
    cell("size", f.path === "-" ? "" : bytes(f.size)), cell("position", bytes(f.position)), cell("behind", bytes(f.lag_bytes)),
    cell("log time behind", f.lag_seconds === null ? "unknown" : duration(f.lag_seconds)),
    cell("lines/s", rate(f.lines_per_second)), cell("rejected", whole(f.rejected), f.rejected > 0)));
  $("files").tBodies[0].replaceChildren(...(rows.length ? rows : [none(7, "none")]));
  $("unreadable").replaceChildren(...(r.unreadable || []).map((u) => make("li", null, u.path + ": " + u.reason)));
}

// On a phone, where a table is a list of cards, a cell tells its own label.
const cell = (label, text, alert) => make("td", { "data-label": label, class: alert ? "alert" : null }, text);
const none = (columns, text) => make("tr", { class: "none" }, make("td", { colspan: columns }, text));

function showRejections(r) {
  $("rejected-count").textContent = r.lines.rejected ? whole(r.lines.rejected) + " in all" : "";
  const rows = (r.rejections || []).flatMap((x) => {
    const where = x.path + (x.line ? ":" + x.line : "") + (x.last ? ", " + ago(r.time, x.last) : "");
    const row = make("tr", null, cell("lines", whole(x.lines)), cell("directive", x.directive || "–"), cell("column", x.column || "–"),
      cell("expected", x.expected), cell("last seen at", where));
    return x.text ? [row, make("tr", { class: "sample" }, make("td", { colspan: 5 }, x.text))] : [row];
  });
  $("rejections").tBodies[0].replaceChildren(...(rows.length ? rows : [none(5, "none since the start")]));
}

function showSums(r) {
  const all = [
    ["lines counted", whole(r.lines.counted)], ["late lines", whole(r.lines.late)], ["too old for Graphite", whole(r.lines.too_old)],
    ["left out by --where", whole(r.lines.filtered)], ["longer than 4 MiB", whole(r.lines.oversize)], ["bytes that vanished unread", bytes(r.reading.gap_bytes)],
    ["rotations", whole(r.reading.rotations)], ["truncations", whole(r.reading.truncations)],
    ["series", whole(r.series.known) + (r.series.max ? " of " + whole(r.series.max) : "")],
    ["lines in _other", whole(r.series.lines_in_other)], ["buckets in memory", whole(r.series.buckets_in_memory)], ["points given out", whole(r.series.points)],
  ];
  $("sums").tBodies[0].replaceChildren(...all.map(([name, value]) => make("tr", null, make("th", null, name), make("td", null, value))));
}

function showFlags(flags) {
  const text = JSON.stringify(flags);
  if (showFlags.last === text) return;
  showFlags.last = text;
  $("flags").tBodies[0].replaceChildren(...flags.map((f) => make("tr", { class: f.given ? null : "default" },
    make("th", null, f.name === "FILE" ? f.name : "--" + f.name), make("td", null, f.value || "–"))));
}

// --- charts

const color = (i) => getComputedStyle(document.documentElement).getPropertyValue("--c" + (i + 1)).trim();
const themed = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const classes = [2, 3, 4, 5, 1];
const charts = [
  { id: "requests", sums: ["requests.count"], label: () => "requests", format: whole, axis: short, color: () => 0 },
  { id: "bytes", sums: ["bytes.count"], label: () => "bytes", format: bytes, axis: bytes, color: () => 1 },
  { id: "statuses", sums: classes.map((c) => "status." + c + "xx.count"), label: (name) => name.replace("status.", "").replace(".count", ""), format: whole, axis: short,
    color: (i) => [1, 0, 3, 4, 7][i] },
  { id: "picked", series: [], label: (name) => name, format: (n) => n.toLocaleString("en", { maximumFractionDigits: 2 }), axis: short, color: (i) => i % 8 },
];

async function showChart(c) {
  const query = new URLSearchParams();
  (c.sums || []).forEach((s) => query.append("sum", s));
  (c.series || []).forEach((s) => query.append("series", s));
  if (![...query].length) return draw(c, null);
  let data;
  try {
    data = await ask("api/chart?" + query);
  } catch {
    return; // the sentence above says that logfeed does not answer
  }
  draw(c, data);
}

// draw makes the chart anew when its series or the colours have changed, else
// only moves it on.
function draw(c, data) {
  const lines = data ? data.lines.filter((l) => c.series || l.values.some((v) => v !== null)) : [];
  if (!lines.length || !lines.some((l) => l.values.some((v) => v !== null))) {
    if (c.plot) c.plot.destroy();
    c.plot = null;
    c.key = "";
    $(c.id).replaceChildren(make("div", { class: "empty" }, c.series && !c.series.length ? "Any series of the tree can be shown here." : "No points in the last half hour."));
    showNow(c, [], null);
    return;
  }
  const times = lines[0].values.map((_, i) => data.start + i * data.step);
  const values = [times, ...lines.map((l) => l.values)];
  const key = JSON.stringify([lines.map((l) => l.name), themed("--back")]);
  c.partial = data.partial;
  c.step = data.step;
  c.lines = lines;
  if (c.key !== key) {
    if (c.plot) c.plot.destroy();
    $(c.id).replaceChildren();
    c.plot = new uPlot(options(c, lines), values, $(c.id));
    c.key = key;
  } else {
    c.plot.setData(values);
  }
  showNow(c, lines, data);
}

function options(c, lines) {
  const axis = { stroke: themed("--quiet"), grid: { stroke: themed("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const few = lines[0].values.length <= 61;
  return {
    width: $(c.id).clientWidth, height: $(c.id).clientHeight,
    cursor: { y: false, points: { size: 6 } }, legend: { show: false },
    scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [{ ...axis, space: 60, size: 26, values: "{HH}:{mm}" }, { ...axis, size: 56, values: (_, all) => all.map(c.axis) }],
    series: [{}, ...lines.map((l, i) => ({
      label: l.name, stroke: color(c.color(indexOf(c, l.name))), width: 1.75, spanGaps: false,
      fill: lines.length === 1 && !c.series ? color(c.color(i)) + "22" : undefined,
      points: { show: few && lines.length < 6, size: 4 },
    }))],
    hooks: { setCursor: [(u) => showTip(c, u)], draw: [(u) => markPartial(c, u)] },
  };
}

// indexOf is the place of a line among those that may be there, which gives it
// the same colour whether the others are there or not.
const indexOf = (c, name) => (c.series || c.sums).indexOf(name);

// markPartial dims the way to the buckets that are not complete yet, so that
// nobody takes it for traffic that breaks down.
function markPartial(c, u) {
  const from = Math.max(u.valToPos(c.partial - c.step, "x", true), u.bbox.left), to = u.bbox.left + u.bbox.width;
  if (!c.partial || from >= to) return;
  u.ctx.save();
  for (const [color, alpha] of [["--card", 0.7], ["--quiet", 0.12]]) {
    u.ctx.fillStyle = themed(color);
    u.ctx.globalAlpha = alpha;
    u.ctx.fillRect(from, u.bbox.top, to - from, u.bbox.height);
  }
  u.ctx.restore();
}

function showTip(c, u) {
  const i = u.cursor.idx, left = u.cursor.left;
  if (c.tip) c.tip.remove();
  c.tip = null;
  if (i === null || i === undefined || left < 0) return;
  const rows = c.lines.filter((l) => l.values[i] !== null).map((l) =>
    make("div", null, make("span", { class: "key k" + (c.color(indexOf(c, l.name)) + 1) }), c.label(l.name) + " " + c.format(l.values[i])));
  if (!rows.length) return;
  const at = new Date(u.data[0][i] * 1000).toLocaleTimeString();
  c.tip = make("div", { class: "tip" }, make("div", { class: "quiet" }, at + (u.data[0][i] >= c.partial && c.partial ? ", not complete yet" : "")), ...rows);
  u.over.append(c.tip);
  const room = u.over.clientWidth - c.tip.offsetWidth;
  c.tip.style.left = Math.max(0, Math.min(room, left + 12 > room ? left - c.tip.offsetWidth - 12 : left + 12)) + "px";
}

// showNow tells the newest complete bucket.
function showNow(c, lines, data) {
  const at = $(c.id + "-now");
  if (!at) return;
  let last = data ? lines[0].values.length - 1 : -1;
  while (last >= 0 && (data.partial && data.start + last * data.step >= data.partial || lines.every((l) => l.values[last] === null))) last--;
  if (last < 0) return at.replaceChildren();
  const per = data.step === 60 ? "a minute" : "in " + duration(data.step);
  at.replaceChildren(...lines.filter((l) => l.values[last] !== null).flatMap((l) => lines.length === 1
    ? [c.format(l.values[last]) + " " + per]
    : [make("span", { class: "key k" + (c.color(indexOf(c, l.name)) + 1) }), c.label(l.name) + " " + short(l.values[last])]));
}

// --- the picker

const picked = charts[3].series;

async function offerNames() {
  const wanted = $("pick").value;
  let found;
  try {
    found = await ask("api/series?match=" + encodeURIComponent(wanted));
  } catch {
    return;
  }
  if (wanted !== $("pick").value) return; // the next answer is on its way, or has come first
  if (JSON.stringify(found.names) !== JSON.stringify(offerNames.names)) {
    $("names").replaceChildren(...found.names.map((n) => make("option", { value: n })));
  }
  offerNames.names = found.names;
  $("kept").textContent = found.not_kept ? "Charts hold " + whole(found.kept) + " series; there is no room for more, and sums are of these." : "";
}

function pick() {
  const name = $("pick").value;
  if (!(offerNames.names || []).includes(name) || picked.includes(name) || picked.length >= 8) return;
  picked.push(name);
  $("pick").value = "";
  showChips();
}

function showChips() {
  $("chips").replaceChildren(...picked.map((name, i) => {
    const b = make("button", { type: "button", title: "leave out" }, make("span", { class: "key k" + (i % 8 + 1) }), name + " ×");
    b.addEventListener("click", () => {
      picked.splice(picked.indexOf(name), 1);
      charts[3].key = "";
      showChips();
    });
    return make("li", null, b);
  }));
  showChart(charts[3]);
}

$("pick").addEventListener("input", async () => { await offerNames(); pick(); });
$("pick").addEventListener("focus", offerNames);
$("pick").addEventListener("change", pick);
$("match").addEventListener("input", showStatus);
$("more").addEventListener("click", () => { shownFiles *= 10; showStatus(); });
$("all-flags").addEventListener("click", () => {
  const all = $("flags").classList.toggle("all");
  $("all-flags").textContent = all ? "show only what was given" : "show the defaults too";
});
new ResizeObserver(() => charts.forEach((c) => c.plot && c.plot.setSize({ width: $(c.id).clientWidth, height: $(c.id).clientHeight }))).observe(document.querySelector(".charts"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach(showChart));

every(statusEvery, showStatus);
every(chartEvery, () => Promise.all([...charts.map(showChart), offerNames()]));
