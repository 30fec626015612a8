import type { AnswerForm } from '@atp-router/consensus';

/** As the configuration writes it. */
export function formText(form: AnswerForm): string {
  if (form.kind !== 'json') return form.kind;
  return form.field === undefined ? 'json' : `json:${form.field}`;
}

export function formOf(text: string): AnswerForm {
  if (text === 'json') return { kind: 'json', field: undefined };
  if (text.startsWith('json:')) return { kind: 'json', field: text.slice('json:'.length) };
  return { kind: text === 'choice' || text === 'number' || text === 'text' ? text : 'auto' };
}

/** Whether answers that are not equal cannot both be right. Two texts may say the same in other words. */
export function isExact(text: string): boolean {
  return text === 'choice' || text === 'number' || text.startsWith('json:');
}
