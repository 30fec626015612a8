import { describe, expect, test } from 'vitest';
import { checkReport, formatProblems } from '../../src/config/index.ts';
import { append, problems, replace } from './support.ts';

describe('for people', () => {
  test('file, line, column, excerpt with caret, expectation, suggestion', () => {
    const text = replace(7, '    provider: upp');
    expect(formatProblems(problems(text), { file: 'atp.yaml', text })).toBe(
      [
        'atp.yaml:7:15: models[0].provider: no provider has the id "upp"',
        '  7 |     provider: upp',
        '    |               ^',
        '  expected: the id of a provider: up',
        '  got: upp',
        '  did you mean: up',
        '',
        '1 problem in atp.yaml',
        '',
      ].join('\n'),
    );
  });

  test('a name that two lists have is listed once', () => {
    const text = append('agents: [{ id: small, model: small }]', 'policies: [{ id: p, fallback: [nothing] }]');
    const [dangling] = problems(text).slice(-1);
    expect(dangling?.expected).toBe('the id of a model or agent: small');
  });

  test('what is expected of an id says why "__proto__" is none', () => {
    const [refused] = problems(replace(6, '  - id: __proto__'));
    expect(refused).toMatchObject({
      path: 'models[0].id',
      expected: expect.stringContaining('starting with a letter'),
    });
  });

  test('the caret stands under the fault also when what is before it is blanked', () => {
    const text = append('admin: { keys: [{ id: ops, hash: topsecrethash }], kyes: 1 }');
    const [, second] = formatProblems(problems(text), { file: 'f', text }).split('\n\n').slice(-3);
    const [, line = '', caret = ''] = (second ?? '').split('\n');
    expect(line).toContain('hash: …');
    expect(line.slice(caret.indexOf('^'))).toMatch(/^kyes: /);
  });

  test('a long line is cut around the fault', () => {
    const text = JSON.stringify({
      providers: Array.from({ length: 200 }, (_, i) => ({ id: `p${i}`, type: i === 150 ? 'opnai' : 'sim' })),
      models: [{ id: 'm', provider: 'p0', context: 1 }],
    });
    const lines = formatProblems(problems(text), { file: 'f', text }).split('\n');
    expect(lines[1]?.length).toBeLessThan(140);
    expect(lines[1]?.slice(lines[2]?.indexOf('^'))).toMatch(/^"opnai"/);
  });

  test('colours only when asked, no excerpt without text', () => {
    const found = problems(append('tenant: []'));
    expect(formatProblems(found, { file: 'f' })).not.toContain('\u001b');
    expect(formatProblems(found, { file: 'f' })).not.toContain('|');
    expect(formatProblems(found, { file: 'f', color: true })).toContain('\u001b[31m');
  });
});

test('for programs', () => {
  const found = problems(append('tenant: []'));
  expect(JSON.parse(JSON.stringify(checkReport('f', found)))).toEqual({
    ok: false,
    file: 'f',
    problems: [
      {
        line: 10,
        column: 1,
        path: 'tenant',
        message: 'unknown key "tenant"',
        expected: expect.stringMatching(/^one of listen, data_dir/),
        suggestion: 'tenants',
      },
    ],
  });
  expect(checkReport('f', [])).toEqual({ ok: true, file: 'f', problems: [] });
});
