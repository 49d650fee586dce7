/** The HTTP API: the application's own addresses, and docmill's. */

export const JOBS = "/api/v1/documents/batch-process";

export class ApiError extends Error {
  constructor(status, error) {
    super(error?.message ?? `The server answered ${status}.`);
    this.status = status;
    this.code = error?.code;
    this.details = error?.details ?? [];
  }
}

async function ask(path, { method = "GET", body, type } = {}) {
  let response;
  try {
    response = await fetch(path, { method, body, headers: type ? { "content-type": type } : {} });
  } catch {
    throw new ApiError(0, { message: "The server cannot be reached." });
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, answer.error);
  return answer;
}

const jobPath = (id, action = "") => `${JOBS}/${encodeURIComponent(id)}${action}`;

export const session = () => ask("/session");
export const signIn = (name) => ask(`/sign-in/${encodeURIComponent(name)}`, { method: "POST" });
export const documents = async () => (await ask("/documents")).data;
export const upload = async (file) =>
  (await ask(`/upload?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file })).data;

export const jobs = async () => (await ask(JOBS)).data;
export const job = async (id) => (await ask(jobPath(id))).data;
export const create = async (request) =>
  (await ask(JOBS, { method: "POST", body: JSON.stringify(request), type: "application/json" })).data;
export const cancel = (id, force) => ask(jobPath(id, force ? "/cancel?force=true" : "/cancel"), { method: "POST" });
export const retry = async (id) => (await ask(jobPath(id, "/retry"), { method: "POST" })).data;
