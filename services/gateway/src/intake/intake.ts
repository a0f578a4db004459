/**
 * From a request that was let in to its answer: rate, signature, body, CloudEvent, conditions, admission, answer. The order is the
 * point: what costs the sender nothing to forge is refused before anything is parsed, and before it uses up the rate of whoever signs.
 */
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type TriggerState } from '@millrace/contracts';
import { isStoppedBy } from '@millrace/domain';
import { shapeAnswer, type StartOutcome } from '@millrace/dialects';
import { type RunSealers } from '@millrace/secrets';
import { type RunCloudEvents } from '../reading/run-cloud-events.ts';
import { makeCheckRate } from './check-rate.ts';
import { checkSignature, type VerifiedDelivery, type VerifyDeps } from './check-signature.ts';
import { asCloudEvent, wantsCloudEvent } from './cloud-event-answer.ts';
import { cloudEventsOf } from './cloud-events-of.ts';
import { deleteOnceSent } from './delete-once-sent.ts';
import { type Entry } from './entry.ts';
import { type Inbox } from './inbox.ts';
import { noteChallenge, noteOutcome } from './note-outcome.ts';
import { type RedeliverDeps } from './redeliver.ts';
import { sendAnswer } from './send-answer.ts';
import { sendStream, type StreamTools } from './send-stream.ts';
import { startBatch } from './start-batch.ts';
import { type Delivery, makeStartOne, modeOf, type StartOne } from './start-one.ts';
import { nameOf } from './trigger-state.ts';

export interface IntakeDeps extends VerifyDeps, StreamTools, RedeliverDeps {
  readonly sealers: Pick<RunSealers, 'destroy'>;
  readonly cloudEvents: RunCloudEvents;
  readonly stopTrigger: (stopped: TriggerState) => Promise<void>;
  readonly inbox: Inbox;
}

/** Handles one request of a start route. */
export type Intake = (entry: Entry, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/** The end of a run that somebody waited for stops its trigger before that somebody hears of it. */
const stopIfDue = async (
  { bound }: Entry,
  outcome: StartOutcome,
  { clock, stopTrigger }: Pick<IntakeDeps, 'clock' | 'stopTrigger'>,
): Promise<void> => {
  if (outcome.kind !== 'ended') return;
  const { run_id: run, status } = outcome.result;
  if (!isStoppedBy(bound.trigger, status)) return;
  const at = new Date(clock.now()).toISOString();
  await stopTrigger({ ...nameOf(bound), state: 'stopped', reason: `run ${run} ended: ${status}`, at, run });
};

/** A reason quotes the condition, and some compare with what only the sender should know: who is nobody does not read it. */
const forCaller = (outcome: StartOutcome, { verified }: Entry): StartOutcome =>
  outcome.kind === 'filtered' && verified === 'public'
    ? { kind: 'filtered', reason: 'a condition of this trigger is false' }
    : outcome;

export const makeIntake = (deps: IntakeDeps): Intake => {
  const checkRate = makeCheckRate(deps);
  const start = makeStartOne(deps);
  const startOne: StartOne = async (delivery, cloudEvent) => {
    const outcome = await start(delivery, cloudEvent);
    noteOutcome(delivery, outcome, deps.inbox);
    await stopIfDue(delivery.entry, outcome, deps);
    return forCaller(outcome, delivery.entry);
  };

  const verify = ({ bound, route, inbound, verified }: Entry): VerifiedDelivery => {
    const { signature } = bound.trigger;
    if (signature === undefined) return { verified, delivery: undefined };
    const pathParams = () => route.inputParamsOf?.(inbound, bound) ?? {};
    return checkSignature(signature, { inbound, pathParams }, deps.clock.now(), deps);
  };

  const answer = async (delivery: Delivery, outcome: StartOutcome): Promise<FastifyReply | undefined> => {
    const { entry, reply } = delivery;
    const { route, inbound, bound } = entry;
    if (outcome.kind === 'ended' && bound.version.policy.deleteAfterUse === true) {
      deleteOnceSent(reply, outcome.run.runId, deps.sealers);
    }
    if (route.stream === undefined || outcome.kind === 'filtered' || modeOf(entry) !== 'stream') {
      const shaped = shapeAnswer(route.respond(outcome, inbound, bound), outcome, bound.trigger.response);
      const isEvent = wantsCloudEvent(inbound.header('accept'));
      return sendAnswer(reply, isEvent ? await asCloudEvent(shaped, outcome, deps.cloudEvents) : shaped);
    }
    await sendStream(reply, { stream: route.stream, run: outcome.run, request: inbound, isOver: false }, deps);
    return undefined;
  };

  return async (entry, request, reply) => {
    const isSigned = entry.bound.trigger.signature !== undefined;
    if (!isSigned) checkRate(entry, reply);
    const { challenge, ...verified } = verify(entry);
    if (request.sighting) request.sighting = { ...request.sighting, verified: verified.verified };
    if (isSigned) checkRate(entry, reply, verified.sender); // what anybody could send uses up nothing of the sender's
    if (challenge !== undefined) {
      noteChallenge({ request, verified: verified.verified }, challenge.status, deps.inbox);
      return sendAnswer(reply, challenge);
    }
    if (entry.route.takesMultipart === true) await deps.readMultipart(request, entry);
    const delivery = { ...verified, entry, request, reply };
    const events = cloudEventsOf(entry);
    if (events?.mode === 'batch')
      return sendAnswer(
        reply,
        await startBatch(startOne, delivery, { batch: events.items, inbox: deps.inbox, checkRate }),
      );
    return answer(delivery, await startOne(delivery, events?.events[0]));
  };
};
