// The work list by keyboard.

import { all } from "./dom.js";
import { hasModifier, isTyping } from "./keys.js";

const STEPS = { J: 1, K: -1 };

const goOn = () => location.assign("/review/next");

function step(by) {
  const links = all("table.work th a");
  const at = links.indexOf(document.activeElement) + by;
  links[Math.min(Math.max(at, 0), links.length - 1)]?.focus();
}

function onKey(event) {
  if (hasModifier(event) || isTyping(event)) return;
  const key = event.key.toUpperCase();
  if (key === "G") goOn();
  if (key in STEPS) step(STEPS[key]);
  if (key !== "/") return;
  event.preventDefault();
  document.querySelector(".filters [type=search]").focus();
}

export function startList() {
  for (const field of all(".filters select")) field.addEventListener("change", () => field.form.requestSubmit());
  document.querySelector("[data-act=next]").addEventListener("click", goOn);
  document.addEventListener("keydown", onKey);
}
