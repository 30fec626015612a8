import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { Finding, Provenance, Severity } from '../answer.ts';
import { parseCitation } from '../text/citation.ts';
import { jsonInText } from '../text/json-in-text.ts';
import type { AliasTable } from './aliases.ts';
import { canonicalFile, canonicalSeverity, canonicalType, findingId, UNTYPED } from './canonical.ts';
import { severityRank } from './merge.ts';
import { type Complain, confidenceIn, evidenceIn, FINDING_LIMITS, firstOf, spanIn, testsIn, textIn } from './fields.ts';

/** Findings of one answer; those beyond are left out, and it is said. */
export const FINDINGS_MAX = 200;
const COMPLAINTS_MAX = 100;
/** Entries among which the gravest are looked for. */
const RANKED_MAX = 10_000;
/** How grave a finding is that does not say so. */
const UNSAID: Severity = 'medium';

export interface FindingComplaint {
  /** Where in the list: `findings[3].span`. */
  readonly at: string;
  readonly why: string;
}

export interface FindingsRead {
  /** Undefined when the answer has none to read: no JSON, or JSON of another kind. An empty list says that there are none. */
  readonly findings: readonly Finding[] | undefined;
  /** What was left out, the first hundred of it. */
  readonly complaints: readonly FindingComplaint[];
  /** Entries that are no findings: they could not be read, or there were too many. */
  readonly left_out: number;
}

const CLAIMS = ['claim', 'message', 'description', 'title', 'summary', 'issue'] as const;
const MARKS = ['type', 'severity', 'file', 'path', 'evidence', 'span', 'category', 'rule'] as const;

/** Whether an object of its own is a finding rather than anything else that is said in JSON. */
function looksLikeFinding(value: JsonValue): boolean {
  return isJsonObject(value) && firstOf(value, ...CLAIMS) !== undefined && firstOf(value, ...MARKS) !== undefined;
}

/** The list of findings among the values of a text, the last one there is; else the single findings. */
function listIn(values: readonly JsonValue[]): readonly JsonValue[] | undefined {
  const lists = values.flatMap((value): (readonly JsonValue[])[] => {
    if (isJsonObject(value)) {
      const list = firstOf(value, 'findings', 'issues');
      return Array.isArray(list) ? [list as readonly JsonValue[]] : [];
    }
    return Array.isArray(value) && value.some(looksLikeFinding) ? [value as readonly JsonValue[]] : [];
  });
  const singles = values.filter(looksLikeFinding);
  const isEmptyList = values.length === 1 && Array.isArray(values[0]) && values[0].length === 0;
  return lists.at(-1) ?? (singles.length > 0 ? singles : isEmptyList ? [] : undefined);
}

function severityIn(entry: JsonObject, table: AliasTable, complain: Complain): Severity {
  const word = textIn(firstOf(entry, 'severity', 'level', 'priority'), 'severity', 200, complain);
  if (word === undefined) return UNSAID;
  const severity = canonicalSeverity(word, table);
  if (severity === undefined) complain('severity', `is not known; the finding counts as ${UNSAID}`);
  return severity ?? UNSAID;
}

/** One entry as a finding; undefined when it has no claim. Parts that cannot be read are left out and told. */
function findingIn(entry: JsonObject, from: Provenance, table: AliasTable, complain: Complain): Finding | undefined {
  const claim = textIn(firstOf(entry, ...CLAIMS), 'claim', FINDING_LIMITS.claim_chars, complain);
  if (claim === undefined) {
    complain('claim', 'is missing; the finding is left out');
    return undefined;
  }
  const type = textIn(firstOf(entry, 'type', 'category', 'rule', 'kind'), 'type', 200, complain);
  const named = textIn(firstOf(entry, 'file', 'path', 'filename'), 'file', FINDING_LIMITS.file_chars, complain);
  const cited = named === undefined ? undefined : parseCitation(named);
  const place = {
    type: type === undefined ? UNTYPED : canonicalType(type, table),
    file: canonicalFile(cited?.file ?? named ?? '', table),
    span: spanIn(entry, complain) ?? cited?.span,
    claim,
  };
  return {
    id: findingId(place),
    ...place,
    evidence: evidenceIn(firstOf(entry, 'evidence', 'citations', 'references'), table, complain),
    proposed_fix: textIn(
      firstOf(entry, 'proposed_fix', 'fix', 'suggestion'),
      'proposed_fix',
      FINDING_LIMITS.fix_chars,
      complain,
    ),
    tests: testsIn(firstOf(entry, 'tests'), complain),
    severity: severityIn(entry, table, complain),
    confidence: confidenceIn(firstOf(entry, 'confidence'), complain),
    provenance: [from],
  };
}

/**
 * The findings of an answer: an object with `findings`, or a list of them, bare, in a fence or between words; of one that was
 * cut short those that are whole. Never throws: what cannot be read is left out, and said where and why.
 */
export function readFindings(text: string, from: Provenance, table: AliasTable): FindingsRead {
  return findingsAmong(jsonInText(text), from, table);
}

/** The same of the values of an answer, see `jsonInText`. */
export function findingsAmong(values: readonly JsonValue[], from: Provenance, table: AliasTable): FindingsRead {
  const list = listIn(values);
  if (list === undefined) return { findings: undefined, complaints: [], left_out: 0 };
  const complaints: FindingComplaint[] = [];
  const tell = (at: string, why: string): void => {
    if (complaints.length < COMPLAINTS_MAX) complaints.push({ at, why });
  };
  if (list.length > FINDINGS_MAX)
    tell('findings', `has ${list.length} entries; ${FINDINGS_MAX} of them are read, the gravest`);
  const findings = gravestOf(list, table).flatMap(([at, entry]) => {
    const where = `findings[${at}]`;
    if (isJsonObject(entry)) return findingIn(entry, from, table, (part, why) => tell(`${where}.${part}`, why)) ?? [];
    tell(where, 'is not an object; it is left out');
    return [];
  });
  return { findings, complaints, left_out: list.length - findings.length };
}

/** As many as are read, in their order, with their places; of more those that say that they are grave. */
function gravestOf(list: readonly JsonValue[], table: AliasTable): readonly (readonly [number, JsonValue])[] {
  const placed = list.map((entry, at) => [at, entry] as const);
  if (list.length <= FINDINGS_MAX) return placed;
  const rankOf = (entry: JsonValue): number => {
    if (!isJsonObject(entry)) return Number.POSITIVE_INFINITY;
    const word = firstOf(entry, 'severity', 'level', 'priority');
    return severityRank((typeof word === 'string' ? canonicalSeverity(word, table) : undefined) ?? UNSAID);
  };
  const ranks = list.slice(0, RANKED_MAX).map(rankOf);
  const ranked = placed.slice(0, RANKED_MAX).sort(([a], [b]) => (ranks[a] ?? 0) - (ranks[b] ?? 0) || a - b);
  return ranked.slice(0, FINDINGS_MAX).sort(([a], [b]) => a - b);
}
