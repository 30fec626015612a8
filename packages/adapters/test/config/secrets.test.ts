import { describe, expect, test } from 'vitest';
import { checkReport, formatProblems } from '../../src/config/index.ts';
import { append, insert, problems, replace, type Values } from './support.ts';

const SECRET = 'zq7-Kx9vPw3mTt5';
const ENV: Values = { SECRET, ADDRESS: `http://u:${SECRET}@h/v1`, NUMBER: '4929123412341234' };
const NUMBER = '4929123412341234';

/** Everything that a user may see of a check, in one text. */
function seen(text: string): string {
  const found = problems(text, ENV);
  expect(found.length).toBeGreaterThan(0);
  return [
    formatProblems(found, { file: 'atp.yaml', text }),
    formatProblems(found, { file: 'atp.yaml', text, color: true }),
    JSON.stringify(checkReport('atp.yaml', found)),
  ].join('\n');
}

const FROM_OUTSIDE: readonly (readonly [why: string, text: string])[] = [
  ['in the wrong form', replace(2, '  - id: "${SECRET} x"')],
  ['as a dangling name', replace(7, '    provider: ${SECRET}')],
  ['as a name that is used twice', append('tenants: [{ id: "${SECRET}" }, { id: "${SECRET}" }]')],
  [
    'as a name that another is close to',
    insert(4, '  - { id: "${SECRET}", type: sim }').replace('provider: up', 'provider: zq7-Kx9vPw3mTt6'),
  ],
  [
    'as a list of what there is',
    append('policies: [{ id: p, fallback: [nothing] }]', 'agents: [{ id: "${SECRET}", model: small }]'),
  ],
  ['as an enumerated word', append('journal: { fsync: "${SECRET}" }')],
  [
    'as a list of policies',
    append('policies: [{ id: "${SECRET}", fallback: [small] }]', 'tenants: [{ id: t, models: ["policy:x"] }]'),
  ],
  ['as a policy', append('tenants: [{ id: t, models: ["policy:${SECRET}"] }]')],
  ['as a number out of range', append('listen: { port: "${NUMBER}" }')],
  ['as an address with a password', insert(4, '    base_url: ${ADDRESS}')],
  ['as a step of a chain that loops', append('policies: [{ id: p, fallback: ["${SECRET}", "${SECRET}"] }]')],
];

const WRITTEN: readonly (readonly [why: string, text: string])[] = [
  ['under a misspelt key', insert(4, `    api_kye: ${SECRET}`)],
  ['under a misspelt key in quotes', insert(4, `    api_kye: "${SECRET}"`)],
  ['as a key in the wrong form', replace(4, `    api_key: "${SECRET} "`)],
  ['in place of a mapping', insert(4, `    headers: "authorization: ${SECRET}"`)],
  ['as a header in the wrong form', insert(4, `    headers: { authorization: "${SECRET}\\n" }`)],
  ['as a header that may not be set', insert(4, `    headers: { Host: ${SECRET} }`)],
  ['in place of a hash', append(`tenants: [{ id: t, keys: [{ id: k, hash: ${SECRET} }] }]`)],
  ['in place of a key entry', append(`tenants: [{ id: t, keys: [${SECRET}] }]`)],
  ['in an address', insert(4, `    base_url: "http://u:${SECRET}@h/v1"`)],
  ['in the query of an address', insert(4, `    base_url: "http://h/v1?key=${SECRET}"`)],
  ['in a database address', append(`store: { type: postgres, url: "mysql://u:${SECRET}@h/d" }`)],
  [
    'in a database address that cannot be read',
    append(`store: { type: postgres, url: "postgres://u:${SECRET}@h:x/d" }`),
  ],
  ['as a key of the wrong length', append(`store: { type: postgres, url: "postgres://h/d", seal_key: ${SECRET} }`)],
  ['beside a fault', append(`listen: { port: 0.5, tls: { cert: c, key: ${SECRET} } }`)],
  ['in a comment', append(`tenant: [] # was ${SECRET}`)],
  ['under a key of a later version', append(`oidc: { client_secret: ${SECRET} }`)],
  ['behind an unclosed quote', append(`x: "${SECRET}`, 'y: z')],
  ['beside a fault of syntax', append(`{ api_key: ${SECRET}, : [ }`)],
  ['in a list without brackets', append(`x: - ${SECRET}: ${SECRET}: [`)],
  ['as an alias', append(`x: *${SECRET}`)],
  ['as a tag', append(`x: !${SECRET} y`)],
  ['over two lines that look like a key', replace(4, `    api_key: ${SECRET}`, '     bad: x')],
  ['with a second colon', replace(4, `    api_key: ${SECRET}: x`)],
  ['before a forgotten comma', append(`tenants: [{ id: t, keys: [{ hash: ${SECRET} bad: x }] }]`)],
  ['in a block', append('x: |', `  ${SECRET}`, ' y')],
];

describe('a secret is never shown', () => {
  test.each(FROM_OUTSIDE)('that comes from outside %s', (_why, text) => {
    const all = seen(text);
    expect(all).not.toContain(SECRET);
    expect(all).not.toContain(NUMBER);
  });

  test.each(WRITTEN)('that stands in the file %s', (_why, text) => expect(seen(text)).not.toContain(SECRET));

  test('and nothing is suggested that would be like it', () => {
    const found = problems(append('journal: { fsync: "${WORD}" }'), { WORD: 'alwayz' });
    expect(found).toMatchObject([{ path: 'journal.fsync', got: '${WORD}' }]);
    expect(found[0]?.suggestion).toBeUndefined();
  });
});
