import { eventually } from '@millrace/testkit';
import { type FaultBed } from '../bed/fault-bed.ts';

type Victim = Parameters<FaultBed['platform']['kill']>[0];

interface SoakFault {
  readonly row: string;
  readonly name: string;
  readonly strike: (bed: FaultBed) => Promise<void>;
}

const killOne = async ({ platform }: FaultBed, victim: Victim): Promise<void> => {
  const before = await eventually(() => platform.pid(victim));
  await platform.kill(victim);
  await platform.untilRestarted(victim, before);
};

const killing = (row: string, victim: Victim): SoakFault => ({
  row,
  name: `kill ${victim}`,
  strike: (bed) => killOne(bed, victim),
});

const EVERYTHING: readonly Victim[] = ['gateway', 'scheduler', 'executor', 'projector', 'notifier', 'nats', 'postgres'];

const strikeAll = async (bed: FaultBed): Promise<void> => {
  await Promise.all(EVERYTHING.map((victim) => killOne(bed, victim)));
};

/** F1 to F7, as they may come at any moment. */
export const SOAK_FAULTS: readonly SoakFault[] = [
  killing('F1', 'gateway'),
  killing('F2', 'scheduler'),
  killing('F3', 'executor'),
  killing('F4', 'projector'),
  {
    row: 'F5',
    name: 'kill notifier behind a message',
    strike: async (bed) => {
      const before = await eventually(() => bed.platform.pid('notifier'));
      bed.arm('notifier.after-post', 'kill');
      await eventually(() => {
        if (!bed.hasFired('notifier.after-post')) throw new Error('no message was sent');
      });
      await bed.platform.untilRestarted('notifier', before);
    },
  },
  killing('F6', 'nats'),
  { row: 'F7', name: 'kill everything', strike: strikeAll },
];
