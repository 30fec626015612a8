import type { Answer, AnswerChoice, ServedUsage } from '../script.ts';
import { findFrame, type Json, joined, type RenderContext, type Shape } from './shape.ts';

function tokens(pieces: readonly string[]): Json[] {
  return pieces.map((token) => ({
    token,
    logprob: -0.25,
    top_logprobs: [
      { token, logprob: -0.25 },
      { token: 'other', logprob: -1.5 },
    ],
  }));
}

function calls(choice: AnswerChoice): Json[] {
  return (choice.tools ?? []).map((tool) => ({
    function: { name: tool.name, arguments: JSON.parse(joined(tool.args) || '{}') as Json },
  }));
}

function doneOf(choice: AnswerChoice, usage: ServedUsage | undefined): Json {
  return {
    done: true,
    done_reason: choice.finish === 'length' ? 'length' : 'stop',
    total_duration: 4_883_583_458,
    ...(usage === undefined ? {} : { prompt_eval_count: usage.in_tokens, eval_count: usage.out_tokens }),
  };
}

/** Answers have no id; their time stamp is what tells them apart. */
function base(ctx: RenderContext): Json {
  const at = new Date(1_764_000_000_000 + ctx.n).toISOString();
  return { model: ctx.model, created_at: at };
}

const EMPTY: AnswerChoice = { finish: 'stop' };

function frames(answer: Answer, ctx: RenderContext): string[] {
  const choice = answer.choices[0] ?? EMPTY;
  const line = (message: Json, more: Json = { done: false }): string =>
    `${JSON.stringify({ ...base(ctx), message: { role: 'assistant', ...message }, ...more })}\n`;
  const tools = calls(choice);
  return [
    ...(choice.thinking ?? []).map((thinking) => line({ content: '', thinking })),
    ...(choice.text ?? []).map((content) =>
      line({ content }, { done: false, ...(choice.logprobs === true ? { logprobs: tokens([content]) } : {}) }),
    ),
    ...(tools.length === 0 ? [] : [line({ content: '', tool_calls: tools })]),
    line({ content: '' }, doneOf(choice, answer.usage)),
  ];
}

/** `/api/chat` (Ollama API). */
export const ollamaShape: Shape = {
  id: 'ollama',
  stream_type: 'application/x-ndjson',
  owns: (path) => path === '/api/chat',
  wantsStream: (_path, body) => body['stream'] !== false,
  plain: (answer, ctx) => {
    const choice = answer.choices[0] ?? EMPTY;
    const tools = calls(choice);
    return {
      ...base(ctx),
      message: {
        role: 'assistant',
        content: joined(choice.text),
        ...(choice.thinking === undefined ? {} : { thinking: joined(choice.thinking) }),
        ...(tools.length === 0 ? {} : { tool_calls: tools }),
      },
      ...(choice.logprobs === true ? { logprobs: tokens(choice.text ?? []) } : {}),
      ...doneOf(choice, answer.usage),
    };
  },
  frames,
  usageAt: (list) => findFrame(list, '"done":true'),
  error: (_status, message) => ({ error: message }),
};
