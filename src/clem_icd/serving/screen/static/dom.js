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

// Show a dialog; the value of the button that closed it, or nothing. The focus goes back to where it was.
export function ask(dialog) {
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
