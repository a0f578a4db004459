import { type DialectSettings } from './dialect-settings.ts';
import { type CamelCase } from './setting.ts';
import { type SETTINGS } from './settings.ts';

type ValueOf<Entry> = Entry extends { readonly read: (written: never) => infer Value } ? Value : never;

/** The configuration of a server: by section, in camel case, durations in milliseconds, sizes in bytes, paths absolute. Frozen. */
export type ServerConfig = { readonly dialects: DialectSettings } & {
  readonly [Section in keyof typeof SETTINGS]: {
    readonly [Key in keyof (typeof SETTINGS)[Section] as CamelCase<Key & string>]: ValueOf<
      (typeof SETTINGS)[Section][Key]
    >;
  };
};
