import { AtpError, type JsonObject, type Qos } from '@atp-router/kernel';
import { factsOfObject, factsOfText, type TaskFacts } from '@atp-router/routing';
import { badField, Fields } from '../admin/fields.ts';
import type { PolicyQuestion } from './policy-view.ts';

const KEYS: readonly string[] = [
  'model',
  'tenant',
  'key',
  'qos',
  'task_type',
  'data_scope',
  'facts',
  'in_tokens',
  'out_tokens',
];
const TIERS: readonly Qos[] = ['gold', 'silver', 'bronze'];
const NAME_CHARS_MAX = 512;
const SCOPES_MAX = 16;
const TOKENS_MAX = 10_000_000;
/** A page of text, and an answer of half of it; said wherever it counts. */
export const ASSUMED: { readonly in_tokens: number; readonly out_tokens: number } = {
  in_tokens: 1_000,
  out_tokens: 500,
};

/**
 * A request as an object: `model` (else `auto`), `tenant`, `key`, `qos`, `task_type`, `data_scope` (a name or a list), `facts` (an
 * object, or text as in the header), `in_tokens` and `out_tokens`. Throws `invalid_request` that names the field.
 */
export function questionOf(body: JsonObject): PolicyQuestion {
  const fields = new Fields(body, KEYS);
  return {
    model: fields.text('model', NAME_CHARS_MAX) ?? 'auto',
    tenant: fields.name('tenant'),
    key: fields.name('key'),
    qos: fields.oneOf('qos', TIERS),
    task_type: fields.text('task_type', 128),
    data_scopes: scopesOf(body),
    facts: factsOf(body),
    in_tokens: tokens(body, 'in_tokens'),
    out_tokens: tokens(body, 'out_tokens'),
  };
}

function factsOf({ facts }: JsonObject): TaskFacts | undefined {
  if (facts === undefined || facts === null) return undefined;
  if (typeof facts === 'string') return factsOfText(facts, 'facts');
  if (typeof facts !== 'object' || Array.isArray(facts))
    throw badField('facts', 'an object, or text such as "diff_loc=180; risk=high"');
  return factsOfObject(facts as JsonObject, 'facts');
}

function scopesOf({ data_scope = [] }: JsonObject): readonly string[] {
  const list: readonly unknown[] = Array.isArray(data_scope) ? data_scope : [data_scope];
  const words = list.filter((one): one is string => typeof one === 'string');
  if (words.length === list.length && words.length <= SCOPES_MAX) return words;
  throw badField('data_scope', `a name, or a list of up to ${SCOPES_MAX} names`);
}

function tokens(body: JsonObject, name: 'in_tokens' | 'out_tokens'): number {
  const value = body[name] ?? ASSUMED[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= TOKENS_MAX) return value;
  throw new AtpError('invalid_request', `The field "${name}" must be an integer from 0 to ${TOKENS_MAX}.`, {
    param: name,
  });
}
