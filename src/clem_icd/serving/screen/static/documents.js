// The documents: tabs, highlights, and where a selection is in the raw text.
// Offsets count code points. The server cuts the text; nothing here indexes into it.

import { $, all } from "./dom.js";
import { groupOf, state } from "./state.js";

const PAINT = ["decided", "possible", "accepted", "rejected"]; // the first that applies colours a highlight

let marksOf = new Map(); // from a code to its <mark> elements
let spansOf = new Map(); // from code#number to the elements of that span

export function indexMarks() {
  marksOf = new Map();
  spansOf = new Map();
  const add = (map, key, mark) => (map.has(key) ? map.get(key).push(mark) : map.set(key, [mark]));
  for (const mark of all("mark", $("documents"))) {
    for (const key of codesOn(mark)) add(marksOf, key, mark);
    for (const span of spansOn(mark)) add(spansOf, span, mark);
  }
}

export const codesOn = (mark) => mark.dataset.codes.split(" ");
export const spansOn = (mark) => mark.dataset.spans.split(" ");
export const partsOf = (key, number) => spansOf.get(`${key}#${number}`) ?? [];
export const textOf = (key, number) => partsOf(key, number).map((part) => part.textContent).join("");

export function paintMarks() {
  const groups = new Map(state.codes.map((code) => [code.code, groupOf(code)]));
  for (const mark of all("mark", $("documents"))) {
    const own = codesOn(mark).map((key) => groups.get(key));
    mark.dataset.group = PAINT.find((group) => own.includes(group)) ?? "none";
  }
}

export function emphasise(key) {
  for (const mark of all("mark.on, mark.at")) mark.classList.remove("on", "at");
  for (const mark of marksOf.get(key) ?? []) mark.classList.add("on");
}

export function pointAt(key, number) {
  for (const mark of all("mark.at")) mark.classList.remove("at");
  const parts = partsOf(key, number);
  for (const part of parts) part.classList.add("at");
  parts[0]?.scrollIntoView({ block: "center" });
}

export function showTab(number) {
  all("[role=tab]").forEach((tab, at) => {
    tab.setAttribute("aria-selected", at === number);
    tab.tabIndex = at === number ? 0 : -1;
  });
  all(".document").forEach((one, at) => { one.hidden = at !== number; });
}

export const tabCount = () => all(".document").length;
export const shownTab = () => all(".document").findIndex((one) => !one.hidden);

export function onTabKey(event) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const tabs = all("[role=tab]");
  if (!by || !tabs.includes(event.target)) return false;
  const at = (tabs.indexOf(event.target) + by + tabs.length) % tabs.length;
  showTab(at);
  tabs[at].focus();
  return true;
}

// Whether the highlights are those of the state; a code that was added, or taken back, changes them.
export function isCurrent() {
  const wanted = new Set(state.codes.flatMap((code) => code.marks.map((_, number) => `${code.code}#${number}`)));
  return wanted.size === spansOf.size && [...wanted].every((span) => spansOf.has(span));
}

// Take the documents from the server's page anew.
export async function refreshDocuments(address) {
  const response = await fetch(address).catch(() => null);
  if (!response?.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const old of all(".document")) {
    const scroll = old.scrollTop;
    old.replaceChildren(...(fresh.getElementById(old.id)?.childNodes ?? []));
    old.scrollTop = scroll;
  }
  indexMarks();
  paintMarks();
}

// The selected text: {marks, text, keys}, where keys are the codes that rest on it; null if there is none.
export function readSelection() {
  const chosen = getSelection();
  if (!chosen.rangeCount || chosen.isCollapsed) return null;
  const range = chosen.getRangeAt(0).cloneRange();
  const own = documentOf(range.startContainer);
  if (!own) return null;
  if (documentOf(range.endContainer) !== own) range.setEnd(own, own.childNodes.length);
  const [begin, end] = [offsetAt(range.startContainer, range.startOffset), offsetAt(range.endContainer, range.endOffset)];
  if (begin === null || end === null || begin >= end) return null;
  const touched = all("mark", own).filter((mark) => range.intersectsNode(mark));
  const marks = [{ document: Number(own.dataset.document), begin, end }];
  return { marks, text: range.toString(), keys: [...new Set(touched.flatMap(codesOn))] };
}

const documentOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest(".document");

// The offset of a boundary: from the element that knows where it begins, in whole code points.
function offsetAt(node, offset) {
  if (node.nodeType === Node.TEXT_NODE) {
    const piece = node.parentElement.closest("[data-begin]");
    return piece && Number(piece.dataset.begin) + [...node.data.slice(0, offset)].length;
  }
  const next = node.childNodes[offset];
  const piece = next && (next.closest?.("[data-begin]") ?? next.querySelector?.("[data-begin]"));
  if (piece) return Number(piece.dataset.begin);
  if (next?.nodeType === Node.TEXT_NODE) return offsetAt(next, 0);
  const last = node.matches("[data-begin]") ? node : all("[data-begin]", node).pop();
  return last ? Number(last.dataset.begin) + [...last.textContent].length : null;
}
