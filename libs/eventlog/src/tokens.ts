import { type TokenRecord } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { notYet } from './not-yet.ts';

/** All tokens, held in memory and kept up to date. */
export interface TokenStore {
  /** By the SHA-256 of the token text, in hex. Expired ones are returned too. */
  readonly bySha256: (hex: string) => TokenRecord | undefined;
  readonly list: () => readonly TokenRecord[];
  readonly put: (record: TokenRecord) => Promise<void>;
  readonly remove: (id: string) => Promise<void>;
  readonly ready: Promise<void>;
  readonly close: () => Promise<void>;
}

export const openTokens = (connection: LogConnection): TokenStore => notYet(connection);
