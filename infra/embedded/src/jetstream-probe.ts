import { askNats, type NatsTarget } from './ask-nats.ts';

/** Whether the server takes the user and its JetStream answers. */
export const isJetStreamReady = async (target: NatsTarget): Promise<boolean> => {
  const answer = await askNats(target, '$JS.API.INFO');
  return answer !== undefined && answer.includes('"limits"') && !answer.includes('"error"');
};

/**
 * Why a stream cannot be written, as the server itself says; `undefined` when all can, or when it does not answer. Once a write failed for
 * want of room, the server takes no more for that stream, though everything can be read, before it has started anew.
 *
 * @param target with the user of the system account
 */
export const readWriteError = async (target: NatsTarget): Promise<string | undefined> => {
  const answer = (await askNats(target, '$SYS.REQ.SERVER.PING.HEALTHZ')) ?? '';
  return /"error":"([^"]*write error[^"]*)"/.exec(answer)?.[1]?.replaceAll('\\u003e', '>');
};
