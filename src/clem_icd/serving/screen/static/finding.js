// Finding a code by what is typed: a combobox over the whole codebook, or over the relatives of a code.

import { $, all, answer, ask, element } from "./dom.js";
import { state } from "./state.js";

const TYPING_MS = 120;
const KINDS = ["results", "more_specific", "siblings", "parent"]; // of what is found, in the order in which it is shown

let finding = null;
let typing = 0;

// Ask for a code; its key, or nothing.
export function findCode({ title, quote = "", replacing = null }) {
  $("finder-title").textContent = title;
  $("finder-quote").hidden = !quote;
  $("finder-quote").textContent = quote;
  $("finder-query").value = "";
  finding = { systems: replacing ? [replacing.split(":")[0]] : usualSystems(), codes: [], at: -1, request: 0 };
  showFound([], "");
  if (replacing) lookUp(() => fetch(`/review/codes/${encodeURIComponent(replacing)}/relatives`), "");
  else if (quote) search(quote, "Codes for the selected text");
  return ask($("finder"));
}

// ICD-10-CM goes with ICD-10-PCS, and ICD-9 with ICD-9: those of the revision that the codes are from, or all.
function usualSystems() {
  const own = new Set(state.codes.map((code) => code.system.slice(0, 4)));
  return { icd1: ["icd10cm", "icd10pcs"], icd9: ["icd9cm", "icd9pcs"] }[own.size === 1 ? [...own][0] : ""] ?? [];
}

// With POST: what is searched for may be the words of a note, which belong in no address.
function search(query, about) {
  const body = JSON.stringify({ q: query, systems: finding.systems });
  lookUp(() => fetch("/review/search", { method: "POST", headers: { "Content-Type": "application/json" }, body }), about);
}

async function lookUp(request, about) {
  const own = finding;
  const number = (own.request += 1);
  const response = await request().catch(() => null);
  const found = response?.ok ? await response.json() : null;
  if (finding !== own || own.request !== number) return;
  const codes = KINDS.flatMap((kind) => (found?.[kind] ?? []).map((code) => ({ ...code, kind })));
  showFound(codes, found ? (codes.length ? about : "No code fits.") : "The search failed. Type again.");
}

function onQuery() {
  clearTimeout(typing);
  const query = $("finder-query").value.trim();
  if (query) typing = setTimeout(() => search(query, ""), TYPING_MS);
}

function showFound(codes, about) {
  finding.codes = codes;
  $("finder-note").textContent = about;
  $("finder-list").replaceChildren(...codes.map(optionOf));
  choose(codes.length ? 0 : -1);
}

function optionOf(code, at) {
  const option = element("li", "");
  option.id = `found-${at}`;
  option.setAttribute("role", "option");
  option.append(element("span", code.value, "value"), " ", element("span", code.title, "name"));
  if (code.kind !== "results") option.append(element("span", code.kind.replace("_", " "), "badge"));
  if (!code.billable) option.append(element("span", "not billable", "badge cue"));
  if (code.matched && code.matched !== code.title) option.append(element("span", code.matched, "matched soft"));
  option.addEventListener("click", () => take(at));
  return option;
}

function choose(at) {
  finding.at = at;
  all("li", $("finder-list")).forEach((option, number) => option.setAttribute("aria-selected", number === at));
  if (at < 0) return $("finder-query").removeAttribute("aria-activedescendant");
  $("finder-query").setAttribute("aria-activedescendant", `found-${at}`);
  return $(`found-${at}`).scrollIntoView({ block: "nearest" });
}

function take(at) {
  const code = finding.codes[at];
  if (code) answer(code.code);
}

function onKey(event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by && finding.codes.length) choose((finding.at + by + finding.codes.length) % finding.codes.length);
  if (event.key === "Enter") take(finding.at);
  if (by || event.key === "Enter") event.preventDefault();
}

export function startFinding() {
  $("finder-query").addEventListener("input", onQuery);
  $("finder-query").addEventListener("keydown", onKey);
}
