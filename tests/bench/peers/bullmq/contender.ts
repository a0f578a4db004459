import { startRedis } from '../backings.ts';
import { type Contender } from '../contender.ts';
import { startLibrary } from '../library-contender.ts';

const DURABILITY = {
  always: 'kill and power cut: kept (appendfsync always)',
  everysec: 'kill: kept, power cut: last second lost (appendfsync everysec)',
} as const;

export const startBullmq = (appendfsync: keyof typeof DURABILITY, version: string): Promise<Contender> =>
  startLibrary({
    folder: 'bullmq',
    name: `BullMQ, ${appendfsync}`,
    version,
    durability: DURABILITY[appendfsync],
    isOneProcess: false,
    hasWait: true,
    startBacking: () => startRedis(appendfsync),
  });
