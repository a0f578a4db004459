import { notMillrace } from './errors.ts';

/** Reads the body of an answer. Every answer has a member that it is known by. */
export type ReadBody = <Answer>(sent: Promise<Response>, member: keyof Answer & string) => Promise<Answer>;

/** @throws UnavailableError `client.not_millrace` when the member is not there. */
export const readBody: ReadBody = async <Answer>(sent: Promise<Response>, member: keyof Answer & string) => {
  const response = await sent;
  const body: unknown = await response.json().catch(() => undefined);
  if (typeof body === 'object' && body !== null && member in body) return body as Answer;
  throw notMillrace(response.status, response.url);
};
