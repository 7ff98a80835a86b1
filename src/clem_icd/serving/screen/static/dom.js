// Elements of the page, and what is said to the coder.

export const $ = (id) => document.getElementById(id);
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];

export function element(name, text, classes = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (classes) made.className = classes;
  return made;
}

export function announce(text) {
  $("live").textContent = text;
}

export function warn(text, again = null) {
  $("alert").hidden = false;
  $("alert").querySelector("p").textContent = text;
  $("again").hidden = !again;
  $("again").onclick = () => { calm(); again(); };
}

export function calm() {
  $("alert").hidden = true;
}

let settle = null;

// Show a dialog; the value of the button that answers, or nothing. The focus goes back to where it was.
export function ask(dialog) {
  return new Promise((resolve) => {
    const focus = document.activeElement;
    const end = (value) => {
      if (settle !== end) return;
      settle = null;
      dialog.close();
      if (focus?.isConnected) focus.focus({ preventScroll: true });
      resolve(value ?? "");
    };
    settle = end;
    // At once: the event "close" comes later, after a key that is pressed quickly.
    dialog.onsubmit = (event) => { event.preventDefault(); end(event.submitter?.value); };
    dialog.onclose = () => dialog.open || end("");
    dialog.showModal();
  });
}

// Answer the dialog that is shown.
export const answer = (value) => settle?.(value);
