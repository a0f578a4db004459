/** What every run must have come to, asked as clients and subscribers ask. */
import { eventually, type TestPlatform } from '@millrace/testkit';
import { expect } from 'vitest';
import { check } from './checker/check.ts';
import { readPublicEvents } from './bed/subscriber.ts';

/** Subscribers have heard of one end of each run, in the order of the log, and of nothing that contradicts itself. */
export const checkPublicEvents = async (platform: TestPlatform, runIds: readonly string[]): Promise<void> => {
  const nothing = { experiment: {}, clients: [], witness: [], statuses: [], streams: [], census: [], receiver: [] };
  await eventually(
    async () => {
      const events = await readPublicEvents(platform.natsUrl);
      expect(check({ ...nothing, events }).findings).toEqual([]);
      const completed = new Set(events.flatMap(({ name, runId }) => (name === 'completed' ? [runId] : [])));
      expect(runIds.filter((id) => !completed.has(id))).toEqual([]);
    },
    { timeoutMs: 30_000, intervalMs: 500 },
  );
};

/** Waits until each of these is shown as completed. Runs of these tests cannot fail by themselves. */
export const untilAllCompleted = async (
  { http }: TestPlatform,
  runIds: readonly string[],
  timeoutMs: number,
): Promise<void> => {
  const open = new Set(runIds);
  await eventually(
    async () => {
      for (const id of open) {
        const { status, json } = await http.get(`/status/${id}`);
        const { state } = json as { readonly state?: string };
        if (state === 'completed') open.delete(id);
        else throw new Error(`${open.size} runs are not completed, such as ${id} (${status} ${state ?? ''})`);
      }
    },
    { timeoutMs, intervalMs: 200 },
  );
};
