import { connect } from 'node:net';

export interface ProbeTarget {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

const PROBE_TIMEOUT_MS = 1_000;

/**
 * Whether the server takes the user and its JetStream answers. Speaks the few words of the NATS protocol that this takes,
 * because the client library belongs to `@millrace/eventlog` and its reconnecting is of no use here.
 */
export const isJetStreamReady = async ({ port, user, password }: ProbeTarget): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let received = '';
    const settle = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => settle(false));
    socket.on('error', () => settle(false)).on('close', () => settle(false));
    socket.on('connect', () => {
      const hello = JSON.stringify({
        verbose: false,
        pedantic: false,
        user,
        pass: password,
        lang: 'probe',
        version: '1',
      });
      socket.write(`CONNECT ${hello}\r\nSUB probe.reply 1\r\nPUB $JS.API.INFO probe.reply 0\r\n\r\n`);
    });
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (received.includes('-ERR') || received.includes('"error"')) settle(false);
      if (received.includes('account_info_response') && received.includes('"limits"')) settle(true);
    });
  });
