// Pointing at a value lights up its frame on the page, and pointing at a frame its value.
(() => {
  const parts = new Map();
  const keysOf = (part) => part.dataset.key.split(" ");
  for (const part of document.querySelectorAll("[data-key]")) {
    for (const key of keysOf(part)) {
      if (!parts.has(key)) parts.set(key, []);
      parts.get(key).push(part);
    }
  }
  const light = (on) => (event) => {
    const part = event.target.closest?.("[data-key]");
    for (const key of part ? keysOf(part) : []) {
      for (const other of parts.get(key)) other.classList.toggle("lit", on);
    }
  };
  document.addEventListener("pointerover", light(true));
  document.addEventListener("pointerout", light(false));
  document.addEventListener("focusin", light(true));
  document.addEventListener("focusout", light(false));
})();
