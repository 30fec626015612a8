import { extractText, type GenRequest } from '@atp-router/dialects';
import type { PromptSize } from '@atp-router/flow';
import { judgeQuestion, judgeWord, type ModelEntry, type RequestFacts } from '@atp-router/routing';
import type { Ambient } from '../engine/ports.ts';
import type { CallRequest, ComparableRequest } from '../engine/request.ts';
import type { CallFacts } from '../fanout/types.ts';
import { JUDGE_TENANT } from '../generation/accounts.ts';
import { ownRequest } from '../lifecycle/own-request.ts';

/** As endpoint and key in the records of its calls. */
const JUDGE = 'judge';
/** The word is a few tokens; a judge that thinks first has room for it. */
const OUT_TOKENS_MAX = 1_024;
const MESSAGES = 2;

export interface JudgeCase {
  readonly of: ComparableRequest;
  readonly facts: RequestFacts;
  readonly answer: string;
  readonly rubric: string | undefined;
  readonly nonce: string;
}

/** What came of it: how right the answer is; nothing that is in the form; or nothing. */
export type JudgeEnd =
  | { readonly kind: 'word'; readonly right: number }
  | { readonly kind: 'unread' }
  | { readonly kind: 'failed' };

/** Asks a judge what it thinks of an answer, as a call of the router's own. */
export function judgeRequest(
  { of, facts, answer, rubric, nonce }: JudgeCase,
  { id: model }: ModelEntry,
  ambient: Pick<Ambient, 'clock' | 'call_ids'>,
  onEnd: (call_id: string, end: JudgeEnd) => void,
): CallRequest {
  const questionOf = (prompt: string): ReturnType<typeof judgeQuestion> =>
    judgeQuestion({ rubric, prompt, answer, nonce });
  const texts = (): readonly string[] => Object.values(questionOf(of.promptTexts().join('\n')));
  const question = {
    ...{ tenant: JUDGE_TENANT, endpoint: JUDGE, model, why: { is_alone: true as const }, needs: ['chat'] },
    ...{ prompt: sizeOf(of.prompt, Object.values(questionOf('')).join('')), max_output_tokens: OUT_TOKENS_MAX, texts },
    request: (call: CallFacts): GenRequest => {
      const asked = of.facet.request(call);
      return askedOf(asked, questionOf(conversationOf(asked)));
    },
  };
  return ownRequest(of, question, facts, ambient, (call_id, end) => {
    if (end.kind === 'failed') onEnd(call_id, end);
    else {
      const right = judgeWord(end.said?.text ?? '', nonce);
      onEnd(call_id, right === undefined ? { kind: 'unread' } : { kind: 'word', right });
    }
  });
}

/** Nothing of the client's request but its words: neither its settings nor its tools. */
function askedOf(
  { source, model }: GenRequest,
  { system, user }: { readonly system: string; readonly user: string },
): GenRequest {
  return {
    ...{ source, model, stream: true, include_usage: true, n: 1, max_output_tokens: OUT_TOKENS_MAX },
    system: [{ type: 'text', text: system }],
    messages: [{ role: 'user', parts: [{ type: 'text', text: user }] }],
    ...{ tools: [], hosted_tools: [], stop: [], extra: {} },
  };
}

/** What was asked in words, by who said it, with the form that the answer was to have. */
function conversationOf({ system, messages, response_format: format }: GenRequest): string {
  const said = [{ role: 'system' as const, parts: system }, ...messages].flatMap(({ role, parts }) => {
    const text = extractText({ ...BARE, messages: [{ role, parts }] }).join('\n');
    return text === '' ? [] : [`[${role}]\n${text}`];
  });
  if (format?.type === 'json_object') said.push('[form]\nJSON');
  if (format?.type === 'json_schema') said.push(`[form]\nJSON of this schema: ${JSON.stringify(format.schema)}`);
  return said.join('\n\n');
}

const BARE = {
  ...{ source: 'openai-chat', model: '', stream: false, include_usage: false, n: 1 },
  ...{ system: [], messages: [], tools: [], hosted_tools: [], stop: [], extra: {} },
} as const satisfies GenRequest;

/** Of the client's prompt with what is said beside it. */
function sizeOf({ ascii_bytes, other_bytes }: PromptSize, beside: string): PromptSize {
  const bytes = Buffer.byteLength(beside);
  // A character beyond ASCII has two bytes or more, so this is no less than they are.
  const other = bytes - beside.length;
  const sum = { ascii_bytes: ascii_bytes + Math.max(0, bytes - 2 * other), other_bytes: other_bytes + 2 * other };
  return { ...sum, messages: MESSAGES, tools: 0, images: 0 };
}
