/**
 * Lives as long as Thunderbird: holds the line to the agent, and shows the
 * state in the toolbar and below “Tools”.
 */

import { Button } from "./button.js";
import { Connection } from "./connection.js";
import { ToolsMenu } from "./tools-menu.js";

/** So long after its own start the add-on begins to work, in milliseconds. */
const AFTER_START = 2000;

const connection = new Connection();
new Button(connection);

// The button's menu lives in a page of its own, which comes and goes.
messenger.runtime.onConnect.addListener(port => {
  if (port.name !== "menu") {
    return;
  }
  const show = known => port.postMessage({ known });
  const leave = connection.listen(show);
  port.onDisconnect.addListener(leave);
  port.onMessage.addListener(async ({ does, server }) => {
    if (does === "forget-failure") {
      connection.forgetFailure();
    } else {
      port.postMessage({ done: await connection.perform(does, server) });
    }
  });
  show(connection.known);
  connection.look();
});

// Thunderbird has painted its window by now, but may still be filling it, and
// that comes first. What is begun here starts the agent if need be, but never a
// sign-in that the policy did not ask for. A menu that is opened before begins
// it itself.
setTimeout(() => {
  new ToolsMenu(connection);
  connection.watch();
}, AFTER_START);
