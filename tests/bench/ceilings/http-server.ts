/**
 * What fastify and JetStream can do here without any product around them: `node http-server.ts <mode> <natsUrl>` prints
 * `{"port":…}`. Modes: `bare` answers 202 at once; `publish` awaits one JetStream publish per request; `packed` awaits a
 * commit that packs all requests which gathered while the last one was in flight.
 */
import { jetstream, jetstreamManager, type JetStreamClient } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import fastify from 'fastify';

const SUBJECT = 'ceiling.commit';
const PACK_MAX = 256;

type Record = (event: object) => Promise<unknown>;

const makePackedWriter = (js: JetStreamClient, inFlightMax: number): Record => {
  const gathered: { text: string; resolve: () => void; reject: (reason: unknown) => void }[] = [];
  let inFlight = 0;
  const flush = (): void => {
    if (gathered.length === 0 || inFlight >= inFlightMax) return;
    const pack = gathered.splice(0, PACK_MAX);
    inFlight += 1;
    const settle = (finish: (member: (typeof pack)[number]) => void): void => {
      inFlight -= 1;
      pack.forEach(finish);
      flush();
    };
    js.publish(SUBJECT, `[${pack.map(({ text }) => text).join(',')}]`).then(
      () => settle(({ resolve }) => resolve()),
      (error: unknown) => settle(({ reject }) => reject(error)),
    );
  };
  return (event) =>
    new Promise<void>((resolve, reject) => {
      gathered.push({ text: JSON.stringify(event), resolve, reject });
      flush();
    });
};

const makeRecord = async (mode: string, natsUrl: string): Promise<Record> => {
  if (mode === 'bare') return () => Promise.resolve();
  const { username, password, host } = new URL(natsUrl);
  const nats = await connect({ servers: host, user: username, pass: password });
  const manager = await jetstreamManager(nats);
  await manager.streams.delete('CEILING').catch(() => false);
  await manager.streams.add({ name: 'CEILING', subjects: ['ceiling.>'], max_bytes: 2 ** 30 });
  const js = jetstream(nats);
  return mode === 'packed' ? makePackedWriter(js, 4) : (event) => js.publish(SUBJECT, JSON.stringify(event));
};

const [mode = 'bare', natsUrl = ''] = process.argv.slice(2);
const record = await makeRecord(mode, natsUrl);
const app = fastify();
app.post('/run/:folder/:name', async (request, reply) => {
  await record({ id: crypto.randomUUID(), time: new Date().toISOString(), params: request.params, data: request.body });
  return reply.code(202).send({ run_id: 'x', status: 'accepted' });
});
await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : undefined })}\n`);
