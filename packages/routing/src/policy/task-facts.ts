import { AtpError, type JsonObject, type JsonValue } from '@atp-router/kernel';
import { numberOf } from './numbers.ts';

export type FactValue = string | number | boolean | readonly string[];

/**
 * What a request says of its task, for policies to match. Of its rights it can only say fewer than its caller has, see
 * `rightsOf`. A field that is absent was not said, which is not the same as empty.
 */
export interface TaskFacts {
  readonly risk?: string | undefined;
  readonly languages?: readonly string[] | undefined;
  readonly tool_permissions?: readonly string[] | undefined;
  readonly security_groups?: readonly string[] | undefined;
  /** All others, by name. */
  readonly values: ReadonlyMap<string, FactValue>;
}

/** What a caller may do, as the operator says. */
export interface Rights {
  readonly tool_permissions: ReadonlySet<string>;
  readonly security_groups: ReadonlySet<string>;
}

/** The names of facts: of one spelling, and safe wherever they are shown. */
export const FACT_NAME: RegExp = /^[a-z][a-z0-9_]{0,63}$/;
export const FACT_NAME_WORDS = 'a lower-case letter, then letters, digits and _, up to 64';
/** A task with more is described by no policy. */
export const FACTS_MAX = 32;
const HEADER_CHARS_MAX = 4_096;
const VALUES_MAX = 16;
const VALUE = /^[A-Za-z0-9+-][A-Za-z0-9._:/@+#-]{0,127}$/;
const VALUE_WORDS = `letters, digits and . _ : / @ + # -, up to 128, or up to ${VALUES_MAX} of them`;
/** They have headers and fields of their own, which decide more than which policy applies. */
const ELSEWHERE: ReadonlySet<string> = new Set(['task_type', 'qos', 'data_scope', 'model', 'tenant', 'facts']);

/** `diff_loc=180; risk=high; languages=ts,go`. Throws `invalid_request` that names `param`. */
export function factsOfText(text: string, param: string): TaskFacts {
  const say = (expected: string): AtpError => bad(param, expected);
  if (text.length > HEADER_CHARS_MAX) throw say(`have at most ${HEADER_CHARS_MAX} characters`);
  const facts = new Map<string, FactValue>();
  for (const part of text.split(';')) {
    if (part.trim() === '') continue;
    const equals = part.indexOf('=');
    const name = part.slice(0, Math.max(0, equals)).trim();
    if (equals < 0) throw say('be "name=value" parts with ";" between them');
    if (facts.has(name)) throw say(`say "${name.slice(0, 64)}" once only`);
    if (facts.size >= FACTS_MAX) throw say(`hold at most ${FACTS_MAX} facts`);
    const values = part
      .slice(equals + 1)
      .split(',', VALUES_MAX + 1)
      .map((value) => value.trim());
    facts.set(checkedName(name, say), textValue(name, values, say));
  }
  return sorted(facts);
}

/** The same as an object: text, numbers, booleans and lists of text. Throws `invalid_request` that names `param`. */
export function factsOfObject(object: JsonObject, param: string): TaskFacts {
  const facts = new Map<string, FactValue>();
  for (const name of Object.keys(object)) {
    const value = object[name];
    if (value === undefined || value === null) continue;
    const own = `${param}.${name.slice(0, 64)}`;
    const say = (expected: string): AtpError => bad(own, expected);
    if (facts.size >= FACTS_MAX) throw bad(param, `hold at most ${FACTS_MAX} facts`);
    facts.set(checkedName(name, say), jsonValue(name, value, say));
  }
  return sorted(facts);
}

/** What a frame says beside its task. */
export function factsOfMeta(meta: Omit<TaskFacts, 'values'>): TaskFacts | undefined {
  const { risk, languages, tool_permissions, security_groups } = meta;
  if (!risk && !languages && !tool_permissions && !security_groups) return undefined;
  return {
    risk: risk?.toLowerCase(),
    languages: languages?.map(lower),
    tool_permissions,
    security_groups,
    values: NONE,
  };
}

/** Of two that say something of one task: what `first` says wins, fact by fact. */
export function mergeFacts(first: TaskFacts | undefined, second: TaskFacts | undefined): TaskFacts | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return {
    risk: first.risk ?? second.risk,
    languages: first.languages ?? second.languages,
    tool_permissions: first.tool_permissions ?? second.tool_permissions,
    security_groups: first.security_groups ?? second.security_groups,
    values: new Map([...second.values, ...first.values]),
  };
}

/** The rights of a call: those of its caller, and of them only what the request says, where it says something. */
export function narrowed(rights: Rights, facts: TaskFacts | undefined): Rights {
  if (facts?.tool_permissions === undefined && facts?.security_groups === undefined) return rights;
  return {
    tool_permissions: within(rights.tool_permissions, facts.tool_permissions),
    security_groups: within(rights.security_groups, facts.security_groups),
  };
}

function within(granted: ReadonlySet<string>, said: readonly string[] | undefined): ReadonlySet<string> {
  return said === undefined ? granted : new Set(said.filter((one) => granted.has(one)));
}

const NONE: ReadonlyMap<string, FactValue> = new Map();

/** The facts that have a field go there, whatever form they came in. */
function sorted(facts: Map<string, FactValue>): TaskFacts {
  const take = (name: string): readonly string[] | undefined => {
    const value = facts.get(name);
    facts.delete(name);
    return value === undefined ? undefined : typeof value === 'object' ? value : [String(value)];
  };
  const [risk, languages] = [take('risk'), take('languages')];
  return {
    risk: risk?.[0]?.toLowerCase(),
    languages: languages?.map(lower),
    tool_permissions: take('tool_permissions'),
    security_groups: take('security_groups'),
    values: facts,
  };
}

function checkedName(name: string, say: (expected: string) => AtpError): string {
  if (ELSEWHERE.has(name)) throw say(`not say "${name}", which has a header or field of its own`);
  if (!FACT_NAME.test(name)) throw say(`name facts by ${FACT_NAME_WORDS}`);
  return name;
}

/** One value is what it looks like; several are a list of words. */
function textValue(name: string, values: readonly string[], say: (expected: string) => AtpError): FactValue {
  if (values.length > VALUES_MAX || !values.every((value) => VALUE.test(value))) {
    throw say(`have values of ${VALUE_WORDS}; "${name.slice(0, 64)}" has another`);
  }
  const [only] = values;
  if (name === 'risk' && values.length !== 1) throw say('name one risk');
  if (values.length !== 1 || only === undefined) return values;
  if (only === 'true' || only === 'false') return only === 'true';
  return numberOf(only) ?? only;
}

function jsonValue(name: string, value: JsonValue, say: (expected: string) => AtpError): FactValue {
  if (typeof value === 'boolean') return value;
  // The same numbers as in text: what is beyond them would compare as something else.
  if (typeof value === 'number') {
    if (numberOf(String(value)) === undefined) throw say('be a decimal number of at most 15 digits and 9 decimals');
    return value;
  }
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!list.every((one) => typeof one === 'string')) throw say('be text, a number, true or false, or a list of text');
  // An empty list is known to be empty: the task has no languages.
  if (list.length === 0 && name !== 'risk') return [];
  return Array.isArray(value)
    ? [textValue(name, list as string[], say)].flat().map(String)
    : textValue(name, list as string[], say);
}

function lower(text: string): string {
  return text.toLowerCase();
}

function bad(param: string, expected: string): AtpError {
  return new AtpError('invalid_request', `"${param}" must ${expected}.`, { param });
}
