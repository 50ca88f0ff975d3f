"use strict";
(() => {
  // Phases by their numbers, as the page's Rust side writes them. WAITS share the lower part of a row.
  const OK = 0, FAILED = 1, PERMIT = 2, WORKER = 3, BACKOFF = 4, HIT = 5, COALESCED = 6, REJECTED = 7, STARTED = 8, LOST = 9;
  const NAMES = ["succeeded", "failed", "waited for a permit", "waited for a worker", "waited before the next attempt",
    "came from the cache", "came from a concurrent call", "rejected", "worker started", "worker lost"];
  // What must not be hidden is drawn last.
  const ORDER = [PERMIT, WORKER, BACKOFF, OK, COALESCED, HIT, STARTED, FAILED, REJECTED, LOST];

  const root = document.documentElement;
  const canvas = document.getElementById("rows"), tip = document.getElementById("tip"), said = document.getElementById("said");
  const context = canvas.getContext("2d");
  const { wall, rows, spans: flat } = JSON.parse(document.getElementById("spans").textContent);
  const FIELDS = 8, spans = [];
  for (let at = 0; at < flat.length; at += FIELDS) {
    const [row, slot, phase, item, attempt, fallback_index, start, elapsed] = flat.slice(at, at + FIELDS);
    spans.push({ row, slot, phase, item, attempt, fallback_index, start, elapsed });
  }
  const drawn = ORDER.map(phase => spans.filter(span => span.phase === phase));
  const byRow = rows.map(() => []);
  for (const span of spans) byRow[span.row].push(span);
  for (const row of byRow) row.sort((a, b) => a.start - b.start);

  const slots = rows.reduce((sum, row) => sum + row.slots, 0);
  const height = Math.max(4, Math.min(22, Math.floor(620 / Math.max(1, slots))));
  const gap = height >= 8 ? 4 : 1, AXIS = 24;
  let tall = AXIS;
  for (const row of rows) { row.top = tall; tall += row.slots * height + gap; }

  const whole = { from: 0, to: Math.max(wall, 1e-6) };
  let view = { ...whole }, left = 0, wide = 0, chosen = null, dragged = null, colour = {};

  const x = time => left + (time - view.from) / (view.to - view.from) * wide;
  const time = position => view.from + (position - left) / wide * (view.to - view.from);

  function duration(ms, digits = 3) {
    const [value, unit] = ms >= 60000 ? [ms / 60000, "min"] : ms >= 1000 ? [ms / 1000, "s"] : ms >= 1 ? [ms, "ms"]
      : ms >= 1e-3 ? [ms * 1e3, "µs"] : [ms * 1e6, "ns"];
    return `${Number(value.toPrecision(digits))} ${unit}`;
  }

  function pattern(paint) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 6;
    paint(tile.getContext("2d"));
    return context.createPattern(tile, "repeat");
  }

  function readColours() {
    const style = getComputedStyle(root);
    for (const name of ["ink", "muted", "line", "grid", "ok", "ok-edge", "fail", "fail-mark", "permit", "worker", "backoff", "hit", "start"])
      colour[name] = style.getPropertyValue("--" + name).trim();
    colour.hatch = pattern(tile => {
      tile.strokeStyle = colour["fail-mark"];
      tile.lineWidth = 1.4;
      for (const shift of [-6, 0, 6]) { tile.moveTo(shift, 6); tile.lineTo(shift + 6, 0); }
      tile.stroke();
    });
    colour.stripes = pattern(tile => { tile.fillStyle = colour.worker; tile.fillRect(0, 0, 2, 6); tile.fillRect(3, 0, 2, 6); });
  }

  function place(span) {
    const top = rows[span.row].top + span.slot * height, tallness = height >= 5 ? height - 1 : height;
    const from = x(span.start), to = x(span.start + span.elapsed);
    return { from, to, top, height: tallness, middle: top + tallness / 2 };
  }

  function diamond(at, middle, size) {
    context.beginPath();
    context.moveTo(at, middle - size); context.lineTo(at + size, middle); context.lineTo(at, middle + size); context.lineTo(at - size, middle);
    context.closePath();
  }

  // Each phase has a shape of its own, so that none is known by its colour alone.
  function draw(span) {
    const { from, to, top, height: h, middle } = place(span);
    if (to < left - 8 || from > left + wide + 8) return false;
    const w = Math.max(to - from, 1), low = Math.max(2, Math.round(h * .45)), size = Math.min(5, h / 2);
    switch (span.phase) {
      case OK:
        context.fillStyle = colour.ok;
        context.fillRect(from, top, w, h);
        if (w >= 4) { context.fillStyle = colour["ok-edge"]; context.fillRect(from, top, 1, h); }
        break;
      case FAILED: {
        const broad = Math.max(w, 2);
        context.fillStyle = colour.fail;
        context.fillRect(from, top, broad, h);
        if (broad >= 5) { context.fillStyle = colour.hatch; context.fillRect(from, top, broad, h); }
        break;
      }
      case PERMIT:
        context.strokeStyle = context.fillStyle = colour.permit;
        if (w >= 4) { context.lineWidth = 1; context.strokeRect(from + .5, top + h - low + .5, w - 1, low - 1); }
        else context.fillRect(from, top + h - low, w, low);
        break;
      case WORKER:
        context.fillStyle = w >= 4 ? colour.stripes : colour.worker;
        context.fillRect(from, top + h - low, w, low);
        break;
      case BACKOFF:
        context.strokeStyle = colour.backoff;
        context.lineWidth = Math.min(2, h);
        context.setLineDash([3, 3]);
        context.beginPath(); context.moveTo(from, middle); context.lineTo(from + w, middle); context.stroke();
        context.setLineDash([]);
        break;
      case HIT:
        context.fillStyle = colour.hit;
        if (h < 6) context.fillRect(from, top, Math.max(w, 1.5), h);
        else { diamond((from + to) / 2, middle, size); context.fill(); }
        break;
      case COALESCED:
        context.strokeStyle = colour.hit;
        context.lineWidth = 1.5;
        context.beginPath(); context.moveTo(from, middle); context.lineTo(to - size, middle); context.stroke();
        diamond(to, middle, size); context.stroke();
        break;
      case REJECTED:
        context.strokeStyle = colour.fail;
        context.lineWidth = 1.8;
        context.beginPath();
        context.moveTo(to - size, middle - size); context.lineTo(to + size, middle + size);
        context.moveTo(to - size, middle + size); context.lineTo(to + size, middle - size);
        context.stroke();
        break;
      default: { // A worker came or went: across its whole row.
        const row = rows[span.row], bottom = row.top + row.slots * height;
        context.strokeStyle = span.phase === LOST ? colour.fail : colour.start;
        context.lineWidth = span.phase === LOST ? 2.5 : 1.5;
        context.beginPath(); context.moveTo(from, row.top - 2); context.lineTo(from, bottom + 1);
        if (span.phase === LOST) for (const way of [-1, 1]) { context.moveTo(from - 4 * way, row.top - 3); context.lineTo(from + 4 * way, row.top + 5); }
        context.stroke();
      }
    }
    return true;
  }

  function axis() {
    const most = Math.max(2, Math.floor(wide / 75)), rough = (view.to - view.from) / most;
    const power = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].map(n => n * power).find(n => n >= rough);
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center"; context.textBaseline = "middle";
    for (let n = Math.ceil(view.from / step); n * step <= view.to; n++) {
      const at = Math.round(x(n * step)) + .5, text = n === 0 ? "0" : duration(n * step, 6);
      context.strokeStyle = colour.grid; context.lineWidth = 1;
      context.beginPath(); context.moveTo(at, AXIS - 4); context.lineTo(at, tall); context.stroke();
      context.fillStyle = colour.muted;
      const half = context.measureText(text).width / 2;
      context.fillText(text, Math.min(Math.max(at, left + half), left + wide - half), AXIS / 2 - 1);
    }
  }

  function labels() {
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "right"; context.textBaseline = "middle"; context.fillStyle = colour.muted;
    let free = -Infinity;
    for (const row of rows) {
      const middle = row.top + row.slots * height / 2;
      if (middle - 6 < free) continue;
      context.fillText(row.label, left - 8, middle);
      free = middle + 7;
    }
  }

  function redraw() {
    const width = canvas.clientWidth, scale = window.devicePixelRatio || 1;
    canvas.style.height = tall + "px";
    canvas.width = Math.round(width * scale); canvas.height = Math.round(tall * scale);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.font = "11px system-ui, sans-serif";
    left = Math.ceil(Math.max(...rows.map(row => context.measureText(row.label).width), 0)) + 12;
    wide = Math.max(1, width - left - 6);
    axis();
    labels();
    context.save();
    context.beginPath(); context.rect(left - 6, 0, wide + 12, tall); context.clip();
    let count = 0;
    for (const phase of drawn) for (const span of phase) count += draw(span);
    if (chosen) {
      const { from, to, top, height: h } = place(chosen);
      context.strokeStyle = colour.ink; context.lineWidth = 1.5;
      context.strokeRect(from - 2, top - 1.5, Math.max(to - from, 1) + 4, h + 3);
    }
    if (dragged && dragged.moved) {
      context.fillStyle = colour.muted; context.globalAlpha = .25;
      context.fillRect(Math.min(dragged.from, dragged.to), 0, Math.abs(dragged.to - dragged.from), tall);
    }
    context.restore();
    canvas.dataset.drawn = count;
    canvas.dataset.rows = rows.length;
  }

  function words(span) {
    const row = rows[span.row].label, at = duration(span.start, 5);
    if (span.phase === STARTED) return `${row}: started\nprocess ${span.attempt}\nat ${at}`;
    if (span.phase === LOST) {
      const how = span.attempt !== null ? `, by signal ${span.attempt}` : span.fallback_index !== null ? `, with exit code ${span.fallback_index}` : "";
      return `${row}: lost${how}\nat ${at}`;
    }
    const attempt = span.attempt ? `, attempt ${span.attempt}` : "", value = span.fallback_index ? `, fallback value ${span.fallback_index}` : "";
    return `item ${span.item}${attempt}${value}\n${NAMES[span.phase]} (${row})\nfrom ${at}, for ${duration(span.elapsed)}`;
  }

  function choose(span, at) {
    if (span === chosen && !at) return;
    const changed = span !== chosen;
    chosen = span;
    tip.hidden = !span;
    if (changed) redraw();
    if (!span) return;
    tip.textContent = words(span);
    const { from, to, top, height: h } = place(span), centre = at ? at.x : Math.max(left, Math.min((from + to) / 2, left + wide));
    tip.style.left = Math.max(0, Math.min(centre + 12, canvas.clientWidth - tip.offsetWidth)) + "px";
    tip.style.top = top + h + 8 + "px";
  }

  function under(position) {
    const slop = 4;
    let best = null;
    rows.forEach((row, number) => {
      if (position.y < row.top - 2 || position.y > row.top + row.slots * height + 2) return;
      for (const span of byRow[number]) {
        const { from, to, top, height: h } = place(span);
        if (position.x < from - slop || position.x > Math.max(to, from + 1) + slop) continue;
        if (span.phase < STARTED && (position.y < top - 1 || position.y > top + h + 1)) continue;
        const inside = position.x >= from && position.x <= to, rank = ORDER.indexOf(span.phase) + (inside ? 100 : 0);
        if (!best || rank >= best.rank) best = { span, rank };
      }
    });
    return best && best.span;
  }

  function zoom(from, to) {
    const least = (whole.to - whole.from) * 1e-6;
    if (to - from < least) { const middle = (from + to) / 2; from = middle - least / 2; to = middle + least / 2; }
    view = { from: Math.max(whole.from, from), to: Math.min(whole.to, to) };
    tip.hidden = true;
    redraw();
  }

  function scaled(factor) {
    const middle = chosen ? chosen.start + chosen.elapsed / 2 : (view.from + view.to) / 2, half = (view.to - view.from) * factor / 2;
    zoom(middle - half, middle + half);
  }

  const inCanvas = event => { const box = canvas.getBoundingClientRect(); return { x: event.clientX - box.left, y: event.clientY - box.top }; };

  canvas.addEventListener("pointerdown", event => { const { x } = inCanvas(event); dragged = { from: x, to: x, moved: false }; });
  canvas.addEventListener("pointermove", event => {
    const position = inCanvas(event);
    if (!dragged || !event.buttons) { dragged = null; choose(under(position), position); return; }
    dragged.to = Math.max(left, Math.min(position.x, left + wide));
    dragged.moved ||= Math.abs(dragged.to - dragged.from) > 5;
    if (dragged.moved) { tip.hidden = true; redraw(); }
  });
  canvas.addEventListener("pointerup", event => {
    const drag = dragged;
    dragged = null;
    if (drag && drag.moved) zoom(time(Math.min(drag.from, drag.to)), time(Math.max(drag.from, drag.to)));
    else choose(under(inCanvas(event)), inCanvas(event));
  });
  for (const gone of ["pointerleave", "pointercancel", "blur"]) canvas.addEventListener(gone, () => { dragged = null; choose(null); });
  canvas.addEventListener("dblclick", () => zoom(whole.from, whole.to));
  canvas.addEventListener("keydown", event => {
    const row = chosen ? chosen.row : 0, line = byRow[row], place = chosen ? line.indexOf(chosen) : -1;
    const nearest = number => { const at = chosen ? chosen.start : view.from; return (byRow[number] || []).reduce((best, span) => !best || Math.abs(span.start - at) < Math.abs(best.start - at) ? span : best, null); };
    const step = (from, way) => { for (let n = from + way; n >= 0 && n < rows.length; n += way) { const found = nearest(n); if (found) return found; } return chosen; };
    const act = {
      ArrowRight: () => line[Math.min(place + 1, line.length - 1)] || step(-1, 1), ArrowLeft: () => line[Math.max(place - 1, 0)] || step(-1, 1),
      ArrowDown: () => step(chosen ? row : -1, 1), ArrowUp: () => step(row, -1),
    }[event.key];
    if (act) { choose(act()); said.textContent = chosen ? words(chosen) : ""; }
    else if (event.key === "+" || event.key === "=") scaled(.5);
    else if (event.key === "-") scaled(2);
    else if (event.key === "0" || event.key === "Escape") zoom(whole.from, whole.to);
    else return;
    event.preventDefault();
  });
  document.getElementById("in").addEventListener("click", () => scaled(.5));
  document.getElementById("out").addEventListener("click", () => scaled(2));
  document.getElementById("all").addEventListener("click", () => zoom(whole.from, whole.to));

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); redraw(); });
  new ResizeObserver(() => redraw()).observe(canvas.parentElement);
  readColours();
  redraw();
})();
