/** What is known of jobs, from answers and messages, which may overtake each other. */

import { OPEN } from "./words.js";

const FINAL = { "batch.completed": "COMPLETED", "batch.failed": "FAILED", "batch.cancelled": "CANCELLED" };

export class Job {
  constructor(id) {
    this.id = id;
    this.type = "";
    this.status = "PENDING";
    this.progress = 0;
    this.total = 0;
    this.processed = 0;
    this.failed = 0;
    this.createdAt = null;
    this.startedAt = null;
    this.completedAt = null;
    this.endsAt = null;
    this.error = null;
    this.drained = false;
    this.isWhole = false; // nothing will change any more, and all of it is known
    this.summary = null;
    this.documents = new Map();
  }

  get isOpen() {
    return OPEN.has(this.status);
  }

  /** Open, or documents are still at work. */
  get isMoving() {
    return this.isOpen || !this.drained;
  }

  get succeeded() {
    return this.processed - this.failed;
  }

  /** Everything that the server knows; of the list of all jobs, without the documents. */
  take(wire) {
    const older = !this.isOpen && OPEN.has(wire.status);
    if (!older) {
      const { type, status, createdAt, startedAt, completedAt, error, drained, summary } = wire;
      Object.assign(this, { type, status, createdAt, startedAt, completedAt, error, drained, summary });
      this.#expect(wire.estimatedTimeRemaining);
    }
    this.total = wire.totalDocuments;
    this.#count(wire.progress, wire.processedDocuments, wire.failedDocuments);
    if (wire.documentIds) {
      this.isWhole ||= wire.drained;
      // In the order of the job, even if messages about some of them were first.
      this.documents = new Map(wire.documentIds.map((id) => [id, this.#document(id)]));
    }
    for (const result of wire.results ?? []) this.#settle(result.documentId, "done", { result });
    for (const failure of wire.errors ?? []) this.#settle(failure.documentId, "failed", { failure });
  }

  hear({ type, data }) {
    if (type === "batch.started") {
      this.total = data.totalDocuments;
      if (this.status === "PENDING") this.status = "PROCESSING";
    } else if (type === "batch.progress") {
      this.total = data.totalDocuments;
      this.#count(data.progress, data.processedDocuments, this.failed);
      if (this.status === "PENDING") this.status = "PROCESSING";
      this.#expect(data.estimatedTimeRemaining);
    } else if (type === "batch.document") {
      const document = this.#document(data.documentId);
      const { fraction, message, attempt } = data;
      if (!document.settled) Object.assign(document, { state: "working", fraction, message, attempt });
    } else if (type === "batch.documentCompleted") {
      this.#settle(data.documentId, "done", {});
    } else if (type === "batch.documentFailed") {
      this.#settle(data.documentId, "failed", { failure: data });
    } else if (type in FINAL && this.isOpen) {
      this.status = FINAL[type];
      this.error = data.error ?? null;
    }
  }

  #count(progress, processed, failed) {
    this.progress = Math.max(this.progress, progress);
    this.processed = Math.max(this.processed, processed);
    this.failed = Math.max(this.failed, failed);
  }

  #expect(remaining) {
    this.endsAt = remaining === null ? null : Date.now() + remaining;
  }

  #document(id) {
    if (!this.documents.has(id)) this.documents.set(id, { id, state: "waiting", fraction: 0, message: "", attempt: 1 });
    return this.documents.get(id);
  }

  #settle(id, state, more) {
    const document = this.#document(id);
    if (state === "failed" && !document.settled) {
      const failures = [...this.documents.values()].filter((each) => each.state === "failed").length;
      this.failed = Math.max(this.failed, failures + 1);
    }
    Object.assign(document, { state, settled: true }, more);
  }
}
