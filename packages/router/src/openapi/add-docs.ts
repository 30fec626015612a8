import { hash } from 'node:crypto';
import type { HttpExchange } from '@atp-router/adapters';
import type { JsonObject } from '@atp-router/kernel';
import type { RouterTable } from '../http/router-table.ts';
import { DOCS_SCRIPT, DOCS_STYLE } from './docs-assets.ts';
import { docsPage } from './docs-page.ts';
import { openApiDocument } from './document.ts';

/** `GET /openapi.json` and `GET /docs`. Open to all: they say what this version can do, and nothing of this router. */
export function addDocs(table: RouterTable, version: string): void {
  // Made when first asked for: most processes never are.
  let document: JsonObject | undefined;
  let json: Buffer | undefined;
  let page: Buffer | undefined;
  const made = (): JsonObject => {
    document ??= openApiDocument(version);
    return document;
  };
  table.add('GET', '/openapi.json', (exchange) => {
    json ??= Buffer.from(JSON.stringify(made()));
    send(exchange, 'application/json', json, []);
  });
  table.add('GET', '/docs', (exchange) => {
    page ??= Buffer.from(docsPage(made()));
    send(exchange, 'text/html; charset=utf-8', page, ['content-security-policy', CONTENT_POLICY]);
  });
}

/** Nothing but the style and the script of the page itself, by their hashes: not even from this origin. */
const CONTENT_POLICY: string = [
  "default-src 'none'",
  `style-src 'sha256-${hash('sha256', DOCS_STYLE, 'base64')}'`,
  `script-src 'sha256-${hash('sha256', DOCS_SCRIPT, 'base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function send(exchange: HttpExchange, type: string, body: Buffer, more: readonly string[]): void {
  const headers = ['content-type', type, 'cache-control', 'no-cache', 'x-content-type-options', 'nosniff'];
  exchange.reply(200, [...headers, 'referrer-policy', 'no-referrer', ...more], body);
}
