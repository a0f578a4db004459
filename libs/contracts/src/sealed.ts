/**
 * Members of events that can be taken back: encrypted under a key of their run's own, which is destroyed once the run is over and its
 * result was returned. A value becomes `{ "$sealed": "<run id>.<base64>" }`, a text `$sealed:<run id>.<base64>`. No caller can send such
 * a thing as input: the id of a run is made after the request was read.
 */

/** What is shown in place of what was deleted. */
export const DELETED = '##DELETED##';

/** A JSON value, sealed. */
export interface SealedJson {
  readonly $sealed: string;
}

const TEXT_PREFIX = '$sealed:';

/** @param box Ciphertext in base64. */
export const sealedValue = (runId: string, box: string): SealedJson => ({ $sealed: `${runId}.${box}` });
export const sealedText = (runId: string, box: string): string => `${TEXT_PREFIX}${runId}.${box}`;

const boxIn = (runId: string, text: string): string | undefined =>
  text.startsWith(`${runId}.`) ? text.slice(runId.length + 1) : undefined;

/** The ciphertext of a sealed value of this run; `undefined` for everything else. */
export const boxOfValue = (runId: string, value: unknown): string | undefined => {
  if (typeof value !== 'object' || value === null || !('$sealed' in value)) return undefined;
  return typeof value.$sealed === 'string' ? boxIn(runId, value.$sealed) : undefined;
};

/** The ciphertext of a sealed text of this run; `undefined` for everything else. */
export const boxOfText = (runId: string, value: unknown): string | undefined =>
  typeof value === 'string' && value.startsWith(TEXT_PREFIX)
    ? boxIn(runId, value.slice(TEXT_PREFIX.length))
    : undefined;

/** Whether a run keeps nothing in the clear, by its input. */
export const isSealedInput = (runId: string, input: unknown): boolean => boxOfValue(runId, input) !== undefined;

/** Members that hold sealed members themselves. */
const HOLDERS: ReadonlySet<string> = new Set(['error', 'trigger']);

/** Gives what stands for a sealed value or text. */
export interface Opener {
  readonly value: (box: string) => unknown;
  readonly text: (box: string) => string;
}

const openMember = (runId: string, value: unknown, open: Opener): unknown => {
  const box = boxOfValue(runId, value);
  if (box !== undefined) return open.value(box);
  const text = boxOfText(runId, value);
  return text === undefined ? value : open.text(text);
};

/** Whether an event's data, a message or a row of a run has sealed members. Costs a look at each of its members. */
export const hasSealed = (runId: string, members: object): boolean =>
  Object.entries(members).some(
    ([name, value]) =>
      boxOfValue(runId, value) !== undefined ||
      boxOfText(runId, value) !== undefined ||
      (HOLDERS.has(name) && typeof value === 'object' && value !== null && hasSealed(runId, value as object)),
  );

/** The same with every sealed member opened. */
export const openSealed = <Members extends object>(runId: string, members: Members, open: Opener): Members =>
  Object.fromEntries(
    Object.entries(members).map(([name, value]: [string, unknown]) => [
      name,
      HOLDERS.has(name) && typeof value === 'object' && value !== null
        ? openSealed(runId, value, open)
        : openMember(runId, value, open),
    ]),
  ) as Members;

/** What is shown once the key is gone. */
export const deletedOpener: Opener = { value: () => DELETED, text: () => DELETED };
