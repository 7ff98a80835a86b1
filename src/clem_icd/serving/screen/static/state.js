// The encounter as the server has it, and what follows from it. A code is named by its key, such as icd10cm:I10.

export let state = null;

export const GROUPS = ["decided", "accepted", "possible", "rejected"];
const DIAGNOSES = new Set(["icd10cm", "icd9cm", "icd10"]);
const WORDS = [[0.9, "very likely"], [0.7, "likely"], [0.4, "possible"], [0.15, "unlikely"], [0, "very unlikely"]];
const CUES = { negated: "negated", family: "family", history: "history", ruled_out: "ruled out", uncertain: "uncertain" };

export function setState(next) {
  state = next;
}

export const keyOf = (system, value) => `${system}:${value}`;
export const bare = (key) => key.slice(key.indexOf(":") + 1);
export const cueName = (cue) => CUES[cue] ?? cue;
export const wordsFor = (probability) => WORDS.find(([least]) => probability >= least)[1];
export const percent = (probability) => `${Math.round(100 * probability)} %`;

export const isOpen = () => state.status === "open";
export const codeOf = (key) => state.codes.find((code) => code.code === key);
export const isReplaced = (code) => code.verdict === "replaced";
export const groupOf = (code) => (isReplaced(code) ? "accepted" : code.group);
export const isDiagnosis = (code) => DIAGNOSES.has(code.system);

// What stands for a code in the order of the claim: itself, or what replaces it.
export const standing = (code) => (isReplaced(code) ? keyOf(code.system, bare(code.replaced_by)) : code.code);
export const rankOf = (code) => state.sequence.indexOf(standing(code));
export const principal = () => state.sequence.find((key) => DIAGNOSES.has(key.split(":")[0]));
export const isPrincipal = (code) => groupOf(code) === "accepted" && standing(code) === principal();

export function inOrder(group) {
  const own = state.codes.filter((code) => groupOf(code) === group);
  return group === "accepted" ? own.sort((a, b) => rankOf(a) - rankOf(b)) : own;
}

export const listed = () => GROUPS.flatMap(inOrder);

export function titleOf(code) {
  if (!isReplaced(code)) return code.title ?? "(no title known)";
  return `${code.replaced_title ?? ""} (replaces ${code.value} ${code.title ?? ""})`.trim();
}

// The cues of a code as a whole: those of its marks, if every mark has one.
export function cuesOf(code) {
  if (!code.marks.length || !code.marks.every((mark) => mark.cues.length)) return [];
  return [...new Set(code.marks.flatMap((mark) => mark.cues))].map(cueName);
}

export function spoken(code) {
  const status = code.verdict === "open" ? { decided: "to judge" }[groupOf(code)] ?? groupOf(code) : code.verdict;
  const how = code.probability === null ? "added by a coder" : `${wordsFor(code.probability)}, ${percent(code.probability)}`;
  return [status, how, ...cuesOf(code)].join(", ");
}
