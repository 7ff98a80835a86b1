// An encounter: selecting its codes, stepping through their evidence, and judging them.
// Every act goes to the server, and its answer is what the page shows.

import {
  cardOf, commentOf, hasDrafts, isRevealed, markSelected, reveal, showCards, showQuotes, touchCards,
} from "./cards.js";
import {
  codesOn, emphasise, indexMarks, isCurrent, onTabKey, paintMarks, pointAt, readSelection, refreshDocuments, showTab,
  shownTab, spansOn, tabCount, textOf,
} from "./documents.js";
import { $, all, announce, ask, calm, element, warn } from "./dom.js";
import { findCode, startFinding } from "./finding.js";
import { KEYS, actOf, hasModifier, isTyping } from "./keys.js";
import { Refused, allSent, pending, send } from "./sending.js";
import {
  bare, codeOf, groupOf, inOrder, isDiagnosis, isOpen, isPrincipal, listed, principal, rankOf, setState, spoken, standing,
  state, titleOf,
} from "./state.js";

const { encounter, coder } = document.body.dataset;
const base = `/review/encounters/${encounter}`;

let selected = null; // the key of a code
let place = 0; // of the evidence in focus among the marks of the selected code
let picked = null; // the selected text
const underway = new Set(); // codes whose judgement is on its way

// ---- Showing the state

function render() {
  showCards({ pick: select, judge });
  if (!codeOf(selected)) selected = null;
  paintMarks();
  showProgress();
  showSelection();
}

function showProgress() {
  const decided = state.codes.filter((code) => code.decided).length;
  $("progress").max = Math.max(decided, 1);
  $("progress").value = decided ? decided - state.waiting : 1;
  $("waiting").textContent = state.waiting ? `${state.waiting} of ${decided} to judge` : "all judged";
  $("status").textContent = state.status;
  $("status").className = `chip ${state.status}`;
  const isMine = state.assigned_to === coder;
  $("assigned").textContent = state.assigned_to ? `assigned to ${isMine ? "you" : state.assigned_to}` : "assigned to nobody";
  document.querySelector("[data-act=assign]").firstChild.data = isMine ? "Assign to nobody " : "Assign to me ";
  document.body.classList.toggle("submitted", !isOpen());
}

function showSelection() {
  const code = codeOf(selected);
  markSelected(selected);
  $("selected").replaceChildren(...(code
    ? [element("strong", code.value, "value"), " ", element("span", code.title ?? "", "name")]
    : [element("span", "No code is selected.", "none")]));
  enable("accept", code && code.verdict !== "accepted");
  enable("reject", code && code.verdict !== "rejected");
  enable("replace", code);
  enable("principal", code && groupOf(code) === "accepted" && isDiagnosis(code) && !isPrincipal(code));
  enable("search", true);
  enable("undo", true);
  for (const act of ["earlier", "later"]) document.querySelector(`[data-act=${act}]`).disabled = !code?.marks.length;
  $("place").textContent = code?.marks.length ? `${place + 1} of ${code.marks.length}` : "none";
  if (code) showQuotes(code, place, showSpan);
}

function enable(act, can) {
  document.querySelector(`[data-act=${act}]`).disabled = !can || !isOpen();
}

function showSaved(problem = null) {
  const isUnsaved = problem || hasDrafts();
  $("saved").textContent = pending ? "Saving…" : problem ? "Not saved" : isUnsaved ? "Comment not saved" : "Saved";
  $("saved").className = pending ? "saving" : isUnsaved ? "unsaved" : "";
}

// ---- Selecting codes and stepping through their evidence

function select(key) {
  selected = codeOf(key) ? key : null;
  place = 0;
  emphasise(selected);
  if (!selected) return showSelection();
  reveal(selected);
  showSpan(0, { isQuiet: true });
  cardOf(selected).focus({ preventScroll: true });
  const code = codeOf(selected);
  return announce(`${code.value} ${code.title ?? ""}, ${spoken(code)}, ${code.marks.length} places in the text`);
}

function showSpan(number, { isQuiet = false } = {}) {
  const mark = codeOf(selected).marks[number];
  place = number;
  if (mark) showTab(mark.document);
  pointAt(selected, number);
  showSelection();
  if (!isQuiet) announce(`${number + 1} of ${codeOf(selected).marks.length}: ${textOf(selected, number)}`);
}

function stepEvidence(by) {
  const count = codeOf(selected)?.marks.length;
  if (count) showSpan((place + by + count) % count);
}

function stepCode(by) {
  const keys = listed().map((code) => code.code).filter(isRevealed);
  const at = keys.indexOf(selected);
  if (keys.length) select(keys[at < 0 ? (by > 0 ? 0 : keys.length - 1) : Math.min(Math.max(at + by, 0), keys.length - 1)]);
}

// Whether a code can be acted on: in a closed group, or with evidence on other tabs only, it is shown instead.
function isShown(key) {
  if (!codeOf(key)) return false;
  const documents = codeOf(key).marks.map((mark) => mark.document);
  if (isRevealed(key) && (!documents.length || documents.includes(shownTab()))) return true;
  select(key);
  warn(`${bare(key)} was hidden. It is shown now: press again to act.`);
  return false;
}

// ---- Highlights, and selected text

function showPicked(keys, about) {
  touchCards(keys);
  $("picked").querySelector(".about").textContent = keys.length ? about : `${about} No code rests on it.`;
  $("picked").querySelector(".codes").replaceChildren(...keys.map((key) => {
    const button = element("button", bare(key), "value");
    button.type = "button";
    button.title = codeOf(key).title ?? "";
    button.addEventListener("click", () => select(key));
    return button;
  }));
}

function onSelection() {
  picked = readSelection() ?? (documentIsInFocus() ? null : picked);
  if (!picked || !getSelection().toString()) return;
  const count = [...picked.text].length;
  showPicked(picked.keys.filter(codeOf), `${count} ${count === 1 ? "character" : "characters"} selected.`);
}

// A click into the text takes the selection back; one on a button or in a dialog does not.
const documentIsInFocus = () => getSelection().anchorNode?.parentElement?.closest(".document") != null;

function onMark(mark) {
  if (!getSelection().isCollapsed) return;
  const keys = codesOn(mark).filter(codeOf);
  showPicked(keys, keys.length === 1 ? "This highlight supports" : "This highlight supports several codes:");
  const key = keys[(keys.indexOf(selected) + 1) % keys.length];
  if (!key) return;
  select(key);
  showSpan(Number(spansOn(mark).find((span) => span.startsWith(`${key}#`)).split("#")[1]));
}

// ---- Acts

function act(name, body) {
  return send(`${base}/${name}`, body, {
    onAnswer: adopt,
    onRefusal: (failure) => refuse(failure, () => act(name, body)),
    onChange: showSaved,
  });
}

function adopt(next) {
  setState(next);
  render();
  if (!isCurrent()) refresh();
}

async function refresh() {
  await refreshDocuments(base);
  emphasise(selected);
  if (selected) pointAt(selected, place);
  showSelection();
}

function refuse(failure, again) {
  if (failure.state) adopt(failure.state);
  else render();
  if (failure.code === "conflict") warn(`Not saved: ${failure.message}. The codes are shown as they are now.`);
  else if (failure.code === "no-session") warn("Not saved: your session has ended. Sign in again in another tab, then try again.", again);
  else if (failure instanceof Refused) warn(`Not saved: ${failure.message}.`);
  else warn("Not saved: the service cannot be reached.", again);
}

// The version is the one that is shown when the act is sent: after the coder's own acts before it.
function judge(key, change) {
  return act("judge", () => {
    const code = codeOf(key);
    const { verdict, reason, replaced_by, present_on_admission, comment, version } = code;
    return { code: key, verdict, reason, replaced_by, present_on_admission, comment, ...change, version };
  });
}

// The next code to judge is selected at once, so that a second key never judges the same code.
async function judgeAndGoOn(key, change) {
  const waiting = inOrder("decided").map((code) => code.code).filter((one) => one === key || !underway.has(one));
  const following = waiting[waiting.indexOf(key) + 1] ?? waiting.find((one) => one !== key);
  underway.add(key);
  const done = judge(key, { reason: null, replaced_by: null, ...change });
  if (waiting.includes(key) && following) select(following);
  const isDone = await done;
  underway.delete(key);
  if (!isDone) select(key);
}

async function reject() {
  const key = selected;
  $("reasons-title").textContent = `Why is ${bare(key)} rejected?`;
  const reason = await ask($("reasons"));
  if (reason) judgeAndGoOn(key, { verdict: "rejected", reason });
}

async function replace() {
  const key = selected;
  const found = await findCode({ title: `Replace ${bare(key)} by`, replacing: key });
  if (found) judgeAndGoOn(key, { verdict: "replaced", replaced_by: bare(found) });
}

async function addCode(question, marks = []) {
  const key = await findCode(question);
  if (!key) return;
  if (codeOf(key)) {
    select(key);
    warn(`${bare(key)} is in the list already: it is selected now.`);
  } else if (await act("add", { code: key, marks })) {
    picked = null;
    getSelection().removeAllRanges();
    select(key);
  }
}

function addFromText() {
  const found = picked ?? evidenceInFocus();
  if (found) addCode({ title: "Add a code for this text", quote: found.text }, found.marks);
  else announce("Select text first, or step to evidence.");
}

function evidenceInFocus() {
  const mark = codeOf(selected)?.marks[place];
  if (!mark) return null;
  return { marks: [{ document: mark.document, begin: mark.begin, end: mark.end }], text: textOf(selected, place) };
}

function putAt(code, at) {
  const key = standing(code);
  if (groupOf(code) !== "accepted" || at < 0 || at >= state.sequence.length) return;
  act("order", () => {
    const codes = state.sequence.filter((one) => one !== key);
    codes.splice(at, 0, key);
    return { codes, version: state.sequence_version };
  });
}

const move = (by) => putAt(codeOf(selected), rankOf(codeOf(selected)) + by);

function makePrincipal() {
  if (isDiagnosis(codeOf(selected))) putAt(codeOf(selected), 0);
}

async function undo() {
  await allSent();
  const before = new Map(state.codes.map((code) => [code.code, code.version]));
  if (!(await act("undo", {}))) return;
  const changed = state.codes.find((code) => before.get(code.code) !== code.version);
  select(changed?.code ?? selected ?? listed()[0]?.code);
  announce(changed ? `Taken back: ${changed.value}` : "Taken back");
}

async function submit() {
  if (!isOpen()) return goOn();
  await allSent();
  if (state.waiting) {
    select(inOrder("decided")[0].code);
    return warn(`${state.waiting} decided ${state.waiting === 1 ? "code is" : "codes are"} not judged yet.`);
  }
  if (hasDrafts()) return warn("A comment is not saved yet.");
  $("summary-body").replaceChildren(...summary());
  if ((await ask($("summary"))) !== "yes") return null;
  if (await act("submit", {})) announce("Submitted. Press Enter for the next encounter.");
  return null;
}

function summary() {
  const list = element("ol", "");
  for (const key of state.sequence) {
    const code = state.codes.find((one) => standing(one) === key);
    const item = element("li", "");
    item.append(element("strong", bare(key), "value"), ` ${code ? titleOf(code) : ""} `);
    if (key === principal()) item.append(element("span", "principal", "badge principal"));
    list.append(item);
  }
  const [rejected, open] = [inOrder("rejected").length, inOrder("possible").length];
  const rest = `${rejected} rejected; ${open} possible ${open === 1 ? "code" : "codes"} left as they are.`;
  return [state.sequence.length ? list : element("p", "No code is accepted."), element("p", rest, "soft")];
}

function goOn() {
  location.assign(`/review/next?after=${encounter}`);
}

// ---- Keys and buttons

const ifOpen = (does) => (isOpen() ? does() : announce("The encounter is submitted. Reopen it first."));
const onCode = (does) => ifOpen(() => isShown(selected) && does(codeOf(selected)));

const ACTS = {
  down: () => stepCode(1),
  up: () => stepCode(-1),
  later: () => stepEvidence(1),
  earlier: () => stepEvidence(-1),
  accept: () => onCode((code) => code.verdict === "accepted" || judgeAndGoOn(code.code, { verdict: "accepted" })),
  reject: () => onCode(reject),
  replace: () => onCode(replace),
  principal: () => onCode(makePrincipal),
  forward: () => onCode(() => move(-1)),
  backward: () => onCode(() => move(1)),
  poa: () => onCode(() => cardOf(selected).querySelector(".poa").focus()),
  comment: () => onCode(() => commentOf(selected).focus()),
  search: () => ifOpen(() => addCode({ title: "Add a code" })),
  quote: () => ifOpen(addFromText),
  undo: () => ifOpen(undo),
  assign: () => act("assign", () => ({ coder: state.assigned_to === coder ? null : coder })),
  submit,
  reopen: () => isOpen() || act("reopen", {}),
  next: goOn,
  help: () => ask($("keys")),
};

function onKey(event) {
  if (hasModifier(event) || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return onDialogKey(event);
  if (isTyping(event)) return onFieldKey(event);
  if (onTabKey(event)) return;
  if (/^[1-9]$/.test(event.key) && event.key <= tabCount()) return showTab(event.key - 1);
  if (event.key === "Enter" && event.target.closest("button, a, summary")) return;
  const name = actOf(event);
  if (!ACTS[name]) return;
  event.preventDefault();
  ACTS[name]();
}

// Escape leaves a field; what was typed is saved.
function onFieldKey(event) {
  if (event.key !== "Escape") return;
  event.target.blur();
  cardOf(selected)?.focus({ preventScroll: true });
}

function onDialogKey(event) {
  if (!$("reasons").open || !/^[1-9]$/.test(event.key)) return;
  event.preventDefault();
  all(".choices button", $("reasons"))[event.key - 1]?.click();
}

function onClick(event) {
  const name = event.target.closest("[data-act]")?.dataset.act;
  const mark = event.target.closest("#documents mark");
  if (name) ACTS[name]();
  else if (mark) onMark(mark);
}

function listKeys() {
  $("keys").querySelector("dl").replaceChildren(...KEYS.flatMap(([key, , does]) => {
    const term = element("dt", "");
    term.append(element("kbd", key));
    return [term, element("dd", does)];
  }));
}

export function startReview() {
  setState(JSON.parse($("state").textContent));
  indexMarks();
  listKeys();
  startFinding();
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  document.addEventListener("selectionchange", onSelection);
  document.addEventListener("input", (event) => event.target.matches(".comment") && showSaved());
  all("[role=tab]").forEach((tab, at) => tab.addEventListener("click", () => showTab(at)));
  $("dismiss").addEventListener("click", calm);
  addEventListener("beforeunload", (event) => (pending || hasDrafts()) && event.preventDefault());
  render();
  select((inOrder("decided")[0] ?? listed()[0])?.code);
}
