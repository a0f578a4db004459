import { Queue, QueueEvents, Worker } from 'bullmq';
import { KINDS } from './perform.mjs';

const CONCURRENCY = 100;
const WAIT_MS = 20_000;

/** Jobs are kept after they end, as BullMQ does by default and as ours stay visible. */
export const open = async ({ settings, roles, perform }) => {
  const connection = { host: '127.0.0.1', port: settings.redisPort };
  const workers = roles.includes('worker')
    ? KINDS.map((kind) => new Worker(kind, (job) => perform(kind, job.data), { connection, concurrency: CONCURRENCY }))
    : [];
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  if (!roles.includes('front')) return { close: () => Promise.all(workers.map((worker) => worker.close())) };

  const queues = Object.fromEntries([...KINDS, 'held'].map((kind) => [kind, new Queue(kind, { connection })]));
  const events = Object.fromEntries(KINDS.map((kind) => [kind, new QueueEvents(kind, { connection })]));
  await Promise.all([...Object.values(queues), ...Object.values(events)].map((part) => part.waitUntilReady()));
  return {
    enqueue: async (kind, input) => (await queues[kind].add(kind, input)).id,
    run: async (kind, input) => (await queues[kind].add(kind, input)).waitUntilFinished(events[kind], WAIT_MS),
    countOpen: async (kind) => {
      const { waiting, active } = await queues[kind].getJobCounts('waiting', 'active');
      return waiting + active;
    },
    dropHeld: async () => {
      await queues.held.obliterate({ force: true });
      return true;
    },
    close: () => Promise.all([...Object.values(queues), ...Object.values(events)].map((part) => part.close())),
  };
};
