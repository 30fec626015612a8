import { testFaults } from './faults.ts';
import { append } from './support.ts';

testFaults('the store of sessions', [
  {
    why: 'a server of sessions without its key',
    text: append('sessions: { store: { type: valkey, url: "redis://h" } }'),
    at: ['10:20 sessions.store.seal_key'],
    message: /"seal_key" is missing/,
  },
  {
    why: 'a server of sessions without its address',
    text: append(`sessions: { store: { type: valkey, seal_key: ${'0f'.repeat(32)} } }`),
    at: ['10:20 sessions.store.url'],
    message: /"url" is missing/,
  },
  {
    why: 'a key of a server of sessions without one',
    text: append('sessions: { store: { prefix: mine } }'),
    at: ['10:22 sessions.store.prefix'],
    message: /"prefix" belongs to type valkey only/,
  },
  ...['h/1?tls=0', 'h/name', 'u%ZZ:p@h', 'h#x'].map((rest) => ({
    why: `an address of a server of sessions that is none: ${rest}`,
    text: append(`sessions: { store: { type: valkey, url: "redis://${rest}", seal_key: ${'0f'.repeat(32)} } }`),
    at: ['10:41 sessions.store.url'],
    message: /^"url" is not an address of a server$/,
  })),
  {
    why: 'a CA where there is no TLS',
    text: append(`sessions: { store: { type: valkey, url: "redis://h", ca: x, seal_key: ${'0f'.repeat(32)} } }`),
    at: ['10:58 sessions.store.ca'],
    message: /"ca" is for TLS/,
  },
  {
    why: 'a server for sessions that are not kept',
    text: append(`sessions: { keep: false, store: { type: valkey, url: "redis://h", seal_key: ${'0f'.repeat(32)} } }`),
    at: ['10:19 sessions.keep'],
    message: /nothing is kept in "store"/,
  },
]);

testFaults('machines that share limits', [
  {
    why: 'a cluster without its server',
    text: append('cluster: { type: valkey }'),
    at: ['10:10 cluster.url'],
    message: /"url" is missing/,
  },
  {
    why: 'an address of a cluster that is none',
    text: append('cluster: { type: valkey, url: "redis://h#x" }'),
    at: ['10:31 cluster.url'],
    message: /^"url" is not an address of a server$/,
  },
  {
    why: 'a CA of a cluster where there is no TLS',
    text: append('cluster: { type: valkey, url: "redis://h", ca: x }'),
    at: ['10:48 cluster.ca'],
    message: /"ca" is for TLS/,
  },
]);
