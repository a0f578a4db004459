import { connect } from 'node:net';

export interface NatsTarget {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

const TIMEOUT_MS = 1_000;
const REPLY = 'probe.reply';

/** The payload of the first message, once it is there in full. */
const firstPayload = (received: string): string | undefined => {
  const match = /(?:^|\r\n)MSG \S+ \S+ +(\d+)\r\n/.exec(received);
  if (match === null) return undefined;
  const start = match.index + match[0].length;
  const length = Number(match[1]);
  return received.length < start + length ? undefined : received.slice(start, start + length);
};

/**
 * Asks nats-server one question; `undefined` when it does not take the user or does not answer in a second. Speaks the few words of the
 * NATS protocol that this takes, because the client library belongs to `@millrace/eventlog` and its reconnecting is of no use here.
 */
export const askNats = async ({ port, user, password }: NatsTarget, subject: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let received = '';
    const settle = (answer: string | undefined): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(TIMEOUT_MS, () => settle(undefined));
    socket.on('error', () => settle(undefined)).on('close', () => settle(undefined));
    socket.on('connect', () => {
      const hello = JSON.stringify({
        verbose: false,
        pedantic: false,
        user,
        pass: password,
        lang: 'probe',
        version: '1',
      });
      socket.write(`CONNECT ${hello}\r\nSUB ${REPLY} 1\r\nPUB ${subject} ${REPLY} 0\r\n\r\n`);
    });
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (received.includes('-ERR')) settle(undefined);
      const payload = firstPayload(received);
      if (payload !== undefined) settle(payload);
    });
  });
