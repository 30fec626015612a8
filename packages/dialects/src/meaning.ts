import type { JsonValue } from '@atp-router/kernel';
import type { DialectId } from './model.ts';

/** What leaving a value out amounts to; a reason where the answer would be another one. */
export type Meaning = 'hint' | 'nothing' | { readonly reason: string };

type Rule = (value: JsonValue) => Meaning;

const own: Rule = () => ({ reason: 'only providers of its own shape know it.' });

/** Text is what every shape answers with. */
const modalities: Rule = (value) => {
  const is_text = Array.isArray(value) && value.every((one) => one === 'text');
  return is_text ? 'nothing' : { reason: 'it asks for more than text, which only providers of its own shape know.' };
};

const servers: Rule = (value) => (Array.isArray(value) && value.length === 0 ? 'nothing' : own(value));

/** Fields that the internal model has no place for, and that another shape cannot do without. All others are hints. */
const RULES: Readonly<Partial<Record<DialectId, ReadonlyMap<string, Rule>>>> = {
  'openai-chat': new Map([
    ['modalities', modalities],
    ['audio', own],
    ['functions', own],
    ['function_call', own],
    ['tool_choice', own],
  ]),
  'openai-responses': new Map([
    ['max_tool_calls', own],
    ['prompt', own],
    ['tool_choice', own],
  ]),
  'anthropic-messages': new Map([
    ['mcp_servers', servers],
    ['container', own],
  ]),
  ask: new Map([['tool_choice', own]]),
};

export function meaningOf(source: DialectId, field: string, value: JsonValue | undefined): Meaning {
  const rule = RULES[source]?.get(field);
  if (rule === undefined) return 'hint';
  return value === undefined || value === null ? 'nothing' : rule(value);
}
