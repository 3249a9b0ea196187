/**
 * The Connect menu as a list, the same wherever it is shown. Pure: what is
 * known comes in, and the items come out.
 *
 * Items: `{kind: "state", text, names}`, `{kind: "failure", text, names}`,
 * `{kind: "server", id, name, detail, isActive}`, `{kind: "separator"}` and
 * `{kind: "command", does, label}`.
 */

/** States in which a sign-in is what a person may want. */
const SIGNS_IN = new Set(["deferred", "needs-user", "disconnected"]);
/** States in which there is something to disconnect from. */
const DISCONNECTS = new Set(["deferred", "signing-in", "connected", "offline", "needs-user"]);

/** The longest name that is shown whole, in characters. */
const LONGEST = 60;

/**
 * @param {object} known What `Connection` knows.
 * @param {(name: string) => string} word The text of a message.
 */
export function connectMenu(known, word) {
  const items = [sentence(known, word)];
  if (known.failure && harmless(known.failure) !== items[0].text) {
    const names = known.servers.map(server => harmless(server.name));
    items.push({ kind: "failure", text: harmless(known.failure), names });
  }
  for (const server of known.servers) {
    items.push({
      kind: "server",
      id: server.id,
      name: shown(server.name),
      detail: detail(server, known.servers),
      isActive: server.active === true,
    });
  }
  const state = known.state?.state;
  items.push({ kind: "separator" });
  items.push({ kind: "command", does: "choose", label: word("chooseFromList") });
  if (SIGNS_IN.has(state)) {
    items.push({ kind: "command", does: "signIn", label: word("signIn") });
  }
  if (DISCONNECTS.has(state)) {
    items.push({ kind: "command", does: "disconnect", label: word("disconnect") });
  }
  items.push({ kind: "separator" });
  items.push({ kind: "command", does: "open", label: word("openChancery") });
  return items;
}

/** What is so, as one line, and the names in it. */
export function sentence(known, word) {
  if (known.state) {
    const names = [known.state.server, known.state.person].filter(Boolean).map(harmless);
    return { kind: "state", text: harmless(known.state.sentence), names };
  }
  return { kind: "state", text: word(known.isRunning === null ? "stateAsking" : "stateUnknown"), names: [] };
}

/** The picture that belongs to what is known. */
export function icon(known) {
  return `/icons/${known.state?.state ?? "starting"}.svg`;
}

/** What is to be done when that server is chosen: nothing where it is the
 * active one and there is a connection. */
export function choosing(known, id) {
  const state = known.state?.state;
  const isActive = known.servers.some(server => server.id === id && server.active);
  if (!isActive) {
    return "switch";
  }
  return state === "connected" || state === "signing-in" ? null : "connect";
}

/**
 * Cuts a text at the names in it, so that each can stand by itself whatever
 * direction it is written in.
 *
 * @returns {{text: string, isName: boolean}[]}
 */
export function parted(text, names) {
  const parts = [];
  let rest = text;
  while (rest) {
    let at = rest.length;
    let found = "";
    for (const name of names) {
      const place = name ? rest.indexOf(name) : -1;
      if (place >= 0 && (place < at || (place === at && name.length > found.length))) {
        at = place;
        found = name;
      }
    }
    if (at > 0) {
      parts.push({ text: rest.slice(0, at), isName: false });
    }
    if (found) {
      parts.push({ text: found, isName: true });
    }
    rest = rest.slice(at + found.length);
  }
  return parts;
}

/** The address, where the name alone does not say which server it is. */
function detail(server, servers) {
  const host = server.address.replace(/^https?:\/\//, "");
  const isTwice = servers.filter(other => other.name === server.name).length > 1;
  return host === server.name && !isTwice ? "" : shown(server.address);
}

/** A text cut where it is too long. */
function shown(text) {
  const letters = [...harmless(text).trim()];
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join("")}…` : letters.join("");
}

/** What would break the line, or turn the direction of what follows, is shown
 * as “�”: names come from servers and other people. */
function harmless(text) {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, "\ufffd");
}
