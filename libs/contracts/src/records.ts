import { type Static, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { type TokenRecord, TokenRecordSchema } from './tokens.ts';
import { type CatalogEntry, CatalogEntrySchema } from './workflows.ts';

const parserOf = <Schema extends TSchema>(schema: Schema): ((text: string) => Static<Schema> | undefined) => {
  const validator = Compile(schema);
  return (text) => {
    try {
      const value: unknown = JSON.parse(text);
      return validator.Check(value) ? value : undefined;
    } catch {
      return undefined;
    }
  };
};

/** Reads what is stored under a key of the bucket `catalog`; anything else is `undefined`. */
export const parseCatalogEntry: (text: string) => CatalogEntry | undefined = parserOf(CatalogEntrySchema);

/** Reads what is stored under a key of the bucket `tokens`; anything else is `undefined`. */
export const parseTokenRecord: (text: string) => TokenRecord | undefined = parserOf(TokenRecordSchema);
