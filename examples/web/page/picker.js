/** The form for a new batch: choose or drop documents, and say what is to be done. */

import * as api from "./api.js";
import { byId, h, say } from "./dom.js";
import { TYPES, counted, size } from "./words.js";

export class Picker {
  #documents = [];
  #chosen = new Set();
  #uploadBytes;
  #created;

  /** `created` is told the id of each new job. */
  constructor(uploadBytes, created) {
    this.#uploadBytes = uploadBytes;
    this.#created = created;
    byId("types").append(...Object.entries(TYPES).map(([type, words], at) => typeChoice(type, words, at === 0)));
    byId("choose-all").onchange = (event) => this.#chooseAll(event.target.checked);
    byId("files").onchange = (event) => {
      this.#add([...event.target.files]);
      event.target.value = "";
    };
    byId("picker").onsubmit = (event) => {
      event.preventDefault();
      this.#start();
    };
    this.#acceptDrops(byId("drop"));
  }

  async load() {
    try {
      this.#documents = await api.documents();
    } catch (error) {
      this.#complain(error.message);
    }
    this.#show();
  }

  #show() {
    byId("documents").replaceChildren(...this.#documents.map((document) => this.#row(document)));
    this.#count();
  }

  #row({ id, name, size: bytes, own }) {
    const box = h("input", { type: "checkbox", value: id });
    box.checked = this.#chosen.has(id);
    box.onchange = () => {
      if (box.checked) this.#chosen.add(id);
      else this.#chosen.delete(id);
      this.#count();
    };
    const label = h("label.check", {}, box, h("span.document-name", { title: name }, name));
    if (own) label.append(h("span.tag", {}, "yours"));
    label.append(h("span.faint.number", {}, size(bytes)));
    return h("li", {}, label);
  }

  #chooseAll(all) {
    this.#chosen = new Set(all ? this.#documents.map(({ id }) => id) : []);
    this.#show();
  }

  #count() {
    const [many, all] = [this.#chosen.size, this.#documents.length];
    const box = byId("choose-all");
    box.checked = many > 0 && many === all;
    box.indeterminate = many > 0 && many < all;
    say(byId("chosen"), many ? `${many} of ${all} chosen` : counted(all, "document"));
    say(byId("start"), many ? `Start with ${counted(many, "document")}` : "Start");
    if (many) this.#complain("");
  }

  #acceptDrops(area) {
    let depth = 0;
    const over = (by) => {
      depth = Math.max(0, depth + by);
      area.classList.toggle("dropping", depth > 0);
    };
    area.ondragenter = (event) => {
      event.preventDefault();
      over(1);
    };
    area.ondragleave = () => over(-1);
    area.ondragover = (event) => event.preventDefault();
    area.ondrop = (event) => {
      event.preventDefault();
      over(-Infinity);
      this.#add([...event.dataTransfer.files]);
    };
  }

  async #add(files) {
    const problems = [];
    for (const [at, file] of files.entries()) {
      say(byId("chosen"), `Uploading ${at + 1} of ${files.length}`);
      try {
        if (file.size > this.#uploadBytes) throw new Error(`a document may have ${size(this.#uploadBytes)}.`);
        this.#chosen.add((await api.upload(file)).id);
      } catch (error) {
        problems.push(`${file.name}: ${error.message}`);
      }
    }
    await this.load();
    this.#complain(problems.join("\n"));
  }

  async #start() {
    if (!this.#chosen.size) {
      this.#complain("Choose at least one document.");
      byId("documents").querySelector("input")?.focus();
      return;
    }
    const start = byId("start");
    start.setAttribute("aria-busy", "true");
    try {
      const { jobId } = await api.create({
        // In the order of the list.
        documentIds: this.#documents.map(({ id }) => id).filter((id) => this.#chosen.has(id)),
        type: new FormData(byId("picker")).get("type"),
        options: options(),
      });
      this.#complain("");
      this.#chosen.clear();
      this.#show();
      this.#created(jobId);
    } catch (error) {
      const details = (error.details ?? []).map(({ path, message }) => `${inWords(path)}: ${message}`);
      this.#complain(details.length ? details.join("\n") : error.message);
    } finally {
      start.removeAttribute("aria-busy");
    }
  }

  #complain(words) {
    say(byId("picker-problem"), words);
  }
}

function typeChoice(type, [name, words], first) {
  const radio = h("input", { type: "radio", name: "type", value: type, checked: first });
  return h("label.type", {}, radio, h("span.type-words", {}, h("span.type-name", {}, name), h("span.faint", {}, words)));
}

const FIELDS = {
  "max-concurrent": ["maxConcurrent", 1],
  timeout: ["timeout", 1000],
  "retry-attempts": ["retryAttempts", 1],
  "retry-delay": ["retryDelay", 1000],
};

/** What was entered; what was not is left to the server. */
function options() {
  const entered = Object.entries(FIELDS).filter(([id]) => byId(id).value !== "");
  return Object.fromEntries(entered.map(([id, [key, factor]]) => [key, Math.round(byId(id).valueAsNumber * factor)]));
}

/** "$.options.timeout" as the label of the field that it is about. */
function inWords(path) {
  const field = Object.entries(FIELDS).find(([, [key]]) => path.endsWith(`.${key}`));
  return field ? byId(field[0]).parentElement.firstChild.textContent.trim() : path;
}
