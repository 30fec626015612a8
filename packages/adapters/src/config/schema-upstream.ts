import { HOSTED_TOOL_PRICES_AS_OF, PROVIDER_KINDS } from '@atp-router/providers';
import { z } from 'zod';
import { agentProviderSchema } from './schema-agent.ts';
import { powerSchema, pueSchema, regionSchema } from './schema-carbon.ts';
import {
  headers,
  httpUrl,
  int,
  millis,
  modelName,
  name,
  perUse,
  price,
  ratio,
  secret,
  text,
  typed,
} from './schema-parts.ts';
import { partWindow, tokenWindow } from './schema-flow.ts';
import type { BreakerConfig, ModelConfig, ProviderConfig, ReadinessConfig, RetryConfig, SimConfig } from './types.ts';

const retry: z.ZodType<RetryConfig> = typed<RetryConfig>()(
  z.strictObject({
    max_attempts: int(1, 10, 'Tries of one request at this provider, the first included; 1 turns retries off.').default(
      3,
    ),
    base_ms: millis(1, 'First back-off, in milliseconds; it doubles with each try, with full jitter.').default(250),
    cap_ms: millis(1, 'Longest back-off, in milliseconds. A longer `retry-after` ends the retries.').default(8_000),
  }),
);

const breaker: z.ZodType<BreakerConfig> = typed<BreakerConfig>()(
  z.strictObject({
    failure_ratio: ratio('Share of failed calls in the window that opens the circuit.').default(0.5),
    min_calls: int(
      1,
      100_000,
      'Calls that the window must hold before the ratio counts; five failures in a row open the circuit in any case.',
    ).default(20),
    window_ms: millis(1_000, 'Length of the sliding window, in milliseconds.').default(30_000),
    open_ms: millis(100, 'Time without traffic before probes are let through, in milliseconds.').default(10_000),
    half_open_probes: int(
      1,
      100,
      'Probes in flight at once while half open; the first that succeeds closes the circuit.',
    ).default(2),
  }),
);

const readiness: z.ZodType<ReadinessConfig> = typed<ReadinessConfig>()(
  z.strictObject({
    p95_ms: millis(
      1,
      'The provider is passed over while its p95 time to the first byte, in milliseconds, is above this. Absent: no gate.',
    ).optional(),
    error_rate: ratio(
      'The provider is passed over while its share of failed calls is above this. Absent: no gate.',
    ).optional(),
  }),
);

function simPrices(what: string): z.ZodType<{ p50: number; p95: number }> {
  return z
    .strictObject({
      p50: price(`Median over models, in US dollars per million ${what} tokens.`),
      p95: price(`95th percentile over models, in US dollars per million ${what} tokens.`),
    })
    .meta({ description: `Price of ${what} tokens.` });
}

/** Behaviour of a simulated provider. */
export const simSchema: z.ZodType<SimConfig> = typed<SimConfig>()(
  z.strictObject({
    seed: int(0, 4_294_967_295, 'Seed of every draw: the same seed and requests give the same answers.').default(1),
    latency_ms: z
      .strictObject({
        p50: millis(0, 'Median time to the first token, in milliseconds.').default(40),
        p95: millis(0, '95th percentile of the time to the first token, in milliseconds.').default(120),
      })
      .prefault({})
      .meta({ description: 'Time to the first token.' }),
    chunk_ms: millis(0, 'Time between two streamed chunks, in milliseconds.').default(5),
    out_tokens: z
      .strictObject({
        p50: int(1, 1_000_000, 'Median length of an answer, in tokens.').default(60),
        p95: int(1, 1_000_000, '95th percentile of the length of an answer, in tokens.').default(200),
      })
      .prefault({})
      .meta({ description: 'Length of an answer.' }),
    error_rate: ratio('Share of calls answered with an error.').default(0),
    stall_rate: ratio('Share of streams that fall silent and never end.').default(0),
    cut_rate: ratio('Share of streams whose connection ends before the answer does.').default(0),
    quality: ratio('Share of answers marked as correct, for tests of routing.').default(0.8),
    prices: z
      .strictObject({
        in_usd_per_mtok: simPrices('input'),
        out_usd_per_mtok: simPrices('output'),
      })
      .optional()
      .meta({
        description:
          'Prices of the models of this provider that have none of their own: each model gets one, drawn from the seed and its name. Absent: such models have no price.',
      }),
  }),
);

/** One upstream endpoint. */
export const providerSchema: z.ZodType<ProviderConfig> = typed<ProviderConfig>()(
  z.strictObject({
    id: name('Name of the provider; breakers, limits and metrics are kept under it across reloads.'),
    type: z.enum(PROVIDER_KINDS).meta({
      description:
        'What the endpoint speaks. Any OpenAI-compatible server (vLLM, llama.cpp, LM Studio and the like) is `openai` with its `base_url`; `sim` invents answers and says so in each; `agent` is no endpoint but the agents that dial in.',
    }),
    api: z.enum(['chat', 'responses']).optional().meta({
      description: 'Only for `type: openai`: which API is called, chat completions (the default) or responses.',
    }),
    max_tokens_field: z.enum(['max_tokens', 'max_completion_tokens']).optional().meta({
      description:
        "Only for `type: openai`: how chat completions limit the output there. Default: `max_completion_tokens` at OpenAI and Azure, `max_tokens` elsewhere. A client's own field is passed on as it is.",
    }),
    send_context: z.boolean().optional().meta({
      description:
        "Only for `type: ollama`: ask the server to make room for a model's `context` (`num_ctx`). Default: true; false leaves it to the server's own setting, where longer prompts fail.",
    }),
    base_url: httpUrl(
      "Address as the vendor's own SDK takes it: with `/v1` for `openai`, without a version for `anthropic`, `gemini` and `ollama`. Default: the vendor's own, `http://127.0.0.1:11434` for `ollama`. Not for `sim` and `agent`.",
    ).optional(),
    api_key: secret(
      "Key sent to the provider. Required for `openai`, `anthropic` and `gemini` at the vendor's own address; write it as `${ENV}` or `${file:path}`.",
    ).optional(),
    headers: headers('Extra headers sent with each request, up to 32. Names that frame the message are refused.'),
    allow_any_model: z.boolean().default(false).meta({
      description:
        'Also route `<provider id>/<upstream model>` for models that are not listed. Such a model is unpriced: it is refused wherever a budget in money applies.',
    }),
    connect_timeout_ms: millis(1, 'Time to connect, TLS included, in milliseconds.').default(5_000),
    head_timeout_ms: millis(
      1,
      'Time from the request to the response head, in milliseconds. Long, because a plain answer starts only when it is complete.',
    ).default(300_000),
    idle_timeout_ms: millis(1, 'Longest silence inside a response, in milliseconds.').default(60_000),
    cache_ttl_s: int(
      0,
      86_400,
      'How long its prompt cache keeps what is not used, in seconds: five minutes at the large vendors, longer where a server of your own only gives way to what is newer. 0: it has none. It is believed in for less where expected hits do not come.',
    ).default(300),
    max_connections: int(1, 65_535, 'Sockets kept to this provider.').default(256),
    max_concurrency: int(
      1,
      65_535,
      'Attempts in flight at this provider, over all its models; more wait in the queue.',
    ).default(256),
    max_queue: int(0, 1_000_000, 'Attempts that may wait for a place; beyond it the next candidate is tried.').default(
      1_024,
    ),
    queue_timeout_ms: millis(1, 'Longest wait for a place, in milliseconds.').default(10_000),
    window: tokenWindow
      .prefault({})
      .meta({ description: 'What may be in flight at once at this provider beside `max_concurrency`.' }),
    retry: retry.prefault({}).meta({
      description: 'Retries of the same model at this provider, never after the first byte reached the client.',
    }),
    breaker: breaker.prefault({}).meta({ description: 'Circuit breaker, one for each model of the provider.' }),
    readiness: readiness.prefault({}).meta({ description: 'Gates that pass over a slow or failing provider.' }),
    pue: pueSchema,
    region: regionSchema,
    sim: simSchema.optional().meta({ description: 'Only for `type: sim`: what the simulated provider does.' }),
    agent: agentProviderSchema.optional().meta({
      description: 'Only for `type: agent`: whose agents are taken, and for whom they work.',
    }),
  }),
);

const price_object = z.strictObject({
  in_usd_per_mtok: price('Input tokens, US dollars per million.'),
  out_usd_per_mtok: price('Output tokens, US dollars per million.'),
  cached_in_usd_per_mtok: price('Input tokens read from the prompt cache. Absent: as input.').optional(),
  cache_write_usd_per_mtok: price(
    'Input tokens written to the prompt cache, one price for each lifetime: Anthropic charges an hour 1.6 times as much as five minutes, so give the dearer one where clients ask for it. Absent: as input.',
  ).optional(),
  reasoning_usd_per_mtok: price('Reasoning tokens. Absent: as output.').optional(),
  per_request_usd: z
    .number()
    .min(0)
    .max(1_000)
    .default(0)
    .meta({ description: 'Fee of each billed attempt, US dollars.' }),
  tools: z
    .strictObject({
      web_search: perUse('A search of the web: Anthropic, OpenAI. Any version of the tool.'),
      web_search_preview: perUse("A search by OpenAI's older tool."),
      web_fetch: perUse('A page that Anthropic fetched.'),
      file_search: perUse('A search in files at OpenAI.'),
      code_interpreter: perUse('A run of code at OpenAI.'),
      google_search: perUse('A prompt that Gemini grounded in a search.'),
      google_search_retrieval: perUse("A prompt that Gemini's older tool grounded."),
    })
    .optional()
    .meta({
      description: `What one use of a tool that runs at the provider costs, in dollars. A tool without a price here costs the vendor's list price of ${HOSTED_TOOL_PRICES_AS_OF} (see Money above), else nothing.`,
    }),
});

const untranslatable = z.enum(['reject', 'drop']);

/** One model that clients may name. */
export const modelSchema: z.ZodType<ModelConfig> = typed<ModelConfig>()(
  z.strictObject({
    id: modelName('Name that clients use. Not `auto`, and not starting with `policy:` or `persona:`.'),
    provider: name('Id of the provider that serves it.'),
    upstream_model: text(256, { description: 'Name of the model at the provider. Default: `id`.' }).optional(),
    context: int(1, 10_000_000, 'Context window, input and output together, in tokens.'),
    max_output_tokens: int(1, 10_000_000, 'Longest answer, in tokens. Absent: bounded by the context only.').optional(),
    capabilities: z
      .array(
        z.enum([
          'chat',
          'tools',
          'vision',
          'audio',
          'documents',
          'json_mode',
          'json_schema',
          'reasoning',
          'logprobs',
          'embeddings',
        ]),
      )
      .min(1)
      .max(10)
      .default(['chat'])
      .meta({
        description:
          'What the model can do; a request that needs more is not routed to it. `vision` is images, `documents` files such as PDF, `json_mode` answers that are any JSON, `json_schema` answers that fit a schema, `reasoning` a request with thinking or a reasoning effort.',
      }),
    price: price_object.optional().meta({
      description:
        'What the provider charges. Absent: the model is unpriced, and refused wherever a budget in money applies. Write zeros for a model that costs nothing.',
    }),
    power: powerSchema.optional().meta({
      description:
        'Energy of its tokens. Absent: as its signed manifest says; without one nothing is known, and no energy is told.',
    }),
    safety_grade: z.enum(['A', 'B', 'C', 'D']).default('D').meta({
      description: "The operator's grade, A best. Default D, not assessed: no policy that asks for a grade picks it.",
    }),
    status: z.enum(['active', 'shadow', 'fallback', 'deprecated']).default('active').meta({
      description:
        '`active`: routed. `shadow`: asked beside those that answer clients, and compared with them; never an answer (`shadow`). `fallback`: only when named, or in a fallback chain. `deprecated`: only when named, with a warning header. What was changed at run time goes before it (`atp models`).',
    }),
    data_scopes: z
      .array(name('A data scope.'))
      .min(1)
      .max(64)
      .optional()
      .meta({ description: 'Data scopes that the model may see, also on fallback. Absent: not restricted.' }),
    regions: z
      .array(name('A region.'))
      .max(64)
      .default([])
      .meta({ description: 'Where the model runs; shown in the registry.' }),
    expected_latency_ms: millis(1, 'Usual time to the first token, in milliseconds; used until measured.').optional(),
    expected_quality: z.number().min(0).max(1).optional().meta({
      description:
        'Share of answers that are right before anything was learned, such as its score in a benchmark of tasks like yours. `auto` begins with it; what is learned soon outweighs it. Absent: who is dearer is taken to be a little better.',
    }),
    on_untranslatable: z
      .union([untranslatable, z.record(text(64, { description: 'A request field.' }), untranslatable)])
      .default('reject')
      .meta({
        description:
          'What to do with a request field that the provider cannot express: refuse the request (`reject`) or leave the field out (`drop`). One word for all fields, or a mapping of field names to words; unnamed fields are rejected.',
        expected: 'reject, drop, or a mapping of request fields to reject or drop',
      }),
    max_concurrency: int(1, 65_535, 'Attempts in flight at this model. Absent: only the provider limits.').optional(),
    max_queue: int(
      0,
      1_000_000,
      'Attempts that may wait for this model, where it has a `max_concurrency`. Absent: as the provider.',
    ).optional(),
    window: partWindow.prefault({}).meta({
      description:
        'What may be in flight at once under this name. `max_concurrency` counts for all names of one upstream model.',
    }),
  }),
);
