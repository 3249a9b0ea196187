/** The toolbar button: its picture and tooltip follow the state. */

import { icon, parted, sentence } from "/connect-menu.js";

export class Button {
  #shown = "";

  /** @param {import("./connection.js").Connection} connection */
  constructor(connection) {
    connection.listen(known => this.#draw(known));
  }

  #draw(known) {
    const path = icon(known);
    const said = sentence(known, messenger.i18n.getMessage);
    const text = parted(said.text, said.names)
      .map(part => (part.isName ? `\u2068${part.text}\u2069` : part.text))
      .join("");
    const title = messenger.i18n.getMessage("tooltip", text);
    const badge = known.failure ? "!" : "";
    const drawing = JSON.stringify([path, title, badge]);
    if (drawing === this.#shown) {
      return;
    }
    this.#shown = drawing;
    messenger.browserAction.setIcon({ path });
    messenger.browserAction.setTitle({ title });
    messenger.browserAction.setBadgeText({ text: badge });
    messenger.browserAction.setBadgeBackgroundColor({ color: "#c9162b" });
  }
}
