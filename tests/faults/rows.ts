/** The matrix of faults: what each row does to the product, when it has passed, and where it is done. */
import { type Promised } from './promises.ts';

export interface FaultRow {
  readonly id: `F${number}`;
  readonly fault: string;
  /** When it has passed. */
  readonly criterion: string;
  readonly promises: readonly Promised[];
  /** Relative to the repository. */
  readonly tests: readonly string[];
  /** What of the row cannot be done on a machine like ours, and what was tried or is done instead. */
  readonly gap?: string;
}

const IN = 'tests/faults/';

export const ROWS: readonly FaultRow[] = [
  {
    id: 'F1',
    fault: 'The gateway is killed again and again in the middle of a burst',
    criterion: 'no acknowledged run lost, one run for each key',
    promises: ['C1', 'C2', 'C3'],
    tests: [`${IN}kills.test.ts`, `${IN}failpoints.test.ts`],
  },
  {
    id: 'F2',
    fault:
      'The scheduler is killed, also in each gap between two of its side effects; so is every other process in its gaps',
    criterion: 'no run lost, no attempt twice, every run ends',
    promises: ['C1', 'C3', 'C4', 'C5'],
    tests: [`${IN}kills.test.ts`, `${IN}failpoints.test.ts`],
  },
  {
    id: 'F3',
    fault: 'The executor is killed while scripts run',
    criterion: 'no process is left after 2 s, each run is tried again or fails as its policy says',
    promises: ['C1', 'C3', 'C4'],
    tests: [`${IN}kills.test.ts`, `${IN}failpoints.test.ts`],
  },
  {
    id: 'F4',
    fault: 'The projector is killed within a transaction, and behind it',
    criterion: 'the rows are those of a rebuild, byte for byte',
    promises: ['C6', 'C9'],
    tests: [`${IN}kills.test.ts`, `${IN}failpoints.test.ts`],
  },
  {
    id: 'F5',
    fault: 'The notifier is killed when a receiver has a message and nobody has noted it',
    criterion: 'every message at least once, repeats under the same id with the same body',
    promises: ['C7'],
    tests: [`${IN}failpoints.test.ts`, `${IN}receivers.full.test.ts`],
  },
  {
    id: 'F6',
    fault: 'nats-server is killed and comes back at once, after 5 s, after 30 s',
    criterion: 'nothing lost, no run ends twice, no attempt runs twice',
    promises: ['C1', 'C3', 'C4'],
    tests: [`${IN}kills.test.ts`, `${IN}network.test.ts`],
  },
  {
    id: 'F7',
    fault: 'Everything is killed at once, Postgres too, and started from what is on disk',
    criterion: 'as F6, and every run ends',
    promises: ['C1', 'C3', 'C4'],
    tests: [`${IN}all-killed.test.ts`],
  },
  {
    id: 'F8',
    fault: 'A power cut',
    criterion: 'nothing lost under `strict`; under `relaxed` something is, so the test bites',
    promises: ['C1'],
    tests: [`${IN}power-cut/power-cut.test.ts`],
    gap: 'No device-mapper here: instead of dm-log-writes, a loop-mounted disk is copied while it is written to, and the system calls of nats-server are replayed up to the cut.',
  },
  {
    id: 'F9',
    fault: 'Postgres is killed, shut down fast, shut down at once, loses single connections',
    criterion: 'nothing lost, statuses are late or 503 and never wrong, no service has to be started again',
    promises: ['C1', 'C9'],
    tests: [`${IN}kills.test.ts`, `${IN}postgres-restarts.full.test.ts`],
  },
  {
    id: 'F10',
    fault: 'Postgres is away for a minute while requests come in',
    criterion: 'all are accepted and run; `/status` is 503 and never 404; everything is shown once it is back',
    promises: ['C1', 'C8'],
    tests: [`${IN}postgres-down.test.ts`],
  },
  {
    id: 'F11',
    fault: 'The gateway is cut off from nats-server for 5, 30, 120 s, without a reset',
    criterion: 'not one 202 meanwhile, every request is answered 503 in time, it recovers by itself',
    promises: ['C1', 'C8'],
    tests: [`${IN}network.test.ts`],
    gap: 'By a proxy that holds all bytes, not by a firewall: the same to both ends, except that new connections open and stay silent.',
  },
  {
    id: 'F12',
    fault: 'Only acknowledgements are lost on their way back',
    criterion: 'repeated under the same key, each request leads to one and the same run',
    promises: ['C2'],
    tests: [`${IN}network.test.ts`],
  },
  {
    id: 'F13',
    fault: 'nats-server, the scheduler, the executor, the projector are stopped for 60 s and go on',
    criterion: 'everyone goes on by themselves, nothing lost; whoever was replaced meanwhile changes nothing',
    promises: ['C1', 'C3', 'C4', 'C5'],
    tests: [`${IN}stopped.full.test.ts`],
  },
  {
    id: 'F14',
    fault: '200 ms of latency and 1 MB/s between all services and nats-server',
    criterion: 'slower, and not one error',
    promises: ['C8'],
    tests: [`${IN}network.test.ts`],
  },
  {
    id: 'F15',
    fault: 'The disk of nats-server is full',
    criterion: '503 and `Retry-After`, health says why; with room again it goes on by itself, nothing lost',
    promises: ['C1', 'C8'],
    tests: [`${IN}full-log-disk.test.ts`],
  },
  {
    id: 'F16',
    fault: 'The disk of Postgres, of the runs, of the logs is full, each by itself',
    criterion: 'requests are taken, no run fails for it, everything follows once there is room',
    promises: ['C1', 'C8'],
    tests: [`${IN}full-disks.full.test.ts`],
  },
  {
    id: 'F17',
    fault: 'The log has reached its `max_bytes`',
    criterion: '503 `log.full`; every accepted run still finishes',
    promises: ['C8'],
    tests: [`${IN}full-log.test.ts`],
  },
  {
    id: 'F18',
    fault: 'The clock of each service in turn is an hour ahead, an hour behind, 400 ms off',
    criterion: 'no attempt is given up for it, nothing ends twice, order is that of the log',
    promises: ['C3', 'C4', 'C6'],
    tests: [`${IN}clocks.full.test.ts`],
    gap: 'The clock is shifted within Node. nats-server reads its clock past every library; for Postgres libfaketime would do, but nothing depends on its clock.',
  },
  {
    id: 'F19',
    fault: 'Clocks jump back and forth while runs go through',
    criterion: 'runs end, no duration is negative, run ids of one gateway only grow',
    promises: ['C3', 'C6'],
    tests: [`${IN}clocks.full.test.ts`],
  },
  {
    id: 'F20',
    fault: 'Every message of nats-server comes twice; all consumers are deleted again and again',
    criterion: 'the rows are those of a rebuild, no attempt starts twice, no new webhook id',
    promises: ['C3', 'C4', 'C7', 'C9'],
    tests: [`${IN}deliveries.test.ts`],
  },
  {
    id: 'F21',
    fault: 'Messages of nats-server overtake each other',
    criterion: 'as F20',
    promises: ['C6', 'C9'],
    tests: [`${IN}deliveries.test.ts`],
  },
  {
    id: 'F22',
    fault: '200 clients of event streams do not read',
    criterion: 'memory stays within a bound, others follow their runs',
    promises: ['C6', 'C8'],
    tests: [`${IN}slow-readers.full.test.ts`],
  },
  {
    id: 'F23',
    fault: 'Garbage, nothing, unknown types and versions stand in the log',
    criterion: 'passed by, nobody dies, no run changes, the rows are those of a rebuild',
    promises: ['C3', 'C9'],
    tests: [`${IN}poison-messages.test.ts`],
  },
  {
    id: 'F24',
    fault:
      'Workflows that throw, never yield, take all memory, print without end, breed, ignore SIGTERM, kill their parent',
    criterion: 'only their own runs pay for it, no process is left',
    promises: ['C3', 'C5'],
    tests: [`${IN}poison-workflows.full.test.ts`],
    gap: 'A fork bomb without bound is not set off: without cgroups nothing but the time limit bounds it, and the machine is shared. 200 children stand for it.',
  },
  {
    id: 'F25',
    fault: 'Far more clients than the machine can serve',
    criterion: '429 or 503 with `Retry-After` for the excess, every accepted run finishes, back to normal at once',
    promises: ['C8'],
    tests: [`${IN}overload.test.ts`],
  },
  {
    id: 'F26',
    fault: 'One workflow floods',
    criterion: 'a run of another waits for those on their way, not for those that wait',
    promises: ['C5'],
    tests: [`${IN}poison-workflows.full.test.ts`],
  },
  {
    id: 'F27',
    fault: 'Scheduler and executor are killed at full load',
    criterion: 'never more live processes than the limit, and as many as the limit again afterwards',
    promises: ['C5'],
    tests: [`${IN}limit-under-crashes.test.ts`],
  },
  {
    id: 'F28',
    fault: 'Every process is ended in order and started again, one after the other',
    criterion: 'nothing lost; who is refused is told when to come again',
    promises: ['C1', 'C8'],
    tests: [`${IN}rolling-restart.full.test.ts`],
    gap: 'With one gateway nobody listens for the second that it takes to start. Without a failed request: `tests/cluster`, with two.',
  },
  {
    id: 'F29',
    fault: 'The gateway is blocked for 5 s',
    criterion: 'its health check fails meanwhile, the others go on, it recovers',
    promises: ['C8'],
    tests: [`${IN}starved-gateway.full.test.ts`],
    gap: 'Nobody answers while it is blocked: the check fails by its time limit, not with 503.',
  },
  {
    id: 'F30',
    fault: 'The gateway has 64 file descriptors',
    criterion: 'it refuses, does not die, and recovers',
    promises: ['C8'],
    tests: [`${IN}starved-gateway.full.test.ts`],
  },
  {
    id: 'F31',
    fault: 'The name of a receiver does not resolve',
    criterion: 'only that endpoint waits',
    promises: ['C7'],
    tests: [`${IN}receivers.full.test.ts`],
  },
  {
    id: 'F32',
    fault: 'Receivers hang, drip, redirect, are gone, overloaded, broken, answer 50 MB, have a bad certificate',
    criterion: 'time limits hold, 3xx is a failure, 410 disables, a good one beside them is told of everything',
    promises: ['C7'],
    tests: [`${IN}receivers.full.test.ts`, 'services/notifier/src/outbound/outbound-client.int.test.ts'],
  },
  {
    id: 'F33',
    fault: 'A bit of a block of the log, or of a page of Postgres, is flipped; the end of a block is gone',
    criterion: 'noticed, and never fewer events than said: no run that was there reads as one that never was',
    promises: ['C1', 'C9'],
    tests: [`${IN}corruption.full.test.ts`, `${IN}replaced-log.test.ts`],
    gap: 'A single damaged message is passed by without a word, by nats-server and so by every reader: the figures say how many (`unreadable`), the projector names what was passed by, in its log and as `millrace_projector_missing_total`; `doctor` does not.',
  },
  {
    id: 'F34',
    fault: 'Rows of the read model vanish or change',
    criterion: 'a rebuild brings back the same rows, and the server can be read meanwhile',
    promises: ['C9'],
    tests: [`${IN}corruption.full.test.ts`],
  },
  {
    id: 'F35',
    fault: 'A million events of history, and a cold start',
    criterion: 'it starts, and figures of start and rebuild are recorded',
    promises: ['C9'],
    tests: [`${IN}cold-start.full.test.ts`],
  },
  {
    id: 'F36',
    fault: 'Events of types and versions that are not known yet, and of every version that ever was',
    criterion: 'passed by and counted; old ones are read for ever',
    promises: ['C6', 'C9'],
    tests: [`${IN}poison-messages.test.ts`, 'tests/golden/events.test.ts'],
  },
  {
    id: 'F37',
    fault: 'The gateway runs out of memory',
    criterion: 'as F1',
    promises: ['C1', 'C2'],
    tests: [`${IN}starved-gateway.full.test.ts`],
  },
  {
    id: 'F38',
    fault: 'Half an hour at half load with faults of F1–F7 every 20–40 s, by a seed',
    criterion: 'C1–C7 hold, memory grows by less than 1 MB a minute, no run is stuck',
    promises: ['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7'],
    tests: [`${IN}soak/main.ts`],
  },
];
