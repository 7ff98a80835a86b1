// The keys of the page of an encounter: key, act, what it does.

export const KEYS = [
  ["J", "down", "next code"],
  ["K", "up", "previous code"],
  ["N", "later", "next evidence of the code"],
  ["P", "earlier", "previous evidence of the code"],
  ["A", "accept", "accept the code"],
  ["R", "reject", "reject the code, then 1 to 6 for the reason"],
  ["S", "replace", "replace the code by a relative or by any code"],
  ["D", "principal", "make it the principal diagnosis"],
  ["Shift+K", "forward", "move the accepted code up"],
  ["Shift+J", "backward", "move the accepted code down"],
  ["I", "poa", "present on admission"],
  ["C", "comment", "comment on the code"],
  ["/", "search", "search all codes, and add one"],
  ["E", "quote", "add a code from the selected text, or from the evidence in focus"],
  ["U", "undo", "take back your last act"],
  ["1", "tab", "first document; up to 9"],
  ["M", "assign", "assign the encounter to yourself, or to nobody"],
  ["Enter", "submit", "submit; if it is submitted, go to the next encounter"],
  ["O", "reopen", "reopen a submitted encounter"],
  ["G", "next", "next encounter"],
  ["?", "help", "show these keys"],
];

const NAVIGATION = new Set(["down", "up", "later", "earlier"]);

// The act of a key event; undefined if it has none. A key held down moves, but never judges one code after the other.
export function actOf(event) {
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const name = event.shiftKey && /^[A-Z]$/.test(key) ? `Shift+${key}` : key;
  const act = KEYS.find(([one]) => one === name)?.[1];
  return event.repeat && !NAVIGATION.has(act) ? undefined : act;
}

export const hasModifier = (event) => event.ctrlKey || event.metaKey || event.altKey || event.isComposing;

// A field of a dialog that was just closed may still have the focus for a moment.
export const isTyping = (event) => event.target.matches("input, textarea, select") && !event.target.closest("dialog:not([open])");
