import type { FieldTables, SpecTable } from './tables.ts';

/** The description is not one, or one of another format. The message says where. */
export class TablesError extends Error {
  constructor(path: string, wanted: string) {
    super(`${path === '' ? 'the description' : path} is not ${wanted}`);
    this.name = 'TablesError';
  }
}

type Row = Record<string, unknown>;
/** Throws `TablesError` when the value at the path is not what it has to be. */
type Judge = (value: unknown, path: string) => void;

/** Far deeper than any edition nests kinds within kinds. */
const DEPTH_MAX = 16;

/** Reads a description that `fieldTables` of some edition made. Throws `TablesError` only. */
export function readFieldTables(text: string): FieldTables {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TablesError('', 'JSON');
  }
  const all = row(value, '');
  if (all['format'] !== 1) throw new TablesError('format', '1: it is no fields.json, or one of a later edition');
  number(all['major'], 'major');
  record(number)(all['limits'], 'limits');
  for (const name of ['flags', 'errors', 'faults', 'together']) texts(all[name], name);
  record(shape)(all['shapes'], 'shapes');
  record(payload)(all['payloads'], 'payloads');
  const tables = value as FieldTables;
  assertNames(tables);
  return tables;
}

function row(value: unknown, path: string): Row {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row;
  throw new TablesError(path, 'an object');
}

function number(value: unknown, path: string): void {
  if (typeof value !== 'number') throw new TablesError(path, 'a number');
}

function text(value: unknown, path: string): void {
  if (typeof value !== 'string') throw new TablesError(path, 'a text');
}

function texts(value: unknown, path: string): void {
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'string')) {
    throw new TablesError(path, 'a list of texts');
  }
}

const optional =
  (judge: Judge): Judge =>
  (value, path) => {
    if (value !== undefined) judge(value, path);
  };

const record =
  (judge: Judge): Judge =>
  (value, path) => {
    for (const [name, one] of Object.entries(row(value, path))) judge(one, `${path}.${name}`);
  };

const isTrue: Judge = (value, path) => {
  if (value !== true) throw new TablesError(path, 'true, or left out');
};

const shape: Judge = (value, path) => {
  const { doc, members } = row(value, path);
  text(doc, `${path}.doc`);
  record(member)(members, `${path}.members`);
};

const member: Judge = (value, path) => {
  const { key, required, doc, spec } = row(value, path);
  optional(number)(key, `${path}.key`);
  optional(isTrue)(required, `${path}.required`);
  text(doc, `${path}.doc`);
  judgeSpec(spec, `${path}.spec`, 0);
};

const payload: Judge = (value, path) => {
  const { content, required, requires } = row(value, path);
  optional(text)(content, `${path}.content`);
  optional(isTrue)(required, `${path}.required`);
  optional(texts)(requires, `${path}.requires`);
};

function judgeSpec(value: unknown, path: string, depth: number): void {
  if (depth > DEPTH_MAX) throw new TablesError(path, `nested less than ${DEPTH_MAX} levels`);
  const spec = row(value, path);
  switch (spec['kind']) {
    case 'int':
    case 'number':
    case 'text':
      number(spec['min'], `${path}.min`);
      number(spec['max'], `${path}.max`);
      optional(text)(spec['pattern'], `${path}.pattern`);
      return;
    case 'word':
      texts(spec['values'], `${path}.values`);
      return;
    case 'list':
    case 'record':
      number(spec['max'], `${path}.max`);
      judgeSpec(spec['of'], `${path}.of`, depth + 1);
      return;
    case 'object':
      text(spec['shape'], `${path}.shape`);
      return;
    case 'either':
      if (!Array.isArray(spec['of'])) throw new TablesError(`${path}.of`, 'a list');
      for (const [i, one] of spec['of'].entries()) judgeSpec(one, `${path}.of[${i}]`, depth + 1);
      return;
    case 'flag':
    case 'any':
    case 'free_object':
      return;
    default:
      throw new TablesError(`${path}.kind`, 'a kind that is known here');
  }
}

/** Every shape that is named is there, and so is the frame. */
function assertNames({ shapes, payloads }: FieldTables): void {
  for (const id of ['frame', 'payload']) {
    if (!Object.hasOwn(shapes, id)) throw new TablesError(`shapes.${id}`, 'there');
  }
  for (const [type, { content }] of Object.entries(payloads)) {
    if (content !== undefined && !Object.hasOwn(shapes, content)) {
      throw new TablesError(`payloads.${type}.content`, 'the name of a shape');
    }
  }
  for (const [id, { members }] of Object.entries(shapes)) {
    for (const [name, one] of Object.entries(members)) {
      const missing = shapesIn(one.spec).find((wanted) => !Object.hasOwn(shapes, wanted));
      if (missing !== undefined) throw new TablesError(`shapes.${id}.members.${name}`, 'of a shape that is there');
    }
  }
}

function shapesIn(spec: SpecTable): readonly string[] {
  switch (spec.kind) {
    case 'object':
      return [spec.shape];
    case 'list':
    case 'record':
      return shapesIn(spec.of);
    case 'either':
      return spec.of.flatMap(shapesIn);
    default:
      return [];
  }
}
