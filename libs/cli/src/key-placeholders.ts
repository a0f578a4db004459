/** What examples of calls have in the place of a key: its name in the shell says whose it is. */
const KEY = /\$(?:KESTRA_KEY|AUTH_TOKEN|API_KEY|KEY)\b/g;
const TOKEN = /\$MILLRACE_TOKEN\b/g;

export interface Credentials {
  /** Of the trigger. */
  readonly key: string | undefined;
  /** Of the server. */
  readonly token: string | undefined;
}

/** Whether a key of the trigger belongs into it. */
export const wantsKey = (text: string): boolean => text.search(KEY) !== -1;

/** For the double quotes of a shell: nothing in the key means anything there. */
const quoted = (key: string): string => key.replaceAll(/["\\`$]/g, '\\$&');

/** A line of a shell with the key in its place; in a URL it is percent-encoded. */
export const withKeyInShell = (line: string, key: string, isUrl: boolean): string =>
  line.replaceAll(KEY, () => (isUrl ? encodeURIComponent(key) : quoted(key)));

/** An address with the key in its place. */
export const withKeyInPath = (path: string, { key }: Credentials): string =>
  key === undefined ? path : path.replaceAll(KEY, () => encodeURIComponent(key));

/** A value of a header with key and token in their places. */
export const withCredentials = (value: string, { key, token }: Credentials): string => {
  const keyed = key === undefined ? value : value.replaceAll(KEY, () => key);
  return token === undefined ? keyed : keyed.replaceAll(TOKEN, () => token);
};
