import {
  anyObject,
  bool,
  enums,
  int,
  list,
  num,
  object,
  type OpenApiFragment,
  oneOf,
  operation,
  orNull,
  ref,
  str,
  tagged,
} from '../openapi/fragment.ts';
import { ERROR_CODE_SCHEMA, ERROR_ORIGIN_SCHEMA } from '../openapi/shared.ts';

const TOKEN = { pattern: '^[A-Za-z0-9._:-]{1,128}$' };
const TARGET = object({ model: str(), provider: str() }, ['model', 'provider']);
const ROUTE = {
  primary: TARGET,
  escalation: list(TARGET, 'Tried in this order when the primary fails.'),
  why: list(str()),
  expected_cost_usd_micros: list(num(), 'Lower and upper bound.', { minItems: 2, maxItems: 2 }),
  expected_p95_ms: num(),
};
const ROUTE_NEEDS: readonly string[] = ['primary', 'escalation', 'why', 'expected_cost_usd_micros'];
const ANSWER = {
  id: str(),
  model: str('The model that answered.'),
  created_s: int('Unix seconds.'),
  text: str('All text of the answer.'),
  parts: list(ref('AskPart'), 'Present when there is more than text.'),
  finish: enums(['stop', 'length', 'tool_calls', 'content_filter', 'pause', 'error']),
  usage: orNull(ref('AskUsage')),
  cost_usd_micros: orNull(int('Billed cost of all attempts in millionths of a US dollar.')),
  route: orNull(ref('AskRoute')),
  atp: ref('AtpField'),
};
const ANSWER_NEEDS: readonly string[] = ['id', 'model', 'text', 'finish', 'usage', 'cost_usd_micros', 'route'];

/** The router's own shape; `docs/protocol/ask.md` explains it. */
export const askFragment: OpenApiFragment = {
  tags: [{ name: 'ask', description: "The router's own shape: one question, the plan, one answer and its cost." }],
  paths: {
    '/v1/ask': {
      post: operation({
        id: 'ask',
        tag: 'ask',
        summary: 'Answer a question, and say how it was routed and what it cost.',
        request: { schema: 'AskRequest', example: { prompt: 'Say hello.', max_usd: 0.01 } },
        answer: 'AskAnswer',
        event: 'AskEvent',
        error: 'AskError',
        is_call: true,
      }),
    },
  },
  schemas: {
    AskRequest: {
      ...object({
        model: str('Model id, agent id, `policy:<id>` or `auto`.', { default: 'auto' }),
        prompt: str('One user message.'),
        messages: list(ref('ChatMessage'), 'A conversation, as in Chat Completions.', { minItems: 1 }),
        system: str('Put before the system text of `messages`.'),
        stream: bool(),
        max_output_tokens: int('Limit of the answer, thinking included.', { minimum: 1 }),
        temperature: num(),
        top_p: num(),
        stop: oneOf([str(), list(str())]),
        seed: int(),
        response_format: ref('ChatResponseFormat'),
        tools: list(ref('ChatTool')),
        tool_choice: oneOf([enums(['auto', 'none', 'required']), anyObject('As in Chat Completions.')]),
        parallel_tool_calls: bool(),
        reasoning_effort: enums(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']),
        user: str('A hint.'),
        metadata: anyObject('A hint.'),
        task_type: str('Chooses the policy.', TOKEN),
        qos: enums(['gold', 'silver', 'bronze'], "Service tier, never better than the tenant's."),
        data_scope: oneOf([str(undefined, TOKEN), list(str(undefined, TOKEN), undefined, { maxItems: 16 })]),
        facts: anyObject(
          'What policies match beside the task type: text, numbers, booleans and lists of text by name, such as `{"diff_loc": 180, "risk": "high"}`.',
        ),
        max_usd: num('The most that this call may cost, in US dollars.', { minimum: 0 }),
        quality: {
          description:
            'How good an answer is wanted, where `auto` chooses: `fast`, `balanced`, `high`, or what a right answer in place of a wrong one is worth in US dollars. Absent: as the configuration says.',
          anyOf: [{ enum: ['fast', 'balanced', 'high'] }, { type: 'number', exclusiveMinimum: 0, maximum: 1_000 }],
        },
        deadline_ms: int('Milliseconds until the answer is of no more use.', { minimum: 1, maximum: 86_400_000 }),
      }),
      oneOf: [{ required: ['prompt'] }, { required: ['messages'] }],
    },
    AskRoute: object(ROUTE, ROUTE_NEEDS, 'What the router means to do.'),
    AskUsage: object(
      {
        in_tokens: int('Cached and cache-written ones included.'),
        out_tokens: int('Reasoning included.'),
        cached_in_tokens: int(),
        cache_write_tokens: int(),
        reasoning_tokens: int(),
      },
      ['in_tokens', 'out_tokens'],
    ),
    AskPart: oneOf([
      tagged('text', { text: str() }, ['text']),
      tagged('refusal', { text: str() }, ['text']),
      tagged('thinking', { text: str() }, ['text']),
      tagged('tool_call', { id: str(), name: str(), args_json: str('JSON as the model wrote it.') }, [
        'id',
        'name',
        'args_json',
      ]),
    ]),
    AskAnswer: object(ANSWER, ANSWER_NEEDS),
    AskEvent: oneOf(
      [
        tagged('plan', ROUTE, ROUTE_NEEDS),
        tagged(
          'chunk',
          {
            choice: int(),
            kind: str('`text`, `thinking`, `refusal`, `tool_call`, `tool_args`; more may come.'),
            delta: str(),
            index: int(),
            id: str(),
            name: str(),
          },
          ['choice', 'kind'],
        ),
        tagged('final', ANSWER, ANSWER_NEEDS),
        tagged('error', { error: ref('AskErrorDetail') }, ['error']),
      ],
      'The data of one named event. Unknown events have to be ignored.',
    ),
    AskErrorDetail: object(
      {
        code: ERROR_CODE_SCHEMA,
        wire: str('Code that ATP endpoints use for it.'),
        message: str('What is wrong, where, and what to do.'),
        param: orNull(str('The field or header at fault.')),
        origin: ERROR_ORIGIN_SCHEMA,
        retry_after_ms: orNull(int()),
        request_id: str(),
      },
      ['code', 'wire', 'message', 'param', 'origin', 'retry_after_ms', 'request_id'],
    ),
    AskError: object({ error: ref('AskErrorDetail') }, ['error']),
  },
};
