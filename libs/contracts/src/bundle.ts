/**
 * What the object store holds under the version of a workflow: one header line, then the bytes of the file as they are.
 * The version is the SHA-256 of the whole object, so whoever fetches it can check bundle and metadata at once.
 */
export interface Bundle {
  /** Name of the file that an executor makes of it, such as `db-full.sh` or `workflow.mjs`. */
  readonly file: string;
  /** Everything else that makes a version another version, as JSON text in ASCII; an executor does not read it. */
  readonly metadata: string;
  readonly bytes: Uint8Array;
}

const MAGIC = 'millrace-bundle/1';
const HEADER_BYTES_MAX = 65_536;
const NEWLINE = 10;
const HEADER = /^millrace-bundle\/1 ([A-Za-z0-9_][A-Za-z0-9_.-]{0,254}) (?=\{)/;

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

/** `undefined` when the name is no plain file name or the metadata is not one line of printable ASCII that begins with `{`. */
export const encodeBundle = ({ file, metadata, bytes }: Bundle): Uint8Array | undefined => {
  const header = `${MAGIC} ${file} ${metadata}`;
  if (!HEADER.test(header) || !isAscii(metadata) || header.length >= HEADER_BYTES_MAX) return undefined;
  const object = new Uint8Array(header.length + 1 + bytes.length);
  for (let index = 0; index < header.length; index += 1) object[index] = header.charCodeAt(index);
  object[header.length] = NEWLINE;
  object.set(bytes, header.length + 1);
  return object;
};

/** `undefined` when the object is no bundle. */
export const decodeBundle = (object: Uint8Array): Bundle | undefined => {
  const end = object.subarray(0, HEADER_BYTES_MAX).indexOf(NEWLINE);
  if (end === -1) return undefined;
  let header = '';
  for (const byte of object.subarray(0, end)) header += String.fromCharCode(byte);
  const match = HEADER.exec(header);
  if (match?.[1] === undefined) return undefined;
  return { file: match[1], metadata: header.slice(match[0].length), bytes: object.subarray(end + 1) };
};
