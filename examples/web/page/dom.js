/** Elements. Whatever a document says goes in as text, never as markup. */

export const byId = (id) => document.getElementById(id);

/**
 * Make an element.
 * @param {string} tag its name, with classes: "p.faint"
 * @param {object} attributes attributes, and listeners as onclick; null and false are left out
 * @param {...(Node|string|number|null)} children what is in it
 */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  element.classList.add(...classes);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.classList.add("icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(space, "use"));
  setIcon(svg, name);
  return svg;
}

export function setIcon(svg, name) {
  svg.firstChild.setAttribute("href", `#icon-${name}`);
}

/** Words for those who do not see the picture beside them. */
export const unseen = (words) => h("span.hidden-words", {}, words);

/** Change a text only if it is another one, so that nothing is read aloud or selected anew in vain. */
export function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

let speaking = 0;

/** Have a screen reader say something when it has finished what it is saying. */
export function announce(words) {
  const announcer = byId("announcer");
  announcer.textContent = "";
  clearTimeout(speaking);
  speaking = setTimeout(() => { announcer.textContent = words; }, 100);
}
