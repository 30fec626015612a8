import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Fault } from './check.ts';
import type { TlsConfig } from './types.ts';

/** Reads a file that the configuration names, or says why not. */
export type ReadPem = (
  path: string,
) => { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

type Field = keyof TlsConfig;
type Texts = Readonly<Record<Field, string | undefined>>;

const FILES: Readonly<Record<Field, string>> = {
  cert: 'a readable PEM file with the certificate chain',
  key: 'a readable PEM file with the private key',
  client_ca: 'a readable PEM file with the certificates of the CA',
};

/**
 * What the listener would not start with, or would start with and turn every client away: each field is read and tried
 * as the listener does it. Messages hold nothing of what was read. A certificate that has expired is not a fault here:
 * it would be one only at some times.
 */
export function tryTls(tls: TlsConfig, read: ReadPem): Fault[] {
  const faults: Fault[] = [];
  const take = (field: Field): string | undefined => {
    const value = tls[field];
    if (value === undefined || value.startsWith('-----BEGIN')) return value;
    const found = read(value);
    if (found.ok) return found.text;
    const where = 'or the PEM text itself; a relative path starts at the folder of this file';
    faults.push(
      fault(tls, field, `the file of "${field}" cannot be read: ${found.reason}`, `${FILES[field]}, ${where}`),
    );
    return undefined;
  };
  const texts: Texts = { cert: take('cert'), key: take('key'), client_ca: take('client_ca') };
  faults.push(...tryCertificate(tls, texts), ...tryKey(tls, texts), ...tryAuthority(tls, texts));
  return faults.length > 0 ? faults : tryTogether(tls, texts);
}

function tryCertificate(tls: TlsConfig, { cert }: Texts): Fault[] {
  if (cert === undefined) return [];
  if (certificateOf(cert) === undefined)
    return [fault(tls, 'cert', '"cert" holds no certificate', 'PEM text with -----BEGIN CERTIFICATE-----')];
  const why = refusal({ cert });
  return why === undefined
    ? []
    : [
        fault(
          tls,
          'cert',
          `"cert" cannot be used: ${why}`,
          'the certificate of the listener, then those between it and its CA',
        ),
      ];
}

function tryKey(tls: TlsConfig, { cert, key }: Texts): Fault[] {
  if (key === undefined) return [];
  const own = attempt(() => createPrivateKey(key));
  if (own === undefined) {
    const expected = 'PEM text with -----BEGIN PRIVATE KEY-----, without a passphrase';
    return [fault(tls, 'key', '"key" holds no private key that can be read', expected)];
  }
  const certificate = cert === undefined ? undefined : certificateOf(cert);
  // The context itself does not see it when the two are of different kinds, such as EC and RSA.
  if (certificate === undefined || certificate.checkPrivateKey(own)) return [];
  return [
    fault(
      tls,
      'key',
      '"key" does not belong to the first certificate of "cert"',
      'the key that this certificate was made for',
    ),
  ];
}

/** The context takes what holds no certificate for an empty list, and then no client is ever let in. */
function tryAuthority(tls: TlsConfig, { client_ca }: Texts): Fault[] {
  if (client_ca === undefined || certificateOf(client_ca) !== undefined) return [];
  return [fault(tls, 'client_ca', '"client_ca" holds no certificate', 'PEM text with -----BEGIN CERTIFICATE-----')];
}

function tryTogether(tls: TlsConfig, { cert, key, client_ca: ca }: Texts): Fault[] {
  const why = refusal({ cert, key, ca });
  if (why === undefined) return [];
  return [fault(tls, 'cert', `"cert" and "key" cannot be used: ${why}`, 'a certificate chain and its key')];
}

/** Why these do not make a listener. */
function refusal(parts: {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
}): string | undefined {
  try {
    createSecureContext({ ...parts, minVersion: 'TLSv1.2' });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown reason';
  }
}

function certificateOf(pem: string): X509Certificate | undefined {
  return attempt(() => new X509Certificate(pem));
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

function fault(tls: TlsConfig, field: Field, message: string, expected: string): Fault {
  // PEM text in the place of a path may be a key, wherever it stands.
  const secret = field === 'key' || tls[field]?.includes('-----BEGIN') === true;
  return { path: ['listen', 'tls', field], message, expected, secret };
}
