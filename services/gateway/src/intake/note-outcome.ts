import { type FastifyRequest } from 'fastify';
import { type StartOutcome } from '@millrace/dialects';
import { type Inbox } from './inbox.ts';
import { type VerifiedDelivery } from './check-signature.ts';

interface Noted extends Pick<VerifiedDelivery, 'verified' | 'delivery'> {
  readonly request: FastifyRequest;
  /** Of several CloudEvents in one body: which one. */
  readonly part?: string;
}

/** Records what started nothing new. Of an event of a batch without the body: that is the whole batch, and there may be a thousand. */
export const noteOutcome = (
  { request, verified, delivery, part }: Noted,
  outcome: StartOutcome,
  inbox: Inbox,
): void => {
  const common = { verified, keepsBody: part === undefined, ...(delivery === undefined ? {} : { delivery }) };
  if (outcome.kind === 'filtered') {
    inbox.record(request, { ...common, outcome: 'filtered', code: 'filtered', reason: outcome.reason });
  } else if (outcome.run.replayed) {
    const reason = 'the same request was recorded before';
    inbox.record(request, { ...common, outcome: 'duplicate', code: 'duplicate', reason, run: outcome.run.runId });
  }
};

/** Records that a sender asked whether the address is meant for it. */
export const noteChallenge = ({ request, verified }: Omit<Noted, 'delivery'>, status: number, inbox: Inbox): void => {
  if (status < 400) {
    const reason = 'the sender asked whether this address is meant for it, and was answered';
    inbox.record(request, { outcome: 'challenge', code: 'challenge', reason, verified });
  } else {
    const reason = 'a challenge by somebody who does not know the verify token';
    inbox.record(request, { outcome: 'refused', code: 'challenge.refused', reason, verified });
  }
};
