import { createHash } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import { expect, it } from 'vitest';
import { docsPage } from '../../src/openapi/docs-page.ts';
import { DOCUMENT, OPERATIONS, resolve, violations } from './contract.ts';
import { startForTest } from './harness.ts';
import { call } from './http.ts';

it('describes exactly what is served', async () => {
  const { router } = await startForTest();
  const served = router.table.list().map((route) => route.replaceAll(/:(\w+)/g, '{$1}'));
  const documented = OPERATIONS.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(documented.toSorted()).toEqual(served.toSorted());
});

it('is served to all, and is the document', async () => {
  const { url } = await startForTest();
  const reply = await call(`${url}/openapi.json`);
  expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
  expect(reply.json).toEqual(DOCUMENT);
  expect(reply.json['openapi']).toBe('3.1.0');
});

it('operations endpoints answer as documented', async () => {
  const { url } = await startForTest();
  const documents = ['/openapi.json', '/asyncapi.json', '/schemas/frame.json', '/docs'];
  for (const path of ['/healthz', '/readyz', '/metrics', ...documents, '/v1/models']) {
    expect(violations('GET', path, await call(url + path))).toEqual([]);
  }
});

it('has references that lead somewhere, and no schema that nothing leads to', () => {
  const used = new Set<string>();
  walk(DOCUMENT, (node) => {
    if (typeof node['$ref'] !== 'string') return;
    resolve(node['$ref']);
    used.add(node['$ref'].replace('#/components/schemas/', ''));
  });
  const components = DOCUMENT['components'] as { schemas: JsonObject; securitySchemes: JsonObject };
  expect(Object.keys(components.schemas).filter((name) => !used.has(name))).toEqual([]);
});

it('has operations with ids, known tags, known security and declared path parameters', () => {
  const ids = OPERATIONS.map(({ spec }) => spec['operationId']);
  expect(new Set(ids).size).toBe(ids.length);
  const tags = (DOCUMENT['tags'] as { name: string; description: string }[]).map(({ name }) => name);
  expect(new Set(tags).size).toBe(tags.length);
  const schemes = Object.keys((DOCUMENT['components'] as { securitySchemes: JsonObject }).securitySchemes);
  for (const { path, spec } of OPERATIONS) {
    expect(spec['summary']).toMatch(/\.$/);
    expect(tags).toEqual(expect.arrayContaining(spec['tags'] as string[]));
    const security = (spec['security'] ?? []) as JsonObject[];
    expect(schemes).toEqual(expect.arrayContaining(security.flatMap((one) => Object.keys(one))));
    const declared = ((spec['parameters'] ?? []) as JsonObject[]).filter((one) => one['in'] === 'path');
    expect(declared.map((one) => `{${String(one['name'])}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
    expect(isJsonObject(spec['responses'])).toBe(true);
  }
});

it('examples are as their schemas say', () => {
  for (const { method, path, spec } of OPERATIONS) {
    const content = (spec['requestBody'] as JsonObject | undefined)?.['content'] as JsonObject | undefined;
    const body = content?.['application/json'] as JsonObject | undefined;
    if (body?.['example'] === undefined) continue;
    const schema = resolve(String((body['schema'] as JsonObject)['$ref']));
    const known = Object.keys((schema['properties'] ?? {}) as JsonObject);
    expect([method, path, known]).toEqual([
      method,
      path,
      expect.arrayContaining(Object.keys(body['example'] as JsonObject)),
    ]);
  }
});

it('is shown as a page that needs nothing from anywhere', async () => {
  const { url } = await startForTest();
  const reply = await call(`${url}/docs`);
  expect([reply.status, reply.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  const policy = String(reply.headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe');
  for (const [tag, directive] of [
    ['style', 'style-src'],
    ['script', 'script-src'],
  ] as const) {
    const [, text = ''] = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(reply.text) ?? [];
    const hash = createHash('sha256').update(text).digest('base64');
    expect(policy).toContain(`${directive} 'sha256-${hash}'`);
  }
  expect(reply.text.match(/<(script|style)[\s>]/g)?.length).toBe(2);
  expect(reply.text.match(/<[^>]*\s(style|src|on\w+)=[^>]*>|(href|action)="(?![#/])[^"]*"|url\(|@import/)).toBeNull();
  for (const { path, spec } of OPERATIONS) {
    expect(reply.text).toContain(`id="op-${String(spec['operationId'])}"`);
    expect(reply.text.replaceAll('<wbr>', '')).toContain(path);
  }
});

it('has a page whose links and labels lead to something, with one heading of the first level', () => {
  const page = docsPage(DOCUMENT);
  const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, target] of page.matchAll(/(?:href="#|for="|aria-labelledby=")([^"]+)"/g)) expect(ids).toContain(target);
  expect(page.match(/<h1/g)?.length).toBe(1);
  expect(page).toContain('<html lang="en">');
  for (const tag of [
    'ul',
    'li',
    'div',
    'section',
    'article',
    'details',
    'table',
    'dl',
    'main',
    'nav',
    'p',
    'span',
    'code',
    'a',
  ]) {
    expect([tag, page.match(new RegExp(`<${tag}[ >]`, 'g'))?.length]).toEqual([
      tag,
      page.match(new RegExp(`</${tag}>`, 'g'))?.length,
    ]);
  }
});

it('shows text of the document as text', () => {
  const hostile = '<img src=x onerror=alert(1)>"\'&';
  const operation = {
    ...{ operationId: 'x', tags: [hostile], summary: hostile, description: hostile },
    parameters: [
      {
        name: hostile,
        in: 'query',
        description: hostile,
        schema: { type: 'string', enum: [hostile], default: hostile },
      },
    ],
    requestBody: {
      content: {
        'application/json': {
          example: { a: hostile },
          schema: { properties: { [hostile]: { description: hostile } } },
        },
      },
    },
    responses: {
      '200': { description: hostile, content: { [hostile]: { schema: { $ref: `#/components/schemas/${hostile}` } } } },
    },
  };
  const page = docsPage({
    info: { title: hostile, version: hostile, description: hostile },
    tags: [{ name: hostile, description: hostile }],
    paths: { [hostile]: { get: operation } },
    components: { schemas: { [hostile]: { description: hostile, properties: { [hostile]: { const: hostile } } } } },
  });
  expect(page).not.toContain('<img');
  expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;');
});

function walk(value: JsonValue | undefined, visit: (node: JsonObject) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit);
  if (!isJsonObject(value)) return;
  visit(value);
  for (const child of Object.values(value)) walk(child, visit);
}
