/**
 * The Connect menu below “Tools”, for whoever works with menus and keys.
 */

import { choosing, connectMenu, parted } from "/connect-menu.js";

const ROOT = "connect";

export class ToolsMenu {
  #connection;
  #shown = "";
  #under = Promise.resolve();

  /** @param {import("./connection.js").Connection} connection */
  constructor(connection) {
    this.#connection = connection;
    messenger.menus.onShown.addListener(info => {
      if (info.menuIds.includes(ROOT)) {
        connection.look();
      }
    });
    messenger.menus.onClicked.addListener(info => this.#chosen(String(info.menuItemId)));
    connection.listen(() => this.#draw());
    this.#draw();
  }

  /** Puts the menu there as it now is; one change after the other. */
  #draw() {
    this.#under = this.#under.then(async () => {
      const known = this.#connection.known;
      const items = connectMenu(known, messenger.i18n.getMessage);
      const drawing = JSON.stringify(items);
      if (drawing === this.#shown) {
        return;
      }
      this.#shown = drawing;
      await messenger.menus.removeAll();
      const contexts = ["tools_menu"];
      const title = messenger.i18n.getMessage("connectMenu");
      messenger.menus.create({ id: ROOT, contexts, title });
      items.forEach((item, place) => {
        messenger.menus.create({ contexts, parentId: ROOT, ...described(item, place) });
      });
      await messenger.menus.refresh();
    }).catch(error => console.error(error));
  }

  #chosen(id) {
    if (id.startsWith("server:")) {
      const server = id.slice("server:".length);
      const does = choosing(this.#connection.known, server);
      if (does) {
        this.#connection.perform(does, server);
      } else {
        // The mark has moved by the click alone: put it back.
        this.#shown = "";
        this.#draw();
      }
    } else if (id.startsWith("command:")) {
      this.#connection.perform(id.slice("command:".length));
    }
  }
}

function described(item, place) {
  switch (item.kind) {
    case "server":
      return {
        id: `server:${item.id}`,
        type: "radio",
        checked: item.isActive,
        title: item.detail
          ? `${isolated(item.name)} – ${isolated(item.detail)}`
          : isolated(item.name),
      };
    case "separator":
      return { id: `separator:${place}`, type: "separator" };
    case "command":
      return { id: `command:${item.does}`, title: plain(item.label) };
    default: {
      const title = parted(item.text, item.names ?? [])
        .map(part => (part.isName ? isolated(part.text) : plain(part.text)))
        .join("");
      return { id: `${item.kind}:${place}`, enabled: false, title };
    }
  }
}

/** A name that keeps its own direction to itself (FSI … PDI). */
function isolated(name) {
  return `\u2068${plain(name)}\u2069`;
}

/** An ampersand is shown, and names no key. */
function plain(text) {
  return text.replaceAll("&", "&&");
}
