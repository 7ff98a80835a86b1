// The codes beside the documents, as cards in their groups.

import { $, all, element, warn } from "./dom.js";
import { textOf } from "./documents.js";
import {
  GROUPS, bare, codeOf, cueName, cuesOf, groupOf, inOrder, isOpen, isPrincipal, isReplaced, percent, rankOf, spoken, state,
  titleOf, wordsFor,
} from "./state.js";

const cards = new Map();
export const cardOf = (key) => cards.get(key);
export const commentOf = (key) => cards.get(key).querySelector(".comment");
export const hasDrafts = () => all(".comment").some(isDraft);
const isDraft = (field) => field.value !== field.dataset.sent;

// Show all codes. `does` has what a card does: pick, judge and comment.
export function showCards(does) {
  const focus = document.activeElement;
  for (const code of state.codes) fill(cards.get(code.code) ?? newCard(code.code, does), code);
  for (const group of GROUPS) arrange(group);
  for (const key of cards.keys()) if (!codeOf(key)) forget(key);
  keepFocus(focus);
}

// A card that moves loses the focus, and cannot have it in a closed group.
function keepFocus(focus) {
  if (focus === document.activeElement) return;
  if (focus?.isConnected) focus.focus({ preventScroll: true });
  if (document.activeElement === document.body) $("groups").focus({ preventScroll: true });
}

function newCard(key, does) {
  const card = $("card").content.firstElementChild.cloneNode(true);
  card.dataset.code = key;
  card.querySelector(".pick").addEventListener("click", () => does.pick(key));
  card.querySelector(".poa").addEventListener("change", (event) => does.judge(key, { present_on_admission: event.target.value || null }));
  const comment = card.querySelector(".comment");
  comment.dataset.sent = "";
  comment.addEventListener("change", () => isDraft(comment) && does.judge(key, { comment: comment.value || null }));
  comment.addEventListener("input", () => { comment.style.height = ""; comment.style.height = `${comment.scrollHeight}px`; });
  cards.set(key, card);
  return card;
}

function fill(card, code) {
  const group = groupOf(code);
  const rank = rankOf(code);
  for (const one of GROUPS) card.classList.toggle(one, one === group);
  const put = (part, text) => { card.querySelector(part).textContent = text; };
  put(".rank", group === "accepted" && rank >= 0 ? `${rank + 1}.` : "");
  put(".value", isReplaced(code) ? bare(code.replaced_by) : code.value);
  put(".name", titleOf(code));
  put(".words", code.probability === null ? "added by a coder" : wordsFor(code.probability));
  put(".number", code.probability === null ? "" : percent(code.probability));
  card.querySelector(".track").hidden = code.probability === null;
  card.querySelector(".track i").style.inlineSize = `${100 * (code.probability ?? 0)}%`;
  card.querySelector(".badges").replaceChildren(...badgesOf(code));
  card.querySelector(".warnings").replaceChildren(...code.warnings.map((one) => element("li", one.text, `warning ${one.kind}`)));
  card.querySelector(".order").hidden = group !== "accepted" || !isOpen();
  card.querySelector(".poa").value = code.present_on_admission ?? "";
  card.querySelector(".poa").disabled = !isOpen();
  fillComment(card.querySelector(".comment"), code.comment ?? "");
  card.setAttribute("aria-label", `${code.value} ${code.title ?? ""}, ${spoken(code)}`);
}

function fillComment(field, comment) {
  // What is typed and not saved yet stays, whatever the server says.
  if (!isDraft(field)) field.value = comment;
  field.dataset.sent = comment;
  field.readOnly = !isOpen();
}

function badgesOf(code) {
  const found = cuesOf(code).map((cue) => [cue, "cue"]);
  if (isPrincipal(code)) found.push(["principal", "principal"]);
  if (code.present_on_admission) found.push([`on admission: ${code.present_on_admission}`, "admission"]);
  if (code.verdict === "rejected") found.push([code.reason ?? "rejected", "reason"]);
  if (code.comment) found.push(["comment", "remark"]);
  return found.map(([text, kind]) => element("span", text, `badge ${kind}`));
}

function arrange(group) {
  const list = document.querySelector(`#group-${group} .cards`);
  const wanted = inOrder(group).map((code) => cards.get(code.code));
  const isSame = wanted.length === list.children.length && wanted.every((card, at) => card === list.children[at]);
  if (!isSame) list.replaceChildren(...wanted);
  $(`group-${group}`).querySelector(".count").textContent = wanted.length;
  $(`group-${group}`).classList.toggle("empty", !wanted.length);
}

function forget(key) {
  const comment = commentOf(key);
  if (isDraft(comment)) warn(`${bare(key)} is gone. Its comment was not saved: ${comment.value}`);
  cards.get(key).remove();
  cards.delete(key);
}

export function touchCards(keys) {
  for (const [key, card] of cards) card.classList.toggle("touched", keys.includes(key));
}

export function markSelected(selected) {
  for (const [key, card] of cards) {
    card.classList.toggle("on", key === selected);
    if (key === selected) card.setAttribute("aria-current", "true");
    else card.removeAttribute("aria-current");
  }
}

export function reveal(key) {
  const card = cards.get(key);
  card.closest("details").open = true;
  card.scrollIntoView({ block: "nearest" });
}

export const isRevealed = (key) => cards.get(key).closest("details").open;

// The evidence of the selected code, as quotations.
export function showQuotes(code, place, onQuote) {
  const list = cards.get(code.code).querySelector(".quotes");
  const hadFocus = list.contains(document.activeElement);
  list.replaceChildren(...code.marks.map((mark, number) => {
    const button = element("button", textOf(code.code, number).replace(/\s+/g, " "), "quote");
    button.type = "button";
    button.setAttribute("aria-pressed", number === place);
    button.addEventListener("click", () => onQuote(number));
    const item = element("li", "");
    item.append(button, ...mark.cues.map((cue) => element("span", cueName(cue), "badge cue")));
    if (mark.by_coder) item.append(element("span", "by a coder", "badge"));
    return item;
  }));
  if (hadFocus) all("button", list)[place]?.focus();
}
