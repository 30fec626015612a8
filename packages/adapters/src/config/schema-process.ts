import { DEFAULT_LIMITS, type Limits } from '@atp-router/kernel';
import { z } from 'zod';
import {
  atStart,
  headers,
  httpUrl,
  int,
  keyPrefix,
  millis,
  ratio,
  sealKey,
  serverCa,
  serverUrl,
  text,
  typed,
} from './schema-parts.ts';
import type {
  IdempotencyConfig,
  JournalConfig,
  ListenConfig,
  ShutdownConfig,
  StoreConfig,
  TelemetryConfig,
} from './types.ts';
import type { SessionsConfig, SessionStoreConfig } from './types-sessions.ts';

const tls = z.strictObject({
  cert: text(262_144, { description: 'Certificate chain: path of a PEM file, or the PEM text.', restart: true }),
  key: text(262_144, {
    description: 'Private key: path of a PEM file, or the PEM text.',
    writeOnly: true,
    restart: true,
  }),
  client_ca: text(1_048_576, {
    description:
      'CA for client certificates, path or PEM text. Present: a client without a valid certificate is refused.',
    restart: true,
  }).optional(),
});

/** Where clients connect. */
export const listenSchema: z.ZodType<ListenConfig> = typed<ListenConfig>()(
  z.strictObject({
    host: text(255, {
      description:
        'Address to listen on. `127.0.0.1` keeps the router on this machine; `0.0.0.0` and `::` open it to all networks.',
      restart: true,
    }).default('127.0.0.1'),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .default(7443)
      .meta({ description: 'TCP port; 0 takes a free one.', restart: true }),
    tls: tls.optional().meta({ description: 'Serve HTTPS. Absent: plain HTTP.' }),
  }),
);

/** Bounds of the data plane; the defaults and their reasons are the kernel's. */
export const limitsSchema: z.ZodType<Limits> = typed<Limits>()(
  z.strictObject({
    body_bytes: int(1_024, 1_073_741_824, 'Request body, in bytes.').default(DEFAULT_LIMITS.body_bytes),
    header_bytes: atStart(int(1_024, 1_048_576, 'All request headers together, in bytes.')).default(
      DEFAULT_LIMITS.header_bytes,
    ),
    json_depth: int(4, 1_000, 'Nesting of request JSON.').default(DEFAULT_LIMITS.json_depth),
    json_values: int(
      1_000,
      100_000_000,
      'Elements and twice the fields of request JSON. Reading very many stops the process.',
    ).default(DEFAULT_LIMITS.json_values),
    messages: int(1, 1_000_000, 'Messages in one request.').default(DEFAULT_LIMITS.messages),
    tools: int(0, 10_000, 'Tools in one request.').default(DEFAULT_LIMITS.tools),
    frame_bytes: int(1_024, 1_073_741_824, 'One streamed event or line of an upstream, in bytes.').default(
      DEFAULT_LIMITS.frame_bytes,
    ),
    answer_bytes: int(1_024, 4_294_967_296, 'One plain upstream answer, in bytes.').default(
      DEFAULT_LIMITS.answer_bytes,
    ),
    stream_bytes: int(1_024, 1_099_511_627_776, 'One streamed answer, in bytes.').default(DEFAULT_LIMITS.stream_bytes),
    stream_duration_ms: millis(1_000, 'Longest answer, streamed or whole, in milliseconds.').default(
      DEFAULT_LIMITS.stream_duration_ms,
    ),
    idle_ms: millis(1_000, 'Longest silence of a client or upstream inside a call, in milliseconds.').default(
      DEFAULT_LIMITS.idle_ms,
    ),
    body_duration_ms: millis(1_000, 'Longest time that a request body may take to arrive, in milliseconds.').default(
      DEFAULT_LIMITS.body_duration_ms,
    ),
    keep_alive_ms: int(
      0,
      86_400_000,
      'Silence in a stream to a client after which comments keep it alive, in milliseconds; 0: never.',
    ).default(DEFAULT_LIMITS.keep_alive_ms),
    relay_high_water_bytes: atStart(
      int(1_024, 1_073_741_824, 'Bytes that wait for a slow client before the upstream is paused.'),
    ).default(DEFAULT_LIMITS.relay_high_water_bytes),
    hold_back_bytes: int(0, 1_073_741_824, 'Bytes of a stream that a stage may keep back.').default(
      DEFAULT_LIMITS.hold_back_bytes,
    ),
    calls_in_flight: int(1, 1_000_000, 'Calls in flight in the whole process; more are refused.').default(
      DEFAULT_LIMITS.calls_in_flight,
    ),
  }),
);

/** The journal of record. */
export const journalSchema: z.ZodType<JournalConfig> = typed<JournalConfig>()(
  z.strictObject({
    fsync: z.enum(['always', 'interval', 'never']).default('interval').meta({
      description:
        'When records reach the disk. `write(2)` always comes before the last byte of an answer, so a killed process loses nothing; this setting is about power loss. `always`: before each answer ends. `interval`: in groups. `never`: left to the system.',
      restart: true,
    }),
    fsync_interval_ms: atStart(
      int(1, 60_000, 'For `interval`: most milliseconds of records that power loss can take.'),
    ).default(50),
    segment_bytes: atStart(int(1_048_576, 4_294_967_296, 'Size at which a new file is begun, in bytes.')).default(
      67_108_864,
    ),
    retain_days: atStart(int(0, 36_500, 'Days that projected segments are kept; 0 keeps them for ever.')).default(400),
  }),
);

/** Where the projections live, and the state that routers share. The journal is always a file in `data_dir`. */
export const storeSchema: z.ZodType<StoreConfig> = typed<StoreConfig>()(
  z.strictObject({
    type: z.enum(['sqlite', 'postgres']).default('sqlite').meta({
      description:
        '`sqlite`: embedded, in `data_dir`. `postgres`: a server; routers with the same one share daily budgets and idempotency keys.',
      restart: true,
    }),
    url: z
      .string()
      .max(2_048)
      .regex(/^postgres(ql)?:\/\/\S+$/)
      .optional()
      .meta({
        description: 'Only for `postgres`, and required there: the connection string.',
        expected: 'postgres://user:password@host:port/database',
        writeOnly: true,
        restart: true,
      }),
    seal_key: sealKey(
      'Only for `postgres`: the key that stored outcomes are encrypted with, the same at all routers that share the database (`openssl rand -hex 32`). Absent: each router has its own in `data_dir`, and answers 409 where another one answered first.',
    ).optional(),
  }),
);

/** Where sessions are kept: docs/operations/sessions.md. */
const sessionStore: z.ZodType<SessionStoreConfig> = typed<SessionStoreConfig>()(
  z.strictObject({
    type: z.enum(['sqlite', 'valkey']).default('sqlite').meta({
      description:
        '`sqlite`: a file in `data_dir`; a client resumes at this router. `valkey`: a server of Valkey (from 7.2) or Redis (from 7.0); a client resumes at any router that uses the same one.',
      restart: true,
    }),
    url: serverUrl('Only for `valkey`, and required there: the address of the server; `rediss` is TLS.').optional(),
    ca: serverCa(
      'Only for `valkey`: PEM text of the CA of its certificate, as `${file:…}`. Absent: those that Node trusts.',
    ).optional(),
    seal_key: sealKey(
      'Only for `valkey`, and required there: the key that sessions are encrypted with, the same at all routers that share the server (`openssl rand -hex 32`).',
    ).optional(),
    prefix: keyPrefix(
      'Only for `valkey`: begins all keys, so that groups of routers may share a server. Absent: `atp`. The same at all routers of a group.',
    ).optional(),
    wait_replicas: atStart(
      int(
        0,
        16,
        'Only for `valkey`: replicas that have to have what was saved before it is acknowledged (WAIT). Absent: 0.',
      ),
    ).optional(),
  }),
);

/** Sessions of the Agent Transport Protocol: docs/protocol/atp-sessions.md. */
export const sessionsSchema: z.ZodType<SessionsConfig> = typed<SessionsConfig>()(
  z.strictObject({
    keep: z.boolean().default(true).meta({
      description:
        'Whether sessions outlive the process: a client resumes at the restarted router, and nothing is lost or done twice. They are in `store`, encrypted.',
      restart: true,
    }),
    store: sessionStore.prefault({}).meta({
      description:
        'Where they are kept. With `sqlite`, `journal.fsync` says whether they outlive a power loss as well; with `valkey`, the persistence of the server does.',
    }),
    max_sessions: atStart(
      int(1, 1_000_000, 'Sessions, with and without a connection; more are refused with EWINDOW.'),
    ).default(32_768),
    max_sessions_per_tenant: atStart(int(1, 1_000_000, 'As `max_sessions`, of one tenant.')).default(16_384),
    checksums: z.boolean().default(false).meta({
      description:
        'Whether a client that asks for it gets a checksum on every frame, and gives one. TLS and TCP protect the way already; it costs a SHA-256 of each frame at both ends. A checksum that a frame has is checked in any case.',
      restart: true,
    }),
    max_kept_bytes_per_tenant: atStart(
      int(
        1_048_576,
        1_073_741_824,
        'Bytes that the sessions of one tenant keep for a router that follows, of 1 GiB for all; the session that needs more ends with EWINDOW. Half, so that one tenant cannot fill the store for all.',
      ),
    ).default(536_870_912),
    max_http_connections_per_tenant: atStart(
      int(
        1,
        4_096,
        'Connections of one tenant over plain HTTP (`/v1/streams`), of 4,096 for all; more are refused with 503. Half, so that one tenant does not take the places of all.',
      ),
    ).default(2_048),
    allowed_origins: z
      .array(
        z
          .string()
          .max(2_048)
          .regex(/^(\*|[a-z][a-z0-9+.-]*:\/\/[^\s/]+)$/)
          .meta({ description: 'An origin without a path, or `*`.', expected: 'https://app.example' }),
      )
      .max(256)
      .default([])
      .meta({
        description:
          'Origins whose pages may open a WebSocket, as browsers write them (`https://app.example`), or `*`. Pages of the router itself always may.',
      }),
    max_agents: int(1, 100_000, 'Agents that are connected or may come back; a further one is refused.').default(1_024),
    max_agents_per_tenant: int(1, 100_000, 'As `max_agents`, of one tenant.').default(64),
  }),
);

/** Stored outcomes of requests with an idempotency key. */
export const idempotencySchema: z.ZodType<IdempotencyConfig> = typed<IdempotencyConfig>()(
  z.strictObject({
    ttl_ms: int(1_000, 2_592_000_000, 'How long an outcome is kept, in milliseconds.').default(86_400_000),
    max_entries: int(1, 10_000_000, 'Outcomes kept; the oldest finished one goes first.').default(10_000),
    // As text, encrypted and in base64, it has to fit into one journal record of 8,388,608 characters.
    max_body_bytes: int(
      1_024,
      6_000_000,
      'Largest outcome kept, in bytes; of a larger one only the record is kept.',
    ).default(1_048_576),
  }),
);

const otlp = z.strictObject({
  endpoint: atStart(httpUrl('Address of the collector, for example `http://127.0.0.1:4318/v1/traces`.')),
  headers: atStart(headers('Headers sent to the collector.')),
  sample_ratio: atStart(
    ratio('Share of calls that are traced, when the caller did not decide it by `traceparent`.'),
  ).default(0.1),
});

export const telemetrySchema: z.ZodType<TelemetryConfig> = typed<TelemetryConfig>()(
  z.strictObject({
    otlp: otlp.optional().meta({ description: 'Export of traces by OTLP over HTTP. Absent: none.' }),
    log_level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info')
      .meta({ description: 'Least severe log line that is written.' }),
  }),
);

export const shutdownSchema: z.ZodType<ShutdownConfig> = typed<ShutdownConfig>()(
  z.strictObject({
    grace_ms: int(0, 3_600_000, 'Time that running calls have to finish after SIGTERM, in milliseconds.').default(
      30_000,
    ),
  }),
);
