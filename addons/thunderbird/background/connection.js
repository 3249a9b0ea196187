/**
 * What is known of the connection, and what a person can do about it. Whoever
 * shows it listens for changes.
 */

import { Host } from "./host.js";

/** What a person may choose, and the host's word for it. */
const DOES = {
  switch: server => ["switch", { server }],
  connect: server => ["connect", { server }],
  signIn: () => ["sign-in", {}],
  disconnect: () => ["disconnect", {}],
  choose: () => ["show", { show: "login" }],
  open: () => ["show", { show: "window" }],
};

export class Connection {
  #host = new Host(
    event => this.#hear(event),
    () => this.#lost()
  );
  #watching = false;
  #listeners = new Set();
  #known = { state: null, servers: [], isRunning: null, failure: null, atWork: 0 };

  /** What is known: the agent's `state` (null when it is not known), the
   * `servers`, whether an agent `isRunning` (null when nobody has looked), the
   * last `failure` as a sentence, and how much is `atWork`. */
  get known() {
    return this.#known;
  }

  /** Calls `listener` at each change, until what is returned is called. */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Follows the state from now on. Neither connects nor asks anybody. */
  async watch() {
    if (this.#watching) {
      return;
    }
    this.#watching = true;
    try {
      await this.#host.ask("watch");
    } catch (refused) {
      this.#watching = false;
      this.#change({ failure: refused.message });
    }
  }

  /** Somebody looks: what is shown is made sure of. */
  async look() {
    await this.watch();
    try {
      const { state, servers } = await this.#host.ask("status");
      this.#change({ state, servers, isRunning: true });
    } catch (refused) {
      this.#change({ failure: refused.message });
    }
  }

  /**
   * Does what a person chose.
   *
   * @param {string} what A key of `DOES`.
   * @param {string} [server] The server's id, where one was chosen.
   * @returns {Promise<boolean>} Whether it was done.
   */
  async perform(what, server) {
    const [word, fields] = DOES[what](server);
    this.#change({ failure: null, atWork: this.#known.atWork + 1 });
    let failure = null;
    try {
      await this.#host.ask(word, fields);
    } catch (refused) {
      failure = refused.message;
    }
    this.#change({ failure, atWork: this.#known.atWork - 1 });
    return failure === null;
  }

  /** The person has read the failure. */
  forgetFailure() {
    if (this.#known.failure) {
      this.#change({ failure: null });
    }
  }

  #hear(event) {
    if (event.event === "state") {
      // What went wrong before a success is no news any more.
      const isOver = event.state.state === "connected" && this.#known.atWork === 0;
      this.#change({
        state: event.state,
        servers: event.servers,
        isRunning: true,
        ...(isOver ? { failure: null } : {}),
      });
    } else if (event.event === "no-agent") {
      this.#change({ state: null, isRunning: false });
    }
  }

  #lost() {
    this.#watching = false;
    this.#change({ state: null, isRunning: false });
  }

  #change(news) {
    this.#known = { ...this.#known, ...news };
    for (const listener of this.#listeners) {
      listener(this.#known);
    }
  }
}
