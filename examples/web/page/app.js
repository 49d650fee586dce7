/** The page: who is there, what the stream tells, and which batch is shown. */

import * as api from "./api.js";
import { announce, byId, h, icon, say, unseen } from "./dom.js";
import { JobView } from "./job-view.js";
import { Job } from "./jobs.js";
import { Picker } from "./picker.js";
import { Stream } from "./stream.js";
import { STATUSES, capital, clock, counted, typeName } from "./words.js";

const POLL = 2000;
const CONNECTION = {
  connecting: ["Connecting", ""],
  live: ["Live", ""],
  waiting: ["Polling", " every 2 s while reconnecting"],
};

const jobs = new Map();
const entries = new Map();
let view = null;
let viewed = null;
let stream = null;
let drawing = 0;

function draw() {
  drawing ||= requestAnimationFrame(() => {
    drawing = 0;
    if (view) view.show();
    const progress = viewed?.isOpen ? `${viewed.progress}% ` : "";
    say(document.querySelector("title"), view ? `${progress}${typeName(viewed.type)} · docmill` : "docmill");
    drawList();
  });
}

/** A job by its id, even if nothing else is known of it yet. */
function jobOf(id) {
  if (!jobs.has(id)) jobs.set(id, new Job(id));
  return jobs.get(id);
}

async function loadList() {
  const before = [...jobs.keys()];
  const wires = await api.jobs();
  for (const wire of wires.toReversed()) jobOf(wire.id).take(wire);
  const known = new Set(wires.map(({ id }) => id));
  for (const id of before) {
    if (known.has(id) || id === viewed?.id) continue;
    jobs.delete(id);
    entries.delete(id);
  }
  draw();
}

async function loadJob(job) {
  job.take(await api.job(job.id));
  draw();
}

/** Have something done soon, once however often it is asked for, and not again before it is done. */
function soon(wait, action) {
  let [pending, again] = [false, false];
  return async function ask() {
    if (pending) {
      again = true;
      return;
    }
    pending = true;
    await new Promise((resolve) => setTimeout(resolve, wait));
    again = false;
    await action().catch(() => {});
    pending = false;
    if (again) ask();
  };
}

const listSoon = soon(250, loadList);
const viewedSoon = soon(400, async () => { if (viewed) await loadJob(viewed); });

function hear(message) {
  const id = message.data.jobId;
  if (!id) return;
  const isNew = !jobs.has(id);
  const job = jobOf(id);
  job.hear(message);
  if (isNew || !job.isOpen) listSoon();
  const settles = message.type !== "batch.document" && message.type !== "batch.progress";
  if (job === viewed && settles) viewedSoon();
  draw();
}

/** What the stream does not tell, or cannot tell at the moment, is asked for. */
async function poll() {
  const live = stream.state === "live";
  const moving = [...jobs.values()].filter((job) => job.isMoving);
  try {
    if (!live) await loadList();
    if (viewed && !viewed.isWhole && (!live || !viewed.isOpen)) await loadJob(viewed);
    else if (live && moving.some((job) => !job.isOpen)) await loadList();
  } catch (error) {
    if (error.status === 401) location.reload();
  }
}

function drawList() {
  const list = byId("jobs");
  byId("no-jobs").hidden = jobs.size > 0;
  const newestFirst = [...jobs.values()].filter((job) => job.createdAt).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  newestFirst.forEach((job, at) => {
    if (!entries.has(job.id)) entries.set(job.id, new Entry(job));
    const { element } = entries.get(job.id);
    if (list.children[at] !== element) list.insertBefore(element, list.children[at] ?? null);
    entries.get(job.id).show(job === viewed);
  });
  while (list.children.length > newestFirst.length) list.lastChild.remove();
}

class Entry {
  constructor(job) {
    this.job = job;
    this.picture = h("span.entry-picture");
    this.name = h("span.entry-name");
    this.words = h("span.faint");
    this.bar = h("span.entry-bar", { "aria-hidden": "true" }, h("span"));
    this.link = h("a", { href: `#${job.id}` }, this.picture, this.name, this.words, this.bar);
    this.element = h("li", {}, this.link);
  }

  show(current) {
    const { job } = this;
    const [picture, words] = STATUSES[job.status] ?? ["waiting", job.status];
    if (this.element.dataset.state !== picture) {
      this.element.dataset.state = picture;
      this.picture.replaceChildren(icon(picture), unseen(words));
    }
    say(this.name, typeName(job.type));
    const failed = job.failed ? ` · ${job.failed} failed` : "";
    say(this.words, `${clock(job.createdAt)} · ${counted(job.total, "document")}${failed}`);
    this.bar.hidden = !job.isOpen;
    this.bar.firstChild.style.width = `${job.progress}%`;
    if (current) this.link.setAttribute("aria-current", "true");
    else this.link.removeAttribute("aria-current");
  }
}

async function open(id, { focus = true } = {}) {
  const place = byId("job");
  viewed = id ? jobOf(id) : null;
  view = null;
  if (!viewed) {
    place.replaceChildren(emptyView());
    draw();
    if (focus) byId("choose-all").focus();
    return;
  }
  try {
    await loadJob(viewed);
  } catch (error) {
    if (viewed?.id !== id) return;
    jobs.delete(id);
    viewed = null;
    place.replaceChildren(missingView(error));
  }
  if (viewed?.id === id) {
    view = new JobView(viewed, { cancel, retry, load: loadJob });
    view.show();
    place.replaceChildren(...view.nodes);
  }
  draw();
  if (focus) {
    place.focus({ preventScroll: true });
    const { top } = place.getBoundingClientRect();
    if (top < 0 || top > innerHeight / 2) place.scrollIntoView();
  }
}

const emptyView = () =>
  h("div.empty", {}, h("div.sheets", { "aria-hidden": "true" }, h("span"), h("span"), h("span")),
    h("h2", { id: "job-title" }, "Nothing on the desk"),
    h("p", {}, "Choose some documents, say what is to be done with them, and watch it happen here."));

const missingView = (error) =>
  h("div.empty", {}, h("h2", { id: "job-title" }, error.status === 404 ? "There is no such batch" : "That did not work"),
    h("p", {}, error.status === 404 ? "It may have been removed, or it is not yours." : error.message));

async function cancel(job, force) {
  try {
    await api.cancel(job.id, force);
  } catch (error) {
    // It has ended meanwhile, or what is left of it was stopped.
    if (error.code !== "job_finished") throw error;
  }
  if (force) announce("Stopping at once");
  await loadJob(job);
}

async function retry(job) {
  location.hash = (await api.retry(job.id)).jobId;
}

async function work({ user, uploadBytes }) {
  byId("desk").hidden = false;
  byId("who").hidden = false;
  byId("connection").hidden = false;
  byId("new").hidden = false;
  say(byId("who-name"), capital(user));
  byId("switch-user").onclick = signIn;
  const picker = new Picker(uploadBytes, (id) => { location.hash = id; });
  addEventListener("hashchange", () => open(location.hash.slice(1)));
  await Promise.all([picker.load(), loadList().catch(() => {}), open(location.hash.slice(1), { focus: false })]);
  stream = new Stream(user);
  stream.addEventListener("message", (event) => hear(event.detail));
  stream.addEventListener("gap", () => {
    listSoon();
    viewedSoon();
  });
  stream.addEventListener("state", () => showConnection());
  showConnection();
  setInterval(() => view?.tick(), 1000);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, POLL));
    await poll();
  }
}

function showConnection() {
  const place = byId("connection");
  if (place.dataset.state === "waiting" && stream.state === "connecting") return; // else it flickers
  place.dataset.state = stream.state;
  const [words, more] = CONNECTION[stream.state];
  say(byId("connection-words"), words);
  say(byId("connection-more"), more);
}

async function signIn() {
  const { users } = await api.session();
  byId("desk").hidden = true;
  byId("sign-in").hidden = false;
  byId("users").replaceChildren(...users.map((name) => h("button.button.main", {
    type: "button",
    onclick: async () => {
      await api.signIn(name);
      location.replace("/"); // and nothing that somebody else saw is left
    },
  }, `I am ${capital(name)}`)));
  byId("users").firstChild.focus();
}

async function main() {
  try {
    const here = await api.session();
    await (here.user === null ? signIn() : work(here));
  } catch (error) {
    byId("desk").hidden = true;
    byId("sign-in").hidden = false;
    byId("sign-in").replaceChildren(h("h1", {}, "That did not work"), h("p", {}, error.message));
  }
}

main();
