import { createReadStream, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** One packed tarball and the manifest inside it. */
export interface Packed {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
  /** Absolute path of the .tgz file. */
  readonly file: string;
  /** Absolute path of the folder it was packed from. */
  readonly folder: string;
}

export interface Registry {
  readonly url: string;
  close(): Promise<void>;
}

/** The document npm asks a registry for before it downloads anything: all versions of one package. */
function packument(name: string, all: readonly Packed[], url: string): object | undefined {
  const versions = all.filter((one) => one.name === name);
  const latest = versions.at(-1)?.version;
  if (latest === undefined) return undefined;
  const described = versions.map((one) => {
    const manifest = JSON.parse(readFileSync(join(one.folder, 'package.json'), 'utf8')) as object;
    const dist = { tarball: `${url}/-/${all.indexOf(one)}.tgz`, integrity: one.integrity };
    return [one.version, { ...manifest, dist }] as const;
  });
  return { name, 'dist-tags': { latest }, versions: Object.fromEntries(described) };
}

function answer(all: readonly Packed[], url: string, request: IncomingMessage, response: ServerResponse): void {
  const path = decodeURIComponent((request.url ?? '/').slice(1));
  const tarball = all[Number(/^-\/(\d+)\.tgz$/.exec(path)?.[1] ?? -1)];
  if (tarball !== undefined) {
    response.setHeader('content-type', 'application/octet-stream');
    createReadStream(tarball.file).pipe(response);
    return;
  }
  const found = packument(path, all, url);
  response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(found ?? { error: 'not found' }));
}

/**
 * A package registry on the loopback interface that offers exactly the given tarballs. An install from it is what a user
 * does, and needs neither the network nor a warm npm cache: `npm ci` leaves no usable one behind (it asks for other forms
 * of the documents than `npm install --offline` wants), and a registry also checks that the dependency ranges resolve.
 */
export async function serveRegistry(all: readonly Packed[]): Promise<Registry> {
  const server = createServer((request, response) => answer(all, url(), request, response));
  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: url(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
