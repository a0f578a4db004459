import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError } from '@millrace/kernel';
import { type StartOutcome } from '@millrace/dialects';
import { cloudEventsOf } from './cloud-events-of.ts';
import { type Entry } from './entry.ts';
import { makeStartOne, type StartOneDeps } from './start-one.ts';

/** Asks anew what a recorded request wants, now that its sender needs not be verified: conditions, mapping, admission. */
export type Redeliver = (entry: Entry, request: FastifyRequest, reply: FastifyReply) => Promise<StartOutcome>;

export interface RedeliverDeps extends StartOneDeps {
  readonly readMultipart: (request: FastifyRequest, entry: Entry) => Promise<void>;
}

export const makeRedeliver =
  (deps: RedeliverDeps): Redeliver =>
  async (entry, request, reply) => {
    const startOne = makeStartOne(deps);
    if (entry.route.takesMultipart === true) await deps.readMultipart(request, entry);
    const delivery = { entry, request, reply, verified: 'redelivery', delivery: undefined };
    const events = cloudEventsOf(entry);
    if (events?.mode === 'batch') {
      throw new AppError('refused', 'request.not_redeliverable', 'a batch of CloudEvents is not delivered again');
    }
    return startOne(delivery, events?.events[0]);
  };
