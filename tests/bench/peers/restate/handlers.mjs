// The bench's jobs as handlers of a Restate service. See ../library/process.mjs for what is told over the IPC channel.
import * as restate from '@restatedev/restate-sdk';
import { performing } from './perform.mjs';

const { servicePort } = JSON.parse(process.env.PEER_SETTINGS);
const perform = performing(process);
const handler = (kind) => async (_context, input) => perform(kind, input);

const bench = restate.service({
  name: 'bench',
  handlers: { noop: handler('noop'), clock: handler('clock'), true: handler('true') },
});

await restate.serve({ services: [bench], port: servicePort });
const stop = () => process.exit(0);
process.on('SIGTERM', stop);
process.on('disconnect', stop);
process.send({ ready: { port: servicePort } });
