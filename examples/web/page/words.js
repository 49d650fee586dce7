/** How things are called and written here. */

export const TYPES = {
  FULL_ANALYSIS: ["Full analysis", "Fields, quality and anomalies"],
  QUALITY_CHECK: ["Quality check", "Is it whole, and fit to be read?"],
  DATA_EXTRACTION: ["Data extraction", "Fields, lines and tables"],
  BATCH_ANALYSIS: ["Batch analysis", "Full analysis, and duplicates"],
};

export const STATUSES = {
  PENDING: ["waiting", "Waiting"],
  PROCESSING: ["working", "Running"],
  COMPLETED: ["done", "Completed"],
  FAILED: ["failed", "Failed"],
  CANCELLED: ["stopped", "Cancelled"],
  TIMEOUT: ["failed", "Out of time"],
};

export const OPEN = new Set(["PENDING", "PROCESSING"]);

export const typeName = (type) => TYPES[type]?.[0] ?? type;

/** The name of a document, of its id. */
export const nameOf = (id) => id.slice(id.lastIndexOf("/") + 1);

export const counted = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

/** "gross_total" as "Gross total". */
export function spelled(key) {
  return capital(key.replaceAll("_", " ")).replace(/\b(iban|vat|xml|id)\b/gi, (word) => word.toUpperCase());
}

export const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);

/** "13069.76" as "13,069.76". */
export const grouped = (number) => String(number).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",");

/** The error of a document for people: without the name of its class. */
export const plainError = (error) => capital(error.replace(/^\w+(Error|Exception): /, ""));

export function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export function clock(iso) {
  const time = new Date(iso);
  const today = time.toDateString() === new Date().toDateString();
  const day = today ? {} : { day: "numeric", month: "short" };
  return time.toLocaleString("en-GB", { hour: "2-digit", minute: "2-digit", ...day });
}
