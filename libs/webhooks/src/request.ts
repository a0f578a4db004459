import { checkJsonText } from '@millrace/kernel';

/** An inbound request as it came: raw bytes, nothing parsed. */
export interface SignedRequest {
  readonly method: string;
  /** Absolute, as the sender saw it: behind a proxy not what the server sees. Twilio signs it. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** Longer headers are malformed: no sender comes near, and every part of one costs a comparison. */
const HEADER_LENGTH_MAX = 4_096;

/**
 * The one value of a header. `absent`: not sent, or empty. `unusable`: sent more than once (a list), or too long.
 * The declared type is not trusted: some servers hand out lists.
 */
export const headerOf = (
  request: SignedRequest,
  name: string,
): string | { readonly problem: 'absent' | 'unusable' } => {
  const value: unknown = Object.hasOwn(request.headers, name) ? request.headers[name] : undefined;
  if (value === undefined || value === '') return { problem: 'absent' };
  if (typeof value !== 'string' || value.length > HEADER_LENGTH_MAX) return { problem: 'unusable' };
  return value;
};

/** The value of a header, where a missing one and an unusable one are the same. */
export const optionalHeader = (request: SignedRequest, name: string): string | undefined => {
  const value = headerOf(request, name);
  return typeof value === 'string' ? value : undefined;
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The body as text, or nothing when it is not UTF-8. */
export const textOf = (body: Uint8Array): string | undefined => {
  try {
    return utf8.decode(body);
  } catch {
    return undefined;
  }
};

/** The body as a JSON object, or nothing when it is none, or beyond the bounds of one. */
export const jsonObjectOf = (body: Uint8Array): Readonly<Record<string, unknown>> | undefined => {
  try {
    const text = utf8.decode(body);
    checkJsonText(text);
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
};

/** Narrows anything that was parsed; a list is no object. */
export const asObject = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;

/** A non-empty text of at most 4,096 characters. */
export const asShortText = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= HEADER_LENGTH_MAX ? value : undefined;

/** The parameters of the query; of a URL that cannot be read, none. */
export const queryOf = (request: SignedRequest): URLSearchParams =>
  new URLSearchParams(URL.canParse(request.url) ? new URL(request.url).search : '');

/** Whether the media type is this one, whatever its parameters. */
export const hasMediaType = (request: SignedRequest, mediaType: string): boolean =>
  optionalHeader(request, 'content-type')?.split(';')[0]?.trim().toLowerCase() === mediaType;
