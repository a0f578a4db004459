import { STATUS_CODES } from 'node:http';
import { type Socket } from 'node:net';

interface BrokenRequest {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

const BY_CODE: Readonly<Record<string, BrokenRequest>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, code: 'http.timeout', detail: 'the request did not come in time' },
  HPE_HEADER_OVERFLOW: { status: 431, code: 'http.headers_too_large', detail: 'the headers are too large' },
};

const NO_HTTP: BrokenRequest = {
  status: 400,
  code: 'http.invalid_request',
  detail: 'this is not a request that HTTP allows',
};

/** Answers what could not be read as a request, so that no route and no error handler ever sees it, and ends the connection. */
export const answerBrokenRequest = ({ code: reason = '' }: NodeJS.ErrnoException, socket: Socket): void => {
  if (reason === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) {
    const { status, code, detail } = BY_CODE[reason] ?? NO_HTTP;
    const title = STATUS_CODES[status] ?? 'Error';
    const body = JSON.stringify({ type: `urn:millrace:${code}`, title, status, detail, code });
    const head = [
      `HTTP/1.1 ${status} ${title}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroySoon();
};
