import { type Case, testFaults } from './faults.ts';
import { append, replace, SMALL } from './support.ts';

const KEYS: readonly Case[] = [
  {
    why: 'misspelt key at the top',
    text: append('tenant: []'),
    at: ['10:1 tenant'],
    message: /unknown key "tenant"/,
    suggestion: 'tenants',
  },
  {
    why: 'misspelt key below',
    text: replace(7, '    provder: up'),
    at: ['6:5 models[0].provider', '7:5 models[0].provder'],
    message: /missing/,
  },
  {
    why: 'misspelt deep key',
    text: replace(9, '    price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2, cached_usd_per_mtok: 1 }'),
    at: ['9:55 models[0].price.cached_usd_per_mtok'],
    message: /unknown key/,
    suggestion: 'cached_in_usd_per_mtok',
  },
  {
    why: 'key far from any other',
    text: append('zebra_crossing: 1'),
    at: ['10:1 zebra_crossing'],
    message: /unknown key/,
  },
  {
    why: 'key in wrong case',
    text: append('LISTEN: {}'),
    at: ['10:1 LISTEN'],
    message: /unknown key/,
    suggestion: 'listen',
  },
  { why: 'key twice', text: append('data_dir: a', 'data_dir: b'), at: ['11:1 data_dir'], message: /stands twice/ },
  {
    why: 'unknown key twice',
    text: append('tenant: []', 'tenant: []'),
    at: ['10:1 tenant', '11:1 tenant'],
    message: /unknown key "tenant"/,
    suggestion: 'tenants',
  },
  {
    why: 'key twice, the first with a wrong value',
    text: append('data_dir: 1', 'data_dir: b'),
    at: ['10:11 data_dir', '11:1 data_dir'],
    message: /is a number, not text/,
  },
  {
    why: 'prototype key',
    text: append('__proto__: { x: 1 }'),
    at: ['10:1 __proto__'],
    message: /^"__proto__" cannot be a key$/,
  },
  {
    why: 'merge key',
    text: append('x: &x { host: h }', 'listen: { <<: *x }'),
    at: ['10:1 x', '11:11 listen["<<"]'],
    message: /unknown key|merge keys/,
  },
  {
    why: 'merge key alone',
    text: append('listen: { <<: { port: 1 } }'),
    at: ['10:11 listen["<<"]'],
    message: /merge keys \("<<"\) are not read/,
  },
  { why: 'a list as a key', text: append('? [a, b]', ': 1'), at: ['1:1 '], message: /not a plain word/ },
  {
    why: 'missing keys of an entry',
    text: append('agents:', '  - qos: gold'),
    at: ['11:5 agents[0].id', '11:5 agents[0].model'],
    message: /missing/,
  },
];

const FUTURE: readonly Case[] = [
  {
    why: 'section of a later version',
    text: append('federation: { peers: [] }'),
    at: ['10:1 federation'],
    message: /"federation" is not supported by this version/,
  },
  {
    why: 'another one',
    text: append('mcp: {}', 'federation: {}', 'memory: {}', 'guards: []', 'console: {}'),
    at: ['10:1 mcp', '11:1 federation', '12:1 memory', '13:1 guards', '14:1 console'],
    message: /not supported by this version/,
  },
  {
    why: 'key of a later version in a section',
    text: append('listen: { quic: true }'),
    at: ['10:11 listen.quic'],
    message: /"quic" is not supported/,
  },
  {
    why: 'key of a later version in an entry',
    text: append('policies:', '  - { id: p, fallback: [small], fan_out: 3 }'),
    at: ['11:33 policies[0].fan_out'],
    message: /"fan_out" is not supported/,
  },
  {
    why: 'a store of a later version',
    text: append('store: { type: redis }'),
    at: ['10:16 store.type'],
    message: /"redis" is not supported/,
    got: 'redis',
  },
];

const YAML: readonly Case[] = [
  { why: 'empty file', text: '', at: ['1:1 '], message: /the file is empty/ },
  { why: 'only a comment', text: '# nothing\n', at: ['1:1 '], message: /the file is empty/ },
  { why: 'a list', text: '- a', at: ['1:1 '], message: /the file is a list, not a mapping/ },
  { why: 'a word', text: 'hello', at: ['1:1 '], message: /the file is text, not a mapping/ },
  {
    why: 'an unclosed quote',
    text: replace(4, '    api_key: "sk-test'),
    at: ['9:58 '],
    message: /quote, bracket, brace or comma is missing/,
  },
  { why: 'a tab', text: append('listen:', '\thost: h'), at: ['11:1 '], message: /tab|indentation|not valid/ },
  {
    why: 'an unquoted reference in braces',
    text: 'providers: [{ id: up, type: openai, api_key: ${KEY} }]\nmodels: [\n  { id: small, provider: ${UP}, context: 1 } ]',
    at: ['1:46 ', '3:26 '],
    message: /is not in quotes/,
  },
  {
    why: 'a line that is indented too little',
    text: replace(3, '   type: openai'),
    at: ['3:1 '],
    message: /the indentation is wrong/,
  },
  {
    why: 'a line that is indented too deep',
    text: replace(3, '      type: openai'),
    at: ['2:9 '],
    message: /the line below this one is indented too deep/,
  },
  {
    why: 'an unclosed bracket',
    text: ['listen: [', ...SMALL].join('\n'),
    at: ['2:1 '],
    message: /a "{" or "\[" is not closed/,
  },
  {
    why: 'an unclosed brace in an entry',
    text: replace(9, '    price: { in_usd_per_mtok: 0.25', 'tenants: []'),
    at: ['10:1 '],
    message: /a "{" or "\[" is not closed/,
  },
  { why: 'two documents', text: append('---', 'a: 1'), at: ['10:1 '], message: /several documents/ },
  { why: 'an unknown anchor', text: append('listen: *nowhere'), at: ['10:9 listen'], message: /names no anchor/ },
  { why: 'an unknown tag', text: append('data_dir: !secret x'), at: ['10:11 '], message: /tag/ },
  {
    why: 'a fault before a fault of syntax',
    text: append('tenant: []', 'listen: { host: "x'),
    at: ['10:1 tenant', '11:19 '],
    message: /unknown key/,
    suggestion: 'tenants',
  },
];

const SUBSTITUTION: readonly Case[] = [
  {
    why: 'unset variable',
    text: replace(4, '    api_key: ${OPENAI_KEY}'),
    at: ['4:14 providers[0].api_key'],
    message: /environment variable OPENAI_KEY is not set/,
  },
  {
    why: 'unreadable file',
    text: replace(4, '    api_key: ${file:/nowhere/key}'),
    at: ['4:14 providers[0].api_key'],
    message: /cannot read the file of \$\{file:\/nowhere\/key\}/,
  },
  {
    why: 'unclosed',
    text: replace(4, '    api_key: "${OPENAI_KEY"'),
    at: ['4:14 providers[0].api_key'],
    message: /no closing/,
  },
  {
    why: 'a default value',
    text: replace(4, '    api_key: ${KEY:-none}'),
    at: ['4:14 providers[0].api_key'],
    message: /neither an environment variable nor a file/,
  },
  {
    why: 'two unset variables in one value',
    text: append('data_dir: ${A}/${B}'),
    at: ['10:11 data_dir', '10:11 data_dir'],
    message: /variable [AB] is not set/,
  },
];

testFaults('keys', KEYS);
testFaults('keys of later versions', FUTURE);
testFaults('yaml', YAML);
testFaults('substitution', SUBSTITUTION);
