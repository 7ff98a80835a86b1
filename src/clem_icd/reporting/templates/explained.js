(() => {
  const cards = [...document.querySelectorAll(".card")];
  const marks = [...document.querySelectorAll("mark")];
  const codesOf = (mark) => mark.dataset.codes.split(" ");
  let picked = [];

  const show = (codes) => {
    document.body.classList.toggle("picking", codes.length > 0);
    for (const card of cards) card.classList.toggle("on", codes.includes(card.dataset.code));
    for (const mark of marks) mark.classList.toggle("on", codesOf(mark).some((code) => codes.includes(code)));
  };
  const bring = (element) => {
    if (!element) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    element.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
  };
  const pick = (codes) => {
    picked = codes.join() === picked.join() ? [] : codes;
    for (const card of cards) {
      card.querySelector("button").setAttribute("aria-pressed", picked.includes(card.dataset.code));
    }
    show(picked);
    return picked.length > 0;
  };
  const fromMark = (mark) => {
    if (pick(codesOf(mark))) bring(cards.find((card) => picked.includes(card.dataset.code)));
  };
  const step = (by) => {
    const shown = picked.length ? marks.filter((mark) => mark.classList.contains("on")) : marks;
    if (!shown.length) return;
    const at = shown.indexOf(document.activeElement);
    const next = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : (at + by + shown.length) % shown.length];
    next.focus({ preventScroll: true });
    bring(next);
  };

  for (const card of cards) {
    card.querySelector("button").addEventListener("click", () => {
      if (pick([card.dataset.code])) bring(marks.find((mark) => mark.classList.contains("on")));
    });
    for (const link of card.querySelectorAll(".words a")) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        if (picked.join() !== card.dataset.code) pick([card.dataset.code]);
        const mark = document.getElementById(link.hash.slice(1)).closest("mark");
        mark.focus({ preventScroll: true });
        bring(mark);
      });
    }
    card.addEventListener("mouseenter", () => show([card.dataset.code]));
    card.addEventListener("mouseleave", () => show(picked));
  }
  for (const mark of marks) {
    mark.tabIndex = 0;
    mark.setAttribute("role", "button");
    mark.addEventListener("click", () => fromMark(mark));
    mark.addEventListener("mouseenter", () => show(codesOf(mark)));
    mark.addEventListener("mouseleave", () => show(picked));
    mark.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      fromMark(mark);
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && picked.length) pick([]);
    if (event.key === "n") step(1);
    if (event.key === "p") step(-1);
  });
  document.getElementById("keys").hidden = false;
})();
