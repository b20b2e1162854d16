/**
 * Makes an element.
 *
 * @param attributes Those that are undefined or false are left out; true stands alone.
 * @param children Nodes and texts; undefined ones are left out.
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** Writes a text where it is another one: what does not change is not laid out anew, and not read out again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Shows or hides an element. */
export function setShown(node, isShown) {
  if (node.hidden === isShown) node.hidden = !isShown;
}

/** The element with an ID. */
export function byId(id) {
  return document.getElementById(id);
}

/** A pair of a definition list, and the element of its value. */
export function fact(term) {
  const value = element("dd", {}, "–");
  return { row: element("div", {}, element("dt", {}, term), value), value };
}
