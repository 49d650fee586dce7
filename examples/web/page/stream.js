/** The stream of what happens: it comes back by itself, and goes on where it was. */

const FIRST_WAIT = 400;
const LONGEST_WAIT = 30_000;

/**
 * Tells "message" (detail: the envelope), "state" (detail: connecting, live or waiting) and "gap" when something
 * may have been missed and everything should be asked for anew.
 */
export class Stream extends EventTarget {
  #user;
  #socket = null;
  #epoch = null;
  #after = null;
  #failures = 0;
  #timer = 0;
  #watchdog = 0;
  #silence = 0;
  state = "connecting";

  constructor(user) {
    super();
    this.#user = user;
    addEventListener("online", () => this.#retryNow());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.#retryNow(); });
    this.#connect();
  }

  #connect() {
    this.#become("connecting");
    const query = new URLSearchParams({ userId: this.#user });
    if (this.#epoch !== null) {
      query.set("after", this.#after);
      query.set("epoch", this.#epoch);
    }
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/api/dashboard/stream?${query}`, ["batch.v1"]);
    this.#socket = socket;
    this.#silence = 10_000;
    this.#listen();
    socket.onmessage = (event) => { if (socket === this.#socket) this.#take(JSON.parse(event.data)); };
    socket.onclose = () => { if (socket === this.#socket) this.#wait(); };
  }

  #take(message) {
    this.#listen();
    if (message.type === "stream.hello") {
      const { epoch, seq, resumed, heartbeat } = message.data;
      this.#epoch = epoch;
      this.#after = seq;
      this.#silence = 2.5 * heartbeat;
      this.#failures = 0;
      this.#become("live");
      if (!resumed) this.dispatchEvent(new Event("gap"));
      return;
    }
    if (message.seq !== undefined) this.#after = message.seq;
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }

  /** A connection that says nothing for longer than its heartbeat is dead, even if nobody has closed it. */
  #listen() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#giveUp(), this.#silence);
  }

  #giveUp() {
    const socket = this.#socket;
    this.#wait();
    socket.close();
  }

  #wait() {
    clearTimeout(this.#watchdog);
    this.#socket = null;
    this.#become("waiting");
    // With some chance in it, so that not everybody comes back at once when a server has restarted.
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#failures++);
    this.#timer = setTimeout(() => this.#connect(), longest * (0.5 + Math.random() / 2));
  }

  #retryNow() {
    if (this.state !== "waiting") return;
    clearTimeout(this.#timer);
    this.#failures = 0;
    this.#connect();
  }

  #become(state) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}
