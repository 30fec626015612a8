import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  checkTrace,
  COMPATIBILITY,
  compareTables,
  compatibilityOf,
  diffTraces,
  fieldTables,
  fieldTablesText,
  isBreaking,
  readFieldTables,
  readTrace,
  textOf,
} from '@atp-router/wire/tools';
import { BROKEN } from './broken.ts';
import { digests, type Exchange } from './exchange.ts';
import { SOUND } from './sound.ts';

/** A file that changes only with an approval. */
export interface Golden {
  /** From the root of the repository. */
  readonly path: string;
  /** As this implementation has it; undefined for one that it no longer has. */
  readonly text: string | undefined;
  /** What is different in meaning from a text that was approved, a line each. */
  differences(approved: string): readonly string[];
}

const FOLDER = 'conformance/traces';
const FIELDS = 'docs/protocol/schemas/fields.json';
const REPORTS = `${FOLDER}/reports.json`;

/** Every golden file, those that are there and should not be included. */
export function goldens(root: string): readonly Golden[] {
  const traces = [...tracesOf(SOUND, ''), ...tracesOf(BROKEN, 'broken/')];
  const wanted = [...traces.map(({ golden }) => golden), reportsGolden(traces), fieldsGolden()];
  const known = new Set(wanted.map(({ path }) => path));
  const gone = ['', 'broken/'].flatMap((folder) =>
    filesIn(root, `${FOLDER}/${folder}`)
      .filter((path) => path.endsWith('.jsonl') && !known.has(path))
      .map((path): Golden => ({ path, text: undefined, differences: () => ['no exchange makes it any more'] })),
  );
  return [...wanted, ...gone];
}

function filesIn(root: string, folder: string): readonly string[] {
  const path = join(root, folder);
  return existsSync(path) ? readdirSync(path).map((name) => `${folder}${folder.endsWith('/') ? '' : '/'}${name}`) : [];
}

interface TraceGolden {
  readonly golden: Golden;
  readonly name: string;
  readonly text: string;
}

function tracesOf(exchanges: Readonly<Record<string, () => Exchange>>, folder: string): readonly TraceGolden[] {
  return Object.entries(exchanges).map(([name, make]) => {
    const text = make().text();
    const path = `${FOLDER}/${folder}${name}.jsonl`;
    const differences = (approved: string): readonly string[] => traceDifferences(approved, text);
    return { golden: { path, text, differences }, name: `${folder}${name}`, text };
  });
}

function traceDifferences(approved: string, text: string): readonly string[] {
  const [before, after] = [readTrace(approved), readTrace(text)];
  const found = diffTraces(before, after).map((one) => {
    const line = 'line' in one ? one.line : one.left_line;
    const paths = 'differences' in one ? `: ${one.differences.map(({ path }) => path).join(', ')}` : '';
    return `line ${line}: ${one.type}: ${one.what}${paths}`;
  });
  if (found.length > 0) return found;
  const moved = after.records.find(({ line }) => approved.split('\n')[line - 1] !== text.split('\n')[line - 1]);
  return [
    `the same frames, written otherwise${moved === undefined ? '' : ` from line ${moved.line} (${textOf(moved)})`}`,
  ];
}

/** What every trace shows: another implementation of the rules finds the same. */
function reportsGolden(traces: readonly TraceGolden[]): Golden {
  const reports = traces.map(({ name, text }): [string, object] => {
    const { frames, findings } = checkTrace(readTrace(text), digests);
    return [name, { frames, findings: findings.map(({ line, rule, level }) => ({ line, rule, level })) }];
  });
  const text = `${JSON.stringify(Object.fromEntries(reports), null, 2)}\n`;
  const differences = (approved: string): readonly string[] => {
    const before = JSON.parse(approved) as Readonly<Record<string, object>>;
    const changed = reports.filter(([name, report]) => JSON.stringify(before[name]) !== JSON.stringify(report));
    return changed.map(([name]) => `other findings in ${name}`);
  };
  return { path: REPORTS, text, differences };
}

/** The description of all fields: what changes here changes what peers have to read. */
function fieldsGolden(): Golden {
  const differences = (approved: string): readonly string[] => {
    const changes = compareTables(readFieldTables(approved), fieldTables());
    const lines = changes.map((change) => {
      const broken = [change.old_reader, change.new_reader].filter(({ compatible }) => !compatible);
      const why = broken.map(({ reason, sentence }) => ` ${reason} (${sentence}).`).join('');
      return `${isBreaking(change) ? 'BREAKING' : 'compatible'}: ${change.path}: ${change.what}.${why}`;
    });
    return [COMPATIBILITY[compatibilityOf(changes)], ...lines];
  };
  return { path: FIELDS, text: fieldTablesText(), differences };
}

/** The text of a golden file as it is in the repository. */
export function approvedText(root: string, path: string): string | undefined {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
}
