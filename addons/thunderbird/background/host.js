/**
 * The line to the agent: the native messaging host, which passes on a short
 * list of requests. Messages out: `{id, do, …}`. Messages in: `{id, done}` or
 * `{id, error: {code, message}}` for an answer, and `{event, …}` for news.
 */

/** The name under which the host is registered. */
const NAME = "chancery";

/** Why a request came to nothing: a sentence for the person, and a code. */
export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.name = "Refused";
    this.code = code;
  }
}

export class Host {
  #port = null;
  #heard = false;
  #next = 1;
  #waiting = new Map();
  #onNews;
  #onGone;

  /**
   * @param {(event: object) => void} onNews Called with each event.
   * @param {() => void} onGone Called when the host has ended.
   */
  constructor(onNews, onGone) {
    this.#onNews = onNews;
    this.#onGone = onGone;
  }

  /**
   * Asks for something; the host is started when it does not run.
   *
   * @param {string} what One of the host's words, for example `sign-in`.
   * @param {object} [fields] What belongs to it.
   * @returns {Promise<object>} What was done.
   * @throws {Refused} When it was not.
   */
  ask(what, fields = {}) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      try {
        this.#open().postMessage({ ...fields, id, do: what });
      } catch {
        this.#ended();
      }
    });
  }

  #open() {
    if (this.#port) {
      return this.#port;
    }
    const port = messenger.runtime.connectNative(NAME);
    this.#port = port;
    this.#heard = false;
    port.onMessage.addListener(message => this.#hear(message));
    port.onDisconnect.addListener(() => {
      if (this.#port === port) {
        this.#ended();
      }
    });
    return port;
  }

  #hear(message) {
    this.#heard = true;
    if (message.event) {
      this.#onNews(message);
      return;
    }
    const caller = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error) {
      caller?.reject(new Refused(message.error.code, message.error.message));
    } else {
      caller?.resolve(message.done);
    }
  }

  #ended() {
    // A host that never said anything was most likely never there.
    const word = this.#heard ? "hostEnded" : "notInstalled";
    const callers = [...this.#waiting.values()];
    this.#port = null;
    this.#waiting.clear();
    for (const caller of callers) {
      caller.reject(new Refused("HOST", messenger.i18n.getMessage(word)));
    }
    this.#onGone();
  }
}
