import { readFileSync } from 'node:fs';
import { AtpError } from '@atp-router/kernel';
import type { TlsConfig } from '../config/types.ts';

/** PEM texts of a listener. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly client_ca?: string;
}

/** Reads what the configuration names: a path, or PEM text itself. Throws `config_invalid` naming the field. */
export function readTls(config: TlsConfig): TlsMaterial {
  return {
    cert: pem(config.cert, 'listen.tls.cert'),
    key: pem(config.key, 'listen.tls.key'),
    ...(config.client_ca === undefined ? {} : { client_ca: pem(config.client_ca, 'listen.tls.client_ca') }),
  };
}

function pem(value: string, param: string): string {
  if (value.startsWith('-----BEGIN')) return value;
  try {
    return readFileSync(value, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new AtpError('config_invalid', `${param}: the file ${value} cannot be read (${reason}).`, { param, cause });
  }
}
