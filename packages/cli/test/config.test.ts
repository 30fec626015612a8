import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from './support/process.ts';
import { atp } from './support/terminal.ts';

const GOOD = `providers: [{ id: up, type: sim }]
models: [{ id: small, provider: up, context: 1000 }]
`;

const BAD = `listen: { prot: 7000 }
providers:
  - { id: up, type: openai, api_key: sk-very-secret, base_url: nowhere }
models:
  - { id: small, provider: upp, context: many }
session: { heartbeat_ms: 5 }
`;

function folderWith(text: string): string {
  const cwd = tempFolder();
  writeFileSync(join(cwd, 'atp.yaml'), text);
  return cwd;
}

describe('atp config check', () => {
  test('a file without faults', async () => {
    const cwd = folderWith(GOOD);
    const expected = 'atp.yaml is valid: 1 provider, 1 model, 0 agents, 0 policies, 0 tenants.\n';
    expect(await atp(['config', 'check', 'atp.yaml'], { cwd })).toEqual({ code: 0, out: expected, err: '' });
    expect((await atp(['config', 'check'], { cwd })).out).toBe(expected);
    const { out } = await atp(['config', 'check', 'atp.yaml', '--json'], { cwd });
    expect(JSON.parse(out)).toEqual({ ok: true, file: 'atp.yaml', problems: [] });
  });

  test('what is no fault and cannot work is a warning: where, what, and what to do', async () => {
    const secret = 'ab'.repeat(32);
    const text = `providers: [{ id: pool, type: agent, allow_any_model: true, agent: { keys: [acme/k9] } }]
tenants:
  - { id: acme, require_signatures: true, signing_keys: [{ id: s, secret: ${secret}, not_after: 2020-01-01T00:00:00Z }] }
`;
    const { code, out } = await atp(['config', 'check', 'atp.yaml'], { cwd: folderWith(text) });
    expect([code, out.includes(secret)]).toEqual([0, false]);
    expect(out).toContain(
      'warning: providers[0].agent.keys[0]: "acme/k9" leads nowhere, tenant "acme" has no key "k9"',
    );
    expect(out).toContain('atp keys create --tenant acme --id k9');
    expect(out).toContain('warning: tenants[0].signing_keys: no signing key of tenant "acme" is good now');
    const json = await atp(['config', 'check', 'atp.yaml', '--json'], { cwd: folderWith(text) });
    expect(JSON.parse(json.out)).toMatchObject({ ok: true, warnings: [{}, {}] });
  });

  test.each([
    ['a line that is indented too deep', '    api_key: sk-very-secret\n     bad: x\n', 'indented too deep'],
    ['a second colon', '    api_key: sk-very-secret: x\n', 'a second ": "'],
  ])('no secret beside %s', async (_why, lines, words) => {
    const cwd = folderWith(`providers:\n  - id: c\n    type: openai\n${lines}`);
    const { code, out } = await atp(['config', 'check', 'atp.yaml'], { cwd });
    expect(code).toBe(1);
    expect(out).toContain(words);
    expect(out).not.toContain('secret');
    const served = await atp(['serve', '--config', 'atp.yaml'], { cwd });
    expect(served.code).toBe(78);
    expect(served.err).toContain(words);
    expect(served.err).not.toContain('secret');
  });

  test('every fault with place, path, what is expected and what was meant, and no secret', async () => {
    const { code, out, err } = await atp(['config', 'check', 'atp.yaml'], { cwd: folderWith(BAD) });
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toMatchInlineSnapshot(`
      "atp.yaml:1:11: listen.prot: unknown key "prot"
        1 | listen: { prot: … }
          |           ^
        expected: one of host, port, tls
        did you mean: port

      atp.yaml:3:64: providers[0].base_url: "base_url" has the wrong form
        3 |   - { id: up, type: openai, api_key: …-…-…, base_url: nowhere }
          |                                                       ^
        expected: an http:// or https:// address without user, query or fragment
        got: nowhere

      atp.yaml:5:28: models[0].provider: no provider has the id "upp"
        5 |   - { id: small, provider: upp, context: … }
          |                            ^
        expected: the id of a provider: up
        got: upp
        did you mean: up

      atp.yaml:5:42: models[0].context: "context" is text, not a number
        5 |   - { id: small, provider: upp, context: many }
          |                                          ^
        expected: an integer from 1 to 10000000
        got: many

      atp.yaml:6:1: session: unknown key "session"
        6 | session: { …: … }
          | ^
        expected: one of listen, data_dir, node_id, workers, cluster, providers, models, agents, personas, embeddings, policies, tenants, admin, limits, flow, journal, …
        did you mean: sessions

      5 problems in atp.yaml
      "
    `);
    expect(out).not.toContain('sk-very-secret');
  });

  test('the same as JSON', async () => {
    const { code, out } = await atp(['config', 'check', 'atp.yaml', '--json'], { cwd: folderWith(BAD) });
    expect(code).toBe(1);
    const report = JSON.parse(out) as { ok: boolean; problems: Record<string, unknown>[] };
    expect(report.ok).toBe(false);
    expect(report.problems[0]).toMatchObject({ line: 1, column: 11, path: 'listen.prot', suggestion: 'port' });
    expect(out).not.toContain('sk-very-secret');
  });

  test('a file that is not there', async () => {
    const { code, out } = await atp(['config', 'check', 'gone.yaml'], { cwd: tempFolder() });
    expect(code).toBe(1);
    expect(out).toContain('gone.yaml:1:1: the file cannot be read: there is no such file');
  });

  test('files of the listener that are not there, as the start would find them', async () => {
    const cwd = folderWith(`${GOOD}listen: { tls: { cert: nope.pem, key: nope2.pem } }\n`);
    const { code, out } = await atp(['config', 'check'], { cwd });
    expect(code).toBe(1);
    expect(out).toContain(
      'atp.yaml:3:24: listen.tls.cert: the file of "cert" cannot be read: there is no such file\n' +
        '  3 | listen: { tls: { cert: nope.pem, key: … } }\n',
    );
    expect(out).toContain('atp.yaml:3:39: listen.tls.key: the file of "key" cannot be read: there is no such file\n');
    const served = await atp(['serve'], { cwd });
    expect(served.code).toBe(78);
    expect(served.err).toContain('atp.yaml:3:24: listen.tls.cert');
  });

  test('the environment is read', async () => {
    const cwd = folderWith(`${GOOD}node_id: "\${NODE_NAME}"\n`);
    expect((await atp(['config', 'check'], { cwd })).out).toContain('environment variable NODE_NAME is not set');
    expect((await atp(['config', 'check'], { cwd, env: { NODE_NAME: 'n1' } })).code).toBe(0);
  });
});

test('atp config schema prints a JSON Schema of the file', async () => {
  const { code, out } = await atp(['config', 'schema']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ type: 'object', required: ['providers'], additionalProperties: false });
  expect(await atp(['config', 'schema', '--json'])).toEqual({ code, out, err: '' });
});
