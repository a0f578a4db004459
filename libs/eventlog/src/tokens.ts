import { parseTokenRecord, type TokenRecord } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { TOKENS_BUCKET } from './topology.ts';
import { watchBucket } from './watched-bucket.ts';

/** All tokens, held in memory and kept up to date. */
export interface TokenStore {
  /** By the SHA-256 of the token text, in hex. Expired ones are returned too. */
  readonly bySha256: (hex: string) => TokenRecord | undefined;
  readonly list: () => readonly TokenRecord[];
  /** Resolves once stored and known here; other processes see it a moment later. */
  readonly put: (record: TokenRecord) => Promise<void>;
  readonly remove: (id: string) => Promise<void>;
  /** Resolves when everything that was stored before has been loaded. */
  readonly ready: Promise<void>;
  readonly close: () => Promise<void>;
}

export const openTokens = (connection: LogConnection): TokenStore => {
  const byId = new Map<string, TokenRecord>();
  const bySha256 = new Map<string, TokenRecord>();
  const forget = (id: string): void => {
    const record = byId.get(id);
    if (record === undefined) return;
    byId.delete(id);
    bySha256.delete(record.sha256);
  };
  const bucket = watchBucket<TokenRecord>(connection, {
    bucket: TOKENS_BUCKET,
    parse: parseTokenRecord,
    onChange: (id, record) => {
      forget(id);
      if (record === undefined) return;
      byId.set(id, record);
      bySha256.set(record.sha256, record);
    },
  });
  return {
    bySha256: (hex) => bySha256.get(hex),
    list: () => [...byId.values()],
    put: (record) => bucket.put(record.id, record),
    remove: bucket.remove,
    ready: bucket.ready,
    close: bucket.close,
  };
};
