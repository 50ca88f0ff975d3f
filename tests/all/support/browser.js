"use strict";
// For each frame: lines of a question, a tab and its answer, into the <pre> behind it.

const box = element => element.getBoundingClientRect();

/** Which colours the canvas shows, and how many points of each. */
function colours(canvas) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const counts = {};
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 255) continue;
    const colour = "#" + [0, 1, 2].map(part => data[at + part].toString(16).padStart(2, "0")).join("");
    counts[colour] = (counts[colour] || 0) + 1;
  }
  return counts;
}

/** The details that the page shows for some place of the drawing, from the first that has any. */
function pointed(page, canvas) {
  const view = page.defaultView, tip = page.getElementById("tip"), { left, top, width, height } = box(canvas);
  for (let y = 26; y < height; y += 3)
    for (let x = 0; x < width; x += 3) {
      canvas.dispatchEvent(new view.PointerEvent("pointermove", { clientX: left + x, clientY: top + y, bubbles: true }));
      if (!tip.hidden) return tip;
    }
  return null;
}

function ask(page, tell) {
  const view = page.defaultView, root = page.documentElement;
  tell("title", page.title);
  tell("heading", page.querySelector("h1").textContent);
  tell("tiles", [...page.querySelectorAll(".tiles > div")].map(tile => tile.innerText.replace(/\s+/g, " ")).join(" | "));
  tell("figures", [...page.querySelectorAll("section:last-of-type tr")].map(row => row.innerText.replace(/\s+/g, " ")).join(" | "));
  tell("overflow", root.scrollWidth - root.clientWidth);
  const texts = [...page.querySelectorAll("h1, h2, p, dt, dd, li, .distribution text")].filter(text => text.textContent.trim() && box(text).width);
  tell("texts", texts.length);
  tell("texts outside", texts.filter(text => box(text).left < -.5 || box(text).right > view.innerWidth + .5).map(text => text.textContent).join(", "));
  tell("requests", view.performance.getEntriesByType("resource").length);
  tell("links", page.querySelectorAll("[src], [href]").length);
  const bars = [...page.querySelectorAll(".bars rect")];
  tell("bars", bars.filter(bar => box(bar).width > 0 && box(bar).height > 0).length);
  tell("bars outside", bars.filter(bar => box(bar).left < 0 || box(bar).right > view.innerWidth).length);
  const names = [...page.querySelectorAll(".distribution .name")].map(box);
  tell("names that meet", names.filter((a, n) => names.some((b, m) => m > n && a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom)).length);
  tell("legend", [...page.querySelectorAll(".legend li")].map(entry => entry.textContent).join(", "));

  const canvas = page.getElementById("rows");
  tell("canvas", canvas ? 1 : 0);
  if (!canvas) return;
  tell("drawn", canvas.dataset.drawn);
  tell("rows", canvas.dataset.rows);
  tell("width", box(canvas).width);
  tell("height", box(canvas).height);
  const style = view.getComputedStyle(root), counts = colours(canvas);
  for (const name of ["ok", "fail", "permit", "worker", "backoff", "hit"]) tell("points of " + name, counts[style.getPropertyValue("--" + name).trim()] || 0);
  const tip = pointed(page, canvas);
  tell("pointed at", tip ? tip.textContent.replace(/\n/g, "; ") : "");
  tell("tip outside", tip && (box(tip).left < 0 || box(tip).right > view.innerWidth) ? 1 : 0);
  canvas.dispatchEvent(new view.KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
  tell("chosen by key", page.getElementById("said").textContent.replace(/\n/g, "; "));
  for (const id of ["in", "in", "in"]) page.getElementById(id).click();
  tell("drawn close", canvas.dataset.drawn);
  page.getElementById("all").click();
  tell("drawn again", canvas.dataset.drawn);
}

addEventListener("load", () => setTimeout(() => {
  for (const frame of document.querySelectorAll("iframe")) {
    const lines = [];
    try {
      ask(frame.contentDocument, (question, answer) => lines.push(question + "\t" + answer));
    } catch (error) {
      lines.push("failed\t" + error.stack);
    }
    frame.nextElementSibling.textContent = lines.join("\n");
  }
  // What is printed is the answers, not the pages.
  for (const frame of document.querySelectorAll("iframe, script")) frame.remove();
}, 500));
