import { messagingSubject, type RunEvent } from '@millrace/contracts';
import { logBounds, publish, readCommit } from '@millrace/eventlog';
import { type TestGateway } from './start-test-gateway.ts';

const eventAt = async ({ connection }: TestGateway, sequence: number): Promise<RunEvent | undefined> => {
  const [member] = (await readCommit(connection, 0, sequence))?.events ?? [];
  return member?.known === true ? member.event : undefined;
};

/** The last event of the log: what was just recorded. */
export const lastEvent = async (gateway: TestGateway): Promise<RunEvent | undefined> =>
  eventAt(gateway, (await logBounds(gateway.connection, 0)).last);

/** Records an event and tells whoever waits at the gateway, as executor and scheduler do. */
export const report = async ({ writer, connection, gatewayId }: TestGateway, event: RunEvent): Promise<void> => {
  await writer.append([event]);
  publish(connection, messagingSubject.reply(gatewayId, event.subject), JSON.stringify(event));
};

/** Makes a request and, as soon as it stands in the log, does what follows it; gives the answer to the request. */
export const during = async <Answer>(
  gateway: TestGateway,
  begin: () => Promise<Answer>,
  act: (runId: string) => Promise<void>,
): Promise<Answer> => {
  const { last } = await logBounds(gateway.connection, 0);
  const answer = begin();
  let request: RunEvent | undefined;
  while (request === undefined) request = await eventAt(gateway, last + 1);
  await act(request.subject);
  return answer;
};
