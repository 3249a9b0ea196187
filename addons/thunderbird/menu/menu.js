/**
 * The Connect menu behind the toolbar button. Its page comes with each click
 * and goes with the menu; what it shows and does is the background's.
 */

import { choosing, connectMenu, icon, parted } from "/connect-menu.js";

const word = name => messenger.i18n.getMessage(name);
const picture = document.getElementById("picture");
const state = document.getElementById("state");
const failure = document.getElementById("failure");
const menu = document.getElementById("menu");
menu.setAttribute("aria-label", word("connectMenu"));
document.documentElement.lang = messenger.i18n.getUILanguage();

const port = messenger.runtime.connect({ name: "menu" });

// Thunderbird gives the page the keys once the menu is on the screen. Whoever
// takes the focus before does not get them at all.
let hasKeys = false;
window.addEventListener("focus", () => {
  hasKeys = true;
  if (!entries().includes(document.activeElement)) {
    first()?.focus({ preventScroll: true });
  }
});

port.onMessage.addListener(({ known, done }) => {
  if (known) {
    draw(known);
  } else if (done) {
    window.close();
  }
  // Otherwise it stays, with what went wrong and what can be done instead.
});

/** Shows what is known, and keeps the focus where it is. */
function draw(known) {
  const items = connectMenu(known, word);
  picture.src = icon(known);
  failure.hidden = true;
  const focused = document.activeElement?.dataset?.key;
  const places = [];
  for (const item of items) {
    if (item.kind === "state") {
      const text = known.atWork && known.state?.state !== "signing-in" ? word("atWork") : item.text;
      state.replaceChildren(...isolated(text, item.names));
    } else if (item.kind === "failure") {
      failure.hidden = false;
      failure.replaceChildren(...isolated(item.text, item.names));
    } else if (item.kind === "separator") {
      // None stands first.
      if (places.length) {
        places.push(document.createElement("hr"));
      }
    } else {
      places.push(item.kind === "server" ? server(item, known) : command(item));
    }
  }
  for (const place of places) {
    if (place.localName === "button") {
      place.setAttribute("aria-disabled", String(isBlocked(place.dataset.key, known)));
    }
  }
  menu.replaceChildren(...places);
  const again = places.find(place => focused && place.dataset?.key === focused);
  if (hasKeys) {
    (again ?? first())?.focus({ preventScroll: true });
  }
}

/** While something is being done, only a way out of it can be chosen. */
function isBlocked(key, known) {
  return known.atWork > 0 && key !== "disconnect";
}

function server(item, known) {
  const place = entry("menuitemradio", `server:${item.id}`, () => choosing(known, item.id), item.id);
  place.setAttribute("aria-checked", String(item.isActive));
  const name = document.createElement("bdi");
  name.className = "name";
  name.textContent = item.name;
  place.append(mark(), name);
  if (item.detail) {
    const detail = document.createElement("bdi");
    detail.className = "detail";
    detail.textContent = item.detail;
    place.append(detail);
  }
  return place;
}

function command(item) {
  const place = entry("menuitem", item.does, () => item.does);
  const label = document.createElement("span");
  label.textContent = item.label;
  place.append(mark(), label);
  return place;
}

/** An item; `does` says what is to be done, or null for nothing. */
function entry(role, key, does, id) {
  const place = document.createElement("button");
  place.setAttribute("role", role);
  place.dataset.key = key;
  place.tabIndex = -1;
  place.addEventListener("click", () => {
    if (place.ariaDisabled === "true") {
      return;
    }
    const what = does();
    if (!what) {
      window.close();
      return;
    }
    port.postMessage({ does: what, server: id });
  });
  return place;
}

function mark() {
  const place = document.createElement("span");
  place.className = "mark";
  return place;
}

function isolated(text, names) {
  return parted(text, names).map(part => {
    if (!part.isName) {
      return document.createTextNode(part.text);
    }
    const name = document.createElement("bdi");
    name.textContent = part.text;
    return name;
  });
}

function entries() {
  return [...menu.querySelectorAll("button")];
}

/** Where the focus begins: at the active server, else at the top. */
function first() {
  return menu.querySelector("button[aria-checked='true']") ?? entries()[0];
}

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

document.addEventListener("keydown", event => {
  const all = entries();
  const at = all.indexOf(document.activeElement);
  let next = null;
  if (event.key in STEPS) {
    const step = STEPS[event.key];
    next = at < 0 ? first() : all[(at + step + all.length) % all.length];
  } else if (event.key === "Home") {
    next = all[0];
  } else if (event.key === "End") {
    next = all.at(-1);
  } else if (event.key === "Escape") {
    window.close();
  }
  if (next) {
    next.focus();
    event.preventDefault();
  }
});

// Who closes the menu has read what it said.
window.addEventListener("pagehide", () => {
  if (!failure.hidden) {
    port.postMessage({ does: "forget-failure" });
  }
});
