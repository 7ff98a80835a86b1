// The review screen. Every act goes to the server, and its answer is what the page shows.
// Offsets count code points of the raw text; the server cuts the text, and nothing here indexes into it.

const KEYS = [
  // key, act, what it does
  ["J", "down", "next code"],
  ["K", "up", "previous code"],
  ["N", "later", "next evidence of the code"],
  ["P", "earlier", "previous evidence of the code"],
  ["A", "accept", "accept the code"],
  ["R", "reject", "reject the code, then 1 to 6 for the reason"],
  ["S", "replace", "replace the code by a relative or by any code"],
  ["D", "principal", "make it the principal diagnosis"],
  ["Shift+K", "earlierInOrder", "move the accepted code up"],
  ["Shift+J", "laterInOrder", "move the accepted code down"],
  ["I", "poa", "present on admission"],
  ["C", "comment", "comment on the code"],
  ["/", "search", "search all codes, and add one"],
  ["E", "quote", "add a code from the selected text, or from the evidence in focus"],
  ["U", "undo", "take back your last act"],
  ["1", "tab", "document 1; up to 9"],
  ["M", "assign", "assign the encounter to yourself, or to nobody"],
  ["Enter", "submit", "submit; on a submitted encounter, go to the next"],
  ["O", "reopen", "reopen a submitted encounter"],
  ["G", "next", "next encounter"],
  ["?", "help", "these keys"],
];
const NAVIGATION = new Set(["down", "up", "later", "earlier"]);
const GROUPS = ["decided", "accepted", "possible", "rejected"];
const PAINT = ["decided", "possible", "accepted", "rejected"]; // the first that applies colours a highlight
const DIAGNOSES = new Set(["icd10cm", "icd9cm", "icd10"]);
const WORDS = [[0.9, "very likely"], [0.7, "likely"], [0.4, "possible"], [0.15, "unlikely"], [0, "very unlikely"]];
const CUES = { negated: "negated", family: "family", history: "history", ruled_out: "ruled out", uncertain: "uncertain" };
const RETRY_MS = 400;
const TYPING_MS = 120;

const $ = (id) => document.getElementById(id);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const encounter = document.body.dataset.encounter;
const base = `/review/encounters/${encodeURIComponent(encounter ?? "")}`;

let state = null;
let selected = null; // the key of a code, such as icd10cm:I10
let place = 0; // of the evidence in focus among the marks of the selected code
let picked = null; // {marks, text} of the selected text
const cards = new Map();
let marksOf = new Map(); // from a code to its <mark> elements
let spansOf = new Map(); // from code#number to the elements of that span

// ---- What is known of a code

const codeOf = (key) => state.codes.find((code) => code.code === key);
const groupOf = (code) => (code.verdict === "replaced" ? "accepted" : code.group);
const standingKey = (code) => (code.verdict === "replaced" ? keyOf(code.system, bare(code.replaced_by)) : code.code);
const keyOf = (system, value) => `${system}:${value}`;
const bare = (key) => key.slice(key.indexOf(":") + 1);
const wordsOf = (probability) => WORDS.find(([least]) => probability >= least)[1];
const numberOf = (probability) => `${Math.round(100 * probability)} %`;
const isOpen = () => state.status === "open";
const rankOf = (code) => state.sequence.indexOf(standingKey(code));
const principal = () => state.sequence.find((key) => DIAGNOSES.has(key.split(":")[0]));

function inOrder(group) {
  const own = state.codes.filter((code) => groupOf(code) === group);
  return group === "accepted" ? own.sort((a, b) => rankOf(a) - rankOf(b)) : own;
}

const listed = () => GROUPS.flatMap(inOrder);

// ---- Showing the state

function render() {
  const focus = document.activeElement;
  for (const code of state.codes) fill(cardOf(code), code);
  for (const group of GROUPS) arrange(group);
  for (const [key, card] of cards) if (!codeOf(key)) forget(key, card);
  paintMarks();
  showProgress();
  showSelection();
  if (focus !== document.activeElement && focus?.isConnected) focus.focus({ preventScroll: true });
}

function cardOf(code) {
  if (!cards.has(code.code)) {
    const card = $("card").content.firstElementChild.cloneNode(true);
    card.dataset.code = code.code;
    card.querySelector(".pick").addEventListener("click", () => select(code.code));
    card.querySelector(".poa").addEventListener("change", (event) => judge(code.code, { present_on_admission: event.target.value || null }));
    const comment = card.querySelector(".comment");
    comment.dataset.sent = "";
    comment.addEventListener("change", () => saveComment(code.code));
    comment.addEventListener("input", () => { comment.style.height = ""; comment.style.height = `${comment.scrollHeight}px`; });
    cards.set(code.code, card);
  }
  return cards.get(code.code);
}

function fill(card, code) {
  const group = groupOf(code);
  const rank = rankOf(code);
  card.className = `card ${group}${card.classList.contains("on") ? " on" : ""}${card.classList.contains("touched") ? " touched" : ""}`;
  const put = (part, text) => { const own = card.querySelector(part); if (own.textContent !== text) own.textContent = text; };
  put(".rank", group === "accepted" && rank >= 0 ? `${rank + 1}.` : "");
  put(".value", code.verdict === "replaced" ? bare(code.replaced_by) : code.value);
  put(".name", titleOf(code));
  put(".words", code.probability === null ? "added by a coder" : wordsOf(code.probability));
  put(".number", code.probability === null ? "" : numberOf(code.probability));
  card.querySelector(".track").hidden = code.probability === null;
  card.querySelector(".track i").style.inlineSize = numberOf(code.probability ?? 0).replace(" ", "");
  card.querySelector(".badges").replaceChildren(...badgesOf(code));
  card.querySelector(".warnings").replaceChildren(...code.warnings.map((one) => element("li", one.text, `warning ${one.kind}`)));
  card.querySelector(".order").hidden = group !== "accepted" || !isOpen();
  const poa = card.querySelector(".poa");
  poa.value = code.present_on_admission ?? "";
  poa.disabled = !isOpen();
  fillComment(card.querySelector(".comment"), code.comment ?? "");
  card.setAttribute("aria-label", `${code.value} ${code.title ?? ""}, ${spoken(code)}`);
}

function fillComment(field, comment) {
  // What is typed and not saved yet stays, whatever the server says.
  if (field.value === field.dataset.sent) field.value = comment;
  field.dataset.sent = comment;
  field.readOnly = !isOpen();
}

function titleOf(code) {
  if (code.verdict !== "replaced") return code.title ?? "(no title known)";
  return `${code.replaced_title ?? ""} (replaces ${code.value} ${code.title ?? ""})`.trim();
}

function badgesOf(code) {
  const found = [];
  const badge = (text, kind) => found.push(element("span", text, `badge ${kind}`));
  if (standingKey(code) === principal() && groupOf(code) === "accepted") badge("principal", "principal");
  if (code.present_on_admission) badge(`on admission: ${code.present_on_admission}`, "poa");
  if (code.verdict === "rejected") badge(code.reason ?? "rejected", "reason");
  for (const cue of cuesOf(code)) badge(CUES[cue] ?? cue, "cue");
  if (code.comment) badge("comment", "comment");
  return found;
}

function cuesOf(code) {
  // Of the code as a whole: only if a cue governs every mark.
  if (!code.marks.length || !code.marks.every((mark) => mark.cues.length)) return [];
  return [...new Set(code.marks.flatMap((mark) => mark.cues))];
}

function spoken(code) {
  const how = code.probability === null ? "added by a coder" : `${wordsOf(code.probability)}, ${numberOf(code.probability)}`;
  const cues = cuesOf(code).map((cue) => CUES[cue] ?? cue);
  return [groupOf(code) === "decided" ? "to judge" : code.verdict === "open" ? groupOf(code) : code.verdict, how, ...cues].join(", ");
}

function arrange(group) {
  const list = document.querySelector(`#group-${group} .cards`);
  const wanted = inOrder(group).map((code) => cards.get(code.code));
  const current = [...list.children];
  if (wanted.length !== current.length || wanted.some((card, at) => card !== current[at])) list.replaceChildren(...wanted);
  $(`group-${group}`).querySelector(".count").textContent = wanted.length;
  $(`group-${group}`).classList.toggle("empty", !wanted.length);
}

function forget(key, card) {
  const comment = card.querySelector(".comment");
  if (comment.value !== comment.dataset.sent) warn(`${bare(key)} is gone. Its comment was not saved: ${comment.value}`);
  card.remove();
  cards.delete(key);
  if (selected === key) select(listed()[0]?.code ?? null);
}

function paintMarks() {
  const groups = new Map(state.codes.map((code) => [code.code, groupOf(code)]));
  for (const mark of all("mark", $("documents"))) {
    const own = mark.dataset.codes.split(" ").map((key) => groups.get(key));
    mark.dataset.group = PAINT.find((group) => own.includes(group)) ?? "none";
  }
}

function showProgress() {
  const decided = state.codes.filter((code) => code.decided).length;
  $("progress").max = Math.max(decided, 1);
  $("progress").value = decided - state.waiting || (decided ? 0 : 1);
  $("waiting").textContent = state.waiting ? `${state.waiting} of ${decided} to judge` : "all judged";
  $("status").textContent = state.status;
  $("status").className = `chip ${state.status}`;
  const mine = state.assigned_to && state.assigned_to === document.body.dataset.coder;
  $("assigned").textContent = state.assigned_to ? `assigned to ${mine ? "you" : state.assigned_to}` : "assigned to nobody";
  document.querySelector("[data-act=assign]").firstChild.data = mine ? "Assign to nobody " : "Assign to me ";
  document.body.classList.toggle("submitted", !isOpen());
}

function showSelection() {
  const code = selected && codeOf(selected);
  for (const [key, card] of cards) {
    card.classList.toggle("on", key === selected);
    card.toggleAttribute("aria-current", key === selected);
  }
  $("selected").replaceChildren(...(code
    ? [element("strong", code.value, "value"), " ", element("span", code.title ?? "", "name")]
    : [element("span", "No code is selected.", "none")]));
  const enabled = {
    accept: code && code.verdict !== "accepted", reject: code && code.verdict !== "rejected", replace: code,
    principal: code && groupOf(code) === "accepted" && standingKey(code) !== principal() && DIAGNOSES.has(code.system), search: true, undo: true,
  };
  for (const [act, can] of Object.entries(enabled)) {
    for (const button of all(`[data-act=${act}]`)) button.disabled = !can || !isOpen();
  }
  for (const act of ["earlier", "later"]) document.querySelector(`[data-act=${act}]`).disabled = !code?.marks.length;
  $("place").textContent = code ? (code.marks.length ? `${place + 1} of ${code.marks.length}` : "no evidence") : "";
  if (code) showQuotes(code);
}

function showQuotes(code) {
  const list = cards.get(code.code).querySelector(".quotes");
  const quotes = code.marks.map((mark, number) => {
    const parts = spansOf.get(`${code.code}#${number}`) ?? [];
    const button = element("button", parts.map((part) => part.textContent).join("").replace(/\s+/g, " "), "quote");
    button.type = "button";
    button.setAttribute("aria-pressed", number === place);
    button.addEventListener("click", () => showSpan(number));
    const item = element("li", "");
    item.append(button, ...mark.cues.map((cue) => element("span", CUES[cue] ?? cue, "badge cue")));
    if (mark.by_coder) item.append(element("span", "yours", "badge"));
    return item;
  });
  if (!list.contains(document.activeElement)) list.replaceChildren(...quotes);
  else all("button", list).forEach((button, number) => button.setAttribute("aria-pressed", number === place));
}

function element(name, text, classes = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (classes) made.className = classes;
  return made;
}

function announce(text) {
  $("live").textContent = text;
}

function warn(text, again = null) {
  $("alert").hidden = false;
  $("alert").querySelector("p").textContent = text;
  $("again").hidden = !again;
  $("again").onclick = () => { calm(); again(); };
}

function calm() {
  $("alert").hidden = true;
}

// ---- Selecting codes and stepping through their evidence

function select(key, { focus = true } = {}) {
  for (const mark of all("mark.on")) mark.classList.remove("on", "at");
  selected = key;
  place = 0;
  for (const mark of marksOf.get(key) ?? []) mark.classList.add("on");
  showSelection();
  if (!key) return;
  const card = cards.get(key);
  reveal(card);
  if (focus) card.focus({ preventScroll: true });
  showSpan(0, true);
  const { value, title, marks } = codeOf(key);
  announce(`${value} ${title ?? ""}, ${spoken(codeOf(key))}, ${marks.length} places in the text`);
}

function reveal(card) {
  card.closest("details").open = true;
  card.scrollIntoView({ block: "nearest" });
}

function showSpan(number, quiet = false) {
  const code = codeOf(selected);
  if (!code?.marks.length) return;
  place = number;
  for (const mark of all("mark.at")) mark.classList.remove("at");
  const parts = spansOf.get(`${selected}#${number}`) ?? [];
  for (const part of parts) part.classList.add("at");
  showTab(code.marks[number].document);
  parts[0]?.scrollIntoView({ block: "center" });
  showSelection();
  if (!quiet) announce(`${number + 1} of ${code.marks.length}: ${parts.map((part) => part.textContent).join("")}`);
}

function stepEvidence(by) {
  const count = codeOf(selected)?.marks.length;
  if (count) showSpan((place + by + count) % count);
}

function stepCode(by) {
  const keys = listed().filter((code) => $(`group-${groupOf(code)}`).open).map((code) => code.code);
  if (!keys.length) return;
  const at = keys.indexOf(selected);
  select(keys[at < 0 ? (by > 0 ? 0 : keys.length - 1) : Math.min(Math.max(at + by, 0), keys.length - 1)]);
}

function showTab(number) {
  all("[role=tab]").forEach((tab, at) => {
    tab.setAttribute("aria-selected", at === number);
    tab.tabIndex = at === number ? 0 : -1;
  });
  all(".document").forEach((one, at) => { one.hidden = at !== number; });
}

const shownTab = () => all(".document").findIndex((one) => !one.hidden);

// An act on a code in a closed group, or with evidence on other tabs only, shows the code instead.
function isShown(key) {
  const card = key && cards.get(key);
  if (!card) return false;
  const documents = codeOf(key).marks.map((mark) => mark.document);
  const elsewhere = documents.length > 0 && !documents.includes(shownTab());
  if (card.closest("details").open && !elsewhere) return true;
  select(key);
  announce(`${bare(key)} was hidden and is shown now. Press again to act.`);
  return false;
}

// ---- Highlights, and selected text

function indexMarks() {
  marksOf = new Map();
  spansOf = new Map();
  const add = (map, key, mark) => map.set(key, [...(map.get(key) ?? []), mark]);
  for (const mark of all("mark", $("documents"))) {
    for (const key of mark.dataset.codes.split(" ")) add(marksOf, key, mark);
    for (const key of mark.dataset.spans.split(" ")) add(spansOf, key, mark);
  }
}

function offsetAt(node, offset) {
  // Where a boundary of a selection is in the raw text: whole code points, from the element that knows its own.
  if (node.nodeType !== Node.TEXT_NODE) {
    const after = node.childNodes[offset];
    const text = after && document.createTreeWalker(after, NodeFilter.SHOW_TEXT);
    const first = after?.nodeType === Node.TEXT_NODE ? after : text?.nextNode();
    if (first) return offsetAt(first, 0);
    const last = all("[data-begin]", node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement).pop();
    return last ? Number(last.dataset.begin) + [...last.textContent].length : null;
  }
  const piece = node.parentElement.closest("[data-begin]");
  return piece && Number(piece.dataset.begin) + [...node.data.slice(0, offset)].length;
}

function readSelection() {
  const chosen = getSelection();
  if (!chosen.rangeCount || chosen.isCollapsed) return null;
  const range = chosen.getRangeAt(0);
  const home = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest(".document");
  const own = home(range.startContainer);
  if (!own) return null;
  if (home(range.endContainer) !== own) range.setEnd(own, own.childNodes.length);
  const [begin, end] = [offsetAt(range.startContainer, range.startOffset), offsetAt(range.endContainer, range.endOffset)];
  if (begin === null || end === null || begin >= end) return null;
  return { marks: [{ document: Number(own.dataset.document), begin, end }], text: range.toString(), range };
}

function showPicked(keys, about) {
  for (const [key, card] of cards) card.classList.toggle("touched", keys.includes(key));
  $("picked").querySelector(".about").textContent = keys.length ? about : `${about} No code rests on it.`;
  $("picked").querySelector(".codes").replaceChildren(...keys.map((key) => {
    const button = element("button", bare(key), "value");
    button.type = "button";
    button.title = codeOf(key)?.title ?? "";
    button.addEventListener("click", () => select(key));
    return button;
  }));
}

function onSelection() {
  const found = readSelection();
  if (!found) return;
  picked = found;
  const touched = all("mark", $("documents")).filter((mark) => found.range.intersectsNode(mark));
  const keys = new Set(touched.flatMap((mark) => mark.dataset.codes.split(" ")).filter(codeOf));
  const count = [...found.text].length;
  showPicked([...keys], `${count} ${count === 1 ? "character" : "characters"} selected.`);
}

function onMark(mark) {
  if (!getSelection().isCollapsed) return;
  picked = null;
  const keys = mark.dataset.codes.split(" ").filter(codeOf);
  showPicked(keys, keys.length === 1 ? "This highlight supports" : "This highlight supports several codes:");
  const key = keys[(keys.indexOf(selected) + 1) % keys.length];
  if (!key) return;
  select(key);
  const number = mark.dataset.spans.split(" ").find((span) => span.startsWith(`${key}#`)).split("#")[1];
  showSpan(Number(number));
}

// ---- Acts: one at a time, and what follows a failed one is not done

let queue = Promise.resolve();
let pending = 0;
let failures = 0;

function act(name, body) {
  const known = failures;
  const key = requestKey();
  pending += 1;
  showSaved();
  queue = queue.then(async () => {
    let problem = null;
    try {
      if (known !== failures) throw new Refused({ message: "Not done, as an act before it failed." });
      adopt((await post(name, typeof body === "function" ? body() : body, key)).state);
    } catch (failure) {
      failures += known === failures ? 1 : 0;
      problem = failure;
      refuse(failure, () => act(name, body));
    }
    pending -= 1;
    showSaved(problem);
    return !problem;
  });
  return queue;
}

class Refused extends Error {
  constructor(error, answered = null) {
    super([error?.message, error?.remedy].filter(Boolean).join(". ") || "The service refused it");
    this.code = error?.code;
    this.answered = answered;
  }
}

function requestKey() {
  // crypto.randomUUID is missing on plain HTTP outside of the loopback address.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

async function post(name, body, key) {
  const request = () => fetch(`${base}/${name}`, {
    method: "POST", headers: { "Content-Type": "application/json", "X-Request-Key": key }, body: JSON.stringify(body),
  });
  let response;
  try {
    response = await request();
  } catch {
    // The same key: if the first request has arrived, the server does not do it twice.
    await new Promise((resume) => setTimeout(resume, RETRY_MS));
    response = await request();
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(answer.error ?? { message: `The service answered ${response.status}` }, answer);
  return answer;
}

function refuse(failure, again) {
  if (failure.answered?.state) adopt(failure.answered.state);
  else render();
  if (failure.code === "conflict") warn(`Not saved: ${failure.message}. The codes are shown as they are now.`);
  else if (failure instanceof Refused) warn(`Not saved: ${failure.message}.`);
  else warn("Not saved: the service cannot be reached.", again);
}

function adopt(next) {
  if (!next) return;
  state = next;
  render();
  const wanted = state.codes.flatMap((code) => code.marks.map((_, number) => `${code.code}#${number}`));
  const shown = all("mark", $("documents")).some((mark) => mark.dataset.spans.split(" ").some((span) => !wanted.includes(span)));
  if (shown || wanted.some((span) => !spansOf.has(span))) refreshDocuments();
}

async function refreshDocuments() {
  // The server cuts the text: its page has the new highlights.
  const response = await fetch(base).catch(() => null);
  if (!response?.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const old of all(".document")) {
    const scroll = old.scrollTop;
    old.replaceChildren(...(fresh.getElementById(old.id)?.childNodes ?? []));
    old.scrollTop = scroll;
  }
  indexMarks();
  paintMarks();
  for (const mark of marksOf.get(selected) ?? []) mark.classList.add("on");
  showSelection();
}

function showSaved(problem = null) {
  $("saved").textContent = pending ? "Saving…" : problem ? "Not saved" : drafts() ? "Comment not saved" : "Saved";
  $("saved").className = pending ? "saving" : problem || drafts() ? "unsaved" : "";
}

const drafts = () => all(".comment").some((field) => field.value !== field.dataset.sent);

// ---- What a coder does

function judge(key, change) {
  return act("judge", () => {
    const code = codeOf(key);
    const kept = { verdict: code.verdict, reason: code.reason, replaced_by: code.replaced_by, present_on_admission: code.present_on_admission, comment: code.comment };
    return { code: key, ...kept, ...change, version: code.version };
  });
}

function saveComment(key) {
  const field = cards.get(key).querySelector(".comment");
  if (field.value !== field.dataset.sent) judge(key, { comment: field.value || null }).then(() => showSaved());
}

// The next code to judge is selected at once, so that a second key never judges the same code.
function judgeAndGoOn(change) {
  const key = selected;
  const waiting = inOrder("decided").map((code) => code.code);
  const rest = waiting.filter((one) => one !== key);
  const following = waiting.slice(waiting.indexOf(key) + 1)[0] ?? rest[0] ?? key;
  announce(`${bare(key)} ${change.verdict}`);
  const done = judge(key, change);
  if (waiting.includes(key)) select(following);
  return done.then((fine) => fine || select(key));
}

function accept() {
  if (codeOf(selected).verdict !== "accepted") judgeAndGoOn({ verdict: "accepted", reason: null, replaced_by: null });
}

async function reject() {
  const key = selected;
  $("reasons-title").textContent = `Why is ${bare(key)} rejected?`;
  const reason = await ask($("reasons"));
  if (reason && key === selected) judgeAndGoOn({ verdict: "rejected", reason, replaced_by: null });
}

function ask(dialog) {
  return new Promise((answer) => {
    const focus = document.activeElement;
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      if (focus?.isConnected) focus.focus({ preventScroll: true });
      answer(dialog.returnValue);
    }, { once: true });
    dialog.showModal();
  });
}

function move(by) {
  const code = codeOf(selected);
  const at = rankOf(code);
  if (at < 0 || at + by < 0 || at + by >= state.sequence.length) return;
  putAt(standingKey(code), at + by);
}

function putAt(key, at) {
  act("order", () => {
    const codes = state.sequence.filter((one) => one !== key);
    codes.splice(at, 0, key);
    return { codes, version: state.sequence_version };
  });
}

function makePrincipal() {
  const code = codeOf(selected);
  if (groupOf(code) !== "accepted") return announce("Accept the code first.");
  if (DIAGNOSES.has(code.system)) putAt(standingKey(code), 0);
}

async function undo() {
  const before = new Map(state.codes.map((code) => [code.code, code.version]));
  if (!(await act("undo", {}))) return;
  const changed = state.codes.find((code) => before.get(code.code) !== code.version);
  if (changed) select(changed.code);
  announce(changed ? `Taken back: ${changed.value}` : "Taken back");
}

async function submit() {
  if (!isOpen()) return goOn();
  await queue;
  if (state.waiting) {
    warn(`${state.waiting} decided ${state.waiting === 1 ? "code is" : "codes are"} not judged yet.`);
    return select(inOrder("decided")[0].code);
  }
  if (drafts()) return warn("A comment is not saved yet.");
  $("summary-body").replaceChildren(...summary());
  if ((await ask($("summary"))) !== "yes") return;
  if (await act("submit", {})) announce("Submitted. Press Enter for the next encounter.");
}

function summary() {
  const lines = state.sequence.map((key, at) => {
    const code = state.codes.find((one) => standingKey(one) === key);
    const item = element("li", `${bare(key)} ${code ? titleOf(code) : ""}`);
    if (key === principal()) item.append(" ", element("span", "principal", "badge principal"));
    item.value = at + 1;
    return item;
  });
  const list = element("ol", "");
  list.append(...lines);
  const rejected = inOrder("rejected").length;
  const open = inOrder("possible").length;
  const rest = `${rejected} rejected, ${open} possible ${open === 1 ? "code" : "codes"} left as they are.`;
  return [lines.length ? list : element("p", "No code is accepted."), element("p", rest, "soft")];
}

function goOn() {
  location.assign(`/review/next${encounter ? `?after=${encodeURIComponent(encounter)}` : ""}`);
}

// ---- Finding a code

function addFromText() {
  const found = picked ?? evidenceInFocus();
  if (!found) return announce("Select text first, or step to evidence.");
  findCode({ title: "Add a code for the selected text", marks: found.marks, quote: found.text });
}

function evidenceInFocus() {
  const mark = selected && codeOf(selected)?.marks[place];
  if (!mark) return null;
  const text = (spansOf.get(`${selected}#${place}`) ?? []).map((part) => part.textContent).join("");
  return { marks: [{ document: mark.document, begin: mark.begin, end: mark.end }], text };
}

async function findCode({ title, marks = [], quote = "", replacing = null }) {
  $("finder-title").textContent = title;
  $("finder-quote").hidden = !quote;
  $("finder-quote").textContent = quote;
  $("finder-query").value = "";
  finding = { replacing, codes: [], at: -1, request: 0 };
  showFound([], "");
  if (replacing) lookUp(`/review/codes/${encodeURIComponent(replacing)}/relatives`, "Relatives");
  const value = await ask($("finder"));
  if (!value) return;
  if (replacing) judgeAndGoOn({ verdict: "replaced", reason: null, replaced_by: bare(value) });
  else addCode(value, marks);
}

async function addCode(key, marks) {
  if (codeOf(key)) {
    select(key);
    return warn(`${bare(key)} is in the list already: it is selected now.`);
  }
  if (!(await act("add", { code: key, marks }))) return;
  picked = null;
  getSelection().removeAllRanges();
  if (codeOf(key)) select(key);
}

let finding = null;
let typing = 0;

async function lookUp(path, about) {
  const request = (finding.request += 1);
  const own = finding;
  const response = await fetch(path).catch(() => null);
  const answer = response?.ok ? await response.json() : null;
  if (finding !== own || own.request !== request) return;
  const system = own.replacing?.split(":")[0];
  const codes = (answer?.codes ?? answer ?? []).filter((code) => !system || code.system === system);
  showFound(codes, answer ? (codes.length ? about : "No code fits.") : "The search failed. Type again.");
}

function onQuery() {
  clearTimeout(typing);
  const query = $("finder-query").value.trim();
  if (query) typing = setTimeout(() => lookUp(`/review/search?q=${encodeURIComponent(query)}`, ""), TYPING_MS);
}

function showFound(codes, about) {
  finding.codes = codes;
  $("finder-note").textContent = about;
  $("finder-list").replaceChildren(...codes.map((code, at) => {
    const option = element("li", "", code.billable ? "" : "not-billable");
    option.id = `found-${at}`;
    option.setAttribute("role", "option");
    option.append(element("span", code.code, "value"), " ", element("span", code.title, "name"));
    if (code.matched && code.matched !== code.title) option.append(element("span", code.matched, "matched soft"));
    if (!code.billable) option.append(element("span", "not billable", "badge"));
    option.addEventListener("click", () => take(at));
    return option;
  }));
  choose(codes.length ? 0 : -1);
}

function choose(at) {
  finding.at = at;
  all("li", $("finder-list")).forEach((option, number) => option.setAttribute("aria-selected", number === at));
  if (at < 0) return $("finder-query").removeAttribute("aria-activedescendant");
  $("finder-query").setAttribute("aria-activedescendant", `found-${at}`);
  $(`found-${at}`).scrollIntoView({ block: "nearest" });
}

function take(at) {
  const code = finding.codes[at];
  if (code) $("finder").close(keyOf(code.system, code.code));
}

function onFinderKey(event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by && finding.codes.length) choose((finding.at + by + finding.codes.length) % finding.codes.length);
  if (event.key === "Enter") take(finding.at);
  if (by || event.key === "Enter") event.preventDefault();
}

// ---- Keys and buttons

const ACTS = {
  down: () => stepCode(1),
  up: () => stepCode(-1),
  later: () => stepEvidence(1),
  earlier: () => stepEvidence(-1),
  accept: () => onCode(accept),
  reject: () => onCode(reject),
  replace: () => onCode(() => findCode({ title: `Replace ${bare(selected)} by`, replacing: selected })),
  principal: () => onCode(makePrincipal),
  earlierInOrder: () => onCode(() => move(-1)),
  laterInOrder: () => onCode(() => move(1)),
  poa: () => onCode(() => cards.get(selected).querySelector(".poa").focus()),
  comment: () => onCode(() => cards.get(selected).querySelector(".comment").focus()),
  search: () => ifOpen(() => findCode({ title: "Add a code" })),
  quote: () => ifOpen(addFromText),
  undo: () => ifOpen(undo),
  assign: () => act("assign", () => ({ coder: state.assigned_to === document.body.dataset.coder ? null : document.body.dataset.coder })),
  submit,
  reopen: () => isOpen() || act("reopen", {}),
  next: goOn,
  help: () => ask($("keys")),
};

const ifOpen = (does) => (isOpen() ? does() : announce("The encounter is submitted. Reopen it first."));
const onCode = (does) => ifOpen(() => isShown(selected) && does());

function actOfKey(event) {
  const key = event.shiftKey && /^[a-z]$/i.test(event.key) ? `Shift+${event.key.toUpperCase()}` : event.key.length === 1 ? event.key.toUpperCase() : event.key;
  return KEYS.find(([one]) => one === key)?.[1];
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return onDialogKey(event);
  if (event.target.closest("input, textarea, select")) return onFieldKey(event);
  if (event.target.closest("[role=tab]") && onTabKey(event)) return;
  if (event.key === "Enter" && event.target.closest("button, a, summary")) return;
  if (/^[1-9]$/.test(event.key) && all(".document")[event.key - 1]) return showTab(event.key - 1);
  const name = actOfKey(event);
  // A key held down moves, but never judges one code after the other.
  if (!ACTS[name] || (event.repeat && !NAVIGATION.has(name))) return;
  event.preventDefault();
  ACTS[name]();
}

function onFieldKey(event) {
  if (event.key !== "Escape" && !(event.key === "Enter" && event.target.matches("select"))) return;
  event.target.blur();
  cards.get(selected)?.focus({ preventScroll: true });
}

function onDialogKey(event) {
  if (!$("reasons").open || !/^[1-9]$/.test(event.key)) return;
  event.preventDefault();
  all(".choices button", $("reasons"))[event.key - 1]?.click();
}

function onTabKey(event) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return false;
  const tabs = all("[role=tab]");
  const at = (tabs.indexOf(event.target) + by + tabs.length) % tabs.length;
  showTab(at);
  tabs[at].focus();
  return true;
}

function startEncounter() {
  state = JSON.parse($("state").textContent);
  indexMarks();
  $("keys").querySelector("dl").replaceChildren(...KEYS.flatMap(([key, , does]) => {
    const term = element("dt", "");
    term.append(element("kbd", key));
    return [term, element("dd", does)];
  }));
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    const name = event.target.closest("[data-act]")?.dataset.act;
    if (name) return ACTS[name]();
    const mark = event.target.closest("#documents mark");
    if (mark) onMark(mark);
  });
  document.addEventListener("selectionchange", onSelection);
  document.addEventListener("input", (event) => event.target.matches(".comment") && showSaved());
  all("[role=tab]").forEach((tab, at) => tab.addEventListener("click", () => showTab(at)));
  $("finder-query").addEventListener("input", onQuery);
  $("finder-query").addEventListener("keydown", onFinderKey);
  $("dismiss").addEventListener("click", calm);
  addEventListener("beforeunload", (event) => (pending || drafts()) && event.preventDefault());
  render();
  select((inOrder("decided")[0] ?? listed()[0])?.code ?? null);
}

// ---- The work list

function startList() {
  const links = all("table.work th a");
  for (const field of all(".filters select")) field.addEventListener("change", () => field.form.requestSubmit());
  const steps = { J: 1, K: -1 };
  document.querySelector("[data-act=next]").addEventListener("click", goOn);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const key = event.key.toUpperCase();
    if (key === "G") goOn();
    if (key === "/") document.querySelector(".filters [type=search]").focus();
    if (key === "/") event.preventDefault();
    if (steps[key]) links[Math.min(Math.max(links.indexOf(document.activeElement) + steps[key], 0), links.length - 1)]?.focus();
  });
}

const START = { encounter: startEncounter, list: startList };
START[document.body.dataset.page]?.();
