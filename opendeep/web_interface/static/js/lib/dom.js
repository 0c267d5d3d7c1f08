// Builds the page's elements. Whatever people said is set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element.
 * Properties that begin with "on" are event listeners, "class" and "dataset" do what they say, the
 * rest are attributes (true sets an empty one; null, undefined and false leave it out).
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    setProperty(element, name, value);
  }
  element.append(...present(children));
  return element;
}

/** Make an SVG element; attributes only. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...present(children));
  return element;
}

/** Make an icon of the page's sprite; it is decoration for screen readers. */
export function icon(name) {
  return svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `#i-${name}` }));
}

function setProperty(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (name === "value") element.value = value;
  else if (name === "checked" || name === "disabled") element[name] = Boolean(value);
  else element.setAttribute(name, value === true ? "" : value);
}

function present(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false);
}

/** A button; "kind" is its look: primary, quiet, danger. */
export function button(label, { kind = "quiet", symbol = null, ...properties } = {}) {
  const classes = `button ${kind}${label ? "" : " only-icon"}`;
  return h(
    "button",
    { type: "button", class: classes, ...properties },
    symbol && icon(symbol),
    label && h("span", {}, label),
  );
}

/** A labelled field; "control" must be an input, select or textarea. */
export function field(label, control, { hint = null } = {}) {
  control.id ||= freshId("field");
  const hintId = hint ? `${control.id}-hint` : null;
  if (hintId) control.setAttribute("aria-describedby", hintId);
  return h(
    "div",
    { class: "field" },
    h("label", { for: control.id }, label),
    control,
    hint && h("p", { class: "hint", id: hintId }, hint),
  );
}

/** Put children in place of what an element holds; null and false are left out. */
export function fill(element, ...children) {
  element.replaceChildren(...present(children));
  return element;
}

let ids = 0;

/** An id that no other element of this page has. */
export function freshId(prefix) {
  ids += 1;
  return `${prefix}-${ids}`;
}

/** Let a text area be as high as its text, up to its maximum height in the style sheet. */
export function growing(area) {
  const fit = () => {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  };
  area.addEventListener("input", fit);
  requestAnimationFrame(fit);
  return area;
}

/** Show a short message at the page's edge; errors stay until they are closed. */
export function toast(message, { kind = "info" } = {}) {
  const place = document.getElementById("toasts");
  const note = h("div", { class: `toast ${kind}`, role: kind === "error" ? "alert" : "status" });
  const close = button("", { symbol: "close", "aria-label": "Close", onclick: () => note.remove() });
  note.append(h("span", {}, message), close);
  place.append(note);
  if (kind !== "error") setTimeout(() => note.remove(), 5000);
}

/** Run an action of a button: busy while it lasts, its error shown. Returns whether it worked. */
export async function act(control, work) {
  control.disabled = true;
  control.setAttribute("aria-busy", "true");
  try {
    await work();
    return true;
  } catch (error) {
    toast(error.message, { kind: "error" });
    return false;
  } finally {
    control.disabled = false;
    control.removeAttribute("aria-busy");
  }
}
