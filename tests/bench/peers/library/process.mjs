// One process of a peer that is a library: an HTTP front, a worker, or both (`node process.mjs front,worker`). Runs from a copy of this
// folder laid beside the peer's own files and packages; see ../install.ts. Talks to the bench over the IPC channel:
// `{ ready: { port } }`, then `{ done: { <kind>: <jobs ended so far> } }`, and `{ started: { n, at } }` for jobs of the kind `clock`.
import fastify from 'fastify';
import { performing } from './perform.mjs';
import * as peer from './peer.mjs';

const settings = JSON.parse(process.env.PEER_SETTINGS ?? '{}');
const roles = (process.argv[2] ?? 'front,worker').split(',');

/** The thinnest front that is fair: fastify, as ours has it; no token, no signature, no validation. */
const openHttp = async (front) => {
  const app = fastify();
  app.post('/run/:kind', async (request, reply) => {
    const id = await front.enqueue(request.params.kind, request.body);
    return reply.code(202).send({ run_id: id, status: 'accepted' });
  });
  if (front.run !== undefined) {
    app.post('/wait/:kind', async (request) => front.run(request.params.kind, request.body));
  }
  app.get('/open/:kind', async (request) => ({ open: await front.countOpen(request.params.kind) }));
  app.delete('/held', async () => ({ dropped: await front.dropHeld() }));
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { port: app.server.address().port };
};

const parts = await peer.open({ settings, roles, perform: performing(process) });
const address = roles.includes('front') ? await openHttp(parts) : {};

const stop = async () => {
  setTimeout(() => process.exit(0), 3_000).unref();
  await parts.close?.();
  process.exit(0);
};
process.on('SIGTERM', stop);
process.on('disconnect', stop);
process.send({ ready: address });
