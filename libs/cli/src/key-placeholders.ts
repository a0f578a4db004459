import { KEY_PLACEHOLDER, TOKEN_PLACEHOLDER } from '@millrace/contracts';

/** A longer name is another variable. */
const variable = (placeholder: string): RegExp => new RegExp(`\\${placeholder}\\b`, 'g');
const KEY = variable(KEY_PLACEHOLDER);
const TOKEN = variable(TOKEN_PLACEHOLDER);

/** What means something in the double quotes of a shell. */
const MEANT = /["\\`$]/g;
/** The same without the two variables. */
const MEANT_AS_TEXT = new RegExp(`(?!${TOKEN.source}|${KEY.source})${MEANT.source}`, 'g');

export interface Credentials {
  /** Of the trigger. */
  readonly key: string | undefined;
  /** Of the server. */
  readonly token: string | undefined;
}

/** Whether a key of the trigger belongs into it. */
export const wantsKey = (text: string): boolean => text.search(KEY) !== -1;

/** In double quotes, so that the shell puts token and key in their places; nothing else in it means anything there. */
export const inShell = (text: string, key: string | undefined, isUrl: boolean): string => {
  const quoted = text.replaceAll(MEANT_AS_TEXT, '\\$&');
  if (key === undefined) return `"${quoted}"`;
  const written = isUrl ? encodeURIComponent(key) : key.replaceAll(MEANT, '\\$&');
  return `"${quoted.replaceAll(KEY, () => written)}"`;
};

/** An address with the key in its place. */
export const withKeyInPath = (path: string, { key }: Credentials): string =>
  key === undefined ? path : path.replaceAll(KEY, () => encodeURIComponent(key));

/** A value of a header with key and token in their places. */
export const withCredentials = (value: string, { key, token }: Credentials): string => {
  const keyed = key === undefined ? value : value.replaceAll(KEY, () => key);
  return token === undefined ? keyed : keyed.replaceAll(TOKEN, () => token);
};
