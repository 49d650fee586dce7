/** What was found in a document, and across a batch. */

import { h, icon, unseen } from "./dom.js";
import { capital, counted, duration, grouped, nameOf, size, spelled } from "./words.js";

const SEVERITIES = { error: "Error", warning: "Warning", info: "Note" };

const extractionOf = (data) => data?.extraction ?? (data && "document_type" in data ? data : null);
const qualityOf = (data) => data?.quality ?? (data && "score" in data ? data : null);

/** The quality score of a result, 0 to 100, or null. */
export const scoreOf = (data) => qualityOf(data)?.score ?? null;

/** A result in a few words. */
export function tellingOf(data) {
  const extraction = extractionOf(data);
  if (extraction) {
    const amount = [grouped(extraction.gross_total?.value ?? ""), extraction.currency?.value];
    const kind = extraction.document_type?.value;
    const money = extraction.gross_total && extraction.currency ? amount.join(" ") : "";
    return [kind && spelled(kind), extraction.seller?.name?.value, money].filter(Boolean).join(" · ") || "No text found";
  }
  const quality = qualityOf(data);
  if (!quality) return "";
  return quality.issues?.length ? quality.issues[0].message : "Nothing to complain about";
}

export function resultView({ data, dataError, processingTime }) {
  const parts = [];
  if (data?.anomalies?.length) parts.push(section("What does not add up", ...data.anomalies.map(finding)));
  const extraction = extractionOf(data);
  if (extraction) parts.push(...extractionView(extraction));
  const quality = qualityOf(data);
  if (quality) parts.push(qualityView(quality));
  if (dataError) parts.push(h("p.job-error", {}, dataError));
  parts.push(h("p.faint.took", {}, `Took ${duration(processingTime)}`), rawView(data));
  return h("div.result", {}, ...parts);
}

function section(title, ...content) {
  return h("section", {}, h("h3", {}, title), ...content);
}

function finding({ severity, message, page }) {
  const where = page ? ` (page ${page})` : "";
  return h("p.finding-line", { "data-severity": severity },
    icon(severity === "error" ? "failed" : "warning"), unseen(`${SEVERITIES[severity] ?? severity}: `), `${capital(message)}${where}`);
}

function extractionView({ lines, tables, ...fields }) {
  const rows = [];
  for (const [key, value] of Object.entries(fields)) {
    if (value && "name" in value) {
      rows.push(fieldRow(key, value.name), fieldRow(`${key}_vat`, value.vat));
    } else rows.push(fieldRow(key, value));
  }
  const found = rows.filter(Boolean);
  const parts = [section("Fields", found.length ? fieldTable(found) : h("p.faint", {}, "None were found."))];
  if (lines?.length) parts.push(section(counted(lines.length, "line"), lineTable(lines)));
  if (tables?.length) parts.push(...tables.slice(0, 5).map(tableView));
  return parts;
}

function fieldTable(rows) {
  const head = ["Field", "Value", "Page", "Confidence"].map((word, at) => h(at > 1 ? "th.number" : "th", { scope: "col" }, word));
  return scrolling("Fields", h("table.fields", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)));
}

function fieldRow(key, value) {
  if (!value) return null;
  const said = [h("span.value", {}, isAmount(key) ? grouped(value.value) : String(value.value))];
  if (value.valid === false) said.push(h("span.check-wrong", {}, icon("warning"), "check digits are wrong"));
  if (value.valid === true) said.push(h("span.check-right", {}, icon("done"), "check digits are right"));
  if (value.source !== "text") said.push(h("span.tag", {}, value.source));
  return h("tr", {},
    h("th", { scope: "row" }, spelled(key)),
    h("td", {}, ...said),
    h("td.number", {}, value.page ?? ""),
    h("td.number", {}, `${Math.round(100 * value.confidence)}%`));
}

const isAmount = (key) => /total|amount/.test(key);

function lineTable(lines) {
  const columns = ["description", "quantity", "unit_price", "amount"];
  const head = columns.map((key, at) => h(at ? "th.number" : "th", { scope: "col" }, spelled(key)));
  const rows = lines.map((line) =>
    h("tr", {}, ...columns.map((key, at) => at ? h("td.number", {}, grouped(line[key]?.value ?? "")) : h("td", {}, line[key]?.value ?? ""))));
  return scrolling("Lines", h("table.lines", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)));
}

function tableView({ page, rows }, at) {
  const body = rows.slice(0, 100).map((row) => h("tr", {}, ...row.map((text) => h("td", {}, text))));
  const title = `Table ${at + 1} of page ${page}`;
  return h("details.fold", {}, h("summary", {}, title), scrolling(title, h("table.lines", {}, h("tbody", {}, ...body))));
}

/** A table that is too wide is moved in its own box, by keyboard as well. */
const scrolling = (name, table) => h("div.scroll", { tabindex: 0, role: "region", "aria-label": name }, table);

function qualityView({ score, issues, bytes, page_count: pages }) {
  const meter = h("span.gauge", { "aria-hidden": "true" }, h("span"));
  meter.firstChild.style.width = `${score}%`;
  const facts = [size(bytes), counted(pages, "page")].join(" · ");
  return section("Quality",
    h("p.quality", {}, h("strong", {}, String(Math.round(score))), " of 100", meter, h("span.faint", {}, facts)),
    ...(issues ?? []).map(finding));
}

function rawView(data) {
  const text = h("pre", { tabindex: 0 });
  const fold = h("details.fold", {}, h("summary", {}, "As JSON"), text);
  fold.addEventListener("toggle", () => { text.textContent = JSON.stringify(data, null, 2); });
  return fold;
}

export function summaryView(summary) {
  const parts = [];
  const { totals = {}, duplicates = {}, conflicting_invoices: conflicts = [], outliers = [] } = summary;
  for (const group of duplicates.exact ?? []) parts.push(across("The same file", group));
  for (const { ids, similarity } of duplicates.near ?? [])
    parts.push(across(`Nearly the same text (${Math.round(100 * similarity)}%)`, ids));
  for (const { seller, invoice_number: number, documents } of conflicts)
    parts.push(across(`Invoice ${number} of ${seller} with other totals`, documents.map((each) => each.document_id)));
  for (const { document_id: id, gross_total: total, median, currency } of outliers)
    parts.push(across(`${total} ${currency}, where ${median} is usual`, [id]));
  if (Object.keys(totals).length) parts.push(totalsTable(totals));
  return h("section.across", {}, h("h3", {}, "Across the batch"),
    ...(parts.length ? parts : [h("p.faint", {}, "Nothing stands out.")]));
}

function across(words, ids) {
  return h("p.finding-line", { "data-severity": "warning" }, icon("warning"), `${words}: ${ids.map(nameOf).join(", ")}`);
}

function totalsTable(totals) {
  const head = ["Currency", "Documents", "Net", "Tax", "Gross"].map((word, at) => h(at ? "th.number" : "th", { scope: "col" }, word));
  const rows = Object.entries(totals).map(([currency, { documents, net, tax, gross }]) =>
    h("tr", {}, h("th", { scope: "row" }, currency), ...[documents, net, tax, gross].map((each) => h("td.number", {}, grouped(each ?? "")))));
  return scrolling("Totals", h("table.lines", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)));
}
