/** What the object store holds under a version: its metadata, then the bytes of the file as they are. */
export interface Bundle {
  /** Name of the file that an executor makes of it, such as `db-full.sh` or `workflow.mjs`. */
  readonly file: string;
  /** Names of the secrets that its runs get. */
  readonly secrets: readonly string[];
  readonly bytes: Uint8Array;
}

const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/;
const NUL = 0;

/** JSON text in ASCII in which the members of every object are ordered by name: equal values, equal texts. */
const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  ).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * The object of a version: `<metadata as JSON in ASCII> NUL <bytes>`. The version is the SHA-256 of the whole object, so whoever
 * fetches it can check bundle and metadata at once.
 *
 * @param metadata Everything that makes a version another version; `file` is the name that the bundle gets on an executor.
 */
export const encodeBundle = (metadata: { readonly file: string }, bytes: Uint8Array): Uint8Array => {
  const header = canonicalJson(metadata);
  const object = new Uint8Array(header.length + 1 + bytes.length);
  for (let index = 0; index < header.length; index += 1) object[index] = header.charCodeAt(index);
  object.set(bytes, header.length + 1);
  return object;
};

const isText = (value: unknown): value is string => typeof value === 'string';

const metadataOf = (header: string): Omit<Bundle, 'bytes'> | undefined => {
  try {
    const { file, secrets } = JSON.parse(header) as { readonly file?: unknown; readonly secrets?: unknown };
    if (!isText(file) || !FILE_NAME.test(file)) return undefined;
    return { file, secrets: Array.isArray(secrets) ? secrets.filter(isText) : [] };
  } catch {
    return undefined;
  }
};

/** `undefined` when the object is no bundle, or its file name is more than a plain name. */
export const decodeBundle = (object: Uint8Array): Bundle | undefined => {
  const end = object.indexOf(NUL);
  if (end === -1) return undefined;
  let header = '';
  for (const byte of object.subarray(0, end)) header += String.fromCharCode(byte);
  const metadata = metadataOf(header);
  return metadata && { ...metadata, bytes: object.subarray(end + 1) };
};
