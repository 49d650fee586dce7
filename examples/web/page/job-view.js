/** One job: how far it is, what can be done about it, and its documents. */

import { announce, h, icon, say, setIcon, unseen } from "./dom.js";
import { resultView, scoreOf, summaryView, tellingOf } from "./result-view.js";
import { STATUSES, clock, counted, duration, nameOf, plainError, typeName } from "./words.js";

const MOST_ROWS = 500;
const STATES = { waiting: "Waiting", working: "At work", done: "Done", failed: "Failed", stopped: "Not done" };

export class JobView {
  #job;
  #rows = new Map();
  #told;

  /** `actions` has cancel(job, force), retry(job) and load(job), each giving a promise. */
  constructor(job, actions) {
    this.#job = job;
    this.#told = job.isOpen ? Math.floor(job.progress / 25) : Infinity;
    this.title = h("h2", { id: "job-title" });
    this.status = h("p.status");
    this.percent = h("span.percent");
    this.remaining = h("span.faint.remaining");
    this.good = h("span.bar-good");
    this.bad = h("span.bar-bad");
    this.bar = h("div.bar", { role: "progressbar", "aria-label": "Progress of the batch", "aria-valuemin": 0,
      "aria-valuemax": 100 }, this.good, this.bad);
    this.counts = h("p.counts");
    this.problem = h("p.problem", { role: "alert" });
    this.error = h("p.job-error", { hidden: true });
    this.cancel = h("button.button", { type: "button", onclick: () => this.#act(actions.cancel(job, false)) }, "Cancel");
    this.force = h("button.button.grave", { type: "button", onclick: () => this.#act(actions.cancel(job, true)) },
      "Stop at once");
    this.retry = h("button.button", { type: "button", onclick: () => this.#act(actions.retry(job)) }, "Retry failed");
    this.summary = h("div", {});
    this.list = h("ul.rows", { "aria-label": "Documents of the batch" });
    this.more = h("p.faint", { hidden: true });
    this.load = () => actions.load(job);
    this.nodes = [
      h("header.job-head", {}, h("div", {}, this.title, this.status),
        h("div.actions", {}, this.cancel, this.force, this.retry)),
      this.error,
      this.problem,
      h("div.meter", {}, h("div.meter-words", {}, this.percent, this.remaining), this.bar, this.counts),
      this.summary,
      this.list,
      this.more,
    ];
  }

  async #act(promise) {
    say(this.problem, "");
    try {
      await promise;
    } catch (error) {
      say(this.problem, error.message);
    }
  }

  show() {
    const job = this.#job;
    say(this.title, typeName(job.type));
    this.#showStatus();
    this.#showMeter();
    this.#keepFocus(() => {
      this.cancel.hidden = !job.isOpen;
      this.force.hidden = job.isOpen || job.drained;
      this.retry.hidden = job.isMoving || job.processed - job.failed === job.total;
      say(this.retry, job.processed < job.total ? "Do the rest" : "Retry failed");
    });
    this.error.hidden = !job.error;
    say(this.error, job.error ?? "");
    if (job.summary && !this.summary.hasChildNodes()) this.summary.append(summaryView(job.summary));
    this.#showRows();
  }

  /** A button that goes away must not take the focus with it. */
  #keepFocus(change) {
    const focused = document.activeElement;
    change();
    if (focused?.hidden && [this.cancel, this.force, this.retry].includes(focused)) {
      ([this.force, this.retry].find((button) => !button.hidden) ?? this.title.closest("section")).focus();
    }
  }

  #showStatus() {
    const job = this.#job;
    const [picture, words] = STATUSES[job.status] ?? ["waiting", job.status];
    const failed = job.status === "COMPLETED" && job.failed ? `, ${job.failed} failed` : "";
    const finishing = !job.isOpen && !job.drained ? ", finishing what is at work" : "";
    const parts = [words + failed + finishing, job.createdAt ? clock(job.createdAt) : "", took(job)];
    const text = parts.filter((part) => part).join(" · ");
    if (this.status.textContent === text && this.status.dataset.state === picture) return;
    this.status.dataset.state = picture;
    this.status.replaceChildren(icon(picture), text);
  }

  #showMeter() {
    const job = this.#job;
    const words = `${job.processed} of ${counted(job.total, "document")}${job.failed ? `, ${job.failed} failed` : ""}`;
    say(this.percent, `${job.progress}%`);
    say(this.counts, words);
    this.bar.setAttribute("aria-valuenow", job.progress);
    this.bar.setAttribute("aria-valuetext", words);
    this.bar.classList.toggle("moving", job.isOpen);
    this.good.style.width = share(job.succeeded, job.total);
    this.bad.style.width = share(job.failed, job.total);
    this.tick();
    this.#tell(words);
  }

  /** What changes by itself as time goes by. */
  tick() {
    const job = this.#job;
    const left = job.endsAt === null ? null : job.endsAt - Date.now();
    let words = "";
    if (job.isOpen && left !== null) words = left > 900 ? `about ${duration(Math.ceil(left / 1000) * 1000)} left` : "any moment";
    else if (job.isOpen) words = "time left not known yet";
    say(this.remaining, words);
  }

  #tell(words) {
    const quarter = this.#job.isOpen ? Math.floor(this.#job.progress / 25) : 5;
    if (quarter <= this.#told) return;
    this.#told = quarter;
    announce(quarter === 5 ? `${STATUSES[this.#job.status][1]}: ${words}` : words);
  }

  #showRows() {
    let shown = 0;
    for (const document of this.#job.documents.values()) {
      if (++shown > MOST_ROWS) break;
      let row = this.#rows.get(document.id);
      if (!row) {
        row = new Row(document, this.load);
        this.#rows.set(document.id, row);
        this.list.append(row.element);
      }
      row.show(this.#job.isMoving);
    }
    const hidden = this.#job.documents.size - MOST_ROWS;
    this.more.hidden = hidden <= 0;
    if (hidden > 0) say(this.more, `and ${counted(hidden, "more document")}`);
  }
}

class Row {
  #document;
  #shown = "";
  #load;

  constructor(document, load) {
    this.#document = document;
    this.#load = load;
    this.picture = icon("waiting");
    this.state = unseen("");
    this.note = h("span.note");
    this.marks = h("span.marks");
    this.bar = h("span.row-bar", { role: "progressbar", "aria-label": nameOf(document.id), "aria-valuemin": 0,
      "aria-valuemax": 100, hidden: true }, h("span"));
    this.detail = h("div.detail", { hidden: true });
    this.button = h("button.row-button", { type: "button", "aria-expanded": "false", onclick: () => this.#toggle() },
      this.picture, this.state, h("span.row-name", {}, nameOf(document.id)), this.note, this.marks, chevron());
    this.element = h("li.row", {}, this.button, this.bar, this.detail);
  }

  show(moving) {
    const { state, fraction, message, attempt, result, failure } = this.#document;
    const shownState = state === "done" || state === "failed" || moving ? state : "stopped";
    const key = [shownState, fraction, message, attempt, Boolean(result), Boolean(failure)].join();
    if (key === this.#shown) return;
    this.#shown = key;
    this.element.dataset.state = shownState;
    setIcon(this.picture, shownState);
    say(this.state, `${STATES[shownState]}: `);
    say(this.note, this.#words(shownState));
    this.#showBar(shownState === "working", fraction, message);
    this.#showMarks();
    this.button.disabled = !(shownState === "done" || shownState === "failed");
    if (!this.detail.hidden) this.#fill();
  }

  #words(state) {
    const { message, attempt, result, failure } = this.#document;
    if (state === "failed") return plainError(failure.error);
    if (state === "done") return result ? tellingOf(result.data) : "";
    if (state === "working") return attempt > 1 ? [`attempt ${attempt}`, message].filter(Boolean).join(": ") : message;
    return state === "stopped" ? "not done" : "";
  }

  #showBar(working, fraction, message) {
    this.bar.hidden = !working;
    this.bar.firstChild.style.width = `${100 * fraction}%`;
    this.bar.setAttribute("aria-valuenow", Math.round(100 * fraction));
    this.bar.setAttribute("aria-valuetext", `${Math.round(100 * fraction)}% ${message}`.trim());
  }

  #showMarks() {
    const data = this.#document.result?.data;
    const findings = data?.anomalies?.length ?? 0;
    const score = scoreOf(data);
    this.marks.replaceChildren(...[
      findings ? h("span.finding", {}, icon("warning"), String(findings), unseen(findings === 1 ? " finding" : " findings"))
        : null,
      score === null ? null
        : h("span.score", { "data-grade": grade(score) }, unseen(" quality "), String(Math.round(score))),
    ].filter(Boolean));
  }

  async #toggle() {
    const open = this.detail.hidden;
    this.detail.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    this.#fill();
    if (this.#document.state === "done" && !this.#document.result) await this.#load().catch(() => {});
  }

  #fill() {
    const { result, failure } = this.#document;
    if (result) this.detail.replaceChildren(resultView(result));
    else if (failure) this.detail.replaceChildren(failureView(failure));
    else this.detail.replaceChildren(h("p.faint", {}, "Loading"));
  }
}

const chevron = () => {
  const svg = icon("more");
  svg.classList.add("chevron");
  return svg;
};

const share = (part, whole) => `${whole ? (100 * part) / whole : 0}%`;

const grade = (score) => (score >= 90 ? "good" : score >= 60 ? "fair" : "poor");

function took(job) {
  if (!job.startedAt || !job.completedAt || !job.drained) return "";
  return `took ${duration(new Date(job.completedAt) - new Date(job.startedAt))}`;
}

function failureView({ error, code, attempts }) {
  const facts = [counted(attempts, "attempt"), code.replaceAll("_", " ")].join(" · ");
  return h("div.failure", {}, h("p", {}, error), h("p.faint", {}, facts));
}
