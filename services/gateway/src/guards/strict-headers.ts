import { type IncomingMessage } from 'node:http';
import { AppError } from '@millrace/kernel';

/** `type/subtype` and parameters, as RFC 9110 writes them. Every space has one place, so that no text takes more than one try. */
const MEDIA_TYPE =
  /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+[ \t]*(?:;[ \t]*(?:[\w!#$%&'*+.^`|~-]+=(?:[\w!#$%&'*+.^`|~-]+|"(?:[^"\\]|\\.)*")[ \t]*)?)*$/;

/** Node keeps the first of several `Host` headers, and a proxy before it perhaps the last: what is checked must be what is meant. */
const checkOneHost = (rawHeaders: readonly string[]): void => {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1) throw new AppError('invalid', 'http.ambiguous_host', 'send one Host header');
};

/**
 * Refuses headers that one reader understands in another way than the next.
 *
 * @throws AppError `invalid` `http.ambiguous_host` for several `Host` headers; `unsupported` `http.media_type` for a `Content-Type` that is none,
 * `http.content_encoding` for a body that is compressed.
 */
export const checkStrictHeaders = ({ headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): void => {
  checkOneHost(rawHeaders);
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    throw new AppError(
      'unsupported',
      'http.content_encoding',
      'send the body as it is: no Content-Encoding is understood',
    );
  }
  const type = headers['content-type'];
  if (type !== undefined && type !== '' && !MEDIA_TYPE.test(type)) {
    throw new AppError('unsupported', 'http.media_type', 'Content-Type is not a media type: send application/json');
  }
};
