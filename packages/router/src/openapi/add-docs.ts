import { hash } from 'node:crypto';
import type { HttpExchange } from '@atp-router/adapters';
import { frameSchema } from '@atp-router/wire';
import { asyncApiDocument } from '@atp-router/wire/tools';
import type { RouterTable } from '../http/router-table.ts';
import { once } from '../once.ts';
import { DOCS_SCRIPT, DOCS_STYLE } from './docs-assets.ts';
import { docsPage } from './docs-page.ts';
import { openApiDocument } from './document.ts';

/** Documents of the interfaces, for programs (`/openapi.json`, `/asyncapi.json`, `/schemas/frame.json`) and people (`/docs`). Open to all: they say what this version can do, and nothing of this router. */
export function addDocs(table: RouterTable, version: string): void {
  const document = once(() => openApiDocument(version));
  const serve = (path: string, type: string, make: () => string, more: readonly string[] = []): void => {
    const body = once(() => Buffer.from(make()));
    table.add('GET', path, (exchange) => send(exchange, type, body(), more));
  };
  serve('/openapi.json', 'application/json', () => JSON.stringify(document()));
  serve('/asyncapi.json', 'application/json', () => JSON.stringify(asyncApiDocument()));
  serve('/schemas/frame.json', 'application/schema+json', () => JSON.stringify(frameSchema()));
  serve('/docs', 'text/html; charset=utf-8', () => docsPage(document()), ['content-security-policy', CONTENT_POLICY]);
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
