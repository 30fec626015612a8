import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type HttpServerHandle, type HttpServerOptions, readTls } from '../../src/http/index.ts';
import { type Certificates, makeCertificates } from './support/certificates.ts';
import { get, post, RawClient } from './support/raw-client.ts';
import { echo, Requests, settle, startServer } from './support/test-server.ts';

const certificates: Certificates = makeCertificates();
const { ca, server: own, client: known, stranger } = certificates;
const trusting = { ca: ca.cert, servername: 'localhost' };

function startTls(
  onRequest: Parameters<typeof startServer>[0],
  more: Partial<HttpServerOptions> = {},
): Promise<HttpServerHandle> {
  return startServer(onRequest, { tls: own, ...more });
}

describe('TLS', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    '%s: requests, and the exchange knows that it is secure',
    async (version) => {
      const requests = new Requests();
      const server = await startTls(requests.take);
      const client = await RawClient.openTls(server.address.port, {
        ...trusting,
        minVersion: version,
        maxVersion: version,
      });
      client.send(get('/x'));
      const exchange = await requests.next();
      expect(exchange.secure).toBe(true);
      expect(exchange.remote_address).toBe('127.0.0.1');
      exchange.reply(200, [], version);
      expect((await client.replies(1))[0]?.body).toBe(version);
    },
  );

  test.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused', async (version) => {
    const server = await startTls(echo());
    // The client allows what it can, so that the refusal is the server's.
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT:@SECLEVEL=0' };
    const client = await RawClient.openTls(server.address.port, { ...trusting, ...old });
    await client.closed();
    expect(client.error?.code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    while ((await server.connections()) > 0) await settle(1);
  });

  test('plain HTTP to the TLS port is closed without an answer', async () => {
    const server = await startTls(echo());
    const client = await RawClient.open(server.address.port);
    client.send(get('/'));
    expect(await client.closed()).not.toContain('HTTP/1.1');
  });

  test('a handshake that is never finished is given up', async () => {
    const server = await startTls(echo(), { header_timeout_ms: 40 });
    const socket = connect({ host: '127.0.0.1', port: server.address.port });
    onTestFinished(() => void socket.destroy());
    await new Promise((resolve) => socket.once('close', resolve).resume());
  });

  test('stopAccepting and close end TLS connections, whole replies first', async () => {
    const requests = new Requests();
    const server = await startTls(requests.take);
    const [idle, busy] = [
      await RawClient.openTls(server.address.port, trusting),
      await RawClient.openTls(server.address.port, trusting),
    ];
    busy.send(get('/'));
    const exchange = await requests.next();
    server.stopAccepting();
    await idle.closed();
    busy.socket.pause();
    exchange.reply(200, [], 'x'.repeat(4_194_304));
    const closing = server.close();
    busy.keep = 10;
    busy.socket.resume();
    await closing;
    await busy.closed();
    expect(busy.received_bytes).toBeGreaterThan(4_194_304);
  });

  test('close does not wait for a client that never finishes its handshake', async () => {
    const server = await startTls(echo());
    const socket = connect({ host: '127.0.0.1', port: server.address.port });
    onTestFinished(() => void socket.destroy());
    await new Promise((resolve) => socket.once('connect', resolve));
    while ((await server.connections()) === 0) await settle(1);
    await server.close();
    expect(await server.connections()).toBe(0);
  });
});

describe('client certificates', () => {
  const mutual = { tls: { ...own, client_ca: ca.cert } };

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s: one of the right authority is let in', async (maxVersion) => {
    const server = await startServer(echo(), mutual);
    const client = await RawClient.openTls(server.address.port, { ...trusting, ...known, maxVersion });
    client.send(post('/', 'hello'));
    expect((await client.replies(1))[0]?.body).toBe('POST /  hello');
  });

  test.each([
    ['TLSv1.2', 'none', {}],
    ['TLSv1.3', 'none', {}],
    ['TLSv1.2', 'one of a stranger', stranger],
    ['TLSv1.3', 'one of a stranger', stranger],
  ] as const)('%s with %s: no request gets through', async (maxVersion, _name, identity) => {
    const requests = new Requests();
    const server = await startServer(requests.take, mutual);
    const client = await RawClient.openTls(server.address.port, { ...trusting, ...identity, maxVersion });
    client.send(get('/secret'));
    expect(await client.closed()).toBe('');
    while ((await server.connections()) > 0) await settle(1);
    expect(requests.all).toHaveLength(0);
  });
});

describe('readTls', () => {
  test('PEM text as it is, paths as files', () => {
    const dir = mkdtempSync(join(tmpdir(), 'atp-tls-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    writeFileSync(join(dir, 'own.key'), own.key);
    const material = readTls({ cert: own.cert, key: join(dir, 'own.key'), client_ca: ca.cert });
    expect(material).toEqual({ cert: own.cert, key: own.key, client_ca: ca.cert });
  });

  test('a missing file is named with its field', () => {
    const path = join(tmpdir(), 'atp-no-such-file.pem');
    expect(() => readTls({ cert: path, key: own.key })).toThrow(
      `listen.tls.cert: the file ${path} cannot be read (ENOENT).`,
    );
  });

  test('what is not a certificate is refused at the start', async () => {
    const broken = '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n';
    await expect(startServer(echo(), { tls: { cert: broken, key: own.key } })).rejects.toMatchObject({
      code: 'config_invalid',
      param: 'listen.tls',
    });
    await expect(startServer(echo(), { tls: { cert: own.cert, key: stranger.key } })).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });
});
